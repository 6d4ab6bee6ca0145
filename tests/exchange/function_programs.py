"""Graphs whose datasets have functions, written and read by either implementation.

`python function_programs.py write FILE` and `python function_programs.py read FILE` run with
TensorFlow 1.15's interpreter; the tests call `write` and `read` with Tailrace.
"""

import sys


def build(tf):
    """Two iterators, one of which is filled once: functions in functions, captured tensors, a
    generator of random numbers, strings, outputs that are lists."""
    scale = tf.constant(3, tf.int64)

    def pair(x):
        return x * scale, tf.unstack(tf.stack([x, x + 1]))[1]

    pairs = tf.data.Dataset.range(6).map(pair).filter(lambda a, b: a > 2).batch(2)
    iterator = pairs.make_initializable_iterator()

    def nested(x):
        inner = tf.data.Dataset.from_tensors(x + 1)
        return inner.map(lambda y: (y * y, tf.as_string(y)))

    texts = tf.data.Dataset.range(3).flat_map(nested).make_one_shot_iterator()
    tf.identity(iterator.get_next()[0], name="scaled")
    tf.identity(texts.get_next()[1], name="text")
    tf.group(iterator.initializer, name="fill")


def write(tf, path):
    """Writes the GraphDef."""
    with tf.Graph().as_default() as graph:
        build(tf)
    with open(path, "wb") as file:
        file.write(graph.as_graph_def().SerializeToString())


def read(tf, path):
    """What two runs of a GraphDef give."""
    with open(path, "rb") as file:
        definition = tf.GraphDef.FromString(file.read())
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.import_graph_def(definition, name="again")
        sess.run("again/fill")
        runs = [sess.run(["again/scaled:0", "again/text:0"]) for _ in range(2)]
    return [[scaled.tolist(), text.decode()] for scaled, text in runs]


if __name__ == "__main__":
    import importlib

    tensorflow = importlib.import_module("tensorflow")
    if sys.argv[1] == "write":
        write(tensorflow, sys.argv[2])
    else:
        sys.stdout.write(f"{read(tensorflow, sys.argv[2])}\n")
