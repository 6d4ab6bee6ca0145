"""What is found of recurrent cells in a plan."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from tailrace.plan.gates import Gate
from tailrace.plan.ir import Guards, Step, Value
from tailrace.registry import Cell

if TYPE_CHECKING:
    from tailrace.plan.dropped import Dropped
    from tailrace.plan.ended import Ended


@dataclasses.dataclass(eq=False)
class Product:
    """`value` times the rows of `weight` that begin at `row`; `joined` is the concatenation that
    the value is a part of, or the value.
    """

    value: Value
    weight: Value
    row: int
    rows: int
    joined: Value


@dataclasses.dataclass(eq=False)
class Affine:
    """A sum of products: `state` is the one of the recurrent state, which stands for `word`, None
    where there is no such; `inputs` are the others.

    `biases` are vectors, or matrices of one row, `addends` matrices of the size of the sum, which
    is `value`.
    """

    value: Value
    word: str
    state: Product | None
    inputs: list[Product]
    biases: list[Value]
    addends: list[Value]

    @property
    def products(self) -> list[Product]:
        """All of them, that of the state first."""
        return self.inputs if self.state is None else [self.state, *self.inputs]

    @property
    def whole_kernel(self) -> bool:
        """Whether all products are of one weight and use each of its rows once, in order."""
        products = sorted(self.products, key=lambda p: p.row)
        ends = [0, *(p.row + p.rows for p in products)]
        return (
            all(p.weight is products[0].weight for p in products)
            and [p.row for p in products] == ends[:-1]
            and products[0].weight.dims is not None
            and products[0].weight.dims[0] == ends[-1]
        )


@dataclasses.dataclass(eq=False)
class CellMatch:
    """One step of a cell: `previous` and `following` are the states before and after, by name.

    `roles` are the values of the words of its equations, `affine` its sums of products by the word
    for the sum, `attributes` those of the fused operation, `members` the steps it does. `gates`
    tell which part of which affine sum the words are that stand for one (see `plan.gates`).
    `ended` is what is chosen where sequences have ended (see `plan.ended`), `dropped` what the next
    step begins with, where that is a product of the last state (see `plan.dropped`).
    """

    cell: Cell
    previous: dict[str, Value]
    following: dict[str, Value]
    affine: dict[str, Affine]
    attributes: dict[str, Any]
    roles: dict[str, Value]
    members: list[Step]
    gates: dict[str, Gate]
    ended: Ended | None = None
    dropped: Dropped | None = None

    @property
    def going(self) -> dict[str, Value]:
        """The states that the next step begins with, where sequences go on."""
        if self.dropped is None:
            return self.following
        return {**self.following, self.cell.states[-1]: self.dropped.value}

    @property
    def ends(self) -> dict[str, Value]:
        """The states that the next step begins with."""
        return self.going if self.ended is None else {**self.going, **self.ended.states}

    @property
    def kind(self) -> str:
        return self.cell.name

    @property
    def guards(self) -> Guards:
        return self.members[0].guards

    def sent(self, state: str) -> int:
        """How many terms its gradient adds to that of the state before it."""
        own = sum(z.word == f"{state}_prev" for z in self.affine.values())
        return own + len(self.cell.outgoing.get(state, ()))

    @property
    def inputs(self) -> list[Value]:
        """What comes in at this step beside the states."""
        found = [p.value for a in self.affine.values() for p in a.inputs]
        found += [v for a in self.affine.values() for v in a.addends]
        return list(dict.fromkeys([*found, *self.every]))

    @property
    def every(self) -> list[Value]:
        """Such as are no part of a sum."""
        return [self.roles[name] for name in self.cell.every]


@dataclasses.dataclass(eq=False)
class AffineGradient:
    """What is computed from the gradient `dz` of an affine sum, each as the values that there are.

    `products` of what is multiplied: gradients of values (and of the state). `weights` of the
    weights, `biases` of the bias.
    """

    dz: Value
    products: dict[Product, list[Value]] = dataclasses.field(default_factory=dict)
    weights: list[tuple[Value, Value]] = dataclasses.field(default_factory=list)
    biases: list[Value] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(eq=False)
class GradientMatch:
    """The gradient of one step of a cell.

    `terms` are what the gradients of the states after it are sums of, beside what this step itself
    adds; `outgoing` the terms that it gives to the gradients of the states before it. `totals` are
    those gradients of the states after it. `shared` are gradients that are computed in one for
    factors of several sums. `sums` are totals over rows, by the expressions of `Cell.sums`. `final`
    are, where sequences end and this is the last step, the terms that are gradients of the states
    after the last step of each.
    """

    cell: CellMatch
    roles: dict[str, Value]
    terms: dict[str, list[Value]]
    totals: dict[str, Value | None]
    outgoing: dict[str, list[Value]]
    affine: dict[str, AffineGradient]
    members: list[Step]
    shared: dict[Value, list[tuple[str, Product]]]
    sums: dict[str, list[Value]] = dataclasses.field(default_factory=dict)
    final: dict[str, list[Value]] = dataclasses.field(default_factory=dict)

    def sent(self, state: str) -> int:
        """How many terms it gives to the gradient of the state before it, if it gives all."""
        together = sum(
            len(parts) - 1
            for parts in self.shared.values()
            if self.cell.affine[parts[0][0]].word == f"{state}_prev"
            and parts[0][1] is self.cell.affine[parts[0][0]].state
        )
        return self.cell.sent(state) - together
