"""The rows of an embedding's gradient are summed by word before they are multiplied."""

import numpy as np
import pytest

import tailrace as tf

RNG = np.random.RandomState(0)
WORDS = 4


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(1)
        yield graph


class Model:
    """A layer over looked up rows, whose gradients may be clipped, and Adam."""

    def __init__(self, cell, clip, *, static=False):
        self.ids = tf.placeholder(tf.int32, [None, 6])
        self.factor = tf.placeholder_with_default(np.float32(1), [])
        table = tf.get_variable("table", [WORDS, 3])
        inputs = tf.nn.embedding_lookup(table, self.ids)
        if static:
            outputs, _ = tf.nn.static_rnn(cell, tf.unstack(inputs, axis=1), dtype=tf.float32)
            outputs = tf.stack(outputs, 1)
        else:
            outputs, _ = tf.nn.dynamic_rnn(cell, inputs, dtype=tf.float32)
        self.loss = self.factor * tf.reduce_sum(tf.sin(outputs))
        variables = tf.trainable_variables()
        gradients = tf.gradients(self.loss, variables)
        self.norm = tf.global_norm(gradients)
        if clip:
            gradients, self.norm = tf.clip_by_global_norm(gradients, clip)
        pairs = list(zip(gradients, variables, strict=True))
        self.train = tf.train.AdamOptimizer(0.01).apply_gradients(pairs)

    def steps(self, words=WORDS, factor=1.0, more=()):
        """The plan's text, and all variables after three steps and whatever is asked for."""
        feeds = [RNG.randint(0, words, (4, 6)) for _ in range(3)]
        fetches = [self.loss, self.train, *more]
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            text = str(session.plan(fetches, {self.ids: feeds[0]}))
            values = []
            for ids in feeds:
                results = session.run(fetches, {self.ids: ids, self.factor: factor})
                values.extend(v for v in results if v is not None)
            return text, [*values, *session.run(tf.global_variables())]


def compared(model, monkeypatch, **how):
    """The plan's text; the results with and without the pass, which have to agree."""
    state = RNG.get_state()
    text, found = model.steps(**how)
    monkeypatch.setenv("TAILRACE_PASSES", "-rows")
    tf.get_default_graph()._mutations += 1  # plans are made anew
    RNG.set_state(state)
    plain, expected = model.steps(**how)
    assert "ByRow" not in plain
    assert "Unique(" in plain
    for value, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-4, atol=1e-6)
    return text


@pytest.mark.parametrize("clip", [0.01, 1e3])
@pytest.mark.parametrize("cell", ["LSTMCell", "GRUCell", "BasicRNNCell"])
@pytest.mark.parametrize("static", [False, True])
def test_clipped_gradients(cell, clip, static, monkeypatch):
    """Whether the bound of the norm is enough, or the norm itself has to be computed."""
    model = Model(getattr(tf.nn.rnn_cell, cell)(5), clip, static=static)
    text = compared(model, monkeypatch)
    assert "L2LossStackByRow" in text
    assert "Unique(" not in text


def test_without_clipping(monkeypatch):
    text = compared(Model(tf.nn.rnn_cell.LSTMCell(5), 0), monkeypatch)
    assert "Unique(" not in text
    assert "InputGradient" not in text


def test_words_that_do_not_occur(monkeypatch):
    text = compared(Model(tf.nn.rnn_cell.LSTMCell(5), 1.0), monkeypatch, words=2)
    assert "L2LossStackByRow" in text


@pytest.mark.parametrize("clip", [0, 1.0])
@pytest.mark.parametrize("factor", [np.nan, np.inf])
def test_what_is_not_finite_reaches_the_words_in_use_alone(factor, clip, monkeypatch):
    model = Model(tf.nn.rnn_cell.GRUCell(5), clip)
    compared(model, monkeypatch, words=2, factor=factor)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        feed = {model.ids: np.ones([4, 6], np.int32), model.factor: factor}
        session.run(model.train, feed)
        table = session.run(tf.trainable_variables()[0])
    assert np.isnan(table[1]).all()
    assert np.isfinite(table[[0, 2, 3]]).all()


def test_a_norm_that_is_asked_for_is_exact(monkeypatch):
    model = Model(tf.nn.rnn_cell.LSTMCell(5), 1e3)
    text = compared(model, monkeypatch, more=[model.norm])
    assert "ByRow" not in text


def test_a_norm_that_a_summary_takes_is_exact(monkeypatch):
    model = Model(tf.nn.rnn_cell.LSTMCell(5), 1e3)
    double = model.norm * 2.0
    text = compared(model, monkeypatch, more=[double])
    assert "ByRow" not in text
