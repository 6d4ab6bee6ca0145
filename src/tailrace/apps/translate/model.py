"""The network: an encoder that reads both ways, and a decoder that attends to what it read.

Shapes: B pairs, S symbols of the source, M units of the encoder.

Sources: Sutskever, Vinyals and Le, "Sequence to Sequence Learning with Neural Networks", 2014; Cho
and others, "Learning Phrase Representations using RNN Encoder-Decoder", 2014; and those of
`tailrace.apps.common.decoder`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tailrace as tf
from tailrace.apps.common.decoder import Design, make_cell
from tailrace.apps.common.writer import Network, network
from tailrace.apps.translate.settings import Settings


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
    """The network in the default graph; `symbols` are the sizes of both vocabularies.

    It is shown sources [B, S] and their lengths [B].
    """
    source = tf.placeholder(tf.int32, [None, None], "source")
    lengths = tf.placeholder(tf.int32, [None], "source_lengths")
    keep = tf.placeholder_with_default(1.0, [], "keep")
    dropped = settings.dropout > 0
    memory, summary = encode(settings, symbols[0], source, lengths, keep if dropped else None)
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
    return network([source, lengths], keep, design, memory, lengths, summary, dropped=dropped)
