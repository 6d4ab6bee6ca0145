"""ClockworkRNNCell against its equations."""

import numpy as np
import pytest

import tailrace as tf

PERIODS = [1, 4, 2]
B, T, INPUTS, UNITS = 3, 9, 2, 6


def run(x: np.ndarray, lengths: np.ndarray | None = None) -> tuple[np.ndarray, ...]:
    """Outputs [B, T, H], last state and time, kernel, bias; with variables drawn by lot."""
    with tf.Graph().as_default(), tf.Session() as session:
        cell = tf.contrib.rnn.ClockworkRNNCell(UNITS, PERIODS)
        outputs, state = tf.nn.dynamic_rnn(cell, tf.constant(x), lengths, dtype=tf.float32)
        session.run(tf.global_variables_initializer())
        kernel, bias = cell.trainable_variables
        random = np.random.default_rng(5)
        kernel.load(random.normal(size=kernel.shape.as_list()), session)
        bias.load(random.normal(size=bias.shape.as_list()), session)
        return session.run((outputs, state.h, state.time, kernel, bias))


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(1).normal(size=[B, T, INPUTS]).astype(np.float32)


def test_groups_follow_the_equations(x: np.ndarray):
    outputs, last, time, kernel, bias = run(x)
    h = np.zeros([B, UNITS])
    for t in range(T):
        new = h.copy()
        for g, period in enumerate(PERIODS):
            mine = slice(2 * g, 2 * g + 2)
            if t % period:
                continue
            total = x[:, t] @ kernel[:INPUTS, mine] + bias[mine]
            for j, other in enumerate(PERIODS):
                if other >= period:
                    rows = slice(INPUTS + 2 * j, INPUTS + 2 * j + 2)
                    total = total + h[:, 2 * j : 2 * j + 2] @ kernel[rows, mine]
            new[:, mine] = np.tanh(total)
        h = new
        np.testing.assert_allclose(outputs[:, t], h, atol=1e-5)
    np.testing.assert_allclose(last, h, atol=1e-5)
    assert time.tolist() == [[T]] * B


def test_a_slow_group_stands_still(x: np.ndarray):
    outputs = run(x)[0]
    slow = outputs[:, :, 2:4]
    np.testing.assert_array_equal(slow[:, 1:4], np.repeat(slow[:, :1], 3, axis=1))
    assert (slow[:, 4] != slow[:, 3]).all()


def test_a_slow_group_does_not_hear_a_fast_one():
    with tf.Graph().as_default(), tf.Session() as session:
        cell = tf.contrib.rnn.ClockworkRNNCell(UNITS, PERIODS)
        h = tf.placeholder(tf.float32, [1, UNITS])
        state = type(cell.state_size)(h, tf.zeros([1, 1]))
        output, _ = cell(tf.zeros([1, INPUTS]), state)
        slope = tf.gradients(output[:, 2:4], h)[0]
        session.run(tf.global_variables_initializer())
        found = session.run(slope, {h: np.full([1, UNITS], 0.2)})[0]
    assert found[[0, 1, 4, 5]].tolist() == [0] * 4
    assert (found[2:4] != 0).all()


def test_sequences_that_end_early(x: np.ndarray):
    _, last, time, *_ = run(x, np.array([9, 4, 1]))
    every, *_ = run(x)
    assert time.ravel().tolist() == [9, 4, 1]
    np.testing.assert_allclose(last[1], every[1, 3], atol=1e-6)


def test_powers_of_two_by_default():
    cell = tf.contrib.rnn.ClockworkRNNCell(8, group_count=4)
    assert cell._periods.tolist() == [1, 1, 2, 2, 4, 4, 8, 8]
    assert cell.output_size == 8


@pytest.mark.parametrize(
    ("units", "periods", "said"),
    [(5, [1, 2], "cannot be divided"), (4, [0, 1], "1 or more"), (4, [], "1 or more")],
)
def test_impossible_groups(units: int, periods: list[int], said: str):
    with pytest.raises(ValueError, match=said):
        tf.contrib.rnn.ClockworkRNNCell(units, periods)
