"""tf.contrib.crf: scores, norms, likelihoods and the best tags."""

import numpy as np

POTENTIALS = np.random.RandomState(0).randn(3, 4, 3).astype(np.float32)
TAGS = np.array([[0, 1, 2, 0], [2, 2, 1, 0], [1, 0, 0, 0]], np.int32)
LENGTHS = np.array([4, 2, 0], np.int32)
MOVES = np.random.RandomState(1).randn(3, 3).astype(np.float32)


def _inputs(tf, steps=4):
    x = tf.constant(POTENTIALS[:, :steps])
    return x, tf.constant(TAGS[:, :steps]), tf.constant(np.minimum(LENGTHS, steps))


def scores(tf):
    x, tags, lengths = _inputs(tf)
    moves = tf.constant(MOVES)
    crf = tf.contrib.crf
    found = [
        crf.crf_unary_score(tags, lengths, x),
        crf.crf_binary_score(tags, lengths, moves),
        crf.crf_sequence_score(x, tags, lengths, moves),
        crf.crf_sequence_score(x, tf.cast(tags, tf.int64), lengths, moves),
    ]
    return {"found": found}


def norms(tf):
    x, _, lengths = _inputs(tf)
    moves = tf.constant(MOVES)
    allowed = tf.constant(np.random.RandomState(2).rand(3, 4, 3) > 0.4)
    norm = tf.contrib.crf.crf_log_norm(x, lengths, moves)
    several = tf.contrib.crf.crf_multitag_sequence_score(x, allowed, lengths, moves)
    return {"norm": norm, "several": several}


def likelihood(tf):
    x, tags, lengths = _inputs(tf)
    with tf.variable_scope("crf", initializer=tf.constant_initializer(MOVES)):
        found, moves = tf.contrib.crf.crf_log_likelihood(x, tags, lengths)
    loss = tf.reduce_mean(-found)
    return {"found": found, "grads": tf.gradients(loss, [x, moves])}


def likelihood_of_drawn_moves(tf):
    tf.set_random_seed(4)
    x = tf.placeholder(tf.float32, [3, 4, 3], "x")
    found, moves = tf.contrib.crf.crf_log_likelihood(x, tf.constant(TAGS), tf.constant(LENGTHS))
    grads = tf.gradients(found, [x, moves])
    return {"found": found, "moves": moves, "grads": grads, "feed": {x: POTENTIALS}}


def one_step(tf):
    x, tags, lengths = _inputs(tf, 1)
    moves = tf.constant(MOVES)
    found, _ = tf.contrib.crf.crf_log_likelihood(x, tags, lengths, moves)
    best = tf.contrib.crf.crf_decode(x, moves, lengths)
    allowed = tf.constant([[[True, False, True]]] * 3)
    several = tf.contrib.crf.crf_multitag_sequence_score(x, allowed, lengths, moves)
    return {"found": found, "best": best, "several": several}


def unknown_steps(tf):
    x = tf.placeholder(tf.float32, [None, None, 3])
    tags, lengths = tf.placeholder(tf.int32, [None, None]), tf.placeholder(tf.int32, [None])
    moves = tf.constant(MOVES)
    found, _ = tf.contrib.crf.crf_log_likelihood(x, tags, lengths, moves)
    best = tf.contrib.crf.crf_decode(x, moves, lengths)
    feeds = [
        {x: POTENTIALS[:, :steps], tags: TAGS[:, :steps], lengths: np.minimum(LENGTHS, steps)}
        for steps in (4, 1)
    ]
    return {"found": found, "best": best, "grads": tf.gradients(found, x), "feed": feeds}


def decoded(tf):
    x, _, lengths = _inputs(tf)
    return {"best": tf.contrib.crf.crf_decode(x, tf.constant(MOVES), lengths)}


def decoded_by_numpy(tf):
    tags, score = tf.contrib.crf.viterbi_decode(POTENTIALS[0], MOVES)
    return {"tags": [int(tag) for tag in tags], "score": float(score)}
