"""Stacks: what a loop keeps, iteration by iteration, for the loop that computes its gradient.

A handle is the Python object itself, which lives as long as the run that made it.

Source: TF 1.15 core/ops/data_flow_ops.cc, core/kernels/stack.cc.
"""

from __future__ import annotations

from typing import Any

from tailrace.dtypes import ANY
from tailrace.errors import invalid
from tailrace.registry import op
from tailrace.shapes import UNKNOWN

_STATE: dict[str, Any] = {"_stateful": True}
_HANDLE = [2]  # TF: a handle's shape, from when handles were a pair of strings


@op(
    "StackV2",
    "max_size: int32 -> handle: resource",
    elem_type=ANY,
    stack_name="",
    _host="max_size",
    **_STATE,
)
def stack(max_size):
    """An empty stack; a negative `max_size` is no limit."""
    return Stack(max_size)


@stack.shape
def stack_shape(max_size):
    return [_HANDLE]


@op(
    "StackPushV2",
    "handle: resource, elem: T -> output: T",
    T=ANY,
    swap_memory=False,
    _alias=True,
    _array="push",
    **_STATE,
)
def stack_push(handle, elem):
    """Put `elem` on the stack and give it back."""
    if len(handle.items) == handle.max_size:
        raise invalid(f"Stack overflowed its max_size ({handle.max_size})")
    handle.items.append(elem)
    return elem


@stack_push.shape
def stack_push_shape(handle, elem):
    return [elem]


@stack_push.contents
def stack_push_contents(box, handle, elem):
    box.put(elem, elem.value)


@op(
    "StackPopV2",
    "handle: resource -> elem: elem_type",
    elem_type=ANY,
    _alias=True,
    _array="pop",
    **_STATE,
)
def stack_pop(handle):
    """Take the last element off the stack."""
    if not handle.items:
        raise invalid("Stack is empty when calling Pop()")
    return handle.items.pop()


@stack_pop.shape
def stack_pop_shape(handle):
    return [UNKNOWN]


@stack_pop.contents
def stack_pop_contents(box, handle):
    return [box.get() if box.value is None else box.value]


@op("StackCloseV2", "handle: resource ->", **_STATE)
def stack_close(handle):
    """Empty the stack."""
    handle.items.clear()


class Stack:
    """Values a loop keeps for the loop that computes its gradient."""

    __slots__ = ("items", "max_size")

    def __init__(self, max_size: int) -> None:
        self.items: list[Any] = []
        self.max_size = max_size
