"""The networks as TensorFlow graphs: the public `tf` API alone.

Predictor (Malhotra, Vig, Shroff, Agarwal, "Long short-term memory networks for anomaly detection in
time series", 2015), which says the next K points at every step:

    h_t = LSTM(x_t, h_{t-1})        (y_{t,1}, ..., y_{t,K}) = W h_t + b

Encoder-decoder (Malhotra, Ramakrishnan, Anand, Vig, Agarwal, Shroff, "LSTM-based encoder-decoder
for multi-sensor anomaly detection", 2016), which has to get a window through its last state and
gives it back last point first:

    s_0 = LSTM_e(x_1, ..., x_L)     s_i = LSTM_d(y_{i-1}, s_{i-1})     y_i = V s_i + c

where y_0 = 0; the decoder reads its own output, while it learns as afterwards.

Arrays are time-major: T or L steps, B series side by side, C channels, H units, K points ahead.
"""

from __future__ import annotations

from typing import NamedTuple

import tailrace as tf

CLIP_NORM = 1.0


class Network(NamedTuple):
    """Tensors of one network; the predictor alone has states."""

    inputs: tf.Tensor  # [T, B, C]
    targets: tf.Tensor  # [T, B, K C]; the autoencoder's are its inputs
    outputs: tf.Tensor  # [T, B, K C]
    initial: list[tf.Tensor]  # [B, H]
    final: list[tf.Tensor]  # [B, H]
    loss: tf.Tensor
    learning_rate: tf.Tensor
    update: tf.Operation


def build_predictor(channels: int, size: int, ahead: int) -> Network:
    """The predictor in the default graph."""
    inputs = tf.placeholder(tf.float32, [None, None, channels], name="inputs")
    targets = tf.placeholder(tf.float32, [None, None, ahead * channels], name="targets")
    initial = [tf.placeholder(tf.float32, [None, size], name=name) for name in ("c", "h")]
    cell = tf.contrib.rnn.LSTMBlockFusedCell(size)
    hidden, final = cell(inputs, initial_state=(initial[0], initial[1]))
    outputs = tf.layers.dense(hidden, ahead * channels, name="next")
    loss = tf.reduce_mean(tf.squared_difference(outputs, targets))
    return Network(inputs, targets, outputs, initial, list(final), loss, *_training(loss))


def build_autoencoder(channels: int, size: int, window: int) -> Network:
    """The encoder-decoder in the default graph."""
    inputs = tf.placeholder(tf.float32, [window, None, channels], name="inputs")
    with tf.variable_scope("encoder"):
        encoder = tf.contrib.rnn.LSTMBlockFusedCell(size)
        _, (c, h) = encoder(inputs, dtype=tf.float32)
    with tf.variable_scope("decoder"):
        cell = tf.nn.rnn_cell.LSTMCell(size)
        back = tf.layers.Dense(channels, name="point")
        start = tf.zeros_like(inputs[0])

        def step(
            time: tf.Tensor,
            output: tf.Tensor | None,
            state: tf.nn.rnn_cell.LSTMStateTuple | None,
            _: None,
        ) -> tuple:
            done = tf.fill([tf.shape(inputs)[1]], tf.equal(time, window))
            if output is None:
                state = tf.nn.rnn_cell.LSTMStateTuple(c, h)
                return done, start, state, tf.zeros([channels]), None
            point = back(output)
            return done, point, state, point, None

        points, _, _ = tf.nn.raw_rnn(cell, step)
        outputs = tf.reverse(points.stack(), [0])
    loss = tf.reduce_mean(tf.squared_difference(outputs, inputs))
    return Network(inputs, inputs, outputs, [], [], loss, *_training(loss))


def _training(loss: tf.Tensor) -> tuple[tf.Tensor, tf.Operation]:
    """Adam on the gradients, clipped together: the learning rate's placeholder and the update."""
    learning_rate = tf.placeholder(tf.float32, [], name="learning_rate")
    variables = tf.trainable_variables()
    gradients, _ = tf.clip_by_global_norm(tf.gradients(loss, variables), CLIP_NORM)
    optimizer = tf.train.AdamOptimizer(learning_rate)
    return learning_rate, optimizer.apply_gradients(list(zip(gradients, variables, strict=True)))
