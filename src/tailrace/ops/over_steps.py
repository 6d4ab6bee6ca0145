"""What the planner needs where all iterations of a loop are done at once: arrays with an axis of
iterations in front.
"""

from __future__ import annotations

import torch

from tailrace.dtypes import ANY, INDEX, NUMERIC
from tailrace.registry import Attr, fused


@fused("SumOverSteps", "x: T -> y: T", T=NUMERIC)
def sum_over_steps(x):
    """The sum over the first axis."""
    return torch.sum(x, 0, dtype=x.dtype)


sum_over_steps.shape(lambda x: [x[1:]])


@fused("AddSteps", "x: T, y: T -> z: T", T=NUMERIC)
def add_steps(x, y):
    """The sum of two arrays of one shape."""
    return x + y


add_steps.shape(lambda x, y: [x])


@fused("TimesSteps", "x: T -> y: T", T=NUMERIC, count=Attr("int"))
def times_steps(x, *, count):
    """What `count` equal terms add up to."""
    return x * count


times_steps.shape(lambda x: [x])


@fused("ReverseSteps", "x: T -> y: T", T=ANY)
def reverse_steps(x):
    """The first axis, last element first."""
    return torch.flip(x, (0,))


reverse_steps.shape(lambda x: [x])


@fused("TakeSteps", "x: T -> y: T", T=ANY, indices=Attr("list(int)"))
def take_steps(x, *, indices):
    """The elements of the first axis at `indices`."""
    return x[indices]


take_steps.shape(lambda x, *, indices: [(len(indices), *x[1:])])


@fused("RepeatOverSteps", "x: T -> y: T", T=ANY, count=Attr("int"), _alias=True)
def repeat_over_steps(x, *, count):
    """`x` in each of `count` iterations."""
    return x.expand(count, *x.shape)


repeat_over_steps.shape(lambda x, *, count: [(count, *x)])


@fused("AlignSteps", "x: T -> y: T", T=ANY, rank=Attr("int"), _alias=True)
def align_steps(x, *, rank):
    """Axes of size 1 after the first one, until an iteration's value has `rank` axes."""
    return x.view(x.shape[0], *[1] * (rank + 1 - x.ndim), *x.shape[1:])


align_steps.shape(lambda x, *, rank: [(x[0], *[1] * (rank + 1 - len(x)), *x[1:])])


@fused("ShorterSteps", "lengths: T, bound: int32 -> y: T", T=INDEX)
def shorter_steps(lengths, bound):
    """Lengths that are not above a bound."""
    return torch.minimum(lengths, bound.to(lengths.dtype))


shorter_steps.shape(lambda lengths, bound: [lengths])


@fused("PickStep", "values: T, count: int32 -> y: T", T=ANY, _host="count", _alias=True)
def pick_step(values, count):
    """The value after `count` iterations, or after as many as there are."""
    return values[max(0, min(count, len(values) - 1))]


pick_step.shape(lambda values, count: [values[1:]])


@fused("FirstStep", "x: T -> y: T", T=ANY, _alias=True)
def first_step(x):
    """The first element of the first axis."""
    return x[0]


first_step.shape(lambda x: [x[1:]])


@fused("LastStep", "x: T -> y: T", T=ANY, _alias=True, _last=True)
def last_step(x):
    """The last element of the first axis."""
    return x[-1]


last_step.shape(lambda x: [x[1:]])


@fused(
    "PushSteps",
    "handle: resource, elements: T, count: int32 ->",
    T=ANY,
    _stateful=True,
    _host="count",
)
def push_steps(handle, elements, count):
    """Put the first `count` elements of the first axis on a stack, the first one first."""
    found = elements[: max(0, count)]
    handle.items.extend(found.unbind(0) if isinstance(found, torch.Tensor) else found)
