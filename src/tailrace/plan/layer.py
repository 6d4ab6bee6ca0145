"""A recurrent layer over all steps, in place of the steps of its cell."""

from __future__ import annotations

import copy
from collections.abc import Callable

from tailrace.plan.build import Builder
from tailrace.plan.ir import Value
from tailrace.plan.match import Affine, CellMatch, Product

Given = Callable[[Value], Value]


class Layer:
    """Steps made with `builder` that do what the cell `match` is one step of, in all steps.

    `each` gives a value of that step in all steps, [T,B,...], `same` one that is the same in all.
    `first` are the initial states. `outputs` is what the fused operation gives, states by name
    [T+1,B,H] among it.
    """

    def __init__(
        self,
        builder: Builder,
        match: CellMatch,
        each: Given,
        same: Given,
        first: dict[str, Value],
        lengths: Value | None = None,
    ) -> None:
        self.builder = builder
        self.match = match
        self.lengths = lengths
        self._each = each
        self._same = same
        self._words = {
            name: same(match.roles[name]) for name in match.cell.vectors if name in match.roles
        }
        self._wh = {name: self.weight(z.state) for name, z in match.affine.items()}
        self._views: dict[str, Value | None] = {}
        gx = {name: self._inputs(z) for name, z in match.affine.items()}
        bias = {name: self._bias(z) for name, z in match.affine.items()}
        self.outputs: dict[str, Value] = match.cell.layer(
            builder, gx, self._wh, bias, first, self._words, lengths, match.attributes
        )
        self.count = self.outputs[match.cell.states[0]].dims[0] - 1  # type: ignore[index,operator]

    def _inputs(self, z: Affine) -> Value:
        x = [self._each(p.value) for p in z.inputs]
        w = [self.weight(p) for p in z.inputs]
        addends = [self._each(v) for v in z.addends]
        return self.builder.SequenceInputs(*x, *w, *addends, N=len(x), M=len(addends))

    def _bias(self, z: Affine) -> list[Value]:
        total: Value | None = None
        for value in map(self._same, z.biases):
            total = value if total is None else self.builder.AddV2(total, value)
        return [] if total is None else [total]

    def weight(self, product: Product) -> Value:
        """The rows of a weight that a product is with."""
        weight = self._same(product.weight)
        if weight.dims == (product.rows, weight.dims[1]):  # type: ignore[index]
            return weight
        return self.builder.Narrow(weight, begin=product.row, size=product.rows)

    def view(self, word: str) -> Value | None:
        """The value of a word of the cell's equations in all steps; None when it is not kept."""
        if word not in self._views:
            self._views[word] = self._view(word)
        return self._views[word]

    def _view(self, word: str) -> Value | None:
        cell = self.match.cell
        for state in cell.states:
            if word in (state, f"{state}_prev"):
                begin = int(word == state)
                return self.builder.Narrow(self.outputs[state], begin=begin, size=self.count)
        rule = cell.views.get(word)
        return None if rule is None else rule(self.builder, self.outputs)

    def has(self, word: str) -> bool:
        """Whether `view` of the word is not None."""
        cell = self.match.cell
        return word in cell.views or word.removesuffix("_prev") in cell.states

    def factor(self, z: Affine, product: Product) -> Value:
        """The left factor of a product in an affine sum in all steps."""
        if product is not z.state:
            return self._each(product.value)
        found = self.view(z.word)
        assert found is not None
        return found

    def part(self, builder: Builder, begin: int, count: int) -> Layer:
        """`count` steps of it, from `begin` on, for further steps to be made with `builder`."""
        part = copy.copy(self)
        part.builder, part.count, part._views = builder, count, {}
        if count != self.count:
            states = self.match.cell.states
            part.outputs = {
                name: builder.Narrow(value, begin=begin, size=count + (name in states))
                for name, value in self.outputs.items()
            }
            part._each = lambda v: builder.Narrow(self._each(v), begin=begin, size=count)
        return part

    def gradient(self, terms: dict[str, Value | None], last: dict[str, Value | None]) -> Gradient:
        """The gradient, from those of the states after each step, as far as they come from
        elsewhere, and of the states after the last step. May be asked for once.
        """
        return Gradient(self, terms, last)


class Gradient:
    """The gradient of a layer; `outputs` has those of affine sums and initial states, by word."""

    def __init__(
        self, layer: Layer, terms: dict[str, Value | None], last: dict[str, Value | None]
    ) -> None:
        self.layer = layer
        match = layer.match
        self.outputs: dict[str, Value] = match.cell.gradient(
            layer.builder,
            layer.outputs,
            layer._wh,
            terms,
            last,
            layer._words,
            layer.lengths,
            match.attributes,
        )

    def view(self, word: str) -> Value | None:
        """The value of a word of the gradient's equations in all steps; None when it has none."""
        if word[0] == "d" and word[1:] in self.layer.match.affine:
            return self.outputs[word]
        rule = self.layer.match.cell.gradient_views.get(word)
        return None if rule is None else rule(self.layer.builder, self.outputs)

    def of_input(self, parts: list[tuple[str, Product]]) -> Value:
        """The gradient in all steps of what is a factor of products in the affine sums named."""
        dz = [self.outputs[f"d{name}"] for name, _ in parts]
        weights = [self.layer.weight(product) for _, product in parts]
        return self.layer.builder.InputGradient(*dz, *weights, N=len(parts))

    def of_weight(self, name: str, weight: Value) -> Value | None:
        """The gradient of a weight, summed over all steps; None when it is not wholly used."""
        z = self.layer.match.affine[name]
        products = [p for p in (z.state, *z.inputs) if p.weight is weight]
        products.sort(key=lambda p: p.row)
        if [p.row for p in products] != _begins(products) or _end(products) != weight.dims[0]:  # type: ignore[index]
            return None
        factors = [self.layer.factor(z, p) for p in products]
        return self.layer.builder.KernelGradient(*factors, self.outputs[f"d{name}"], N=len(factors))

    def of_bias(self, name: str) -> Value:
        """The gradient of the bias, summed over all steps."""
        b = self.layer.builder
        return b.Sum(self.outputs[f"d{name}"], b.constant([0, 1]), keep_dims=False)


def _begins(products: list[Product]) -> list[int]:
    return [sum(p.rows for p in products[:k]) for k in range(len(products))]


def _end(products: list[Product]) -> int:
    return sum(p.rows for p in products)
