"""LSTM layers whose outputs are projected; see `sequences`."""

from __future__ import annotations

from math import prod

import torch

from tailrace.dtypes import FLOATS
from tailrace.native import recurrent
from tailrace.ops.recurrent.sequences import clip, one, own
from tailrace.registry import Attr, fused

_COUNT = Attr("int", 0)


@fused(
    "ProjectedLstmSequence",
    "gx: T, wh: T, bias: K*T, h0: T, c0: T, peepholes: P*T, projection: T, lengths: L*int32 "
    "-> hs: T, cs: T, gates: T, m: T",
    T=FLOATS,
    K=_COUNT,
    P=_COUNT,
    L=_COUNT,
    forget_bias=0.0,
    cell_clip=0.0,
    projection_clip=0.0,
    activation="tanh",
    in_place=False,
    _consumes="gx",
)
def projected_lstm_sequence(
    gx,
    wh,
    bias,
    h0,
    c0,
    peepholes,
    projection,
    lengths,
    *,
    forget_bias,
    cell_clip,
    projection_clip,
    activation,
    in_place,
):
    """An LSTM layer whose outputs are projected; `m` [T,B,H] is what is projected."""
    m = gx.new_empty((*gx.shape[:2], c0.shape[1]))
    states = recurrent.lstm_forward(
        own(gx, in_place),
        wh.contiguous(),
        one(bias),
        h0.contiguous(),
        c0.contiguous(),
        forget_bias=forget_bias,
        peepholes=tuple(peepholes) or None,
        cell_clip=clip(cell_clip),
        projection=projection.contiguous(),
        projection_clip=clip(projection_clip),
        unprojected=m,
        lengths=one(lengths),
        activation=activation,
    )
    return *states, m


@projected_lstm_sequence.shape
def projected_lstm_sequence_shape(gx, wh, bias, h0, c0, peepholes, projection, lengths):
    return [(gx[0] + 1, *h0), (gx[0] + 1, *c0), gx, (*gx[:2], c0[1])]


@projected_lstm_sequence.flops
def projected_lstm_sequence_flops(outputs, gx, wh, bias, h0, c0, peepholes, projection, lengths):
    return 2 * (prod(gx) * wh[0] + prod(outputs[3]) * h0[1])


@fused(
    "ProjectedLstmSequenceGrad",
    "dout: D*T, h_last: M*T, c_last: K*T, gates: T, hs: T, cs: T, wh: T, peepholes: P*T, "
    "projection: T, lengths: L*int32 -> dz: T, dh0: T, dc0: T, dproduct: T",
    T=FLOATS,
    D=_COUNT,
    M=_COUNT,
    K=_COUNT,
    P=_COUNT,
    L=_COUNT,
    cell_clip=0.0,
    projection_clip=0.0,
    activation="tanh",
    in_place=False,
    _consumes="gates",
)
def projected_lstm_sequence_grad(
    dout,
    h_last,
    c_last,
    gates,
    hs,
    cs,
    wh,
    peepholes,
    projection,
    lengths,
    *,
    cell_clip,
    projection_clip,
    activation,
    in_place,
):
    """As `LstmSequenceGrad`, and the gradients [T,B,P] of what the projection gives."""
    dproduct = torch.empty_like(hs[1:])
    found = recurrent.lstm_backward(
        one(dout),
        one(h_last),
        one(c_last),
        own(gates, in_place),
        hs,
        cs,
        wh.contiguous(),
        peepholes=tuple(peepholes) or None,
        cell_clip=clip(cell_clip),
        projection=projection.contiguous(),
        projection_clip=clip(projection_clip),
        dprojected=dproduct,
        lengths=one(lengths),
        activation=activation,
    )
    return *found, dproduct


@projected_lstm_sequence_grad.shape
def projected_lstm_sequence_grad_shape(
    dout, h_last, c_last, gates, hs, cs, wh, peepholes, projection, lengths
):
    return [gates, hs[1:], cs[1:], (hs[0] - 1, *hs[1:])]


@projected_lstm_sequence_grad.flops
def projected_lstm_sequence_grad_flops(
    outputs, dout, h_last, c_last, gates, hs, cs, wh, peepholes, projection, lengths
):
    return 2 * (prod(gates) * wh[0] + prod(outputs[3]) * cs[2])
