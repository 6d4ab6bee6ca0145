"""The network as a TensorFlow graph: the public `tf` API alone.

    x_t = S[symbol_t] + G[pair_t] + G[triple_t] + ...      (the groups that end at t)
          + M[foretold_t] * K[kind_t]                      (what followed the longest match)
    h_t = cell_L(dropout(... cell_1(dropout(x_t)) ...))    (recurrent, one pass per layer)
    P(symbol_{t+1}) = softmax(W dropout([h_t, x_t]) + b)

In training, part of the weights from the cells' state is dropped too, the same ones for all steps
of a batch (Merity, Keskar, Socher, "Regularizing and optimizing LSTM language models", 2017).

Arrays are time-major: T steps, B streams of text side by side, V symbols.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import tailrace as tf
from tailrace.apps.lm.matches import KINDS
from tailrace.apps.lm.settings import Settings

# groups are rare and their gradients sparse: Adagrad serves them, at a multiple of Adam's rate
GROUP_RATE = 6.0
GROUP_ACCUMULATOR = 1e-8


class Network(NamedTuple):
    """Tensors of one network; the states are flat lists, in the order of the layers."""

    inputs: tf.Tensor  # int32 [T, B, n], as `inputs.Inputs` gives them
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


def build(
    settings: Settings, groups: int, vocabulary_size: int, *, training: bool = False
) -> Network:
    """The network in the default graph; a second call shares the first one's variables.

    `groups` is how many rows the groups of symbols have together. With `training`, parts are
    dropped as the settings say.
    """
    with tf.variable_scope("model", reuse=tf.AUTO_REUSE):
        columns = settings.ngram_inputs + 2 * (settings.match_length > 0)
        inputs = tf.placeholder(tf.int32, [None, None, columns], name="inputs")
        targets = tf.placeholder(tf.int32, [None, None], name="targets")
        embedded = _embed(settings, inputs, groups, vocabulary_size)
        hidden = _drop(embedded, settings.input_dropout * training)
        initial: list[tf.Tensor] = []
        final: list[tf.Tensor] = []
        for number in range(settings.layers):
            getter = _dropping_getter(settings.recurrent_dropout * training, settings.size)
            with tf.variable_scope(f"layer_{number}", reuse=tf.AUTO_REUSE, custom_getter=getter):
                hidden, first, last = _layer(settings, hidden)
            initial += first
            final += last
            if number < settings.layers - 1:
                hidden = _drop(hidden, settings.dropout * training)
        seen = _drop(tf.concat([hidden, embedded], 2), settings.dropout * training)
        logits = tf.layers.dense(seen, vocabulary_size, name="logits", reuse=tf.AUTO_REUSE)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits)
        upcoming = tf.nn.softmax(logits[-1])
        return Network(inputs, targets, initial, final, upcoming, losses, tf.reduce_mean(losses))


Step = Callable[..., tuple[tf.Tensor, list[tf.Tensor]]]


def build_step(settings: Settings, groups: int, vocabulary_size: int) -> Step:
    """The network for one step of one text, to be called in a loop; shares `build`'s variables.

    It takes a symbol [1], rows of the groups' table [n - 1], states [1, H] and the code [1] of a
    match, and gives logits [1, V] of what follows and the next states.
    """
    cells = [make_cell(settings.cell, settings.size, step=True) for _ in range(settings.layers)]

    def step(
        symbol: tf.Tensor, found: tf.Tensor, states: Sequence[tf.Tensor], match: Any
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        with tf.variable_scope("model", reuse=True):
            symbols = tf.get_variable("symbols", [vocabulary_size, settings.embedding])
            embedded = tf.nn.embedding_lookup(symbols, symbol)
            if settings.ngram_inputs > 1:
                table = tf.get_variable("groups", [groups, settings.embedding])
                embedded += tf.reduce_sum(tf.nn.embedding_lookup(table, found), 0)
            if settings.match_length:
                foretold, kind = match // KINDS, match % KINDS
                embedded += _embed_match(settings, foretold, kind, vocabulary_size)
            hidden, left, after = embedded, list(states), []
            for number, cell in enumerate(cells):
                with tf.variable_scope(_step_scope(settings, number)):
                    sizes = cell.state_size
                    several = isinstance(sizes, tuple)
                    own = left[: len(sizes)] if several else left[:1]
                    del left[: len(own)]
                    hidden, last = cell(hidden, type(sizes)(*own) if several else own[0])
                    after += list(last) if several else [last]
            seen = tf.concat([hidden, embedded], 1)
            return tf.layers.dense(seen, vocabulary_size, name="logits", reuse=True), after

    return step


def _step_scope(settings: Settings, number: int) -> str:
    """The scope of a layer's variables: `dynamic_rnn` has one of its own."""
    return f"layer_{number}" if settings.cell in FUSED else f"layer_{number}/rnn"


def add_training(settings: Settings, network: Network) -> Training:
    """Adam on the gradients, clipped together to `settings.clip_norm`; Adagrad for the groups."""
    learning_rate = tf.placeholder(tf.float32, [], name="learning_rate")
    groups = [v for v in tf.trainable_variables() if v.op.name == "model/groups"]
    others = [v for v in tf.trainable_variables() if v not in groups]
    gradients = tf.gradients(network.loss, others + groups)
    clipped, _ = tf.clip_by_global_norm(gradients[: len(others)], settings.clip_norm)
    updates = [
        tf.train.AdamOptimizer(learning_rate).apply_gradients(
            list(zip(clipped, others, strict=True))
        )
    ]
    if groups:
        optimizer = tf.train.AdagradOptimizer(
            GROUP_RATE * learning_rate, initial_accumulator_value=GROUP_ACCUMULATOR
        )
        updates.append(optimizer.apply_gradients([(gradients[-1], groups[0])]))
    return Training(learning_rate, tf.group(*updates))


def _embed(settings: Settings, inputs: tf.Tensor, groups: int, vocabulary_size: int) -> tf.Tensor:
    """Rows of symbols, groups and matches added up, [T, B, E]; groups begin at zero."""
    shape = [vocabulary_size, settings.embedding]
    uniform = tf.random_uniform_initializer(-0.1, 0.1)
    symbols = tf.get_variable("symbols", shape, initializer=uniform)
    embedded = tf.nn.embedding_lookup(symbols, inputs[:, :, 0])
    count = settings.ngram_inputs
    if count > 1:
        shape = [groups, settings.embedding]
        table = tf.get_variable("groups", shape, initializer=tf.zeros_initializer())
        found = tf.nn.embedding_lookup(table, inputs[:, :, 1:count] - vocabulary_size)
        embedded += tf.reduce_sum(found, 2)
    if settings.match_length:
        match = inputs[:, :, count], inputs[:, :, count + 1]
        embedded += _embed_match(settings, *match, vocabulary_size)
    return embedded


def _embed_match(
    settings: Settings, foretold: tf.Tensor, kind: tf.Tensor, vocabulary_size: int
) -> tf.Tensor:
    """The symbol that a match foretells, weighed by the match's kind: [..., E]."""
    # the last row is for no match
    shape = [vocabulary_size + 1, settings.embedding]
    uniform = tf.random_uniform_initializer(-0.1, 0.1)
    symbols = tf.get_variable("foretold", shape, initializer=uniform)
    shape = [KINDS, settings.embedding]
    kinds = tf.get_variable("kinds", shape, initializer=tf.ones_initializer())
    return tf.nn.embedding_lookup(symbols, foretold) * tf.nn.embedding_lookup(kinds, kind)


def _drop(tensor: tf.Tensor, rate: float) -> tf.Tensor:
    return tf.nn.dropout(tensor, rate=rate) if rate else tensor


def _dropping_getter(rate: float, size: int) -> Callable[..., Any] | None:
    """Gives cells their kernels with part of the rows' weights from the state [H, ...] dropped."""
    if not rate:
        return None

    def get(getter: Callable[..., Any], name: str, *args: Any, **kwargs: Any) -> Any:
        variable = getter(name, *args, **kwargs)
        if not name.endswith("kernel"):
            return variable
        # cells ask for it inside the loop over time, where each step would drop other weights
        with tf.control_dependencies(None):
            from_state = tf.nn.dropout(variable[-size:], rate=rate)
            return tf.concat([variable[:-size], from_state], 0)

    return get


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


def make_cell(name: str, size: int, *, step: bool = False) -> Any:
    """The cell of a name in `settings.CELLS`, `size` units; with `step` one for single steps."""
    rnn = tf.contrib.rnn
    if step and name in FUSED:
        # the same equations and variables
        return rnn.BasicLSTMCell(size, name="lstm_fused_cell")
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
