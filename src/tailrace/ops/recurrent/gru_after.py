"""A GRU layer whose reset gate multiplies the product with the state, as cuDNN's does; see
`sequences`.
"""

from __future__ import annotations

from math import prod

from tailrace.dtypes import FLOATS
from tailrace.native import recurrent
from tailrace.ops.recurrent.sequences import COUNT, one, own
from tailrace.registry import fused


@fused(
    "GruAfterSequence",
    "gx: T, gxc: T, wh: T, whc: T, bias: K*T, bias_c: M*T, bias_r: R*T, h0: T, lengths: L*int32 "
    "-> hs: T, gates: T, candidate: T, reset: T",
    T=FLOATS,
    K=COUNT,
    M=COUNT,
    R=COUNT,
    L=COUNT,
    in_place=False,
    _consumes=("gx", "gxc"),
)
def gru_after_sequence(gx, gxc, wh, whc, bias, bias_c, bias_r, h0, lengths, *, in_place):
    """The layer; r, u, the candidate and what r multiplies are kept."""
    return recurrent.gru_forward(
        own(gx, in_place),
        own(gxc, in_place),
        wh.contiguous(),
        whc.contiguous(),
        one(bias),
        one(bias_c),
        h0.contiguous(),
        lengths=one(lengths),
        reset_after=True,
        bias_recurrent=one(bias_r),
    )


@gru_after_sequence.shape
def gru_after_sequence_shape(gx, gxc, wh, whc, bias, bias_c, bias_r, h0, lengths):
    return [(gx[0] + 1, *h0), gx, gxc, gxc]


@gru_after_sequence.flops
def gru_after_sequence_flops(outputs, gx, gxc, wh, whc, bias, bias_c, bias_r, h0, lengths):
    return 2 * (prod(gx) + prod(gxc)) * wh[0]


@fused(
    "GruAfterSequenceGrad",
    "dout: D*T, h_last: M*T, gates: T, candidate: T, reset: T, hs: T, wh: T, whc: T, "
    "lengths: L*int32 -> dz: T, dzx: T, dzh: T, dh0: T",
    T=FLOATS,
    D=COUNT,
    M=COUNT,
    L=COUNT,
    in_place=False,
    _consumes=("gates", "candidate", "reset"),
)
def gru_after_sequence_grad(
    dout, h_last, gates, candidate, reset, hs, wh, whc, lengths, *, in_place
):
    """The gradients of the gates and the candidate before activation, of what r multiplies, and of
    the initial state."""
    product = own(reset, in_place)
    dz, dzx, dh0 = recurrent.gru_backward(
        one(dout),
        one(h_last),
        own(gates, in_place),
        own(candidate, in_place),
        product,
        hs,
        wh.contiguous(),
        whc.contiguous(),
        lengths=one(lengths),
        reset_after=True,
    )
    return dz, dzx, product, dh0


@gru_after_sequence_grad.shape
def gru_after_sequence_grad_shape(dout, h_last, gates, candidate, reset, hs, wh, whc, lengths):
    return [gates, candidate, reset, hs[1:]]


@gru_after_sequence_grad.flops
def gru_after_sequence_grad_flops(
    outputs, dout, h_last, gates, candidate, reset, hs, wh, whc, lengths
):
    return 2 * (prod(gates) + prod(candidate)) * wh[0]
