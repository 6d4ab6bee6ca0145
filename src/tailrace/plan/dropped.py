"""States that are multiplied with factors before the next step begins with them: dropout.

What a step of a cell gives is a state; the next step begins with a product of it. Layers take the
factors of all steps as a mask (see `native.recurrent`). In the gradient, what comes from the next
step is multiplied with the same factors.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from tailrace.plan.build import Builder
from tailrace.plan.found import GradientMatch
from tailrace.plan.ir import Choice, Join, Loop, Value
from tailrace.plan.lifted import Lifted

_MOST = 3  # factors

Same = Callable[[Value, Value], bool]


@dataclasses.dataclass(frozen=True)
class Factor:
    """What a value is multiplied with, or divided by."""

    value: Value
    divides: bool


@dataclasses.dataclass(frozen=True)
class Dropped:
    """A product, of a state and factors."""

    value: Value
    factors: tuple[Factor, ...]

    @property
    def form(self) -> tuple[bool, ...]:
        """What is equal for the steps of one layer."""
        return tuple(f.divides for f in self.factors)


def products(value: Value) -> Iterator[tuple[Value, tuple[Factor, ...]]]:
    """The values of the same size that a value is a product of, each with the other factors."""
    stack: list[tuple[Value, tuple[Factor, ...]]] = [(value, ())]
    while stack:
        base, factors = stack.pop()
        if factors:
            yield base, factors
        step = base.step
        if base.known or step is None or isinstance(step, (Loop, Choice, Join)):
            continue
        d = step.op_def
        if len(factors) == _MOST or not (d.multiplies or d.divides) or step.after:
            continue
        for place in (0, 1) if d.multiplies else (0,):
            left, other = step.inputs[place], step.inputs[1 - place]
            if left.dims == value.dims:
                stack.append((left, (*factors, Factor(other, d.divides))))


def product_of(value: Value, base: Value) -> Dropped | None:
    """The value as a product of another one; None if it is none."""
    return next((Dropped(value, f) for v, f in products(value) if v is base), None)


def without(value: Value, dropped: Dropped, same: Same) -> Value | None:
    """What a value is the product of with the same factors; None if it is no such product."""
    for base, factors in products(value):
        left = list(dropped.factors)
        for factor in factors:
            found = next(
                (f for f in left if f.divides is factor.divides and same(factor.value, f.value)),
                None,
            )
            if found is None:
                break
            left.remove(found)
        else:
            if not left:
                return base
    return None


def from_next_step(gradient: GradientMatch, later: GradientMatch) -> None:
    """Let the terms that the next step gives stand for their sum times the factors."""
    dropped, state = gradient.cell.dropped, gradient.cell.cell.states[-1]
    if dropped is None:
        return
    terms, sent = gradient.terms[state], later.outgoing[state]
    for term in terms:
        base = without(term, dropped, lambda a, b: a is b)
        if base is not None and set(summands(base, sent)) == set(sent):
            gradient.terms[state] = [*sent, *(v for v in terms if v is not term)]
            return


def summands(value: Value, among: list[Value]) -> list[Value]:
    """What a value is the sum of, if it is none of some terms itself."""
    step = value.step
    adds = step is not None and not value.known and step.op_def.adds
    return list(step.inputs) if adds and value not in among and step is not None else [value]


def maskable(factors: tuple[Factor, ...]) -> bool:
    """Whether factors can be put together: one of them at least is no divisor."""
    return not all(f.divides for f in factors)


def mask_of(b: Builder, factors: list[tuple[Lifted, bool]]) -> Value:
    """The product of factors, of which the second part tells that they divide."""
    total: Value | None = None
    for lifted, divides in sorted(factors, key=lambda f: f[1]):
        value = lifted.value
        if lifted.each and len(value.dims or ()) < 3:
            value = b.AlignSteps(value, rank=2)
        if total is None:
            total = value
        else:
            total = b.RealDiv(total, value) if divides else b.Mul(total, value)
    assert total is not None
    return total
