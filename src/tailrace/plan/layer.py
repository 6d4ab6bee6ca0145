"""A recurrent layer over all steps, in place of the steps of its cell."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch

from tailrace import arrays
from tailrace.plan.build import Builder
from tailrace.plan.found import Affine, CellMatch, Product
from tailrace.plan.gates import Joined
from tailrace.plan.ir import Value

Given = Callable[[Value], Value]


class Layer:
    """Steps made with `builder` that do what the cell `match` is one step of, in all steps.

    `each` gives a value of that step in all steps, [T,B,...], `same` one that is the same in all.
    `first` are the initial states. `outputs` is what the fused operation gives, states by name
    [T+1,B,H] among it. With a `mask`, see `plan.dropped`, what is given out is multiplied with it
    to be the last of the states; this has the word `next` then, and its own name is for what is
    given.
    """

    def __init__(
        self,
        builder: Builder,
        match: CellMatch,
        each: Given,
        same: Given,
        first: dict[str, Value],
        lengths: Value | None = None,
        mask: Value | None = None,
    ) -> None:
        self.builder = builder
        self.match = match
        self.lengths = lengths
        self._each = each
        self._same = same
        self._words = {
            name: same(match.roles[name]) for name in match.cell.vectors if name in match.roles
        }
        self._words.update((name, each(match.roles[name])) for name in match.cell.every)
        if mask is not None:
            self._words["mask"] = mask
        self._views: dict[str, Value | None] = {}
        self.joined = {name: Joined(match, name) for name in match.cell.gates}
        self.sources = {s: name for name, one in self.joined.items() for s in one.sources}
        gx: dict[str, Value] = {}
        bias: dict[str, list[Value]] = {}
        self._wh: dict[str, Value] = {}
        for name, z in match.affine.items():
            if name not in self.sources:
                bias[name] = self._bias(z)
                if name not in match.cell.bare:
                    gx[name] = self._inputs(z)
                if z.state is not None:
                    self._wh[name] = self.weight(z.state)
        for name, one in self.joined.items():
            gx[name], bias[name] = self._joined_inputs(one), self._joined_bias(one)
            own = {s: match.affine[s].state for s in one.sources}
            weights = {s: self.weight(state) for s, state in own.items() if state is not None}
            self._wh[name] = one.join(builder, weights, 1)
        self.outputs: dict[str, Value] = match.cell.layer(
            builder, gx, self._wh, bias, first, self._words, lengths, match.attributes
        )
        self.count = self.outputs[match.cell.states[0]].dims[0] - 1  # type: ignore[index,operator]

    def _inputs(self, z: Affine) -> Value:
        x = [self._each(p.value) for p in z.inputs]
        w = [self.weight(p) for p in z.inputs]
        addends = [self._each(v) for v in z.addends]
        return self.builder.SequenceInputs(*x, *w, *addends, N=len(x), M=len(addends))

    def _joined_inputs(self, one: Joined) -> Value:
        b, sums = self.builder, {s: self.match.affine[s] for s in one.sources}
        if not self.same_inputs(one):
            return one.join(b, {s: self._inputs(z) for s, z in sums.items()}, 2)
        x = [self._each(p.value) for p in sums[one.sources[0]].inputs]
        w = [
            one.join(b, {s: self.weight(z.inputs[k]) for s, z in sums.items()}, 1)
            for k in range(len(x))
        ]
        return b.SequenceInputs(*x, *w, N=len(x), M=0)

    def same_inputs(self, one: Joined) -> bool:
        """Whether all sources are of products with the same values, in one order."""
        sums = [self.match.affine[s] for s in one.sources]
        values = [[p.value for p in z.inputs] for z in sums]
        return all(v == values[0] for v in values) and not any(z.addends for z in sums)

    def _bias(self, z: Affine) -> list[Value]:
        total: Value | None = None
        for value in map(self._same, z.biases):
            if len(value.dims or ()) == 2:
                value = self.builder.Reshape(value, self.builder.constant([-1]))
            total = value if total is None else self.builder.AddV2(total, value)
        return [] if total is None else [total]

    def _joined_bias(self, one: Joined) -> list[Value]:
        b = self.builder
        found = {s: self._bias(self.match.affine[s]) for s in one.sources}
        if not any(found.values()):
            return []
        like = next(biases[0] for biases in found.values() if biases)
        dtype = arrays.torch_dtype(like.tensor._dtype.base_dtype)
        sizes = {s: self.match.affine[s].value.dims[1] for s in one.sources}  # type: ignore[index]
        given = {
            s: biases[0] if biases else b.constant(torch.zeros(sizes[s], dtype=dtype))  # type: ignore[arg-type]
            for s, biases in found.items()
        }
        return [one.join(b, given, 0)]

    def weight(self, product: Product) -> Value:
        """The rows of a weight that a product is with."""
        weight = self._same(product.weight)
        if weight.dims == (product.rows, weight.dims[1]):  # type: ignore[index]
            return weight
        return self.builder.Narrow(weight, begin=product.row, size=product.rows)

    @property
    def dropped(self) -> tuple[str, ...]:
        """The state that is multiplied with a mask, if there is one."""
        return self.match.cell.states[-1:] if "given" in self.outputs else ()

    def view(self, word: str) -> Value | None:
        """The value of a word of the cell's equations in all steps; None when it is not kept."""
        if word not in self._views:
            self._views[word] = self._view(word)
        return self._views[word]

    def _view(self, word: str) -> Value | None:
        cell = self.match.cell
        if word in self.dropped:
            return self.outputs["given"]
        if word == "next":
            if "given" not in self.outputs:
                return None
            word = cell.states[-1]
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
            mask = self._words.get("mask")
            if mask is not None and len(mask.dims or ()) == 3:
                narrowed = builder.Narrow(mask, begin=begin, size=count)
                part._words = {**self._words, "mask": narrowed}
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
        for name, one in layer.joined.items():
            for source in one.sources:
                whole = self.outputs[f"d{name}"]
                self.outputs[f"d{source}"] = one.part(layer.builder, whole, source, 2)
        self._kernels: dict[str, Value] = {}

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
        products = [p for p in z.products if p.weight is weight]
        products.sort(key=lambda p: p.row)
        if [p.row for p in products] != _begins(products) or _end(products) != weight.dims[0]:  # type: ignore[index]
            return None
        if name in self.layer.sources:
            found = self._of_joined(name, products)
            if found is not None:
                return found
        factors = [self.layer.factor(z, p) for p in products]
        return self.layer.builder.KernelGradient(*factors, self.outputs[f"d{name}"], N=len(factors))

    def _of_joined(self, source: str, products: list[Product]) -> Value | None:
        """The gradient of a source's weight as part of that of all of them."""
        layer, b = self.layer, self.layer.builder
        name = layer.sources[source]
        one, sums = layer.joined[name], layer.match.affine
        if len({sums[s].word for s in one.sources}) > 1 or not layer.same_inputs(one):
            return None
        first = sums[one.sources[0]]
        order = sorted(first.products, key=lambda p: p.row)
        places = [("state" if p is first.state else first.inputs.index(p)) for p in order]
        if name not in self._kernels:
            factors = [layer.factor(first, p) for p in order]
            dz = self.outputs[f"d{name}"]
            self._kernels[name] = b.KernelGradient(*factors, dz, N=len(factors))
        z = sums[source]
        rows = []
        for product in products:
            place = places.index("state" if product is z.state else z.inputs.index(product))
            begin = sum(p.rows for p in order[:place])
            rows.append(b.Narrow(self._kernels[name], begin=begin, size=product.rows))
        if len(rows) == len(order) and products[0].row == 0 and _in_order(z, products, places):
            rows = [self._kernels[name]]
        whole = rows[0] if len(rows) == 1 else b.ConcatV2(*rows, b.constant(0))
        return one.part(b, whole, source, 1)

    def of_sum(self, text: str) -> Value:
        """One of the sums that `Cell.sums` tells of, over all steps."""
        return self.layer.match.cell.sums[text](self.layer.builder, self.outputs)

    def of_bias(self, name: str) -> Value:
        """The gradient of the bias, summed over all steps."""
        b = self.layer.builder
        return b.Sum(self.outputs[f"d{name}"], b.constant([0, 1]), keep_dims=False)


def _in_order(z: Affine, products: list[Product], places: list[str | int]) -> bool:
    return ["state" if p is z.state else z.inputs.index(p) for p in products] == places


def _begins(products: list[Product]) -> list[int]:
    return [sum(p.rows for p in products[:k]) for k in range(len(products))]


def _end(products: list[Product]) -> int:
    return sum(p.rows for p in products)
