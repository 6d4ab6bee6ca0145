"""Distributions moved by `loc` and stretched by `scale`: normal, Laplace, Student's t.

Source: TF 1.15 python/ops/distributions/normal.py, laplace.py, student_t.py.
"""

from __future__ import annotations

import math as numbers
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import Tensor, g
from tailrace.library import arithmetic, array, checks, indexing, math, random, special_math
from tailrace.library.distributions.base import FULLY_REPARAMETERIZED, ScalarEvents
from tailrace.library.distributions.divergence import RegisterKL
from tailrace.library.distributions.normal_cdf import log_cdf_laplace, log_ndtr, ndtr, ndtri
from tailrace.library.distributions.parameters import new_seed
from tailrace.shapes import TensorShape


def shapes_of(sample_shape: Any, *names: str) -> dict[str, Tensor]:
    """One shape for each of several parameters."""
    return dict.fromkeys(names, g.convert(sample_shape, dtypes.int32))


class _LocationScale(ScalarEvents):
    """`loc` and `scale`, broadcast to the batch shape."""

    _loc: Tensor
    _scale: Tensor

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        return shapes_of(sample_shape, "loc", "scale")

    @property
    def loc(self) -> Tensor:
        """The centre."""
        return self._loc

    @property
    def scale(self) -> Tensor:
        """The width."""
        return self._scale

    def _batch_shape_tensor(self) -> Tensor:
        return array.broadcast_dynamic_shape(array.shape(self.loc), array.shape(self.scale))

    def _batch_shape(self) -> TensorShape:
        return array.broadcast_static_shape(self.loc.shape, self.scale.shape)

    def _set_parameters(self, loc: Any, scale: Any, validate_args: bool) -> list[Tensor]:
        conditions = [checks.assert_positive(scale)] if validate_args else []
        with g.control_dependencies(conditions):
            self._loc = array.identity(loc, name="loc")
            self._scale = array.identity(scale, name="scale")
            checks.assert_same_float_dtype([self._loc, self._scale])
        return [self._loc, self._scale]

    def _log_prob(self, x: Tensor) -> Tensor:
        return self._log_unnormalized_prob(x) - self._log_normalization()

    def _log_unnormalized_prob(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def _log_normalization(self) -> Tensor:
        raise NotImplementedError


class Normal(_LocationScale):
    """Normal with mean `loc` and standard deviation `scale`."""

    def __init__(
        self,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Normal",
    ) -> None:
        parameters = dict(locals())
        with g.name_scope(name) as name:
            parents = self._set_parameters(loc, scale, validate_args)
        super().__init__(
            self._scale.dtype,
            FULLY_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            parents,
            name,
        )

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = array.concat([[n], self.batch_shape_tensor()], 0)
        drawn = random.random_normal(shape, dtype=self.loc.dtype, seed=seed)
        return drawn * self.scale + self.loc

    def _log_cdf(self, x: Tensor) -> Tensor:
        return log_ndtr(self._z(x))

    def _cdf(self, x: Tensor) -> Tensor:
        return ndtr(self._z(x))

    def _log_survival_function(self, x: Tensor) -> Tensor:
        return log_ndtr(-self._z(x))

    def _survival_function(self, x: Tensor) -> Tensor:
        return ndtr(-self._z(x))

    def _quantile(self, p: Tensor) -> Tensor:
        z = ndtri(p)
        with g.name_scope("reconstruct"):
            return z * self.scale + self.loc

    def _log_unnormalized_prob(self, x: Tensor) -> Tensor:
        return -0.5 * math.square(self._z(x))

    def _log_normalization(self) -> Tensor:
        return 0.5 * numbers.log(2.0 * numbers.pi) + math.log(self.scale)

    def _entropy(self) -> Tensor:
        scale = self.scale * array.ones_like(self.loc)
        return 0.5 * numbers.log(2.0 * numbers.pi * numbers.e) + math.log(scale)

    def _mean(self) -> Tensor:
        return self.loc * array.ones_like(self.scale)

    def _stddev(self) -> Tensor:
        return self.scale * array.ones_like(self.loc)

    def _mode(self) -> Tensor:
        return self._mean()

    def _z(self, x: Tensor) -> Tensor:
        with g.name_scope("standardize"):
            return (x - self.loc) / self.scale


@RegisterKL(Normal, Normal)
def _kl_normal_normal(a: Normal, b: Normal, name: str | None = None) -> Tensor:
    with g.name_scope(name, "kl_normal_normal"):
        one = g.constant(1, a.dtype)
        two = g.constant(2, a.dtype)
        half = g.constant(0.5, a.dtype)
        square_a, square_b = math.square(a.scale), math.square(b.scale)
        ratio = square_a / square_b
        moved = arithmetic.squared_difference(a.loc, b.loc) / (two * square_b)
        return moved + half * (ratio - one - math.log(ratio))


class Laplace(_LocationScale):
    """Laplace with density exp(-|x - loc| / scale) / (2 scale)."""

    def __init__(
        self,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Laplace",
    ) -> None:
        parameters = dict(locals())
        with g.name_scope(name) as name:
            parents = self._set_parameters(loc, scale, validate_args)
            super().__init__(
                self._loc.dtype,
                FULLY_REPARAMETERIZED,
                validate_args,
                allow_nan_stats,
                parameters,
                parents,
                name,
            )

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = array.concat([[n], self.batch_shape_tensor()], 0)
        kind = self.dtype.as_numpy_dtype
        above = np.nextafter(kind(-1.0), kind(0.0))  # log(1 - |u|) must be finite
        drawn = random.random_uniform(shape, above, 1.0, dtype=self.dtype, seed=seed)
        signed = self.scale * math.sign(drawn)
        return self.loc - signed * math.log1p(-arithmetic.abs(drawn))

    def _prob(self, x: Tensor) -> Tensor:
        return math.exp(self._log_prob(x))

    def _log_cdf(self, x: Tensor) -> Tensor:
        return log_cdf_laplace(self._z(x))

    def _log_survival_function(self, x: Tensor) -> Tensor:
        return log_cdf_laplace(-self._z(x))

    def _cdf(self, x: Tensor) -> Tensor:
        z = self._z(x)
        side = 0.5 * math.sign(z)
        return 0.5 + side * (1.0 - math.exp(-arithmetic.abs(z)))

    def _log_unnormalized_prob(self, x: Tensor) -> Tensor:
        return -arithmetic.abs(self._z(x))

    def _log_normalization(self) -> Tensor:
        return numbers.log(2.0) + math.log(self.scale)

    def _entropy(self) -> Tensor:
        scale = self.scale + array.zeros_like(self.loc)
        return numbers.log(2.0) + 1.0 + math.log(scale)

    def _mean(self) -> Tensor:
        return self.loc + array.zeros_like(self.scale)

    def _stddev(self) -> Tensor:
        return numbers.sqrt(2.0) * self.scale + array.zeros_like(self.loc)

    def _mode(self) -> Tensor:
        return self._mean()

    def _z(self, x: Tensor) -> Tensor:
        return (x - self.loc) / self.scale


class StudentT(_LocationScale):
    """Student's t with `df` degrees of freedom, moved by `loc` and stretched by `scale`."""

    def __init__(
        self,
        df: Any,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "StudentT",
    ) -> None:
        parameters = dict(locals())
        with g.name_scope(name) as name:
            conditions = [checks.assert_positive(df)] if validate_args else []
            with g.control_dependencies(conditions):
                self._df = array.identity(df, name="df")
                parents = [self._df, *self._set_parameters(loc, scale, False)]
                checks.assert_same_float_dtype(parents)
        super().__init__(
            self._scale.dtype,
            FULLY_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            parents,
            name,
        )

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        return shapes_of(sample_shape, "df", "loc", "scale")

    @property
    def df(self) -> Tensor:
        """The degrees of freedom."""
        return self._df

    def _batch_shape_tensor(self) -> Tensor:
        df = array.shape(self.df)
        return array.broadcast_dynamic_shape(df, super()._batch_shape_tensor())

    def _batch_shape(self) -> TensorShape:
        first = array.broadcast_static_shape(self.df.shape, self.loc.shape)
        return array.broadcast_static_shape(first, self.scale.shape)

    def _ones(self) -> Tensor:
        return array.ones(self.batch_shape_tensor(), dtype=self.dtype)

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = array.concat([[n], self.batch_shape_tensor()], 0)
        normal = random.random_normal(shape, dtype=self.dtype, seed=seed)
        df = self.df * self._ones()
        second = new_seed(seed, "student_t")
        gamma = random.random_gamma([n], 0.5 * df, beta=0.5, dtype=self.dtype, seed=second)
        return normal * math.rsqrt(gamma / df) * self.scale + self.loc

    def _log_unnormalized_prob(self, x: Tensor) -> Tensor:
        y = (x - self.loc) / self.scale
        power = -0.5 * (self.df + 1.0)
        return power * math.log1p(y**2.0 / self.df)

    def _log_normalization(self) -> Tensor:
        spread = math.log(arithmetic.abs(self.scale))
        spread = spread + 0.5 * math.log(self.df) + 0.5 * np.log(np.pi)
        spread = spread + special_math.lgamma(0.5 * self.df)
        return spread - special_math.lgamma(0.5 * (self.df + 1.0))

    def _cdf(self, x: Tensor) -> Tensor:
        y = (x - self.loc) / arithmetic.abs(self.scale)
        share = self.df / (y**2.0 + self.df)
        below = 0.5 * special_math.betainc(0.5 * self.df, 0.5, share)
        return indexing.where_v2(arithmetic.less(y, 0.0), below, 1.0 - below)

    def _entropy(self) -> Tensor:
        ones = self._ones()[..., None]
        wide = ones * self.df[..., None]
        argument = array.concat([wide, ones], -1) / 2.0
        spread = math.log(arithmetic.abs(self.scale)) + 0.5 * math.log(self.df)
        spread = spread + special_math.lbeta(argument)
        half = 0.5 * (self.df + 1.0)
        above = special_math.digamma(0.5 * (self.df + 1.0))
        return spread + half * (above - special_math.digamma(0.5 * self.df))

    def _mean(self) -> Tensor:
        return self._where_above_one(self.loc * self._ones(), "mean")

    def _variance(self) -> Tensor:
        is_large, rest = arithmetic.greater(self.df, 2.0), self.df - 2.0
        rest = indexing.where_v2(is_large, rest, array.ones_like(self.df))
        variance = self._ones() * math.square(self.scale) * self.df / rest
        inf = np.array(np.inf, self.dtype.as_numpy_dtype)
        is_finite = self.df > array.fill(self.batch_shape_tensor(), 2.0)
        infinite = array.fill(self.batch_shape_tensor(), inf, name="inf")
        return self._where_above_one(indexing.where_v2(is_finite, variance, infinite), "variance")

    def _where_above_one(self, moment: Tensor, what: str) -> Tensor:
        """`moment` where df > 1; NaN or an error elsewhere."""
        if not self.allow_nan_stats:
            one = array.ones([], dtype=self.dtype)
            message = f"{what} not defined for components of df <= 1"
            return g.with_dependencies([checks.assert_less(one, self.df, message=message)], moment)
        nan = np.array(np.nan, self.dtype.as_numpy_dtype)
        is_defined = arithmetic.greater(self.df, self._ones())
        undefined = array.fill(self.batch_shape_tensor(), nan, name="nan")
        return indexing.where_v2(is_defined, moment, undefined)

    def _mode(self) -> Tensor:
        return array.identity(self.loc)
