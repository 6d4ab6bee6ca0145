"""Linear-chain conditional random fields: `tf.contrib.crf`."""

import numpy as np

U = np.linspace(-1.0, 1.5, 24).reshape(2, 4, 3) * np.array([1.0, -0.5, 0.7])
A = [[0.1, -0.4, 0.3], [0.5, 0.2, -0.1], [-0.3, 0.6, 0.0]]
TAGS = [[0, 2, 1, 1], [1, 0, 2, 0]]


def _inputs(tf, steps=4, known=True):
    shape = [2, steps, 3] if known else [None, None, 3]
    u = tf.placeholder(tf.float32, shape, "u")
    return u, {u: U[:, :steps]}


def likelihood(tf):
    tf.set_random_seed(4)
    u, feed = _inputs(tf)
    lengths = tf.constant([4, 2], tf.int32)
    found, transitions = tf.contrib.crf.crf_log_likelihood(u, tf.constant(TAGS), lengths)
    grads = tf.gradients(tf.reduce_sum(found), [u, transitions])
    return {"found": found, "transitions": transitions, "grads": grads, "feed": feed}


def likelihood_of_unknown_length(tf):
    u, feed = _inputs(tf, known=False)
    tags = tf.placeholder(tf.int64, [None, None], "tags")
    lengths = tf.placeholder(tf.int64, [None], "lengths")
    found, transitions = tf.contrib.crf.crf_log_likelihood(u, tags, lengths, tf.constant(A))
    grads = tf.gradients(found, [u, transitions])
    feed = {**feed, tags: TAGS, lengths: [3, 0]}
    return {"found": found, "grads": grads, "feed": feed}


def likelihood_of_one_step(tf):
    u, feed = _inputs(tf, steps=1)
    tags = tf.constant(TAGS)[:, :1]
    args = u, tags, tf.constant([1, 0]), tf.constant(A)
    return {"found": tf.contrib.crf.crf_log_likelihood(*args)[0], "feed": feed}


def several_tags_admitted(tf):
    u, feed = _inputs(tf)
    admitted = tf.constant(np.arange(24).reshape(2, 4, 3) % 5 != 0)
    args = u, admitted, tf.constant([4, 3]), tf.constant(A)
    return {"score": tf.contrib.crf.crf_multitag_sequence_score(*args), "feed": feed}


def parts_of_the_score(tf):
    u, feed = _inputs(tf)
    tags, lengths = tf.constant(TAGS), tf.constant([4, 3])
    crf = tf.contrib.crf
    return {
        "unary": crf.crf_unary_score(tags, lengths, u),
        "binary": crf.crf_binary_score(tags, lengths, tf.constant(A)),
        "both": crf.crf_sequence_score(u, tags, lengths, tf.constant(A)),
        "norm": crf.crf_log_norm(u, lengths, tf.constant(A)),
        "feed": feed,
    }


def decoded(tf):
    u, feed = _inputs(tf)
    tags, score = tf.contrib.crf.crf_decode(u, tf.constant(A), tf.constant([4, 2]))
    return {"tags": tags, "score": score, "feed": feed}


def decoded_of_unknown_length(tf):
    u, feed = _inputs(tf, known=False)
    tags, score = tf.contrib.crf.crf_decode(u, tf.constant(A), tf.constant([3, 4]))
    return {"tags": tags, "score": score, "feed": feed}


def decoded_outside(tf):
    tags, score = tf.contrib.crf.viterbi_decode(np.float32(U[0]), np.float32(A))
    return {"tags": [int(tag) for tag in tags], "score": float(score)}
