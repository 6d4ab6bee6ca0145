"""Find the steps of a plan that together are one step of a recurrent cell, or its gradient.

What they look like is declared beside the fused operations, as equations (`registry.Cell`):

    h = Mul(tanh_c, o)
    o = Sigmoid(zo)
    zi, zj, zf, zo = Split(axis, z)
    f = Sigmoid(Plus(zf, forget_bias)) | Sigmoid(zf)
    z = Affine(h_prev)

A word that an equation defines is matched with the steps on its right, the others stand for any
value, each for the same one wherever it occurs. Capitals are operation types or a group of them
that the cell names; the inputs of those that commute are taken in any order. `|` is "or else".
`Sum(*rest, y)` is a sum of terms, one of which is `y`, or `y` alone. `Zeros(y)` are zeros, and `y`
stands for them; `IfZeros(y, e)` is what `e` is if `y` stands for such. Arguments are matched from
the last one on.

`Gate(s)` is an affine sum, or a block of columns of one (see `plan.gates`).
`Affine(s)` is a sum of products, of the state `s` and of inputs with weights, a concatenation of
them with one kernel being such products as well; of biases; and of other addends. `Affine()` is one
of inputs alone.
`StateGradient(z, dz)` is the gradient that `s` gets from that of `z`. `Times(a, b)` is a product of
matrices, `TimesTransposed(a, b)` one with the second transposed.
`RowMean(x)`, `RowSum(x)` [rows, 1] are of the rows of a matrix, `RowMeanGradient(d)` is what a
matrix gets from the gradient of its rows' means; `Twice(x)` is 2 x.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

from tailrace.plan.equations import Call, Equations, Expression, Word, equations
from tailrace.plan.found import Affine, CellMatch, Product
from tailrace.plan.gates import Gate, blocks, columns_of, tiled
from tailrace.plan.ir import Choice, Guards, Join, Loop, Step, Value
from tailrace.plan.match_rows import (
    Find,
    inside_row_mean_gradient,
    inside_row_sum,
    row_mean_of,
    twice,
)
from tailrace.registry import CELLS, Cell

Same = Callable[[Value, Value], bool]


# -- matching --------------------------------------------------------------------------------------


class Matcher:
    """Matches expressions with values. Bound words are in `bound`; matching is by backtracking:
    each generator yields with its bindings in place, and takes them back when it goes on.
    """

    def __init__(self, cell: Cell, rules: Equations, same: Same, guards: Guards) -> None:
        self.cell = cell
        self.rules = rules
        self.same = same
        self.guards = guards
        self.bound: dict[str, Value] = {}
        self.rests: dict[str, list[Value]] = {}
        self.affine: dict[str, Affine] = {}
        self.gates: dict[str, Gate] = {}
        self.sources: dict[Value, str] = {}
        self.steps: list[Step] = []

    def match(self, expression: Expression, value: Value) -> Iterator[None]:
        if isinstance(expression, Word):
            yield from self._word(expression.name, value)
            return
        special = _SPECIAL.get(expression.type)
        if special is not None:
            yield from special(self, expression, value)
            return
        step = self.step(value)
        if step is None or step.op_def.name not in self.types(expression.type):
            return
        outputs = step.outputs
        if len(outputs) != expression.outputs or outputs[expression.output] is not value:
            return
        self.steps.append(step)
        yield from self._inputs(expression, step.inputs)
        self.steps.pop()

    def step(self, value: Value) -> Step | None:
        """The step that a value is from, if it may be one of the cell's."""
        step = value.step
        if step is None or value.known or step.guards != self.guards:
            return None
        if isinstance(step, (Loop, Choice, Join)) or not step.foldable:
            return None
        return step

    def types(self, name: str) -> tuple[str, ...]:
        return self.cell.groups.get(name, (name,))

    def _word(self, name: str, value: Value) -> Iterator[None]:
        if name in self.bound:
            if equal(value, self.bound[name]) or self.same(value, self.bound[name]):
                yield
            return
        self.bound[name] = value
        if name in self.rules:
            for expression in self.rules[name]:
                if isinstance(expression, Call) and expression.type == "Affine":
                    yield from self._affine(name, expression, value)
                elif isinstance(expression, Call) and expression.type == "Gate":
                    yield from self._gate(name, expression, value)
                else:
                    yield from self.match(expression, value)
        else:
            yield
        del self.bound[name]

    def _inputs(self, expression: Call, inputs: list[Value]) -> Iterator[None]:
        if len(inputs) != len(expression.args):
            return
        yield from self._all(expression.args, inputs)
        if len(inputs) == 2 and expression.type in self.cell.commutative:
            yield from self._all(expression.args, inputs[::-1])

    def _all(self, args: tuple[Expression, ...], values: list[Value]) -> Iterator[None]:
        if not args:
            yield
            return
        for _ in self.match(args[-1], values[-1]):  # the last one first
            yield from self._all(args[:-1], values[:-1])

    def _sum(self, expression: Call, value: Value) -> Iterator[None]:
        step = self.step(value)
        adds = step is not None and step.op_def.adds
        terms = list(step.inputs) if step is not None and adds else [value]
        if adds and step is not None:
            self.steps.append(step)
        for chosen in _arrangements(len(terms), len(expression.args)):
            rest = [t for i, t in enumerate(terms) if i not in chosen]
            if rest and expression.rest is None:
                break
            if expression.rest is not None:
                self.rests[expression.rest] = rest
            yield from self._all(expression.args, [terms[i] for i in chosen])
        if adds:
            self.steps.pop()

    def _zeros(self, expression: Call, value: Value) -> Iterator[None]:
        if self.is_zero(value):
            yield from self._all(expression.args, [value] * len(expression.args))

    def _if_zeros(self, expression: Call, value: Value) -> Iterator[None]:
        condition, then = expression.args
        assert isinstance(condition, Word)
        if condition.name in self.bound and self.is_zero(self.bound[condition.name]):
            yield from self.match(then, value)

    def _times(self, expression: Call, value: Value) -> Iterator[None]:
        yield from self._product_of(expression, value, (False, False))

    def _times_transposed(self, expression: Call, value: Value) -> Iterator[None]:
        yield from self._product_of(expression, value, (False, True))

    def _product_of(
        self, expression: Call, value: Value, transposed: tuple[bool, bool]
    ) -> Iterator[None]:
        step = self.step(value)
        if step is None or not self.is_a(step, "Product") or transposes(step) != transposed:
            return
        self.steps.append(step)
        yield from self._all(expression.args, step.inputs)
        self.steps.pop()

    def is_zero(self, value: Value) -> bool:
        if value.known:
            return not value.constant.any()
        return value.step is not None and self.is_a(value.step, "Zeros")

    # -- products ----------------------------------------------------------------------------------

    def _affine(self, name: str, expression: Call, value: Value) -> Iterator[None]:
        since = len(self.steps)
        products, biases, addends = self.addends(value)
        if not expression.args:
            self.affine[name] = Affine(value, "", None, products, biases, addends)
            yield
            self.affine.pop(name)
            del self.steps[since:]
            return
        (state,) = expression.args
        assert isinstance(state, Word)
        for product in sorted(products, key=lambda p: -p.row):
            inputs = [p for p in products if p is not product]
            self.affine[name] = Affine(value, state.name, product, inputs, biases, addends)
            yield from self.match(state, product.value)
        self.affine.pop(name, None)
        del self.steps[since:]

    def _gate(self, name: str, expression: Call, value: Value) -> Iterator[None]:
        for block, steps in blocks(value, self.step(value), self.is_a):
            since = len(self.steps)
            self.steps += steps
            known = self.sources.get(block.source)
            self.gates[name] = Gate(known or f"source of {name}", block.begin)
            if known is not None:
                yield
            else:
                self.sources[block.source] = f"source of {name}"
                yield from self._affine(f"source of {name}", expression, block.source)
                del self.sources[block.source]
            del self.gates[name]
            del self.steps[since:]

    def addends(self, value: Value) -> tuple[list[Product], list[Value], list[Value]]:
        """Products, vectors and other addends of a sum."""
        products: list[Product] = []
        biases: list[Value] = []
        others: list[Value] = []
        stack = [value]
        while stack:
            term = stack.pop()
            step = self.step(term)
            if term is not value and term.dims != value.dims:
                (biases if _is_row(term) else others).append(term)
            elif step is not None and (step.op_def.adds or self.is_a(step, "BiasAdd")):
                self.steps.append(step)
                stack.extend(reversed(step.inputs))
            elif (
                step is not None
                and self.is_a(step, "Product")
                and transposes(step) == (False, False)
            ):
                self.steps.append(step)
                products.extend(self._products(*step.inputs))
            else:
                others.append(term)
        return products, biases, others

    def is_a(self, step: Step, group: str) -> bool:
        return step.op_def.name in self.types(group)

    def _products(self, joined: Value, weight: Value) -> list[Product]:
        step = self.step(joined)
        rows = (joined.dims or (0, 0))[1] or 0
        if step is None or not self.is_a(step, "Join") or len(step.inputs) < 3:
            return [Product(joined, weight, 0, rows, joined)]
        *parts, axis = step.inputs
        if (
            not axis.known
            or int(axis.constant) not in (1, -1)
            or any(not _matrix(p) for p in parts)
        ):
            return [Product(joined, weight, 0, rows, joined)]
        self.steps.append(step)
        products, row = [], 0
        for part in parts:
            products.append(Product(part, weight, row, part.dims[1], joined))  # type: ignore[index]
            row += part.dims[1]  # type: ignore[index]
        return products

    def _state_gradient(self, expression: Call, value: Value) -> Iterator[None]:
        z, dz = expression.args
        assert isinstance(z, Word)
        found = self.decode(value)
        product = self.affine[z.name].state
        assert product is not None
        if found is None or found[1:] != (product.weight, product.row, product.rows):
            return
        yield from self.match(dz, found[0])

    def decode(self, value: Value) -> tuple[Value, Value, int, int] | None:
        """A gradient of a product's left factor: that of the product, the weight, and which of its
        rows the factor was multiplied with.
        """
        step = self.step(value)
        if step is not None and self.is_a(step, "Part"):
            columns = columns_of(step)
            inner = self.step(step.inputs[0])
            if columns is None or inner is None or not self.is_a(inner, "Product"):
                return None
            step = inner
        else:
            columns = 0, (value.dims or (0, 0))[1] or 0
        if step is None or not self.is_a(step, "Product") or transposes(step) != (False, True):
            return None
        return step.inputs[0], step.inputs[1], columns[0], columns[1]


def _inside(find: Find) -> Callable[[Matcher, Call, Value], Iterator[None]]:
    """Matches the only argument with what a value is found to be made of."""

    def special(matcher: Matcher, expression: Call, value: Value) -> Iterator[None]:
        for inner, steps in find(matcher, value):
            since = len(matcher.steps)
            matcher.steps += steps
            yield from matcher.match(expression.args[0], inner)
            del matcher.steps[since:]

    return special


_SPECIAL: dict[str, Callable[[Matcher, Call, Value], Iterator[None]]] = {
    "Sum": Matcher._sum,
    "Zeros": Matcher._zeros,
    "IfZeros": Matcher._if_zeros,
    "StateGradient": Matcher._state_gradient,
    "Times": Matcher._times,
    "TimesTransposed": Matcher._times_transposed,
    "RowMean": _inside(row_mean_of),
    "RowMeanGradient": _inside(inside_row_mean_gradient),
    "RowSum": _inside(inside_row_sum),
    "Twice": _inside(twice),
}


def equal(a: Value, b: Value) -> bool:
    """Whether values are the same one, or the same number or few numbers."""
    if a is b:
        return True
    if not (a.known and b.known) or a.dims is None or a.dims != b.dims or len(a.dims) > 1:
        return False
    return a.constant.numel() < 9 and bool((a.constant == b.constant).all())


def _arrangements(count: int, places: int) -> Iterator[tuple[int, ...]]:
    """All ways to choose some of `count` things for the places, in any order."""
    if places == 0:
        yield ()
    elif places == 1:
        yield from ((i,) for i in range(count))
    else:
        for first in range(count):
            for others in _arrangements(count, places - 1):
                if first not in others:
                    yield (first, *others)


def _is_row(value: Value) -> bool:
    """Whether a value is added to each row of a matrix: a vector, or a matrix of one row."""
    dims = value.dims or ()
    return len(dims) == 1 or (len(dims) == 2 and dims[0] == 1)


def transposes(step: Step) -> tuple[bool, bool]:
    """Which factors of a product of matrices are transposed first."""
    return step.attrs["transpose_a"], step.attrs["transpose_b"]


def _matrix(value: Value) -> bool:
    return value.dims is not None and len(value.dims) == 2 and None not in value.dims


Accept = Callable[[CellMatch], bool] | None


# -- cells -----------------------------------------------------------------------------------------


@functools.cache
def _cells_by_root() -> dict[str, list[tuple[Cell, list[set[str]]]]]:
    """The cells by the operation types their last state is an output of, each with the types that
    one of the operation's inputs is an output of, for as many inputs as that is told of.
    """
    found: dict[str, list[tuple[Cell, list[set[str]]]]] = {}
    for cell in CELLS.values():
        rules = equations(cell.forward)
        for expression in rules[cell.states[-1]]:
            assert isinstance(expression, Call)
            before = [_types_of(cell, rules, argument) for argument in expression.args]
            told = cell, [types for types in before if types]
            for name in cell.groups.get(expression.type, (expression.type,)):
                found.setdefault(name, []).append(told)
    return found


def _types_of(cell: Cell, rules: Equations, expression: Expression) -> set[str]:
    """The operation types that something may be an output of; none where it may be of any."""
    if isinstance(expression, Word):
        found = [_types_of(cell, rules, e) for e in rules.get(expression.name, ())]
        return set().union(*found) if all(found) else set()
    if expression.type in ("Affine", "Gate", "Sum", "Zeros", "IfZeros"):
        return set()
    return set(cell.groups.get(expression.type, (expression.type,)))


def match_cell(value: Value, accept: Accept = None) -> CellMatch | None:
    """The step of a cell whose new state (of the LSTM, h) is `value`; None if it is none.

    `accept` may refuse one: which of the factors is the state is not always clear. Without, the
    state is taken to be the last part of a concatenation.
    """
    step = value.step
    if step is None or value.known:
        return None
    cells = _cells_by_root().get(step.op_def.name, ())
    before = {v.step.op_def.name for v in step.inputs if v.step is not None} if cells else set()
    for cell, told in cells:
        if all(not types.isdisjoint(before) for types in told):
            found = _match_cell(cell, value, step.guards, accept)
            if found is not None:
                return found
    return None


def _match_cell(cell: Cell, value: Value, guards: Guards, accept: Accept) -> CellMatch | None:
    matcher = Matcher(cell, equations(cell.forward), lambda a, b: a is b, guards)
    for _ in matcher.match(Word(cell.states[-1]), value):
        bound = matcher.bound
        previous = {name: bound[f"{name}_prev"] for name in cell.states}
        following = {name: bound[name] for name in cell.states}
        attributes = _attributes(cell, bound)
        if attributes is None or not _fits(previous, following, matcher):
            continue
        members = list(dict.fromkeys(matcher.steps))
        roles, affine = dict(bound), dict(matcher.affine)
        gates = dict(matcher.gates)
        found = CellMatch(cell, previous, following, affine, attributes, roles, members, gates)
        if accept is None or accept(found):
            return found
    return None


def _attributes(cell: Cell, bound: dict[str, Value]) -> dict[str, Any] | None:
    """The attributes that constants in the equations tell; None where one is no constant."""
    attributes = dict(cell.attributes)
    for name, expected in cell.constants.items():
        value = bound.get(name)
        if value is None:
            continue
        if not value.known or value.constant.numel() != 1:
            return None
        number = value.constant.item()
        if expected is None:
            attributes[name] = float(number)
        elif number != expected:
            return None
    return attributes if cell.accepts is None or cell.accepts(attributes) else None


def _fits(previous: dict[str, Value], following: dict[str, Value], matcher: Matcher) -> bool:
    """Whether sizes are known and those that the fused operations take."""
    for name, after in following.items():
        if not _matrix(after) or previous[name].dims != after.dims:
            return False
        if any(matcher.bound[word].dims != after.dims for word in matcher.cell.every):
            return False
    for name, affine in matcher.affine.items():
        if bool(affine.inputs or affine.addends) == (name in matcher.cell.bare):
            return False
        if any(v.dims != affine.value.dims for v in affine.addends):
            return False
        if any(not _matrix(p.value) or not _matrix(p.weight) for p in affine.inputs):
            return False
        if affine.state is not None and not _matrix(affine.state.weight):
            return False
    widths = {name: matcher.bound[name].dims[1] for name in matcher.gates}  # type: ignore[index]
    sources = {name: z.value.dims[1] for name, z in matcher.affine.items()}  # type: ignore[index]
    return tiled(matcher.gates, widths, sources)  # type: ignore[arg-type]
