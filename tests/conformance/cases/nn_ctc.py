"""Connectionist temporal classification: loss, gradient, decoders."""

import numpy as np

LOGITS = (np.random.RandomState(0).randn(6, 2, 4) * 2).astype(np.float32)
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5, "reason": "sums of exponentials in another order"}


def _labels(tf, rows):
    indices = [(b, i) for b, row in enumerate(rows) for i in range(len(row))]
    values = [label for row in rows for label in row]
    return tf.SparseTensor(indices, tf.constant(values, tf.int32), [2, 3])


def _loss(tf, rows, lengths, **arguments):
    x = tf.placeholder(tf.float32, [None, 2, 4], name="x")
    loss = tf.nn.ctc_loss(_labels(tf, rows), x, lengths, **arguments)
    dx = tf.gradients(loss, x)
    return {"loss": loss, "dx": dx, "feed": {x: LOGITS}, "tolerance": TOLERANCE}


def loss(tf):
    return _loss(tf, [[0, 1, 1], [2]], [6, 4])


def loss_repeated(tf):
    return _loss(tf, [[0, 0, 1], [2, 2]], [6, 5])


def loss_impossible(tf):
    """Three equal labels need two blanks between them."""
    return _loss(tf, [[0, 1], [0, 0, 0]], [6, 4])


def loss_collapsed(tf):
    return _loss(tf, [[0, 1], [0, 0, 0]], [6, 4], preprocess_collapse_repeated=True)


def loss_unmerged(tf):
    return _loss(tf, [[0, 1], [0, 0, 0]], [6, 4], ctc_merge_repeated=False)


def loss_ignoring(tf):
    return _loss(tf, [[0, 1], [0, 0, 0]], [6, 2], ignore_longer_outputs_than_inputs=True)


def loss_batch_major(tf):
    x = tf.constant(LOGITS.transpose([1, 0, 2]))
    loss = tf.nn.ctc_loss(
        _labels(tf, [[0], [1, 2]]), logits=x, sequence_length=[3, 6], time_major=False
    )
    return {"loss": loss, "dx": tf.gradients(loss, x), "tolerance": TOLERANCE}


def loss_float64(tf):
    x = tf.constant(LOGITS.astype(np.float64))
    loss = tf.nn.ctc_loss(_labels(tf, [[0], [1, 2]]), x, [3, 6])
    tolerance = {"rtol": 1e-6, "atol": 1e-7, "reason": "TensorFlow sums float64 in float32"}
    return {"loss": loss, "tolerance": tolerance}


def loss_sparse_placeholder(tf):
    labels = tf.sparse_placeholder(tf.int32, name="labels")
    x = tf.placeholder(tf.float32, [None, None, 4])
    lengths = tf.placeholder(tf.int32, [None])
    cost = tf.reduce_mean(tf.nn.ctc_loss(labels, x, lengths))
    value = ([[0, 0], [1, 0], [1, 1]], [1, 2, 0], [2, 2])
    feed = {x: LOGITS, lengths: [6, 6], labels: value}
    return {"cost": cost, "dx": tf.gradients(cost, x), "feed": feed, "tolerance": TOLERANCE}


def loss_time_error(tf):
    return _loss(tf, [[0, 1], [0, 0, 0]], [6, 2])


def loss_no_labels_error(tf):
    return _loss(tf, [[0, 1], []], [6, 2])


def loss_dense_labels_error(tf):
    return {"loss": tf.nn.ctc_loss(tf.constant([[1]]), tf.constant(LOGITS), [6, 6])}


def loss_second_derivative_error(tf):
    x = tf.constant(LOGITS)
    loss = tf.nn.ctc_loss(_labels(tf, [[0], [1]]), x, [6, 6])
    return {"second": tf.gradients(tf.gradients(loss, x), x)}


def greedy_decoder(tf):
    x = tf.placeholder(tf.float32, [None, 2, 4])
    decoded, scores = tf.nn.ctc_greedy_decoder(x, [6, 4])
    plain, _ = tf.nn.ctc_greedy_decoder(x, [6, 6], merge_repeated=False)
    return {"decoded": decoded, "scores": scores, "plain": plain, "feed": {x: LOGITS}}


def beam_search_decoder(tf):
    x = tf.constant(LOGITS)
    decoded, scores = tf.nn.ctc_beam_search_decoder(x, [6, 4], beam_width=5, top_paths=3)
    plain, _ = tf.nn.ctc_beam_search_decoder(x, [6, 4], 4, merge_repeated=False)
    wide, wide_scores = tf.nn.ctc_beam_search_decoder(x, [6, 6], top_paths=2)
    return {
        "decoded": decoded,
        "scores": scores,
        "plain": plain,
        "wide": wide,
        "wide_scores": wide_scores,
        "tolerance": TOLERANCE,
    }


def beam_search_longer(tf):
    x = tf.constant(np.random.RandomState(3).randn(25, 3, 8).astype(np.float32) * 3)
    decoded, scores = tf.nn.ctc_beam_search_decoder(
        x, [25, 20, 1], beam_width=10, top_paths=2, merge_repeated=False
    )
    return {"decoded": decoded, "scores": scores, "tolerance": TOLERANCE}


def beam_search_paths_error(tf):
    decoded, _ = tf.nn.ctc_beam_search_decoder(
        tf.constant(LOGITS), [6, 4], beam_width=2, top_paths=3
    )
    return {"decoded": decoded}
