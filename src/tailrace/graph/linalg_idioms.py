"""Idioms of TensorFlow's linear algebra: identity matrices, adjoints, normal equations.

Source: TF 1.15 python/ops/linalg_ops_impl.py, linalg_ops.py, array_ops.py (matrix_transpose).
"""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import convert
from tailrace.graph.math_idioms import MathIdioms
from tailrace.graph.tensor import Tensor
from tailrace.shapes import TensorShape


class LinalgIdioms(MathIdioms):
    """The part of the rule builder that gradients of matrix functions need."""

    def matrix_transpose(self, a: Tensor, conjugate: bool = False) -> Tensor:
        """The innermost matrices transposed. Raises: ValueError for vectors and scalars."""
        with self.name_scope("matrix_transpose"):
            a = convert.convert_to_tensor(a, name="a")
            perm: Any
            if a._dims is None:
                perm = self._swapped_axes(self.rank(a))
            else:
                count = len(a._dims)
                if count < 2:
                    raise ValueError(f"A matrix must have rank >= 2, found shape {a.shape}")
                perm = [*builtins.range(count - 2), count - 1, count - 2]
            if conjugate and a._dtype.is_complex:
                return self.ConjugateTranspose(a, perm, name="transpose")
            return self.Transpose(a, perm, name="transpose")

    def _swapped_axes(self, rank: Tensor) -> Tensor:
        """All axes in order, the last two exchanged, of a rank that is not known."""
        kept = self.Range(0, rank - 2, 1)
        return self.ConcatV2([kept, [rank - 1, rank - 2]], 0, name="concat")

    def adjoint(self, matrix: Any, name: str | None = None) -> Tensor:
        """The innermost matrices transposed and conjugated."""
        with self.name_scope(name, "adjoint"):
            matrix = convert.convert_to_tensor(matrix, name="matrix")
            return self.matrix_transpose(matrix, conjugate=True)

    def eye(
        self,
        num_rows: Any,
        num_columns: Any = None,
        batch_shape: Any = None,
        dtype: Any = dtypes.float32,
        name: str | None = None,
    ) -> Tensor:
        """Identity matrices of shape [*batch_shape, num_rows, num_columns]; sizes may be tensors.

        Raises: TypeError when a size is neither a tensor nor an integer.
        """
        with self.name_scope(name, "eye"):
            square = num_columns is None
            batch = [] if batch_shape is None else batch_shape
            columns = num_rows if square else num_columns
            if isinstance(num_rows, Tensor) or isinstance(columns, Tensor):
                size = self.Minimum(num_rows, columns)
            else:
                for count in (num_rows, columns):
                    if not isinstance(count, (int, np.integer)):
                        raise TypeError("num_rows and num_columns must be positive integer values.")
                square = num_rows == columns
                size = min(num_rows, columns)
            if isinstance(batch, Tensor) or isinstance(size, Tensor):
                batch = convert.convert_to_tensor(batch, dtypes.int32, name="shape")
                diagonal_shape = self.ConcatV2([batch, [size]], 0, name="concat")
                shape = None
                if not square:
                    shape = self.ConcatV2([batch, [num_rows, columns]], 0, name="concat")
            else:
                batch = list(batch)
                diagonal_shape = [*batch, size]
                shape = [*batch, num_rows, columns]
            diagonal = self.ones(diagonal_shape, dtype)
            if square:
                return self.MatrixDiag(diagonal, name="diag")
            return self.MatrixSetDiag(self.zeros(shape, dtype), diagonal, name="set_diag")

    def cholesky_solve(self, chol: Any, rhs: Any, name: str | None = None) -> Tensor:
        """x with A x = rhs, from the Cholesky factor of A."""
        with self.name_scope(name, "cholesky_solve"):
            y = self.MatrixTriangularSolve(chol, rhs, adjoint=False, lower=True)
            return self.MatrixTriangularSolve(chol, y, adjoint=True, lower=True)

    def gramian_cholesky(self, matrix: Tensor, l2_regularizer: Any, first_kind: bool) -> Tensor:
        """The Cholesky factor of A^H A + l I (first kind) or A A^H + l I."""
        gramian = self.matmul(matrix, matrix, adjoint_a=first_kind, adjoint_b=not first_kind)
        if isinstance(l2_regularizer, Tensor) or l2_regularizer != 0:
            shape = self.shape(matrix)
            batch = shape[:-2]
            small = shape[-1 if first_kind else -2]
            identity = self.eye(small, batch_shape=batch, dtype=matrix._dtype.base_dtype)
            static = matrix.shape
            size = static[-1 if first_kind else -2]
            identity.set_shape(static[:-2].concatenate(TensorShape([size, size])))
            gramian = gramian + l2_regularizer * identity
        return self.Cholesky(gramian)
