"""The devices of a session: those of the machine as its `ConfigProto` has them.

Source: TF 1.15 core/common_runtime/placer.cc, core/protobuf/config.proto.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import re
import sys
from typing import Any

import torch

from tailrace.devices.machine import Device, accelerators, host
from tailrace.dtypes import int32, string
from tailrace.errors import InvalidArgumentError, NotFoundError
from tailrace.graph import Graph, Operation
from tailrace.graph.devices import DeviceSpec

# whether every session may place elsewhere what asks for a device that there is not
_soft_placement = False
# whether every session says where it places operations
_log_placement = False


def set_soft_device_placement(enabled: bool) -> None:
    """Lets the sessions made from now on place elsewhere what asks for a device that there is not.

    It holds where a `ConfigProto` does not say `allow_soft_placement`, too. That something is moved
    is said once a session.
    """
    global _soft_placement
    _soft_placement = bool(enabled)


def get_soft_device_placement() -> bool:
    """What `set_soft_device_placement` set, False at first."""
    return _soft_placement


def set_log_device_placement(enabled: bool) -> None:
    """Lets the sessions made from now on say where they place operations.

    It holds where a `ConfigProto` does not say `log_device_placement`, too.
    """
    global _log_placement
    _log_placement = bool(enabled)


def get_log_device_placement() -> bool:
    """What `set_log_device_placement` set, False at first."""
    return _log_placement


class Devices:
    """What a session may compute on, and what its operations ask for.

    `cpus` are names of the host, `gpus` what there is besides.
    """

    def __init__(
        self, cpus: list[Device], gpus: list[Device], soft: bool = False, logs: bool = False
    ) -> None:
        self.cpus = cpus
        self.gpus = gpus
        self.soft = soft or _soft_placement
        self._tells = _soft_placement and not soft
        self.logs = logs or _log_placement
        self._checked = 0  # operations looked at
        self._checked_version = 0
        if logs:
            _say("Device mapping:" if gpus else "Device mapping: no known devices.")
            for device in gpus:
                _say(f"{device.full_name} -> {device.description}")

    @classmethod
    def of(cls, config: Any = None) -> Devices:
        """The devices that a `ConfigProto` leaves.

        Raises: InvalidArgumentError for a GPU to be visible that there is not, NotFoundError
        for no CPU at all.
        """
        if config is None:
            return cls([host()], accelerators())
        counts, options = config.device_count, config.gpu_options
        if "CPU" in counts and counts["CPU"] < 1:
            raise NotFoundError(None, None, "No CPU devices are available in this process")
        cpus = [host(i) for i in range(counts.get("CPU", 1))]
        gpus = _visible(accelerators(), options.visible_device_list)
        gpus = gpus[: counts["GPU"]] if "GPU" in counts else gpus
        if options.per_process_gpu_memory_fraction > 0:
            for device in gpus:
                if device.limit_memory is not None:
                    device.limit_memory(min(options.per_process_gpu_memory_fraction, 1.0))
        return cls(cpus, gpus, config.allow_soft_placement, config.log_device_placement)

    @property
    def all(self) -> list[Device]:
        return [*self.cpus, *self.gpus]

    def check(self, graph: Graph) -> None:
        """Look at what the operations of a graph not seen so far ask for.

        Raises: InvalidArgumentError for the device of an operation that there is not, or a GPU for
        one that TensorFlow has no kernel for there, unless it may be placed elsewhere
        (`allow_soft_placement`); another job or task there never is.
        """
        if graph.version == self._checked_version:
            return
        operations = graph.get_operations()
        new = operations[self._checked :]
        wrong = [op for op in new if op._device and not self._there_is(op._device)]
        if wrong:
            # TF: what only makes a value for others is placed after them
            op = next((op for op in wrong if not _is_generator(op)), wrong[0])
            raise InvalidArgumentError(None, None, self._refusal(op))
        for op in [] if self.soft else new:
            if op._device and _computes_on_host(op) and _parsed(op._device).device_type == "GPU":
                raise InvalidArgumentError(None, None, _refusal_of_kernel(op))
        if self._tells:
            self._tell(new)
        self._checked, self._checked_version = len(operations), graph.version
        if self.logs:
            for op in new:
                _say(f"{op.name}: ({op.type}): {self.wanted(op, host()).full_name}")

    def _tell(self, new: list[Operation]) -> None:
        """Say of the first operation that is moved that it is."""
        for op in new:
            spec = _parsed(op._device)
            if spec.device_type is not None and self._found(spec) is None:
                _say(
                    f"tailrace: there is no device {op._device} for operation {op.name}; what asks "
                    f"for it is computed on {self.cpus[0].name}"
                )
                self._tells = False
                return

    def _there_is(self, name: str) -> bool:
        spec = _parsed(name)
        if not _is_here(spec):
            return False
        return self.soft or spec.device_type is None or self._found(spec) is not None

    def _found(self, spec: DeviceSpec) -> Device | None:
        for device in self.all:
            if device.kind == spec.device_type and spec.device_index in (None, device.index):
                return device
        return None

    def _refusal(self, op: Operation) -> str:
        there = ", ".join(device.full_name for device in self.all)
        file, line, _ = op.origin
        spec = _parsed(op._device)
        more = ""
        if spec.device_type == "GPU" and not torch.backends.cuda.is_built():
            more = " The requested device appears to be a GPU, but CUDA is not enabled."
        return (
            f"Cannot assign a device for operation {op.name}: node {op.name} (defined at {file}:"
            f"{line})  was explicitly assigned to {op._device} but available devices are "
            f"[ {there} ]. Make sure the device specification refers to a valid device.{more}\n"
            f"\t [[{op.name}]]"
        )

    def wanted(self, op: Operation, otherwise: Device) -> Device:
        """The device that an operation asks for; `otherwise` where it leaves that open, or asks for
        one that there is not."""
        if not op._device:
            return otherwise
        spec = _parsed(op._device)
        if spec.device_type is None:
            return otherwise
        return self._found(spec) or self.cpus[0]


@functools.cache
def _parsed(name: str) -> DeviceSpec:
    return DeviceSpec.from_string(name)


def _is_here(spec: DeviceSpec) -> bool:
    """Whether a name is of the one job and task there are."""
    return spec.job in (None, "localhost") and spec.replica in (None, 0) and spec.task in (None, 0)


def _computes_on_host(op: Operation) -> bool:
    """Whether TensorFlow certainly has no kernel but the CPU's: for a function of strings, and for
    a variable of a type that no GPU computes with.
    """
    definition = op.op_def
    if definition.once:
        return op.attrs.get("dtype") in (string, int32)
    of_strings = any(arg.dtype is string for arg in (*definition.inputs, *definition.outputs))
    return of_strings and not definition.stateful


def _refusal_of_kernel(op: Operation) -> str:
    return (
        f"Cannot assign a device for operation {op.name}: Could not satisfy explicit device "
        f"specification '{op._device}' because no supported kernel for GPU devices is available.\n"
        f"\t [[{op.name}]]"
    )


def _is_generator(op: Operation) -> bool:
    return not op._inputs and len(op.outputs) == 1 and not op.outputs[0]._dtype._is_ref_dtype


def _visible(gpus: list[Device], chosen: str) -> list[Device]:
    """The GPUs of `visible_device_list`, numbered in its order.

    Raises: InvalidArgumentError for what is no number, none of theirs, or there twice.
    """
    if not chosen or not gpus:
        return gpus  # TF: without any GPU nobody looks at the list
    wanted = []
    for number in chosen.split(","):
        if not re.fullmatch(r"\s*[+-]?\d+\s*", number):
            raise _refused(
                f"Could not parse entry in 'visible_device_list': '{number}'. "
                f"visible_device_list = {chosen}"
            )
        if not 0 <= int(number) < len(gpus):
            raise _refused(
                f"'visible_device_list' listed an invalid GPU id '{int(number)}' but visible "
                f"device count is {len(gpus)}"
            )
        wanted.append(int(number))
    if len(set(wanted)) < len(wanted):
        raise _refused(f"visible_device_list contained a duplicate entry: {chosen}")
    return [_renamed(gpus[number], position) for position, number in enumerate(wanted)]


def _refused(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def _renamed(device: Device, index: int) -> Device:
    return dataclasses.replace(device, name=f"/device:GPU:{index}")


def _say(line: str) -> None:
    """TF: the placement log goes to standard error."""
    sys.stderr.write(line + os.linesep)
