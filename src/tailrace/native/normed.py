"""The LSTM with layer normalisation over whole sequences, forward and backward; see `recurrent`.

    i, j, f, o = split(x Wx + h Wh)
    N_k(v) = gammas_k (v - mean v) / sqrt(variance v + epsilon) + betas_k, over the units of a row
    c' = N_c(sigmoid(N_f(f) + forget_bias) c + sigmoid(N_i(i)) factors tanh(N_j(j)))
    h' = sigmoid(N_o(o)) tanh(c')

Shapes: gammas and betas [5,H], in the order i j f o c; factors [T,B,H], of which steps and rows may
be repeated views, stand for dropout. Of a row, six numbers are kept (`statistics` [T,B,6]): one
over each norm's deviation, and the mean of what becomes c'.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from tailrace.native import _recurrent_abi as abi

_NORMS = 5


def lstm_forward(
    gx: Tensor,
    wh: Tensor,
    gammas: Tensor,
    betas: Tensor,
    h0: Tensor,
    c0: Tensor,
    *,
    forget_bias: float,
    epsilon: float,
    lengths: Tensor | None = None,
    factors: Tensor | None = None,
    activation: str = "tanh",
    threads: int | None = None,
    partition: str = "auto",
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """States of all steps from gx = x Wx [T,B,4H], which becomes the gates, normalised.

    Shapes: wh [H,4H], h0 and c0 [B,H]. `activation` is "tanh" or "relu".
    Returns hs and cs [T+1,B,H], gx and the statistics.
    """
    sizes = _sizes(gx)
    hs, cs = abi.states(h0, sizes[0]), abi.states(c0, sizes[0])
    # zeros where sequences have ended
    statistics = gx.new_zeros(*gx.shape[:2], _NORMS + 1)
    abi.run(
        "normed_forward",
        sizes,
        threads,
        partition,
        gates=gx,
        hs=hs,
        cs=cs,
        statistics=statistics,
        **_given(wh, gammas, betas, lengths, factors, forget_bias, epsilon, activation),
    )
    return hs, cs, gx, statistics


def lstm_backward(
    dout: Tensor | None,
    dh_last: Tensor | None,
    dc_last: Tensor | None,
    gates: Tensor,
    statistics: Tensor,
    hs: Tensor,
    cs: Tensor,
    wh: Tensor,
    gammas: Tensor,
    betas: Tensor,
    *,
    forget_bias: float,
    epsilon: float,
    lengths: Tensor | None = None,
    factors: Tensor | None = None,
    dcs: Tensor | None = None,
    activation: str = "tanh",
    threads: int | None = None,
    partition: str = "auto",
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Gradients of what was normalised, written over `gates`, of both initial states, and of gammas
    and betas, in one [10,H].

    `dout` and `dcs` [T,B,H] are the gradients of the states after each step, `dh_last` and
    `dc_last` of the final ones.
    """
    dh0 = gates.new_empty(hs.shape[1:])
    dc = gates.new_zeros(cs.shape[1:]) if dc_last is None else dc_last.clone()
    dscales = gates.new_zeros(hs.shape[1], 2 * _NORMS, hs.shape[2])
    abi.run(
        "normed_backward",
        _sizes(gates),
        threads,
        partition,
        gates=gates,
        hs=hs,
        cs=cs,
        statistics=statistics,
        dout=dout,
        dcs=dcs,
        dh_last=dh_last,
        dh_first=dh0,
        dc=dc,
        dscales=dscales,
        **_given(wh, gammas, betas, lengths, factors, forget_bias, epsilon, activation),
    )
    return gates, dh0, dc, dscales.sum(0)


def _sizes(gates: Tensor) -> tuple[int, int, int, int]:
    steps, batch, width = gates.shape
    return steps, batch, width // 4, width // 4


def _given(
    wh: Tensor,
    gammas: Tensor,
    betas: Tensor,
    lengths: Tensor | None,
    factors: Tensor | None,
    forget_bias: float,
    epsilon: float,
    activation: str,
) -> dict[str, Any]:
    """What both passes are told."""
    return {
        "wh": wh,
        "gammas": gammas,
        "betas": betas,
        "lengths": lengths,
        "mask": None if factors is None else abi.Mask(factors),
        "forget_bias": forget_bias,
        "epsilon": epsilon,
        "activation": abi.ACTIVATIONS[activation],
    }
