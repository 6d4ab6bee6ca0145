"""Rows that are looked up in a small table are not multiplied one by one."""

import numpy as np
import pytest

import tailrace as tf

RNG = np.random.RandomState(0)


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def trained(cell, words, monkeypatch, *, unrolled=False):
    """The plan's text; outputs and gradients with and without the pass, which have to agree."""
    ids = tf.placeholder(tf.int32, [None, 6])
    table = tf.get_variable("table", [words, 3])
    looked_up = tf.nn.embedding_lookup(table, ids)
    if unrolled:
        outputs, _ = tf.nn.static_rnn(cell, tf.unstack(looked_up, axis=1), dtype=tf.float32)
    else:
        outputs, _ = tf.nn.dynamic_rnn(cell, looked_up, dtype=tf.float32)
    loss = tf.add_n(
        [tf.reduce_sum(tf.sin(o)) for o in outputs]
        if unrolled
        else [tf.reduce_sum(tf.sin(outputs))]
    )
    gradients = [tf.convert_to_tensor(g) for g in tf.gradients(loss, tf.trainable_variables())]
    feed = {ids: RNG.randint(0, words, (4, 6))}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        text = str(session.plan([loss, *gradients], feed))
        found = session.run([loss, *gradients], feed)
        monkeypatch.setenv("TAILRACE_PASSES", "-tables")
        session.graph._mutations += 1  # plans are made anew
        assert "TableRows" not in str(session.plan([loss, *gradients], feed))
        expected = session.run([loss, *gradients], feed)
    for value, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-5, atol=1e-6)
    return text


@pytest.mark.parametrize("unrolled", [False, True])
@pytest.mark.parametrize("cell", ["LSTMCell", "GRUCell", "BasicRNNCell"])
def test_small_tables(cell, unrolled, monkeypatch):
    text = trained(getattr(tf.nn.rnn_cell, cell)(5), 4, monkeypatch, unrolled=unrolled)
    assert "TableRows" in text
    assert "KernelGradientByTable" in text


def test_a_table_of_many_rows_is_left_alone(monkeypatch):
    assert "TableRows" not in trained(tf.nn.rnn_cell.GRUCell(5), 30, monkeypatch)
