"""Attention mechanisms: how much a query looks at each step of a memory.

Shapes: memory [B, T, M], query [B, D], alignments [B, T].

Source: TF 1.15 contrib/seq2seq/python/ops/attention_wrapper.py. Bahdanau et al. 2014 (additive
scores); Luong et al. 2015 (products).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.dtypes import as_dtype
from tailrace.graph import Tensor, convert_to_tensor, g, nest
from tailrace.library import array
from tailrace.library.array_more import sequence_mask
from tailrace.library.checks import assert_positive
from tailrace.library.indexing import where
from tailrace.library.initializers import Constant, Ones, Zeros
from tailrace.library.layers.base import Layer
from tailrace.library.layers.core import Dense
from tailrace.library.linalg import matmul
from tailrace.library.math import rsqrt, square, tanh
from tailrace.library.nn.activations import softmax
from tailrace.library.reductions import argmax, reduce_sum
from tailrace.library.rnn.cell import zero_state_tensors
from tailrace.library.scopes import name_scope
from tailrace.library.variable_scope import get_variable, variable_scope

Probability = Callable[[Tensor], Tensor]


class AttentionMechanism:
    """`mechanism(query, state) -> (alignments, next state)`; a subclass gives the sizes of both."""

    @property
    def alignments_size(self) -> Any:
        """The length of the memory."""
        raise NotImplementedError

    @property
    def state_size(self) -> Any:
        """The size of the state."""
        raise NotImplementedError


class BaseAttentionMechanism(AttentionMechanism):
    """A memory with the layers that keys and queries go through.

    Args: probability_fn(score, state) makes alignments of scores; scores behind
    `memory_sequence_length` become `score_mask_value`; custom_key_value_fn(keys, memory) gives
    both anew.
    Raises: TypeError for what is no layer or function, ValueError for a memory of unknown depth.
    """

    def __init__(
        self,
        query_layer: Any,
        memory: Any,
        probability_fn: Callable[[Tensor, Any], Tensor],
        memory_sequence_length: Any = None,
        memory_layer: Any = None,
        check_inner_dims_defined: bool = True,
        score_mask_value: Any = None,
        custom_key_value_fn: Callable[..., Any] | None = None,
        name: str | None = None,
    ) -> None:
        for what, layer in (("query_layer", query_layer), ("memory_layer", memory_layer)):
            if layer is not None and not isinstance(layer, Layer):
                raise TypeError(f"{what} is not a Layer: {type(layer).__name__}")
        if not callable(probability_fn):
            raise TypeError(
                f"probability_fn must be callable, saw type: {type(probability_fn).__name__}"
            )
        self._query_layer = query_layer
        self._memory_layer = memory_layer
        self.dtype = memory_layer.dtype
        self._score_probability = probability_fn
        self._lengths = memory_sequence_length
        if score_mask_value is None:
            score_mask_value = as_dtype(self.dtype).as_numpy_dtype(-np.inf)
        self._score_mask_value = score_mask_value
        with name_scope(name, "BaseAttentionMechanismInit", nest.flatten(memory)):
            self._values = _prepared(memory, memory_sequence_length, check_inner_dims_defined)
            self._keys = self._values
            if memory_layer is not None:
                self._keys = memory_layer(self._values)
            if custom_key_value_fn is not None:
                self._keys, self._values = custom_key_value_fn(self._keys, self._values)
            self._batch_size = known_size(self._keys, 0)
            self._alignments_size = known_size(self._keys, 1)

    memory_layer = property(lambda self: self._memory_layer)
    query_layer = property(lambda self: self._query_layer)
    values = property(lambda self: self._values)
    keys = property(lambda self: self._keys)
    batch_size = property(lambda self: self._batch_size)

    @property
    def alignments_size(self) -> Any:
        """The length of the memory."""
        return self._alignments_size

    @property
    def state_size(self) -> Any:
        """The state is the alignments of the step before."""
        return self._alignments_size

    def initial_alignments(self, batch_size: Any, dtype: Any) -> Tensor:
        """The alignments before the first step: zeros."""
        return zero_state_tensors(self._alignments_size, batch_size, dtype)

    def initial_state(self, batch_size: Any, dtype: Any) -> Tensor:
        """The state before the first step."""
        return self.initial_alignments(batch_size, dtype)

    def _alignments(self, score: Tensor, state: Any) -> tuple[Tensor, Tensor]:
        """Alignments, which are the next state as well."""
        masked = _masked_score(score, self._lengths, self._score_mask_value)
        alignments = self._score_probability(masked, state)
        return alignments, alignments


def known_size(x: Tensor, axis: int) -> Any:
    """The size of an axis: a number where it is known."""
    return x.shape[axis].value or array.shape(x)[axis]


def _prepared(memory: Any, lengths: Any, check_inner_dims_defined: bool) -> Any:
    """The memory, zero behind its lengths."""
    memory = nest.map_structure(lambda m: convert_to_tensor(m, name="memory"), memory)
    if lengths is not None:
        lengths = convert_to_tensor(lengths, name="memory_sequence_length")
    if check_inner_dims_defined:
        for m in nest.flatten(memory):
            if not m.get_shape()[2:].is_fully_defined():
                raise ValueError(
                    f"Expected memory {m.name} to have fully defined inner dims, but saw shape: "
                    f"{m.get_shape()}"
                )
    if lengths is None:
        return memory
    first = nest.flatten(memory)[0]
    longest = array.shape(first)[1]
    mask = sequence_mask(lengths, maxlen=longest, dtype=first.dtype)
    return nest.map_structure(lambda m: _masked_memory(m, mask), memory)


def _masked_memory(memory: Tensor, mask: Tensor) -> Tensor:
    rank = memory.get_shape().ndims
    rank = array.rank(memory) if rank is None else rank
    ones = array.ones(rank - 2, dtype=dtypes.int32)
    return memory * array.reshape(mask, array.concat((array.shape(mask), ones), 0))


def _masked_score(score: Tensor, lengths: Any, mask_value: Any) -> Tensor:
    if lengths is None:
        return score
    message = "All values in memory_sequence_length must be greater than zero."
    with g.control_dependencies([assert_positive(lengths, message=message)]):
        mask = sequence_mask(lengths, maxlen=array.shape(score)[1])
    mask_values = mask_value * array.ones_like(score)
    return where(mask, score, mask_values)


def projection(num_units: int, name: str, dtype: Any) -> Dense:
    """The layer that keys or queries go through."""
    dtype = dtypes.float32 if dtype is None else dtype
    return Dense(num_units, name=name, use_bias=False, dtype=dtype)


def product_score(query: Tensor, keys: Tensor, scale: Any) -> Tensor:
    """scale·(query · key) for each key. Raises: ValueError for different depths."""
    depth, key_units = query.get_shape()[-1].value, keys.get_shape()[-1].value
    if depth is None or depth != key_units:
        raise ValueError(
            "Incompatible or unknown inner dimensions between query and keys.  "
            f"Query ({query}) has units: {depth}.  Keys ({keys}) have units: {key_units}.  "
            f"Perhaps you need to set num_units to the keys' dimension ({key_units})?"
        )
    score = matmul(array.expand_dims(query, 1), keys, transpose_b=True)
    score = array.squeeze(score, [1])
    return score if scale is None else scale * score


def additive_score(query: Tensor, keys: Tensor, num_units: int, normalize: bool, dtype: Any) -> Any:
    """v·tanh(key + query) for each key; normalized, g·v/|v|·tanh(key + query + b)."""
    v = get_variable("attention_v", [num_units], dtype=dtype)
    if not normalize:
        query = array.expand_dims(query, 1)
        return reduce_sum(v * tanh(keys + query), [2])
    first = Constant(math.sqrt(1.0 / num_units))
    scale = get_variable("attention_g", dtype=dtype, initializer=first, shape=())
    bias = get_variable("attention_b", [num_units], dtype=dtype, initializer=Zeros())
    query = array.expand_dims(query, 1)
    normed = scale * v * rsqrt(reduce_sum(square(v)))
    return reduce_sum(normed * tanh(keys + query + bias), [2])


class LuongAttention(BaseAttentionMechanism):
    """alignments = softmax(query · key), keys = memory·W; with `scale`, times a trained factor."""

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        scale: bool = False,
        probability_fn: Probability | None = None,
        score_mask_value: Any = None,
        dtype: Any = None,
        custom_key_value_fn: Callable[..., Any] | None = None,
        name: str | None = "LuongAttention",
    ) -> None:
        probability = softmax if probability_fn is None else probability_fn
        super().__init__(
            query_layer=None,
            memory_layer=projection(num_units, "memory_layer", dtype),
            memory=memory,
            probability_fn=lambda score, _: probability(score),
            memory_sequence_length=memory_sequence_length,
            score_mask_value=score_mask_value,
            custom_key_value_fn=custom_key_value_fn,
            name=name,
        )
        self._scale = scale

    def __call__(self, query: Tensor, state: Any) -> tuple[Tensor, Tensor]:
        with variable_scope(None, "luong_attention", [query]):
            score = product_score(query, self._keys, trained_scale(self._scale, query.dtype))
        return self._alignments(score, state)


def trained_scale(wanted: bool, dtype: Any) -> Any:
    """A factor of the scores, 1 at first; None when it is not wanted."""
    if not wanted:
        return None
    return get_variable("attention_g", dtype=dtype, initializer=Ones, shape=())


class BahdanauAttention(BaseAttentionMechanism):
    """alignments = softmax(v·tanh(key + query·W_q)), keys = memory·W.

    With `normalize`, the length of v is trained apart.
    """

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        normalize: bool = False,
        probability_fn: Probability | None = None,
        score_mask_value: Any = None,
        dtype: Any = None,
        custom_key_value_fn: Callable[..., Any] | None = None,
        name: str | None = "BahdanauAttention",
    ) -> None:
        probability = softmax if probability_fn is None else probability_fn
        super().__init__(
            query_layer=projection(num_units, "query_layer", dtype),
            memory_layer=projection(num_units, "memory_layer", dtype),
            memory=memory,
            probability_fn=lambda score, _: probability(score),
            memory_sequence_length=memory_sequence_length,
            score_mask_value=score_mask_value,
            custom_key_value_fn=custom_key_value_fn,
            name=name,
        )
        self._num_units = num_units
        self._normalize = normalize

    def __call__(self, query: Tensor, state: Any) -> tuple[Tensor, Tensor]:
        with variable_scope(None, "bahdanau_attention", [query]):
            processed = self._query_layer(query)
            score = additive_score(
                processed, self._keys, self._num_units, self._normalize, query.dtype
            )
        return self._alignments(score, state)


def hardmax(logits: Any, name: str | None = None) -> Tensor:
    """1 at the largest of the last axis, 0 elsewhere."""
    with name_scope(name, "Hardmax", [logits]):
        logits = convert_to_tensor(logits, name="logits")
        depth = logits.get_shape()[-1].value
        if depth is None:
            depth = array.shape(logits)[-1]
        return array.one_hot(argmax(logits, -1), depth, dtype=logits.dtype)
