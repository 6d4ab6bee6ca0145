"""`tf.contrib.legacy_seq2seq`: an encoder and a decoder over lists of steps.

A decoder's `loop_function(output, step)`, when given, makes each input from the output before it;
with `feed_previous` it looks up the most likely symbol. Inputs are lists of [B, I], or of
symbols [B].

Source: TF 1.15 contrib/legacy_seq2seq/python/ops/seq2seq.py. Sutskever et al. 2014;
Cho et al. 2014.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, nest
from tailrace.library import array
from tailrace.library.control_flow import cond
from tailrace.library.embedding import embedding_lookup
from tailrace.library.nn.activations import xw_plus_b
from tailrace.library.reductions import argmax
from tailrace.library.rnn.cell import RNNCell
from tailrace.library.rnn.loops import static_rnn
from tailrace.library.rnn.wrappers import EmbeddingWrapper, OutputProjectionWrapper
from tailrace.library.variable_scope import get_variable, get_variable_scope, variable_scope

LoopFunction = Callable[[Any, int], Any]


def embed_most_likely(
    embedding: Any, output_projection: Any = None, update_embedding: bool = True
) -> LoopFunction:
    """A loop function: the embedding of the symbol that the output makes most likely."""

    def loop_function(output: Any, _: int) -> Any:
        if output_projection is not None:
            output = xw_plus_b(output, output_projection[0], output_projection[1])
        embedded = embedding_lookup(embedding, argmax(output, 1))
        return embedded if update_embedding else array.stop_gradient(embedded)

    return loop_function


def rnn_decoder(
    decoder_inputs: Any,
    initial_state: Any,
    cell: Any,
    loop_function: LoopFunction | None = None,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """The cell over `decoder_inputs`, of which a loop function replaces all but the first.

    Returns: the list of outputs, and the final state.
    """
    with variable_scope(scope or "rnn_decoder"):
        state, outputs = initial_state, []
        for i, step_input in enumerate(decoder_inputs):
            if loop_function is not None and outputs:
                with variable_scope("loop_function", reuse=True):
                    step_input = loop_function(outputs[-1], i)
            if i > 0:
                get_variable_scope().reuse_variables()
            output, state = cell(step_input, state)
            outputs.append(output)
    return outputs, state


def basic_rnn_seq2seq(
    encoder_inputs: Any,
    decoder_inputs: Any,
    cell: Any,
    dtype: Any = dtypes.float32,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """A copy of the cell reads, the cell goes on from its state."""
    with variable_scope(scope or "basic_rnn_seq2seq"):
        encoder = copy.deepcopy(cell)
        _, state = static_rnn(encoder, encoder_inputs, dtype=dtype)
        return rnn_decoder(decoder_inputs, state, cell)


def tied_rnn_seq2seq(
    encoder_inputs: Any,
    decoder_inputs: Any,
    cell: Any,
    loop_function: LoopFunction | None = None,
    dtype: Any = dtypes.float32,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """One cell, with the same weights, reads and goes on."""
    with variable_scope("combined_tied_rnn_seq2seq"):
        scope = scope or "tied_rnn_seq2seq"
        _, state = static_rnn(cell, encoder_inputs, dtype=dtype, scope=scope)
        get_variable_scope().reuse_variables()
        return rnn_decoder(decoder_inputs, state, cell, loop_function=loop_function, scope=scope)


def check_projection(output_projection: Any, num_symbols: int, dtype: Any) -> None:
    """Raises: ValueError for weights and biases that do not give `num_symbols` logits."""
    if output_projection is not None:
        weights = convert_to_tensor(output_projection[0], dtype=dtype)
        weights.get_shape().assert_is_compatible_with([None, num_symbols])
        check_biases(output_projection, num_symbols, dtype)


def check_biases(output_projection: Any, num_symbols: int, dtype: Any) -> None:
    """As `check_projection`, of the biases alone."""
    biases = convert_to_tensor(output_projection[1], dtype=dtype)
    biases.get_shape().assert_is_compatible_with([num_symbols])


def embedding_rnn_decoder(
    decoder_inputs: Any,
    initial_state: Any,
    cell: Any,
    num_symbols: int,
    embedding_size: int,
    output_projection: Any = None,
    feed_previous: bool = False,
    update_embedding_for_previous: bool = True,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """`rnn_decoder` over symbols, looked up in a table [num_symbols, embedding_size].

    Args: output_projection, weights and biases that turn outputs into logits, if the cell does not.
    """
    with variable_scope(scope or "embedding_rnn_decoder") as opened:
        check_projection(output_projection, num_symbols, opened.dtype)
        embedding = get_variable("embedding", [num_symbols, embedding_size])
        loop_function = None
        if feed_previous:
            loop_function = embed_most_likely(
                embedding, output_projection, update_embedding_for_previous
            )
        # looked up as the decoder comes to them, and so in its scope
        embedded = (embedding_lookup(embedding, symbols) for symbols in decoder_inputs)
        return rnn_decoder(embedded, initial_state, cell, loop_function=loop_function)


def decode_either(
    feed_previous: Any, decode: Callable[[bool], tuple[list[Any], Any]], steps: int
) -> tuple[list[Any], list[Any]]:
    """What `decode(feed_previous)` gives, for a `feed_previous` known in the run only.

    Returns: the list of outputs, and the flat final state.
    """

    def branch(feeds: bool) -> list[Any]:
        with variable_scope(get_variable_scope(), reuse=None if feeds else True):
            outputs, state = decode(feeds)
            return outputs + nest.flatten(state)

    results = cond(feed_previous, lambda: branch(True), lambda: branch(False))
    return results[:steps], results[steps:]


def packed(structure: Any, flat: list[Any]) -> Any:
    """A flat state as `structure` has it."""
    return nest.pack_sequence_as(structure, flat) if nest.is_sequence(structure) else flat[0]


def embedding_rnn_seq2seq(
    encoder_inputs: Any,
    decoder_inputs: Any,
    cell: Any,
    num_encoder_symbols: int,
    num_decoder_symbols: int,
    embedding_size: int,
    output_projection: Any = None,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """From symbols to symbols. `feed_previous` may be a tensor.

    Returns: logits [B, num_decoder_symbols] of each step (with `output_projection`, the cell's
    outputs), and the final state.
    """
    with variable_scope(scope or "embedding_rnn_seq2seq") as opened:
        if dtype is not None:
            opened.set_dtype(dtype)
        else:
            dtype = opened.dtype
        encoder = EmbeddingWrapper(copy.deepcopy(cell), num_encoder_symbols, embedding_size)
        _, encoder_state = static_rnn(encoder, encoder_inputs, dtype=dtype)
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)

        def decode(feeds: bool, update_embedding: bool = False) -> tuple[list[Any], Any]:
            return embedding_rnn_decoder(
                decoder_inputs,
                encoder_state,
                cell,
                num_decoder_symbols,
                embedding_size,
                output_projection=output_projection,
                feed_previous=feeds,
                update_embedding_for_previous=update_embedding,
            )

        if isinstance(feed_previous, bool):
            return decode(feed_previous, update_embedding=True)
        outputs, flat_state = decode_either(feed_previous, decode, len(decoder_inputs))
        return outputs, packed(encoder_state, flat_state)


def embedding_tied_rnn_seq2seq(
    encoder_inputs: Any,
    decoder_inputs: Any,
    cell: Any,
    num_symbols: int,
    embedding_size: int,
    num_decoder_symbols: int | None = None,
    output_projection: Any = None,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """`embedding_rnn_seq2seq` with one table and one cell for both sides."""
    with variable_scope(scope or "embedding_tied_rnn_seq2seq", dtype=dtype) as opened:
        dtype = opened.dtype
        check_projection(output_projection, num_symbols, dtype)
        embedding = get_variable("embedding", [num_symbols, embedding_size], dtype=dtype)
        encoder_embedded = [embedding_lookup(embedding, x) for x in encoder_inputs]
        decoder_embedded = [embedding_lookup(embedding, x) for x in decoder_inputs]
        if output_projection is None:
            size = num_symbols if num_decoder_symbols is None else num_decoder_symbols
            cell = OutputProjectionWrapper(cell, size)

        def decode(feeds: bool, update_embedding: bool = False) -> tuple[list[Any], Any]:
            loop_function = None
            if feeds:
                loop_function = embed_most_likely(embedding, output_projection, update_embedding)
            return tied_rnn_seq2seq(
                encoder_embedded,
                decoder_embedded,
                cell,
                loop_function=loop_function,
                dtype=dtype,
            )

        if isinstance(feed_previous, bool):
            return decode(feed_previous, update_embedding=True)
        outputs, flat_state = decode_either(feed_previous, decode, len(decoder_inputs))
        # TF: this state is made to know the structure; its nodes stay
        structure = cell.zero_state(_batch_size(encoder_inputs), dtype)
        return outputs, packed(structure, flat_state)


def _batch_size(inputs: list[Tensor]) -> Any:
    known = inputs[0].get_shape()[0]
    for tensor in inputs[1:]:
        known.merge_with(tensor.get_shape()[0])
    return array.shape(inputs[0])[0] if known.value is None else known.value


def one2many_rnn_seq2seq(
    encoder_inputs: Any,
    decoder_inputs_dict: dict[Any, Any],
    enc_cell: Any,
    dec_cells_dict: dict[Any, Any],
    num_encoder_symbols: int,
    num_decoder_symbols_dict: dict[Any, int],
    embedding_size: int,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
) -> tuple[dict[Any, list[Any]], dict[Any, Any]]:
    """One encoder and a decoder per key of the dicts.

    Returns: outputs and final states by key.
    """
    for name, cells in (("enc_cell", [enc_cell]), ("dec_cell", dec_cells_dict.values())):
        for cell in cells:
            if not isinstance(cell, RNNCell):
                raise TypeError(f"{name} is not an RNNCell: {type(cell)}")
    if set(dec_cells_dict) != set(decoder_inputs_dict):
        raise ValueError("keys of dec_cells_dict and of decoder_inputs_dict differ")
    outputs, states = {}, {}
    with variable_scope(scope or "one2many_rnn_seq2seq", dtype=dtype) as opened:
        encoder = EmbeddingWrapper(enc_cell, num_encoder_symbols, embedding_size)
        _, encoder_state = static_rnn(encoder, encoder_inputs, dtype=opened.dtype)
        for name, decoder_inputs in decoder_inputs_dict.items():
            with variable_scope(f"one2many_decoder_{name}"):
                outputs[name], states[name] = _decoded(
                    decoder_inputs,
                    encoder_state,
                    dec_cells_dict[name],
                    num_decoder_symbols_dict[name],
                    embedding_size,
                    feed_previous,
                )
    return outputs, states


def _decoded(
    decoder_inputs: Any,
    initial_state: Any,
    cell: Any,
    num_symbols: int,
    embedding_size: int,
    feed_previous: Any,
) -> tuple[list[Any], Any]:
    """One of the decoders of `one2many_rnn_seq2seq`."""
    cell = OutputProjectionWrapper(cell, num_symbols)

    def decode(feeds: bool) -> tuple[list[Any], Any]:
        return embedding_rnn_decoder(
            decoder_inputs, initial_state, cell, num_symbols, embedding_size, feed_previous=feeds
        )

    if isinstance(feed_previous, bool):
        return decode(feed_previous)
    outputs, flat_state = decode_either(feed_previous, decode, len(decoder_inputs))
    return outputs, packed(initial_state, flat_state)
