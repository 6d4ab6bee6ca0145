"""tf.data: the nodes of datasets without functions, and of iterators."""

import numpy as np


def sources_and_orders(tf):
    x = np.arange(12, dtype=np.float32).reshape(6, 2)
    rows = tf.data.Dataset.from_tensor_slices({"x": x, "y": (np.arange(6), ["a"] * 6)})
    shuffled = rows.shuffle(3, seed=5).repeat(2).batch(4).prefetch(1)
    iterator = shuffled.make_initializable_iterator()
    element = iterator.get_next()
    with tf.control_dependencies([iterator.initializer]):
        done = tf.no_op()
    return {"done": done, "types": [element["x"].dtype.name, element["y"][1].dtype.name]}


def selections(tf):
    one = tf.data.Dataset.range(3).concatenate(tf.data.Dataset.range(5, 1, -2))
    both = tf.data.Dataset.zip((one, tf.data.Dataset.from_tensors([1, 2]).repeat()))
    some = both.skip(1).take(3).cache().shard(2, 0).batch(2, drop_remainder=True)
    element = some.make_initializable_iterator().get_next("element")
    shapes = [str(some.output_shapes), str(some.output_types)]
    return {"shapes": shapes, "static": [str(t.get_shape()) for t in element]}


def padded(tf):
    words = tf.data.Dataset.from_tensor_slices(([[1, 2], [3, 4]], ["a", "b"]))
    batches = words.padded_batch(2, ([None], []), drop_remainder=True)
    more = words.padded_batch(2, ([5], []), (7, "-"))
    iterator = tf.data.Iterator.from_structure(batches.output_types, batches.output_shapes)
    start = iterator.make_initializer(batches)
    return {"start": start, "shapes": [str(batches.output_shapes), str(more.output_shapes)]}


def unnamed_seed(tf):
    tf.set_random_seed(7)
    numbers = tf.data.Dataset.range(10).shuffle(10)
    iterator = numbers.make_initializable_iterator()
    draw = tf.random_uniform([2])
    return {"draw": draw, "start": iterator.initializer}


def placeholder_error(tf):
    count = tf.placeholder(tf.int64, [])
    return {"i": tf.data.Dataset.range(count).make_one_shot_iterator().get_next()}


def other_types_error(tf):
    iterator = tf.data.Iterator.from_structure(tf.int64, [])
    return {"i": iterator.make_initializer(tf.data.Dataset.from_tensors(1.0))}


def no_initializer_error(tf):
    return {"i": tf.data.Dataset.range(1).make_one_shot_iterator().initializer}
