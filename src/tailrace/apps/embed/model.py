"""word2vec as a TensorFlow graph: the public `tf` API alone.

Mikolov, Sutskever, Chen, Corrado, Dean, "Distributed representations of words and phrases and their
compositionality" (2013). v are the vectors of words, u those of words as neighbours; h is v of the
word (skip-gram), or the mean of the neighbours' v (cbow); o is what is to be said, w_1 ... w_k are
drawn by frequency to the power 0.75:

    negative   -log s(u_o h) - sum_i log s(-u_{w_i} h),  s the logistic function
    nce        the same, of u h + b - log(expected count) (Gutmann, Hyvarinen, 2010)
    softmax    sampled softmax over o and the drawn words (Jean and others, 2015)

The drawn words are shared by a batch. B pairs, V words, D numbers a vector.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import tailrace as tf
from tailrace.apps.embed.settings import Settings

POWER = 0.75


@dataclass(frozen=True)
class Network:
    """Tensors of one network."""

    given: tf.Tensor  # [B], or [B, 2 window] with -1 for none
    wanted: tf.Tensor  # [B]
    vectors: tf.Variable  # [V, D]
    variables: list[tf.Variable]
    loss: tf.Tensor  # []
    rate: tf.Tensor
    update: tf.Operation


def build(settings: Settings, counts: NDArray[np.int64]) -> Network:
    """The network in the default graph, for words of these frequencies [V]."""
    size, number = settings.size, len(counts)
    start = tf.random_uniform_initializer(-0.5 / size, 0.5 / size)
    vectors = tf.get_variable("vectors", [number, size], initializer=start)
    contexts = tf.get_variable("contexts", [number, size], initializer=tf.zeros_initializer())
    biases = tf.get_variable("biases", [number], initializer=tf.zeros_initializer())
    wanted = tf.placeholder(tf.int64, [None], name="wanted")
    if settings.method == "skip-gram":
        given = tf.placeholder(tf.int64, [None], name="given")
        hidden = tf.nn.embedding_lookup(vectors, given)
    else:
        given = tf.placeholder(tf.int64, [None, 2 * settings.window], name="given")
        hidden = _mean(vectors, given)
    drawn = tf.nn.fixed_unigram_candidate_sampler(
        wanted[:, tf.newaxis],
        num_true=1,
        num_sampled=settings.sampled,
        unique=False,
        range_max=number,
        distortion=POWER,
        unigrams=counts.tolist(),
    )
    if settings.loss == "negative":
        losses = _negative(contexts, hidden, wanted, drawn[0])
    else:
        function = tf.nn.nce_loss if settings.loss == "nce" else tf.nn.sampled_softmax_loss
        losses = function(
            contexts,
            biases,
            wanted[:, tf.newaxis],
            hidden,
            settings.sampled,
            number,
            sampled_values=drawn,
        )
    loss = tf.reduce_mean(losses)
    variables = tf.trainable_variables()
    rate = tf.placeholder(tf.float32, [], name="rate")
    update = tf.train.AdamOptimizer(rate).minimize(loss)
    return Network(given, wanted, vectors, variables, loss, rate, update)


def _mean(vectors: tf.Variable, given: tf.Tensor) -> tf.Tensor:
    """The mean of the neighbours' vectors, [B, D]."""
    there = tf.to_float(given >= 0)
    rows = tf.nn.embedding_lookup(vectors, tf.maximum(given, 0))
    total = tf.reduce_sum(rows * there[:, :, tf.newaxis], 1)
    return total / tf.reduce_sum(there, 1, keepdims=True)


def _negative(
    contexts: tf.Variable, hidden: tf.Tensor, wanted: tf.Tensor, drawn: tf.Tensor
) -> tf.Tensor:
    """Losses of pairs, [B]; drawn words that are the wanted one do not count."""
    right = tf.reduce_sum(tf.nn.embedding_lookup(contexts, wanted) * hidden, 1)
    wrong = tf.matmul(hidden, tf.nn.embedding_lookup(contexts, drawn), transpose_b=True)
    other = tf.to_float(tf.not_equal(wanted[:, tf.newaxis], drawn[tf.newaxis, :]))
    ones = tf.ones_like(right)
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=ones, logits=right)
    noise = tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.zeros_like(wrong), logits=wrong)
    return losses + tf.reduce_sum(noise * other, 1)
