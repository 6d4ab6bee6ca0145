"""Attention that only moves forward over the memory.

Source: TF 1.15 contrib/seq2seq/python/ops/attention_wrapper.py. Raffel et al. 2017.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor
from tailrace.library import array
from tailrace.library.arithmetic import cast
from tailrace.library.clip import clip_by_value
from tailrace.library.functional import scan
from tailrace.library.math import exp, log, sigmoid
from tailrace.library.random import random_normal
from tailrace.library.scans import cumprod, cumsum
from tailrace.library.scopes import name_scope
from tailrace.library.seq2seq.attention import (
    BaseAttentionMechanism,
    additive_score,
    known_size,
    product_score,
    projection,
    trained_scale,
)
from tailrace.library.variable_scope import get_variable, variable_scope


def safe_cumprod(x: Any, *args: Any, **kwargs: Any) -> Tensor:
    """Cumulative products of numbers from 0 to 1, by sums of logarithms. Arguments of `cumsum`."""
    with name_scope(None, "SafeCumprod", [x]):
        x = convert_to_tensor(x, name="x")
        tiny = np.finfo(x.dtype.as_numpy_dtype).tiny
        return exp(cumsum(log(clip_by_value(x, tiny, 1)), *args, **kwargs))


def monotonic_attention(p_choose_i: Any, previous_attention: Any, mode: str) -> Tensor:
    """The attention [B, T] after a step, from the probability to stop at each place.

    Mode "recursive" is exact and slow, "parallel" fast, "hard" for probabilities 0 and 1 alone.
    Raises: ValueError for another mode.
    """
    p = convert_to_tensor(p_choose_i, name="p_choose_i")
    previous = convert_to_tensor(previous_attention, name="previous_attention")
    if mode == "recursive":
        return _recursive(p, previous)
    if mode == "parallel":
        passed = safe_cumprod(1 - p, axis=1, exclusive=True)
        weight = p * passed
        return weight * cumsum(previous / clip_by_value(passed, 1e-10, 1.0), axis=1)
    if mode == "hard":
        p *= cumsum(previous, axis=1)
        return p * cumprod(1 - p, axis=1, exclusive=True)
    raise ValueError("mode must be 'recursive', 'parallel', or 'hard'.")


def _recursive(p: Any, previous: Tensor) -> Tensor:
    batch_size = known_size(p, 0)
    shifted = array.concat([array.ones((batch_size, 1)), 1 - p[:, :-1]], 1)
    steps = scan(
        lambda x, yz: array.reshape(yz[0] * x + yz[1], (batch_size,)),
        [array.transpose(shifted), array.transpose(previous)],
        array.zeros((batch_size,)),
    )
    return p * array.transpose(steps)


def _probability(
    score: Tensor, previous: Any, sigmoid_noise: float, mode: str, seed: int | None
) -> Tensor:
    if sigmoid_noise > 0:
        score += sigmoid_noise * random_normal(array.shape(score), dtype=score.dtype, seed=seed)
    p = cast(score > 0, score.dtype) if mode == "hard" else sigmoid(score)
    return monotonic_attention(p, previous, mode)


class _Monotonic(BaseAttentionMechanism):
    """A mechanism that starts at the first step of the memory."""

    def initial_alignments(self, batch_size: Any, dtype: Any) -> Tensor:
        """All at the first step."""
        first = array.zeros((batch_size,), dtype=dtypes.int32)
        return array.one_hot(first, self._alignments_size, dtype=dtype)


class BahdanauMonotonicAttention(_Monotonic):
    """Monotonic attention with the scores of `BahdanauAttention` plus a trained bias.

    Args: sigmoid_noise, the size of the normal noise added to scores while training.
    """

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        normalize: bool = False,
        score_mask_value: Any = None,
        sigmoid_noise: float = 0.0,
        sigmoid_noise_seed: int | None = None,
        score_bias_init: float = 0.0,
        mode: str = "parallel",
        dtype: Any = None,
        name: str | None = "BahdanauMonotonicAttention",
    ) -> None:
        super().__init__(
            query_layer=projection(num_units, "query_layer", dtype),
            memory_layer=projection(num_units, "memory_layer", dtype),
            memory=memory,
            probability_fn=functools.partial(
                _probability, sigmoid_noise=sigmoid_noise, mode=mode, seed=sigmoid_noise_seed
            ),
            memory_sequence_length=memory_sequence_length,
            score_mask_value=score_mask_value,
            name=name,
        )
        self._num_units = num_units
        self._normalize = normalize
        self._score_bias_init = score_bias_init

    def __call__(self, query: Tensor, state: Any) -> tuple[Tensor, Tensor]:
        with variable_scope(None, "bahdanau_monotonic_attention", [query]):
            processed = self._query_layer(query)
            score = additive_score(
                processed, self._keys, self._num_units, self._normalize, query.dtype
            )
            score += _bias(processed.dtype, self._score_bias_init)
        return self._alignments(score, state)


class LuongMonotonicAttention(_Monotonic):
    """Monotonic attention with the scores of `LuongAttention` plus a trained bias."""

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        scale: bool = False,
        score_mask_value: Any = None,
        sigmoid_noise: float = 0.0,
        sigmoid_noise_seed: int | None = None,
        score_bias_init: float = 0.0,
        mode: str = "parallel",
        dtype: Any = None,
        name: str | None = "LuongMonotonicAttention",
    ) -> None:
        super().__init__(
            query_layer=None,
            memory_layer=projection(num_units, "memory_layer", dtype),
            memory=memory,
            probability_fn=functools.partial(
                _probability, sigmoid_noise=sigmoid_noise, mode=mode, seed=sigmoid_noise_seed
            ),
            memory_sequence_length=memory_sequence_length,
            score_mask_value=score_mask_value,
            name=name,
        )
        self._scale = scale
        self._score_bias_init = score_bias_init

    def __call__(self, query: Tensor, state: Any) -> tuple[Tensor, Tensor]:
        with variable_scope(None, "luong_monotonic_attention", [query]):
            score = product_score(query, self._keys, trained_scale(self._scale, query.dtype))
            score += _bias(query.dtype, self._score_bias_init)
        return self._alignments(score, state)


def _bias(dtype: Any, first: float) -> Any:
    return get_variable("attention_score_bias", dtype=dtype, initializer=first)
