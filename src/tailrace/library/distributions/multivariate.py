"""Normal distributions of vectors: loc + scale·z for z of independent standard normals.

The density of y is that of z = scale⁻¹·(y - loc), divided by |det scale|.

Source: TF 1.15 contrib/distributions/python/ops/{mvn_linear_operator,mvn_diag,mvn_tril,
mvn_full_covariance}.py, python/ops/distributions/transformed_distribution.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import arithmetic, array, checks, math, reductions
from tailrace.library.array_more import matrix_diag, matrix_diag_part
from tailrace.library.control_flow import with_dependencies
from tailrace.library.distributions.affine import AffineLinearOperator
from tailrace.library.distributions.base import Distribution, as_vector
from tailrace.library.distributions.divergence import RegisterKL
from tailrace.library.distributions.location_scale import Normal
from tailrace.library.distributions.parameters import pick_vector
from tailrace.library.linear_operators.identity import (
    LinearOperatorIdentity,
    LinearOperatorScaledIdentity,
)
from tailrace.library.linear_operators.kinds import (
    LinearOperatorDiag,
    LinearOperatorLowerTriangular,
)
from tailrace.library.matrices import cholesky
from tailrace.library.nn.activations import softplus
from tailrace.shapes import TensorShape, as_tensor_shape, dimension_value


def _named(value: Any, name: str) -> Any:
    return None if value is None else convert_to_tensor(value, name=name)


def _known(value: Any) -> Any:
    return g.known(convert_to_tensor(value))


def _shapes(loc: Any, scale: Any) -> tuple[Any, Any]:
    """The shapes of the batch and of an event, known ones where they are."""
    with g.name_scope("shapes_from_loc_and_scale"):
        size: Any = scale.range_dimension_tensor()
        known = g.known(size)
        event = size[None] if known is None else known.reshape([1])
        if loc is not None and known is not None:
            own = dimension_value(loc.shape[-1])
            if own is not None and own not in (1, int(known)):
                raise ValueError(
                    f"Event size of 'scale' ({int(known)}) could not be broadcast up to that of "
                    f"'loc' ({own})."
                )
        batch = scale.batch_shape_tensor()
        if loc is None:
            static = g.known(batch)
            return (batch if static is None else static), event
        own_batch = loc.shape.with_rank_at_least(1)[:-1]
        if loc.shape.ndims is None or not own_batch.is_fully_defined():
            sizes: Any = array.shape(loc)
            given: Any = sizes[:-1]
        else:
            given = convert_to_tensor(own_batch.as_list(), dtypes.int32, name="loc_batch_shape")
        with g.name_scope("prefer_static_broadcast_shape"):
            parts = g.known(batch), g.known(given)
            if parts[0] is not None and parts[1] is not None:
                shapes = [TensorShape(part) for part in parts]
                return array.broadcast_static_shape(*shapes), event
            return array.broadcast_dynamic_shape(batch, given), event


def _is_empty(shape: Tensor) -> Tensor:
    """Whether a vector of sizes is of a scalar."""
    return _equal(_length(shape), 0)


def _length(shape: Tensor) -> Tensor:
    if shape.shape.is_fully_defined():
        return g.constant(shape.shape.as_list()[0])
    sizes: Any = array.shape(shape)
    return sizes[0]


def _equal(x: Any, y: Any) -> Tensor:
    known = _known(x), _known(y)
    if known[0] is None or known[1] is None:
        return arithmetic.equal(x, y)
    return g.constant(np.array_equal(known[0], known[1]))


def _not(x: Tensor) -> Tensor:
    known = g.known(x)
    return arithmetic.logical_not(x) if known is None else g.constant(np.logical_not(known))


def _and(*conditions: Tensor) -> Tensor:
    known = [g.known(each) for each in conditions]
    if any(value is not None and not value for value in known):
        return g.constant(False)
    if all(value is not None for value in known):
        return g.constant(True)
    return g.LogicalAnd(*conditions) if len(known) == 2 else reductions.reduce_all(conditions)


class MultivariateNormalLinearOperator(Distribution):
    """Normal vectors [k] with mean `loc` and covariance scale·scaleᵀ.

    `scale`: a linear operator [*batch, k, k]. Shapes: loc [*batch, k], samples [*s, *batch, k].
    """

    def __init__(
        self,
        loc: Any = None,
        scale: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "MultivariateNormalLinearOperator",
    ) -> None:
        parameters = dict(locals())
        if scale is None:
            raise ValueError("Missing required `scale` parameter.")
        if not scale.dtype.is_floating:
            raise TypeError("`scale` parameter must have floating-point dtype.")
        with g.name_scope(name) as name:
            loc = _named(loc, "loc")
            batch_shape, event_shape = _shapes(loc, scale)
        zero, one = array.zeros([], scale.dtype), array.ones([], scale.dtype)
        self.distribution = Normal(zero, one)
        self.bijector = AffineLinearOperator(loc, scale, validate_args)
        with g.name_scope(name) as name:
            self._set_shapes(batch_shape, event_shape)
        super().__init__(
            self.distribution.dtype,
            self.distribution.reparameterization_type,
            validate_args,
            self.distribution.allow_nan_stats,
            parameters,
            self.distribution._graph_parents + self.bijector.graph_parents,
            name,
        )

    def _set_shapes(self, batch_shape: Any, event_shape: Any) -> None:
        zero = g.constant(0, dtypes.int32, name="zero")
        self._empty = g.constant([], dtypes.int32, name="empty")
        scalar = self.distribution.is_scalar_batch()
        self._batch = self._checked(batch_shape, scalar, "batch_shape")
        self._has_batch = _not(_equal(_length(self._batch), zero))
        scalar = self.distribution.is_scalar_event()
        self._event = self._checked(event_shape, scalar, "event_shape")
        has_event = _not(_equal(_length(self._event), zero))
        alone = _not(self._has_batch)
        # TF: whether the axes of events must be moved; not where the base has no batch
        self._rotates = _and(has_event, alone, _not(self.distribution.is_scalar_batch()))
        size: Any = _length(self._event)
        self._event_axes = math.range(0 - size, 0)

    def _checked(self, shape: Any, base_is_scalar: Tensor, name: str) -> Tensor:
        if isinstance(shape, TensorShape):
            shape = shape.as_list()
        shape = convert_to_tensor(shape, dtypes.int32, name=name)
        empty = _is_empty(shape)
        if g.known(empty):
            return self._empty
        _and(_not(base_is_scalar), _not(empty))
        return shape

    @property
    def loc(self) -> Any:
        """The mean, None for 0."""
        return self.bijector.shift

    @property
    def scale(self) -> Any:
        """The linear operator."""
        return self.bijector.scale

    def _event_shape(self) -> TensorShape:
        return as_tensor_shape(g.known_shape(self._event))

    def _event_shape_tensor(self) -> Tensor:
        return self._event

    def _batch_shape(self) -> TensorShape:
        return as_tensor_shape(g.known_shape(self._batch))

    def _batch_shape_tensor(self) -> Tensor:
        base = self.distribution.batch_shape_tensor()
        return pick_vector(self._has_batch, self._batch, base)

    def _has_static_batch(self) -> bool:
        known = g.known(self._batch)
        return known is None or known.size != 0

    # -- samples and densities ---------------------------------------------------------------------

    def _call_sample_n(
        self, sample_shape: Any, seed: int | None, name: str, **kwargs: Any
    ) -> Tensor:
        with self._name_scope(name):
            shape = convert_to_tensor(sample_shape, dtypes.int32, name="sample_shape")
            shape, n = as_vector(shape, "sample_shape")
            x = self._drawn(n, seed)
            sizes: Any = array.shape(x)
            x = array.reshape(x, array.concat([shape, sizes[1:]], 0))
            y = self.bijector.forward(x)
            self._set_static_shape(y, TensorShape(g.known(shape)))
            return y

    def _drawn(self, n: Any, seed: int | None) -> Tensor:
        """Standard normals [n, *batch, k]."""
        parts = [pick_vector(self._rotates, self._empty, [n]), self._batch, self._event]
        parts.append(pick_vector(self._rotates, [n], self._empty))
        known = [_known(part) for part in parts]
        if any(part is None for part in known):
            shape = array.concat(parts, 0)
        else:
            shape = g.constant([size for part in known for size in part])
        return self.distribution.sample(sample_shape=shape, seed=seed)

    def _log_prob(self, y: Tensor) -> Tensor:
        x = self.bijector.inverse(y)
        volume = self.bijector.inverse_log_det_jacobian(y)
        log_prob = reductions.reduce_sum(self.distribution.log_prob(x), self._event_axes)
        log_prob = log_prob + arithmetic.cast(volume, log_prob.dtype)
        return self._shaped(log_prob, y)

    def _prob(self, y: Tensor) -> Tensor:
        x = self.bijector.inverse(y)
        volume = self.bijector.inverse_log_det_jacobian(y)
        prob = reductions.reduce_prod(self.distribution.prob(x), self._event_axes)
        prob = prob * math.exp(arithmetic.cast(volume, prob.dtype))
        return self._shaped(prob, y)

    def _shaped(self, density: Tensor, y: Tensor) -> Tensor:
        given = y.shape.with_rank_at_least(1)[:-1]
        density.set_shape(array.broadcast_static_shape(given, self.batch_shape))
        return density

    # -- moments -----------------------------------------------------------------------------------

    def _entropy(self) -> Tensor:
        entropy = self.distribution.entropy()
        entropy = entropy * arithmetic.cast(reductions.reduce_prod(self._event), entropy.dtype)
        if self._has_static_batch():
            base = self.distribution.batch_shape_tensor
            ones = _ones_like(self._batch)
            entropy = array.reshape(entropy, array.concat([ones, base()], 0))
            repeats = array.concat([self._batch, _ones_like(base())], 0)
            entropy = array.tile(entropy, repeats)
        shape = array.concat([self.batch_shape_tensor(), self.event_shape_tensor()], 0)
        volume = self.bijector.inverse_log_det_jacobian(array.zeros(shape, self.dtype))
        entropy = entropy - arithmetic.cast(volume, entropy.dtype)
        entropy.set_shape(self.batch_shape)
        return entropy

    def _mean(self) -> Tensor:
        static = self.batch_shape.concatenate(self.event_shape)
        shape: Any = static
        if not static.is_fully_defined():
            shape = array.concat([self.batch_shape_tensor(), self.event_shape_tensor()], 0)
        if self.loc is None:
            return array.zeros(shape, self.dtype)
        if static.is_fully_defined() and static == self.loc.shape:
            return array.identity(self.loc)
        return array.identity(self.loc) + array.zeros(shape, self.dtype)

    _mode = _mean

    def _covariance(self) -> Tensor:
        if _is_diagonal(self.scale):
            return matrix_diag(math.square(self.scale.diag_part()))
        return self.scale.matmul(self.scale.to_dense(), adjoint_arg=True)

    def _variance(self) -> Tensor:
        if _is_diagonal(self.scale):
            return math.square(self.scale.diag_part())
        return matrix_diag_part(self._covariance())

    def _stddev(self) -> Tensor:
        if _is_diagonal(self.scale):
            return arithmetic.abs(self.scale.diag_part())
        return math.sqrt(self._variance())


def _ones_like(vector: Tensor) -> Tensor:
    if vector.shape.is_fully_defined():
        return array.ones(vector.shape.as_list(), vector.dtype)
    return array.ones_like(vector)


_DIAGONAL = (LinearOperatorIdentity, LinearOperatorScaledIdentity, LinearOperatorDiag)


def _is_diagonal(scale: Any) -> bool:
    return isinstance(scale, _DIAGONAL)


class MultivariateNormalDiag(MultivariateNormalLinearOperator):
    """Independent normals: standard deviations `scale_diag` + `scale_identity_multiplier`.

    Without either they are 1. Shapes: loc and scale_diag [*batch, k].
    """

    def __init__(
        self,
        loc: Any = None,
        scale_diag: Any = None,
        scale_identity_multiplier: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "MultivariateNormalDiag",
    ) -> None:
        parameters = dict(locals())
        with g.name_scope(name) as name, g.name_scope("init"):
            scale = _diagonal(loc, scale_diag, scale_identity_multiplier)
        super().__init__(loc, scale, validate_args, allow_nan_stats, name)
        self._parameters = parameters


def _diagonal(loc: Any, scale_diag: Any, multiplier: Any) -> Any:
    with g.name_scope("make_diag_scale"):
        loc = _named(loc, "loc")
        scale_diag = _named(scale_diag, "scale_diag")
        multiplier = _named(multiplier, "scale_identity_multiplier")
        if scale_diag is not None:
            if multiplier is not None:
                scale_diag = scale_diag + multiplier[..., None]
            return LinearOperatorDiag(
                diag=scale_diag,
                is_non_singular=True,
                is_self_adjoint=True,
                is_positive_definite=False,
            )
        if loc is None:
            raise ValueError("Cannot infer `event_shape` unless `loc` is specified.")
        size = loc.shape[-1]
        if multiplier is None:
            return LinearOperatorIdentity(
                num_rows=size,
                dtype=loc.dtype.base_dtype,
                is_self_adjoint=True,
                is_positive_definite=True,
            )
        return LinearOperatorScaledIdentity(
            num_rows=size,
            multiplier=multiplier,
            is_non_singular=True,
            is_self_adjoint=True,
            is_positive_definite=False,
        )


class MultivariateNormalDiagWithSoftplusScale(MultivariateNormalDiag):
    """`MultivariateNormalDiag` whose standard deviations are softplus(scale_diag)."""

    def __init__(
        self,
        loc: Any,
        scale_diag: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "MultivariateNormalDiagWithSoftplusScale",
    ) -> None:
        parameters = dict(locals())
        with g.name_scope(name) as name:
            super().__init__(
                loc,
                softplus(scale_diag),
                validate_args=validate_args,
                allow_nan_stats=allow_nan_stats,
                name=name,
            )
        self._parameters = parameters


class MultivariateNormalTriL(MultivariateNormalLinearOperator):
    """Normal vectors of covariance L·Lᵀ for `scale_tril` L, lower triangular, [*batch, k, k]."""

    def __init__(
        self,
        loc: Any = None,
        scale_tril: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "MultivariateNormalTriL",
    ) -> None:
        parameters = dict(locals())
        if loc is None and scale_tril is None:
            raise ValueError("Must specify one or both of `loc`, `scale_tril`.")
        with g.name_scope(name) as name, g.name_scope("init"):
            loc = _named(loc, "loc")
            scale_tril = _named(scale_tril, "scale_tril")
            if scale_tril is None:
                scale: Any = LinearOperatorIdentity(
                    num_rows=dimension_value(loc.shape[-1]),
                    dtype=loc.dtype,
                    is_self_adjoint=True,
                    is_positive_definite=True,
                    assert_proper_shapes=validate_args,
                )
            else:
                scale = LinearOperatorLowerTriangular(
                    scale_tril,
                    is_non_singular=True,
                    is_self_adjoint=False,
                    is_positive_definite=False,
                )
        super().__init__(loc, scale, validate_args, allow_nan_stats, name)
        self._parameters = parameters


class MultivariateNormalFullCovariance(MultivariateNormalTriL):
    """Normal vectors of the covariance `covariance_matrix`, [*batch, k, k]."""

    def __init__(
        self,
        loc: Any = None,
        covariance_matrix: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "MultivariateNormalFullCovariance",
    ) -> None:
        parameters = dict(locals())
        with g.name_scope(name) as name, g.name_scope("init"):
            scale_tril = None
            if covariance_matrix is not None:
                matrix = convert_to_tensor(covariance_matrix, name="covariance_matrix")
                if validate_args:
                    symmetric = checks.assert_near(
                        matrix,
                        array.matrix_transpose(matrix),
                        message="Matrix was not symmetric",
                    )
                    matrix = with_dependencies([symmetric], matrix)
                scale_tril = cholesky(matrix)
            super().__init__(loc, scale_tril, validate_args, allow_nan_stats, name)
        self._parameters = parameters


@RegisterKL(MultivariateNormalLinearOperator, MultivariateNormalLinearOperator)
def _kl_mvn(a: Any, b: Any, name: str | None = None) -> Tensor:
    """½ (ln |C_b|/|C_a| - k + tr(C_b⁻¹ C_a) + |scale_b⁻¹ (mean_b - mean_a)|²)."""
    with g.name_scope(name, "kl_mvn"):
        if _is_diagonal(a.scale) and _is_diagonal(b.scale):
            ratio = (a.stddev() / b.stddev())[..., None]
        else:
            ratio = b.scale.solve(a.scale.to_dense())
        volumes = b.scale.log_abs_determinant() - a.scale.log_abs_determinant()
        size = arithmetic.cast(a.scale.domain_dimension_tensor(), a.dtype)
        spread = -size + _squares(ratio)
        moved = b.scale.solve((b.mean() - a.mean())[..., None])
        result = volumes + 0.5 * (spread + _squares(moved))
        result.set_shape(array.broadcast_static_shape(a.batch_shape, b.batch_shape))
        return result


def _squares(matrix: Tensor) -> Tensor:
    """The sum of a matrix's squares."""
    return reductions.reduce_sum(math.square(matrix), axis=[-2, -1])
