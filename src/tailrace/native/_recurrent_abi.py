"""The structures of src/recurrent.h, field for field, and calls of the kernels with them."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace
from typing import Any

import torch

from tailrace.native import _recurrent_aten
from tailrace.native.loader import library

PARTITIONS = {"auto": 0, "rows": 1, "units": 2}


class Sizes(ctypes.Structure):
    """How large everything is, and how the work is divided."""

    _fields_ = (
        ("steps", ctypes.c_int64),
        ("batch", ctypes.c_int64),
        ("hidden", ctypes.c_int64),
        ("projected", ctypes.c_int64),
        ("threads", ctypes.c_int32),
        ("partition", ctypes.c_int32),
    )


class StateMask(ctypes.Structure):
    """Factors of the states, and the room for them as they are without."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("outputs", ctypes.c_void_p),
        ("step_stride", ctypes.c_int64),
        ("row_stride", ctypes.c_int64),
    )


def _structure(name: str, pointers: str, more: str = "", **numbers: type) -> type[ctypes.Structure]:
    fields = [("sizes", Sizes), *((field, ctypes.c_void_p) for field in pointers.split())]
    fields += [*numbers.items(), ("mask", StateMask)]
    fields += [(field, ctypes.c_void_p) for field in more.split()]
    return type(name, (ctypes.Structure,), {"_fields_": fields})


Lstm = _structure(
    "Lstm",
    "gates wh bias hs cs lengths peephole_i peephole_f peephole_o projection unprojected "
    "dout dh_last dh_first dc dprojected",
    "dcs",
    forget_bias=ctypes.c_double,
    cell_clip=ctypes.c_double,
    projection_clip=ctypes.c_double,
    activation=ctypes.c_int32,
)
Gru = _structure(
    "Gru",
    "gates candidate recurrent wh_gates wh_candidate bias_gates bias_candidate bias_recurrent "
    "hs lengths dout dh_last dh_first",
    reset_after=ctypes.c_int32,
    activation=ctypes.c_int32,
)
Rnn = _structure("Rnn", "gates wh bias hs lengths dout dh_last dh_first", activation=ctypes.c_int32)
# src/normed.h
Normed = _structure(
    "Normed",
    "gates wh hs cs statistics gammas betas lengths dout dcs dh_last dh_first dc dscales",
    forget_bias=ctypes.c_double,
    epsilon=ctypes.c_double,
    activation=ctypes.c_int32,
)
_STRUCTURES = {"lstm": Lstm, "gru": Gru, "rnn": Rnn, "normed": Normed}
ACTIVATIONS = {"tanh": 0, "relu": 1, "sigmoid": 2}


class Mask:
    """`factors` [T,B,H], of which steps or rows may be repeated (stride 0), and `outputs` [T,B,H],
    where a kernel looks at them."""

    def __init__(self, factors: torch.Tensor, outputs: torch.Tensor | None = None) -> None:
        self.factors = factors
        self.outputs = outputs

    def structure(self, dtype: torch.dtype) -> StateMask:
        """As the kernels take them."""
        step, row, unit = self.factors.stride()
        assert self.factors.dtype is dtype
        assert unit == 1 or self.factors.shape[2] == 1
        made = StateMask(data=self.factors.data_ptr(), step_stride=step, row_stride=row)
        if self.outputs is not None:
            assert self.outputs.dtype is dtype
            assert self.outputs.is_contiguous()
            made.outputs = self.outputs.data_ptr()
        return made


def call(name: str, dtype: torch.dtype, sizes: Sizes, fields: dict[str, Any]) -> None:
    """Calls the library's `name` for this dtype; tensors among `fields` go as their addresses.

    Every tensor must be contiguous; all but int32 ones have the dtype.
    """
    loaded = library()
    assert loaded is not None
    arguments = _STRUCTURES[name.partition("_")[0]](sizes=sizes)
    for field, value in fields.items():
        if isinstance(value, Mask):
            value = value.structure(dtype)
        elif isinstance(value, torch.Tensor):
            assert value.is_contiguous(), field
            assert value.dtype in (dtype, torch.int32), field
            value = value.data_ptr()
        if value is not None:
            setattr(arguments, field, value)
    suffix = "f32" if dtype == torch.float32 else "f64"
    getattr(loaded, f"tailrace_{name}_{suffix}")(ctypes.byref(arguments))


def run(
    name: str,
    sizes: tuple[int, int, int, int],
    threads: int | None,
    partition: str,
    **fields: Any,
) -> None:
    """Runs a kernel; sizes are T, B, H and P, fields those of its structure."""
    dtype = fields["hs"].dtype
    there = library() is not None and fields["hs"].is_cpu
    if not there or dtype not in (torch.float32, torch.float64):
        call_aten(name, fields)
        return
    count = torch.get_num_threads() if threads is None else threads
    call(name, dtype, Sizes(*sizes, count, PARTITIONS[partition]), fields)


def states(first: torch.Tensor, steps: int) -> torch.Tensor:
    """Room for the states of all steps, the first one filled in."""
    made = first.new_empty((steps + 1, *first.shape))
    made[0] = first
    return made


def call_aten(name: str, fields: dict[str, Any]) -> None:
    """The same by PyTorch, for any floating dtype."""
    names = (field for field, *_ in _STRUCTURES[name.partition("_")[0]]._fields_)
    getattr(_recurrent_aten, name)(SimpleNamespace(**(dict.fromkeys(names) | fields)))
