"""A network that writes sequences of symbols while it looks at a memory, as a graph.

    decoder = Decoder(Design(...), memory, lengths, start)
    loss = decoder.loss(targets, target_lengths)
    written = decoder.write(width, length_penalty, most)

Shapes: B sequences, S places of the memory, T symbols, K beams, H units, V symbols known.

Sources: Bahdanau and others, "Neural Machine Translation by Jointly Learning to Align and
Translate", 2015; Luong and others, "Effective Approaches to Attention-based Neural Machine
Translation", 2015; length penalty: Wu and others, "Google's Neural Machine Translation System",
2016.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tailrace as tf

seq2seq = tf.contrib.seq2seq

CELLS = ("gru", "lstm")
ATTENTIONS = ("luong", "bahdanau", "none")


@dataclass(frozen=True)
class Design:
    """What a decoder is made of; `start` and `end` are the numbers of the marks around a text."""

    symbols: int
    start: int
    end: int
    embedding: int
    size: int
    cell: str = "gru"
    layers: int = 1
    attention: str = "bahdanau"


@dataclass(frozen=True)
class Written:
    """What a decoder wrote: the K best texts for each memory, best first.

    ids [B, T, K], from the first symbol on, `end` behind the last one; log_probs [B, K];
    alignments [T, B * K, S]: how much of the attention each place of the memory had, None without
    attention.
    """

    ids: tf.Tensor
    log_probs: tf.Tensor
    alignments: tf.Tensor | None


def make_cell(name: str, size: int, keep: Any = None) -> Any:
    """A recurrent cell; `keep` is the part of its inputs that dropout leaves, None for all."""
    cell = tf.nn.rnn_cell.LSTMCell(size) if name == "lstm" else tf.nn.rnn_cell.GRUCell(size)
    return cell if keep is None else tf.nn.rnn_cell.DropoutWrapper(cell, input_keep_prob=keep)


class Decoder:
    """Embedding, cells with attention to a memory, and a projection onto the symbols.

    Args: memory [B, S, M]; lengths [B], how many places of each memory count, or None for all;
    summary [B, N], from which the first state is made; keep as in `make_cell`, for `loss` alone.
    """

    def __init__(
        self,
        design: Design,
        memory: tf.Tensor,
        lengths: tf.Tensor | None,
        summary: tf.Tensor,
        keep: Any = None,
    ) -> None:
        self._design, self._memory, self._lengths, self._keep = design, memory, lengths, keep
        self._embedding = tf.get_variable("symbols", [design.symbols, design.embedding])
        self._projection = tf.layers.Dense(design.symbols, name="projection")
        self._start = self._first_state(summary)

    def _first_state(self, summary: tf.Tensor) -> Any:
        """tanh of a linear map of the summary, for each part of each layer's state."""
        sizes = self._cells(None).state_size
        parts = [
            tf.layers.dense(summary, size, tf.tanh, name=f"first_state_{i}")
            for i, size in enumerate(tf.contrib.framework.nest.flatten(sizes))
        ]
        return tf.contrib.framework.nest.pack_sequence_as(sizes, parts)

    def _cells(self, keep: Any) -> Any:
        design = self._design
        layers = [make_cell(design.cell, design.size, keep) for _ in range(design.layers)]
        return layers[0] if design.layers == 1 else tf.nn.rnn_cell.MultiRNNCell(layers)

    def _attending(self, width: int, keep: Any = None, history: bool = False) -> tuple[Any, Any]:
        """Cells that attend to the memory, every memory `width` times, and their first state."""
        design, cells = self._design, self._cells(keep)

        def tiled(value: Any) -> Any:
            return value if width == 1 else seq2seq.tile_batch(value, width)

        start = tiled(self._start)
        if design.attention == "none":
            return cells, start
        kind = {"bahdanau": seq2seq.BahdanauAttention, "luong": seq2seq.LuongAttention}
        lengths = None if self._lengths is None else tiled(self._lengths)
        mechanism = kind[design.attention](design.size, tiled(self._memory), lengths)
        wrapped = seq2seq.AttentionWrapper(
            cells, mechanism, attention_layer_size=design.size, alignment_history=history
        )
        count = tf.shape(self._memory)[0] * width
        return wrapped, wrapped.zero_state(count, tf.float32).clone(cell_state=start)

    def logits(self, targets: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Scores [B, T, V] of each symbol at each place of `targets` [B, T], given those before."""
        design = self._design
        starts = tf.fill([tf.shape(targets)[0], 1], design.start)
        shown = tf.nn.embedding_lookup(
            self._embedding, tf.concat([starts, targets[:, :-1]], axis=1)
        )
        with tf.variable_scope("writer", reuse=tf.AUTO_REUSE) as scope:
            cell, state = self._attending(1, self._keep)
            decoder = seq2seq.BasicDecoder(cell, seq2seq.TrainingHelper(shown, lengths), state)
            outputs, _, _ = seq2seq.dynamic_decode(decoder, scope=scope)
            return self._projection(outputs.rnn_output)

    def loss(self, targets: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Mean cross entropy of the targets' symbols, nats; `lengths` [B] say which count."""
        count = tf.reduce_max(lengths)
        weights = tf.sequence_mask(lengths, count, dtype=tf.float32)
        return seq2seq.sequence_loss(self.logits(targets, lengths), targets[:, :count], weights)

    def write(self, width: int, length_penalty: Any, most: tf.Tensor) -> Written:
        """Beam search with `width` beams for texts of at most `most` symbols."""
        design = self._design
        with tf.variable_scope("writer", reuse=tf.AUTO_REUSE) as scope:
            cell, state = self._attending(width, history=design.attention != "none")
            decoder = seq2seq.BeamSearchDecoder(
                cell,
                self._embedding,
                tf.fill([tf.shape(self._memory)[0]], design.start),
                design.end,
                state,
                width,
                output_layer=self._projection,
                length_penalty_weight=length_penalty,
            )
            outputs, last, _ = seq2seq.dynamic_decode(decoder, maximum_iterations=most, scope=scope)
        attended = design.attention != "none"
        alignments = last.cell_state.alignment_history if attended else None
        return Written(outputs.predicted_ids, last.log_probs, alignments)
