"""Recurrent layers over whole sequences, forward and backward: LSTM, GRU and the plain RNN.

These functions do only what has to go step by step. The caller multiplies the inputs of all steps
with their rows of the kernel first, gx = x Wx, and afterwards forms the weights' gradients from the
gates' ones, dWx = x^T dgates, dWh = hs[:-1]^T dgates, db = sum dgates, dx = dgates Wx^T: large
products that PyTorch does best. Recurrent weights `wh` are the last rows of a TensorFlow kernel
[I+H, G H].

Shapes: T steps, B batch, H hidden. States of all steps lie in one tensor [T+1,B,H] that begins with
the initial one, so `hs[1:]` are the outputs and `hs[:-1]` what the steps started from, uncopied.
All tensors are contiguous, float32 or float64.

Sequence lengths (int32 [B]) mean what they do in `tf.nn.dynamic_rnn`: past a sequence's end the
states are copied on; `outputs` makes the outputs there zero. Gradients of outputs past the end are
ignored, and the gates' gradients there are zero.

With a `mask` [T,B,H], of which steps and rows may be repeated views (`expand`), what a step gives
is multiplied with it to be the state of the next: dropout of states. Then `hs` are what steps begin
with, and `given` [T,B,H] receives what they give, zero past a sequence's end; `dout` is of these.

The work is divided by batch rows, or for small batches by hidden units; `partition` ("rows",
"units") overrides that. Without the native library the same is done by PyTorch, step by step.

Single steps for one sequence are in `steps`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tailrace.native import _recurrent_abi as abi


def outputs(hs: Tensor, lengths: Tensor | None) -> Tensor:
    """What the layer gives out, [T,B,H]: the states after each step, zero past a sequence's end."""
    if lengths is None:
        return hs[1:]
    ended = torch.arange(hs.shape[0] - 1)[:, None] >= lengths
    return hs[1:].masked_fill(ended[:, :, None], 0)


def lstm_forward(
    gx: Tensor,
    wh: Tensor,
    bias: Tensor | None,
    h0: Tensor,
    c0: Tensor,
    *,
    forget_bias: float = 1.0,
    lengths: Tensor | None = None,
    peepholes: tuple[Tensor, Tensor, Tensor] | None = None,
    cell_clip: float | None = None,
    projection: Tensor | None = None,
    projection_clip: float | None = None,
    unprojected: Tensor | None = None,
    mask: Tensor | None = None,
    given: Tensor | None = None,
    activation: str = "tanh",
    threads: int | None = None,
    partition: str = "auto",
) -> tuple[Tensor, Tensor, Tensor]:
    """LSTM states of all steps from gx = x Wx [T,B,4H], which becomes the activated gates i j f o.

    Shapes: wh [P,4H], bias [4H], h0 [B,P], c0 [B,H], peepholes (i, f, o) [H], projection [H,P]; P
    is H without a projection. With one, `unprojected` [T,B,H] receives what is projected, whose
    product with `lstm_backward`'s `dprojected` is the projection's gradient. `activation`, "tanh"
    or "relu", is what the inputs and the memory go through.
    Returns hs [T+1,B,P], cs [T+1,B,H] and gx.
    """
    assert (projection is None) == (unprojected is None)
    steps, batch, hidden = _lstm_sizes(gx)
    hs, cs = abi.states(h0, steps), abi.states(c0, steps)
    abi.run(
        "lstm_forward",
        (steps, batch, hidden, h0.shape[1]),
        threads,
        partition,
        gates=gx,
        wh=wh,
        bias=bias,
        hs=hs,
        cs=cs,
        lengths=lengths,
        mask=_mask(mask, given),
        **_peephole_fields(peepholes),
        projection=projection,
        unprojected=unprojected,
        forget_bias=forget_bias,
        cell_clip=_limit(cell_clip),
        projection_clip=_limit(projection_clip),
        activation=abi.ACTIVATIONS[activation],
    )
    return hs, cs, gx


def lstm_backward(
    dout: Tensor | None,
    dh_last: Tensor | None,
    dc_last: Tensor | None,
    gates: Tensor,
    hs: Tensor,
    cs: Tensor,
    wh: Tensor,
    *,
    lengths: Tensor | None = None,
    peepholes: tuple[Tensor, Tensor, Tensor] | None = None,
    cell_clip: float | None = None,
    projection: Tensor | None = None,
    projection_clip: float | None = None,
    dprojected: Tensor | None = None,
    mask: Tensor | None = None,
    dcs: Tensor | None = None,
    activation: str = "tanh",
    threads: int | None = None,
    partition: str = "auto",
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of the gates before activation, written over `gates`, and of both initial states.

    `dout` [T,B,P] are the gradients of the outputs, `dcs` [T,B,H] of the cells' states after each
    step, `dh_last` and `dc_last` of the final states.
    With a projection, `dprojected` [T,B,P] receives the gradients of what the projection gave.
    """
    assert (projection is None) == (dprojected is None)
    steps, batch, hidden = _lstm_sizes(gates)
    dh0, dc = torch.empty_like(hs[0]), _copied(dc_last, cs[0])
    abi.run(
        "lstm_backward",
        (steps, batch, hidden, hs.shape[2]),
        threads,
        partition,
        gates=gates,
        wh=wh,
        hs=hs,
        cs=cs,
        lengths=lengths,
        mask=_mask(mask),
        dcs=dcs,
        **_peephole_fields(peepholes),
        projection=projection,
        dout=dout,
        dh_last=dh_last,
        dh_first=dh0,
        dc=dc,
        dprojected=dprojected,
        cell_clip=_limit(cell_clip),
        projection_clip=_limit(projection_clip),
        activation=abi.ACTIVATIONS[activation],
    )
    return gates, dh0, dc


def lstm_peephole_gradients(dgates: Tensor, cs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of the peepholes i, f, o, each [H], from `lstm_backward`'s gates."""
    d_i, _, d_f, d_o = dgates.chunk(4, 2)
    before, after = cs[:-1], cs[1:]
    return (d_i * before).sum((0, 1)), (d_f * before).sum((0, 1)), (d_o * after).sum((0, 1))


def gru_forward(
    gx_gates: Tensor,
    gx_candidate: Tensor,
    wh_gates: Tensor,
    wh_candidate: Tensor,
    bias_gates: Tensor | None,
    bias_candidate: Tensor | None,
    h0: Tensor,
    *,
    lengths: Tensor | None = None,
    reset_after: bool = False,
    bias_recurrent: Tensor | None = None,
    mask: Tensor | None = None,
    given: Tensor | None = None,
    activation: str = "tanh",
    threads: int | None = None,
    partition: str = "auto",
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """GRU states of all steps from the inputs' products gx_gates [T,B,2H], gx_candidate [T,B,H].

    The reset gate multiplies the state before its product with wh_candidate, as in TF's GRUCell;
    with `reset_after`, that product and `bias_recurrent`, as in cuDNN. `activation` is "tanh" or
    "relu".
    Shapes: wh_gates [H,2H], wh_candidate [H,H], bias_gates [2H], other biases [H], h0 [B,H].
    Returns hs [T+1,B,H], gx_gates (become r and u), gx_candidate (become c), and `recurrent`
    [T,B,H] for `gru_backward`: r h, or with `reset_after` h Whc + bias_recurrent.
    """
    steps, batch, hidden = gx_candidate.shape
    hs, kept = abi.states(h0, steps), torch.empty_like(gx_candidate)
    abi.run(
        "gru_forward",
        (steps, batch, hidden, hidden),
        threads,
        partition,
        gates=gx_gates,
        candidate=gx_candidate,
        recurrent=kept,
        wh_gates=wh_gates,
        wh_candidate=wh_candidate,
        bias_gates=bias_gates,
        bias_candidate=bias_candidate,
        bias_recurrent=bias_recurrent,
        hs=hs,
        lengths=lengths,
        mask=_mask(mask, given),
        reset_after=int(reset_after),
        activation=abi.ACTIVATIONS[activation],
    )
    return hs, gx_gates, gx_candidate, kept


def gru_backward(
    dout: Tensor | None,
    dh_last: Tensor | None,
    gates: Tensor,
    candidate: Tensor,
    recurrent: Tensor,
    hs: Tensor,
    wh_gates: Tensor,
    wh_candidate: Tensor,
    *,
    lengths: Tensor | None = None,
    reset_after: bool = False,
    mask: Tensor | None = None,
    activation: str = "tanh",
    threads: int | None = None,
    partition: str = "auto",
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients before activation, written over `gates` and `candidate`, and of the first state.

    dWh_gates = hs[:-1]^T dgates. dWh_candidate = recurrent^T dcandidate, for which `recurrent`
    still holds r h; with `reset_after` it becomes the gradient of h Whc + bias_recurrent, so that
    dWh_candidate = hs[:-1]^T recurrent.
    """
    steps, batch, hidden = candidate.shape
    dh0 = torch.empty_like(hs[0])
    abi.run(
        "gru_backward",
        (steps, batch, hidden, hidden),
        threads,
        partition,
        gates=gates,
        candidate=candidate,
        recurrent=recurrent,
        wh_gates=wh_gates,
        wh_candidate=wh_candidate,
        hs=hs,
        lengths=lengths,
        mask=_mask(mask),
        dout=dout,
        dh_last=dh_last,
        dh_first=dh0,
        reset_after=int(reset_after),
        activation=abi.ACTIVATIONS[activation],
    )
    return gates, candidate, dh0


def rnn_forward(
    gx: Tensor,
    wh: Tensor,
    bias: Tensor | None,
    h0: Tensor,
    *,
    activation: str = "tanh",
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    given: Tensor | None = None,
    threads: int | None = None,
    partition: str = "auto",
) -> Tensor:
    """States hs [T+1,B,H] of h' = act(gx + h wh + bias), act being "tanh", "relu" or "sigmoid".

    Shapes: gx [T,B,H] (only read), wh [H,H], bias [H], h0 [B,H].
    """
    steps, batch, hidden = gx.shape
    hs = abi.states(h0, steps)
    abi.run(
        "rnn_forward",
        (steps, batch, hidden, hidden),
        threads,
        partition,
        gates=gx,
        wh=wh,
        bias=bias,
        hs=hs,
        lengths=lengths,
        mask=_mask(mask, given),
        activation=abi.ACTIVATIONS[activation],
    )
    return hs


def rnn_backward(
    dout: Tensor | None,
    dh_last: Tensor | None,
    hs: Tensor,
    wh: Tensor,
    *,
    activation: str = "tanh",
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    given: Tensor | None = None,
    threads: int | None = None,
    partition: str = "auto",
) -> tuple[Tensor, Tensor]:
    """Gradients before activation [T,B,H] and of the initial state [B,H]."""
    steps, batch, hidden = hs.shape[0] - 1, *hs.shape[1:]
    dgates, dh0 = torch.empty_like(hs[1:]), torch.empty_like(hs[0])
    abi.run(
        "rnn_backward",
        (steps, batch, hidden, hidden),
        threads,
        partition,
        gates=dgates,
        wh=wh,
        hs=hs,
        lengths=lengths,
        mask=_mask(mask, given),
        dout=dout,
        dh_last=dh_last,
        dh_first=dh0,
        activation=abi.ACTIVATIONS[activation],
    )
    return dgates, dh0


def _lstm_sizes(gates: Tensor) -> tuple[int, int, int]:
    steps, batch, width = gates.shape
    return steps, batch, width // 4


def _peephole_fields(peepholes: tuple[Tensor, Tensor, Tensor] | None) -> dict[str, Tensor]:
    names = ("peephole_i", "peephole_f", "peephole_o")
    return dict(zip(names, peepholes, strict=True)) if peepholes else {}


def _copied(given: Tensor | None, like: Tensor) -> Tensor:
    """A copy to be overwritten; zeros if there is none."""
    return torch.zeros_like(like) if given is None else given.clone()


def _mask(factors: Tensor | None, given: Tensor | None = None) -> abi.Mask | None:
    return None if factors is None else abi.Mask(factors, given)


def _limit(clip: float | None) -> float:
    return math.inf if clip is None else clip
