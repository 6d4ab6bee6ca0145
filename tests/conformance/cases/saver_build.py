"""The operations `tf.train.Saver` adds to the graph, and how it refuses what it cannot save."""

import numpy as np


def default(tf):
    w = tf.Variable(np.arange(6, dtype=np.float32).reshape(2, 3), name="w")
    step = tf.Variable(np.int64(3), name="step", trainable=False)
    text = tf.Variable([b"a", b"bc"], name="text")
    saver = tf.train.Saver()
    return {"w": w, "step": step, "text": text, "names": _names(saver)}


def _names(saver):
    definition = saver.as_saver_def()
    return [
        definition.filename_tensor_name,
        definition.save_tensor_name,
        definition.restore_op_name,
        definition.max_to_keep,
        definition.sharded,
        definition.version,
    ]


def from_dict(tf):
    a = tf.Variable(1.0, name="a")
    b = tf.Variable(2.0, name="b")
    saver = tf.train.Saver({"second": a, "first": b}, max_to_keep=2)
    return {"a": a, "b": b, "names": _names(saver)}


def from_list(tf):
    a = tf.Variable(1.0, name="a")
    b = tf.Variable(2.0, name="b")
    tf.train.Saver([b])
    tf.train.Saver(var_list=(a, b), name="both")
    return {"a": a, "b": b}


def resource_variables(tf):
    a = tf.get_variable("a", [2], initializer=tf.zeros_initializer(), use_resource=True)
    b = tf.Variable(2.0, name="b")
    tf.train.Saver()
    return {"a": a, "b": b}


def reshape(tf):
    a = tf.Variable([1.0, 2.0], name="a")
    b = tf.get_variable("b", [2], initializer=tf.zeros_initializer(), use_resource=True)
    tf.train.Saver(reshape=True)
    return {"a": a, "b": b}


def unknown_shape(tf):
    value = tf.placeholder_with_default([1.0, 2.0], [None])
    a = tf.Variable(value, validate_shape=False, name="a")
    tf.train.Saver(reshape=True)
    tf.train.Saver()
    return {"a": a}


def scopes(tf):
    with tf.variable_scope("layer"):
        a = tf.get_variable("a", initializer=1.0)
    with tf.name_scope("outer"):
        saver = tf.train.Saver(filename="elsewhere")
    return {"a": a, "names": _names(saver)}


def version_1(tf):
    a = tf.Variable(1.0, name="a")
    saver = tf.train.Saver(write_version=tf.train.SaverDef.V1)
    return {"a": a, "names": _names(saver)}


def with_slots(tf):
    w = tf.Variable([1.0, 2.0], name="w")
    train = tf.train.AdamOptimizer(0.1).minimize(tf.reduce_sum(w * w))
    tf.train.Saver()
    return {"train": train}


def on_devices(tf):
    with tf.device("/cpu:0"):
        a = tf.Variable(1.0, name="a")
    b = tf.Variable(2.0, name="b")
    tf.train.Saver()
    return {"a": a, "b": b}


def deferred(tf):
    saver = tf.train.Saver(defer_build=True)
    a = tf.Variable(1.0, name="a")
    saver.build()
    saver.build()
    return {"a": a, "names": _names(saver)}


def custom_builder(tf):
    a = tf.Variable(1.0, name="a")
    b = tf.Variable(2.0, name="b")
    tf.train.Saver(allow_empty=True, restore_sequentially=True)
    return {"a": a, "b": b}


def sharded(tf):
    """The prefix of the temporary files is random, so names and types alone are compared."""
    graph = tf.Graph()
    with graph.as_default():
        with tf.device("/cpu:0"):
            tf.Variable(1.0, name="a")
        tf.Variable(2.0, name="b")
        saver = tf.train.Saver(sharded=True)
        tf.train.Saver(sharded=True, write_version=1)
    nodes = [
        [op.name, op.type, op.device, [t.name for t in op.inputs]] for op in graph.get_operations()
    ]
    return {"nodes": nodes, "names": _names(saver)}


def empty(tf):
    saver = tf.train.Saver(allow_empty=True)
    tf.constant(1.0)
    return {"definition": saver.as_saver_def() is None}


def no_variables_error(tf):
    tf.train.Saver()


def same_name_error(tf):
    a = tf.Variable(1.0, name="a")
    tf.train.Saver([a, a])


def two_names_error(tf):
    a = tf.Variable(1.0, name="a")
    tf.train.Saver({"x": a, "y": a})


def no_variable_error(tf):
    tf.Variable(1.0)
    tf.train.Saver({"x": tf.constant(1.0)})


def number_as_name_error(tf):
    tf.train.Saver({3: tf.Variable(1.0)})


def deferred_with_list_error(tf):
    tf.train.Saver([tf.Variable(1.0)], defer_build=True)
