"""An operation that is done iteration by iteration and the results stacked: for what has no way of
being done for all at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from tailrace.dtypes import int32
from tailrace.plan.codegen import bound_kernel
from tailrace.plan.ir import Step
from tailrace.registry import Arg, OpDef


def mapped(step: Step, each: Sequence[bool], count: int, *, bounded: bool) -> OpDef:
    """What `step` does in `count` iterations, as one operation.

    `each` tells which inputs have an axis of iterations in front. If it is `bounded`, the first
    input tells after how many iterations the loop ends at most; what comes then is zero.
    """
    inner = step.op_def
    kernel = bound_kernel(step)
    context = inner.context
    hosts = [arg.name in inner.host for arg in inner.inputs]
    assert not any(arg.is_list for arg in inner.inputs), "lists are grouped by the caller"

    def run(*values: Any) -> Any:
        first, values = values[: int(context)], values[int(context) :]
        end = count
        if bounded:
            end, values = max(0, min(count, values[0])), values[1:]
        rows: list[Any] = []
        for k in range(end):
            at = [v[k] if e else v for v, e in zip(values, each, strict=True)]
            at = [v.tolist() if h and e else v for v, e, h in zip(at, each, hosts, strict=True)]
            rows.append(kernel(*first, *at))
        if len(inner.outputs) == 1:
            return _stack(rows, count)
        return [_stack(list(column), count) for column in zip(*rows, strict=True)]

    inputs = tuple(_plain(arg, step) for arg in inner.inputs)
    outputs = tuple(_plain(arg, step) for arg in inner.outputs)
    kept = {name for name, e in zip((a.name for a in inner.inputs), each, strict=True) if not e}
    flags = {
        "context": context,
        "stateful": inner.stateful,
        "draws": inner.draws,
        "host": inner.host & kept,
    }
    if bounded:
        inputs = (Arg("bound", int32), *inputs)
        flags["host"] |= {"bound"}
    return OpDef(f"{inner.name} in each iteration", inputs, outputs, {}, run, flags)


def _plain(arg: Arg, step: Step) -> Arg:
    """The argument with its type spelled out."""
    dtype = arg.dtype or step.attrs[arg.type_attr or ""]
    return Arg(arg.name, dtype)


def _stack(rows: list[Any], count: int) -> Any:
    if isinstance(rows[0], torch.Tensor):
        rest = [torch.zeros_like(rows[0])] * (count - len(rows))
        return torch.stack([*rows, *rest])
    return np.stack(rows)
