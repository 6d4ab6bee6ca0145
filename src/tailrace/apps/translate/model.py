"""The network: an encoder that reads both ways, and a decoder that attends to what it read.

Shapes: B pairs, S and T symbols of source and target, K beams.

Sources: Sutskever, Vinyals and Le, "Sequence to Sequence Learning with Neural Networks", 2014; Cho
and others, "Learning Phrase Representations using RNN Encoder-Decoder", 2014; and those of
`tailrace.apps.common.decoder`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import tailrace as tf
from tailrace.apps.common.decoder import Decoder, Design, Written, make_cell
from tailrace.apps.translate.settings import Settings

# gradients are scaled down to this norm
LARGEST_NORM = 5.0


@dataclass(frozen=True)
class Network:
    """What is fed and what is fetched.

    source [B, S] and target [B, T] are symbol numbers, of which source_lengths [B] and
    target_lengths [B] count; loss is nats per symbol; keep is the part that dropout leaves.
    """

    source: tf.Tensor
    source_lengths: tf.Tensor
    target: tf.Tensor
    target_lengths: tf.Tensor
    keep: tf.Tensor
    learning_rate: tf.Tensor
    length_penalty: tf.Tensor
    most: tf.Tensor
    decoder: Decoder
    loss: tf.Tensor
    update: tf.Operation

    def write(self, width: int) -> Written:
        """Adds a beam search of a width to the graph."""
        return self.decoder.write(width, self.length_penalty, self.most)


def encode(settings: Settings, symbols: int, source: Any, lengths: Any, keep: Any) -> Any:
    """What the encoder's units were at each place [B, S, M], and at the end [B, M].

    The end is that of the first direction at the last symbol and of the other at the first one.
    """
    table = tf.get_variable("source_symbols", [symbols, settings.embedding])
    memory, ends = tf.nn.embedding_lookup(table, source), []
    for layer in range(settings.layers):
        cells = [make_cell(settings.cell, settings.size // 2, keep) for _ in range(2)]
        outputs, states = tf.nn.bidirectional_dynamic_rnn(
            *cells, memory, lengths, dtype=tf.float32, scope=f"encoder_{layer}"
        )
        memory = tf.concat(outputs, axis=2)
        ends = [state.h if settings.cell == "lstm" else state for state in states]
    return memory, tf.concat(ends, axis=1)


def build(settings: Settings, symbols: Sequence[int], start: int, end: int) -> Network:
    """The network in the default graph; `symbols` are the sizes of both vocabularies."""
    source = tf.placeholder(tf.int32, [None, None], "source")
    source_lengths = tf.placeholder(tf.int32, [None], "source_lengths")
    target = tf.placeholder(tf.int32, [None, None], "target")
    target_lengths = tf.placeholder(tf.int32, [None], "target_lengths")
    keep = tf.placeholder_with_default(1.0, [], "keep")
    dropped = keep if settings.dropout else None
    memory, summary = encode(settings, symbols[0], source, source_lengths, dropped)
    design = Design(
        symbols[1],
        start,
        end,
        settings.embedding,
        settings.size,
        settings.cell,
        settings.layers,
        settings.attention,
    )
    decoder = Decoder(design, memory, source_lengths, summary, dropped)
    loss = decoder.loss(target, target_lengths)
    learning_rate = tf.placeholder(tf.float32, [], "learning_rate")
    return Network(
        source,
        source_lengths,
        target,
        target_lengths,
        keep,
        learning_rate,
        tf.placeholder(tf.float32, [], "length_penalty"),
        tf.placeholder(tf.int32, [], "most"),
        decoder,
        loss,
        minimize(loss, learning_rate),
    )


def minimize(loss: tf.Tensor, learning_rate: tf.Tensor) -> tf.Operation:
    """A step of Adam on a loss, with gradients of a bounded norm."""
    variables = tf.trainable_variables()
    gradients, _ = tf.clip_by_global_norm(tf.gradients(loss, variables), LARGEST_NORM)
    optimizer = tf.train.AdamOptimizer(learning_rate)
    return optimizer.apply_gradients(list(zip(gradients, variables, strict=True)))
