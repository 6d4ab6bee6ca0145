"""What all distributions share: the public methods, their scopes, the shape of samples.

A distribution of batch shape [*b] and event shape [*e] gives samples [*s, *b, *e] for a sample
shape [*s], and densities [*s, *b]. A kind of distribution defines the methods with an underscore.

Source: TF 1.15 python/ops/distributions/distribution.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import arithmetic, array, math
from tailrace.library.distributions import divergence
from tailrace.library.distributions.parameters import pick_vector
from tailrace.library.reductions import reduce_prod
from tailrace.shapes import TensorShape, as_tensor_shape


class ReparameterizationType:
    """Whether samples are differentiable by the parameters; compared by identity."""

    def __init__(self, rep_type: str) -> None:
        self._rep_type = rep_type

    def __repr__(self) -> str:
        return f"<Reparameteriation Type: {self._rep_type}>"


FULLY_REPARAMETERIZED = ReparameterizationType("FULLY_REPARAMETERIZED")
NOT_REPARAMETERIZED = ReparameterizationType("NOT_REPARAMETERIZED")


def _absent(method: str) -> Callable[..., Any]:
    """A method that kinds of distributions define."""

    def absent(self: Any, *_: Any, **__: Any) -> Any:
        raise NotImplementedError(f"{method} is not implemented: {type(self).__name__}")

    absent.__name__ = f"_{method}"
    absent.__doc__ = f"What `{method}` gives; for kinds of distributions to define."
    return absent


class Distribution:
    """The base of all distributions.

    `dtype`: of the samples. `name`: of the scope that the nodes of all methods are in; a scope's
    name ending in "/" is entered again.
    """

    def __init__(
        self,
        dtype: Any,
        reparameterization_type: ReparameterizationType,
        validate_args: bool,
        allow_nan_stats: bool,
        parameters: dict[str, Any] | None = None,
        graph_parents: list[Any] | None = None,
        name: str | None = None,
    ) -> None:
        for i, parent in enumerate(graph_parents or []):
            if not isinstance(parent, Tensor):
                raise ValueError(f"Graph parent item {i} is not a Tensor; {parent}.")
        if not name or name[-1] != "/":
            with g.name_scope(name or type(self).__name__) as scope:
                self._name: str = scope
        else:
            self._name = name
        self._dtype = dtype
        self._reparameterization_type = reparameterization_type
        self._allow_nan_stats = allow_nan_stats
        self._validate_args = validate_args
        self._graph_parents = list(graph_parents or [])
        self._parameters = parameters or {}

    # -- how it was made ---------------------------------------------------------------------------

    @classmethod
    def param_shapes(
        cls, sample_shape: Any, name: str = "DistributionParamShapes"
    ) -> dict[str, Tensor]:
        """The shapes of the parameters that give one sample of `sample_shape`."""
        with g.name_scope(name):
            return cls._param_shapes(sample_shape)

    @classmethod
    def param_static_shapes(cls, sample_shape: Any) -> dict[str, TensorShape]:
        """`param_shapes` as static shapes. Raises: ValueError unless it is fully known."""
        if isinstance(sample_shape, TensorShape):
            if not sample_shape.is_fully_defined():
                raise ValueError("TensorShape sample_shape must be fully defined")
            sample_shape = sample_shape.as_list()
        shapes = {}
        for key, shape in cls.param_shapes(sample_shape).items():
            known = g.known(shape)
            if known is None:
                raise ValueError("sample_shape must be a fully-defined TensorShape or list/tuple")
            shapes[key] = TensorShape(known)
        return shapes

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        raise NotImplementedError("_param_shapes not implemented")

    @property
    def name(self) -> str:
        """The scope of the nodes, ending in "/"."""
        return self._name

    @property
    def dtype(self) -> Any:
        """The type of the samples."""
        return self._dtype

    @property
    def parameters(self) -> dict[str, Any]:
        """The arguments it was made with."""
        hidden = ("__", "self")
        return {k: v for k, v in self._parameters.items() if not k.startswith(hidden)}

    @property
    def reparameterization_type(self) -> ReparameterizationType:
        """Whether samples are differentiable by the parameters."""
        return self._reparameterization_type

    @property
    def allow_nan_stats(self) -> bool:
        """Whether a statistic that does not exist is NaN; otherwise it is an error of the run."""
        return self._allow_nan_stats

    @property
    def validate_args(self) -> bool:
        """Whether parameters and values are checked in the run."""
        return self._validate_args

    def copy(self, **override_parameters_kwargs: Any) -> Any:
        """A distribution of this kind with some arguments replaced."""
        return type(self)(**dict(self.parameters, **override_parameters_kwargs))

    # -- shapes ------------------------------------------------------------------------------------

    _batch_shape_tensor = _absent("batch_shape_tensor")
    _event_shape_tensor = _absent("event_shape_tensor")

    def _batch_shape(self) -> Any:
        return TensorShape(None)

    def _event_shape(self) -> Any:
        return TensorShape(None)

    @property
    def batch_shape(self) -> TensorShape:
        """The static shape of independent distributions of different parameters."""
        return as_tensor_shape(self._batch_shape())

    @property
    def event_shape(self) -> TensorShape:
        """The static shape of one draw from one of them."""
        return as_tensor_shape(self._event_shape())

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Tensor:
        """The batch shape as a vector."""
        with self._name_scope(name):
            if self.batch_shape.is_fully_defined():
                return convert_to_tensor(
                    self.batch_shape.as_list(), dtypes.int32, name="batch_shape"
                )
            return self._batch_shape_tensor()

    def event_shape_tensor(self, name: str = "event_shape_tensor") -> Tensor:
        """The event shape as a vector."""
        with self._name_scope(name):
            if self.event_shape.is_fully_defined():
                return convert_to_tensor(
                    self.event_shape.as_list(), dtypes.int32, name="event_shape"
                )
            return self._event_shape_tensor()

    def is_scalar_event(self, name: str = "is_scalar_event") -> Tensor:
        """Whether one draw is a scalar."""
        with self._name_scope(name):
            scalar = _is_scalar(self.event_shape, self.event_shape_tensor)
            return convert_to_tensor(scalar, name="is_scalar_event")

    def is_scalar_batch(self, name: str = "is_scalar_batch") -> Tensor:
        """Whether this is one distribution."""
        with self._name_scope(name):
            scalar = _is_scalar(self.batch_shape, self.batch_shape_tensor)
            return convert_to_tensor(scalar, name="is_scalar_batch")

    # -- samples -----------------------------------------------------------------------------------

    _sample_n = _absent("sample_n")

    def sample(
        self, sample_shape: Any = (), seed: int | None = None, name: str = "sample"
    ) -> Tensor:
        """Draws: [*sample_shape, *batch_shape, *event_shape]."""
        return self._call_sample_n(sample_shape, seed, name)

    def _call_sample_n(
        self, sample_shape: Any, seed: int | None, name: str, **kwargs: Any
    ) -> Tensor:
        with self._name_scope(name):
            shape = convert_to_tensor(sample_shape, dtypes.int32, name="sample_shape")
            shape, n = as_vector(shape, "sample_shape")
            samples = self._sample_n(n, seed, **kwargs)
            rest = array.shape(samples)[1:]
            samples = array.reshape(samples, array.concat([shape, rest], 0))
            self._set_static_shape(samples, TensorShape(g.known(shape)))
            return samples

    def _set_static_shape(self, samples: Tensor, sample_shape: TensorShape) -> None:
        """Puts what is known of the three parts of the shape together."""
        batch, event = self.batch_shape, self.event_shape
        ranks = [part.ndims for part in (sample_shape, batch, event)]
        ndims = samples.shape.ndims
        if ndims is None and None not in ranks:
            ndims = sum(ranks)  # type: ignore[arg-type]
        if ndims is None:
            return
        if ranks.count(None) == 1:
            missing = ranks.index(None)
            ranks[missing] = ndims - sum(rank for rank in ranks if rank is not None)
        parts = [
            TensorShape([None] * rank) if part.ndims is None and rank is not None else part
            for part, rank in zip((sample_shape, batch, event), ranks, strict=True)
        ]
        if None not in ranks:
            samples.set_shape(parts[0].concatenate(parts[1]).concatenate(parts[2]))
        elif ranks[0] is not None:
            samples.set_shape(sample_shape.concatenate([None] * (ndims - ranks[0])))
        elif ranks[2] is not None:
            samples.set_shape(TensorShape([None] * (ndims - ranks[2])).concatenate(event))

    # -- densities ---------------------------------------------------------------------------------

    _log_prob = _absent("log_prob")
    _prob = _absent("prob")
    _log_cdf = _absent("log_cdf")
    _cdf = _absent("cdf")
    _log_survival_function = _absent("log_survival_function")
    _survival_function = _absent("survival_function")
    _quantile = _absent("quantile")

    def log_prob(self, value: Any, name: str = "log_prob") -> Tensor:
        """The logarithm of the density or the probability of `value`."""
        return self._of_value(value, name, self._log_prob, lambda v: math.log(self._prob(v)))

    def prob(self, value: Any, name: str = "prob") -> Tensor:
        """The density or the probability of `value`."""
        return self._of_value(value, name, self._prob, lambda v: math.exp(self._log_prob(v)))

    def log_cdf(self, value: Any, name: str = "log_cdf") -> Tensor:
        """log P(X <= value)."""
        return self._of_value(value, name, self._log_cdf, lambda v: math.log(self._cdf(v)))

    def cdf(self, value: Any, name: str = "cdf") -> Tensor:
        """P(X <= value)."""
        return self._of_value(value, name, self._cdf, lambda v: math.exp(self._log_cdf(v)))

    def log_survival_function(self, value: Any, name: str = "log_survival_function") -> Tensor:
        """log P(X > value)."""
        return self._of_value(
            value, name, self._log_survival_function, lambda v: math.log1p(-self.cdf(v))
        )

    def survival_function(self, value: Any, name: str = "survival_function") -> Tensor:
        """P(X > value)."""
        return self._of_value(value, name, self._survival_function, lambda v: 1.0 - self.cdf(v))

    def quantile(self, value: Any, name: str = "quantile") -> Tensor:
        """The x for which P(X <= x) is `value`."""
        return self._of_value(value, name, self._quantile, None)

    def _of_value(
        self,
        value: Any,
        name: str,
        method: Callable[[Tensor], Tensor],
        otherwise: Callable[[Tensor], Tensor] | None,
    ) -> Tensor:
        """`method(value)`, or `otherwise(value)` where this kind does not define the method."""
        with self._name_scope(name):
            value = convert_to_tensor(value, name="value", preferred_dtype=self.dtype)
            return _first(method, otherwise, value)

    # -- moments -----------------------------------------------------------------------------------

    _entropy = _absent("entropy")
    _mean = _absent("mean")
    _mode = _absent("mode")
    _variance = _absent("variance")
    _stddev = _absent("stddev")
    _covariance = _absent("covariance")

    def entropy(self, name: str = "entropy") -> Tensor:
        """Shannon's entropy in nats."""
        with self._name_scope(name):
            return self._entropy()

    def mean(self, name: str = "mean") -> Tensor:
        """The mean."""
        with self._name_scope(name):
            return self._mean()

    def mode(self, name: str = "mode") -> Tensor:
        """The most probable value."""
        with self._name_scope(name):
            return self._mode()

    def variance(self, name: str = "variance") -> Tensor:
        """The variance of each element."""
        with self._name_scope(name):
            return _first(self._variance, lambda: math.square(self._stddev()))

    def stddev(self, name: str = "stddev") -> Tensor:
        """The standard deviation of each element."""
        with self._name_scope(name):
            return _first(self._stddev, lambda: math.sqrt(self._variance()))

    def covariance(self, name: str = "covariance") -> Tensor:
        """The covariance of the elements of an event [..., k]: [..., k, k]."""
        with self._name_scope(name):
            return self._covariance()

    def cross_entropy(self, other: Any, name: str = "cross_entropy") -> Tensor:
        """E[-log q(X)] for X of this distribution and q the density of `other`."""
        with self._name_scope(name):
            return divergence.cross_entropy(self, other, allow_nan_stats=self.allow_nan_stats)

    def kl_divergence(self, other: Any, name: str = "kl_divergence") -> Tensor:
        """E[log p(X) - log q(X)] for X of this distribution p and q the density of `other`."""
        with self._name_scope(name):
            return divergence.kl_divergence(self, other, allow_nan_stats=self.allow_nan_stats)

    # -- text and scopes ---------------------------------------------------------------------------

    def __str__(self) -> str:
        batch = "" if self.batch_shape.ndims is None else f", batch_shape={self.batch_shape}"
        event = "" if self.event_shape.ndims is None else f", event_shape={self.event_shape}"
        return (
            f'tfp.distributions.{type(self).__name__}("{self.name}"{batch}{event}, '
            f"dtype={self.dtype.name})"
        )

    def __repr__(self) -> str:
        return (
            f"<tfp.distributions.{type(self).__name__} '{self.name}' "
            f"batch_shape={self.batch_shape} event_shape={self.event_shape} "
            f"dtype={self.dtype.name}>"
        )

    @contextmanager
    def _name_scope(self, name: str | None = None, values: Any = None) -> Iterator[str]:
        with g.name_scope(self.name), g.name_scope(name) as scope:
            yield scope


class ScalarEvents(Distribution):
    """A distribution of numbers: its event shape is []."""

    def _event_shape_tensor(self) -> Tensor:
        return g.constant([], dtypes.int32)

    def _event_shape(self) -> TensorShape:
        return TensorShape([])


def _first(method: Any, otherwise: Any = None, *values: Any) -> Any:
    """What `method` gives, or `otherwise` where it is not defined."""
    try:
        return method(*values)
    except NotImplementedError as missing:
        if otherwise is None:
            raise
        try:
            return otherwise(*values)
        except NotImplementedError:
            raise missing from None


def _is_scalar(static: TensorShape, as_tensor: Callable[[], Tensor]) -> Any:
    if static.ndims is not None:
        return static.ndims == 0
    shape = as_tensor()
    if shape.shape.ndims is not None and shape.shape.as_list()[0] is not None:
        return shape.shape.as_list() == [0]
    return arithmetic.equal(array.shape(shape)[0], 0)


def as_vector(x: Tensor, name: str) -> tuple[Tensor, Any]:
    """A scalar or vector of sizes as a vector, and the product of them."""
    known = g.known(x)
    numbers = x.dtype.as_numpy_dtype
    total = reduce_prod(x) if known is None else np.prod(known, dtype=numbers)
    ndims = x.shape.ndims
    if ndims is None:
        rank = array.rank(x)
        ones = np.array([1], np.int32)
        return array.reshape(x, pick_vector(arithmetic.equal(rank, 0), ones, array.shape(x))), total
    if ndims == 0 and known is not None:
        return convert_to_tensor(np.array([known], numbers), name=name), total
    if ndims == 0:
        return array.reshape(x, [1]), total
    if ndims != 1:
        raise ValueError("Input is neither scalar nor vector.")
    return x, total
