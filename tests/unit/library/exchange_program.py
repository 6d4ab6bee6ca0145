"""A model written and read as a TensorFlow 1 program does it; runs under both implementations.

`python exchange_program.py write FOLDER` and `python exchange_program.py read FOLDER` run it with
TensorFlow 1.15's interpreter; the tests call `write` and `read` with Tailrace.
"""

import json
import os
import sys

import numpy as np

INPUT = [[1.0, 2.0], [-3.0, 0.5]]


def _build(tf):
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    with tf.variable_scope("layer"):
        kernel = tf.get_variable(
            "kernel", initializer=np.array([[1, 2, -3], [4, -5, 6]], np.float32)
        )
        bias = tf.get_variable(
            "bias", initializer=np.array([0.5, 0.25, 0.125], np.float32), use_resource=True
        )
    y = tf.identity(tf.nn.relu(tf.matmul(x, kernel) + bias), name="y")
    step = tf.Variable(7, name="step", trainable=False)
    tf.Variable([b"some", b"text\0"], name="words", trainable=False)
    loss = tf.reduce_mean(tf.square(y), name="loss")
    train = tf.train.MomentumOptimizer(0.125, 0.5).minimize(loss, global_step=step)
    tf.add_to_collection("train_op", train)
    tf.add_to_collection("notes", "abc")
    counted = tf.while_loop(lambda i, s: i < 5, lambda i, s: (i + 1, s + i), [0, 0], name="loop")
    tf.identity(counted[1], name="total")
    tf.identity(tf.cond(step > 7, lambda: x * 2.0, lambda: x), name="chosen")
    return x, y, step, train


def write(tf, folder):
    """Trains a step; writes checkpoints of both formats, MetaGraph, frozen graph, SavedModel."""
    with tf.Graph().as_default() as graph, tf.Session() as session:
        x, y, step, train = _build(tf)
        savers = [
            (tf.train.Saver(), "v2"),
            (tf.train.Saver(sharded=True, name="shards"), "sharded"),
            (tf.train.Saver(write_version=1, name="old"), "v1"),
        ]
        session.run(tf.global_variables_initializer())
        session.run(train, {x: INPUT})
        for saver, name in savers:
            saver.save(session, os.path.join(folder, name), global_step=step)
        frozen = tf.graph_util.convert_variables_to_constants(
            session, graph.as_graph_def(), ["y", "total", "chosen"]
        )
        tf.train.write_graph(frozen, folder, "frozen.pb", as_text=False)
        saved = os.path.join(folder, "saved_model")
        tf.saved_model.simple_save(session, saved, {"x": x}, {"y": y})


def _values(session, prefix=""):
    names = ["y", "total", "chosen", "layer/kernel", "layer/bias/Read/ReadVariableOp", "step"]
    names += ["layer/kernel/Momentum", "words"]
    fetches = {name: prefix + name + ":0" for name in names}
    return session.run(fetches, {prefix + "x:0": INPUT})


def read(tf, folder):
    """Label -> values of what `write` wrote, as lists."""
    found = {}
    for name in ("v2", "sharded", "v1"):
        path = os.path.join(folder, name + "-8")
        for scope in (None, "in/scope"):
            with tf.Graph().as_default(), tf.Session() as session:
                saver = tf.train.import_meta_graph(path + ".meta", import_scope=scope)
                saver.restore(session, path)
                prefix = scope + "/" if scope else ""
                label = name + " " + str(scope)
                found[label] = _values(session, prefix)
                session.run(tf.get_collection("train_op"), {prefix + "x:0": INPUT})
                found[label + " trained"] = _values(session, prefix)
    graph_def = tf.GraphDef()
    with open(os.path.join(folder, "frozen.pb"), "rb") as file:
        graph_def.ParseFromString(file.read())
    with tf.Graph().as_default(), tf.Session() as session:
        fetches = tf.import_graph_def(graph_def, return_elements=["y:0", "total:0", "chosen:0"])
        found["frozen"] = session.run(fetches, {"import/x:0": INPUT})
    with tf.Graph().as_default(), tf.Session() as session:
        tf.saved_model.loader.load(session, ["serve"], os.path.join(folder, "saved_model"))
        found["saved model"] = _values(session)
    return _plain(found)


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, bytes):
        return value.decode()
    return _plain(value.tolist()) if hasattr(value, "tolist") else value


def _write_object_based(tf, folder):
    """A checkpoint of `tf.train.Checkpoint`, whose keys are paths of attributes."""
    with tf.Graph().as_default(), tf.Session() as session:
        kernel = tf.get_variable("layer/kernel", initializer=np.array([[1, 2], [3, 4]], np.float32))
        session.run(kernel.initializer)
        tf.train.Checkpoint(weights=kernel).write(os.path.join(folder, "object"), session)


def main():
    """Runs under TensorFlow; `read` prints what it found."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf

    tf.compat.v1.logging.set_verbosity("ERROR")
    action, folder = sys.argv[1:]
    if action == "write":
        write(tf, folder)
        _write_object_based(tf, folder)
        with open(os.path.join(folder, "values.json"), "w") as file:
            json.dump(read(tf, folder), file, indent=1, sort_keys=True)
            file.write("\n")
    else:
        print(json.dumps(read(tf, folder)))


if __name__ == "__main__":
    main()
