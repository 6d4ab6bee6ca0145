"""Operators made from tensors: a full matrix, a lower triangle, a diagonal.

Source: TF 1.15 python/ops/linalg/linear_operator_{full_matrix,lower_triangular,diag}.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Operation, Tensor, convert_to_tensor, g
from tailrace.library import arithmetic, array, array_more, checks, linalg, math, matrices
from tailrace.library.linear_operators import batches
from tailrace.library.linear_operators.base import LinearOperator
from tailrace.library.reductions import reduce_prod, reduce_sum
from tailrace.library.special_math import conj, real
from tailrace.shapes import TensorShape

_TYPES = (
    dtypes.float16,
    dtypes.float32,
    dtypes.float64,
    dtypes.complex64,
    dtypes.complex128,
)
_SINGULAR = "Singular operator:  Diagonal contained zero values."


class LinearOperatorFullMatrix(LinearOperator):
    """A matrix [..., m, n] of no structure."""

    def __init__(
        self,
        matrix: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorFullMatrix",
    ) -> None:
        with g.name_scope(name):
            self._matrix = batches.matrix_or_variable(matrix, "matrix")
            checked = convert_to_tensor(self._matrix, name="matrix")
            if checked.dtype.base_dtype not in _TYPES:
                raise TypeError(
                    f"Argument matrix must have dtype in {list(_TYPES)}.  Found: {checked.dtype}"
                )
            _check_rank(checked, 2, "matrix")
            super().__init__(
                self._matrix.dtype,
                [self._matrix],
                is_non_singular,
                is_self_adjoint,
                is_positive_definite,
                is_square,
                name,
            )

    def _shape(self) -> TensorShape:
        return self._matrix.shape

    def _shape_tensor(self) -> Tensor:
        return array.shape(self._matrix)

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return linalg.matmul(self._matrix, x, adjoint_a=adjoint, adjoint_b=adjoint_arg)

    def _to_dense(self) -> Tensor:
        return self._matrix


def _check_rank(tensor: Any, rank: int, name: str) -> None:
    if tensor.shape.ndims is not None and tensor.shape.ndims < rank:
        dimensions = "dimensions" if rank > 1 else "dimension"
        raise ValueError(
            f"Argument {name} must have at least {rank} {dimensions}.  Found: {tensor}"
        )


class LinearOperatorLowerTriangular(LinearOperator):
    """The lower triangle of `tril` [..., n, n]; what is above the diagonal does not count."""

    def __init__(
        self,
        tril: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorLowerTriangular",
    ) -> None:
        if is_square is False:
            raise ValueError("Only square lower triangular operators supported at this time.")
        with g.name_scope(name):
            self._tril = batches.matrix_or_variable(tril, "tril")
            _check_rank(self._tril, 2, "tril")
            super().__init__(
                self._tril.dtype,
                [self._tril],
                is_non_singular,
                is_self_adjoint,
                is_positive_definite,
                True,
                name,
            )

    def _shape(self) -> TensorShape:
        return self._tril.shape

    def _shape_tensor(self) -> Tensor:
        return array.shape(self._tril)

    def _to_dense(self) -> Tensor:
        return array_more.matrix_band_part(self._tril, -1, 0)

    def _diagonal(self) -> Tensor:
        return array_more.matrix_diag_part(self._tril)

    def _assert_non_singular(self) -> Operation:
        return batches.assert_no_zeros(self._diagonal(), _SINGULAR)

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return linalg.matmul(self._to_dense(), x, adjoint_a=adjoint, adjoint_b=adjoint_arg)

    def _determinant(self) -> Tensor:
        return reduce_prod(self._diagonal(), axis=[-1])

    def _log_abs_determinant(self) -> Tensor:
        return reduce_sum(math.log(arithmetic.abs(self._diagonal())), axis=[-1])

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        rhs = matrices.adjoint(rhs) if adjoint_arg else rhs
        return batches.triangular_solve(self._to_dense(), rhs, adjoint)


class LinearOperatorDiag(LinearOperator):
    """The diagonal matrix of `diag` [..., n]."""

    def __init__(
        self,
        diag: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorDiag",
    ) -> None:
        with g.name_scope(name):
            self._diag = batches.matrix_or_variable(diag, "diag")
            _check_rank(self._diag, 1, "diag")
            if not self._diag.dtype.is_complex:
                if is_self_adjoint is False:
                    raise ValueError("A real diagonal operator is always self adjoint.")
                is_self_adjoint = True
            if is_square is False:
                raise ValueError("Only square diagonal operators currently supported.")
            super().__init__(
                self._diag.dtype,
                [self._diag],
                is_non_singular,
                is_self_adjoint,
                is_positive_definite,
                True,
                name,
            )

    @property
    def diag(self) -> Any:
        """The diagonal."""
        return self._diag

    def _shape(self) -> TensorShape:
        shape = self._diag.shape
        return shape.concatenate(shape[-1:])

    def _shape_tensor(self) -> Tensor:
        shape = array.shape(self._diag)
        size = shape[-1]
        return array.concat((shape, [size]), 0)

    def _assert_non_singular(self) -> Operation:
        return batches.assert_no_zeros(self._diag, _SINGULAR)

    def _assert_positive_definite(self) -> Operation:
        message = "Real diagonal operator had non-positive diagonal entries"
        if self.dtype.is_complex:
            message = "Diagonal operator had diagonal entries with non-positive real part"
        message += ", thus was not positive definite."
        return checks.assert_positive(real(self._diag), message=message)

    def _assert_self_adjoint(self) -> Operation:
        message = (
            "This diagonal operator contained non-zero imaginary values.   Thus it was not "
            "self-adjoint."
        )
        return batches.assert_real(self._diag, message)

    def _factor(self, adjoint: bool) -> Any:
        return conj(self._diag) if adjoint else self._diag

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        factor = self._factor(adjoint)
        x = matrices.adjoint(x) if adjoint_arg else x
        return array.expand_dims(factor, -1) * x

    def _matvec(self, x: Tensor, adjoint: bool = False) -> Tensor:
        return self._factor(adjoint) * x

    def _determinant(self) -> Tensor:
        return reduce_prod(self._diag, axis=[-1])

    def _log_abs_determinant(self) -> Tensor:
        value = reduce_sum(math.log(arithmetic.abs(self._diag)), axis=[-1])
        return g.cast(value, self.dtype)

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        factor = self._factor(adjoint)
        rhs = matrices.adjoint(rhs) if adjoint_arg else rhs
        return rhs * array.expand_dims(1.0 / factor, -1)

    def _to_dense(self) -> Tensor:
        return array_more.matrix_diag(self._diag)

    def _diag_part(self) -> Tensor:
        return self.diag

    def _add_to_tensor(self, x: Tensor) -> Tensor:
        diagonal = self._diag + array_more.matrix_diag_part(x)
        return array_more.matrix_set_diag(x, diagonal)
