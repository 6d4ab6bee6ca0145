"""What ATen's functions for cuDNN's recurrent networks compute, by PyTorch's networks on the CPU.

The weights are handed back in one vector, from which alone the way back takes them; what the
forward function keeps of its inputs can be used once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

_MODES = ("rnn_relu", "rnn_tanh", "lstm", "gru")


def _network(
    mode: int, x: Tensor, h: Tensor, c: Tensor | None, weights: Sequence[Tensor], facts: Any
) -> tuple[Tensor, ...]:
    """States after each step, last h and, of an LSTM, last c."""
    bidirectional, batch_sizes = facts
    function = getattr(torch, _MODES[mode])
    state = h if c is None else (h, c)
    options = (weights, True, 1, 0.0, False, bidirectional)
    if batch_sizes:
        return function(x, torch.tensor(batch_sizes), state, *options)
    return function(x, state, *options, False)


def forward(
    x: Tensor,
    weight: Sequence[Tensor],
    weight_stride0: int,
    weight_buf: Tensor | None,
    hx: Tensor,
    cx: Tensor | None,
    mode: int,
    hidden_size: int,
    proj_size: int,
    num_layers: int,
    batch_first: bool,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_sizes: Sequence[int],
    dropout_state: Tensor | None,
) -> tuple[Tensor, ...]:
    """`aten::_cudnn_rnn` of one layer."""
    assert (proj_size, num_layers, batch_first, dropout) == (0, 1, False, 0.0)
    assert weight_buf is None
    assert weight_stride0 == 4
    assert (cx is not None) == (_MODES[mode] == "lstm")
    assert hx.is_contiguous()
    assert x.numel(), "cuDNN refuses to compute nothing"
    for w in weight:
        assert w.dtype == x.dtype
    facts = bidirectional, list(batch_sizes)
    y, h, *c = _network(mode, x, hx, cx, list(weight), facts)
    kept = torch.cat([v.reshape(-1) for v in (x, hx, *([] if cx is None else [cx]))])
    reserve = kept.view(torch.uint8).clone() if train else torch.empty(0, dtype=torch.uint8)
    packed = torch.cat([w.reshape(-1) for w in weight])
    return y, h, c[0] if c else h.new_empty(0), reserve, packed


def backward(
    x: Tensor,
    weight: Sequence[Tensor],
    weight_stride0: int,
    weight_buf: Tensor,
    hx: Tensor,
    cx: Tensor | None,
    output: Tensor,
    grad_output: Tensor | None,
    grad_hy: Tensor | None,
    grad_cy: Tensor | None,
    mode: int,
    hidden_size: int,
    proj_size: int,
    num_layers: int,
    batch_first: bool,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_sizes: Sequence[int],
    dropout_state: Tensor | None,
    reserve: Tensor,
    output_mask: Sequence[bool],
) -> tuple[Any, ...]:
    """`aten::_cudnn_rnn_backward` of one layer."""
    assert train, "cuDNN goes back in training mode alone"
    facts = bidirectional, list(batch_sizes)
    with torch.inference_mode(False), torch.enable_grad():
        shapes = [w.shape for w in weight]
        parts = weight_buf.clone().split([shape.numel() for shape in shapes])
        weights = [p.view(s).requires_grad_() for p, s in zip(parts, shapes, strict=True)]
        states = [v for v in (x, hx, cx) if v is not None]
        saved = reserve.clone().view(x.dtype).split([v.numel() for v in states])
        given = [p.view(v.shape).requires_grad_() for p, v in zip(saved, states, strict=True)]
        c = given[2] if cx is not None else None
        made = _network(mode, given[0], given[1], c, weights, facts)
        torch.testing.assert_close(made[0], output.clone())
        arriving = zip(made, (grad_output, grad_hy, grad_cy), strict=False)
        pairs = [(y, dy.clone()) for y, dy in arriving if dy is not None]
        wanted = [*given, *weights]
        found = torch.autograd.grad([y for y, _ in pairs], wanted, [dy for _, dy in pairs])
    reserve.zero_()
    dx, dh, *rest = found
    dc = rest.pop(0) if cx is not None else None
    return dx, dh, dc, rest if output_mask[3] else []
