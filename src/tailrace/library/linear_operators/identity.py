"""The identity and its multiples.

Source: TF 1.15 python/ops/linalg/linear_operator_identity.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import Operation, Tensor, convert_to_tensor, g
from tailrace.library import arithmetic, array, array_more, checks, math, matrices, special_math
from tailrace.library.linear_operators import batches
from tailrace.library.linear_operators.base import LinearOperator
from tailrace.library.reductions import reduce_min
from tailrace.library.variables import Variable
from tailrace.shapes import TensorShape, dimension_value


class _Identity(LinearOperator):
    """What the identity and its multiples share: the size of a side."""

    _assert_proper_shapes: bool
    _num_rows: Tensor

    def _set_rows(self, num_rows: Any) -> None:
        self._num_rows = batches.shape_tensor(num_rows, name="num_rows")
        self._rows = g.known(self._num_rows)
        what = "Argument num_rows must be"
        if self._assert_proper_shapes:
            conditions = [
                checks.assert_rank(self._num_rows, 0, message=f"{what} a 0-D Tensor."),
                checks.assert_non_negative(self._num_rows, message=f"{what} non-negative."),
            ]
            self._num_rows = g.with_dependencies(conditions, self._num_rows)
        if not self._num_rows.dtype.is_integer:
            raise TypeError(f"{what} integer type.  Found: {self._num_rows}")
        if self._rows is not None and self._rows.ndim != 0:
            raise ValueError(f"{what} a 0-D Tensor.  Found: {self._rows}")
        if self._rows is not None and self._rows < 0:
            raise ValueError(f"{what} non-negative.  Found: {self._rows}")

    def _matrix_shape(self) -> TensorShape:
        side = None if self._rows is None else int(self._rows)
        return TensorShape([side, side])

    def _side_tensor(self) -> Tensor:
        return reduce_min(self.shape_tensor()[-2:])

    def _ones_of_batch(self) -> Tensor:
        static = self.batch_shape.is_fully_defined()
        shape: Any = self.batch_shape if static else self.batch_shape_tensor()
        return array.ones(shape, dtype=self.dtype)

    def _ones_of_diagonal(self) -> Tensor:
        if self.shape.is_fully_defined():
            side = dimension_value(self.domain_dimension)
            return array.ones(self.batch_shape.concatenate([side]), dtype=self.dtype)
        batch = self.batch_shape_tensor()
        shape = array.concat([batch, [self._side_tensor()]], axis=0)
        return array.ones(shape, dtype=self.dtype)

    def _fitting(self, x: Tensor) -> Tensor:
        if not self._assert_proper_shapes:
            return x
        message = (
            "Dimensions are not compatible.  shape[-2] of argument to be the same as this operator"
        )
        rows = array.shape(x)[-2]
        check = checks.assert_equal(rows, self.domain_dimension_tensor(), message=message)
        return g.with_dependencies([check], x)


def _not_variable(value: Any, name: str) -> None:
    if isinstance(value, Variable):
        raise TypeError(f"Argument {name} cannot be reference type. Found: {type(value)}")


class LinearOperatorIdentity(_Identity):
    """A batch of identities [*batch_shape, num_rows, num_rows]."""

    def __init__(
        self,
        num_rows: Any,
        batch_shape: Any = None,
        dtype: Any = None,
        is_non_singular: bool = True,
        is_self_adjoint: bool = True,
        is_positive_definite: bool = True,
        is_square: bool = True,
        assert_proper_shapes: bool = False,
        name: str = "LinearOperatorIdentity",
    ) -> None:
        self._assert_proper_shapes = assert_proper_shapes
        with g.name_scope(name):
            for holds, what in (
                (is_self_adjoint, "self adjoint"),
                (is_non_singular, "non-singular"),
                (is_positive_definite, "positive-definite"),
                (is_square, "square"),
            ):
                if not holds:
                    raise ValueError(f"An identity operator is always {what}.")
            super().__init__(
                dtype or dtypes.float32,
                None,
                is_non_singular,
                is_self_adjoint,
                is_positive_definite,
                is_square,
                name,
            )
            _not_variable(num_rows, "num_rows")
            _not_variable(batch_shape, "batch_shape")
            self._set_rows(num_rows)
            self._batch = None
            if batch_shape is not None:
                self._set_batch(batch_shape)

    def _set_batch(self, batch_shape: Any) -> None:
        what = "Argument batch_shape must be"
        batch = batches.shape_tensor(batch_shape, name="batch_shape_arg")
        self._batch, self._known_batch = batch, g.known(batch)
        if self._assert_proper_shapes:
            conditions = [
                checks.assert_rank(batch, 1, message=f"{what} a 1-D Tensor."),
                checks.assert_non_negative(batch, message=f"{what} non-negative."),
            ]
            self._batch = g.with_dependencies(conditions, batch)
        if not batch.dtype.is_integer:
            raise TypeError(f"{what} integer type.  Found: {batch}")
        known = self._known_batch
        if known is not None and known.ndim != 1:
            raise ValueError(f"{what} a 1-D Tensor.  Found: {known}")
        if known is not None and np.any(known < 0):
            raise ValueError(f"{what} non-negative.  Found:{known}")

    def _shape(self) -> TensorShape:
        if self._batch is None:
            return self._matrix_shape()
        return TensorShape(self._known_batch).concatenate(self._matrix_shape())

    def _shape_tensor(self) -> Tensor:
        matrix = array.stack((self._num_rows, self._num_rows), axis=0)
        return matrix if self._batch is None else array.concat((self._batch, matrix), 0)

    def _assert_non_singular(self) -> Operation:
        return g.NoOp(name="assert_non_singular")

    def _assert_positive_definite(self) -> Operation:
        return g.NoOp(name="assert_positive_definite")

    def _assert_self_adjoint(self) -> Operation:
        return g.NoOp(name="assert_self_adjoint")

    def _repeated(self, x: Tensor) -> Tensor:
        """`x` repeated to the batch of identities."""
        if self._batch is None:
            return x
        special = self.batch_shape.concatenate([1, 1])
        if special.is_fully_defined():
            if array.broadcast_static_shape(x.shape, special) == x.shape:
                return x
            return x + array.zeros(special, dtype=self.dtype)
        shape = array.concat((self.batch_shape_tensor(), [1, 1]), 0)
        return x + array.zeros(shape, dtype=self.dtype)

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        x = matrices.adjoint(x) if adjoint_arg else x
        return self._repeated(self._fitting(x))

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return self._matmul(rhs, adjoint_arg=adjoint_arg)

    def _determinant(self) -> Tensor:
        return array.ones(self.batch_shape_tensor(), dtype=self.dtype)

    def _log_abs_determinant(self) -> Tensor:
        return array.zeros(self.batch_shape_tensor(), dtype=self.dtype)

    def _trace(self) -> Tensor:
        ones = self._ones_of_batch()
        side = dimension_value(self.domain_dimension)
        return (g.cast(self._side_tensor(), self.dtype) if side is None else side) * ones

    def _diag_part(self) -> Tensor:
        return self._ones_of_diagonal()

    def add_to_tensor(self, x: Any, name: str = "add_to_tensor") -> Tensor:
        """1 added to the diagonal of x [..., n, n]."""
        with self._name_scope(name):
            x = convert_to_tensor(x, name="mat")
            return array_more.matrix_set_diag(x, 1 + array_more.matrix_diag_part(x))


class LinearOperatorScaledIdentity(_Identity):
    """`multiplier` [*batch] times the identity of `num_rows`."""

    def __init__(
        self,
        num_rows: Any,
        multiplier: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool = True,
        assert_proper_shapes: bool = False,
        name: str = "LinearOperatorScaledIdentity",
    ) -> None:
        self._assert_proper_shapes = assert_proper_shapes
        with g.name_scope(name):
            self._multiplier = batches.matrix_or_variable(multiplier, "multiplier")
            if not self._multiplier.dtype.is_complex:
                if is_self_adjoint is False:
                    raise ValueError("A real diagonal operator is always self adjoint.")
                is_self_adjoint = True
            if not is_square:
                raise ValueError("A ScaledIdentity operator is always square.")
            _not_variable(num_rows, "num_rows")
            super().__init__(
                self._multiplier.dtype.base_dtype,
                None,
                is_non_singular,
                is_self_adjoint,
                is_positive_definite,
                is_square,
                name,
            )
            self._set_rows(num_rows)
            self._rows_as_element = g.cast(self._num_rows, self.dtype)
            self._rows_as_real = g.cast(self._num_rows, self.dtype.real_dtype)

    @property
    def multiplier(self) -> Any:
        """The factors."""
        return self._multiplier

    def _shape(self) -> TensorShape:
        return self.multiplier.shape.concatenate(self._matrix_shape())

    def _shape_tensor(self) -> Tensor:
        matrix = array.stack((self._num_rows, self._num_rows), axis=0)
        return array.concat((array.shape(self.multiplier), matrix), 0)

    def _assert_non_singular(self) -> Operation:
        size = arithmetic.abs(self.multiplier)
        return checks.assert_positive(size, message="LinearOperator was singular")

    def _assert_positive_definite(self) -> Operation:
        message = "LinearOperator was not positive definite."
        return checks.assert_positive(special_math.real(self.multiplier), message=message)

    def _assert_self_adjoint(self) -> Operation:
        imaginary = special_math.imag(self.multiplier)
        zeros = array.zeros_like(imaginary)
        message = "LinearOperator was not self-adjoint"
        return checks.assert_equal(zeros, imaginary, message=message)

    def _factor(self, adjoint: bool) -> Tensor:
        factor = array.expand_dims(array.expand_dims(self.multiplier, -1), -1)
        return special_math.conj(factor) if adjoint else factor

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        x = matrices.adjoint(x) if adjoint_arg else x
        return self._fitting(x) * self._factor(adjoint)

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        rhs = matrices.adjoint(rhs) if adjoint_arg else rhs
        return self._fitting(rhs) / self._factor(adjoint)

    def _determinant(self) -> Tensor:
        return self.multiplier**self._rows_as_element

    def _log_abs_determinant(self) -> Tensor:
        return self._rows_as_real * math.log(arithmetic.abs(self.multiplier))

    def _trace(self) -> Tensor:
        ones = self._ones_of_batch()
        side = dimension_value(self.domain_dimension)
        size = g.cast(self._side_tensor(), self.dtype) if side is None else side
        return self.multiplier * size * ones

    def _diag_part(self) -> Tensor:
        return self._ones_of_diagonal() * self.multiplier[..., None]

    def add_to_tensor(self, x: Any, name: str = "add_to_tensor") -> Tensor:
        """The factor added to the diagonal of x [..., n, n]."""
        with self._name_scope(name):
            factor = array.expand_dims(self.multiplier, -1)
            x = convert_to_tensor(x, name="mat")
            return array_more.matrix_set_diag(x, factor + array_more.matrix_diag_part(x))
