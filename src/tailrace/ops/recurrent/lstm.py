"""LSTM layers; see `sequences`."""

from __future__ import annotations

from math import prod

import torch

from tailrace.dtypes import FLOATS
from tailrace.native import device_recurrent, recurrent
from tailrace.ops.recurrent.sequences import COUNT, one, own, whole
from tailrace.registry import fused


@fused(
    "LstmSequence",
    "gx: T, wh: T, bias: K*T, h0: T, c0: T, peepholes: P*T, projection: R*T, lengths: L*int32, "
    "mask: S*T -> hs: T, cs: T, gates: T, m: R*T, given: S*T",
    T=FLOATS,
    K=COUNT,
    P=COUNT,
    R=COUNT,
    L=COUNT,
    S=COUNT,
    forget_bias=0.0,
    cell_clip=0.0,
    projection_clip=0.0,
    activation="tanh",
    in_place=False,
    _consumes="gx",
)
def lstm_sequence(
    gx,
    wh,
    bias,
    h0,
    c0,
    peepholes,
    projection,
    lengths,
    mask,
    *,
    forget_bias,
    cell_clip,
    projection_clip,
    activation,
    in_place,
):
    """An LSTM layer; the gates i, j, f, o are kept as they are after activation. With a projection
    [H,P] of what is given out, `m` [T,B,H] is what is projected. Clips of 0 are no limits.
    """
    outputs = (*gx.shape[:2], h0.shape[1])
    m = [gx.new_empty((*gx.shape[:2], c0.shape[1]))] if projection else []
    given = [gx.new_empty(outputs)] if mask else []
    states = recurrent.lstm_forward(
        own(gx, in_place),
        wh.contiguous(),
        one(bias),
        h0.contiguous(),
        c0.contiguous(),
        forget_bias=forget_bias,
        peepholes=tuple(peepholes) or None,
        cell_clip=cell_clip or None,
        projection=one(projection),
        projection_clip=projection_clip or None,
        unprojected=one(m),
        lengths=one(lengths),
        mask=whole(mask, outputs),
        given=one(given),
        activation=activation,
    )
    return *states, *m, *given


@lstm_sequence.on_device()
def lstm_sequence_on_device(
    gx,
    wh,
    bias,
    h0,
    c0,
    peepholes,
    projection,
    lengths,
    mask,
    *,
    forget_bias,
    cell_clip,
    projection_clip,
    activation,
    in_place,
):
    """The same with a fused kernel for each step, where there is one for such a cell."""
    if not (peepholes or projection or lengths or mask or cell_clip or activation != "tanh"):
        return device_recurrent.lstm_forward(gx, wh, one(bias), h0, c0, forget_bias)
    return lstm_sequence.kernel(
        gx,
        wh,
        bias,
        h0,
        c0,
        peepholes,
        projection,
        lengths,
        mask,
        forget_bias=forget_bias,
        cell_clip=cell_clip,
        projection_clip=projection_clip,
        activation=activation,
        in_place=in_place,
    )


@lstm_sequence.shape
def lstm_sequence_shape(gx, wh, bias, h0, c0, peepholes, projection, lengths, mask):
    m = [(*gx[:2], c0[1])] * len(projection)
    given = [(*gx[:2], h0[1])] * len(mask)
    return [(gx[0] + 1, *h0), (gx[0] + 1, *c0), gx, *m, *given]


@lstm_sequence.flops
def lstm_sequence_flops(outputs, gx, wh, bias, h0, c0, peepholes, projection, lengths, mask):
    return 2 * (prod(gx) * wh[0] + sum(prod(gx[:2]) * prod(p) for p in projection))


@fused(
    "LstmSequenceGrad",
    "dout: D*T, h_last: M*T, c_last: K*T, gates: T, hs: T, cs: T, wh: T, peepholes: P*T, "
    "projection: R*T, lengths: L*int32, mask: S*T, dcs: C*T "
    "-> dz: T, dh0: T, dc0: T, dproduct: R*T",
    T=FLOATS,
    D=COUNT,
    M=COUNT,
    K=COUNT,
    P=COUNT,
    R=COUNT,
    L=COUNT,
    S=COUNT,
    C=COUNT,
    cell_clip=0.0,
    projection_clip=0.0,
    activation="tanh",
    in_place=False,
    _consumes="gates",
)
def lstm_sequence_grad(
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
    mask,
    dcs,
    *,
    cell_clip,
    projection_clip,
    activation,
    in_place,
):
    """The gradients of the gates before activation, of the initial states, and [T,B,P] of what a
    projection gives; `dcs` [T,B,H] are those of the cells' states after each step.
    """
    dproduct = [torch.empty_like(hs[1:])] if projection else []
    found = recurrent.lstm_backward(
        one(dout),
        one(h_last),
        one(c_last),
        own(gates, in_place),
        hs,
        cs,
        wh.contiguous(),
        peepholes=tuple(peepholes) or None,
        cell_clip=cell_clip or None,
        projection=one(projection),
        projection_clip=projection_clip or None,
        dprojected=one(dproduct),
        lengths=one(lengths),
        mask=whole(mask, hs[1:].shape),
        dcs=one(dcs),
        activation=activation,
    )
    return *found, *dproduct


@lstm_sequence_grad.on_device()
def lstm_sequence_grad_on_device(
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
    mask,
    dcs,
    *,
    cell_clip,
    projection_clip,
    activation,
    in_place,
):
    """The same with a fused kernel for each step, where there is one for such a cell."""
    special = peepholes or projection or lengths or mask or dcs
    if not (special or cell_clip or activation != "tanh"):
        arriving = one(dout), one(h_last), one(c_last)
        return device_recurrent.lstm_backward(*arriving, gates, hs, cs, wh)
    return lstm_sequence_grad.kernel(
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
        mask,
        dcs,
        cell_clip=cell_clip,
        projection_clip=projection_clip,
        activation=activation,
        in_place=in_place,
    )


@lstm_sequence_grad.shape
def lstm_sequence_grad_shape(
    dout, h_last, c_last, gates, hs, cs, wh, peepholes, projection, lengths, mask, dcs
):
    return [gates, hs[1:], cs[1:], *[(hs[0] - 1, *hs[1:])] * len(projection)]


@lstm_sequence_grad.flops
def lstm_sequence_grad_flops(
    outputs, dout, h_last, c_last, gates, hs, cs, wh, peepholes, projection, lengths, mask, dcs
):
    return 2 * (prod(gates) * wh[0] + sum(prod(gates[:2]) * prod(p) for p in projection))
