"""What is computed on the device that is none and, by `test_cuda.py`, on a real GPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from tests.unit.plan.recurrent_programs import Program

import tailrace as tf
from tailrace.native import device_cudnn, recurrent

# steps, sequences, inputs, hidden
SIZES = [(1, 1, 1, 1), (3, 2, 5, 7), (6, 1, 3, 2), (2, 5, 1, 9), (5, 3, 4, 4)]

_X = np.random.RandomState(0).randn(4, 3).astype(np.float32)


def random(*shape: int) -> torch.Tensor:
    """Numbers of double precision that are the same in every run."""
    return torch.from_numpy(np.random.RandomState(sum(shape) + 7).randn(*shape) * 0.6)


def numbers(mode: str, sizes: tuple[int, int, int, int], arrives: str = "all"):
    """What a layer and its gradient are given: x, wx, wh, bias, h0, c0, dout, dh and dc of the last
    step.
    """
    steps, batch, inputs, hidden = sizes
    width = hidden * device_cudnn.GATES[mode]
    x, wx, wh = random(steps, batch, inputs), random(inputs, width), random(hidden, width)
    bias, h0 = random(width), random(batch, hidden)
    c0 = random(batch, hidden) * 0.5 if mode == "lstm" else None
    dout = None if arrives == "ends" else random(steps, batch, hidden)
    dh_last = None if arrives == "outputs" else random(batch, hidden)
    dc_last = None if arrives == "outputs" or c0 is None else -random(batch, hidden)
    return x, wx, wh, bias, h0, c0, dout, dh_last, dc_last


def natively(mode: str, given: Any, forget_bias: float) -> list[torch.Tensor]:
    """States, last c, and the gradients, by the kernels of the CPU."""
    x, wx, wh, bias, h0, c0, dout, dh_last, dc_last = given
    gx = (x.reshape(-1, x.shape[2]) @ wx).view(*x.shape[:2], -1)
    if mode == "lstm":
        hs, cs, gates = recurrent.lstm_forward(gx, wh, bias, h0, c0, forget_bias=forget_bias)
        dz, dh, dc = recurrent.lstm_backward(dout, dh_last, dc_last, gates, hs, cs, wh)
        last = [cs[-1]]
        first = [dh, dc]
    else:
        activation = mode.removeprefix("rnn_")
        hs = recurrent.rnn_forward(gx, wh, bias, h0, activation=activation)
        dz, *first = recurrent.rnn_backward(dout, dh_last, hs, wh, activation=activation)
        last = []
    rows = dz.reshape(-1, dz.shape[2])
    dx = (rows @ wx.t()).view_as(x)
    dwx, dwh = x.reshape(-1, x.shape[2]).t() @ rows, hs[:-1].reshape(-1, hs.shape[2]).t() @ rows
    return [hs, *last, dx, dwx, dwh, rows.sum(0), *first]


def by_cudnn(mode: str, given: Any, forget_bias: float) -> list[torch.Tensor]:
    """The same by what is, or stands for, cuDNN."""
    x, wx, wh, bias, h0, c0, dout, dh_last, dc_last = given
    hs, c_last, *saved = device_cudnn.sequence(
        mode, x, wx, wh, bias, h0, c0, forget_bias=forget_bias
    )
    gradients = device_cudnn.sequence_gradient(mode, dout, dh_last, dc_last, x, h0, c0, hs, *saved)
    return [hs, *gradients[:-1]] if c0 is None else [hs, c_last, *gradients]


def of_contrib(
    kind: str,
    lengths: bool,
    direction: str,
    config: tf.ConfigProto | None,
    *,
    gradients: bool = False,
):
    """What a network of `tf.contrib.cudnn_rnn` gives, and the gradients if asked for."""
    with tf.Graph().as_default(), tf.Session(config=config) as session:
        x = tf.placeholder(tf.float64, [5, 3, 2])
        feeds = {x: np.random.RandomState(1).randn(5, 3, 2)}
        layer = getattr(tf.contrib.cudnn_rnn, kind)(2, 4, direction=direction, dtype=tf.float64)
        options = {"sequence_lengths": tf.constant([5, 2, 3])} if lengths else {}
        y, states = layer(x, **options)
        program = Program([tf.convert_to_tensor(v) for v in (y, *states)], feeds)
        for variable in tf.global_variables():
            noise = np.random.RandomState(3).randn(2000) * 0.4  # more than any of them has
            size = session.run(tf.size(variable.initial_value))
            session.run(tf.assign(variable, noise[:size], validate_shape=False))
        return session.run(program.training if gradients else program.forward, feeds)


OPTIMIZERS = ("GradientDescent", "Momentum", "Adagrad", "RMSProp", "Adam")


def optimized(optimizer: str, use_resource: bool, config: tf.ConfigProto | None = None):
    """Losses of six steps, and the variables after."""
    with tf.Graph().as_default(), tf.Session(config=config) as session:
        options = {"momentum": 0.9} if optimizer == "Momentum" else {}
        w = tf.get_variable("w", initializer=_X, use_resource=use_resource)
        b = tf.get_variable("b", initializer=np.ones(3, "f"), use_resource=use_resource)
        loss = tf.reduce_sum(tf.square(w * b + 0.5))
        rate = tf.train.exponential_decay(
            0.05, tf.train.get_or_create_global_step(), 2, 0.5, staircase=True
        )
        made = getattr(tf.train, f"{optimizer}Optimizer")(rate, **options)
        train = made.minimize(loss, tf.train.get_global_step())
        session.run(tf.global_variables_initializer())
        losses = [session.run([loss, train])[0] for _ in range(6)]
        return [np.array(losses), *session.run([w, b])]
