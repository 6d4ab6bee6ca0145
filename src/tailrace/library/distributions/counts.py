"""Distributions of vectors of shares and of counts: Dirichlet, multinomial and both together.

Source: TF 1.15 python/ops/distributions/dirichlet.py, multinomial.py, dirichlet_multinomial.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import array, checks, functional, indexing, linalg, math, random
from tailrace.library import special_math as special
from tailrace.library.array_more import matrix_set_diag
from tailrace.library.distributions import parameters as given
from tailrace.library.distributions.base import (
    FULLY_REPARAMETERIZED,
    NOT_REPARAMETERIZED,
    Distribution,
)
from tailrace.library.distributions.divergence import RegisterKL
from tailrace.library.nn import activations
from tailrace.library.reductions import reduce_all, reduce_sum
from tailrace.shapes import TensorShape


class _OfConcentration(Distribution):
    """`concentration` [*batch, k], positive, and its sum over k."""

    _concentration: Tensor
    _total_concentration: Tensor

    @property
    def concentration(self) -> Tensor:
        """The weights of the classes."""
        return self._concentration

    @property
    def total_concentration(self) -> Tensor:
        """The sum of the weights."""
        return self._total_concentration

    def _batch_shape_tensor(self) -> Tensor:
        return array.shape(self.total_concentration)

    def _batch_shape(self) -> TensorShape:
        return self.total_concentration.shape

    def _event_shape_tensor(self) -> Tensor:
        return array.shape(self.concentration)[-1:]

    def _event_shape(self) -> TensorShape:
        return self.concentration.shape.with_rank_at_least(1)[-1:]

    def _prob(self, x: Tensor) -> Tensor:
        return math.exp(self._log_prob(x))

    def _variance_scale_term(self) -> Tensor:
        raise NotImplementedError

    def _covariance(self) -> Tensor:
        x = self._variance_scale_term() * self._mean()
        column = x[..., None]
        return matrix_set_diag(-linalg.matmul(column, x[..., None, :]), self._variance())


class Dirichlet(_OfConcentration):
    """Shares of k classes: a density proportional to the product of x_i^(concentration_i - 1)."""

    def __init__(
        self,
        concentration: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Dirichlet",
    ) -> None:
        parameters = dict(locals())
        with g.name_scope(name) as name:
            tensor = convert_to_tensor(concentration, name="concentration")
            self._concentration = _checked_weights(tensor) if validate_args else tensor
            self._total_concentration = reduce_sum(self._concentration, -1)
        super().__init__(
            self._concentration.dtype,
            FULLY_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._concentration, self._total_concentration],
            name,
        )

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        drawn = random.random_gamma([n], self.concentration, dtype=self.dtype, seed=seed)
        return drawn / reduce_sum(drawn, -1, keepdims=True)

    def _log_prob(self, x: Tensor) -> Tensor:
        return self._log_unnormalized_prob(x) - self._log_normalization()

    def _log_unnormalized_prob(self, x: Tensor) -> Tensor:
        if self.validate_args:
            positive = checks.assert_positive(x, message="samples must be positive")
            one = array.ones([], dtype=self.dtype)
            message = "sample last-dimension must sum to `1`"
            whole = checks.assert_near(one, reduce_sum(x, -1), message=message)
            x = g.with_dependencies([positive, whole], x)
        return reduce_sum(special.xlogy(self.concentration - 1.0, x), -1)

    def _log_normalization(self) -> Tensor:
        return special.lbeta(self.concentration)

    def _class_count(self) -> Tensor:
        return g.cast(self.event_shape_tensor()[0], self.dtype)

    def _entropy(self) -> Tensor:
        k = self._class_count()
        value, excess = self._log_normalization(), self.total_concentration - k
        value = value + excess * special.digamma(self.total_concentration)
        weights = self.concentration - 1.0
        return value - reduce_sum(weights * special.digamma(self.concentration), axis=-1)

    def _mean(self) -> Tensor:
        return self.concentration / self.total_concentration[..., None]

    def _variance(self) -> Tensor:
        scale = self._variance_scale_term()
        x = scale * self._mean()
        return x * (scale - x)

    def _variance_scale_term(self) -> Tensor:
        return math.rsqrt(1.0 + self.total_concentration[..., None])

    def _mode(self) -> Tensor:
        k = self._class_count()
        weights = self.concentration - 1.0
        mode = weights / (self.total_concentration[..., None] - k)
        if self.allow_nan_stats:
            nan = np.array(np.nan, self.dtype.as_numpy_dtype)
            undefined = array.fill(array.shape(mode), nan, name="nan")
            is_defined = reduce_all(self.concentration > 1.0, axis=-1)
            return indexing.where_v2(is_defined, mode, undefined)
        one = array.ones([], self.dtype)
        message = "Mode undefined when any concentration <= 1"
        check = checks.assert_less(one, self.concentration, message=message)
        return g.with_dependencies([check], mode)


def _checked_weights(concentration: Tensor) -> Tensor:
    what = "Concentration parameter must"
    conditions = [
        checks.assert_positive(concentration, message=f"{what} be positive."),
        checks.assert_rank_at_least(concentration, 1, message=f"{what} have >=1 dimensions."),
        checks.assert_less(
            1, array.shape(concentration)[-1], message=f"{what} have event_size >= 2."
        ),
    ]
    return g.with_dependencies(conditions, concentration)


@RegisterKL(Dirichlet, Dirichlet)
def _kl_dirichlet_dirichlet(a: Dirichlet, b: Dirichlet, name: str | None = None) -> Tensor:
    with g.name_scope(name, "kl_dirichlet_dirichlet"):
        of_sum = special.digamma(reduce_sum(a.concentration, axis=-1, keepdims=True))
        digammas = special.digamma(a.concentration) - of_sum
        weights = a.concentration - b.concentration
        value = reduce_sum(weights * digammas, axis=-1) - special.lbeta(a.concentration)
        return value + special.lbeta(b.concentration)


def _checked_total(counts: Tensor, total: Tensor, message: str) -> Tensor:
    counts = given.check_counts(counts)
    check = checks.assert_equal(total, reduce_sum(counts, -1), message=message)
    return g.with_dependencies([check], counts)


class Multinomial(Distribution):
    """Counts of k classes in `total_count` draws. Shapes: probs [*batch, k]."""

    def __init__(
        self,
        total_count: Any,
        logits: Any = None,
        probs: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Multinomial",
    ) -> None:
        parameters = dict(locals())
        with g.name_scope(name) as name:
            self._total_count = convert_to_tensor(total_count, name="total_count")
            if validate_args:
                self._total_count = given.check_counts(self._total_count)
            self._logits, self._probs = given.logits_and_probs(
                logits, probs, name, validate_args, classes=True
            )
            self._mean_value = self._total_count[..., None] * self._probs
        super().__init__(
            self._probs.dtype,
            NOT_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._total_count, self._logits, self._probs],
            name,
        )

    @property
    def total_count(self) -> Tensor:
        """The number of draws."""
        return self._total_count

    @property
    def logits(self) -> Tensor:
        """Logarithms of unnormalised probabilities."""
        return self._logits

    @property
    def probs(self) -> Tensor:
        """Probabilities."""
        return self._probs

    def _batch_shape_tensor(self) -> Tensor:
        return array.shape(self._mean_value)[:-1]

    def _batch_shape(self) -> TensorShape:
        return self._mean_value.shape.with_rank_at_least(1)[:-1]

    def _event_shape_tensor(self) -> Tensor:
        return array.shape(self._mean_value)[-1:]

    def _event_shape(self) -> TensorShape:
        return self._mean_value.shape.with_rank_at_least(1)[-1:]

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        draws = g.cast(self.total_count, dtypes.int32)
        k = self.event_shape_tensor()[0]
        draws = array.ones_like(self.logits[..., 0], dtype=draws.dtype) * draws
        logits = array.ones_like(draws[..., None], dtype=self.logits.dtype) * self.logits
        flat_logits = array.reshape(logits, [-1, k])
        flat_draws = n * array.reshape(draws, [-1])

        def one(args: Any) -> Tensor:
            classes = random.multinomial(args[0][None, ...], args[1], seed)
            classes = array.reshape(classes, [n, -1])
            return reduce_sum(array.one_hot(classes, depth=k), axis=-2)

        drawn = functional.map_fn(one, [flat_logits, flat_draws], dtype=self.dtype)
        drawn = array.transpose(drawn, perm=[1, 0, 2])
        return array.reshape(drawn, array.concat([[n], self.batch_shape_tensor(), [k]], 0))

    def _log_prob(self, counts: Tensor) -> Tensor:
        checked = self._checked_sample(counts)
        likely = reduce_sum(checked * activations.log_softmax(self.logits), -1)
        checked = self._checked_sample(counts)
        orders = -given.log_combinations(self.total_count, checked)
        return likely - orders

    def _checked_sample(self, counts: Tensor) -> Tensor:
        if not self.validate_args:
            return counts
        return _checked_total(counts, self.total_count, "counts must sum to `self.total_count`")

    def _mean(self) -> Tensor:
        return array.identity(self._mean_value)

    def _wide_probs(self) -> Tensor:
        return self.probs * array.ones_like(self.total_count)[..., None]

    def _covariance(self) -> Tensor:
        p = self._wide_probs()
        column = self._mean_value[..., None]
        return matrix_set_diag(-linalg.matmul(column, p[..., None, :]), self._variance())

    def _variance(self) -> Tensor:
        p = self._wide_probs()
        return self._mean_value - self._mean_value * p


class DirichletMultinomial(_OfConcentration):
    """Counts of k classes in `total_count` draws with shares drawn from a Dirichlet."""

    def __init__(
        self,
        total_count: Any,
        concentration: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "DirichletMultinomial",
    ) -> None:
        parameters = dict(locals())
        with g.name_scope(name) as name:
            self._total_count = convert_to_tensor(total_count, name="total_count")
            if validate_args:
                self._total_count = given.check_counts(self._total_count)
            self._concentration = convert_to_tensor(concentration, name="concentration")
            if validate_args:
                weights = given.check_class_count(self._concentration)
                message = "Concentration parameter must be positive."
                check = checks.assert_positive(weights, message=message)
                self._concentration = g.with_dependencies([check], weights)
            self._total_concentration = reduce_sum(self._concentration, -1)
        super().__init__(
            self._concentration.dtype,
            NOT_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._total_count, self._concentration],
            name,
        )

    @property
    def total_count(self) -> Tensor:
        """The number of draws."""
        return self._total_count

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        draws = g.cast(self.total_count, dtypes.int32)
        k = self.event_shape_tensor()[0]
        shares = random.random_gamma([n], self.concentration, dtype=self.dtype, seed=seed)
        logits = array.reshape(math.log(shares), [-1, k])
        second = given.new_seed(seed, "dirichlet_multinomial")
        classes = random.multinomial(logits, draws, seed=second)
        counts = reduce_sum(array.one_hot(classes, depth=k), -2)
        shape = array.concat([[n], self.batch_shape_tensor(), [k]], 0)
        return g.cast(array.reshape(counts, shape), self.dtype)

    def _log_prob(self, counts: Tensor) -> Tensor:
        if self.validate_args:
            message = "counts last-dimension must sum to `self.total_count`"
            counts = _checked_total(counts, self.total_count, message)
        ordered = special.lbeta(self.concentration + counts)
        ordered = ordered - special.lbeta(self.concentration)
        return ordered + given.log_combinations(self.total_count, counts)

    def _mean(self) -> Tensor:
        return self.total_count * (self.concentration / self.total_concentration[..., None])

    def _variance(self) -> Tensor:
        scale = self._variance_scale_term()
        x = scale * self._mean()
        return x * (self.total_count * scale - x)

    def _variance_scale_term(self) -> Tensor:
        total = self.total_concentration[..., None]
        above = 1.0 + total / self.total_count
        return math.sqrt(above / (1.0 + total))
