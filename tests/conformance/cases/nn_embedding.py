"""Embedding tables, sampled losses."""

import numpy as np


def _table(rows=6, columns=3):
    return np.random.RandomState(rows).randn(rows, columns).astype(np.float32)


def lookup(tf):
    table = tf.Variable(_table(), name="table")
    ids = tf.placeholder(tf.int32, [None, 2], name="ids")
    rows = tf.nn.embedding_lookup(table, ids)
    gradient = tf.gradients(rows * rows, table)[0]
    return {"rows": rows, "gradient": gradient, "feed": {ids: [[1, 2], [5, 1]]}}


def lookup_constant(tf):
    return {"rows": tf.nn.embedding_lookup(_table(), [1, 3], name="rows")}


def lookup_resource(tf):
    table = tf.get_variable("table", initializer=_table(), use_resource=True)
    rows = tf.nn.embedding_lookup(table, tf.constant([[0, 1], [1, 2]], tf.int64))
    return {"rows": rows, "gradient": tf.gradients(rows, table)[0]}


def lookup_max_norm(tf):
    table = tf.Variable(_table())
    rows = tf.nn.embedding_lookup(table, tf.constant([[0, 1]]), max_norm=0.5)
    return {"rows": rows}


def lookup_parts_mod(tf):
    parts = [tf.Variable(_table(3 - i, 2), name="part") for i in range(2)]
    rows = tf.nn.embedding_lookup(parts, tf.constant([[0, 3], [4, 1]]))
    return {"rows": rows, "gradients": tf.gradients(rows, parts)}


def lookup_parts_div(tf):
    parts = [tf.Variable(_table(n, 2), name="part") for n in (3, 2)]
    rows = tf.nn.embedding_lookup(parts, tf.constant([0, 2, 3, 4]), partition_strategy="div")
    return {"rows": rows}


def lookup_strategy_error(tf):
    parts = [tf.Variable(_table(2, 2)), tf.Variable(_table(2, 2))]
    return {"rows": tf.nn.embedding_lookup(parts, [0], partition_strategy="other")}


def lookup_range_error(tf):
    ids = tf.placeholder(tf.int32, [1])
    return {"rows": tf.nn.embedding_lookup(_table(), ids), "feed": {ids: [6]}}


def _sparse(tf, dtype, values):
    return tf.SparseTensor([[0, 0], [0, 2], [2, 0], [2, 1]], tf.constant(values, dtype), [3, 4])


def lookup_sparse(tf):
    table = tf.Variable(_table())
    ids = _sparse(tf, tf.int64, [1, 3, 0, 3])
    weights = _sparse(tf, tf.float32, [0.5, 1.0, 2.0, 3.0])
    result = {}
    for combiner in ("sum", "mean", "sqrtn"):
        plain = tf.nn.embedding_lookup_sparse(table, ids, None, combiner=combiner)
        weighted = tf.nn.embedding_lookup_sparse(table, ids, weights, combiner=combiner)
        result[combiner] = [plain, weighted]
    result["gradient"] = tf.gradients(result["mean"], table)
    return result


def nce_loss(tf):
    tf.set_random_seed(3)
    weights, biases = tf.Variable(_table(20, 4)), tf.Variable(tf.zeros([20]))
    labels = tf.placeholder(tf.int32, [None, 1])
    inputs = tf.placeholder(tf.float32, [None, 4])
    loss = tf.nn.nce_loss(weights, biases, labels, inputs, num_sampled=5, num_classes=20)
    cost = tf.reduce_mean(loss)
    gradients = tf.gradients(cost, [weights, biases, inputs])
    feed = {labels: [[1], [7], [0]], inputs: _table(3, 4)}
    return {"loss": loss, "gradients": gradients, "feed": feed, "runs": 2}


def sampled_softmax_loss(tf):
    weights, biases = tf.Variable(_table(20, 4)), tf.Variable(tf.zeros([20]))
    labels = tf.placeholder(tf.int64, [3, 2])
    inputs = tf.placeholder(tf.float32, [3, 4])
    loss = tf.nn.sampled_softmax_loss(
        weights, biases, labels, inputs, num_sampled=6, num_classes=20, num_true=2, seed=5
    )
    feed = {labels: [[1, 2], [7, 0], [0, 3]], inputs: _table(3, 4)}
    return {"loss": loss, "gradient": tf.gradients(loss, inputs), "feed": feed}


def safe_sparse_lookup(tf):
    table = tf.constant(np.arange(12, dtype=np.float32).reshape(6, 2))
    ids = tf.SparseTensor([[0, 0], [0, 1], [2, 0], [3, 1]], [1, -1, 3, 5], [4, 2])
    weights = tf.SparseTensor(ids.indices, [1.0, 2.0, -1.0, 0.5], [4, 2])
    look = tf.nn.safe_embedding_lookup_sparse
    return {
        "plain": look(table, ids),
        "default": look([table], ids, default_id=2, combiner="sqrtn"),
        "weighted": look(table, ids, weights),
        "sum": look(table, ids, weights, combiner="sum"),
    }


def safe_sparse_lookup_of_rank_3(tf):
    table = tf.constant(np.arange(12, dtype=np.float32).reshape(6, 2))
    ids = tf.SparseTensor([[0, 0, 0], [0, 1, 1], [1, 1, 0]], tf.constant([1, 2, 3]), [2, 2, 2])
    return {"y": tf.nn.safe_embedding_lookup_sparse(table, ids)}
