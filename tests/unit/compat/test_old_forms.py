"""Names and argument orders from before TensorFlow 1.0, and the slips of the lecture decks."""

import numpy as np
import pytest

import tailrace
from tailrace.compat.facade import Missing, public
from tailrace.compat.old_calls import ADAPTED
from tailrace.compat.old_names import MOVED, RENAMED


def _value(tf, tensor):
    with tf.Session() as session:
        return session.run(tensor)


def _exists(path: str) -> bool:
    try:
        public(path)
    except Missing:
        return False
    return True


@pytest.mark.parametrize("old", sorted({**RENAMED, **ADAPTED, **MOVED}))
def test_old_names_are_absent_from_the_api(old: str):
    """A name that 1.15 has must not be in the table of old names (adapted calls keep theirs)."""
    assert not _exists(old) or ADAPTED.get(old, ("",))[0] == old


def test_renamed(tensorflow):
    tf = tensorflow
    assert tf.mul is tailrace.multiply
    assert _value(tf, tf.sub(3.0, tf.neg(1.0))) == 4.0
    assert _value(tf, tf.pack([1, 2])).tolist() == [1, 2]


def test_slips_of_the_decks(tensorflow):
    tf = tensorflow
    assert tf.softmax is tailrace.nn.softmax
    assert tf.contrib.BasicRNNCell is tailrace.nn.rnn_cell.BasicRNNCell
    optimizer = tf.train.AdamOptimizer(learing_rate=0.5)
    assert isinstance(optimizer, tailrace.train.AdamOptimizer)


@pytest.mark.parametrize("form", ["new", "old", "old keywords", "old mixed", "tensor axis"])
def test_concat(tensorflow, form: str):
    tf = tensorflow
    a, b = tf.constant([[1, 2]]), tf.constant([[3, 4]])
    joined = {
        "new": lambda: tf.concat([a, b], 1),
        "old": lambda: tf.concat(1, [a, b]),
        "old keywords": lambda: tf.concat(concat_dim=1, values=[a, b]),
        "old mixed": lambda: tf.concat(1, values=[a, b]),
        "tensor axis": lambda: tf.concat(tf.constant(1), [a, b]),
    }[form]()
    assert _value(tf, joined).tolist() == [[1, 2, 3, 4]]


@pytest.mark.parametrize("form", ["new", "old", "old keywords"])
def test_split(tensorflow, form: str):
    tf = tensorflow
    x = tf.constant([[1, 2, 3, 4]])
    parts = {
        "new": lambda: tf.split(x, 2, 1),
        "old": lambda: tf.split(1, 2, x),
        "old keywords": lambda: tf.split(split_dim=1, num_split=2, value=x),
    }[form]()
    assert [part.tolist() for part in _value(tf, parts)] == [[[1, 2]], [[3, 4]]]


def test_reverse(tensorflow):
    tf = tensorflow
    x = tf.constant([[1, 2], [3, 4]])
    assert _value(tf, tf.reverse(x, [False, True])).tolist() == [[2, 1], [4, 3]]
    assert _value(tf, tf.reverse(x, [0])).tolist() == [[3, 4], [1, 2]]


def test_cross_entropy_by_position(tensorflow):
    tf = tensorflow
    logits, labels = tf.constant([[2.0, 1.0]]), tf.constant([[0.0, 1.0]])
    old = tf.nn.softmax_cross_entropy_with_logits(logits, labels)
    new = tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    np.testing.assert_array_equal(*_value(tf, [old, new]))
