"""Chains of cells whose sequences end one after the other, as `masks` writes them down.

A step's new states, and what it gives out, are chosen row by row: where a sequence has ended, the
states before, and zero. The gradients of what is chosen go through where it has not ended; those
of the states go on past the step where it has.
"""

from __future__ import annotations

import dataclasses

import torch

from tailrace import arrays
from tailrace.plan.build import Builder
from tailrace.plan.dropped import without
from tailrace.plan.edges import Users
from tailrace.plan.found import CellMatch, GradientMatch
from tailrace.plan.ir import Fused, Value
from tailrace.plan.masks import is_zero
from tailrace.plan.row_by_row import Rows, key_of


@dataclasses.dataclass
class Ended:
    """What is chosen where sequences of some `lengths` have ended before step `time`.

    `states` are the chosen ones by name, as far as there are such; `given` what is given out, by
    the name of the state.
    """

    lengths: Value
    time: int
    states: dict[str, Value]
    given: dict[str, list[Value]]


def find_ended(match: CellMatch, users: Users) -> Ended | None:
    """What of a cell's new states is chosen; None where they are taken as they are."""
    found: Ended | None = None
    values = [*match.following.items(), *match.going.items()]
    for name, value in dict.fromkeys(values):
        for step in dict.fromkeys(users.get(value, ())):
            key = key_of(step)
            if key is None or step.inputs[2] is not value or step.inputs[1] is value:
                continue
            if found is None:
                found = Ended(*key, {}, {})
            if (found.lengths, found.time) != key:
                return None
            before, zero = match.previous[name], is_zero(step.inputs[1])
            goes_on = value is match.going[name]
            if goes_on and (step.inputs[1] is before or (zero and is_zero(before))):
                found.states[name] = step.outputs[0]
            if zero and name in match.cell.outputs and value is match.following[name]:
                found.given.setdefault(name, []).append(step.outputs[0])
            elif step.outputs[0] is not found.states.get(name):
                return None
    return found


def given_out(b: Builder, states: Value, lengths: Value) -> Value:
    """States after each step [T,B,H], zero past a sequence's end."""
    dims = states.dims
    assert dims is not None
    dtype = arrays.torch_dtype(states.tensor._dtype.base_dtype)
    times = b.constant(torch.arange(dims[0], dtype=torch.int32)[:, None])  # type: ignore[arg-type]
    zeros = b.constant(torch.zeros((), dtype=dtype).expand(dims))  # type: ignore[arg-type]
    return b.SelectSteps(b.LessEqual(lengths, times), zeros, states)


def unmasked(gradients: list[GradientMatch | None], key: tuple[Value, int]) -> None:
    """Let the terms of the states' gradients be what they are where sequences go on; a gradient
    whose terms are not such as are masked becomes None.

    `key` are the lengths and the time of the first step.
    """
    lengths, first = key
    later: _Later | None = None
    for t in range(len(gradients) - 1, -1, -1):
        gradient = gradients[t]
        later = None if gradient is None else _unmasked(gradient, (lengths, first + t), later)
        if later is None:
            gradients[t] = None


@dataclasses.dataclass
class _Later:
    """The gradient of a step: by state, its terms where sequences go on, and those of them that are
    from the step after it (None where that has no gradient).
    """

    gradient: GradientMatch
    key: tuple[Value, int]
    terms: dict[str, list[Value]]
    handed: dict[str, list[Value] | None]


def _unmasked(
    gradient: GradientMatch, key: tuple[Value, int], later: _Later | None
) -> _Later | None:
    """Put the terms that go on in their place; None where they are not such as are masked."""
    rows = Rows(gradient.cell.cell, key)
    terms: dict[str, list[Value]] = {}
    handed: dict[str, list[Value] | None] = {}
    inside: dict[str, list[Value]] = {}
    for state, masked in gradient.terms.items():
        going, rest = _of_next(gradient.cell, state, masked, rows)
        inner, more = _inner(going, rows), _inner(rest, rows)
        if inner is None or more is None:
            return None
        terms[state], inside[state] = inner, [*inner, *more]
        handed[state] = None
        if later is not None:
            own = [v for v in inner if _hands_on(v, later, state)]
            found = _through(own, later, state)
            if found is None or (more and len(own) < len(inner)):
                return None
            handed[state] = own
            inside[state] = [*found, *(v for v in inside[state] if v not in own)]
    gradient.terms.update(inside)
    return _Later(gradient, key, terms, handed)


def _of_next(
    match: CellMatch, state: str, terms: list[Value], rows: Rows
) -> tuple[list[Value], list[Value]]:
    """Terms of the gradient of what the next step begins with, without the factors that the state
    is multiplied with, and the other terms; all may be such where there are no factors.
    """
    if match.dropped is None or state != match.cell.states[-1]:
        return terms, []
    going, rest = [], []
    for term in terms:
        base = without(term, match.dropped, lambda a, b: a is b)
        is_masked = base is not None and base.step is not None and rows.masked(base.step)
        (going if is_masked else rest).append(base if is_masked else term)
    return going, rest


def _hands_on(value: Value, later: _Later, state: str) -> bool:
    """Whether a value is a term that a later step gives, or a sum of such terms and others."""
    sent, step = later.gradient.outgoing[state], value.step
    return value in sent or (
        step is not None and step.op_def.adds and any(v in sent for v in step.inputs)
    )


def _through(own: list[Value], later: _Later, state: str) -> list[Value] | None:
    """The terms that a later step gives, of sums in which there is also what goes past it; None
    where that is not what arrives there.
    """
    sent = later.gradient.outgoing[state]
    parts = [p for v in own for p in ([v] if v in sent else v.step.inputs)]  # type: ignore[union-attr]
    past = [v for v in parts if v not in sent]
    arriving = later.handed[state]
    if len(past) > 1:
        return None
    if arriving is None:
        going = [] if not past else _past(past[0], later.key, later.terms[state])
        if going is None or (going != later.terms[state] and _is_dropped(later, state)):
            return None
        later.gradient.final[state] = going
    elif (past or arriving) and (not past or _past(past[0], later.key, arriving) != arriving):
        return None
    return [v for v in parts if v in sent]


def _is_dropped(later: _Later, state: str) -> bool:
    """Whether what the next step begins with is a state times factors."""
    match = later.gradient.cell
    return match.dropped is not None and state == match.cell.states[-1]


def _past(value: Value, key: tuple[Value, int], terms: list[Value]) -> list[Value] | None:
    """Which of the terms a value is the sum of where sequences have ended; None if it is none."""
    step = value.step
    if step is None or key_of(step) != key or not is_zero(step.inputs[2]):
        return None
    chosen = step.inputs[1]
    if chosen not in terms and chosen.step is not None and chosen.step.op_def.adds:
        found = list(chosen.step.inputs)
    else:
        found = [chosen]
    return found if all(v in terms for v in found) else None


def _inner(terms: list[Value], rows: Rows) -> list[Value] | None:
    """What terms are where sequences go on; None when they are not zero elsewhere."""
    found: list[Value] = []
    for value in terms:
        if is_zero(value):
            continue
        step = value.step
        if step is None or not rows.masked(step):
            if not rows.vanish(value):
                return None
            found.append(value)
            continue
        chosen = step.inputs[2]
        made = isinstance(chosen.step, Fused) and chosen.step.op is step.op
        found += chosen.step.inputs if made and chosen.step.op_def.adds else [chosen]  # type: ignore[union-attr]
    return found


def initial_gradient(sent: list[Value], users: Users, key: tuple[Value, int]) -> Value | None:
    """The gradient of an initial state: what a step gives, and what goes past it; None when there
    is no such sum.
    """
    for step in users.get(sent[0], ()):
        if step.op_def.adds and all(v in step.inputs for v in sent):
            rest = [v for v in step.inputs if v not in sent]
            if len(rest) == 1 and _past(rest[0], key, _chosen(rest[0])):
                return step.outputs[0]
    return None


def _chosen(value: Value) -> list[Value]:
    return value.step.inputs[1:2] if value.step is not None else []
