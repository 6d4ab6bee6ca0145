"""Recurrent layers by cuDNN, through ATen: all steps, and the inputs' products, in one call.

What cuDNN computes are PyTorch's `LSTM`, `GRU` and `RNN`. For each direction it is given W [G H,I],
R [G H,H], b and d [G H], weights of the inputs and of the state, and biases of both. The gates of
an LSTM are in the order i f j o, those of a GRU r u c, the latter with d inside of what r
multiplies. TensorFlow has columns in the order i j f o, one bias, and a number to add to that of f
(`forget_bias`): `sequence` and `sequence_gradient` turn one into the other. ATen puts the weights
into cuDNN's own layout.

Shapes: T steps, B batch, I inputs, H hidden, G gates. All tensors are of one type, half precision,
float32 or float64.

Source: PyTorch aten/src/ATen/native/cudnn/RNN.cpp; NVIDIA, cuDNN API (cudnnRNNMode_t).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

# types of devices whose recurrent networks are cuDNN's
DEVICES = {"cuda"}
GATES = {"rnn_relu": 1, "rnn_tanh": 1, "lstm": 4, "gru": 3}
_MODES = {"rnn_relu": 0, "rnn_tanh": 1, "lstm": 2, "gru": 3}

_forward = torch.ops.aten._cudnn_rnn.default
_backward = torch.ops.aten._cudnn_rnn_backward.default


def serves(device: torch.device) -> bool:
    """Whether there is a cuDNN for a device."""
    return device.type in DEVICES and (device.type != "cuda" or torch.backends.cudnn.is_available())


def run(
    mode: str,
    x: Tensor,
    weights: list[Tensor],
    h: Tensor,
    c: Tensor | None,
    *,
    training: bool,
    bidirectional: bool = False,
    batch_sizes: Any = (),
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """One layer; `weights` are W, R, b, d for each direction.

    Shapes: x [T,B,I], h and c [directions,B,H]; packed with `batch_sizes`, x is [sum of them, I].
    Returns the states after each step, the last h and c, and, for the way back, what cuDNN keeps
    and the weights as it has them. With `training`, there is a way back.
    """
    directions = 2 if bidirectional else 1
    per_direction = len(weights) // directions
    sizes = (_MODES[mode], h.shape[2], 0, 1)
    options = (False, 0.0, training, bidirectional, list(batch_sizes), None)
    first = h.contiguous(), None if c is None else c.contiguous()
    return _forward(x.contiguous(), weights, per_direction, None, *first, *sizes, *options)


def gates_in_order(x: Tensor) -> Tensor:
    """The second and third quarter of the last axis in each other's place: of an LSTM's gates, from
    TensorFlow's order to PyTorch's, and back.
    """
    i, second, third, o = x.chunk(4, -1)
    return torch.cat((i, third, second, o), -1)


def sequence(
    mode: str,
    x: Tensor,
    wx: Tensor,
    wh: Tensor,
    bias: Tensor | None,
    h0: Tensor,
    c0: Tensor | None,
    *,
    forget_bias: float = 0.0,
    training: bool = True,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A layer with TensorFlow's weights.

    Shapes: x [T,B,I], wx [I,G H], wh [H,G H], bias [G H], h0 and c0 [B,H].
    Returns hs [T+1,B,H], the initial state first, the last c [B,H] (empty where there is none), and
    what `sequence_gradient` needs: what cuDNN keeps, and the weights as it has them.
    """
    if not x.shape[0] * x.shape[1]:
        hs = h0.expand(len(x) + 1, *h0.shape).contiguous()
        return hs, h0.new_empty(0) if c0 is None else c0, *_nothing(x)
    b = wx.new_zeros(wx.shape[1]) if bias is None else bias
    columns = [wx, wh, b]
    if mode == "lstm":
        columns = [gates_in_order(part) for part in columns]
        if forget_bias:
            columns[2].narrow(0, h0.shape[1], h0.shape[1]).add_(forget_bias)
    w, r, b = columns
    weights = [w.t(), r.t(), b, torch.zeros_like(b)]
    y, _, c_last, kept, packed = run(
        mode, x, weights, h0[None], None if c0 is None else c0[None], training=training
    )
    return torch.cat((h0[None], y)), c_last if c0 is None else c_last[0], kept, packed


def _nothing(x: Tensor) -> tuple[Tensor, Tensor]:
    """What is kept of no steps, or of no sequences."""
    return x.new_empty(0, dtype=torch.uint8), x.new_empty(0)


def sequence_gradient(
    mode: str,
    dout: Tensor | None,
    dh_last: Tensor | None,
    dc_last: Tensor | None,
    x: Tensor,
    h0: Tensor,
    c0: Tensor | None,
    hs: Tensor,
    kept: Tensor,
    packed: Tensor,
    *,
    of_weights: bool = True,
) -> tuple[Tensor, ...]:
    """The gradients of x, wx, wh, bias, h0 and c0 from those of the states after each step and of
    the last ones; those of weights are empty unless `of_weights`. Writes over `kept`.
    """
    inputs, hidden, width = x.shape[2], h0.shape[1], GATES[mode] * h0.shape[1]
    shapes = [(width, inputs), (width, hidden), (width,), (width,)]
    if not x.shape[0] * x.shape[1]:
        weights = [x.new_zeros(shape) for shape in shapes]
        dh = torch.zeros_like(h0) if dh_last is None else dh_last
        dc = x.new_empty(0) if c0 is None else torch.zeros_like(c0) if dc_last is None else dc_last
        return torch.zeros_like(x), *_columns(mode, weights), dh, dc
    # ATen looks at their sizes alone
    weights = [packed.new_empty(shape) for shape in shapes]
    first = h0[None].contiguous(), None if c0 is None else c0[None].contiguous()
    arriving = [_of_layer(dh_last), _of_layer(dc_last)]
    mask = [True, True, c0 is not None, of_weights]
    dx, dh, dc, found = _backward(
        x.contiguous(),
        weights,
        len(weights),
        packed,
        *first,
        hs[1:],
        dout,
        *arriving,
        _MODES[mode],
        hidden,
        0,
        1,
        False,
        0.0,
        True,
        False,
        [],
        None,
        kept,
        mask,
    )
    of = _columns(mode, found) if of_weights else (x.new_empty(0),) * 3
    return dx, *of, dh[0], x.new_empty(0) if c0 is None else dc[0]


def _of_layer(state: Tensor | None) -> Tensor | None:
    return None if state is None else state[None].contiguous()


def _columns(mode: str, weights: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """W, R and b as TensorFlow has them."""
    w, r, b = weights[0].t(), weights[1].t(), weights[2]
    if mode == "lstm":
        return gates_in_order(w), gates_in_order(r), gates_in_order(b)
    return w.contiguous(), r.contiguous(), b
