"""Recurrent layers written plainly, for any dtype and with PyTorch's gradients, to compare with.

With a `mask` [T,B,H], what a step gives is multiplied with it to be the state of the next;
`given` receives what the steps give, zero past a sequence's end.
"""

from __future__ import annotations

import torch
from torch import Tensor


def _keep(lengths: Tensor | None, t: int, new: Tensor, old: Tensor) -> Tensor:
    return new if lengths is None else torch.where((t < lengths)[:, None], new, old)


def _given(
    lengths: Tensor | None, t: int, h: Tensor, mask: Tensor | None, given: list[Tensor] | None
) -> Tensor:
    """What goes on from what step t gives."""
    if mask is None:
        return h
    assert given is not None
    given.append(_keep(lengths, t, h, torch.zeros_like(h)))
    return h * mask[t]


def _clip(x: Tensor, limit: float | None) -> Tensor:
    if limit is None:
        return x
    bound = torch.full_like(x, limit)
    return torch.maximum(torch.minimum(x, bound), -bound)


def lstm(
    gx: Tensor,
    wh: Tensor,
    bias: Tensor | None,
    h: Tensor,
    c: Tensor,
    *,
    forget_bias: float = 1.0,
    lengths: Tensor | None = None,
    peepholes: tuple[Tensor, Tensor, Tensor] | None = None,
    cell_clip: float | None = None,
    projection: Tensor | None = None,
    projection_clip: float | None = None,
    activation: str = "tanh",
    mask: Tensor | None = None,
    given: list[Tensor] | None = None,
) -> tuple[Tensor, Tensor]:
    """States hs and cs, [T+1,B,H], as TF 1.15's LSTMCell has them."""
    hs, cs = [h], [c]
    squash = getattr(torch, activation)
    w_i, w_f, w_o = peepholes or (0.0, 0.0, 0.0)
    for t, x in enumerate(gx):
        z = x + h @ wh + (0 if bias is None else bias)
        i, j, f, o = z.chunk(4, 1)
        new_c = torch.sigmoid(f + forget_bias + w_f * c) * c
        new_c = _clip(new_c + torch.sigmoid(i + w_i * c) * squash(j), cell_clip)
        m = torch.sigmoid(o + w_o * new_c) * squash(new_c)
        if projection is not None:
            m = _clip(m @ projection, projection_clip)
        m = _given(lengths, t, m, mask, given)
        h, c = _keep(lengths, t, m, h), _keep(lengths, t, new_c, c)
        hs.append(h)
        cs.append(c)
    return torch.stack(hs), torch.stack(cs)


def gru(
    gx_gates: Tensor,
    gx_candidate: Tensor,
    wh_gates: Tensor,
    wh_candidate: Tensor,
    bias_gates: Tensor | None,
    bias_candidate: Tensor | None,
    h: Tensor,
    *,
    lengths: Tensor | None = None,
    reset_after: bool = False,
    bias_recurrent: Tensor | None = None,
    activation: str = "tanh",
    mask: Tensor | None = None,
    given: list[Tensor] | None = None,
) -> Tensor:
    """States hs [T+1,B,H], as TF 1.15's GRUCell and CudnnCompatibleGRUCell have them."""
    hs = [h]
    squash = getattr(torch, activation)
    for t, (x, y) in enumerate(zip(gx_gates, gx_candidate, strict=True)):
        gates = torch.sigmoid(x + h @ wh_gates + (0 if bias_gates is None else bias_gates))
        r, u = gates.chunk(2, 1)
        y = y + (0 if bias_candidate is None else bias_candidate)
        inner = 0 if bias_recurrent is None else bias_recurrent
        if reset_after:
            c = squash(y + r * (h @ wh_candidate + inner))
        else:
            c = squash(y + (r * h) @ wh_candidate)
        h = _keep(lengths, t, _given(lengths, t, u * h + (1 - u) * c, mask, given), h)
        hs.append(h)
    return torch.stack(hs)


def rnn(
    gx: Tensor,
    wh: Tensor,
    bias: Tensor | None,
    h: Tensor,
    *,
    activation: str = "tanh",
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    given: list[Tensor] | None = None,
) -> Tensor:
    """States hs [T+1,B,H], as TF 1.15's BasicRNNCell has them."""
    hs = [h]
    for t, x in enumerate(gx):
        new = getattr(torch, activation)(x + h @ wh + (0 if bias is None else bias))
        h = _keep(lengths, t, _given(lengths, t, new, mask, given), h)
        hs.append(h)
    return torch.stack(hs)
