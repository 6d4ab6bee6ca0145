"""Draws from distributions, in the nodes that TensorFlow's helpers make for them.

Source: TF 1.15 contrib/seq2seq/python/ops/helper.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor
from tailrace.library import array
from tailrace.library.arithmetic import cast, equal, less
from tailrace.library.math import sigmoid
from tailrace.library.random import multinomial, random_uniform
from tailrace.library.reductions import reduce_prod
from tailrace.library.scopes import name_scope


def _call_sampler(draw: Callable[[Any], Tensor], sample_shape: Any) -> Tensor:
    """`draw(n)` with as many as `sample_shape` says, in that shape."""
    with name_scope(None, "call_sampler", values=[sample_shape]):
        shape = convert_to_tensor(sample_shape, dtype=dtypes.int32, name="sample_shape")
        pad = cast(equal(array.rank(shape), 0), dtypes.int32)
        padded = array.pad(array.shape(shape), paddings=[[pad, 0]], constant_values=1)
        shape = array.reshape(shape, padded)
        samples = draw(reduce_prod(shape))
        event_shape = array.shape(samples)[1:]
        return array.reshape(samples, array.concat([shape, event_shape], 0))


def bernoulli_sample(
    probs: Any = None,
    logits: Any = None,
    dtype: Any = dtypes.int32,
    sample_shape: Any = (),
    seed: int | None = None,
) -> Tensor:
    """1 (True) with the probabilities given, else 0. Shapes: [*sample_shape, *probs.shape]."""
    if probs is None:
        probs = sigmoid(logits, name="probs")
    else:
        probs = convert_to_tensor(probs, name="probs")
    batch_shape = array.shape(probs)

    def draw(n: Any) -> Tensor:
        shape = array.concat([[n], batch_shape], 0)
        uniform = random_uniform(shape, seed=seed, dtype=probs.dtype)
        return cast(less(uniform, probs), dtype)

    return _call_sampler(draw, sample_shape)


def categorical_sample(
    logits: Any, dtype: Any = dtypes.int32, sample_shape: Any = (), seed: int | None = None
) -> Tensor:
    """Classes drawn from softmax(logits). Shapes: logits [..., V] -> [*sample_shape, ...]."""
    logits = convert_to_tensor(logits, name="logits")
    event_size = array.shape(logits)[-1]
    batch_shape = array.shape(logits)[:-1]

    def draw(n: Any) -> Tensor:
        flat = logits if logits.shape.ndims == 2 else array.reshape(logits, [-1, event_size])
        wide = dtypes.int64 if logits.dtype.size > 4 else dtypes.int32
        draws = array.transpose(multinomial(flat, n, seed=seed, output_dtype=wide))
        return cast(array.reshape(draws, array.concat([[n], batch_shape], 0)), dtype)

    return _call_sampler(draw, sample_shape)
