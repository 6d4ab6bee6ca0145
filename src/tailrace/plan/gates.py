"""Gates that a program computes in its own way: each from weights of its own, or all from one
product in another order than the kernels have them.

A gate is a block of the columns of an affine sum, its source. The kernels want the blocks of all
gates side by side, in the order that `Cell.gates` says: weights and biases are put together so, and
gradients taken apart again.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tailrace.plan.build import Builder
from tailrace.plan.ir import Step, Value

if TYPE_CHECKING:
    from tailrace.plan.edges import Users
    from tailrace.plan.found import CellMatch

Is = Callable[[Step, str], bool]


@dataclasses.dataclass(frozen=True)
class Block:
    """Columns of a matrix: `width` of them from `begin` on."""

    source: Value
    begin: int
    width: int


@dataclasses.dataclass(frozen=True)
class Gate:
    """A gate: the name of its source, and where in it the gate begins."""

    source: str
    begin: int


def blocks(value: Value, step: Step | None, is_a: Is) -> Iterator[tuple[Block, list[Step]]]:
    """What a value may be a block of, and by which steps: of a matrix it is cut out of, and of
    itself."""
    if value.dims is None or len(value.dims) != 2 or value.dims[1] is None:
        return
    width = value.dims[1]
    if step is not None:
        if is_a(step, "Parts"):
            axis, source = step.inputs
            if axis.known and int(axis.constant) in (1, -1):
                yield Block(source, step.outputs.index(value) * width, width), [step]
        elif is_a(step, "Part") or is_a(step, "Strided"):
            found = columns_of(step) if is_a(step, "Part") else _strided_columns(step)
            if found is not None:
                yield Block(step.inputs[0], found[0], width), [step]
    yield Block(value, 0, width), []


def columns_of(step: Step) -> tuple[int, int] | None:
    """First column and number of columns of a slice of a matrix that keeps all rows."""
    source, begin, size = step.inputs
    if not (begin.known and size.known) or source.dims is None or len(source.dims) != 2:
        return None
    row, column = begin.constant.tolist()
    rows, columns = size.constant.tolist()
    height, width = source.dims
    if row != 0 or rows not in (-1, height) or width is None:
        return None
    return column, width - column if columns == -1 else columns


def _strided_columns(step: Step) -> tuple[int, int] | None:
    source, *bounds = step.inputs
    masks = ("ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
    if not all(b.known for b in bounds) or any(step.attrs[mask] for mask in masks):
        return None
    begin, end, strides = (b.constant.tolist() for b in bounds)
    if len(begin) != 2 or strides != [1, 1] or source.dims is None or len(source.dims) != 2:
        return None
    found = []
    for axis, size in enumerate(source.dims):
        if size is None:
            return None
        first = 0 if step.attrs["begin_mask"] >> axis & 1 else begin[axis]
        last = size if step.attrs["end_mask"] >> axis & 1 else end[axis]
        inside = slice(first, last).indices(size)
        found.append((inside[0], inside[1] - inside[0]))
    return found[1] if found[0] == (0, source.dims[0]) else None


def tiled(gates: dict[str, Gate], widths: dict[str, int], width_of: dict[str, int]) -> bool:
    """Whether the gates of each source are all there is in it, each once."""
    for source, width in width_of.items():
        own = sorted((g.begin, widths[name]) for name, g in gates.items() if g.source == source)
        ends = [0, *itertools.accumulate(w for _, w in own)]
        if own and ([begin for begin, _ in own] != ends[:-1] or ends[-1] != width):
            return False
    return True


def gradient_of_source(
    gates: dict[str, Gate], source: str, bound: dict[str, Value], users: Users, is_a: Is
) -> tuple[Value, list[Step]] | None:
    """The gradient of a source, from those of its gates, and the steps that put it together."""
    own = sorted((g.begin, bound[f"d{name}"]) for name, g in gates.items() if g.source == source)
    values = [value for _, value in own]
    if len(values) == 1:
        return values[0], []
    for step in dict.fromkeys(users.get(values[0], ())):
        if is_a(step, "Join") and step.inputs[:-1] == values:
            axis = step.inputs[-1]
            if axis.known and int(axis.constant) in (1, -1):
                return step.outputs[0], [step]
        elif is_a(step, "Widened") or is_a(step, "Padded"):
            found = _added_up(own, users, is_a)
            if found is not None:
                return found
    return None


def _added_up(
    own: list[tuple[int, Value]], users: Users, is_a: Is
) -> tuple[Value, list[Step]] | None:
    """The sum of what is zero but in the columns of one gate each."""
    wide: list[Step] = []
    for begin, value in own:
        found = [s for s in users.get(value, ()) if _begins_at(s, value, begin, is_a)]
        if len(found) != 1:
            return None
        wide += found
    outputs = {step.outputs[0] for step in wide}
    for step in dict.fromkeys(users.get(wide[0].outputs[0], ())):
        if step.op_def.adds and len(step.inputs) == len(wide) and set(step.inputs) == outputs:
            return step.outputs[0], [*wide, step]
    return None


def _begins_at(step: Step, value: Value, begin: int, is_a: Is) -> bool:
    if is_a(step, "Widened") and step.inputs[-1] is value:
        first = step.inputs[1]
        if not first.known or len(first.constant) != 2:
            return False
        return begin == (0 if step.attrs["begin_mask"] >> 1 & 1 else int(first.constant[1]))
    if is_a(step, "Padded") and step.inputs[0] is value and step.inputs[1].known:
        return step.inputs[1].constant.tolist()[1][0] == begin
    return False


# -- for the kernels -------------------------------------------------------------------------------


class Joined:
    """The gates that a kernel takes as one, `joined`, and the sources they come from."""

    def __init__(self, match: CellMatch, joined: str) -> None:
        self.size: int = match.roles[match.cell.gates[joined][0]].dims[1]  # type: ignore[index,assignment]
        self.places = [match.gates[name] for name in match.cell.gates[joined]]
        self.negative = [name in match.cell.negated for name in match.cell.gates[joined]]
        self.sources = list(dict.fromkeys(place.source for place in self.places))

    def join(self, b: Builder, by_source: dict[str, Value], axis: int) -> Value:
        """What is given for each source as one, in the kernel's order, along an axis."""
        pieces = [
            (by_source[place.source], place.begin, minus)
            for place, minus in zip(self.places, self.negative, strict=True)
        ]
        return self._side_by_side(b, pieces, axis)

    def part(self, b: Builder, whole: Value, source: str, axis: int) -> Value:
        """What the kernel gives for all, for one source."""
        own = [
            (place.begin, k * self.size, minus)
            for k, (place, minus) in enumerate(zip(self.places, self.negative, strict=True))
            if place.source == source
        ]
        return self._side_by_side(b, [(whole, at, minus) for _, at, minus in sorted(own)], axis)

    def _side_by_side(self, b: Builder, pieces: list[tuple[Value, int, bool]], axis: int) -> Value:
        runs: list[list] = []
        for value, begin, minus in pieces:
            last = runs[-1] if runs else None
            if last and last[0] is value and last[3] == minus and sum(last[1:3]) == begin:
                last[2] += self.size
            else:
                runs.append([value, begin, self.size, minus])
        found = []
        for value, begin, size, minus in runs:
            whole = value.dims[axis] == size
            cut = value if whole else b.Narrow(value, axis=axis, begin=begin, size=size)
            found.append(b.Neg(cut) if minus else cut)
        return found[0] if len(found) == 1 else b.ConcatV2(*found, b.constant(axis))
