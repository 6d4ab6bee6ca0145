"""Recurrent layers with the products of their inputs, as cuDNN does them (`native.device_cudnn`).

The planner puts them in place of `LstmSequence` and `RnnSequence`, of what these take and of their
gradients, on devices that have a cuDNN (`plan.one_call`). Shapes are those of `sequences`.
"""

from __future__ import annotations

from math import prod
from typing import Any

from tailrace.dtypes import float16, float32, float64
from tailrace.native import device_cudnn
from tailrace.ops.recurrent import lstm, rnn
from tailrace.ops.recurrent.sequences import COUNT
from tailrace.registry import fused

_TYPES = (float16, float32, float64)


def _one(values):
    """The only value of a list that may be empty."""
    return values[0] if values else None


@fused(
    "CudnnSequence",
    "x: T, wx: T, wh: T, bias: K*T, h0: T, c0: C*T -> hs: T, c_last: T, kept: uint8, packed: T",
    T=_TYPES,
    K=COUNT,
    C=COUNT,
    mode="lstm",
    forget_bias=0.0,
    training=False,
)
def cudnn_sequence(x, wx, wh, bias, h0, c0, *, mode, forget_bias, training):
    """A layer; `kept` and `packed` are for its gradient."""
    return device_cudnn.sequence(
        mode, x, wx, wh, _one(bias), h0, _one(c0), forget_bias=forget_bias, training=training
    )


@cudnn_sequence.shape
def cudnn_sequence_shape(x, wx, wh, bias, h0, c0):
    return [(x[0] if x[0] is None else x[0] + 1, *h0), c0[0] if c0 else (0,), (None,), (None,)]


@cudnn_sequence.flops
def cudnn_sequence_flops(outputs, x, wx, wh, bias, h0, c0):
    return 2 * x[0] * x[1] * (prod(wx) + prod(wh))


@fused(
    "CudnnSequenceGrad",
    "dout: D*T, h_last: M*T, c_last: N*T, x: T, h0: T, c0: C*T, hs: T, kept: uint8, packed: T "
    "-> dx: T, dwx: T, dwh: T, dbias: T, dh0: T, dc0: T",
    T=_TYPES,
    D=COUNT,
    M=COUNT,
    N=COUNT,
    C=COUNT,
    mode="lstm",
    of_weights=True,
    in_place=False,
    _consumes="kept",
)
def cudnn_sequence_grad(
    dout, h_last, c_last, x, h0, c0, hs, kept, packed, *, mode, of_weights, in_place
):
    """The gradients of inputs, weights, bias and initial states; those of weights are empty where
    they are not asked for.
    """
    return device_cudnn.sequence_gradient(
        mode,
        _one(dout),
        _one(h_last),
        _one(c_last),
        x,
        h0,
        _one(c0),
        hs,
        kept if in_place else kept.clone(),
        packed,
        of_weights=of_weights,
    )


@cudnn_sequence_grad.shape
def cudnn_sequence_grad_shape(
    dout, h_last, c_last, x, h0, c0, hs, kept, packed, *, mode, of_weights
):
    width = h0[1] * device_cudnn.GATES[mode]
    weights = [(x[2], width), (h0[1], width), (width,)] if of_weights else [(0,)] * 3
    return [x, *weights, h0, c0[0] if c0 else (0,)]


@cudnn_sequence_grad.flops
def cudnn_sequence_grad_flops(
    outputs, dout, h_last, c_last, x, h0, c0, hs, kept, packed, *, mode, of_weights
):
    both = x[2] + h0[1]
    return 2 * (1 + of_weights) * x[0] * x[1] * both * h0[1] * device_cudnn.GATES[mode]


# -- in place of what ------------------------------------------------------------------------------


def _layer(b: Any, x: Any, wx: Any, wh: Any, bias: Any, first: Any, **how: Any) -> dict[str, Any]:
    """The step, by what `plan.one_call` asks for."""
    counts = {"K": len(bias), "C": len(first) - 1}
    hs, c_last, kept, packed = b.CudnnSequence(x, wx, wh, *bias, *first, **counts, **how)
    return {
        "states": hs,
        "last": [c_last] * (len(first) - 1),
        "gradient": (how["mode"], x, first, hs, kept, packed),
    }


def _gradient(b: Any, made: Any, dout: Any, last: Any, c_last: Any, of_weights: bool) -> Any:
    """The step, by what `plan.one_call` asks for."""
    mode, x, first, *saved = made["gradient"]
    dx, dwx, dwh, dbias, *d_first = b.CudnnSequenceGrad(
        *dout,
        *last,
        *c_last,
        x,
        *first,
        *saved,
        D=len(dout),
        M=len(last),
        N=len(c_last),
        C=len(first) - 1,
        mode=mode,
        of_weights=of_weights,
    )
    return {"x": dx, "wx": dwx, "wh": dwh, "bias": dbias, "first": d_first[: len(first)]}


def _serves(device: Any, value: Any) -> bool:
    return device_cudnn.serves(device) and value.tensor._dtype.base_dtype in _TYPES


@lstm.lstm_sequence.in_one_call
def lstm_in_one_call(b, device, x, wx, inputs, attrs, training):
    gx, wh, *more = inputs
    if not _serves(device, gx) or any(attrs[name] for name in ("P", "R", "L", "S", "cell_clip")):
        return None
    if attrs["activation"] != "tanh":
        return None
    bias, first = more[: attrs["K"]], more[attrs["K"] :]
    return _layer(
        b,
        x,
        wx,
        wh,
        bias,
        first,
        mode="lstm",
        forget_bias=attrs["forget_bias"],
        training=training,
    )


@lstm.lstm_sequence_grad.in_one_call
def lstm_gradient_in_one_call(b, made, inputs, attrs, of_weights):
    if attrs["C"]:
        return None  # what cuDNN gives are no gradients of the cells' states within a sequence
    lengths = (attrs["D"], attrs["M"], attrs["K"])
    begins = [sum(lengths[:i]) for i in range(3)]
    dout, last, c_last = (inputs[at : at + n] for at, n in zip(begins, lengths, strict=True))
    return _gradient(b, made, dout, last, c_last, of_weights)


@rnn.rnn_sequence.in_one_call
def rnn_in_one_call(b, device, x, wx, inputs, attrs, training):
    gx, wh, *more = inputs
    mode = f"rnn_{attrs['activation']}"
    if not _serves(device, gx) or attrs["L"] or attrs["S"] or mode not in device_cudnn.GATES:
        return None
    bias, first = more[: attrs["K"]], more[attrs["K"] :]
    return _layer(b, x, wx, wh, bias, first, mode=mode, training=training)


@rnn.rnn_sequence_grad.in_one_call
def rnn_gradient_in_one_call(b, made, inputs, attrs, of_weights):
    dout, last = inputs[: attrs["D"]], inputs[attrs["D"] : attrs["D"] + attrs["M"]]
    return _gradient(b, made, dout, last, [], of_weights)
