"""Distributions on intervals and half-lines: uniform, beta, gamma, exponential.

Source: TF 1.15 python/ops/distributions/uniform.py, beta.py, gamma.py, exponential.py.
"""

from __future__ import annotations

import math as numbers
from typing import Any

import numpy as np

from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import arithmetic, array, checks, indexing, math, random, special_math
from tailrace.library.distributions.base import FULLY_REPARAMETERIZED, ScalarEvents
from tailrace.library.distributions.divergence import RegisterKL
from tailrace.library.distributions.location_scale import shapes_of
from tailrace.library.distributions.parameters import new_seed
from tailrace.shapes import TensorShape

_where = indexing.where_v2


class Uniform(ScalarEvents):
    """Uniform on [low, high)."""

    def __init__(
        self,
        low: Any = 0.0,
        high: Any = 1.0,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Uniform",
    ) -> None:
        parameters = dict(locals())
        with g.name_scope(name) as name:
            message = "uniform not defined when low >= high."
            conditions = [checks.assert_less(low, high, message=message)] if validate_args else []
            with g.control_dependencies(conditions):
                self._low = array.identity(low, name="low")
                self._high = array.identity(high, name="high")
                checks.assert_same_float_dtype([self._low, self._high])
        super().__init__(
            self._low.dtype,
            FULLY_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._low, self._high],
            name,
        )

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        return shapes_of(sample_shape, "low", "high")

    @property
    def low(self) -> Tensor:
        """The lower end."""
        return self._low

    @property
    def high(self) -> Tensor:
        """The upper end."""
        return self._high

    def range(self, name: str = "range") -> Tensor:
        """high - low."""
        with self._name_scope(name):
            return self.high - self.low

    def _batch_shape_tensor(self) -> Tensor:
        return array.broadcast_dynamic_shape(array.shape(self.low), array.shape(self.high))

    def _batch_shape(self) -> TensorShape:
        return array.broadcast_static_shape(self.low.shape, self.high.shape)

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = array.concat([[n], self.batch_shape_tensor()], 0)
        drawn = random.random_uniform(shape, dtype=self.dtype, seed=seed)
        return self.low + self.range() * drawn

    def _prob(self, x: Tensor) -> Tensor:
        wide = x * array.ones(self.batch_shape_tensor(), dtype=x.dtype)
        is_nan, below = math.is_nan(wide), wide < self.low
        outside = arithmetic.logical_or(below, wide >= self.high)
        zeros, ones = array.zeros_like(wide), array.ones_like(wide)
        return _where(is_nan, wide, _where(outside, zeros, ones / self.range()))

    def _cdf(self, x: Tensor) -> Tensor:
        shape = array.broadcast_dynamic_shape(array.shape(x), self.batch_shape_tensor())
        zeros = array.zeros(shape, dtype=self.dtype)
        ones = array.ones(shape, dtype=self.dtype)
        wide = x * ones
        below, moved = x < self.low, wide - self.low
        inside = _where(below, zeros, moved / self.range())
        return _where(x >= self.high, ones, inside)

    def _entropy(self) -> Tensor:
        return math.log(self.range())

    def _mean(self) -> Tensor:
        return (self.low + self.high) / 2.0

    def _variance(self) -> Tensor:
        return math.square(self.range()) / 12.0

    def _stddev(self) -> Tensor:
        return self.range() / numbers.sqrt(12.0)


class Beta(ScalarEvents):
    """Beta: a density proportional to x^(concentration1 - 1) (1 - x)^(concentration0 - 1)."""

    def __init__(
        self,
        concentration1: Any = None,
        concentration0: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Beta",
    ) -> None:
        parameters = dict(locals())
        with g.name_scope(name) as name:
            given = {"concentration1": concentration1, "concentration0": concentration0}
            self._concentration1, self._concentration0 = (
                _positive(convert_to_tensor(value, name=key), validate_args)
                for key, value in given.items()
            )
            checks.assert_same_float_dtype([self._concentration1, self._concentration0])
            self._total_concentration = self._concentration1 + self._concentration0
        super().__init__(
            self._total_concentration.dtype,
            FULLY_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._concentration1, self._concentration0, self._total_concentration],
            name,
        )

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        return shapes_of(sample_shape, "concentration1", "concentration0")

    @property
    def concentration1(self) -> Tensor:
        """The weight of 1."""
        return self._concentration1

    @property
    def concentration0(self) -> Tensor:
        """The weight of 0."""
        return self._concentration0

    @property
    def total_concentration(self) -> Tensor:
        """The sum of both."""
        return self._total_concentration

    def _batch_shape_tensor(self) -> Tensor:
        return array.shape(self.total_concentration)

    def _batch_shape(self) -> TensorShape:
        return self.total_concentration.shape

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        total, kind = self.total_concentration, self.dtype
        wide1 = array.ones_like(total, dtype=kind) * self.concentration1
        wide0 = array.ones_like(total, dtype=kind) * self.concentration0
        gamma1 = random.random_gamma([n], wide1, dtype=kind, seed=seed)
        second = new_seed(seed, "beta")
        gamma0 = random.random_gamma([n], wide0, dtype=kind, seed=second)
        return gamma1 / (gamma1 + gamma0)

    def _log_prob(self, x: Tensor) -> Tensor:
        return self._log_unnormalized_prob(x) - self._log_normalization()

    def _prob(self, x: Tensor) -> Tensor:
        return math.exp(self._log_prob(x))

    def _log_cdf(self, x: Tensor) -> Tensor:
        return math.log(self._cdf(x))

    def _cdf(self, x: Tensor) -> Tensor:
        return special_math.betainc(self.concentration1, self.concentration0, x)

    def _log_unnormalized_prob(self, x: Tensor) -> Tensor:
        x = self._checked_sample(x)
        first = special_math.xlogy(self.concentration1 - 1.0, x)
        return first + (self.concentration0 - 1.0) * math.log1p(-x)

    def _checked_sample(self, x: Tensor) -> Tensor:
        if not self.validate_args:
            return x
        positive = checks.assert_positive(x, message="sample must be positive")
        one = array.ones([], self.dtype)
        below_one = checks.assert_less(x, one, message="sample must be less than `1`.")
        return g.with_dependencies([positive, below_one], x)

    def _log_normalization(self) -> Tensor:
        parts = special_math.lgamma(self.concentration1)
        parts = parts + special_math.lgamma(self.concentration0)
        return parts - special_math.lgamma(self.total_concentration)

    def _entropy(self) -> Tensor:
        digamma = special_math.digamma
        value = self._log_normalization()
        value = value - (self.concentration1 - 1.0) * digamma(self.concentration1)
        value = value - (self.concentration0 - 1.0) * digamma(self.concentration0)
        return value + (self.total_concentration - 2.0) * digamma(self.total_concentration)

    def _mean(self) -> Tensor:
        return self._concentration1 / self._total_concentration

    def _variance(self) -> Tensor:
        spread = self._mean() * (1.0 - self._mean())
        return spread / (1.0 + self.total_concentration)

    def _mode(self) -> Tensor:
        mode = (self.concentration1 - 1.0) / (self.total_concentration - 2.0)
        if self.allow_nan_stats:
            nan = np.array(np.nan, self.dtype.as_numpy_dtype)
            undefined = array.fill(self.batch_shape_tensor(), nan, name="nan")
            above1 = self.concentration1 > 1.0
            is_defined = arithmetic.logical_and(above1, self.concentration0 > 1.0)
            return _where(is_defined, mode, undefined)
        conditions = [
            checks.assert_less(
                array.ones([], dtype=self.dtype),
                value,
                message=f"Mode undefined for {what} <= 1.",
            )
            for what, value in (
                ("concentration1", self.concentration1),
                ("concentration0", self.concentration0),
            )
        ]
        return g.with_dependencies(conditions, mode)


def _positive(concentration: Tensor, validate_args: bool) -> Tensor:
    if not validate_args:
        return concentration
    message = "Concentration parameter must be positive."
    check = checks.assert_positive(concentration, message=message)
    return g.with_dependencies([check], concentration)


@RegisterKL(Beta, Beta)
def _kl_beta_beta(a: Beta, b: Beta, name: str | None = None) -> Tensor:
    digamma = special_math.digamma
    with g.name_scope(name, "kl_beta_beta"):
        of_b = b._log_normalization()  # TF: a's is subtracted, yet b's name is asked for first
        of_a = a._log_normalization()
        value = of_b - of_a
        for field, sign in (
            ("concentration1", -1),
            ("concentration0", -1),
            ("total_concentration", 1),
        ):
            ours, theirs = getattr(a, field), getattr(b, field)
            term = digamma(ours) * (theirs - ours)
            value = value - term if sign < 0 else value + term
        return value


class Gamma(ScalarEvents):
    """Gamma: a density proportional to x^(concentration - 1) exp(-rate x)."""

    def __init__(
        self,
        concentration: Any,
        rate: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Gamma",
    ) -> None:
        parameters = dict(locals())
        with g.name_scope(name) as name:
            given = (concentration, rate) if validate_args else ()
            with g.control_dependencies([checks.assert_positive(value) for value in given]):
                self._concentration = array.identity(concentration, name="concentration")
                self._rate = array.identity(rate, name="rate")
                checks.assert_same_float_dtype([self._concentration, self._rate])
        super().__init__(
            self._concentration.dtype,
            FULLY_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._concentration, self._rate],
            name,
        )

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        return shapes_of(sample_shape, "concentration", "rate")

    @property
    def concentration(self) -> Tensor:
        """The exponent plus 1."""
        return self._concentration

    @property
    def rate(self) -> Tensor:
        """The inverse of the scale."""
        return self._rate

    def _batch_shape_tensor(self) -> Tensor:
        return array.broadcast_dynamic_shape(
            array.shape(self.concentration), array.shape(self.rate)
        )

    def _batch_shape(self) -> TensorShape:
        return array.broadcast_static_shape(self.concentration.shape, self.rate.shape)

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        return random.random_gamma(
            [n], self.concentration, beta=self.rate, dtype=self.dtype, seed=seed
        )

    def _log_prob(self, x: Tensor) -> Tensor:
        return self._log_unnormalized_prob(x) - self._log_normalization()

    def _cdf(self, x: Tensor) -> Tensor:
        x = self._checked_sample(x)
        return special_math.igamma(self.concentration, self.rate * x)

    def _log_unnormalized_prob(self, x: Tensor) -> Tensor:
        x = self._checked_sample(x)
        return special_math.xlogy(self.concentration - 1.0, x) - self.rate * x

    def _checked_sample(self, x: Tensor) -> Tensor:
        checks.assert_same_float_dtype([x], self.dtype)
        if not self.validate_args:
            return x
        return g.with_dependencies([checks.assert_positive(x)], x)

    def _log_normalization(self) -> Tensor:
        factor = special_math.lgamma(self.concentration)
        return factor - self.concentration * math.log(self.rate)

    def _entropy(self) -> Tensor:
        value = self.concentration - math.log(self.rate)
        value = value + special_math.lgamma(self.concentration)
        return value + (1.0 - self.concentration) * special_math.digamma(self.concentration)

    def _mean(self) -> Tensor:
        return self.concentration / self.rate

    def _variance(self) -> Tensor:
        return self.concentration / math.square(self.rate)

    def _stddev(self) -> Tensor:
        return math.sqrt(self.concentration) / self.rate

    def _mode(self) -> Tensor:
        mode = (self.concentration - 1.0) / self.rate
        if self.allow_nan_stats:
            nan = np.array(np.nan, self.dtype.as_numpy_dtype)
            undefined = array.fill(self.batch_shape_tensor(), nan, name="nan")
            return _where(self.concentration > 1.0, mode, undefined)
        one = array.ones([], self.dtype)
        message = "mode not defined when any concentration <= 1"
        check = checks.assert_less(one, self.concentration, message=message)
        return g.with_dependencies([check], mode)


@RegisterKL(Gamma, Gamma)
def _kl_gamma_gamma(a: Gamma, b: Gamma, name: str | None = None) -> Tensor:
    with g.name_scope(name, "kl_gamma_gamma"):
        value = (a.concentration - b.concentration) * special_math.digamma(a.concentration)
        value = value + special_math.lgamma(b.concentration)
        value = value - special_math.lgamma(a.concentration)
        value = value + b.concentration * math.log(a.rate)
        value = value - b.concentration * math.log(b.rate)
        return value + a.concentration * (b.rate / a.rate - 1.0)


class Exponential(Gamma):
    """Exponential with mean 1 / rate."""

    def __init__(
        self,
        rate: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Exponential",
    ) -> None:
        parameters = dict(locals())
        with g.name_scope(name) as name:
            self._rate = convert_to_tensor(rate, name="rate")
        one = array.ones([], dtype=self._rate.dtype)
        super().__init__(one, self._rate, validate_args, allow_nan_stats, name)
        self._parameters = parameters

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        return shapes_of(sample_shape, "rate")

    def _log_survival_function(self, value: Tensor) -> Tensor:
        return self._log_prob(value) - math.log(self._rate)

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = array.concat([[n], array.shape(self._rate)], 0)
        tiny = np.finfo(self.dtype.as_numpy_dtype).tiny  # its logarithm is finite
        drawn = random.random_uniform(shape, tiny, 1.0, seed=seed, dtype=self.dtype)
        return -math.log(drawn) / self._rate
