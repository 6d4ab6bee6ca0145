"""The networks as TensorFlow graphs: the public `tf` API alone.

B texts, T words, V known words, E numbers per word vector, H units, C classes, D columns.

A bag of the different words w_1 ... w_n of a text is looked up rather than multiplied out:

    x W = sum_i W[w_i] / sqrt(n)

Logistic regression is softmax(x W + b); the perceptron (Rosenblatt, 1958; here for many classes)
has the same scores and learns from its mistakes alone: the weights of the right class are moved
towards x, those of the best wrong one away from it; the feed-forward network is
softmax(V relu(x W + b) + c). On columns of numbers x is the standardized row.

Recurrent networks (many words in, one answer out) end with softmax(V h + c) of the last state h,
the bidirectional one with both last states. The CNN (Kim, "Convolutional neural networks for
sentence classification", 2014) slides filters of several region sizes over the words and keeps the
largest value of each. CNN + LSTM (Zhou, Sun, Liu, Lau, "A C-LSTM neural network for text
classification", 2015) reads the filters' values in order.
"""

from __future__ import annotations

from dataclasses import dataclass

import tailrace as tf
from tailrace.apps.classify.settings import Settings

CLIP_NORM = 5.0
START = 0.1


@dataclass(frozen=True)
class Sizes:
    """What a network's shape depends on beside its settings."""

    classes: int
    words: int = 0  # of the vocabulary; 0 where the inputs are numbers
    length: int = 0  # T
    columns: int = 0  # D
    fixed: bool = False  # whether word vectors are not trained


@dataclass(frozen=True)
class Network:
    """Tensors of one network."""

    inputs: tf.Tensor  # [B, T] of word numbers, or [B, D]
    lengths: tf.Tensor  # [B]
    labels: tf.Tensor  # [B]
    dropout: tf.Tensor  # []
    logits: tf.Tensor  # [B, C]
    probabilities: tf.Tensor  # [B, C]
    loss: tf.Tensor  # []
    wanted: tf.Tensor  # [B] classes that `contributions` explains
    margin: tf.Tensor  # [B] the score of the wanted class above the mean of all
    contributions: tf.Tensor  # [B, T] or [B, D], gradient of `margin` times input
    variables: list[tf.Variable]
    vectors: tf.Variable | None  # [V, E]
    rate: tf.Tensor
    update: tf.Operation


def build(settings: Settings, sizes: Sizes) -> Network:
    """The network of the settings' method in the default graph."""
    numbers = not sizes.words
    inputs = (
        tf.placeholder(tf.float32, [None, sizes.columns], name="inputs")
        if numbers
        else tf.placeholder(tf.int32, [None, sizes.length], name="inputs")
    )
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    labels = tf.placeholder(tf.int32, [None], name="labels")
    dropout = tf.placeholder_with_default(0.0, [], name="dropout")
    vectors = None
    if numbers:
        rows = inputs
        logits = _classifier(rows, settings, sizes, dropout)
    elif settings.is_bag:
        rows, logits = _bag(inputs, lengths, settings, sizes, dropout)
    else:
        vectors = _vectors(settings, sizes)
        rows = tf.nn.embedding_lookup(vectors, inputs)
        logits = _sequence(rows, lengths, settings, sizes, dropout)
    variables = tf.global_variables()
    loss = _loss(logits, labels, settings)
    wanted = tf.placeholder(tf.int32, [None], name="wanted")
    margin = tf.reduce_sum(logits * tf.one_hot(wanted, sizes.classes), 1)
    margin -= tf.reduce_mean(logits, 1)
    contributions = tf.gradients(margin, rows)[0] * rows
    if not numbers:
        contributions = tf.reduce_sum(contributions, 2)
    return Network(
        inputs,
        lengths,
        labels,
        dropout,
        logits,
        tf.nn.softmax(logits),
        loss,
        wanted,
        margin,
        contributions,
        variables,
        vectors,
        *_training(loss, settings),
    )


def _bag(
    inputs: tf.Tensor, lengths: tf.Tensor, settings: Settings, sizes: Sizes, dropout: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """The looked-up weights of each word [B, T, ...], and scores."""
    hidden = settings.method == "feedforward"
    width = settings.size if hidden else sizes.classes
    start = tf.random_normal_initializer(stddev=START) if hidden else tf.zeros_initializer()
    weights = tf.get_variable("words", [sizes.words, width], initializer=start)
    count = tf.to_float(tf.maximum(lengths, 1))
    mask = tf.sequence_mask(lengths, sizes.length, dtype=tf.float32)
    mask /= tf.sqrt(count)[:, tf.newaxis]
    rows = tf.nn.embedding_lookup(weights, inputs)
    bias = tf.get_variable("bias", [width], initializer=tf.zeros_initializer())
    scores = tf.reduce_sum(rows * mask[:, :, tf.newaxis], 1) + bias
    if not hidden:
        return rows, scores
    features = tf.nn.dropout(tf.nn.relu(scores), rate=dropout)
    return rows, tf.layers.dense(features, sizes.classes, name="scores")


def _classifier(rows: tf.Tensor, settings: Settings, sizes: Sizes, dropout: tf.Tensor) -> tf.Tensor:
    """Scores of rows of numbers."""
    if settings.method != "feedforward":
        zeros = tf.zeros_initializer()
        return tf.layers.dense(rows, sizes.classes, kernel_initializer=zeros, name="scores")
    features = tf.layers.dense(rows, settings.size, tf.nn.relu, name="hidden")
    return tf.layers.dense(tf.nn.dropout(features, rate=dropout), sizes.classes, name="scores")


def _vectors(settings: Settings, sizes: Sizes) -> tf.Variable:
    return tf.get_variable(
        "vectors",
        [sizes.words, settings.embedding],
        initializer=tf.random_uniform_initializer(-START, START),
        trainable=not sizes.fixed,
    )


def _sequence(
    rows: tf.Tensor, lengths: tf.Tensor, settings: Settings, sizes: Sizes, dropout: tf.Tensor
) -> tf.Tensor:
    """Scores of word vectors [B, T, E]."""
    mask = tf.sequence_mask(lengths, sizes.length, dtype=tf.float32)[:, :, tf.newaxis]
    words = tf.nn.dropout(rows * mask, rate=dropout)
    if settings.method == "cnn":
        features = _filtered(words, settings) * mask
        # filters are rectified, so what the mask leaves is never the largest
        last = tf.reduce_max(features, 1)
    elif settings.method == "cnn-rnn":
        last = _recurrent(_filtered(words, settings), lengths, settings, "lstm")
    elif settings.method == "bidirectional":
        last = _both_ways(words, lengths, settings)
    else:
        last = _recurrent(words, lengths, settings, settings.method)
    last = tf.nn.dropout(last, rate=dropout)
    return tf.layers.dense(last, sizes.classes, name="scores")


def _filtered(words: tf.Tensor, settings: Settings) -> tf.Tensor:
    """What filters of each region size see at each word, [B, T, regions H]."""
    seen = [
        tf.layers.conv1d(
            words, settings.size, region, padding="same", activation=tf.nn.relu, name=f"of_{region}"
        )
        for region in settings.region_sizes()
    ]
    return tf.concat(seen, 2)


def _cell(kind: str, settings: Settings) -> tf.nn.rnn_cell.RNNCell:
    cells = {
        "rnn": tf.nn.rnn_cell.BasicRNNCell,
        "lstm": tf.nn.rnn_cell.LSTMCell,
        "gru": tf.nn.rnn_cell.GRUCell,
    }
    stack = [cells[kind](settings.size) for _ in range(settings.layers)]
    return tf.nn.rnn_cell.MultiRNNCell(stack)


def _recurrent(words: tf.Tensor, lengths: tf.Tensor, settings: Settings, kind: str) -> tf.Tensor:
    """The state after each text's last word, [B, H]."""
    _, state = tf.nn.dynamic_rnn(
        _cell(kind, settings), words, sequence_length=lengths, dtype=tf.float32
    )
    return _top(state)


def _both_ways(words: tf.Tensor, lengths: tf.Tensor, settings: Settings) -> tf.Tensor:
    """The last state of a network that reads forwards, and of one that reads backwards, [B, 2H]."""
    forwards, backwards = _cell("lstm", settings), _cell("lstm", settings)
    _, states = tf.nn.bidirectional_dynamic_rnn(
        forwards, backwards, words, sequence_length=lengths, dtype=tf.float32
    )
    return tf.concat([_top(state) for state in states], 1)


def _top(states: tuple) -> tf.Tensor:
    """The output part of the last layer's state."""
    return getattr(states[-1], "h", states[-1])


def _loss(logits: tf.Tensor, labels: tf.Tensor, settings: Settings) -> tf.Tensor:
    if settings.method != "perceptron":
        return tf.losses.sparse_softmax_cross_entropy(labels, logits)
    right = tf.one_hot(labels, tf.shape(logits)[1])
    best_wrong = tf.reduce_max(logits - right * logits.dtype.max, 1)
    behind = best_wrong - tf.reduce_sum(right * logits, 1)
    # at the start all scores are the same, which is a mistake, too
    mistakes = tf.stop_gradient(tf.to_float(behind >= 0))
    return tf.reduce_mean(mistakes * behind)


def _training(loss: tf.Tensor, settings: Settings) -> tuple[tf.Tensor, tf.Operation]:
    """The learning rate's placeholder, and the update."""
    rate = tf.placeholder(tf.float32, [], name="rate")
    if settings.method == "perceptron":
        return rate, tf.train.GradientDescentOptimizer(rate).minimize(loss)
    variables = tf.trainable_variables()
    gradients, _ = tf.clip_by_global_norm(tf.gradients(loss, variables), CLIP_NORM)
    optimizer = tf.train.AdamOptimizer(rate)
    return rate, optimizer.apply_gradients(list(zip(gradients, variables, strict=True)))
