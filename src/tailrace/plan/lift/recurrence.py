"""States that go on from one iteration to the next by a step of a known cell: a layer does them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tailrace.plan.dropped import Dropped, mask_of, maskable, products, without
from tailrace.plan.edges import users_of
from tailrace.plan.found import CellMatch, GradientMatch, Product
from tailrace.plan.ir import Step, Value, Variable, declared
from tailrace.plan.layer import Gradient, Layer
from tailrace.plan.match import equal, match_cell
from tailrace.plan.match_gradient import match_cell_gradient
from tailrace.plan.row_by_row import row_by_row

if TYPE_CHECKING:
    from tailrace.plan.lift.loop import LoopLifter


@dataclasses.dataclass
class Masked:
    """The next value of a state: `value`, but for sequences that `mask` says are at an end, which
    keep theirs. `lengths` are those of the sequences.
    """

    value: Value
    mask: Value | None = None
    lengths: Value | None = None


class Recurrence:
    """The states of one cell in a loop, `variables` by the cell's name of the state."""

    def __init__(
        self,
        lifter: LoopLifter,
        match: CellMatch,
        variables: dict[str, Variable],
        masked: Masked,
        dropped: Dropped | None,
    ) -> None:
        self.lifter = lifter
        self.match = match
        self.variables = variables
        self.dropped = dropped
        self.mask = masked.mask
        self._lengths = masked.lengths
        self._layer: Layer | None = None
        self.words = {v: word for word, v in match.roles.items() if self._kept(word)}
        for name, variable in variables.items():
            self.words[variable.value] = f"{name}_prev"
            self.words[variable.next] = name
        if dropped is not None:
            self.words[variables[match.cell.states[-1]].next] = "next"

    def _kept(self, word: str) -> bool:
        cell = self.match.cell
        return word in cell.views or word.removesuffix("_prev") in cell.states

    @property
    def layer(self) -> Layer:
        """The layer that does all steps."""
        if self._layer is None:
            lifter = self.lifter
            first = {name: v.initial for name, v in self.variables.items()}
            lifter.builder.members = tuple(s.op for s in self.match.members)
            self._layer = Layer(
                lifter.builder,
                self.match,
                lifter.every,
                lifter.same,
                first,
                self._lengths,
                self._mask(),
            )
        return self._layer

    def _mask(self) -> Value | None:
        if self.dropped is None:
            return None
        factors = [(self.lifter.lift(f.value), f.divides) for f in self.dropped.factors]
        return mask_of(self.lifter.builder, factors)

    def view(self, value: Value) -> Value:
        """One of the values of `words` in all iterations."""
        found = self.layer.view(self.words[value])
        assert found is not None
        return found

    def last(self, variable: Variable) -> Value:
        """A state after the last iteration."""
        name = next(n for n, v in self.variables.items() if v is variable)
        return self.lifter.builder.LastStep(self.layer.outputs[name])


def find_recurrences(lifter: LoopLifter, states: list[Variable]) -> list[Recurrence]:
    """The cells that states of a loop are those of."""
    if lifter.reverse:
        return []
    nexts = {v: _masked(lifter, v) for v in states}
    by_next = {masked.value: variable for variable, masked in nexts.items()}
    values = {v.value: v for v in states}
    found = []
    for value, variable in by_next.items():
        match, dropped = _cell(value, values)
        if match is None:
            continue
        own = {name: values[previous] for name, previous in match.previous.items()}
        after = match.following
        if dropped is not None:
            after = {**after, match.cell.states[-1]: value}
        if any(by_next.get(after[name]) is not v for name, v in own.items()):
            continue
        masks = [nexts[v] for v in own.values()]
        mask = masks[0].mask
        if any(m.mask is not mask for m in masks):
            continue
        if mask is None and lifter.counters.bound is not None:
            continue
        if mask is not None and not _confined(lifter, match, mask):
            continue
        found.append(Recurrence(lifter, match, own, nexts[variable], dropped))
    return found


def _confined(lifter: LoopLifter, match: CellMatch, mask: Value) -> bool:
    """Whether the rows that `mask` says are at an end come into no others', nor out of the loop:
    a layer does not compute them.
    """
    users, members = users_of(lifter.inside), set(match.members)
    nexts = {variable.next for variable in lifter.variables.values()}
    stack = [value for step in match.members for value in step.outputs]
    seen = set(stack)
    while stack:
        value = stack.pop()
        if value in nexts:
            return False
        for step in dict.fromkeys(users.get(value, ())):
            # what is kept for the gradient is multiplied there with gradients, whose rows are zero
            if step in members or step.op_def.array == "push":
                continue
            chosen = lifter.chosen(step.outputs[0]) if step.outputs else None
            if chosen is not None and chosen[0] is mask and chosen[1] is not value:
                continue
            if not row_by_row(match.cell, value, step):
                return False
            stack += [v for v in step.outputs if v not in seen]
            seen.update(step.outputs)
    return True


def _cell(value: Value, states: dict[Value, Variable]) -> tuple[CellMatch | None, Dropped | None]:
    """The cell that a next state, or what this is a product of, is given by."""

    def accept(match: CellMatch) -> bool:
        return all(p in states for p in match.previous.values())

    match = match_cell(value, accept)
    if match is not None:
        return match, None
    for base, factors in products(value):
        match = match_cell(base, accept)
        if match is not None and match.cell.maskable and maskable(factors):
            return match, Dropped(value, factors)
    return None, None


def _masked(lifter: LoopLifter, variable: Variable) -> Masked:
    chosen = lifter.chosen(variable.next)
    if chosen is None or chosen[1] is not variable.value:
        return Masked(variable.next)
    mask, _, value = chosen
    return Masked(value, mask, lifter.lengths(mask))


class GradientRecurrence:
    """The gradients of a recurrence's states in the loop of the gradient."""

    def __init__(
        self,
        lifter: LoopLifter,
        forward: Recurrence,
        match: GradientMatch,
        variables: dict[str, Variable],
        terms: dict[str, list[Value]],
    ) -> None:
        self.lifter = lifter
        self.forward = forward
        self.match = match
        self.variables = variables
        self.terms = terms
        self._gradient: Gradient | None = None
        self.words = {v: word for word, v in match.roles.items() if self._kept(word)}
        self.inputs: dict[Value, list[tuple[str, Product]]] = dict(match.shared)
        self.weights: dict[Value, tuple[str, Value]] = {}
        self.biases: dict[Value, str] = {}
        self.sums = {value: text for text, values in match.sums.items() for value in values}
        for name, affine in match.affine.items():
            for product, values in affine.products.items():
                self.inputs.update({value: [(name, product)] for value in values})
            self.weights.update({value: (name, weight) for weight, value in affine.weights})
            self.biases.update(dict.fromkeys(affine.biases, name))

    def _kept(self, word: str) -> bool:
        cell = self.forward.match.cell
        named = word[0] == "d" and word[1:] in self.forward.match.affine
        return named or word in cell.gradient_views

    @property
    def gradient(self) -> Gradient:
        """The gradient of all steps."""
        if self._gradient is None:
            lifter = self.lifter
            terms = {name: self._sum(values) for name, values in self.terms.items()}
            last = {name: _or_none(v.initial) for name, v in self.variables.items()}
            for name in self.forward.match.cell.states:
                terms.setdefault(name, None)
                last.setdefault(name, None)
            lifter.builder.members = tuple(s.op for s in self.match.members)
            layer = self.forward.layer
            part = layer.part(lifter.builder, 0, layer.count)
            self._gradient = part.gradient(terms, last)
        return self._gradient

    def _sum(self, values: list[Value]) -> Value | None:
        total: Value | None = None
        for value in values:
            part = self.lifter.every(value)
            total = part if total is None else self.lifter.builder.AddSteps(total, part)
        return total

    def view(self, value: Value) -> Value | None:
        """A value of the gradient in all iterations; None when it is none that is kept."""
        if value in self.words:
            return self.gradient.view(self.words[value])
        if value in self.inputs:
            return self.gradient.of_input(self.inputs[value])
        return None

    def total(self, value: Value) -> Value | None:
        """The sum over all iterations of a weight's gradient; None when it is none."""
        if value in self.weights:
            return self.gradient.of_weight(*self.weights[value])
        if value in self.biases:
            return self.gradient.of_bias(self.biases[value])
        if value in self.sums:
            return self.gradient.of_sum(self.sums[value])
        return None

    def last(self, variable: Variable) -> Value:
        """The gradient of an initial state."""
        name = next(n for n, v in self.variables.items() if v is variable)
        return self.gradient.outputs[f"d{name}"]


def _or_none(value: Value) -> Value | None:
    return None if value.known and not value.constant.any() else value


def find_gradients(
    lifter: LoopLifter, forwards: list[Recurrence], states: list[Variable]
) -> list[GradientRecurrence]:
    """The gradients of the recurrences of other loops that states of a loop are those of."""
    if not lifter.reverse or not forwards or not states:
        return []
    users = users_of(lifter.inside)
    candidates = [v for step in lifter.inside for v in step.outputs]
    found = []
    for forward in forwards:

        def same(value: Value, other: Value, forward: Recurrence = forward) -> bool:
            return _is_of(lifter, forward, value, other)

        match = match_cell_gradient(forward.match, same, candidates, users)
        linked = None if match is None else _linked(lifter, forward, match, states)
        if match is not None and linked is not None:
            found.append(GradientRecurrence(lifter, forward, match, *linked))
    return found


def _is_of(lifter: LoopLifter, forward: Recurrence, value: Value, other: Value) -> bool:
    """Whether a value is one of the forward loop's, off a stack or computed anew."""
    if lifter.origin(value) == (forward.lifter, other):
        return True
    step, first = value.step, other.step
    if (
        step not in lifter.inside
        or first is None
        or step is None
        or step.op_def is not first.op_def
    ):
        return False
    if len(step.outputs) > 1 or not step.foldable or declared(step) != declared(first):
        return False
    return all(
        equal(v, w) or _is_of(lifter, forward, v, w)
        for v, w in zip(step.inputs, first.inputs, strict=True)
    )


def _linked(
    lifter: LoopLifter, forward: Recurrence, match: GradientMatch, states: list[Variable]
) -> tuple[dict[str, Variable], dict[str, list[Value]]] | None:
    """The variables that are the gradients of the states, and what else adds to these; None when
    not all goes on as the gradient of the cell does.
    """
    own: dict[str, Variable] = {}
    others: dict[str, list[Value]] = {}
    for name, terms in match.terms.items():
        others[name] = []
        for term in terms:
            variable = _carried(lifter, forward, _kept(lifter, forward, name, term), states)
            if variable is None:
                others[name].append(term)
            elif name in own:
                return None
            else:
                own[name] = variable
        if name not in own or not _goes_on(lifter, forward, own[name], match.outgoing[name]):
            return None
        if others[name] and name not in forward.match.cell.outputs:
            return None
    return own, others


def _kept(lifter: LoopLifter, forward: Recurrence, name: str, term: Value) -> Value | None:
    """What a term of a gradient is of what the next iteration begins with."""
    if forward.dropped is None or name != forward.match.cell.states[-1]:
        return term

    def same(value: Value, other: Value) -> bool:
        return equal(value, other) or lifter.origin(value) == (forward.lifter, other)

    return without(term, forward.dropped, same)


def _carried(
    lifter: LoopLifter, forward: Recurrence, term: Value | None, states: list[Variable]
) -> Variable | None:
    """The variable that a term of a gradient is; where sequences end, only of those that go on."""
    value = term
    if term is None:
        return None
    if forward.mask is not None:
        chosen = _chosen(lifter, forward, term)
        if chosen is None or not _is_zero(chosen[0]):
            return None
        value = chosen[1]
    return next((v for v in states if v.value is value), None)


def _goes_on(
    lifter: LoopLifter, forward: Recurrence, variable: Variable, outgoing: list[Value]
) -> bool:
    """Whether a variable becomes the sum of what a step of the gradient gives, and, where sequences
    are at an end, stays."""
    terms = list(_flattened(lifter, variable.next, set(outgoing)))
    if forward.mask is not None:
        kept = [t for t in terms if _stays(lifter, forward, t, variable)]
        if len(kept) != 1:
            return False
        terms.remove(kept[0])
    return len(terms) == len(set(terms)) and set(terms) == set(outgoing)


def _stays(lifter: LoopLifter, forward: Recurrence, term: Value, variable: Variable) -> bool:
    chosen = _chosen(lifter, forward, term)
    return chosen is not None and chosen[0] is variable.value and _is_zero(chosen[1])


def _chosen(lifter: LoopLifter, forward: Recurrence, value: Value) -> tuple[Value, Value] | None:
    """What a value is for sequences that are at an end, and for the others."""
    step = value.step
    if step is None or step not in lifter.inside or not step.op_def.chooses:
        return None
    mask, yes, no = step.inputs
    return (yes, no) if lifter.origin(mask) == (forward.lifter, forward.mask) else None


def _is_zero(value: Value) -> bool:
    if value.known:
        return not value.constant.any()
    return value.step is not None and value.step.op_def.zeros


def _flattened(lifter: LoopLifter, value: Value, whole: set[Value]) -> Iterator[Value]:
    """The terms of a sum; those of `whole` are left as they are."""
    step: Step | None = value.step
    if value in whole or step is None or step not in lifter.inside or not step.op_def.adds:
        yield value
        return
    for term in step.inputs:
        yield from _flattened(lifter, term, whole)
