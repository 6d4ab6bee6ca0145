"""Let fused layers do the recurrent cells of an unrolled graph.

Steps of a cell whose states go from one to the next are a chain, if they have the same weights and
no input of the chain depends on what is computed in it. A chain becomes a layer over all its
steps, its gradient, or the parts of it that hang together, another fused step. What else needs a
value of a single step gets a slice; sums of the weights' gradients over the steps become products
of all rows.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator

import torch

from tailrace import arrays
from tailrace.plan.build import Builder
from tailrace.plan.dropped import from_next_step, mask_of
from tailrace.plan.edges import Users, results_of, users_of
from tailrace.plan.edit import Editor, reaches
from tailrace.plan.ended import given_out, initial_gradient, unmasked
from tailrace.plan.found import CellMatch, GradientMatch
from tailrace.plan.ir import Loop, Plan, Step, Value
from tailrace.plan.lanes import Lanes
from tailrace.plan.layer import Gradient, Layer
from tailrace.plan.lifted import Lifted
from tailrace.plan.linking import SHORTEST, Chain, find_chains, vectors
from tailrace.plan.match import equal
from tailrace.plan.match_gradient import gradient_anchors, match_cell_gradient
from tailrace.plan.totals import totals


def chains(plan: Plan) -> Plan:
    """Put layers in place of chains. Comes when sizes are known."""
    kept = {*plan.fetches, *results_of(plan.steps)}
    found = find_chains(plan.steps, users_of(plan.steps), kept)
    if not found:
        return plan
    editor = Editor(plan)
    fused = []
    for chain in found:
        if _stands_alone(chain):
            fused.append(_Fused(editor, chain))
        else:
            _note(plan, chain, "what goes into a step depends on the step before it")
    for one in fused:
        one.match_gradients()
    done = []
    for one in fused:
        if one.put_layer():
            done.append(one)
        else:
            _note(plan, one.chain, "its inputs depend on it, or are not the same at every step")
    for one in reversed(done):
        one.put_gradients()
    totals(editor)
    return editor.done()


def _note(plan: Plan, chain: Chain, why: str) -> None:
    cell, value = chain[0].cell, chain[0].following[chain[0].cell.states[-1]]
    plan.notes.append(
        f"{len(chain)} {cell.name} steps from '{value.tensor.name}' on stay steps: {why}"
    )


def _stands_alone(chain: Chain) -> bool:
    """Whether a chain needs nothing that is computed in it."""
    members = {step for match in chain for step in match.members}
    if any(step.after for step in members):
        return False
    return not reaches(_needed(chain), members)


def _needed(chain: Chain) -> list[Value]:
    first = chain[0]
    values = [*first.previous.values(), *(pred for pred, _ in first.guards)]
    for match in chain:
        values += match.inputs
        if match.dropped is not None:
            values += [factor.value for factor in match.dropped.factors]
    for z in first.affine.values():
        values += [*z.biases, *(p.weight for p in z.products)]
    return [*values, *vectors(first)]


# -- putting layers in their place -----------------------------------------------------------------


@dataclasses.dataclass
class _Stretch:
    """Steps of a chain, from `begin` on, whose gradients hang together."""

    begin: int
    gradients: list[GradientMatch]


class _Fused:
    def __init__(self, editor: Editor, chain: Chain) -> None:
        self.editor = editor
        self.lanes = Lanes(editor)
        self.chain = chain
        self.gradients: list[GradientMatch | None] = []
        self.layer: Layer | None = None

    def match_gradients(self) -> None:
        users = self.editor.users
        for match in self.chain:
            candidates: dict[Value, None] = {}
            for word, steps in gradient_anchors(match.kind).items():
                candidates.update(dict.fromkeys(_reached([match.roles[word]], steps, users)))
            found = match_cell_gradient(match, lambda a, b: a is b, candidates, users)
            if found is not None and any(step.after for step in found.members):
                found = None
            self.gradients.append(found)
        ended = self.chain[0].ended
        if ended is None:
            for gradient, later in itertools.pairwise(self.gradients):
                if gradient is not None and later is not None:
                    from_next_step(gradient, later)
                    _take_apart(gradient, later)
        else:
            unmasked(self.gradients, (ended.lengths, ended.time))

    # -- forward -----------------------------------------------------------------------------------

    def put_layer(self) -> bool:
        """Put the layer in place of the chain; whether that was possible."""
        editor, chain = self.editor, self.chain
        members = {step for match in chain for step in match.members}
        if reaches(map(editor.now, _needed(chain)), members):
            return False  # layers made meanwhile have brought about a circle
        rows = self._rows()
        if rows is None:
            return False
        b = self._builder([step for match in chain for step in match.members])
        first = {state: editor.now(value) for state, value in chain[0].previous.items()}
        wholes: dict[Value, Value] = {}

        def each(value: Value) -> Value:
            if value not in wholes:
                wholes[value] = self.lanes.whole(b, [editor.now(v) for v in rows[value]])
            return editor.now(wholes[value])

        ended = chain[0].ended
        lengths = None if ended is None else editor.now(ended.lengths)
        self.layer = Layer(b, chain[0], each, editor.now, first, lengths, self._mask(b))
        self._spread_views(b)
        self._spread(b, self.layer.view("next"), [m.dropped and m.dropped.value for m in chain])
        if lengths is not None:
            self._spread_chosen(b, lengths)
        return True

    def _mask(self, b: Builder) -> Value | None:
        """What states are multiplied with in each step; in the last one it may be anything."""
        dropped = [m.dropped for m in self.chain]
        if dropped[0] is None:
            return None
        dropped[-1] = dropped[-1] or dropped[-2]
        found = []
        for column in zip(*(d.factors for d in dropped if d is not None), strict=True):
            values = [self.editor.now(f.value) for f in column]
            same = all(equal(v, values[0]) for v in values)
            whole = values[0] if same else self.lanes.whole(b, values)
            found.append((Lifted(whole, not same), column[0].divides))
        return mask_of(b, found)

    def _spread_chosen(self, b: Builder, lengths: Value) -> None:
        """Let slices of the layer's states stand for what is chosen in each step."""
        layer, ends = self.layer, [m.ended for m in self.chain]
        assert layer is not None
        for name in self.chain[0].cell.states:
            word = "next" if name in layer.dropped else name
            self._spread(b, layer.view(word), [e and e.states.get(name) for e in ends])
        for name in self.chain[0].cell.outputs:
            given = [e.given.get(name, []) if e else [] for e in ends]
            states = layer.view(name) if any(given) else None
            if states is not None:
                whole = given_out(b, states, lengths)
                for k in range(max(map(len, given))):
                    self._spread(b, whole, [v[k] if k < len(v) else None for v in given])

    def _spread(self, b: Builder, whole: Value | None, values: list[Value | None]) -> None:
        values = [v and self.editor.now(v) for v in values]
        if whole is not None and any(values):
            self.lanes.restack(b, whole, values)
            self.lanes.spread(b, whole, values)

    def _rows(self) -> dict[Value, list[Value]] | None:
        """What comes in at each step, by what does at the first one."""
        found: dict[Value, list[Value]] = {}
        for column in zip(*(_incoming(match) for match in self.chain), strict=True):
            row = list(column)
            if found.setdefault(row[0], row) != row:
                return None
        return found

    def _builder(self, steps: list[Step]) -> Builder:
        members = tuple(dict.fromkeys(step.op for step in steps))
        return self.editor.pending(Builder(steps[0].op, self.chain[0].guards, members))

    def _spread_views(self, b: Builder) -> None:
        layer, lanes = self.layer, self.lanes
        assert layer is not None
        for word in self.chain[0].roles:
            if word.endswith("_prev") or not layer.has(word):
                continue
            values = [match.roles[word] for match in self.chain]
            if any(self._is_needed(v) for v in values):
                whole = layer.view(word)
                assert whole is not None
                lanes.restack(b, whole, values)
                lanes.spread(b, whole, values)

    def _is_needed(self, value: Value) -> bool:
        return value in self.editor.kept or bool(self.editor.users.get(value))

    # -- backward ----------------------------------------------------------------------------------

    def put_gradients(self) -> None:
        for stretch in self._stretches():
            if len(stretch.gradients) >= SHORTEST:
                self._put_gradient(stretch)

    def _stretches(self) -> Iterator[_Stretch]:
        """The parts of the gradient that hang together, the last one first."""
        current: list[GradientMatch] = []
        for t in range(len(self.chain) - 1, -1, -1):
            gradient = self.gradients[t]
            if current and (gradient is None or not self._continues(gradient, current[0])):
                yield _Stretch(t + 1, current)
                current = []
            if gradient is not None:
                current = [gradient, *current]
        if current:
            yield _Stretch(0, current)

    def _continues(self, gradient: GradientMatch, later: GradientMatch) -> bool:
        """Whether a gradient gets all that the one of the step after it gives, and nothing from
        elsewhere but for states that may."""
        return _handed_on(gradient, later) and self._has_no_other(gradient, later)

    def _has_no_other(self, gradient: GradientMatch, later: GradientMatch) -> bool:
        """Whether only states that may get gradients from elsewhere get such."""
        return all(
            not _others(gradient, later, state)
            for state in gradient.terms
            if state not in gradient.cell.cell.outputs
        )

    def _put_gradient(self, stretch: _Stretch) -> None:
        layer = self.layer
        assert layer is not None
        gradients = stretch.gradients
        members = {step for g in gradients for step in g.members}
        terms = {state: self._terms(gradients, state) for state in layer.match.cell.states}
        outer = [v for rows in terms.values() for row in rows for v in row]
        ended = layer.match.ended
        if reaches(outer, members) or (ended is not None and stretch.begin):
            return
        b = self._builder([step for g in gradients for step in g.members])
        part = layer.part(b, stretch.begin, len(gradients))
        given, last = {}, {}
        for state, rows in terms.items():
            at_end = self._at_end(rows, gradients[-1], state)
            given[state] = self.lanes.total(b, rows) if any(rows) else None
            last[state] = self.lanes.sum(b, at_end, at_end[0]) if at_end else None
        self._spread_gradient(b, part.gradient(given, last), gradients, set(outer))

    def _at_end(self, rows: list[list[Value]], last: GradientMatch, state: str) -> list[Value]:
        """Take from the last of the rows what is a gradient of the state after the last step."""
        if last.cell.ended is None:
            assert self.layer is not None
            return [] if state in self.layer.dropped else _split_off(rows)
        final = [self.editor.now(v) for v in last.final.get(state, ())]
        at_end = [v for v in rows[-1] if v in final]
        rows[-1] = [v for v in rows[-1] if v not in final]
        return at_end

    def _terms(self, gradients: list[GradientMatch], state: str) -> list[list[Value]]:
        """What is added to the gradient of a state after each step from elsewhere."""
        following = [*gradients[1:], None]
        rows = [_others(g, later, state) for g, later in zip(gradients, following, strict=True)]
        return [[v for v in map(self.editor.now, row) if not _is_zero(v)] for row in rows]

    def _spread_gradient(
        self, b: Builder, found: Gradient, gradients: list[GradientMatch], outer: set[Value]
    ) -> None:
        """Let all that comes of the gradient be taken from it; `outer` are what it comes from."""
        match = gradients[0].cell
        for state, sent in gradients[0].outgoing.items():
            if match.ended is not None and sent:
                key = match.ended.lengths, match.ended.time
                total = initial_gradient(sent, self.editor.users, key)
                if total is not None:
                    self.editor.put(total, found.outputs[f"d{state}"])
                    continue
            if len(sent) == gradients[0].sent(state):
                self._put_sum(b, found.outputs[f"d{state}"], [sent])
        for name in match.affine:
            self._put_parameters(b, found, name, gradients)
        self._put_inputs(b, found, gradients)
        for text in match.cell.sums:
            for values in zip(*(g.sums[text] for g in gradients), strict=False):
                if self._summed(list(values)) is not None:
                    self._put_sum(b, found.of_sum(text), [list(values)])
        self._spread_roles(b, found, gradients, outer)

    def _spread_roles(
        self, b: Builder, found: Gradient, gradients: list[GradientMatch], outer: set[Value]
    ) -> None:
        for word in gradients[0].roles:
            values = [g.roles[word] for g in gradients]
            own = [None if self.editor.now(v) in outer else v for v in values]
            if any(v is not None and self._is_needed(v) for v in own):
                whole = found.view(word)
                if whole is not None:
                    if None not in own:
                        self.lanes.restack(b, whole, own)
                    self.lanes.spread(b, whole, own)

    def _put_parameters(
        self, b: Builder, found: Gradient, name: str, gradients: list[GradientMatch]
    ) -> None:
        """Gradients of weights and biases: those of all steps at once, for the sum over steps."""
        affine = [g.affine[name] for g in gradients]
        for position, (weight, _) in enumerate(affine[0].weights):
            if any(len(a.weights) <= position for a in affine):
                continue
            values = [v for a in affine for w, v in a.weights if w is weight]
            if len(values) == len(affine) and self._summed(values) is not None:
                whole = found.of_weight(name, weight)
                if whole is not None:
                    self._put_sum(b, whole, [values])
        for values in zip(*(a.biases for a in affine), strict=False):
            if self._summed(list(values)) is not None:
                self._put_sum(b, found.of_bias(name), [list(values)])

    def _summed(self, values: list[Value]) -> Step | None:
        """The step that adds the values, if nothing else takes any of them."""
        step = self.editor.only_user(values[0])
        if step is None or not step.op_def.adds or step.after:
            return None
        return step if all(self.editor.only_user(v) is step for v in values[1:]) else None

    def _put_sum(self, b: Builder, total: Value, rows: list[list[Value]]) -> None:
        """Put the sum in place of where the values of each row are added."""
        for values in rows:
            values = [self.editor.now(v) for v in values]
            if len(values) == 1:
                self.editor.put(values[0], total)
                continue
            step = self._summed(values)
            if step is not None:
                rest = [v for v in step.inputs if v not in values]
                self.editor.put(step.outputs[0], b.AddN(total, *rest) if rest else total)

    def _put_inputs(self, b: Builder, found: Gradient, gradients: list[GradientMatch]) -> None:
        """Gradients of what comes in: slices of those of all steps."""
        parts: dict[Value, list[tuple[str, int]]] = {}
        for name, z in gradients[0].cell.affine.items():
            for position, product in enumerate(z.inputs):
                parts.setdefault(product.value, []).append((name, position))
        for places in parts.values():
            rows = [[_gradient_of(g, *place) for place in places] for g in gradients]
            if len(places) > 1 and all(row[0] and len(set(row)) == 1 for row in rows):
                rows = [row[:1] for row in rows]
                self._put_input(b, found, gradients, places, rows)
                continue
            if len(places) > 1 and all(self._summed_fully(row) for row in rows):
                self._put_input(b, found, gradients, places, rows)
                continue
            for position, place in enumerate(places):
                column = [[row[position]] for row in rows]
                self._put_input(b, found, gradients, [place], column)

    def _summed_fully(self, row: list[Value | None]) -> bool:
        values = [v for v in row if v is not None]
        return len(values) == len(row) and self._summed(values) is not None

    def _put_input(
        self,
        b: Builder,
        found: Gradient,
        gradients: list[GradientMatch],
        places: list[tuple[str, int]],
        rows: list[list[Value | None]],
    ) -> None:
        values = [row[0] for row in rows]
        if not any(v is not None for v in values):
            return
        affine = gradients[0].cell.affine
        whole = found.of_input([(name, affine[name].inputs[at]) for name, at in places])
        for row in rows:
            for value in row[1:]:
                assert value is not None
                self._drop(b, value)
        values = [self.editor.now(v) if v is not None else None for v in values]
        self.lanes.restack(b, whole, values)
        self.lanes.spread(b, whole, values)

    def _drop(self, b: Builder, value: Value) -> None:
        """Leave out a value of a sum in which another one is going to stand for both."""
        step = self.editor.only_user(value)
        assert step is not None
        rest = [v for v in step.inputs if v is not value]
        if len(rest) == 1:
            self.editor.put(step.outputs[0], rest[0])
        self.editor.put(value, _zeros(b, value))


def _incoming(match: CellMatch) -> list[Value]:
    """What comes in, in an order that is the same for all steps of a chain."""
    found = []
    for z in match.affine.values():
        found += [*(p.value for p in z.inputs), *z.addends]
    return [*found, *match.every]


def _handed_on(gradient: GradientMatch, later: GradientMatch) -> bool:
    """Whether the terms that a step's gradient gives all arrive at the step before it."""
    for state, sent in later.outgoing.items():
        terms = gradient.terms[state]
        if len(sent) != later.sent(state) or any(terms.count(v) != 1 for v in sent):
            return False
    return True


def _take_apart(gradient: GradientMatch, later: GradientMatch) -> None:
    """Let the terms of a sum that the later step gives stand for it among those of a state."""
    for state, sent in later.outgoing.items():
        terms = gradient.terms[state]
        missing = [v for v in sent if v not in terms]
        for term in terms if missing else ():
            step = term.step
            if step is not None and step.op_def.adds and all(v in step.inputs for v in missing):
                terms.remove(term)
                terms.extend(step.inputs)
                break


def _others(gradient: GradientMatch, later: GradientMatch | None, state: str) -> list[Value]:
    """The terms of a state's gradient that do not come from the step after it."""
    sent = [] if later is None else later.outgoing[state]
    return [v for v in gradient.terms[state] if v not in sent]


def _split_off(rows: list[list[Value]]) -> list[Value]:
    """Take from the last of the rows what is no mate of what stands in those before."""
    *earlier, at_end = rows
    if not any(earlier):
        rows[-1] = []
        return at_end
    if len(at_end) < 2 or any(len(row) != 1 for row in earlier):
        return []
    before = earlier[-1][0].step
    mates = [v for v in at_end if _is_mate(v.step, before)]
    if len(mates) != 1:
        return []
    rows[-1] = mates
    return [v for v in at_end if v is not mates[0]]


def _is_mate(step: Step | None, other: Step | None) -> bool:
    """Whether steps are one that gives slices, or do the same."""
    if step is None or other is None or isinstance(step, Loop) or isinstance(other, Loop):
        return False
    return step is other or (step.op_def is other.op_def and not step.op_def.unstacks)


def _reached(values: Iterable[Value], steps: int, users: Users) -> list[Value]:
    """What is computed from values by so many steps at most."""
    found: dict[Value, None] = {}
    for _ in range(steps):
        after = dict.fromkeys(s for value in values for s in users.get(value, ()))
        values = [v for step in after for v in step.outputs]
        found.update(dict.fromkeys(values))
    return list(found)


def _gradient_of(gradient: GradientMatch, name: str, position: int) -> Value | None:
    """The gradient that an input gets in an affine sum."""
    product = gradient.cell.affine[name].inputs[position]
    found = gradient.affine[name].products.get(product, ())
    together = (v for v, parts in gradient.shared.items() if (name, product) in parts)
    return found[0] if found else next(together, None)


def _zeros(b: Builder, like: Value) -> Value:
    assert like.dims is not None
    dtype = arrays.torch_dtype(like.tensor._dtype.base_dtype)
    return b.constant(torch.zeros(like.dims, dtype=dtype))  # type: ignore[arg-type]


def _is_zero(value: Value) -> bool:
    return value.known and not value.constant.any()
