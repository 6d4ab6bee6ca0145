"""cuDNN's networks compute what the cells do that stand in for them, and so do their gradients."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tailrace as tf

KINDS = ["lstm", "gru", "tanh", "relu"]
X = np.random.RandomState(0).randn(5, 3, 2).astype(np.float32)
LENGTHS = [5, 2, 1]
# without a GPU, what the library pins to one is computed on the CPU
SOFT = tf.ConfigProto(allow_soft_placement=True)


def _layer(kind: str, direction: str = "unidirectional", dtype: Any = None, **options: Any) -> Any:
    rnn = tf.contrib.cudnn_rnn
    layers = {
        "lstm": rnn.CudnnLSTM,
        "gru": rnn.CudnnGRU,
        "tanh": rnn.CudnnRNNTanh,
        "relu": rnn.CudnnRNNRelu,
    }
    uniform = tf.random_uniform_initializer(-0.6, 0.6, seed=1, dtype=dtype or tf.float32)
    return layers[kind](
        2,
        4,
        direction=direction,
        dtype=dtype or tf.float32,
        kernel_initializer=uniform,
        bias_initializer=uniform,
        **options,
    )


def _cell(kind: str) -> Any:
    rnn = tf.contrib.cudnn_rnn
    if kind == "lstm":
        return rnn.CudnnCompatibleLSTMCell(4)
    if kind == "gru":
        return rnn.CudnnCompatibleGRUCell(4)
    activation = tf.nn.tanh if kind == "tanh" else tf.nn.relu
    return tf.nn.rnn_cell.BasicRNNCell(4, activation=activation)


def _by_cells(kind: str, direction: str, lengths: list[int] | None) -> Any:
    if direction == "unidirectional":
        cell = tf.nn.rnn_cell.MultiRNNCell([_cell(kind) for _ in range(2)])
        y, _ = tf.nn.dynamic_rnn(cell, tf.constant(X), lengths, dtype=tf.float32, time_major=True)
        return y
    y, _, _ = tf.contrib.rnn.stack_bidirectional_dynamic_rnn(
        [_cell(kind) for _ in range(2)],
        [_cell(kind) for _ in range(2)],
        tf.constant(X),
        dtype=tf.float32,
        sequence_length=lengths,
        time_major=True,
    )
    return y


@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("direction", ["unidirectional", "bidirectional"])
@pytest.mark.parametrize("kind", KINDS)
def test_as_cells_through_a_checkpoint(
    kind: str, direction: str, lengths: list[int] | None, tmp_path: Path
) -> None:
    prefix = str(tmp_path / "model.ckpt")
    with (
        tf.Graph().as_default(),
        tf.Session(config=SOFT) as session,
        tf.variable_scope("") as scope,
    ):
        layer = _layer(kind, direction, name="")
        layer._scope = scope  # the cells have no scope around them either
        y, _ = layer(tf.constant(X), sequence_lengths=lengths)
        session.run(tf.global_variables_initializer())
        expected = session.run(y)
        tf.train.Saver().save(session, prefix)
        kernel = session.run(layer.kernel)
        session.run(tf.assign(layer.kernel, tf.zeros_like(layer.kernel)))
        tf.train.Saver().restore(session, prefix)
        same = session.run(y)
    with tf.Graph().as_default(), tf.Session(config=SOFT) as session:
        y = _by_cells(kind, direction, lengths)
        tf.train.Saver().restore(session, prefix)
        found = session.run(y)
    assert kernel.ndim == 1
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(same, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("kind", KINDS)
def test_gradients(kind: str, lengths: list[int] | None) -> None:
    with tf.Graph().as_default(), tf.Session(config=SOFT) as session:
        x = tf.constant(X.astype(np.float64))
        layer = _layer(kind, "bidirectional", tf.float64)
        count = 2 if kind == "lstm" else 1
        states = tuple(tf.constant(0.1 * np.ones((4, 3, 4))) for _ in range(count))
        y, ends = layer(x, initial_state=states, sequence_lengths=lengths)
        session.run(tf.global_variables_initializer())
        sources = [x, *states, layer.kernel]
        values = session.run(sources)
        weights = np.random.RandomState(1).randn(5, 3, 8)
        loss = tf.reduce_sum(y * weights) + sum(tf.reduce_sum(s * s) for s in ends)
        grads = session.run(tf.gradients(loss, sources))
        steps = [np.random.RandomState(i).randn(*v.shape) for i, v in enumerate(values)]
        for source, value, step, grad in zip(sources, values, steps, grads, strict=True):
            fed = source.value() if hasattr(source, "initializer") else source
            ends_of_step = [session.run(loss, {fed: value + s * 1e-6 * step}) for s in (1, -1)]
            slope = (ends_of_step[0] - ends_of_step[1]) / 2e-6
            np.testing.assert_allclose(np.sum(grad * step), slope, rtol=1e-5, atol=1e-6)


def test_batch_major() -> None:
    with tf.Graph().as_default(), tf.Session(config=SOFT) as session:
        layer = _layer("gru")
        y, (end,) = layer(tf.constant(X))
        turned, (other,) = layer(
            tf.constant(X.transpose(1, 0, 2)),
            initial_state=(tf.zeros([3, 2, 4]),),
            time_major=False,
        )
        session.run(tf.global_variables_initializer())
        y, end, turned, other = session.run([y, end, turned, other])
    np.testing.assert_allclose(turned.transpose(1, 0, 2), y, rtol=1e-5)
    np.testing.assert_allclose(other.transpose(1, 0, 2), end, rtol=1e-5)


def test_dropout() -> None:
    """Between the layers, in training only, and the same in a step's gradient."""
    with tf.Graph().as_default(), tf.Session(config=SOFT) as session:
        layer = _layer("tanh", dropout=0.5, seed=3)
        y, _ = layer(tf.constant(X), training=True)
        plain, _ = layer(tf.constant(X), training=False)
        session.run(tf.global_variables_initializer())
        first, second = session.run(y), session.run(y)
        assert not np.allclose(first, second)
        np.testing.assert_array_equal(session.run(plain), session.run(plain))
        train = tf.train.GradientDescentOptimizer(0.05).minimize(tf.reduce_mean(y * y))
        before = np.mean(session.run(plain) ** 2)
        for _ in range(50):
            session.run(train)
        assert np.mean(session.run(plain) ** 2) < 0.5 * before


def test_parameters_that_do_not_fit() -> None:
    with tf.Graph().as_default(), tf.Session(config=SOFT) as session:
        net = tf.raw_ops.CudnnRNN(
            input=X, input_h=tf.zeros([1, 3, 4]), input_c=tf.zeros([1, 3, 4]), params=[1.0]
        )
        with pytest.raises(tf.errors.InvalidArgumentError, match="128 parameters"):
            session.run(net[0])


def test_size_of_parameters() -> None:
    with tf.Graph().as_default(), tf.Session(config=SOFT) as session:
        size = tf.raw_ops.CudnnRNNParamsSize(
            num_layers=1, num_units=4, input_size=2, T=tf.float32, S=tf.int32
        )
        assert session.run(size).tolist() == [4 * 4 * (2 + 4) + 8 * 4]
