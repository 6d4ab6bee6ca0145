"""Operators made from operators: adjoints, inverses, products; and what is known of pairs.

Source: TF 1.15 python/ops/linalg/linear_operator_{adjoint,inversion,composition}.py,
{adjoint,inverse,matmul,solve,cholesky}_registrations.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tailrace import dtypes
from tailrace.graph import Operation, Tensor, convert_to_tensor, g
from tailrace.library import array, checks, math, matrices
from tailrace.library.linear_operators import tables
from tailrace.library.linear_operators.base import LinearOperator
from tailrace.library.linear_operators.identity import (
    LinearOperatorIdentity,
    LinearOperatorScaledIdentity,
)
from tailrace.library.linear_operators.kinds import (
    LinearOperatorDiag,
    LinearOperatorLowerTriangular,
)
from tailrace.library.linear_operators.tables import hints, register
from tailrace.library.special_math import conj
from tailrace.shapes import TensorShape


def _own_hints(operator: LinearOperator) -> dict[str, Any]:
    return {
        "is_non_singular": operator.is_non_singular,
        "is_self_adjoint": operator.is_self_adjoint,
        "is_positive_definite": operator.is_positive_definite,
        "is_square": operator.is_square,
    }


class _OfOperator(LinearOperator):
    """Something made of one operator, with its hints."""

    _suffix: str
    _what: str

    def __init__(
        self,
        operator: LinearOperator,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str | None = None,
    ) -> None:
        self._operator = operator
        given = {
            "is_non_singular": is_non_singular,
            "is_self_adjoint": is_self_adjoint,
            "is_positive_definite": is_positive_definite,
            "is_square": is_square,
        }
        agreed = tables.all_agreed(operator, given, self._what)
        name = f"{operator.name}_{self._suffix}" if name is None else name
        with g.name_scope(name):
            super().__init__(operator.dtype, operator.graph_parents, **agreed, name=name)

    @property
    def operator(self) -> LinearOperator:
        """The operator it is made of."""
        return self._operator

    def _assert_non_singular(self) -> Operation:
        return self.operator.assert_non_singular()

    def _assert_positive_definite(self) -> Operation:
        return self.operator.assert_positive_definite()

    def _assert_self_adjoint(self) -> Operation:
        return self.operator.assert_self_adjoint()


class LinearOperatorAdjoint(_OfOperator):
    """The conjugate transpose of an operator."""

    _suffix, _what = "adjoint", "adjoint"

    def _shape(self) -> TensorShape:
        shape = self.operator.shape
        return shape[:-2].concatenate([shape[-1], shape[-2]])

    def _shape_tensor(self) -> Tensor:
        shape = self.operator.shape_tensor()
        return array.concat([shape[:-2], [shape[-1], shape[-2]]], axis=-1)

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return self.operator.matmul(x, adjoint=not adjoint, adjoint_arg=adjoint_arg)

    def _matvec(self, x: Tensor, adjoint: bool = False) -> Tensor:
        return self.operator.matvec(x, adjoint=not adjoint)

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return self.operator.solve(rhs, adjoint=not adjoint, adjoint_arg=adjoint_arg)

    def _solvevec(self, rhs: Tensor, adjoint: bool = False) -> Tensor:
        return self.operator.solvevec(rhs, adjoint=not adjoint)

    def _determinant(self) -> Tensor:
        value = self.operator.determinant()
        return value if self.is_self_adjoint else conj(value)

    def _log_abs_determinant(self) -> Tensor:
        return self.operator.log_abs_determinant()

    def _trace(self) -> Tensor:
        value = self.operator.trace()
        return value if self.is_self_adjoint else conj(value)

    def _to_dense(self) -> Tensor:
        dense = self.operator.to_dense()
        return dense if self.is_self_adjoint else matrices.adjoint(dense)


class LinearOperatorInversion(_OfOperator):
    """The inverse of an operator. Raises: ValueError when it is singular or not square."""

    _suffix, _what = "inv", "inverse"

    def __init__(
        self,
        operator: LinearOperator,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str | None = None,
    ) -> None:
        for hint, given in (("is_non_singular", is_non_singular), ("is_square", is_square)):
            if getattr(operator, hint) is False or given is False:
                raise ValueError(
                    f"operator and supplied hints must have `{hint}` equal to `True` or `None`.  "
                    f"Found {getattr(operator, hint)}, {given}"
                )
        super().__init__(
            operator, is_non_singular, is_self_adjoint, is_positive_definite, is_square, name
        )

    def _shape(self) -> TensorShape:
        return self.operator.shape

    def _shape_tensor(self) -> Tensor:
        return self.operator.shape_tensor()

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return self.operator.solve(x, adjoint=adjoint, adjoint_arg=adjoint_arg)

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return self.operator.matmul(rhs, adjoint=adjoint, adjoint_arg=adjoint_arg)

    def _determinant(self) -> Tensor:
        return 1.0 / self.operator.determinant()

    def _log_abs_determinant(self) -> Tensor:
        return -1.0 * self.operator.log_abs_determinant()


class LinearOperatorComposition(LinearOperator):
    """The product of operators, the last applied first.

    Raises: ValueError for no operators, TypeError for those of several types.
    """

    def __init__(
        self,
        operators: Iterable[LinearOperator],
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str | None = None,
    ) -> None:
        checks.assert_proper_iterable(operators)
        self._operators = list(operators)
        if not self._operators:
            raise ValueError(f"Expected a non-empty list of operators. Found: {operators}")
        dtype = self._operators[0].dtype
        if any(operator.dtype != dtype for operator in self._operators):
            found = "   ".join(str((op.name, op.dtype)) for op in self._operators)
            raise TypeError(f"Expected all operators to have the same dtype.  Found {found}")
        if all(operator.is_non_singular for operator in self._operators):
            if is_non_singular is False:
                raise ValueError(
                    "The composition of non-singular operators is always non-singular."
                )
            is_non_singular = True
        parents = [parent for op in self._operators for parent in op.graph_parents]
        if name is None:
            name = "_o_".join(operator.name for operator in self._operators)
        with g.name_scope(name):
            super().__init__(
                dtype,
                parents,
                is_non_singular,
                is_self_adjoint,
                is_positive_definite,
                is_square,
                name,
            )

    @property
    def operators(self) -> list[LinearOperator]:
        """The factors."""
        return self._operators

    def _shape(self) -> TensorShape:
        first, *others = self._operators
        columns, batch = first.domain_dimension, first.batch_shape
        for operator in others:
            columns.assert_is_compatible_with(operator.range_dimension)
            columns = operator.domain_dimension
            batch = array.broadcast_static_shape(batch, operator.batch_shape)
        return batch.concatenate([first.range_dimension, columns])

    def _shape_tensor(self) -> Tensor:
        if self.shape.is_fully_defined():
            return convert_to_tensor(self.shape.as_list(), dtypes.int32, name="shape")
        first, *others = self._operators
        rows = first.range_dimension_tensor()
        matrix = array.stack([rows, self._operators[-1].domain_dimension_tensor()])
        zeros = array.zeros(first.batch_shape_tensor())
        for operator in others:
            zeros += array.zeros(operator.batch_shape_tensor())
        return array.concat((array.shape(zeros), matrix), 0)

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        first, *others = self._operators if adjoint else self._operators[::-1]
        result = first.matmul(x, adjoint=adjoint, adjoint_arg=adjoint_arg)
        for operator in others:
            result = operator.matmul(result, adjoint=adjoint)
        return result

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        first, *others = self._operators[::-1] if adjoint else self._operators
        result = first.solve(rhs, adjoint=adjoint, adjoint_arg=adjoint_arg)
        for operator in others:
            result = operator.solve(result, adjoint=adjoint)
        return result

    def _determinant(self) -> Tensor:
        first, *others = self._operators
        result = first.determinant()
        for operator in others:
            result *= operator.determinant()
        return result

    def _log_abs_determinant(self) -> Tensor:
        first, *others = self._operators
        result = first.log_abs_determinant()
        for operator in others:
            result += operator.log_abs_determinant()
        return result


# -- adjoints and inverses -------------------------------------------------------------------------


@register("Adjoint", LinearOperator)
def _adjoint(operator: LinearOperator) -> LinearOperator:
    return LinearOperatorAdjoint(operator, **_own_hints(operator))


@register("Adjoint", LinearOperatorAdjoint)
@register("Inverse", LinearOperatorInversion)
def _undone(operator: Any) -> LinearOperator:
    return operator.operator


@register("Adjoint", LinearOperatorIdentity)
@register("Inverse", LinearOperatorIdentity)
def _same(operator: LinearOperator) -> LinearOperator:
    return operator


@register("Adjoint", LinearOperatorScaledIdentity)
def _adjoint_scaled(operator: LinearOperatorScaledIdentity) -> LinearOperator:
    return _scaled_like(operator, conj(operator.multiplier), _own_hints(operator))


@register("Adjoint", LinearOperatorDiag)
def _adjoint_diag(operator: LinearOperatorDiag) -> LinearOperator:
    return LinearOperatorDiag(conj(operator.diag), **_own_hints(operator))


@register("Inverse", LinearOperator)
def _inverse(operator: LinearOperator) -> LinearOperator:
    return LinearOperatorInversion(operator, **_own_hints(operator))


@register("Inverse", LinearOperatorDiag)
def _inverse_diag(operator: LinearOperatorDiag) -> LinearOperator:
    return LinearOperatorDiag(1.0 / operator.diag, **_own_hints(operator))


@register("Inverse", LinearOperatorScaledIdentity)
def _inverse_scaled(operator: LinearOperatorScaledIdentity) -> LinearOperator:
    known = {**_own_hints(operator), "is_self_adjoint": True}
    return _scaled_like(operator, 1.0 / operator.multiplier, known)


def _scaled_like(
    operator: LinearOperatorScaledIdentity, multiplier: Tensor, known: dict[str, Any]
) -> LinearOperator:
    return LinearOperatorScaledIdentity(
        operator._num_rows, multiplier, **{**known, "is_square": True}
    )


# -- Cholesky factors ------------------------------------------------------------------------------

_ROOT: dict[str, Any] = {
    "is_non_singular": True,
    "is_self_adjoint": True,
    "is_positive_definite": True,
}


@register("Cholesky", LinearOperator)
def _cholesky(operator: LinearOperator) -> LinearOperator:
    factor = matrices.cholesky(operator.to_dense())
    return LinearOperatorLowerTriangular(
        factor, is_non_singular=True, is_self_adjoint=False, is_square=True
    )


@register("Cholesky", LinearOperatorDiag)
def _cholesky_diag(operator: LinearOperatorDiag) -> LinearOperator:
    return LinearOperatorDiag(math.sqrt(operator.diag), **_ROOT)


@register("Cholesky", LinearOperatorIdentity)
def _cholesky_identity(operator: LinearOperatorIdentity) -> LinearOperator:
    return LinearOperatorIdentity(operator._num_rows, operator.batch_shape, operator.dtype)


@register("Cholesky", LinearOperatorScaledIdentity)
def _cholesky_scaled(operator: LinearOperatorScaledIdentity) -> LinearOperator:
    return _scaled_like(operator, math.sqrt(operator.multiplier), _ROOT)


# -- products --------------------------------------------------------------------------------------


@register("Matmul", LinearOperator, LinearOperator)
def _product(a: LinearOperator, b: LinearOperator) -> LinearOperator:
    return LinearOperatorComposition([a, b], **tables.product_hints(a, b))


@register("Matmul", LinearOperatorIdentity, LinearOperator)
@register("Solve", LinearOperatorIdentity, LinearOperator)
def _of_identity(_: LinearOperator, operator: LinearOperator) -> LinearOperator:
    return operator


@register("Matmul", LinearOperator, LinearOperatorIdentity)
def _times_identity(operator: LinearOperator, _: LinearOperator) -> LinearOperator:
    return operator


@register("Matmul", LinearOperatorDiag, LinearOperatorDiag)
def _diag_diag(a: LinearOperatorDiag, b: LinearOperatorDiag) -> LinearOperator:
    return LinearOperatorDiag(a.diag * b.diag, **hints(a, b))


@register("Matmul", LinearOperatorDiag, LinearOperatorScaledIdentity)
def _diag_scaled(a: LinearOperatorDiag, b: LinearOperatorScaledIdentity) -> LinearOperator:
    return LinearOperatorDiag(a.diag * b.multiplier, **hints(a, b))


@register("Matmul", LinearOperatorScaledIdentity, LinearOperatorDiag)
def _scaled_diag(a: LinearOperatorScaledIdentity, b: LinearOperatorDiag) -> LinearOperator:
    return _diag_scaled(b, a)


def _triangle(tril: Tensor, diag: LinearOperator, triangle: LinearOperator) -> LinearOperator:
    known = {**hints(diag, triangle), "is_positive_definite": None}
    return LinearOperatorLowerTriangular(tril, **known)


@register("Matmul", LinearOperatorDiag, LinearOperatorLowerTriangular)
def _diag_triangle(a: LinearOperatorDiag, b: LinearOperatorLowerTriangular) -> LinearOperator:
    rows = a.diag[..., None]
    return _triangle(rows * b.to_dense(), a, b)


@register("Matmul", LinearOperatorLowerTriangular, LinearOperatorDiag)
def _triangle_diag(a: LinearOperatorLowerTriangular, b: LinearOperatorDiag) -> LinearOperator:
    return _triangle(a.to_dense() * b.diag, b, a)


# -- solutions -------------------------------------------------------------------------------------


@register("Solve", LinearOperator, LinearOperator)
def _solution(a: LinearOperator, b: LinearOperator) -> LinearOperator:
    known = tables.product_hints(a, b)
    return LinearOperatorComposition([LinearOperatorInversion(a), b], **known)


@register("Solve", LinearOperatorInversion, LinearOperator)
def _solved_by_product(a: LinearOperatorInversion, b: LinearOperator) -> LinearOperator:
    return a.operator.matmul(b)


@register("Solve", LinearOperatorDiag, LinearOperatorDiag)
def _diag_over_diag(a: LinearOperatorDiag, b: LinearOperatorDiag) -> LinearOperator:
    return LinearOperatorDiag(b.diag / a.diag, **hints(a, b))


@register("Solve", LinearOperatorDiag, LinearOperatorScaledIdentity)
def _scaled_over_diag(a: LinearOperatorDiag, b: LinearOperatorScaledIdentity) -> LinearOperator:
    return LinearOperatorDiag(b.multiplier / a.diag, **hints(a, b))


@register("Solve", LinearOperatorScaledIdentity, LinearOperatorDiag)
def _diag_over_scaled(a: LinearOperatorScaledIdentity, b: LinearOperatorDiag) -> LinearOperator:
    return LinearOperatorDiag(b.diag / a.multiplier, **hints(a, b))


@register("Solve", LinearOperatorDiag, LinearOperatorLowerTriangular)
def _triangle_over_diag(a: LinearOperatorDiag, b: LinearOperatorLowerTriangular) -> LinearOperator:
    dense = b.to_dense()
    return _triangle(dense / a.diag[..., None], a, b)
