"""What rows of a matrix are averaged or added up by, and the gradient of that; for `plan.match`.

Each function gives what a value is made of so, with the steps that do it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tailrace.plan.ir import Step, Value

if TYPE_CHECKING:
    from tailrace.plan.match import Matcher

Found = Iterator[tuple[Value, list[Step]]]
Find = Callable[["Matcher", Value], Found]


def row_mean_of(matcher: Matcher, value: Value) -> Found:
    """Of [rows, 1], the means of a matrix."""
    step = matcher.step(value)
    if step is not None and matcher.is_a(step, "Average") and _is_of_rows(step, keeps=True):
        yield step.inputs[0], [step]


def inside_row_sum(matcher: Matcher, value: Value) -> Found:
    """Of [rows, 1], the sums of a matrix."""
    step, before = matcher.step(value), []
    if step is not None and matcher.is_a(step, "Reshaped"):
        if value.dims is None or value.dims[1:] != (1,) or step.inputs[0].dims != value.dims[:1]:
            return
        before, step = [step], matcher.step(step.inputs[0])
    if step is None or not matcher.is_a(step, "Total"):
        return
    if _is_of_rows(step, keeps=not before):
        yield step.inputs[0], [*before, step]


def inside_row_mean_gradient(matcher: Matcher, value: Value) -> Found:
    """Of a matrix, what is repeated along its rows and divided by how often it is."""
    step, width = matcher.step(value), (value.dims or (0,))[-1]
    if step is None or not matcher.is_a(step, "Quotient") or _number(step.inputs[1]) != width:
        return
    repeated = matcher.step(step.inputs[0])
    if repeated is None or not matcher.is_a(repeated, "Repeated"):
        return
    times = repeated.inputs[1]
    if times.known and times.constant.tolist() == [1, width]:
        yield repeated.inputs[0], [repeated, step]


def twice(matcher: Matcher, value: Value) -> Found:
    """What a value is two times."""
    step = matcher.step(value)
    if step is not None and step.op_def.multiplies:
        for number, other in (step.inputs, step.inputs[::-1]):
            if _number(number) == 2:
                yield other, [step]


def _is_of_rows(step: Step, *, keeps: bool) -> bool:
    """Whether a step reduces the rows of a matrix, to one column if it `keeps` axes."""
    values, axes = step.inputs
    if len(values.dims or ()) != 2 or not axes.known or step.attrs["keep_dims"] is not keeps:
        return False
    return axes.constant.reshape(-1).tolist() in ([1], [-1])


def _number(value: Value) -> float | None:
    known = value.known and value.constant.numel() == 1
    return value.constant.item() if known else None
