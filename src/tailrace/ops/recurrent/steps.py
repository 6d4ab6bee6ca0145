"""One step of a recurrent cell for one sequence, as the planner puts it in place of its steps where
a program generates one symbol after the other.

Shapes: x [1,I], states [1,H], kernels [I+H,G H]. `b` makes steps; `x`, `kernel` and `bias` (a list
of at most one) go by the affine sums of the cell's equations, `previous` by its states.
"""

from __future__ import annotations

import struct
from math import prod

from tailrace.dtypes import float32, float64
from tailrace.native import steps
from tailrace.native.bundles import Instruction, size_of
from tailrace.registry import Attr, fused

_TYPES = (float32, float64)
_COUNT = Attr("int", 0)


@fused(
    "LstmStep",
    "x: T, h: T, c: T, kernel: T, bias: K*T -> h_next: T, c_next: T",
    T=_TYPES,
    K=_COUNT,
    forget_bias=0.0,
)
def lstm_step(x, h, c, kernel, bias, *, forget_bias):
    """The next states of an LSTM."""
    return steps.lstm_step(x, h, c, kernel, bias[0] if bias else None, forget_bias)


def _small(name, x, h, numbers, biases, gates):
    """A step in a bundle; `gates` numbers a unit to work with."""
    inputs = tuple(range({"lstm": 4, "gru": 4, "rnn": 3}[name] + sum(biases)))
    scratch = gates * h[1] * size_of(x.dtype.name)
    return Instruction(name, inputs, (x[1], h[1], numbers, *biases), scratch)


@lstm_step.small
def lstm_step_small(x, h, c, kernel, bias, *, forget_bias):
    bits = int.from_bytes(struct.pack("<d", forget_bias), "little", signed=True)
    return _small("lstm", x, h, bits, (len(bias), 0), 4)


lstm_step.shape(lambda x, h, c, kernel, bias: [h, c])
lstm_step.flops(lambda outputs, x, h, c, kernel, bias: 2 * prod(kernel))


@fused(
    "GruStep",
    "x: T, h: T, kernel: T, candidate: T, bias: K*T, candidate_bias: M*T -> h_next: T",
    T=_TYPES,
    K=_COUNT,
    M=_COUNT,
)
def gru_step(x, h, kernel, candidate, bias, candidate_bias):
    """The next state of a GRU."""
    first, second = bias[0] if bias else None, candidate_bias[0] if candidate_bias else None
    return steps.gru_step(x, h, kernel, first, candidate, second)


@gru_step.small
def gru_step_small(x, h, kernel, candidate, bias, candidate_bias):
    return _small("gru", x, h, 0, (len(bias), len(candidate_bias)), 3)


gru_step.shape(lambda x, h, kernel, candidate, bias, candidate_bias: [h])


@gru_step.flops
def gru_step_flops(outputs, x, h, kernel, candidate, bias, candidate_bias):
    return 2 * (prod(kernel) + prod(candidate))


@fused(
    "RnnStep",
    "x: T, h: T, kernel: T, bias: K*T -> h_next: T",
    T=_TYPES,
    K=_COUNT,
    activation="tanh",
)
def rnn_step(x, h, kernel, bias, *, activation):
    """The next state of a plain cell."""
    return steps.rnn_step(x, h, kernel, bias[0] if bias else None, activation.decode())


@rnn_step.small
def rnn_step_small(x, h, kernel, bias, *, activation):
    return _small("rnn", x, h, steps.ACTIVATIONS[activation.decode()], (len(bias), 0), 1)


rnn_step.shape(lambda x, h, kernel, bias: [h])
rnn_step.flops(lambda outputs, x, h, kernel, bias: 2 * prod(kernel))


def lstm(b, x, kernel, bias, previous, attributes):
    """The next states by name."""
    h, c = b.LstmStep(
        x["z"],
        previous["h"],
        previous["c"],
        kernel["z"],
        *bias["z"],
        K=len(bias["z"]),
        forget_bias=attributes["forget_bias"],
    )
    return {"h": h, "c": c}


def gru(b, x, kernel, bias, previous, attributes):
    """The next state by name; None where gates and candidate read different inputs."""
    if x["z"] is not x["zc"]:
        return None
    kernels = kernel["z"], kernel["zc"]
    biases = [*bias["z"], *bias["zc"]]
    sizes = {"K": len(bias["z"]), "M": len(bias["zc"])}
    return {"h": b.GruStep(x["z"], previous["h"], *kernels, *biases, **sizes)}


def rnn(b, x, kernel, bias, previous, attributes):
    """The next state by name."""
    activation = attributes["activation"].encode()
    found = b.RnnStep(
        x["z"],
        previous["h"],
        kernel["z"],
        *bias["z"],
        K=len(bias["z"]),
        activation=activation,
    )
    return {"h": found}
