"""Metrics of the k best predictions."""

import numpy as np

PREDICTIONS = [
    [0.1, 0.6, 0.3, 0.9, 0.2],
    [0.5, 0.4, 0.3, 0.2, 0.1],
    [0.2, 0.3, 0.6, 0.1, 0.7],
]


def _predictions(tf):
    return tf.constant(PREDICTIONS)


def _sparse_labels(tf):
    return tf.SparseTensor(
        [[0, 0], [0, 1], [1, 0], [2, 0], [2, 1], [2, 2]],
        tf.constant([3, 2, 4, 4, 2, 0], tf.int64),
        [3, 3],
    )


def _run_twice(tf, metric):
    """The value before, the update twice, and the value after."""
    value, update = metric
    with tf.Session() as sess:
        sess.run(tf.local_variables_initializer())
        found = [sess.run(value), sess.run(update), sess.run(update), sess.run(value)]
    return {"found": found, "names": [value.name, update.name]}


def recall_dense(tf):
    labels = tf.constant([[3], [4], [0]], tf.int64)
    return _run_twice(tf, tf.metrics.recall_at_k(labels, _predictions(tf), 2))


def recall_one_label_each(tf):
    labels = tf.constant([3, 4, 2], tf.int64)
    metric = tf.metrics.recall_at_k(
        labels, _predictions(tf), 2, metrics_collections="m", updates_collections=["u"]
    )
    collected = [tf.get_collection("m") == [metric[0]], tf.get_collection("u") == [metric[1]]]
    return dict(_run_twice(tf, metric), collected=collected)


def recall_sparse(tf):
    return _run_twice(tf, tf.metrics.recall_at_k(_sparse_labels(tf), _predictions(tf), 3))


def recall_of_a_class(tf):
    labels = tf.constant([[3, 2], [4, 4], [0, 2]], tf.int64)
    return _run_twice(tf, tf.metrics.recall_at_k(labels, _predictions(tf), 2, class_id=2))


def recall_of_a_class_sparse(tf):
    metric = tf.metrics.recall_at_k(_sparse_labels(tf), _predictions(tf), 2, class_id=4)
    return _run_twice(tf, metric)


def recall_weighted(tf):
    weights = tf.constant([1.0, 0.0, 2.0])
    metric = tf.metrics.recall_at_k(_sparse_labels(tf), _predictions(tf), 2, weights=weights)
    return _run_twice(tf, metric)


def recall_top(tf):
    best = tf.constant([[3, 1], [0, 1], [4, 2]])
    metric = tf.metrics.recall_at_top_k(_sparse_labels(tf), best, name="own")
    return _run_twice(tf, metric)


def precision_dense(tf):
    labels = tf.constant([[3, 1], [4, 3], [0, 2]], tf.int64)
    return _run_twice(tf, tf.metrics.precision_at_k(labels, _predictions(tf), 2))


def precision_sparse(tf):
    return _run_twice(tf, tf.metrics.sparse_precision_at_k(_sparse_labels(tf), _predictions(tf), 3))


def precision_of_a_class(tf):
    labels = tf.constant([[3, 1], [4, 3], [0, 2]], tf.int64)
    weights = tf.constant([[0.5], [1.0], [2.0]])
    metric = tf.metrics.precision_at_k(
        labels, _predictions(tf), 2, class_id=1, weights=tf.squeeze(weights, 1), name="own"
    )
    return _run_twice(tf, metric)


def precision_top(tf):
    best = tf.constant([[3, 1], [0, 1], [4, 2]], tf.int64)
    labels = tf.constant([[3, 1], [4, 3], [0, 2]], tf.int64)
    return _run_twice(tf, tf.metrics.precision_at_top_k(labels, best, k=2))


def precision_unknown_shapes(tf):
    predictions = tf.placeholder(tf.float32, name="p")
    labels = tf.placeholder(tf.int64, name="l")
    value, update = tf.metrics.precision_at_k(labels, predictions, 2)
    feed = {predictions: np.array(PREDICTIONS), labels: [[3], [4], [2]]}
    return {"update": update, "feed": feed}


def average_dense(tf):
    labels = tf.constant([[3, 2], [1, 3], [0, 2]], tf.int64)
    return _run_twice(tf, tf.metrics.average_precision_at_k(labels, _predictions(tf), 3))


def average_sparse(tf):
    metric = tf.metrics.sparse_average_precision_at_k(_sparse_labels(tf), _predictions(tf), 4)
    return _run_twice(tf, metric)


def average_first_only(tf):
    return _run_twice(
        tf, tf.metrics.average_precision_at_k(_sparse_labels(tf), _predictions(tf), 1)
    )


def average_weighted(tf):
    labels = tf.constant([[3, 2], [9, 3], [0, 2]], tf.int64)
    weights = tf.constant([1.0, 3.0, 0.5])
    metric = tf.metrics.average_precision_at_k(labels, _predictions(tf), 3, weights)
    return _run_twice(tf, metric)


def average_without_k_error(tf):
    tf.metrics.average_precision_at_k(_sparse_labels(tf), _predictions(tf), 0)


def labels_of_another_rank_error(tf):
    tf.metrics.recall_at_k(tf.constant(1, tf.int64), _predictions(tf), 2)


def labels_of_another_type_error(tf):
    tf.metrics.recall_at_k(tf.constant([[1.0], [2.0], [3.0]]), _predictions(tf), 2)
