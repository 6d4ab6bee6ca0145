"""Operations that do several things are written as these, and what nobody needs is left out."""

import numpy as np
import pytest

import tailrace as tf
from tailrace.graph import g

B, X, H = 3, 4, 6


def _weights(seed, *shape):
    return tf.constant(np.random.RandomState(seed).randn(*shape).astype(np.float32))


def _lstm(x, c, h, **settings):
    w, bias, peephole = _weights(1, X + H, 4 * H), _weights(2, 4 * H), _weights(3, H)
    return g.LSTMBlockCell(x, c, h, w, peephole, peephole, peephole, bias, **settings)


def _gru(x, h):
    w, wc = _weights(1, X + H, 2 * H), _weights(2, X + H, H)
    return g.GRUBlockCell(x, h, w, wc, _weights(3, 2 * H), _weights(4, H))


def _types(session, fetches, feeds):
    return {step.op_def.name for step in session.plan(fetches, feeds).steps}


def _check(whole, fetches, feeds, monkeypatch):
    """No step is `whole` but where the pass is off, and the values are the same."""
    with tf.Session() as session:
        assert not whole & _types(session, fetches, feeds)
        found = session.run(fetches, feeds)
    monkeypatch.setenv("TAILRACE_PASSES", "-parts")
    with tf.Session() as session:
        assert whole <= _types(session, fetches, feeds)
        for value, expected in zip(found, session.run(fetches, feeds), strict=True):
            np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-6)


@pytest.fixture(autouse=True)
def _graph():
    with tf.Graph().as_default():
        yield


@pytest.fixture
def session(_graph):
    with tf.Session() as session:
        yield session


@pytest.mark.parametrize(
    "settings",
    [{}, {"forget_bias": 0.0}, {"use_peephole": True}, {"cell_clip": 0.1, "use_peephole": True}],
)
def test_lstm_step(settings, monkeypatch):
    """All outputs and all gradients are those of the kernels."""
    x, c, h = (tf.placeholder(tf.float32, [B, n]) for n in (X, H, H))
    feeds = {v: np.random.RandomState(k).randn(B, v.shape[1]) for k, v in enumerate((x, c, h))}
    outputs = _lstm(x, c, h, **settings)
    loss = tf.reduce_sum(tf.sin(outputs[1])) + tf.reduce_sum(tf.cos(outputs[6]))
    block = outputs[0].op
    fetches = [*outputs, *tf.gradients(loss, [x, c, h, *block.inputs[3:4], block.inputs[7]])]
    _check({"LSTMBlockCell", "LSTMBlockCellGrad"}, fetches, feeds, monkeypatch)


def test_gru_step(monkeypatch):
    """All outputs and all gradients are those of the kernels."""
    x, h = tf.placeholder(tf.float32, [B, X]), tf.placeholder(tf.float32, [B, H])
    feeds = {v: np.random.RandomState(k).randn(B, v.shape[1]) for k, v in enumerate((x, h))}
    outputs = _gru(x, h)
    loss = tf.reduce_sum(tf.sin(outputs[3]))
    fetches = [*outputs, *tf.gradients(loss, [x, h, *outputs[0].op.inputs[2:]])]
    _check({"GRUBlockCell", "GRUBlockCellGrad"}, fetches, feeds, monkeypatch)


def test_what_has_to_run_runs_whole(session):
    """What is asked for as an operation, or waits for something, stays one step."""
    x, h = tf.placeholder(tf.float32, [B, X]), tf.placeholder(tf.float32, [B, H])
    feeds = {x: np.ones([B, X]), h: np.ones([B, H])}
    first = _gru(x, h)
    assert "GRUBlockCell" in _types(session, [first[3], first[3].op], feeds)
    counter = tf.Variable(0.0)
    with tf.control_dependencies([counter.assign_add(1.0)]):
        second = _gru(x, h)
    assert "GRUBlockCell" in _types(session, [second[3]], feeds)
    assert "GRUBlockCell" not in _types(session, [first[3]], feeds)


def test_who_waits_for_it_waits_for_its_parts(session):
    """A change of a variable that waits for a step comes after it."""
    x, h = tf.placeholder(tf.float32, [B, X]), tf.placeholder(tf.float32, [B, H])
    outputs = _gru(x, h)
    counter = tf.Variable(0.0)
    with tf.control_dependencies([outputs[3]]):
        change = counter.assign_add(1.0)
    feeds = {x: np.ones([B, X]), h: np.ones([B, H])}
    session.run(counter.initializer)
    assert "GRUBlockCell" not in _types(session, [change], feeds)
    assert session.run(change, feeds) == 1.0


def test_wrong_sizes_are_told_of_as_ever(session):
    """Where the parts would not fit, the operation itself says so."""
    x, h = tf.placeholder(tf.float32, [B, X + 1]), tf.placeholder(tf.float32, [B, H])
    with pytest.raises(tf.errors.InvalidArgumentError, match="w_ru must have shape"):
        session.run(_gru(x, h)[3], {x: np.ones([B, X + 1]), h: np.ones([B, H])})
