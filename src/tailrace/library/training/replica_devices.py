"""`tf.train.replica_device_setter`: variables on parameter servers, the rest on workers.

Source: TF 1.15 python/training/device_setter.py.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from tailrace.graph import DeviceSpec
from tailrace.library.training.servers import ClusterSpec


def replica_device_setter(
    ps_tasks: int = 0,
    ps_device: str = "/job:ps",
    worker_device: str = "/job:worker",
    merge_devices: bool = True,
    cluster: Any = None,
    ps_ops: Any = None,
    ps_strategy: Callable[[Any], int] | None = None,
) -> Callable[[Any], str] | None:
    """A function for `tf.device` that gives every operation its device; None without servers.

    Variables and tables that change (or what is of the types `ps_ops`) go to the parameter servers
    in turn, or as `ps_strategy(op)` says.

    Raises: TypeError for a strategy that cannot be called.
    """
    if cluster is not None:
        tasks = ClusterSpec(cluster).as_dict().get(DeviceSpec.from_string(ps_device).job or "")
        ps_tasks = len(tasks or ())
    if ps_tasks == 0:
        return None
    if ps_strategy is not None and not callable(ps_strategy):
        raise TypeError("ps_strategy must be callable")
    turns = itertools.cycle(range(ps_tasks))

    def chosen(op: Any) -> str:
        if not merge_devices and op.device:
            return op.device
        current = DeviceSpec.from_string(op.device or "")
        if ps_device and _on_server(op, ps_ops):
            spec = DeviceSpec.from_string(ps_device)
            if spec.job and (not current.job or current.job == spec.job):
                spec.task = ps_strategy(op) if ps_strategy else next(turns)
        else:
            spec = DeviceSpec.from_string(worker_device or "")
        spec.merge_from(current)
        return spec.to_string()

    return chosen


def _on_server(op: Any, ps_ops: Any) -> bool:
    if ps_ops is not None:
        return op.type in ps_ops
    definition = op.op_def
    is_kept = "container" in definition.attrs and bool(definition.outputs)
    return is_kept and (definition.outputs[0].is_ref or definition.handle_rule is not None)
