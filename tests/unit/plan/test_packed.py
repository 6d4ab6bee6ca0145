"""What lies side by side in one matrix is taken apart, where nothing else becomes of it."""

import numpy as np
import pytest

import tailrace as tf
from tailrace.plan.ir import Loop

RNG = np.random.RandomState(0)


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def planned(fetches, feeds, monkeypatch):
    """The plan for these feeds, loops as they are; what it gives agrees with what all steps do."""
    monkeypatch.setenv("TAILRACE_PASSES", "-lift,-fuse,-bundles")
    with tf.Session() as session:
        found = session.run(fetches, feeds)
        plan = session.plan(fetches, feeds)
    monkeypatch.setenv("TAILRACE_PASSES", "none")
    with tf.Session() as session:
        for value, expected in zip(found, session.run(fetches, feeds), strict=True):
            np.testing.assert_allclose(value, expected, rtol=1e-6)
    return plan


def names(steps):
    return [step.op_def.name for step in steps]


def loop_of(plan):
    return next(step for step in plan.steps if isinstance(step, Loop))


def both(body, x):
    """A loop whose state [2, 6] is two matrices side by side."""
    _, state = tf.while_loop(lambda i, _: i < 3, lambda i, s: [i + 1, body(s)], [0, x])
    return state


@pytest.mark.parametrize(
    "cut",
    [
        lambda s: tf.split(s, [4, 2], 1),
        lambda s: (tf.slice(s, [0, 0], [-1, 4]), tf.slice(s, [0, 4], [2, 2])),
        lambda s: (s[:, :4], s[:, 4:]),
    ],
)
def test_a_variable_becomes_several(cut, monkeypatch):
    x = tf.placeholder(tf.float32, [2, 6])

    def body(state):
        a, b = cut(state)
        return tf.concat([tf.sin(a), b * 2 + a[:, 1:3]], 1)

    final = both(body, x)
    plan = planned([final, *tf.gradients(tf.sin(final), x)], {x: RNG.randn(2, 6)}, monkeypatch)
    widths = [d[1] or 0 for v in loop_of(plan).variables if len(d := v.value.dims or ()) == 2]
    assert sum(widths) == 6
    assert len(widths) > 1
    assert "ConcatV2" not in names(loop_of(plan).steps())


@pytest.mark.parametrize(
    "body",
    [
        lambda s: tf.concat([s[:, :3] + tf.reduce_max(s), s[:, 3:]], 1),
        lambda s: tf.matmul(tf.concat([s[:, :3], s[:, 3:]], 1), tf.ones([6, 6])),
        lambda s: tf.reshape(tf.concat([s[:, 3:], s[:, :3]], 0), [2, 6]),
        lambda s: tf.concat([s[:, 2:], s[:, :2]], 1),  # cut where it is not laid together
    ],
)
def test_a_variable_that_is_more_than_columns_stays(body, monkeypatch):
    x = tf.placeholder(tf.float32, [2, 6])
    final = tf.while_loop(
        lambda i, _: i < 3,
        lambda i, s: [i + 1, body(s)],
        [0, x],
        shape_invariants=[tf.TensorShape([]), tf.TensorShape([None, None])],
    )[1]
    plan = planned([final], {x: RNG.randn(2, 6)}, monkeypatch)
    assert (2, 6) in [v.value.dims for v in loop_of(plan).variables]


def test_rows_are_chosen_piece_by_piece(monkeypatch):
    x, stays = tf.placeholder(tf.float32, [2, 6]), tf.placeholder(tf.bool, [2])

    def body(state):
        a, b = tf.split(state, 2, 1)
        return tf.where(stays, state, tf.concat([b, tf.sin(a)], 1))

    plan = planned([both(body, x)], {x: RNG.randn(2, 6), stays: [True, False]}, monkeypatch)
    assert names(loop_of(plan).steps()).count("Select") == 2


def test_elements_chosen_one_by_one_stay_together(monkeypatch):
    x, stays = tf.placeholder(tf.float32, [2, 6]), tf.placeholder(tf.bool, [2, 6])

    def body(state):
        a, b = tf.split(state, 2, 1)
        return tf.where(stays, state, tf.concat([b, tf.sin(a)], 1))

    feeds = {x: RNG.randn(2, 6), stays: RNG.rand(2, 6) > 0.5}
    plan = planned([both(body, x)], feeds, monkeypatch)
    assert names(loop_of(plan).steps()).count("Select") == 1


def test_what_another_variable_becomes_stays(monkeypatch):
    x, stays = tf.placeholder(tf.float32, [2, 6]), tf.placeholder(tf.bool, [2])

    def body(i, state, kept):
        a, b = tf.split(state, 2, 1)
        following = tf.concat([b, tf.sin(a)], 1)
        return [i + 1, following, tf.where(stays, state, following)]

    _, *states = tf.while_loop(lambda i, *_: i < 3, body, [0, x, x])
    plan = planned(states, {x: RNG.randn(2, 6), stays: [True, False]}, monkeypatch)
    assert [v.value.dims for v in loop_of(plan).variables].count((2, 6)) == 2


def test_what_a_step_waits_for_is_done():
    """Columns of values laid side by side under a control dependency still have it."""
    x = tf.placeholder(tf.float32, [2, 3])
    twice = x * 2
    count = tf.get_variable("count", [], initializer=tf.zeros_initializer())
    with tf.control_dependencies([count.assign_add(1)]):
        joined = tf.concat([x, twice], 1)
    with tf.Session() as session:
        session.run(count.initializer)
        np.testing.assert_array_equal(session.run(joined[:, 3:], {x: np.ones([2, 3])}), 2)
        assert session.run(count) == 1


def test_columns_outside_of_loops(monkeypatch):
    x, y = tf.placeholder(tf.float32, [2, 3]), tf.placeholder(tf.float32, [2, 2])
    joined = tf.concat([x, tf.sin(y)], 1)
    fetches = [joined[:, 3:], joined[:, 1:3], joined[:, 2:4], *tf.split(joined, [3, 2], 1)]
    plan = planned(fetches, {x: RNG.randn(2, 3), y: RNG.randn(2, 2)}, monkeypatch)
    # what begins in one and ends in the other is cut out of both
    assert names(plan.steps).count("ConcatV2") == 1
    assert "SplitV" not in names(plan.steps)
