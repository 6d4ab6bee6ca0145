"""`LinearOperator`: what all matrices of known structure can do.

Source: TF 1.15 python/ops/linalg/linear_operator.py.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import Operation, Tensor, convert_to_tensor, g
from tailrace.library import array, array_more, checks, math, matrices, reductions
from tailrace.library.linear_operators import batches
from tailrace.library.linear_operators.tables import combine
from tailrace.shapes import Dimension, TensorShape, dimension_value


class LinearOperator:
    """A batch of matrices [..., m, n]. Kinds of them define `_shape`, `_shape_tensor`, `_matmul`.

    The hints say what is known of the matrices; None is unknown.
    Raises: ValueError for hints that exclude one another.
    """

    def __init__(
        self,
        dtype: Any,
        graph_parents: list[Any] | None = None,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str | None = None,
    ) -> None:
        if is_positive_definite:
            if is_non_singular is False:
                raise ValueError("A positive definite matrix is always non-singular.")
            is_non_singular = True
        for holds, what in ((is_non_singular, "non-singular"), (is_self_adjoint, "self-adjoint")):
            if holds and is_square is False:
                raise ValueError(f"A {what} matrix is always square.")
            is_square = True if holds else is_square
        self._dtype = dtypes.as_dtype(dtype).base_dtype if dtype else dtype
        self._graph_parents = list(graph_parents or [])
        self._is_non_singular = is_non_singular
        self._is_self_adjoint = is_self_adjoint
        self._is_positive_definite = is_positive_definite
        self._is_square = is_square
        self._name = name or type(self).__name__

    def _name_scope(self, name: str) -> AbstractContextManager[str]:
        return g.name_scope(f"{self.name}/{name}")

    # -- what it is --------------------------------------------------------------------------------

    @property
    def dtype(self) -> Any:
        """The type of the elements."""
        return self._dtype

    @property
    def name(self) -> str:
        """The name before those of its nodes."""
        return self._name

    @property
    def graph_parents(self) -> list[Any]:
        """The tensors it was made from."""
        return self._graph_parents

    @property
    def is_non_singular(self) -> bool | None:
        """Whether it can be inverted."""
        return self._is_non_singular

    @property
    def is_self_adjoint(self) -> bool | None:
        """Whether it is its own adjoint."""
        return self._is_self_adjoint

    @property
    def is_positive_definite(self) -> bool | None:
        """Whether x'Ax has a positive real part for every x."""
        return self._is_positive_definite

    @property
    def is_square(self) -> bool | None:
        """Whether it has as many rows as columns."""
        found = self.domain_dimension == self.range_dimension
        if self._is_square is False and found:
            raise ValueError("User set is_square hint to False, but the operator was square.")
        return found if self._is_square is None else self._is_square

    # -- shapes ------------------------------------------------------------------------------------

    def _shape(self) -> TensorShape:
        raise NotImplementedError("_shape is not implemented.")

    def _shape_tensor(self) -> Tensor:
        raise NotImplementedError("_shape_tensor is not implemented.")

    @property
    def shape(self) -> TensorShape:
        """The static shape."""
        return self._shape()

    @property
    def batch_shape(self) -> TensorShape:
        """The static shape before the last two dimensions."""
        return self.shape[:-2]

    @property
    def tensor_rank(self) -> int | None:
        """The number of dimensions."""
        return self.shape.ndims

    @property
    def domain_dimension(self) -> Dimension:
        """The number of columns."""
        return Dimension(None) if self.shape.dims is None else self.shape.dims[-1]

    @property
    def range_dimension(self) -> Dimension:
        """The number of rows."""
        return self.shape.dims[-2] if self.shape.dims else Dimension(None)

    def shape_tensor(self, name: str = "shape_tensor") -> Tensor:
        """The shape as a vector."""
        with self._name_scope(name):
            if self.shape.is_fully_defined():
                return batches.shape_tensor(self.shape.as_list())
            return self._shape_tensor()

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Tensor:
        """The batch shape as a vector."""
        with self._name_scope(name):
            if self.batch_shape.is_fully_defined():
                return batches.shape_tensor(self.batch_shape.as_list(), name="batch_shape")
            return self.shape_tensor()[:-2]

    def tensor_rank_tensor(self, name: str = "tensor_rank_tensor") -> Tensor:
        """The number of dimensions as a tensor."""
        with self._name_scope(name):
            if self.tensor_rank is not None:
                return convert_to_tensor(self.tensor_rank)
            return array.size(self.shape_tensor())

    def domain_dimension_tensor(self, name: str = "domain_dimension_tensor") -> Tensor:
        """The number of columns as a tensor."""
        with self._name_scope(name):
            known = dimension_value(self.domain_dimension)
            return self.shape_tensor()[-1] if known is None else convert_to_tensor(known)

    def range_dimension_tensor(self, name: str = "range_dimension_tensor") -> Tensor:
        """The number of rows as a tensor."""
        with self._name_scope(name):
            known = dimension_value(self.range_dimension)
            return self.shape_tensor()[-2] if known is None else convert_to_tensor(known)

    # -- checks in the run -------------------------------------------------------------------------

    def assert_non_singular(self, name: str = "assert_non_singular") -> Operation:
        """Checks in the run that it can be inverted."""
        with self._name_scope(name):
            return self._assert_non_singular()

    def _assert_non_singular(self) -> Operation:
        if self._can_use_cholesky():
            return self.assert_positive_definite()
        values = matrices.svd(self.to_dense(), compute_uv=False)
        largest = reductions.reduce_max(values, axis=-1)
        condition = largest / reductions.reduce_min(values, axis=-1)
        message = "Singular matrix up to precision epsilon."
        return checks.assert_less(condition, self._largest_condition(), message=message)

    def _largest_condition(self) -> Tensor:
        with g.name_scope("max_nonsingular_condition_number"):
            rows = g.cast(self.range_dimension_tensor(), self.dtype)
            columns = g.cast(self.domain_dimension_tensor(), self.dtype)
            size = reductions.reduce_max([100.0, rows, columns])
            epsilon = g.cast(size, self.dtype) * np.finfo(self.dtype.as_numpy_dtype).eps
            return 1.0 / epsilon

    def assert_positive_definite(self, name: str = "assert_positive_definite") -> Operation:
        """Checks in the run that it is positive definite."""
        with self._name_scope(name):
            return self._assert_positive_definite()

    def _assert_positive_definite(self) -> Operation:
        if not self.is_self_adjoint:
            raise NotImplementedError("assert_positive_definite is not implemented.")
        diagonal = array_more.matrix_diag_part(matrices.cholesky(self.to_dense()))
        return checks.assert_positive(diagonal, message="Matrix was not positive definite.")

    def assert_self_adjoint(self, name: str = "assert_self_adjoint") -> Operation:
        """Checks in the run that it is its own adjoint."""
        with self._name_scope(name):
            return self._assert_self_adjoint()

    def _assert_self_adjoint(self) -> Operation:
        dense = self.to_dense()
        message = "Matrix was not equal to its adjoint."
        return checks.assert_equal(dense, matrices.adjoint(dense), message=message)

    # -- products ----------------------------------------------------------------------------------

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        raise NotImplementedError("_matmul is not implemented.")

    def matmul(
        self, x: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str = "matmul"
    ) -> Any:
        """The product with x [..., n, r], either adjoint before: [..., m, r].

        With another operator it is an operator. Raises: ValueError for sizes that do not fit.
        """
        if isinstance(x, LinearOperator):
            return self._combined("Matmul", x, adjoint, adjoint_arg, name)
        with self._name_scope(name):
            x = self._argument(x, "x", -2 if adjoint else -1, -1 if adjoint_arg else -2)
            return self._matmul(x, adjoint=adjoint, adjoint_arg=adjoint_arg)

    def _argument(self, value: Any, name: str, own_axis: int, axis: int) -> Tensor:
        tensor = convert_to_tensor(value, name=name)
        if tensor.dtype.base_dtype != self.dtype:
            raise TypeError(
                f"Expected argument to have dtype {self.dtype}.  Found: {tensor.dtype} in "
                f"tensor {tensor}"
            )
        own = Dimension(None) if self.shape.dims is None else self.shape.dims[own_axis]
        dims = tensor.shape.dims
        own.assert_is_compatible_with(None if dims is None else dims[axis])
        return tensor

    def _combined(
        self, what: str, other: LinearOperator, adjoint: bool, adjoint_arg: bool, name: str
    ) -> LinearOperator:
        left = self.adjoint() if adjoint else self
        right = other.adjoint() if adjoint_arg else other
        sizes = left.domain_dimension, right.range_dimension
        if not sizes[0].is_compatible_with(sizes[1]):
            raise ValueError(
                f"Operators are incompatible. Expected the other one to have dimension {sizes[0]} "
                f"but got {sizes[1]}."
            )
        with self._name_scope(name):
            return combine(what, left, right)

    def matvec(self, x: Any, adjoint: bool = False, name: str = "matvec") -> Tensor:
        """The product with vectors [..., n]: [..., m]."""
        with self._name_scope(name):
            x = self._argument(x, "x", -2 if adjoint else -1, -1)
            return self._matvec(x, adjoint=adjoint)

    def _matvec(self, x: Tensor, adjoint: bool = False) -> Tensor:
        product = self.matmul(array.expand_dims(x, axis=-1), adjoint=adjoint)
        return array.squeeze(product, axis=-1)

    # -- determinants ------------------------------------------------------------------------------

    def determinant(self, name: str = "det") -> Tensor:
        """The determinants [...]. Raises: NotImplementedError when it is not square."""
        self._must_be_square("Determinant")
        with self._name_scope(name):
            return self._determinant()

    def _determinant(self) -> Tensor:
        if self._can_use_cholesky():
            return math.exp(self.log_abs_determinant())
        return matrices.matrix_determinant(self.to_dense())

    def log_abs_determinant(self, name: str = "log_abs_det") -> Tensor:
        """The logarithms of the determinants' sizes [...]."""
        self._must_be_square("Determinant")
        with self._name_scope(name):
            return self._log_abs_determinant()

    def _log_abs_determinant(self) -> Tensor:
        if self._can_use_cholesky():
            diagonal = array_more.matrix_diag_part(matrices.cholesky(self.to_dense()))
            return 2 * reductions.reduce_sum(math.log(diagonal), axis=[-1])
        return matrices.slogdet(self.to_dense())[1]

    def _must_be_square(self, what: str) -> None:
        if self.is_square is False:
            raise NotImplementedError(
                f"{what} not implemented for an operator that is expected to not be square."
            )

    # -- solutions ---------------------------------------------------------------------------------

    def solve(
        self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str = "solve"
    ) -> Any:
        """The x with A x = rhs for rhs [..., n, r]; an operator for another operator.

        Raises: NotImplementedError when it is singular or not square.
        """
        if self.is_non_singular is False:
            raise NotImplementedError(
                "Exact solve not implemented for an operator that is expected to be singular."
            )
        self._must_be_square("Exact solve")
        if isinstance(rhs, LinearOperator):
            return self._combined("Solve", rhs, adjoint, adjoint_arg, name)
        with self._name_scope(name):
            rhs = self._argument(rhs, "rhs", -1 if adjoint else -2, -1 if adjoint_arg else -2)
            return self._solve(rhs, adjoint=adjoint, adjoint_arg=adjoint_arg)

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        rhs = matrices.adjoint(rhs) if adjoint_arg else rhs
        if self._can_use_cholesky():
            return batches.cholesky_solve(matrices.cholesky(self.to_dense()), rhs)
        return batches.solve(self.to_dense(), rhs, adjoint)

    def solvevec(self, rhs: Any, adjoint: bool = False, name: str = "solve") -> Tensor:
        """The x with A x = rhs for vectors rhs [..., n]."""
        with self._name_scope(name):
            rhs = self._argument(rhs, "rhs", -1 if adjoint else -2, -1)
            return self._solvevec(rhs, adjoint=adjoint)

    def _solvevec(self, rhs: Tensor, adjoint: bool = False) -> Tensor:
        solution = self.solve(array.expand_dims(rhs, axis=-1), adjoint=adjoint)
        return array.squeeze(solution, axis=-1)

    # -- other operators ---------------------------------------------------------------------------

    def adjoint(self, name: str = "adjoint") -> LinearOperator:
        """The conjugate transpose."""
        if self.is_self_adjoint is True:
            return self
        with self._name_scope(name):
            return combine("Adjoint", self)

    @property
    def H(self) -> LinearOperator:
        """The conjugate transpose."""
        return self.adjoint()

    def inverse(self, name: str = "inverse") -> LinearOperator:
        """The inverse. Raises: ValueError when it is singular or not square."""
        if self.is_square is False or self.is_non_singular is False:
            what = "non square" if self.is_square is False else "singular"
            raise ValueError(f"Cannot take the Inverse: This operator represents a {what} matrix.")
        with self._name_scope(name):
            return combine("Inverse", self)

    def cholesky(self, name: str = "cholesky") -> LinearOperator:
        """The lower factor L with A = L L'. Raises: ValueError unless hints allow it."""
        if not self._can_use_cholesky():
            raise ValueError(
                "Cannot take the Cholesky decomposition: Not a positive definite self adjoint "
                "matrix."
            )
        with self._name_scope(name):
            return combine("Cholesky", self)

    def _can_use_cholesky(self) -> bool | None:
        return self.is_self_adjoint and self.is_positive_definite

    # -- as a tensor -------------------------------------------------------------------------------

    def to_dense(self, name: str = "to_dense") -> Tensor:
        """The matrices [..., m, n]."""
        with self._name_scope(name):
            return self._to_dense()

    def _to_dense(self) -> Tensor:
        static = self.batch_shape.is_fully_defined()
        batch: Any = self.batch_shape if static else self.batch_shape_tensor()
        known = dimension_value(self.domain_dimension)
        size = self.domain_dimension_tensor() if known is None else known
        return self.matmul(matrices.eye(size, batch_shape=batch, dtype=self.dtype))

    def diag_part(self, name: str = "diag_part") -> Tensor:
        """The diagonals [..., min(m, n)]."""
        with self._name_scope(name):
            return self._diag_part()

    def _diag_part(self) -> Tensor:
        return array_more.matrix_diag_part(self.to_dense())

    def trace(self, name: str = "trace") -> Tensor:
        """The sums of the diagonals [...]."""
        with self._name_scope(name):
            return self._trace()

    def _trace(self) -> Tensor:
        return reductions.reduce_sum(self.diag_part(), axis=-1)

    def add_to_tensor(self, x: Any, name: str = "add_to_tensor") -> Tensor:
        """A + x for x [..., m, n]."""
        with self._name_scope(name):
            x = convert_to_tensor(x, name="x")
            if x.dtype.base_dtype != self.dtype:
                raise TypeError(f"Expected argument to have dtype {self.dtype}: {x}")
            return self._add_to_tensor(x)

    def _add_to_tensor(self, x: Tensor) -> Tensor:
        return self.to_dense() + x
