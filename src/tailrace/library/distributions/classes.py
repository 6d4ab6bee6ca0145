"""Distributions over classes: Bernoulli and categorical.

Source: TF 1.15 python/ops/distributions/bernoulli.py, categorical.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import arithmetic, array, array_more, indexing, math, random
from tailrace.library.distributions import parameters as given
from tailrace.library.distributions.base import NOT_REPARAMETERIZED, Distribution, ScalarEvents
from tailrace.library.distributions.divergence import RegisterKL
from tailrace.library.distributions.location_scale import shapes_of
from tailrace.library.nn import activations, cross_entropy
from tailrace.library.reductions import argmax, reduce_sum
from tailrace.shapes import TensorShape, dimension_value


class OfLogits(Distribution):
    """`logits` and `probs`, either made from the other."""

    _logits: Tensor
    _probs: Tensor

    @property
    def logits(self) -> Tensor:
        """Logarithms of odds or of unnormalised probabilities."""
        return self._logits

    @property
    def probs(self) -> Tensor:
        """Probabilities."""
        return self._probs


class Bernoulli(OfLogits, ScalarEvents):
    """1 with probability `probs`, otherwise 0."""

    def __init__(
        self,
        logits: Any = None,
        probs: Any = None,
        dtype: Any = dtypes.int32,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Bernoulli",
    ) -> None:
        parameters = dict(locals())
        with g.name_scope(name) as name:
            self._logits, self._probs = given.logits_and_probs(logits, probs, name, validate_args)
        super().__init__(
            dtype,
            NOT_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._logits, self._probs],
            name,
        )

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        return shapes_of(sample_shape, "logits")

    def _batch_shape_tensor(self) -> Tensor:
        return array.shape(self._logits)

    def _batch_shape(self) -> TensorShape:
        return self._logits.shape

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = array.concat([[n], self.batch_shape_tensor()], 0)
        drawn = random.random_uniform(shape, seed=seed, dtype=self.probs.dtype)
        return g.cast(arithmetic.less(drawn, self.probs), self.dtype)

    def _log_prob(self, event: Tensor) -> Tensor:
        if self.validate_args:
            event = given.check_integers_fit(event, dtypes.bool)
        event = g.cast(event, self.logits.dtype)
        logits = self.logits
        if not g.same_static_shape(event, logits):
            wide = array.ones_like(event) * logits
            logits, event = wide, array.ones_like(logits) * event
        return -cross_entropy.sigmoid_cross_entropy_with_logits(labels=event, logits=logits)

    def _entropy(self) -> Tensor:
        odds = -self.logits
        product = odds * (math.sigmoid(self.logits) - 1)
        return product + activations.softplus(-self.logits)

    def _mean(self) -> Tensor:
        return array.identity(self.probs)

    def _variance(self) -> Tensor:
        return self._mean() * (1.0 - self.probs)

    def _mode(self) -> Tensor:
        return g.cast(self.probs > 0.5, self.dtype)


@RegisterKL(Bernoulli, Bernoulli)
def _kl_bernoulli_bernoulli(a: Bernoulli, b: Bernoulli, name: str | None = None) -> Tensor:
    softplus = activations.softplus
    with g.name_scope(name, "kl_bernoulli_bernoulli"):
        first = softplus(-b.logits)
        of_zero = first - softplus(-a.logits)
        second = softplus(b.logits)
        of_one = second - softplus(a.logits)
        part = math.sigmoid(a.logits) * of_zero
        return part + math.sigmoid(-a.logits) * of_one


class Categorical(OfLogits, ScalarEvents):
    """One of k classes. Shapes: logits or probs [*batch, k] -> samples [*batch]."""

    def __init__(
        self,
        logits: Any = None,
        probs: Any = None,
        dtype: Any = dtypes.int32,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Categorical",
    ) -> None:
        parameters = dict(locals())
        with g.name_scope(name) as name:
            self._logits, self._probs = given.logits_and_probs(
                logits, probs, name, validate_args, classes=True
            )
            if validate_args:
                self._logits = given.check_class_count(self._logits)
            self._set_sizes()
        super().__init__(
            dtype,
            NOT_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._logits, self._probs],
            name,
        )

    def _set_sizes(self) -> None:
        static = self._logits.shape.with_rank_at_least(1)
        if static.ndims is not None:
            self._batch_rank = convert_to_tensor(static.ndims - 1, dtypes.int32, name="batch_rank")
        else:
            with g.name_scope("batch_rank"):
                self._batch_rank = array.rank(self._logits) - 1
        shape = array.shape(self._logits, name="logits_shape")
        size = dimension_value(static[-1])
        if size is not None:
            self._event_size = convert_to_tensor(size, dtypes.int32, name="event_size")
        else:
            with g.name_scope("event_size"):
                self._event_size = shape[self._batch_rank]
        if static[:-1].is_fully_defined():
            batch = static[:-1].as_list()
            self._batch_shape_value = g.constant(batch, dtypes.int32, name="batch_shape")
        else:
            with g.name_scope("batch_shape"):
                self._batch_shape_value = shape[:-1]

    @property
    def event_size(self) -> Tensor:
        """The number of classes, a scalar."""
        return self._event_size

    def _batch_shape_tensor(self) -> Tensor:
        return array.identity(self._batch_shape_value)

    def _batch_shape(self) -> TensorShape:
        return self.logits.shape[:-1]

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        logits = self.logits
        if logits.shape.ndims != 2:
            logits = array.reshape(logits, [-1, self.event_size])
        kind = dtypes.int64 if self.dtype.size > 4 else dtypes.int32
        drawn = random.multinomial(logits, n, seed=seed, output_dtype=kind)
        drawn = array.transpose(drawn)
        shape = array.concat([[n], self.batch_shape_tensor()], 0)
        return g.cast(array.reshape(drawn, shape), self.dtype)

    def _checked(self, k: Any) -> Tensor:
        k = convert_to_tensor(k, name="k")
        return given.check_integers_fit(k, dtypes.int32) if self.validate_args else k

    def _cdf(self, k: Any) -> Tensor:
        k, probs = _broadcast(self._checked(k), self.probs, self.dtype)
        probs = array.reshape(probs, (-1, self._event_size))
        flat = array.reshape(k, [-1])
        # the sum of the classes before k
        before = array_more.sequence_mask(flat, self._event_size)
        kept = indexing.where(before, probs, array.zeros_like(probs))
        total = reduce_sum(kept, axis=-1)
        return array.reshape(total, array.shape(k))

    def _log_prob(self, k: Any) -> Tensor:
        k, logits = _broadcast(self._checked(k), self.logits, self.dtype)
        return -cross_entropy.sparse_softmax_cross_entropy_with_logits(labels=k, logits=logits)

    def _entropy(self) -> Tensor:
        return -reduce_sum(activations.log_softmax(self.logits) * self.probs, axis=-1)

    def _mode(self) -> Tensor:
        mode = g.cast(argmax(self.logits, axis=self._batch_rank), self.dtype)
        mode.set_shape(self.batch_shape)
        return mode


def _broadcast(event: Tensor, params: Tensor, dtype: Any) -> tuple[Tensor, Tensor]:
    """Classes [*s] and parameters [*b, k] as [*b'] and [*b', k]."""
    if event.dtype.is_floating:
        event = g.cast(event, dtypes.int32)
    elif not event.dtype.is_integer:
        raise TypeError(f"`value` should have integer `dtype` or `self.dtype` ({dtype.base_dtype})")
    batch = params.shape[:-1] if params.shape.ndims is not None else None
    known = batch is not None and batch.is_fully_defined() and event.shape.is_fully_defined()
    if known and batch == event.shape:
        return event, params
    params *= array.ones_like(event[..., None], dtype=params.dtype)
    shape = array.shape(params)[:-1]
    event *= array.ones(shape, dtype=event.dtype)
    if params.shape.ndims is not None:
        event.set_shape(params.shape[:-1])
    return event, params


@RegisterKL(Categorical, Categorical)
def _kl_categorical_categorical(a: Categorical, b: Categorical, name: str | None = None) -> Tensor:
    with g.name_scope(name, "kl_categorical_categorical"):
        ours = activations.log_softmax(a.logits)
        difference = ours - activations.log_softmax(b.logits)
        return reduce_sum(activations.softmax(a.logits) * difference, axis=-1)
