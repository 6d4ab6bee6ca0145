"""Training graphs that go from one implementation to the other: GraphDef, checkpoint, ten steps.

    python training_programs.py write FOLDER     build, save, train ten steps, note the losses
    python training_programs.py train FOLDER     load what the other wrote, train, print the losses

Plain TensorFlow 1: runs with TensorFlow 1.15 on Python 3.7 as it does with Tailrace. The first
three programs are those of the lecture decks (examples/seeds), the last is a language model.
"""

import gzip
import json
import os
import sys

import numpy as np

STEPS = 10


def logistic_regression(tf):
    """The deck's classifier, its data as constants."""
    rng = np.random.RandomState(0)
    x = tf.constant(rng.randn(20, 3).astype(np.float32), name="X")
    y = tf.constant(np.eye(2, dtype=np.float32)[rng.randint(0, 2, 20)], name="y")
    beta = tf.Variable(tf.random_uniform([3, 2], -1.0, 1.0, seed=1), name="beta")
    predicted = tf.nn.softmax(tf.matmul(x, beta), name="predictions")
    cost = tf.reduce_mean(-tf.reduce_sum(y * tf.log(predicted), reduction_indices=1), name="loss")
    tf.train.GradientDescentOptimizer(learning_rate=0.5).minimize(cost, name="train")
    return {}


def forward_pass(tf):
    """The deck's recurrent network, unrolled by hand."""
    rng = np.random.RandomState(1)
    x = tf.constant(rng.randn(6, 3, 1).astype(np.float32))
    u = tf.Variable(tf.random_normal([4, 4], stddev=0.5, seed=1), name="U")
    w = tf.Variable(tf.random_normal([4, 3], stddev=0.5, seed=2), name="W")
    v = tf.Variable(tf.random_normal([2, 4], stddev=0.5, seed=3), name="V")
    h = tf.zeros([4, 1])
    costs = []
    for i in range(6):
        h = tf.tanh(tf.matmul(u, h) + tf.matmul(w, x[i]))
        y = tf.nn.softmax(tf.matmul(v, h), dim=0)
        costs.append(-tf.log(y[i % 2, 0]))
    cost = tf.add_n(costs, name="loss")
    tf.train.AdamOptimizer(0.05).minimize(cost, name="train")
    return {}


def time_series(tf):
    """The deck's last program: BasicRNNCell, OutputProjectionWrapper, Adam, fed batches."""
    x = tf.placeholder(tf.float32, [None, 20, 1], name="x")
    y = tf.placeholder(tf.float32, [None, 20, 1], name="y")
    cell = tf.contrib.rnn.OutputProjectionWrapper(
        tf.contrib.rnn.BasicRNNCell(num_units=8, activation=tf.nn.relu), output_size=1
    )
    outputs, _ = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
    cost = tf.reduce_mean(tf.square(outputs - y), name="loss")
    tf.train.AdamOptimizer(learning_rate=0.01).minimize(cost, name="train")
    wave = np.sin(np.arange(60) / 3.0)
    rows = np.stack([wave[i : i + 21] for i in range(30)])[:, :, None]
    return {"x:0": rows[:, :-1], "y:0": rows[:, 1:]}


def language_model(tf):
    """Two LSTM layers in a loop, dropout, clipping, an exponentially decaying rate."""
    x = tf.placeholder(tf.int32, [4, 6], name="x")
    y = tf.placeholder(tf.int32, [4, 6], name="y")
    table = tf.get_variable("embedding", [9, 8])
    cells = [
        tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.BasicLSTMCell(8), output_keep_prob=0.8)
        for _ in range(2)
    ]
    outputs, _ = tf.nn.dynamic_rnn(
        tf.nn.rnn_cell.MultiRNNCell(cells), tf.nn.embedding_lookup(table, x), dtype=tf.float32
    )
    logits = tf.layers.dense(outputs, 9)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
    cost = tf.reduce_mean(losses, name="loss")
    variables = tf.trainable_variables()
    grads, _ = tf.clip_by_global_norm(tf.gradients(cost, variables), 1.0)
    step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.05, step, 4, 0.9)
    optimizer = tf.train.AdamOptimizer(rate)
    optimizer.apply_gradients(zip(grads, variables), global_step=step, name="train")
    data = np.random.RandomState(2).randint(0, 9, (4, 7))
    return {"x:0": data[:, :-1], "y:0": data[:, 1:]}


PROGRAMS = (logistic_regression, forward_pass, time_series, language_model)


def _ten_steps(session, feed):
    return [float(session.run(["loss:0", "train"], feed)[0]) for _ in range(STEPS)]


def write(tf, folder):
    """GraphDef, checkpoint of the initial values, feeds and ten losses, for every program."""
    for program in PROGRAMS:
        target = os.path.join(folder, program.__name__)
        os.makedirs(target)
        with tf.Graph().as_default() as graph:
            tf.set_random_seed(7)
            feed = program(tf)
            saver = tf.train.Saver()
            initializer = tf.global_variables_initializer()
            with gzip.GzipFile(os.path.join(target, "graph.pb.gz"), "wb", mtime=0) as file:
                file.write(graph.as_graph_def().SerializeToString())
            with tf.Session() as session:
                session.run(initializer)
                saver.save(session, os.path.join(target, "start"), write_meta_graph=False)
                losses = _ten_steps(session, feed)
        facts = {"losses": losses, "feed": {k: np.asarray(v).tolist() for k, v in feed.items()}}
        with open(os.path.join(target, "facts.json"), "w") as file:
            json.dump(facts, file)


def train(tf, folder):
    """Losses of ten steps by program, of the graphs and checkpoints in `folder`."""
    found = {}
    for program in PROGRAMS:
        source = os.path.join(folder, program.__name__)
        with gzip.open(os.path.join(source, "graph.pb.gz")) as file:
            definition = tf.GraphDef()
            definition.ParseFromString(file.read())
        with open(os.path.join(source, "facts.json")) as file:
            feed = json.load(file)["feed"]
        with tf.Graph().as_default():
            tf.import_graph_def(definition, name="")
            with tf.Session() as session:
                session.run("save/restore_all", {"save/Const:0": os.path.join(source, "start")})
                found[program.__name__] = _ten_steps(session, feed)
    return found


if __name__ == "__main__":
    import tensorflow

    if sys.argv[1] == "write":
        write(tensorflow, sys.argv[2])
    else:
        print("losses " + json.dumps(train(tensorflow, sys.argv[2])))
