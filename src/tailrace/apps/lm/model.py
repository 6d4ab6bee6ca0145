"""The network as a TensorFlow graph: the public `tf` API alone.

    x_t = E[symbol_t] + E[pair_t] + E[triple_t] + ...      (the groups that end at t)
    h_t = cell_L(dropout(... cell_1(x_t) ...)),            recurrent, one pass per layer
    P(symbol_{t+1}) = softmax(W dropout(h_t) + b)

Arrays are time-major: T steps, B streams of text side by side, V symbols.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import tailrace as tf
from tailrace.apps.lm.settings import Settings


class Network(NamedTuple):
    """Tensors of one network; the states are flat lists, in the order of the layers."""

    inputs: tf.Tensor  # int32 [T, B, n]
    targets: tf.Tensor  # int32 [T, B]
    initial: list[tf.Tensor]  # [B, H]
    final: list[tf.Tensor]  # [B, H]
    upcoming: tf.Tensor  # [B, V], probabilities of what follows on the last step
    losses: tf.Tensor  # [T, B], in nats
    loss: tf.Tensor  # their mean


class Training(NamedTuple):
    """What one training step needs and does."""

    learning_rate: tf.Tensor
    update: tf.Operation
    gradient_norm: tf.Tensor


def build(settings: Settings, rows: int, vocabulary_size: int, *, dropout: float = 0.0) -> Network:
    """The network in the default graph; a second call shares the first one's variables.

    `rows` is the height of the embedding table, where each symbol and each known group of symbols
    has one.
    """
    with tf.variable_scope("model", reuse=tf.AUTO_REUSE):
        inputs = tf.placeholder(tf.int32, [None, None, settings.ngram_inputs], name="inputs")
        targets = tf.placeholder(tf.int32, [None, None], name="targets")
        table = tf.get_variable(
            "embedding",
            [rows, settings.embedding],
            initializer=tf.random_uniform_initializer(-0.1, 0.1),
        )
        hidden = tf.reduce_sum(tf.nn.embedding_lookup(table, inputs), 2)
        initial: list[tf.Tensor] = []
        final: list[tf.Tensor] = []
        for number in range(settings.layers):
            with tf.variable_scope(f"layer_{number}", reuse=tf.AUTO_REUSE):
                hidden, first, last = _layer(settings, hidden)
            if dropout:
                hidden = tf.nn.dropout(hidden, rate=dropout)
            initial += first
            final += last
        logits = tf.layers.dense(hidden, vocabulary_size, name="logits", reuse=tf.AUTO_REUSE)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits)
        upcoming = tf.nn.softmax(logits[-1])
        return Network(inputs, targets, initial, final, upcoming, losses, tf.reduce_mean(losses))


def add_training(settings: Settings, network: Network) -> Training:
    """Adam on the gradients, clipped together to `settings.clip_norm`."""
    learning_rate = tf.placeholder(tf.float32, [], name="learning_rate")
    variables = tf.trainable_variables()
    gradients, norm = tf.clip_by_global_norm(
        tf.gradients(network.loss, variables), settings.clip_norm
    )
    optimizer = tf.train.AdamOptimizer(learning_rate)
    update = optimizer.apply_gradients(list(zip(gradients, variables, strict=True)))
    return Training(learning_rate, update, norm)


def _layer(
    settings: Settings, inputs: tf.Tensor
) -> tuple[tf.Tensor, list[tf.Tensor], list[tf.Tensor]]:
    """One recurrent layer over inputs [T, B, I]: outputs [T, B, H], first and last states."""
    cell = make_cell(settings.cell, settings.size)
    if settings.cell in FUSED:
        first = [_state(settings.size), _state(settings.size)]
        outputs, last = cell(inputs, initial_state=tuple(first))
        return outputs, first, list(last)
    sizes = cell.state_size
    if not isinstance(sizes, tuple):
        first = [_state(sizes)]
        outputs, last = tf.nn.dynamic_rnn(cell, inputs, initial_state=first[0], time_major=True)
        return outputs, first, [last]
    first = [_state(size) for size in sizes]
    outputs, last = tf.nn.dynamic_rnn(
        cell, inputs, initial_state=type(sizes)(*first), time_major=True
    )
    return outputs, first, list(last)


def _state(size: int) -> tf.Tensor:
    return tf.placeholder(tf.float32, [None, size], name="state")


# cells that take a whole sequence at once
FUSED = ("lstm",)


def make_cell(name: str, size: int) -> Any:
    """The cell of a name in `settings.CELLS`, `size` units."""
    rnn = tf.contrib.rnn
    makers = {
        "lstm": lambda: rnn.LSTMBlockFusedCell(size),
        "gru": lambda: rnn.GRUCell(size),
        "rnn": lambda: rnn.BasicRNNCell(size),
        "lstm-basic": lambda: rnn.BasicLSTMCell(size),
        "lstm-block": lambda: rnn.LSTMBlockCell(size),
        "lstm-peephole": lambda: rnn.LSTMCell(size, use_peepholes=True),
        "lstm-layernorm": lambda: rnn.LayerNormBasicLSTMCell(size),
        "lstm-prototype": lambda: rnn.PrototypeLSTMCell(size),
        "gru-block": lambda: rnn.GRUBlockCellV2(size),
    }
    return makers[name]()
