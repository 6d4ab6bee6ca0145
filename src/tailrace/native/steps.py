"""One step of a recurrent cell for one sequence, as generation needs it: LSTM, GRU, plain RNN.

Kernels are whole, [I+H, G H] as TensorFlow stores them, and read in place. Shapes: x [1,I], states
[1,H]; all contiguous. For several sequences at once, or cells with more to them, take `recurrent`
with one step. The equations are those of src/simd/lstm.cpp, gru.cpp and rnn.cpp.
"""

from __future__ import annotations

import ctypes
import functools
from typing import Any

import torch
from torch import Tensor

from tailrace.native.loader import library

_POINTERS = "x h c kernel bias candidate candidate_bias h_next c_next scratch"
ACTIVATIONS = {"tanh": 0, "relu": 1, "sigmoid": 2}
_SUFFIXES = {torch.float32: "f32", torch.float64: "f64"}


class _Step(ctypes.Structure):
    """`StepArgs` of src/step.h."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in _POINTERS.split()),
        ("inputs", ctypes.c_int64),
        ("hidden", ctypes.c_int64),
        ("forget_bias", ctypes.c_double),
        ("activation", ctypes.c_int32),
    )


def lstm_step(
    x: Tensor, h: Tensor, c: Tensor, kernel: Tensor, bias: Tensor | None, forget_bias: float = 1.0
) -> tuple[Tensor, Tensor]:
    """The next h and c; gates in TensorFlow's order i j f o."""
    native = _native("lstm", x.dtype)
    if native is None:
        i, j, f, o = _linear(x, h, kernel, bias).chunk(4, 1)
        c = torch.sigmoid(f + forget_bias) * c + torch.sigmoid(i) * torch.tanh(j)
        return torch.sigmoid(o) * torch.tanh(c), c
    out, memory, scratch = torch.empty_like(h), torch.empty_like(c), h.new_empty(4 * h.shape[1])
    native(
        _Step(
            x.data_ptr(),
            h.data_ptr(),
            c.data_ptr(),
            kernel.data_ptr(),
            _address(bias),
            None,
            None,
            out.data_ptr(),
            memory.data_ptr(),
            scratch.data_ptr(),
            x.shape[1],
            h.shape[1],
            forget_bias,
        )
    )
    return out, memory


def gru_step(
    x: Tensor,
    h: Tensor,
    kernel: Tensor,
    bias: Tensor | None,
    candidate_kernel: Tensor,
    candidate_bias: Tensor | None,
) -> Tensor:
    """The next h of TensorFlow's GRUCell: gates r u, reset before the candidate's product."""
    native = _native("gru", x.dtype)
    if native is None:
        r, u = torch.sigmoid(_linear(x, h, kernel, bias)).chunk(2, 1)
        c = torch.tanh(_linear(x, r * h, candidate_kernel, candidate_bias))
        return u * h + (1 - u) * c
    out, scratch = torch.empty_like(h), h.new_empty(3 * h.shape[1])
    native(
        _Step(
            x.data_ptr(),
            h.data_ptr(),
            None,
            kernel.data_ptr(),
            _address(bias),
            candidate_kernel.data_ptr(),
            _address(candidate_bias),
            out.data_ptr(),
            None,
            scratch.data_ptr(),
            x.shape[1],
            h.shape[1],
        )
    )
    return out


def rnn_step(
    x: Tensor, h: Tensor, kernel: Tensor, bias: Tensor | None, activation: str = "tanh"
) -> Tensor:
    """The next h, act([x, h] kernel + bias), act being "tanh", "relu" or "sigmoid"."""
    native = _native("rnn", x.dtype)
    if native is None:
        return getattr(torch, activation)(_linear(x, h, kernel, bias))
    out, scratch = torch.empty_like(h), torch.empty_like(h)
    native(
        _Step(
            x.data_ptr(),
            h.data_ptr(),
            None,
            kernel.data_ptr(),
            _address(bias),
            None,
            None,
            out.data_ptr(),
            None,
            scratch.data_ptr(),
            x.shape[1],
            h.shape[1],
            0.0,
            ACTIVATIONS[activation],
        )
    )
    return out


@functools.cache
def _native(cell: str, dtype: torch.dtype) -> Any:
    """The library's function, or None where there is none for this dtype."""
    loaded = library()
    if loaded is None or dtype not in _SUFFIXES:
        return None
    function = getattr(loaded, f"tailrace_{cell}_step_{_SUFFIXES[dtype]}")
    # a structure given for a pointer type goes by reference
    function.argtypes = (ctypes.POINTER(_Step),)
    function.restype = None
    return function


def _address(tensor: Tensor | None) -> int | None:
    return None if tensor is None else tensor.data_ptr()


def _linear(x: Tensor, h: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
    y = torch.mm(torch.cat([x, h], 1), kernel)
    return y if bias is None else y + bias
