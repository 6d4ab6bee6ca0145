"""The recurrent kernels by PyTorch, step by step, where the native library does not serve.

Each function fills the tensors of its arguments, named as in src/recurrent.h; None stands for what
is not there. The equations are in src/simd/lstm.cpp, gru.cpp and rnn.cpp.
"""

from __future__ import annotations

import math
from types import SimpleNamespace

import torch
from torch import Tensor

_ACTIVATIONS = (
    (torch.tanh, lambda y: 1 - y * y),
    (torch.relu, lambda y: (y > 0).to(y.dtype)),
    (torch.sigmoid, lambda y: y * (1 - y)),
)


def lstm_forward(a: SimpleNamespace) -> None:
    """Fills hs, cs and unprojected; gates become the activated ones."""
    steps = len(a.gates)
    squash, _ = _ACTIVATIONS[a.activation]
    for t in range(steps):
        h, c = a.hs[t], a.cs[t]
        x = torch.addmm(a.gates[t], h, a.wh)
        if a.bias is not None:
            x += a.bias
        i, j, f, o = x.chunk(4, 1)
        f += a.forget_bias
        if a.peephole_i is not None:
            i += a.peephole_i * c
            f += a.peephole_f * c
        j.copy_(squash(j))
        next_c = f.sigmoid_() * c + i.sigmoid_() * j
        next_c = next_c.clamp_(-a.cell_clip, a.cell_clip)
        if a.peephole_o is not None:
            o += a.peephole_o * next_c
        m = o.sigmoid_() * squash(next_c)
        ended = _ended(a.lengths, t)
        a.gates[t] = x
        a.cs[t + 1] = _unless(ended, next_c, c)
        if a.projection is not None:
            a.unprojected[t] = _unless(ended, m, torch.zeros_like(m))
            m = torch.mm(m, a.projection).clamp_(-a.projection_clip, a.projection_clip)
        _give(a, t, m)


def lstm_backward(a: SimpleNamespace) -> None:
    """Fills dh_first, dc (from its final to its first value) and dprojected; gates' gradients."""
    steps = len(a.gates)
    squash, slope = _ACTIVATIONS[a.activation]
    for t in reversed(range(steps)):
        dh = _arriving(a, t, None if t + 1 == steps else torch.mm(a.gates[t + 1], a.wh.t()))
        ended = _ended(a.lengths, t)
        if a.projection is not None:
            inside = a.hs[t + 1].abs() < a.projection_clip
            dh = dh if math.isinf(a.projection_clip) else dh.masked_fill(~inside, 0)
            a.dprojected[t] = _unless(ended, dh, torch.zeros_like(dh))
            dh = torch.mm(a.dprojected[t], a.projection.t())
        before, c = a.cs[t], a.cs[t + 1]
        i, j, f, o = a.gates[t].chunk(4, 1)
        squashed = squash(c)
        d_o = dh * squashed * o * (1 - o)
        dc = a.dc + dh * o * slope(squashed)
        if a.dcs is not None:
            dc += a.dcs[t]
        if a.peephole_o is not None:
            dc += d_o * a.peephole_o
        if not math.isinf(a.cell_clip):
            dc = dc.masked_fill((f * before + i * j).abs() > a.cell_clip, 0)
        d_i, d_j, d_f = dc * j * i * (1 - i), dc * i * slope(j), dc * before * f * (1 - f)
        passed = dc * f
        if a.peephole_i is not None:
            passed += d_i * a.peephole_i + d_f * a.peephole_f
        gates = torch.cat([d_i, d_j, d_f, d_o], 1)
        a.dc.copy_(_unless(ended, passed, a.dc))
        a.gates[t] = _unless(ended, gates, torch.zeros_like(gates))
    a.dh_first.copy_(_arriving(a, -1, torch.mm(a.gates[0], a.wh.t()) if steps else None))


def gru_forward(a: SimpleNamespace) -> None:
    """Fills hs and recurrent; gates become r and u, candidate c."""
    squash, _ = _ACTIVATIONS[a.activation]
    for t in range(len(a.gates)):
        h, ended = a.hs[t], _ended(a.lengths, t)
        x = torch.addmm(a.gates[t], h, a.wh_gates)
        if a.bias_gates is not None:
            x += a.bias_gates
        r, u = x.sigmoid_().chunk(2, 1)
        kept = torch.mm(h, a.wh_candidate) if a.reset_after else r * h
        if a.bias_recurrent is not None:
            kept += a.bias_recurrent
        c = a.candidate[t] + (r * kept if a.reset_after else torch.mm(kept, a.wh_candidate))
        if a.bias_candidate is not None:
            c += a.bias_candidate
        c = squash(c)
        a.gates[t], a.candidate[t] = x, c
        a.recurrent[t] = _unless(ended, kept, torch.zeros_like(kept))
        _give(a, t, u * h + (1 - u) * c)


def gru_backward(a: SimpleNamespace) -> None:
    """Fills dh_first; gates and candidate become gradients, and recurrent with reset_after."""
    steps, later = len(a.gates), None
    _, slope = _ACTIVATIONS[a.activation]
    for t in reversed(range(steps)):
        h, ended = a.hs[t], _ended(a.lengths, t)
        dh = _arriving(a, t, later)
        r, u = a.gates[t].chunk(2, 1)
        c = a.candidate[t].clone()
        dc = dh * (1 - u) * slope(c)
        du = dh * (h - c) * u * (1 - u)
        if a.reset_after:
            dr = dc * a.recurrent[t]
            a.recurrent[t] = _unless(ended, dc * r, torch.zeros_like(dc))
            later = dh * u + torch.mm(a.recurrent[t], a.wh_candidate.t())
        else:
            through = torch.mm(dc, a.wh_candidate.t())
            dr = through * h
            later = dh * u + through * r
        gates = torch.cat([dr * r * (1 - r), du], 1)
        a.gates[t] = _unless(ended, gates, torch.zeros_like(gates))
        a.candidate[t] = _unless(ended, dc, torch.zeros_like(dc))
        later += torch.mm(a.gates[t], a.wh_gates.t())
    a.dh_first.copy_(_arriving(a, -1, later))


def rnn_forward(a: SimpleNamespace) -> None:
    """Fills hs."""
    activation, _ = _ACTIVATIONS[a.activation]
    for t in range(len(a.gates)):
        x = torch.addmm(a.gates[t], a.hs[t], a.wh)
        if a.bias is not None:
            x += a.bias
        _give(a, t, activation(x))


def rnn_backward(a: SimpleNamespace) -> None:
    """Fills gates with their gradients, and dh_first."""
    _, slope = _ACTIVATIONS[a.activation]
    later = None
    for t in reversed(range(len(a.gates))):
        h = a.hs[t + 1] if a.mask is None else a.mask.outputs[t]
        gates = _arriving(a, t, later) * slope(h)
        a.gates[t] = _unless(_ended(a.lengths, t), gates, torch.zeros_like(gates))
        later = torch.mm(a.gates[t], a.wh.t())
    a.dh_first.copy_(_arriving(a, -1, later))


def normed_forward(a: SimpleNamespace) -> None:
    """Fills hs, cs and statistics; gates become the normalised ones."""
    squash, _ = _ACTIVATIONS[a.activation]
    for t in range(len(a.gates)):
        h, c, ended = a.hs[t], a.cs[t], _ended(a.lengths, t)
        gates = torch.addmm(a.gates[t], h, a.wh).unflatten(1, (4, -1))
        v, scales, _ = _normalised(gates, a.epsilon)
        i, j, f, o = (v * a.gammas[:4] + a.betas[:4]).unbind(1)
        entering = squash(j) if a.mask is None else squash(j) * a.mask.factors[t]
        s = torch.sigmoid(f + a.forget_bias) * c + torch.sigmoid(i) * entering
        v_c, scale, mean = _normalised(s, a.epsilon)
        next_c = v_c * a.gammas[4] + a.betas[4]
        a.gates[t] = v.flatten(1)
        a.statistics[t] = torch.cat([scales[:, :, 0], scale, mean], 1)
        a.cs[t + 1] = _unless(ended, next_c, c)
        a.hs[t + 1] = _unless(ended, torch.sigmoid(o) * squash(next_c), h)


def _normalised(x: Tensor, epsilon: float) -> tuple[Tensor, Tensor, Tensor]:
    """Numbers of mean 0 and deviation 1 along the last axis, and what makes them so."""
    mean = x.mean(-1, keepdim=True)
    centred = x - mean
    scale = 1 / torch.sqrt(centred.square().mean(-1, keepdim=True) + epsilon)
    return centred * scale, scale, mean


def normed_backward(a: SimpleNamespace) -> None:
    """Fills dh_first, dc (from its final to its first value) and dscales; gates' gradients."""
    steps = len(a.gates)
    squash, slope = _ACTIVATIONS[a.activation]
    states = SimpleNamespace(**{**vars(a), "mask": None})  # the mask is none of these
    for t in reversed(range(steps)):
        later = None if t + 1 == steps else torch.mm(a.gates[t + 1], a.wh.t())
        dh = _arriving(states, t, later)
        before, squashed, ended = a.cs[t], squash(a.cs[t + 1]), _ended(a.lengths, t)
        *scales, scale, mean = a.statistics[t].unbind(1)
        v = a.gates[t].unflatten(1, (4, -1))
        i, j, f, o = (v * a.gammas[:4] + a.betas[:4]).unbind(1)
        i, j, o, f = torch.sigmoid(i), squash(j), torch.sigmoid(o), torch.sigmoid(f + a.forget_bias)
        factor = 1 if a.mask is None else a.mask.factors[t]
        dc = a.dc + dh * o * slope(squashed)
        if a.dcs is not None:
            dc += a.dcs[t]
        v_c = (f * before + i * j * factor - mean[:, None]) * scale[:, None]
        ds = _through_norm(dc * a.gammas[4], v_c, scale)
        d_i, d_j = ds * j * factor * i * (1 - i), ds * i * factor * slope(j)
        d_f, d_o = ds * before * f * (1 - f), dh * squashed * o * (1 - o)
        dy = torch.stack([d_i, d_j, d_f, d_o], 1)
        gates = _through_norm(dy * a.gammas[:4], v, torch.stack(scales, 1)).flatten(1)
        d_all, v_all = torch.cat([dy, dc[:, None]], 1), torch.cat([v, v_c[:, None]], 1)
        dscales = torch.cat([d_all * v_all, d_all], 1)
        if ended is not None:
            dscales = dscales.masked_fill(ended[:, :, None], 0)
        a.dscales += dscales
        a.dc.copy_(_unless(ended, ds * f, a.dc))
        a.gates[t] = _unless(ended, gates, torch.zeros_like(gates))
    a.dh_first.copy_(_arriving(a, -1, torch.mm(a.gates[0], a.wh.t()) if steps else None))


def _through_norm(dv: Tensor, v: Tensor, scale: Tensor) -> Tensor:
    """The gradient of what was made to be of mean 0 and deviation 1, from that of this."""
    centred = dv - dv.mean(-1, keepdim=True) - v * (dv * v).mean(-1, keepdim=True)
    return centred * scale.unsqueeze(-1)


def _ended(lengths: Tensor | None, t: int) -> Tensor | None:
    """Which rows are past their end at step t, bool [B,1]; None if none can be."""
    return None if lengths is None else (lengths <= t)[:, None]


def _unless(ended: Tensor | None, going: Tensor, otherwise: Tensor) -> Tensor:
    """`going`, but `otherwise` in rows that have ended."""
    return going if ended is None else torch.where(ended, otherwise, going)


def _give(a: SimpleNamespace, t: int, h: Tensor) -> None:
    """Let `h` be what step t gives, and what the next one begins with."""
    ended = _ended(a.lengths, t)
    if a.mask is not None:
        a.mask.outputs[t] = _unless(ended, h, torch.zeros_like(h))
        h = h * a.mask.factors[t]
    a.hs[t + 1] = _unless(ended, h, a.hs[t])


def _arriving(a: SimpleNamespace, t: int, later: Tensor | None) -> Tensor:
    """The gradient of what step t gives: from the next step, at a row's end the final state, and
    dout.
    """
    final = torch.zeros_like(a.hs[0]) if a.dh_last is None else a.dh_last
    dh = final if later is None else _unless(_ended(a.lengths, t + 1), later, final)
    if a.mask is not None and t >= 0:
        dh = dh * a.mask.factors[t]
    return dh if a.dout is None or t < 0 else dh + a.dout[t]
