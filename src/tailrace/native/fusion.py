"""Element-wise programs: chains of operations run block by block in one native call.

    w = Writer(4)
    x, y = w.input("float32"), w.input("float32")
    w.output(w.apply("tanh", w.apply("mul", x, y)))
    f = w.program(fallback)
    f(torch.ones(3), torch.tensor(2.0))

Inputs broadcast against each other as usual; every output, or what it is reduced from, has the
sizes all inputs broadcast to, or `fallback` is called instead, as it is for tensors that are not on
the CPU or of other types. Sizes are looked at in each call. `src/fuse.h` says what instructions
there are.

What is reduced is the same to the last bit for any number of threads; numbers are added in pairs,
so that what is rounded off grows with the logarithm of their number.
"""

from __future__ import annotations

import array
import ctypes
import functools
import struct
from collections.abc import Callable, Sequence
from typing import Any

import torch

from tailrace.native.loader import library

# as `FuseCode` of src/fuse.h numbers them
CODES = (
    *("neg", "abs", "square", "sqrt", "rsqrt", "reciprocal", "exp", "expm1", "log", "log1p"),
    *("tanh", "sigmoid", "relu", "relu6", "elu", "softplus", "sign", "floor", "ceil", "round"),
    *("is_nan", "is_inf", "is_finite"),
    *("add", "sub", "mul", "div", "max", "min", "squared_difference", "div_no_nan"),
    *("mul_no_nan", "tanh_grad", "sigmoid_grad", "sqrt_grad", "rsqrt_grad", "reciprocal_grad"),
    *("relu_grad", "relu6_grad", "elu_grad", "softplus_grad"),
    *("less", "less_equal", "equal", "not_equal"),
    *("int_neg", "int_abs", "int_square", "int_add", "int_sub", "int_mul", "int_max", "int_min"),
    *("int_less", "int_less_equal", "int_equal", "int_not_equal"),
    *("and", "or", "not_same", "same", "not"),
    *("select", "zero", "float_to_int", "int_to_float", "mask_to_float", "mask_to_int"),
    *("float_to_mask", "int_to_mask", "load_mask", "store_mask"),
    *("sum", "largest", "smallest"),
)
_NUMBER = {name: i for i, name in enumerate(CODES)}

# Element types: what their lanes are, and DLPack's kind and bits.
_TYPES = {
    "float32": ("float", 2, 32),
    "float64": ("float", 2, 64),
    "int32": ("int", 0, 32),
    "int64": ("int", 0, 64),
    "bool": ("mask", 6, 8),
}

_COMPARISONS = ("less", "less_equal", "equal", "not_equal")
_FLOAT_UNARY, _FLOAT_BINARY = CODES[:20], CODES[23:41]


def _instructions() -> dict[str, dict[tuple[str, ...], tuple[str, str]]]:
    """Operation -> kinds of its operands -> instruction and kind of the result."""
    table: dict[str, dict[tuple[str, ...], tuple[str, str]]] = {
        name: {("float",): (name, "float")} for name in _FLOAT_UNARY
    }
    table.update({n: {("float",): (n, "mask")} for n in ("is_nan", "is_inf", "is_finite")})
    table.update({name: {("float", "float"): (name, "float")} for name in _FLOAT_BINARY})
    for name in _COMPARISONS:
        table[name] = {
            ("float", "float"): (name, "mask"),
            ("int", "int"): (f"int_{name}", "mask"),
        }
    table["equal"]["mask", "mask"] = ("same", "mask")
    table["not_equal"]["mask", "mask"] = ("not_same", "mask")
    for name in ("neg", "abs", "square"):
        table[name]["int",] = (f"int_{name}", "int")
    for name in ("add", "sub", "mul", "max", "min"):
        table[name]["int", "int"] = (f"int_{name}", "int")
    table["and"] = {("mask", "mask"): ("and", "mask")}
    table["or"] = {("mask", "mask"): ("or", "mask")}
    table["not"] = {("mask",): ("not", "mask")}
    for kind in ("float", "int", "mask"):
        table.setdefault("select", {})["mask", kind, kind] = ("select", kind)
        table.setdefault("zero", {})[kind,] = ("zero", kind)
        for other in ("float", "int", "mask"):
            if other != kind:
                # "to_float" and so on: a cast
                table.setdefault(f"to_{kind}", {})[other,] = (f"{other}_to_{kind}", kind)
    return table


INSTRUCTIONS = _instructions()
# the same comparison with its operands changed over; sums of any number of terms
_SWAPPED = {"greater": "less", "greater_equal": "less_equal"}
_REPEATED = ("add", "mul", "max", "min")

# what can be reduced: the instruction before, if any, the reduction and, as `FuseEnd` of src/fuse.h
# numbers it, what becomes of the result
_REDUCTIONS = {
    "sum": ("", "sum", 0),
    "mean": ("", "sum", 1),
    "half_squares": ("square", "sum", 2),
    "max": ("", "largest", 0),
    "min": ("", "smallest", 0),
}
# as `FuseForm` of src/fuse.h: what an output has a number for
_EACH, _ALONE, _OF_ROWS, _OF_COLUMNS = range(4)
_WHOLE = _EACH, 0, 0, 0  # how an output is reduced that is not: see `Writer`

MOST_INPUTS = 64
MOST_OUTPUTS = 64


def lane_bytes(dtypes: Sequence[str]) -> int | None:
    """The width of lanes that tensors of these types have together; 0 for masks alone, None when
    they cannot be in one program."""
    found = 0
    for dtype in dtypes:
        if dtype not in _TYPES:
            return None
        _, _, bits = _TYPES[dtype]
        width = 0 if dtype == "bool" else bits // 8
        if found and width and width != found:
            return None
        found = found or width
    return found


def can_apply(operation: str, dtypes: Sequence[str], result: str) -> bool:
    """Whether a program can do an operation on tensors of these types, giving type `result`."""
    if lane_bytes([*dtypes, result]) is None:
        return False
    kinds = [_TYPES[dtype][0] for dtype in dtypes]
    if operation in _REPEATED and len(kinds) > 2:
        kinds = kinds[:2]
    found = INSTRUCTIONS.get(_SWAPPED.get(operation, operation), {}).get(tuple(kinds))
    return found is not None and found[1] == _TYPES[result][0]


def can_reduce(reduction: str, dtype: str) -> bool:
    """Whether a program can reduce tensors of this type so."""
    return reduction in _REDUCTIONS and dtype in ("float32", "float64")


def split_of(axes: Sequence[int], rank: int) -> int | None:
    """Where a program that reduces these axes of `rank` has to be split into rows and columns.

    It is -1 if that is all the same, None where it cannot be.
    """
    if len(axes) == rank:
        return -1
    if not axes or list(axes) != list(range(axes[0], axes[0] + len(axes))):
        return None
    if axes[0] == 0:
        return len(axes)
    return axes[0] if axes[-1] == rank - 1 else None


@functools.cache
def call_type() -> Any:
    """The class of native programs, or None where there is none to be had."""
    api = getattr(torch.Tensor, "__dlpack_c_exchange_api__", None)
    if library() is None or api is None:
        return None
    try:
        from tailrace.native._fused_call import Program
    except ImportError:
        return None
    return Program


class _FuseProgram(ctypes.Structure):
    _fields_ = (
        *((n, ctypes.c_int32) for n in ("lane_bytes", "inputs", "constants", "outputs")),
        *((n, ctypes.c_int32) for n in ("temporaries", "instructions", "reductions")),
        *((n, ctypes.c_void_p) for n in ("input_bytes", "output_bytes", "output_forms")),
        *((n, ctypes.c_void_p) for n in ("output_ends", "output_codes", "constant_bits", "code")),
    )


class Assembled:
    """A program in memory, as `FuseProgram` of src/fuse.h; `address` is where it is."""

    def __init__(
        self,
        lane_bytes: int,
        inputs: list[int],
        outputs: list[int],
        constants: list[int],
        temporaries: int,
        code: list[int],
        reduced: Sequence[tuple[int, int, int]],
    ) -> None:
        """Sizes of elements of `inputs` and `outputs`; `reduced` says how outputs are reduced."""
        forms, ends, codes = zip(*reduced, strict=True)
        self._parts = (
            *(array.array("B", each) for each in (inputs, outputs, forms, ends, codes)),
            array.array("Q", constants),
            array.array("H", code),
        )
        counts = len(inputs), len(constants), len(outputs), temporaries, len(code) // 5
        counts += (sum(form != _EACH for form in forms),)
        addresses = (part.buffer_info()[0] for part in self._parts)
        self._program = _FuseProgram(lane_bytes, *counts, *addresses)
        self.address = ctypes.addressof(self._program)


class Writer:
    """Writes a program whose lanes have `lane_bytes` bytes. Values are named by numbers.

    Where it reduces some of the axes, these are the axes before `split`, or all others.
    """

    def __init__(self, lane_bytes: int, split: int = -1) -> None:
        self._lane_bytes = lane_bytes
        self._split = split
        self._inputs: list[str] = []
        self._constants: list[int] = []
        self._outputs: list[int] = []
        self._kinds: list[str] = []  # of each value
        # of each value: ("input", i), ("constant", i) or instruction and operands
        self._made: list[tuple[Any, ...]] = []
        # form, end and reduction of what is reduced, and whether its axes are kept
        self._reduced: dict[int, tuple[int, int, int, int]] = {}

    def _value(self, kind: str, *made: Any) -> int:
        self._kinds.append(kind)
        self._made.append(made)
        return len(self._made) - 1

    def input(self, dtype: str) -> int:
        """The next input."""
        self._inputs.append(dtype)
        kind = _TYPES[dtype][0]
        value = self._value(kind, "input", len(self._inputs) - 1)
        return self._value("mask", "load_mask", value) if kind == "mask" else value

    def constant(self, value: float, dtype: str) -> int:
        """A number."""
        kind = _TYPES[dtype][0]
        wide = self._lane_bytes == 8
        if kind == "float":
            bits = struct.pack("d" if wide else "f", value)
        elif kind == "int":
            bits = struct.pack("q" if wide else "i", int(value))
        else:
            bits = (b"\xff" if value else b"\x00") * self._lane_bytes
        self._constants.append(int.from_bytes(bits.ljust(8, b"\0"), "little"))
        return self._value(kind, "constant", len(self._constants) - 1)

    def apply(self, operation: str, *operands: int) -> int:
        """The result of an operation; see `can_apply`."""
        if operation in _SWAPPED:
            return self.apply(_SWAPPED[operation], *reversed(operands))
        if operation in _REPEATED and len(operands) > 2:
            return self.apply(operation, self.apply(operation, *operands[:-1]), operands[-1])
        code, kind = INSTRUCTIONS[operation][tuple(self._kinds[v] for v in operands)]
        return self._value(kind, code, *operands)

    def reduce(self, reduction: str, value: int, axes: Sequence[int], rank: int, keep: bool) -> int:
        """The value reduced along axes of its `rank`, see `can_reduce` and `split_of`.

        With `keep` the axes stay, of size 1. The result can be given out and nothing else.
        """
        before, code, end = _REDUCTIONS[reduction]
        form = _ALONE
        if len(axes) < rank:
            form = _OF_COLUMNS if axes[0] == 0 else _OF_ROWS
        value = self.apply(before, value) if before else value
        made = self._value("float", code, value)
        self._reduced[made] = (form, end, _NUMBER[code] - _NUMBER["sum"], int(keep))
        return made

    def output(self, value: int) -> None:
        """Give a value out. It must come of an instruction, and is given out once."""
        self._outputs.append(value)

    def program(
        self, fallback: Callable[..., Any], reuse: Sequence[int | None] = ()
    ) -> Callable[..., Any]:
        """The program as a function of its inputs, giving a tensor or, for several outputs,
        a tuple.

        `reuse` names for each output the input whose memory it may take if it has the same sizes.
        """
        native = call_type()
        assert native is not None, "the native library was not built"
        code, temporaries, order = self._assembled()
        return native(
            _run_address(),
            torch.Tensor.__dlpack_c_exchange_api__,
            torch.Tensor,
            fallback,
            torch.get_num_threads,
            self._lane_bytes,
            temporaries,
            self._split,
            bytes(n for dtype in self._inputs for n in _TYPES[dtype][1:]),
            bytes(n for value in self._outputs for n in self._type(value)),
            bytes(n for v in self._outputs for n in self._reduced.get(v, _WHOLE)),
            array.array("Q", self._dependencies()).tobytes(),
            array.array("b", self._reusable(reuse, order)).tobytes(),
            array.array("Q", self._constants).tobytes(),
            array.array("H", code).tobytes(),
        )

    def assembled(self) -> Assembled:
        """The program as `src/fuse.h` has it, for native code that calls it."""
        code, temporaries, _ = self._assembled()
        return Assembled(
            self._lane_bytes,
            [_TYPES[dtype][2] // 8 for dtype in self._inputs],
            [self._type(value)[1] // 8 for value in self._outputs],
            self._constants,
            temporaries,
            code,
            [self._reduced.get(value, _WHOLE)[:3] for value in self._outputs],
        )

    def _type(self, value: int) -> tuple[int, int]:
        kind = self._kinds[value]
        if kind == "mask":
            return _TYPES["bool"][1:]
        return (2 if kind == "float" else 0), 8 * self._lane_bytes

    def _dependencies(self) -> list[int]:
        """The inputs each output depends on, a bit each."""
        bits: list[int] = []
        for code, *operands in self._made:
            if code == "input":
                bits.append(1 << operands[0])
            elif code == "constant":
                bits.append(0)
            else:
                bits.append(functools.reduce(int.__or__, (bits[v] for v in operands)))
        return [bits[v] for v in self._outputs]

    def _reusable(self, reuse: Sequence[int | None], order: list[tuple[Any, ...]]) -> list[int]:
        """`reuse`, -1 where an input is read after the output is written."""
        last_read: dict[int, int] = {}
        written: dict[int, int] = {}
        for position, (value, operands) in enumerate(order):
            written[value] = position
            for operand in operands:
                code, *index = self._made[operand]
                if code == "input":
                    last_read[index[0]] = position
        allowed: list[int] = []
        for value, source in zip(self._outputs, reuse, strict=False):
            each = self._kinds[value] != "mask" and value not in self._reduced
            fits = source is not None and source not in allowed and each
            if fits and last_read.get(source, -1) <= written[value]:  # type: ignore[arg-type]
                allowed.append(source)  # type: ignore[arg-type]
            else:
                allowed.append(-1)
        return allowed + [-1] * (len(self._outputs) - len(allowed))

    def _assembled(self) -> tuple[list[int], int, list[tuple[Any, ...]]]:
        """Instructions of five numbers, how many temporaries there are, and (value, operands) in
        order."""
        order = [
            (value, operands)
            for value, (code, *operands) in enumerate(self._made)
            if code not in ("input", "constant")
        ]
        places = _Places(self._made, len(self._inputs), len(self._constants), len(self._outputs))
        for index, value in enumerate(self._outputs):
            if self._kinds[value] != "mask":
                places.fixed[value] = places.first_output + index
        places.count_uses(order, self._outputs)
        words: list[int] = []
        for value, operands in order:
            at = [places.of(v) for v in operands]
            for operand in operands:
                places.used(operand)
            out = places.new(value)
            words += [_NUMBER[self._made[value][0]], out, *(at + [at[0]] * 3)[:3]]
            if self._kinds[value] == "mask" and value in self._outputs:
                given = places.first_output + self._outputs.index(value)
                words += [_NUMBER["store_mask"], given, out, out, out]
            places.used(value)
        return words, places.most, order


class _Places:
    """Where values are: operands by number, temporaries taken again once they are free."""

    def __init__(self, made: list[tuple[Any, ...]], *counts: int) -> None:
        inputs, constants, outputs = counts
        self.first_output = inputs + constants
        self._first_temporary = inputs + constants + outputs
        self.fixed = {
            value: index if code == "input" else inputs + index
            for value, (code, index, *_) in enumerate(made)
            if code in ("input", "constant")
        }
        self._uses: dict[int, int] = {}
        self._free: list[int] = []
        self.most = 0

    def count_uses(self, order: list[tuple[Any, ...]], outputs: list[int]) -> None:
        for value, operands in order:
            # one for being made, so that what nothing uses is free afterwards
            self._uses[value] = self._uses.get(value, 0) + 1
            for operand in operands:
                self._uses[operand] = self._uses.get(operand, 0) + 1

    def of(self, value: int) -> int:
        return self.fixed[value]

    def new(self, value: int) -> int:
        if value not in self.fixed:
            if self._free:
                self.fixed[value] = self._free.pop()
            else:
                self.fixed[value] = self._first_temporary + self.most
                self.most += 1
        return self.fixed[value]

    def used(self, value: int) -> None:
        self._uses[value] -= 1
        if not self._uses[value] and self.fixed[value] >= self._first_temporary:
            self._free.append(self.fixed[value])


@functools.cache
def _run_address() -> int:
    return ctypes.cast(library().tailrace_fuse_run, ctypes.c_void_p).value or 0  # type: ignore[union-attr]
