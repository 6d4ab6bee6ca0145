"""`tf.contrib.legacy_seq2seq`: decoders that look at all states of the encoder.

Source: TF 1.15 contrib/legacy_seq2seq/python/ops/seq2seq.py. Vinyals et al. 2014;
Bahdanau et al. 2014.
"""

from __future__ import annotations

import copy
from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, nest
from tailrace.library import array
from tailrace.library.arithmetic import cast
from tailrace.library.embedding import embedding_lookup
from tailrace.library.math import tanh
from tailrace.library.nn.activations import softmax
from tailrace.library.nn.convolution import conv2d
from tailrace.library.reductions import reduce_sum
from tailrace.library.rnn.loops import static_rnn
from tailrace.library.rnn.wrappers import EmbeddingWrapper, Linear, OutputProjectionWrapper
from tailrace.library.seq2seq.legacy import (
    LoopFunction,
    check_biases,
    decode_either,
    embed_most_likely,
    packed,
)
from tailrace.library.variable_scope import get_variable, get_variable_scope, variable_scope


class _Attention:
    """Heads that read the encoder's states: softmax(v·tanh(W·states + Linear(query)))·states."""

    def __init__(self, states: Tensor, num_heads: int, dtype: Any) -> None:
        length, size = states.get_shape()[1].value, states.get_shape()[2].value
        self.length = array.shape(states)[1] if length is None else length
        self.size: Any = size
        self.dtype = dtype
        self.hidden = array.reshape(states, [-1, self.length, 1, size])
        self.features, self.vectors = [], []
        for head in range(num_heads):
            kernel = get_variable(f"AttnW_{head}", [1, 1, size, size], dtype=dtype)
            self.features.append(conv2d(self.hidden, kernel, [1, 1, 1, 1], "SAME"))
            self.vectors.append(get_variable(f"AttnV_{head}", [size], dtype=dtype))

    def nothing(self, batch_size: Any) -> list[Tensor]:
        """What is read before the first step: zeros [B, A] for each head."""
        shape = array.stack([batch_size, self.size])
        zeros = [array.zeros(shape, dtype=self.dtype) for _ in self.features]
        for zero in zeros:
            zero.set_shape([None, self.size])
        return zeros

    def read(self, query: Any) -> list[Tensor]:
        """What each head reads [B, A] for a query, a state."""
        if nest.is_sequence(query):
            query = array.concat([_checked_matrix(q) for q in nest.flatten(query)], 1)
        return [self._read(head, query) for head in range(len(self.features))]

    def _read(self, head: int, query: Any) -> Tensor:
        with variable_scope(f"Attention_{head}"):
            y = Linear(query, self.size, True)(query)
            y = cast(array.reshape(y, [-1, 1, 1, self.size]), self.dtype)
            scores = reduce_sum(self.vectors[head] * tanh(self.features[head] + y), [2, 3])
            weights = cast(softmax(cast(scores, dtypes.float32)), self.dtype)
            weighted = array.reshape(weights, [-1, self.length, 1, 1]) * self.hidden
            return array.reshape(reduce_sum(weighted, [1, 2]), [-1, self.size])


def _checked_matrix(x: Tensor) -> Tensor:
    if x.get_shape().ndims not in (None, 2):
        raise ValueError(f"attention_decoder needs states of rank 2, got {x.get_shape()}: {x.name}")
    return x


def attention_decoder(
    decoder_inputs: Any,
    initial_state: Any,
    attention_states: Tensor,
    cell: Any,
    output_size: int | None = None,
    num_heads: int = 1,
    loop_function: LoopFunction | None = None,
    dtype: Any = None,
    scope: Any = None,
    initial_state_attention: bool = False,
) -> tuple[list[Tensor], Any]:
    """The cell over `decoder_inputs`, each joined with what the heads read.

    x = Linear([input, read]);  y, s = cell(x, s);  read = heads(s);  output = Linear([y, read]).

    Args: attention_states [B, T, A]; `initial_state_attention` reads before the first step, too.
    Raises: ValueError without inputs or heads, or for attention states of unknown size.
    """
    if not decoder_inputs:
        raise ValueError("Must provide at least 1 input to attention decoder.")
    if num_heads < 1:
        raise ValueError("With less than 1 heads, use a non-attention decoder.")
    if attention_states.get_shape()[2].value is None:
        raise ValueError(
            f"Shape[2] of attention_states must be known: {attention_states.get_shape()}"
        )
    output_size = cell.output_size if output_size is None else output_size
    with variable_scope(scope or "attention_decoder", dtype=dtype) as opened:
        dtype = opened.dtype
        batch_size = array.shape(decoder_inputs[0])[0]
        heads = _Attention(attention_states, num_heads, dtype)
        state, outputs = initial_state, []
        read = heads.nothing(batch_size)
        if initial_state_attention:
            read = heads.read(initial_state)
        for i, step_input in enumerate(decoder_inputs):
            if i > 0:
                get_variable_scope().reuse_variables()
            if loop_function is not None and outputs:
                with variable_scope("loop_function", reuse=True):
                    step_input = loop_function(outputs[-1], i)
            x = _joined(step_input, read, _known_depth(step_input), dtype)
            output, state = cell(x, state)
            if i == 0 and initial_state_attention:
                with variable_scope(get_variable_scope(), reuse=True):
                    read = heads.read(state)
            else:
                read = heads.read(state)
            with variable_scope("AttnOutputProjection"):
                outputs.append(_joined(cast(output, dtype), read, output_size, None))
    return outputs, state


def _known_depth(step_input: Tensor) -> Any:
    depth = step_input.get_shape().with_rank(2)[1].value
    if depth is None:
        raise ValueError(f"Could not infer input size from input: {step_input.name}")
    return depth


def _joined(x: Any, read: list[Tensor], size: Any, dtype: Any) -> Tensor:
    """Linear([x, *read])."""
    args = [x, *read]
    if dtype is not None:
        args = [cast(a, dtype) for a in args]
    return Linear(args, size, True)(args)


def embedding_attention_decoder(
    decoder_inputs: Any,
    initial_state: Any,
    attention_states: Tensor,
    cell: Any,
    num_symbols: int,
    embedding_size: int,
    num_heads: int = 1,
    output_size: int | None = None,
    output_projection: Any = None,
    feed_previous: bool = False,
    update_embedding_for_previous: bool = True,
    dtype: Any = None,
    scope: Any = None,
    initial_state_attention: bool = False,
) -> tuple[list[Tensor], Any]:
    """`attention_decoder` over symbols, looked up in a table [num_symbols, embedding_size]."""
    output_size = cell.output_size if output_size is None else output_size
    if output_projection is not None:
        check_biases(output_projection, num_symbols, dtype)
    with variable_scope(scope or "embedding_attention_decoder", dtype=dtype):
        embedding = get_variable("embedding", [num_symbols, embedding_size])
        loop_function = None
        if feed_previous:
            loop_function = embed_most_likely(
                embedding, output_projection, update_embedding_for_previous
            )
        embedded = [embedding_lookup(embedding, symbols) for symbols in decoder_inputs]
        return attention_decoder(
            embedded,
            initial_state,
            attention_states,
            cell,
            output_size=output_size,
            num_heads=num_heads,
            loop_function=loop_function,
            initial_state_attention=initial_state_attention,
        )


def embedding_attention_seq2seq(
    encoder_inputs: Any,
    decoder_inputs: Any,
    cell: Any,
    num_encoder_symbols: int,
    num_decoder_symbols: int,
    embedding_size: int,
    num_heads: int = 1,
    output_projection: Any = None,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
    initial_state_attention: bool = False,
) -> tuple[list[Any], Any]:
    """From symbols to symbols, with attention over the encoder's outputs.

    Args: feed_previous may be a tensor. Returns: logits of each step (with `output_projection`, the
    decoder's outputs), and the final state.
    """
    with variable_scope(scope or "embedding_attention_seq2seq", dtype=dtype) as opened:
        encoder = EmbeddingWrapper(copy.deepcopy(cell), num_encoder_symbols, embedding_size)
        encoder_outputs, encoder_state = static_rnn(encoder, encoder_inputs, dtype=opened.dtype)
        tops = [array.reshape(e, [-1, 1, cell.output_size]) for e in encoder_outputs]
        attention_states = array.concat(tops, 1)
        output_size = None
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)
            output_size = num_decoder_symbols

        def decode(feeds: bool, update_embedding: bool = False) -> tuple[list[Any], Any]:
            return embedding_attention_decoder(
                decoder_inputs,
                encoder_state,
                attention_states,
                cell,
                num_decoder_symbols,
                embedding_size,
                num_heads=num_heads,
                output_size=output_size,
                output_projection=output_projection,
                feed_previous=feeds,
                update_embedding_for_previous=update_embedding,
                initial_state_attention=initial_state_attention,
            )

        if isinstance(feed_previous, bool):
            return decode(feed_previous, update_embedding=True)
        outputs, flat_state = decode_either(feed_previous, decode, len(decoder_inputs))
        return outputs, packed(encoder_state, flat_state)
