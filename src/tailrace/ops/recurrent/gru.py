"""GRU layers; see `sequences`."""

from __future__ import annotations

from math import prod

import torch

from tailrace.dtypes import FLOATS
from tailrace.native import recurrent
from tailrace.ops.recurrent.sequences import COUNT, one, own, whole
from tailrace.registry import fused


@fused(
    "GruSequence",
    "gx: T, gxc: T, wh: T, whc: T, bias: K*T, bias_c: M*T, h0: T, lengths: L*int32, mask: S*T "
    "-> hs: T, gates: T, candidate: T, rh: T, given: S*T",
    T=FLOATS,
    K=COUNT,
    M=COUNT,
    L=COUNT,
    S=COUNT,
    activation="tanh",
    in_place=False,
    _consumes=("gx", "gxc"),
)
def gru_sequence(gx, gxc, wh, whc, bias, bias_c, h0, lengths, mask, *, activation, in_place):
    """A GRU layer; r, u, the candidate and r h are kept."""
    given = [torch.empty_like(gxc, memory_format=torch.contiguous_format)] if mask else []
    states = recurrent.gru_forward(
        own(gx, in_place),
        own(gxc, in_place),
        wh.contiguous(),
        whc.contiguous(),
        one(bias),
        one(bias_c),
        h0.contiguous(),
        lengths=one(lengths),
        mask=whole(mask, gxc.shape),
        given=one(given),
        activation=activation,
    )
    return *states, *given


@gru_sequence.shape
def gru_sequence_shape(gx, gxc, wh, whc, bias, bias_c, h0, lengths, mask):
    return [(gx[0] + 1, *h0), gx, gxc, gxc, *[gxc] * len(mask)]


@gru_sequence.flops
def gru_sequence_flops(outputs, gx, gxc, wh, whc, bias, bias_c, h0, lengths, mask):
    return 2 * (prod(gx) + prod(gxc)) * wh[0]


@fused(
    "GruSequenceGrad",
    "dout: D*T, h_last: M*T, gates: T, candidate: T, rh: T, hs: T, wh: T, whc: T, "
    "lengths: L*int32, mask: S*T -> dz: T, dzc: T, dh0: T",
    T=FLOATS,
    D=COUNT,
    M=COUNT,
    L=COUNT,
    S=COUNT,
    activation="tanh",
    in_place=False,
    _consumes=("gates", "candidate"),
)
def gru_sequence_grad(
    dout, h_last, gates, candidate, rh, hs, wh, whc, lengths, mask, *, activation, in_place
):
    """The gradients of gates and candidate before activation, and of the initial state."""
    return recurrent.gru_backward(
        one(dout),
        one(h_last),
        own(gates, in_place),
        own(candidate, in_place),
        rh,
        hs,
        wh.contiguous(),
        whc.contiguous(),
        lengths=one(lengths),
        mask=whole(mask, candidate.shape),
        activation=activation,
    )


@gru_sequence_grad.shape
def gru_sequence_grad_shape(dout, h_last, gates, candidate, rh, hs, wh, whc, lengths, mask):
    return [gates, candidate, hs[1:]]


@gru_sequence_grad.flops
def gru_sequence_grad_flops(
    outputs, dout, h_last, gates, candidate, rh, hs, wh, whc, lengths, mask
):
    return 2 * (prod(gates) + prod(candidate)) * wh[0]
