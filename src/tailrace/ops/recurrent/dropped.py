"""Recurrent layers whose states are multiplied with a mask before the next step begins with them.

As in `sequences`, but that `hs` are what steps begin with and `given` [T,B,H] what they give, which
gradients `dout` are of; `last` are gradients of what a next step would begin with. `mask` is
[T,B,H], or has sizes that are to be repeated to this.
"""

from __future__ import annotations

from math import prod

import torch

from tailrace.dtypes import FLOATS
from tailrace.native import recurrent
from tailrace.ops.recurrent.sequences import one, own
from tailrace.registry import Attr, fused

_COUNT = Attr("int", 0)


def _whole(mask, like):
    """The mask as views of the size of a tensor [T,B,H]."""
    found = mask.expand(like.shape)
    return found if found.stride(2) == 1 or found.shape[2] == 1 else found.contiguous()


@fused(
    "DroppedLstmSequence",
    "gx: T, wh: T, bias: K*T, h0: T, c0: T, peepholes: P*T, lengths: L*int32, mask: T "
    "-> hs: T, cs: T, gates: T, given: T",
    T=FLOATS,
    K=_COUNT,
    P=_COUNT,
    L=_COUNT,
    forget_bias=0.0,
    cell_clip=0.0,
    activation="tanh",
    in_place=False,
    _consumes="gx",
)
def dropped_lstm_sequence(
    gx, wh, bias, h0, c0, peepholes, lengths, mask, *, forget_bias, cell_clip, activation, in_place
):
    """An LSTM layer."""
    given = gx.new_empty((*gx.shape[:2], h0.shape[1]))
    states = recurrent.lstm_forward(
        own(gx, in_place),
        wh.contiguous(),
        one(bias),
        h0.contiguous(),
        c0.contiguous(),
        forget_bias=forget_bias,
        peepholes=tuple(peepholes) or None,
        cell_clip=cell_clip or None,
        lengths=one(lengths),
        mask=_whole(mask, given),
        given=given,
        activation=activation,
    )
    return *states, given


@dropped_lstm_sequence.shape
def dropped_lstm_sequence_shape(gx, wh, bias, h0, c0, peepholes, lengths, mask):
    return [(gx[0] + 1, *h0), (gx[0] + 1, *c0), gx, (*gx[:2], h0[1])]


@dropped_lstm_sequence.flops
def dropped_lstm_sequence_flops(outputs, gx, wh, bias, h0, c0, peepholes, lengths, mask):
    return 2 * prod(gx) * wh[0]


@fused(
    "GeneralLstmSequenceGrad",
    "dout: D*T, h_last: M*T, c_last: K*T, gates: T, hs: T, cs: T, wh: T, peepholes: P*T, "
    "lengths: L*int32, mask: S*T, dcs: C*T -> dz: T, dh0: T, dc0: T",
    T=FLOATS,
    D=_COUNT,
    M=_COUNT,
    K=_COUNT,
    P=_COUNT,
    L=_COUNT,
    S=_COUNT,
    C=_COUNT,
    cell_clip=0.0,
    activation="tanh",
    in_place=False,
    _consumes="gates",
)
def general_lstm_sequence_grad(
    dout,
    h_last,
    c_last,
    gates,
    hs,
    cs,
    wh,
    peepholes,
    lengths,
    mask,
    dcs,
    *,
    cell_clip,
    activation,
    in_place,
):
    """The gradients of the gates before activation, and of the initial states; `dcs` are those of
    the cells' states after each step, where there are such, and so is a mask.
    """
    return recurrent.lstm_backward(
        one(dout),
        one(h_last),
        one(c_last),
        own(gates, in_place),
        hs,
        cs,
        wh.contiguous(),
        peepholes=tuple(peepholes) or None,
        cell_clip=cell_clip or None,
        lengths=one(lengths),
        mask=_whole(mask[0], hs[1:]) if mask else None,
        dcs=one(dcs),
        activation=activation,
    )


@general_lstm_sequence_grad.shape
def general_lstm_sequence_grad_shape(
    dout, h_last, c_last, gates, hs, cs, wh, peepholes, lengths, mask, dcs
):
    return [gates, hs[1:], cs[1:]]


@general_lstm_sequence_grad.flops
def general_lstm_sequence_grad_flops(
    outputs, dout, h_last, c_last, gates, hs, cs, wh, peepholes, lengths, mask, dcs
):
    return 2 * prod(gates) * wh[0]


@fused(
    "DroppedGruSequence",
    "gx: T, gxc: T, wh: T, whc: T, bias: K*T, bias_c: M*T, h0: T, lengths: L*int32, mask: T "
    "-> hs: T, gates: T, candidate: T, rh: T, given: T",
    T=FLOATS,
    K=_COUNT,
    M=_COUNT,
    L=_COUNT,
    activation="tanh",
    in_place=False,
    _consumes=("gx", "gxc"),
)
def dropped_gru_sequence(
    gx, gxc, wh, whc, bias, bias_c, h0, lengths, mask, *, activation, in_place
):
    """A GRU layer."""
    given = torch.empty_like(gxc)
    states = recurrent.gru_forward(
        own(gx, in_place),
        own(gxc, in_place),
        wh.contiguous(),
        whc.contiguous(),
        one(bias),
        one(bias_c),
        h0.contiguous(),
        lengths=one(lengths),
        mask=_whole(mask, given),
        given=given,
        activation=activation,
    )
    return *states, given


@dropped_gru_sequence.shape
def dropped_gru_sequence_shape(gx, gxc, wh, whc, bias, bias_c, h0, lengths, mask):
    return [(gx[0] + 1, *h0), gx, gxc, gxc, gxc]


@dropped_gru_sequence.flops
def dropped_gru_sequence_flops(outputs, gx, gxc, wh, whc, bias, bias_c, h0, lengths, mask):
    return 2 * (prod(gx) + prod(gxc)) * wh[0]


@fused(
    "DroppedGruSequenceGrad",
    "dout: D*T, h_last: M*T, gates: T, candidate: T, rh: T, hs: T, wh: T, whc: T, "
    "lengths: L*int32, mask: T -> dz: T, dzc: T, dh0: T",
    T=FLOATS,
    D=_COUNT,
    M=_COUNT,
    L=_COUNT,
    activation="tanh",
    in_place=False,
    _consumes=("gates", "candidate"),
)
def dropped_gru_sequence_grad(
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
        mask=_whole(mask, hs[1:]),
        activation=activation,
    )


@dropped_gru_sequence_grad.shape
def dropped_gru_sequence_grad_shape(dout, h_last, gates, candidate, rh, hs, wh, whc, lengths, mask):
    return [gates, candidate, hs[1:]]


@dropped_gru_sequence_grad.flops
def dropped_gru_sequence_grad_flops(
    outputs, dout, h_last, gates, candidate, rh, hs, wh, whc, lengths, mask
):
    return 2 * (prod(gates) + prod(candidate)) * wh[0]


@fused(
    "DroppedRnnSequence",
    "gx: T, wh: T, bias: K*T, h0: T, lengths: L*int32, mask: T -> hs: T, given: T",
    T=FLOATS,
    K=_COUNT,
    L=_COUNT,
    activation="tanh",
)
def dropped_rnn_sequence(gx, wh, bias, h0, lengths, mask, *, activation):
    """A layer of plain recurrent cells."""
    given = torch.empty_like(gx, memory_format=torch.contiguous_format)
    hs = recurrent.rnn_forward(
        gx.contiguous(),
        wh.contiguous(),
        one(bias),
        h0.contiguous(),
        activation=activation,
        lengths=one(lengths),
        mask=_whole(mask, given),
        given=given,
    )
    return hs, given


@dropped_rnn_sequence.shape
def dropped_rnn_sequence_shape(gx, wh, bias, h0, lengths, mask):
    return [(gx[0] + 1, *h0), gx]


@dropped_rnn_sequence.flops
def dropped_rnn_sequence_flops(outputs, gx, wh, bias, h0, lengths, mask):
    return 2 * prod(gx) * wh[0]


@fused(
    "DroppedRnnSequenceGrad",
    "dout: D*T, h_last: M*T, hs: T, given: T, wh: T, lengths: L*int32, mask: T -> dz: T, dh0: T",
    T=FLOATS,
    D=_COUNT,
    M=_COUNT,
    L=_COUNT,
    activation="tanh",
)
def dropped_rnn_sequence_grad(dout, h_last, hs, given, wh, lengths, mask, *, activation):
    """The gradients before activation and of the initial state."""
    return recurrent.rnn_backward(
        one(dout),
        one(h_last),
        hs,
        wh.contiguous(),
        activation=activation,
        lengths=one(lengths),
        mask=_whole(mask, given),
        given=given.contiguous(),
    )


@dropped_rnn_sequence_grad.shape
def dropped_rnn_sequence_grad_shape(dout, h_last, hs, given, wh, lengths, mask):
    return [given, hs[1:]]


@dropped_rnn_sequence_grad.flops
def dropped_rnn_sequence_grad_flops(outputs, dout, h_last, hs, given, wh, lengths, mask):
    return 2 * prod(outputs[0]) * wh[0]
