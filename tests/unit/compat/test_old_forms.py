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


def test_sampled_losses_with_inputs_first(tensorflow):
    tf = tensorflow
    weights, biases = tf.ones([5, 2]), tf.zeros([5])
    inputs, labels = tf.ones([3, 2]), tf.constant([[1], [2], [3]], tf.int64)
    for loss in (tf.nn.nce_loss, tf.nn.sampled_softmax_loss):
        for pair in ((inputs, labels), (labels, inputs)):
            assert loss(weights, biases, *pair, 2, 5).shape.as_list() == [3]


def test_ctc_loss_with_inputs_first(tensorflow):
    tf = tensorflow
    labels = tf.SparseTensor([[0, 0]], [1], [1, 1])
    inputs = tf.zeros([2, 1, 3])
    old, new = tf.nn.ctc_loss(inputs, labels, [2]), tf.nn.ctc_loss(labels, inputs, [2])
    # three of the nine paths of two steps, each of 1/9, give the label
    np.testing.assert_allclose(_value(tf, [old, new]), np.full((2, 1), np.log(3)), rtol=1e-6)


def test_resize_images_by_height_and_width(tensorflow):
    tf = tensorflow
    images = tf.zeros([1, 4, 4, 1])
    assert tf.image.resize_images(images, 8, 6).shape.as_list() == [1, 8, 6, 1]
    assert tf.image.resize_images(images, 8, 6, 1).op.type == "ResizeNearestNeighbor"
    assert tf.image.resize_images(images, [8, 6], 1).op.type == "ResizeNearestNeighbor"
    resized = tf.image.resize_images(images, new_height=8, new_width=6)
    assert resized.shape.as_list() == [1, 8, 6, 1]


def test_linear_of_the_cells_module(tensorflow):
    tf = tensorflow
    from tensorflow.contrib.rnn.python.ops import core_rnn_cell  # type: ignore[import-not-found]
    from tensorflow.python.ops import rnn_cell  # type: ignore[import-not-found]

    x = tf.ones([2, 3])
    with tf.variable_scope("now"):
        core_rnn_cell._linear([x, x], 4, True)
    result = rnn_cell._linear(x, 4, True, 2.0, scope="then")
    kernel = tf.global_variables()[-2]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        value, weights = session.run([result, kernel])
    np.testing.assert_allclose(value, np.tile(weights.sum(0) + 2, (2, 1)), rtol=1e-6)
    names = [variable.op.name for variable in tf.global_variables()]
    assert names == ["now/kernel", "now/bias", "then/kernel", "then/bias"]
