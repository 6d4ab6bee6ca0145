"""LSTM layers with layer normalisation; see `sequences`.

`scales` are gamma of i, j, f, o and c, then beta of these, [H] each. `factors` are those of j after
activation in all steps: [T,B,H], or what has sizes that are to be repeated to this.
"""

from __future__ import annotations

from math import prod

import torch

from tailrace.dtypes import FLOATS
from tailrace.native import normed
from tailrace.ops.recurrent.sequences import COUNT, one, own, whole
from tailrace.registry import Attr, fused

_SCALES = Attr("int", 10)


def _gammas_and_betas(scales):
    return torch.stack(scales[:5]), torch.stack(scales[5:])


@fused(
    "LayerNormLstmSequence",
    "gx: T, wh: T, scales: S*T, h0: T, c0: T, factors: M*T, lengths: L*int32 "
    "-> hs: T, cs: T, gates: T, statistics: T",
    T=FLOATS,
    S=_SCALES,
    M=COUNT,
    L=COUNT,
    forget_bias=0.0,
    epsilon=0.0,
    activation="tanh",
    in_place=False,
    _consumes="gx",
)
def layer_norm_lstm_sequence(
    gx, wh, scales, h0, c0, factors, lengths, *, forget_bias, epsilon, activation, in_place
):
    """An LSTM layer; the gates are kept as they are between normalisation and gamma."""
    return normed.lstm_forward(
        own(gx, in_place),
        wh.contiguous(),
        *_gammas_and_betas(scales),
        h0.contiguous(),
        c0.contiguous(),
        forget_bias=forget_bias,
        epsilon=epsilon,
        lengths=one(lengths),
        factors=whole(factors, (*gx.shape[:2], h0.shape[1])),
        activation=activation,
    )


@layer_norm_lstm_sequence.shape
def layer_norm_lstm_sequence_shape(gx, wh, scales, h0, c0, factors, lengths):
    return [(gx[0] + 1, *h0), (gx[0] + 1, *c0), gx, (*gx[:2], 6)]


@layer_norm_lstm_sequence.flops
def layer_norm_lstm_sequence_flops(outputs, gx, wh, scales, h0, c0, factors, lengths):
    return 2 * prod(gx) * wh[0]


@fused(
    "LayerNormLstmSequenceGrad",
    "dout: D*T, h_last: M*T, c_last: K*T, dcs: C*T, gates: T, statistics: T, hs: T, cs: T, wh: T, "
    "scales: S*T, factors: F*T, lengths: L*int32 -> dz: T, dh0: T, dc0: T, dscales: T",
    T=FLOATS,
    D=COUNT,
    M=COUNT,
    K=COUNT,
    C=COUNT,
    S=_SCALES,
    F=COUNT,
    L=COUNT,
    forget_bias=0.0,
    epsilon=0.0,
    activation="tanh",
    in_place=False,
    _consumes="gates",
)
def layer_norm_lstm_sequence_grad(
    dout,
    h_last,
    c_last,
    dcs,
    gates,
    statistics,
    hs,
    cs,
    wh,
    scales,
    factors,
    lengths,
    *,
    forget_bias,
    epsilon,
    activation,
    in_place,
):
    """The gradients of the gates before normalisation, of the initial states, and of the scales, in
    one [10,H].
    """
    return normed.lstm_backward(
        one(dout),
        one(h_last),
        one(c_last),
        own(gates, in_place),
        statistics,
        hs,
        cs,
        wh.contiguous(),
        *_gammas_and_betas(scales),
        forget_bias=forget_bias,
        epsilon=epsilon,
        lengths=one(lengths),
        factors=whole(factors, hs[1:].shape),
        dcs=one(dcs),
        activation=activation,
    )


@layer_norm_lstm_sequence_grad.shape
def layer_norm_lstm_sequence_grad_shape(
    dout, h_last, c_last, dcs, gates, statistics, hs, cs, wh, scales, factors, lengths
):
    return [gates, hs[1:], cs[1:], (10, cs[2])]


@layer_norm_lstm_sequence_grad.flops
def layer_norm_lstm_sequence_grad_flops(
    outputs, dout, h_last, c_last, dcs, gates, statistics, hs, cs, wh, scales, factors, lengths
):
    return 2 * prod(gates) * wh[0]
