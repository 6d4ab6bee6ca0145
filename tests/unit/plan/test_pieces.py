"""Sums of pieces among zeros: when they become the pieces laid one after another."""

import numpy as np
import pytest

import tailrace as tf


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def types(fetches, feeds):
    with tf.Session() as session:
        return [s.op_def.name for s in session.plan(fetches, feeds).steps]


def check(monkeypatch, fetches, feeds, joined):
    """Whether the pass does something, and that it changes nothing."""
    monkeypatch.setenv("TAILRACE_PASSES", "-fuse,-bundles")
    assert ("ConcatV2" in types(fetches, list(feeds))) == joined
    results = []
    for setting in ("", "-pieces"):
        monkeypatch.setenv("TAILRACE_PASSES", setting)
        with tf.Session() as session:
            results.append(session.run(fetches, feeds))
    np.testing.assert_array_equal(*results)


X = np.random.RandomState(0).randn(6, 5).astype(np.float32)


@pytest.mark.parametrize(
    "cut",
    [
        lambda x: (x[:2], x[2:]),
        lambda x: (x[2:], x[:2]),
        lambda x: (x[:, :1], x[:, 1:3], x[:, 3:]),
        lambda x: (x[-2:], x[:-2]),
        lambda x: (tf.slice(x, [0, 0], [4, -1]), tf.slice(x, [4, 0], [2, -1])),
        lambda x: (tf.slice(x, [0, 0], [-1, 1]), x[:, 1:]),
    ],
)
def test_the_gradient_of_pieces_is_laid_out(monkeypatch, cut):
    x = tf.placeholder(tf.float32, [6, 5])
    total = tf.add_n([i * tf.reduce_sum(tf.exp(p)) for i, p in enumerate(cut(x), 1)])
    check(monkeypatch, tf.gradients(total, x)[0], {x: X}, joined=True)


@pytest.mark.parametrize(
    "cut",
    [
        lambda x: (x[:2], x[3:]),  # a row nobody took
        lambda x: (x[:3], x[2:]),  # a row both took
        lambda x: (x[:2], x[:, 2:]),
        lambda x: (x[:2], x[2:, 1:]),
        lambda x: (x[::2], x[1::2]),
        lambda x: (x[0], x[1:]),
        lambda x: (x[:2], x[2:], x),
    ],
)
def test_what_is_not_laid_out_stays_a_sum(monkeypatch, cut):
    x = tf.placeholder(tf.float32, [6, 5])
    total = tf.add_n([i * tf.reduce_sum(tf.exp(p)) for i, p in enumerate(cut(x), 1)])
    check(monkeypatch, tf.gradients(total, x)[0], {x: X}, joined=False)


def test_a_piece_that_is_asked_for_is_there_too(monkeypatch):
    x, y = tf.placeholder(tf.float32, [2, 5]), tf.placeholder(tf.float32, [4, 5])
    first, second = tf.pad(x, [[0, 4], [0, 0]]), tf.pad(y, [[2, 0], [0, 0]])
    whole = tf.add_n([second, first])
    fetched = tf.concat([whole, first], 1)
    check(monkeypatch, fetched, {x: X[:2], y: X[2:]}, joined=True)
