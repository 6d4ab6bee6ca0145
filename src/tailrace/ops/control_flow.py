"""Loops and conditionals as TensorFlow 1 writes them: Switch, Merge, Enter, Exit, NextIteration,
LoopCond.

The planner raises them to Python's `while` and `if` (`_region` tells it what a node is for), so
most kernels here are called only where a value has to be copied out of a reference. Their gradients
need the contexts the nodes were built in and stand in `tailrace.gradients.control_flow_rules`.

Source: TF 1.15 core/ops/control_flow_ops.cc, core/ops/no_op.cc.
"""

from __future__ import annotations

from typing import Any

import torch

from tailrace.dtypes import ANY
from tailrace.errors import AbortedError, KernelError
from tailrace.registry import Attr, op
from tailrace.shapes import UNKNOWN, Shape, with_rank

_FRAME: dict[str, Any] = {
    "frame_name": Attr("string"),
    "is_constant": False,
    "parallel_iterations": 10,
}


def _unchanged(data):
    return [data]


def _both_unchanged(data, pred):
    with_rank(pred, 0, "pred")
    return [data, data]


@op(
    "Switch",
    "data: T, pred: bool -> output_false: T, output_true: T",
    T=ANY,
    _region="switch",
    _alias=True,
)
def switch(data, pred):
    """`data` on the output that `pred` chooses; what depends on the other is not computed."""
    return data, data


@op(
    "RefSwitch",
    "data: Ref(T), pred: bool -> output_false: Ref(T), output_true: Ref(T)",
    T=ANY,
    _region="switch",
    _by_value="Switch",
    _alias=True,
)
def ref_switch(data, pred):
    """`Switch` of a reference."""
    return data, data


switch.shape(_both_unchanged)
ref_switch.shape(_both_unchanged)


def _merged(inputs):
    """What all inputs have in common: an unknown rank or a differing one tells nothing of the
    output."""
    dims = inputs[0].dims
    for other in inputs[1:]:
        if dims is None or other.dims is None or len(other.dims) != len(dims):
            return [UNKNOWN, []]
        dims = tuple(a if a == b else None for a, b in zip(dims, other.dims, strict=True))
    return [Shape(dims), []]


@op("Merge", "inputs: N*T -> output: T, value_index: int32", T=ANY, _region="merge", _alias=True)
def merge(inputs):
    """The one input that was computed, and its index."""
    return inputs[0], torch.tensor(0, dtype=torch.int32)


@op(
    "RefMerge",
    "inputs: N*Ref(T) -> output: Ref(T), value_index: int32",
    T=ANY,
    _region="merge",
    _alias=True,
)
def ref_merge(inputs):
    """`Merge` of references."""
    return inputs[0], torch.tensor(0, dtype=torch.int32)


merge.shape(_merged)
ref_merge.shape(_merged)


@op("Enter", "data: T -> output: T", T=ANY, **_FRAME, _region="enter", _alias=True)
def enter(data):
    """Makes `data` known in a loop: the initial value of a loop variable, or a constant of the
    loop."""
    return data


@enter.shape
def enter_shape(data, *, is_constant):
    # TF: a loop variable's shape may change; building the loop sets what is invariant.
    return [data if is_constant else UNKNOWN]


@op("RefEnter", "data: Ref(T) -> output: Ref(T)", T=ANY, **_FRAME, _region="enter", _alias=True)
def ref_enter(data):
    """`Enter` of a reference."""
    return data


ref_enter.shape(_unchanged)


@op("Exit", "data: T -> output: T", T=ANY, _region="exit", _alias=True)
def exit_(data):
    """The last value of a loop variable, outside the loop."""
    return data


@op("RefExit", "data: Ref(T) -> output: Ref(T)", T=ANY, _region="exit", _alias=True)
def ref_exit(data):
    """`Exit` of a reference."""
    return data


@op("NextIteration", "data: T -> output: T", T=ANY, _region="next", _alias=True)
def next_iteration(data):
    """The value of a loop variable in the next iteration."""
    return data


@op("RefNextIteration", "data: Ref(T) -> output: Ref(T)", T=ANY, _region="next", _alias=True)
def ref_next_iteration(data):
    """`NextIteration` of a reference."""
    return data


for _definition in (exit_, ref_exit, next_iteration, ref_next_iteration):
    _definition.shape(_unchanged)


@op("LoopCond", "input: bool -> output: bool", _region="test", _alias=True)
def loop_cond(input):
    """Whether the loop goes on."""
    return input


@loop_cond.shape
def loop_cond_shape(input):
    return [with_rank(input, 0)]


@op("NoOp", "->")
def no_op():
    """Nothing; it exists for its control inputs."""


@op("ControlTrigger", "->", _region="trigger")
def control_trigger():
    """Nothing, after its control inputs, whether those were computed or not."""


@op("Abort", "->", error_msg="", exit_without_error=False, _stateful=True)
def abort(*, error_msg, exit_without_error):
    """Ends the run with an error.

    Raises: AbortedError; TensorFlow ends the process.
    """
    if not exit_without_error:
        raise KernelError(AbortedError, error_msg.decode() or "Abort was run")


@op(
    "RefSelect",
    "index: int32, inputs: N*Ref(T) -> output: Ref(T)",
    T=ANY,
    _host="index",
    _alias=True,
)
def ref_select(index, inputs):
    """The reference `inputs[index]`."""
    return inputs[index]


@ref_select.shape
def ref_select_shape(index, inputs):
    with_rank(index, 0, "index")
    return [_merged(inputs)[0]]
