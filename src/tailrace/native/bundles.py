"""Programs of small steps: what many operations on small arrays compute, in one native call.

    w = Writer()
    table, place = w.input("float32", (9, 4)), w.input("int64", (1,))
    (row,) = w.apply(gather((9, 4), (1,), 0, "float32"), [table, place], [("float32", (1, 4))])
    w.output(w.view(row, (4,)))
    f = w.program(fallback)
    f(torch.ones(9, 4), torch.tensor([2]))

Sizes are fixed when the program is written; called with others, or where an instruction cannot do
what is asked (an index out of bounds, a division by zero), it calls `fallback` instead. Arrays are
contiguous, but views of parts of others cost nothing. `src/bundle.cpp` says what instructions there
are, and which parameters they take.
"""

from __future__ import annotations

import array
import ctypes
import functools
from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple

import torch

from tailrace.native import fusion
from tailrace.native.loader import library

# as `BundleCode` of src/bundle.h numbers them
CODES = (
    *("fuse", "copy", "gather", "concat", "strided", "reduce", "place_of_extreme", "divide"),
    *("cast", "search", "product", "lstm", "gru", "rnn", "softmax", "top_k", "running"),
)
_NUMBER = {name: i for i, name in enumerate(CODES)}
# as `BundleReduction` numbers them
REDUCTIONS = {
    name: i for i, name in enumerate(("sum", "product", "max", "min", "mean", "all", "any"))
}
# in the order of `BundleType`: size of an element, DLPack's kind
_TYPES = {"float32": (4, 2), "float64": (8, 2), "int32": (4, 0), "int64": (8, 0), "bool": (1, 6)}
TYPES = tuple(_TYPES)

MOST_TENSORS = 64  # inputs, and outputs
# of numbers that instructions read one by one
MANY = 1 << 13
# of a matrix product: multiplications, rows
_MOST_MULTIPLIED, _MOST_ROWS = 1 << 18, 8
_MOST_SLOTS = 1024
MOST_DIMENSIONS = 8
_ALIGNMENT = 64

Dims = tuple[int, ...]


class Instruction(NamedTuple):
    """What is done to which of an operation's inputs, with what parameters.

    `scratch` are bytes that it needs to work with; `program` is that of an element-wise step.
    """

    code: str
    inputs: tuple[int, ...]
    params: tuple[int, ...] = ()
    scratch: int = 0
    program: fusion.Assembled | None = None


class Array(NamedTuple):
    """A part of memory: `root` numbers the arrays that have memory of their own."""

    root: int
    offset: int  # bytes into it
    dtype: str
    dims: Dims

    @property
    def size_bytes(self) -> int:
        """How long it is."""
        return prod(self.dims) * _TYPES[self.dtype][0]


def size_of(dtype: str) -> int:
    """Bytes of an element."""
    return _TYPES[dtype][0]


@functools.cache
def call_type() -> Any:
    """The class of native programs, or None where there is none to be had."""
    if fusion.call_type() is None:
        return None
    try:
        from tailrace.native._bundle_call import Call
    except ImportError:
        return None
    return Call


class _Slot(ctypes.Structure):
    _fields_ = (("buffer", ctypes.c_int64), ("offset", ctypes.c_int64))


class _Bundle(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_void_p),
        ("slots", ctypes.c_void_p),
        ("words", ctypes.c_int64),
        ("slot_count", ctypes.c_int64),
    )


class _Applied(NamedTuple):
    instruction: Instruction
    outputs: list[Array]
    inputs: list[Array]


class Writer:
    """Writes a program; its arrays are `Array`s."""

    def __init__(self) -> None:
        self._sizes: list[int] = []  # of each root
        self._inputs: list[Array] = []
        self._outputs: list[Array] = []
        self._constants: dict[int, torch.Tensor] = {}  # by root
        self._applied: list[_Applied] = []

    def _new(self, dtype: str, dims: Dims) -> Array:
        made = Array(len(self._sizes), 0, dtype, dims)
        self._sizes.append(made.size_bytes)
        return made

    def input(self, dtype: str, dims: Dims) -> Array:
        """The next input."""
        made = self._new(dtype, dims)
        self._inputs.append(made)
        return made

    def constant(self, value: torch.Tensor) -> Array:
        """An array that is the same in every call."""
        made = self._new(str(value.dtype).removeprefix("torch."), tuple(value.shape))
        self._constants[made.root] = value.contiguous()
        return made

    def view(self, of: Array, dims: Dims, first: int = 0) -> Array:
        """Elements of an array, from the one numbered `first`, in the same order."""
        return Array(of.root, of.offset + first * size_of(of.dtype), of.dtype, dims)

    def apply(
        self, what: Instruction, operands: Sequence[Array], results: Sequence[tuple[str, Dims]]
    ) -> list[Array]:
        """The results, types and sizes as given, of an instruction on some of the operands."""
        made = [self._new(*result) for result in results]
        self._applied.append(_Applied(what, made, [operands[i] for i in what.inputs]))
        return made

    def output(self, value: Array) -> None:
        """Give an array out; one may be given out several times."""
        self._outputs.append(value)

    def program(self, fallback: Callable[..., Any]) -> Callable[..., Any]:
        """The program as a function of its inputs, giving a tensor or, for several, a tuple."""
        native = call_type()
        assert native is not None, "the native library was not built"
        kept = _Memory()
        place = self._places(kept)
        slots: dict[tuple[int, int], int] = {}

        def slot(value: Array) -> int:
            buffer, offset = place[value.root]
            return slots.setdefault((buffer, offset + value.offset), len(slots))

        code = array.array("q")
        for applied in self._applied:
            code.extend(_words(applied, slot, kept, slots))
        assert len(slots) <= _MOST_SLOTS, "a bundle has too many arrays"
        table = (_Slot * max(len(slots), 1))(*(_Slot(*at) for at in slots))
        bundle = _Bundle(code.buffer_info()[0], ctypes.addressof(table), len(code), len(slots))
        kept.things += [code, table, bundle, *self._constants.values()]
        return native(
            _run_address(),
            torch.Tensor.__dlpack_c_exchange_api__,
            torch.Tensor,
            fallback,
            ctypes.addressof(bundle),
            kept,
            _expected(self._inputs),
            _expected(self._outputs),
        )

    def _places(self, kept: _Memory) -> dict[int, tuple[int, int]]:
        """Buffer and offset of each root; what is given out is computed where it is to be."""
        place = {a.root: (i, 0) for i, a in enumerate(self._inputs)}
        for root, value in self._constants.items():
            place[root] = (-1, value.data_ptr())
        for i, value in enumerate(self._outputs, len(self._inputs)):
            if value.root not in place and self._sizes[value.root] == value.size_bytes:
                place[value.root] = (i, 0)
                continue
            target = self._new(value.dtype, value.dims)
            place[target.root] = (i, 0)
            copy = Instruction("copy", (0,), (value.size_bytes,))
            self._applied.append(_Applied(copy, [target], [value]))
        for root, size in enumerate(self._sizes):
            if root not in place:
                place[root] = (-1, kept.take(size))
        return place


class _Memory:
    """What a program refers to by address, kept for as long as it lives."""

    def __init__(self) -> None:
        self.things: list[Any] = []

    def take(self, size: int) -> int:
        """The address of so many bytes."""
        memory = ctypes.create_string_buffer(size + _ALIGNMENT)
        self.things.append(memory)
        return -(-ctypes.addressof(memory) // _ALIGNMENT) * _ALIGNMENT


def _words(
    applied: _Applied, slot: Callable[[Array], int], kept: _Memory, slots: dict[Any, int]
) -> list[int]:
    """An instruction as src/bundle.h says."""
    what, outputs, inputs = applied
    params = list(what.params)
    if what.program is not None:
        kept.things.append(what.program)
        params.insert(0, what.program.address)
    scratch = -1
    if what.scratch:
        scratch = slots.setdefault((-1, kept.take(what.scratch)), len(slots))
    arrays = [*outputs, *inputs]
    words = [_NUMBER[what.code], scratch, len(outputs), len(inputs)]
    words += [slot(a) for a in arrays]
    words += [TYPES.index(a.dtype) for a in arrays]
    words += params
    return [len(words) + 1, *words]


def _expected(arrays: list[Array]) -> bytes:
    words: list[int] = []
    for a in arrays:
        size, kind = _TYPES[a.dtype]
        words += [kind, 8 * size, len(a.dims), *a.dims]
    return array.array("q", words).tobytes()


@functools.cache
def _run_address() -> int:
    return ctypes.cast(library().tailrace_bundle_run, ctypes.c_void_p).value or 0  # type: ignore[union-attr]


# -- instructions that take more than a line -------------------------------------------------------


def gather(table: Sequence[int], places: Sequence[int], axis: int, dtype: str) -> Instruction:
    """The entries of the first input, of sizes `table`, along an axis that the second names."""
    before, after = prod(table[:axis]), prod(table[axis + 1 :])
    params = (before, table[axis], after * size_of(dtype), prod(places))
    return Instruction("gather", (0, 1), params)


def joined(parts: Sequence[Sequence[int]], axis: int, dtype: str) -> Instruction:
    """The inputs, of these sizes, one behind the other along an axis; or, of equal sizes, side by
    side along a new one."""
    rows = prod(parts[0][:axis])
    lengths = (prod(part[axis:]) * size_of(dtype) for part in parts)
    return Instruction("concat", tuple(range(len(parts))), (rows, *lengths))


def reduction(name: str, dims: Sequence[int], axes: Sequence[int]) -> Instruction | None:
    """The sum, or what `REDUCTIONS` names, along neighbouring axes; None for others and for more
    numbers than are few."""
    first, last = min(axes, default=0), max(axes, default=-1)
    if not axes or len(set(axes)) != last - first + 1 or prod(dims) > MANY:
        return None
    sizes = prod(dims[:first]), prod(dims[first : last + 1]), prod(dims[last + 1 :])
    return Instruction("reduce", (0,), (REDUCTIONS[name], *sizes))


def along(code: str, dims: Sequence[int], axis: int, *flags: int) -> Instruction | None:
    """What works along an axis, with its first parameters; None for many numbers."""
    if prod(dims) > MANY:
        return None
    sizes = prod(dims[:axis]), dims[axis], prod(dims[axis + 1 :])
    return Instruction(code, (0,), (*flags, *sizes))


def product(rows: int, depth: int, columns: int) -> Instruction | None:
    """A matrix product; None where it is too large to gain."""
    if rows * depth * columns > _MOST_MULTIPLIED or rows > _MOST_ROWS:
        return None
    return Instruction("product", (0, 1), (rows, depth, columns))


def strided(dims: Dims, strides: Sequence[int], dtype: str) -> Instruction:
    """The elements of a view with these strides (in elements) laid one after another."""
    size = size_of(dtype)
    merged = [n for d, s in zip(dims, strides, strict=True) for n in (d, s * size)]
    return Instruction("strided", (0,), (size, len(dims), *merged))


def elementwise(
    program: fusion.Assembled,
    operands: Sequence[Dims],
    result: Sequence[int | None],
    split: int = -1,
) -> Instruction | None:
    """An element-wise program on operands of these sizes, broadcast to the result's; None where
    they do not form a matrix with broadcast rows or columns. Of a program that has a split, the
    dimensions before are the rows."""
    rank = max(map(len, operands), default=-1)
    full = [(1,) * (rank - len(dims)) + tuple(dims) for dims in operands]
    dims = [max(sizes) for sizes in zip(*full, strict=True)]
    if len(operands) > MOST_TENSORS or rank != len(result) or dims != list(result):
        return None
    found = _as_matrix(full, dims, split)
    if found is None:
        return None
    sizes, strides = found
    params = (sizes[1], sizes[0], *(n for column, row in strides for n in (row, column)))
    return Instruction("fuse", tuple(range(len(operands))), params, program=program)


def _as_matrix(
    operands: list[Dims], dims: list[int], split: int
) -> tuple[list[int], list[list[int]]] | None:
    """Columns and rows, and for each operand the strides along both."""
    steps = []
    for own in operands:
        lengths = [prod(own[d + 1 :]) for d in range(len(own))]
        steps.append([0 if n == 1 else s for n, s in zip(own, lengths, strict=True)])
    if split < 0:
        found = _merged(steps, dims, range(len(dims)))
    else:
        columns = _merged(steps, dims, range(split, len(dims)))
        rows = _merged(steps, dims, range(split))
        if len(columns) > 1 or len(rows) > 1:
            return None
        found = [*(columns or [(1, [0] * len(steps))]), *rows]
    if len(found) > 2 or (found and any(s > 1 for s in found[0][1])):
        return None
    found += [(1, [0] * len(steps))] * (2 - len(found))
    return [size for size, _ in found], [list(s) for s in zip(*(s for _, s in found), strict=True)]


def _merged(steps: list[list[int]], dims: list[int], among: range) -> list[tuple[int, list[int]]]:
    """Size and operands' strides of as few dimensions as do, the innermost first."""
    found: list[tuple[int, list[int]]] = []
    for d in reversed(among):
        along = [own[d] for own in steps]
        if dims[d] == 1:
            continue
        if found and all(s == t * found[-1][0] for s, t in zip(along, found[-1][1], strict=True)):
            found[-1] = found[-1][0] * dims[d], found[-1][1]
        else:
            found.append((dims[d], along))
    return found
