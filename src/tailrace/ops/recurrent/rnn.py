"""Layers of plain recurrent cells; see `sequences`."""

from __future__ import annotations

from math import prod

import torch

from tailrace.dtypes import FLOATS
from tailrace.native import recurrent
from tailrace.ops.recurrent.sequences import COUNT, one, whole
from tailrace.registry import fused


@fused(
    "RnnSequence",
    "gx: T, wh: T, bias: K*T, h0: T, lengths: L*int32, mask: S*T -> hs: T, given: S*T",
    T=FLOATS,
    K=COUNT,
    L=COUNT,
    S=COUNT,
    activation="tanh",
)
def rnn_sequence(gx, wh, bias, h0, lengths, mask, *, activation):
    """A layer of plain recurrent cells."""
    given = [torch.empty_like(gx, memory_format=torch.contiguous_format)] if mask else []
    hs = recurrent.rnn_forward(
        gx.contiguous(),
        wh.contiguous(),
        one(bias),
        h0.contiguous(),
        activation=activation,
        lengths=one(lengths),
        mask=whole(mask, gx.shape),
        given=one(given),
    )
    return hs, *given


@rnn_sequence.shape
def rnn_sequence_shape(gx, wh, bias, h0, lengths, mask):
    return [(gx[0] + 1, *h0), *[gx] * len(mask)]


@rnn_sequence.flops
def rnn_sequence_flops(outputs, gx, wh, bias, h0, lengths, mask):
    return 2 * prod(gx) * wh[0]


@fused(
    "RnnSequenceGrad",
    "dout: D*T, h_last: M*T, hs: T, wh: T, lengths: L*int32, mask: S*T, given: S*T "
    "-> dz: T, dh0: T",
    T=FLOATS,
    D=COUNT,
    M=COUNT,
    L=COUNT,
    S=COUNT,
    activation="tanh",
)
def rnn_sequence_grad(dout, h_last, hs, wh, lengths, mask, given, *, activation):
    """The gradients before activation and of the initial state."""
    return recurrent.rnn_backward(
        one(dout),
        one(h_last),
        hs,
        wh.contiguous(),
        activation=activation,
        lengths=one(lengths),
        mask=whole(mask, hs[1:].shape),
        given=one(given),
    )


@rnn_sequence_grad.shape
def rnn_sequence_grad_shape(dout, h_last, hs, wh, lengths, mask, given):
    return [(hs[0] - 1, *hs[1:]), hs[1:]]


@rnn_sequence_grad.flops
def rnn_sequence_grad_flops(outputs, dout, h_last, hs, wh, lengths, mask, given):
    return 2 * prod(outputs[0]) * wh[0]
