"""Chains of cells whose sequences end one after the other, as `masks` writes them down.

A step's new states, and what it gives out, are chosen row by row: where a sequence has ended, the
states before, and zero. The gradients of what is chosen go through where it has not ended; those
of the states go on past the step where it has.
"""

from __future__ import annotations

import dataclasses

import torch

from tailrace import arrays
from tailrace.dtypes import int32
from tailrace.plan.build import Builder
from tailrace.plan.edges import Users
from tailrace.plan.found import CellMatch, GradientMatch
from tailrace.plan.ir import Fused, Step, Value
from tailrace.plan.masks import is_zero, test_of


@dataclasses.dataclass
class Ended:
    """What is chosen where sequences of some `lengths` have ended before step `time`.

    `states` are the chosen ones by name, as far as there are such; `given` what is given out.
    """

    lengths: Value
    time: int
    states: dict[str, Value]
    given: list[Value]


def find_ended(match: CellMatch, users: Users) -> Ended | None:
    """What of a cell's new states is chosen; None where they are taken as they are."""
    found: Ended | None = None
    for name, value in match.following.items():
        for step in dict.fromkeys(users.get(value, ())):
            key = _key(step)
            if key is None or step.inputs[2] is not value or step.inputs[1] is value:
                continue
            if found is None:
                found = Ended(*key, {}, [])
            if (found.lengths, found.time) != key:
                return None
            before, zero = match.previous[name], is_zero(step.inputs[1])
            if step.inputs[1] is before or (zero and is_zero(before)):
                found.states[name] = step.outputs[0]
            if zero and name in match.cell.outputs:
                found.given.append(step.outputs[0])
            elif step.outputs[0] is not found.states.get(name):
                return None
    return found


def _key(step: Step) -> tuple[Value, int] | None:
    """Lengths and time of a choice that `masks` has made."""
    if not isinstance(step, Fused) or not step.op_def.chooses or step.inputs[1] is step.inputs[2]:
        return None
    found = test_of(step.inputs[0])
    if found is None or found[0] != "mask" or found[1][0].tensor._dtype is not int32:
        return None
    return found[1]


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
    later: GradientMatch | None = None
    later_terms: dict[str, list[Value]] = {}
    for t in range(len(gradients) - 1, -1, -1):
        gradient = gradients[t]
        if gradient is None:
            later = None
            continue
        lengths, first = key
        inner = {s: _inner(v, (lengths, first + t)) for s, v in gradient.terms.items()}
        if any(terms is None for terms in inner.values()):
            gradients[t] = later = None
            continue
        after = (lengths, first + t + 1)
        for state, terms in inner.items():
            assert terms is not None
            gradient.terms[state] = [
                term
                for value in terms
                for term in _expanded(value, later, state, later_terms.get(state, []), after)
            ]
        later, later_terms = gradient, {s: v for s, v in inner.items() if v is not None}


def _inner(terms: list[Value], key: tuple[Value, int]) -> list[Value] | None:
    """What terms are where sequences go on; None when they are not zero elsewhere."""
    found: list[Value] = []
    for value in terms:
        if is_zero(value):
            continue
        step = value.step
        if step is None or _key(step) != key or not is_zero(step.inputs[1]):
            return None
        chosen = step.inputs[2]
        made = isinstance(chosen.step, Fused) and chosen.step.op is step.op
        found += chosen.step.inputs if made and chosen.step.op_def.adds else [chosen]  # type: ignore[union-attr]
    return found


def _expanded(
    value: Value,
    later: GradientMatch | None,
    state: str,
    later_terms: list[Value],
    after: tuple[Value, int],
) -> list[Value]:
    """The terms of the gradient of a state that went on, but what goes past the later step."""
    step = value.step
    if later is None or step is None or not step.op_def.adds:
        return [value]
    if not any(v in later.outgoing[state] for v in step.inputs):
        return [value]
    return [v for v in step.inputs if not _goes_past(v, later_terms, after)]


def _goes_past(value: Value, terms: list[Value], key: tuple[Value, int]) -> bool:
    step = value.step
    return (
        step is not None
        and _key(step) == key
        and is_zero(step.inputs[2])
        and step.inputs[1] in terms
    )


def initial_gradient(sent: list[Value], users: Users, key: tuple[Value, int]) -> Value | None:
    """The gradient of an initial state: what a step gives, and what goes past it; None when there
    is no such sum.
    """
    for step in users.get(sent[0], ()):
        if step.op_def.adds and all(v in step.inputs for v in sent):
            rest = [v for v in step.inputs if v not in sent]
            if len(rest) == 1 and _goes_past(rest[0], _chosen(rest[0]), key):
                return step.outputs[0]
    return None


def _chosen(value: Value) -> list[Value]:
    return value.step.inputs[1:2] if value.step is not None else []
