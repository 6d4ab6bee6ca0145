"""Products of matrices and tensors.

Source: TF 1.15 python/ops/math_ops.py (matmul, matvec, tensordot, trace).
"""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library.array import concat, expand_dims, squeeze, stack, transpose
from tailrace.library.array_more import setdiff1d
from tailrace.library.math import range
from tailrace.library.reductions import reduce_prod, reduce_sum


def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Tensor:
    """The product of two matrices, or of those in two batches, each optionally transposed first.

    Shapes: a [..., m, k], b [..., k, n] -> [..., m, n]; the batch dimensions broadcast.
    Raises: ValueError when a factor is to be both transposed and adjoint, or shapes do not fit.
    """
    with g.name_scope(name, "MatMul") as scope:
        for letter, transpose_it, adjoint in (
            ("a", transpose_a, adjoint_a),
            ("b", transpose_b, adjoint_b),
        ):
            if transpose_it and adjoint:
                raise ValueError(
                    f"Only one of transpose_{letter} and adjoint_{letter} can be True."
                )
        a = convert_to_tensor(a, name="a")
        b = convert_to_tensor(b, name="b")
        flags = (transpose_a, transpose_b, adjoint_a, adjoint_b, a_is_sparse, b_is_sparse)
        return g.matmul(a, b, *flags, name=scope)


def sparse_matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Tensor:
    """The product of two matrices with many zeros."""
    return g.SparseMatMul(
        a,
        b,
        transpose_a=transpose_a,
        transpose_b=transpose_b,
        a_is_sparse=a_is_sparse,
        b_is_sparse=b_is_sparse,
        name=name,
    )


def matvec(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    adjoint_a: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Tensor:
    """The product of a matrix and a vector, or of those in two batches.

    Shapes: a [..., m, k], b [..., k] -> [..., m].
    """
    with g.name_scope(name, "MatVec"):
        column = expand_dims(b, axis=-1)
        product = matmul(
            a,
            column,
            transpose_a=transpose_a,
            adjoint_a=adjoint_a,
            a_is_sparse=a_is_sparse,
            b_is_sparse=b_is_sparse,
        )
        return squeeze(product, axis=-1)


def trace(x: Any, name: str | None = None) -> Tensor:
    """The sum of the diagonal of the innermost matrices."""
    with g.name_scope(name, "Trace") as scope:
        x = convert_to_tensor(x, name="x")
        return reduce_sum(g.MatrixDiagPart(x, name="diag_part"), [-1], name=scope)


# -- products of tensors ---------------------------------------------------------------------------


def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Tensor:
    """The sum of products of `a` and `b` over pairs of axes.

    `axes` is a number (the last of `a` with the first of `b`) or two lists of axes.
    Raises: ValueError when the lists differ in length or do not fit the shapes.
    """
    with g.name_scope(name, "Tensordot") as scope:
        a = convert_to_tensor(a, name="a")
        b = convert_to_tensor(b, name="b")
        axes_a, axes_b = _contracted_axes(a, axes)
        matrix_a, free_a, static_a = _as_matrix(a, axes_a, summed_first=False)
        matrix_b, free_b, static_b = _as_matrix(b, axes_b, summed_first=True)
        product = matmul(matrix_a, matrix_b)
        if isinstance(free_a, list) and isinstance(free_b, list):
            return g.Reshape(product, free_a + free_b, name=scope)
        free_a = convert_to_tensor(free_a, dtype=dtypes.int32)
        free_b = convert_to_tensor(free_b, dtype=dtypes.int32)
        result = g.Reshape(product, concat([free_a, free_b], 0), name=scope)
        if static_a is not None and static_b is not None:
            result.set_shape(static_a + static_b)
        return result


def _is_integer(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _contracted_axes(a: Tensor, axes: Any) -> tuple[Any, Any]:
    """The axes of each tensor to sum over: lists, or tensors if they depend on unknown ranks."""
    if _is_integer(axes):
        return _last_and_first_axes(a, axes)
    if not isinstance(axes, (list, tuple)):
        both: Any = convert_to_tensor(axes, name="axes", dtype=dtypes.int32)
        return both[0], both[1]
    if len(axes) != 2:
        raise ValueError("'axes' must be an integer or have length 2.")
    axes_a, axes_b = axes
    if _is_integer(axes_a) and _is_integer(axes_b):
        axes_a, axes_b = [axes_a], [axes_b]
    if len(axes_a) != len(axes_b):
        raise ValueError(
            f"Different number of contraction axes 'a' and 'b', {len(axes_a)} != {len(axes_b)}."
        )
    return axes_a, axes_b


def _last_and_first_axes(a: Tensor, count: int) -> tuple[Any, Any]:
    if count < 0:
        raise ValueError("'axes' must be at least 0.")
    rank = a.shape.ndims
    if rank is None:
        dynamic: Any = g.rank(a)
        return range(dynamic - count, dynamic, dtype=dtypes.int32), range(count, dtype=dtypes.int32)
    if count > rank:
        raise ValueError(f"'axes' must not be larger than the number of dimensions of tensor {a}.")
    return list(builtins.range(rank - count, rank)), list(builtins.range(count))


def _as_matrix(a: Tensor, axes: Any, summed_first: bool) -> tuple[Tensor, Any, list[Any] | None]:
    """`a` as a matrix of free and summed dimensions, the free sizes, and their static form."""
    listed = isinstance(axes, (list, tuple))
    if a.shape.is_fully_defined() and listed:
        return _as_matrix_static(a, list(axes), summed_first)
    free_static = None
    if a.shape.ndims is not None and listed:
        dims = a.shape.as_list()
        axes = [i if i >= 0 else i + len(dims) for i in axes]
        free: Any = [i for i in builtins.range(len(dims)) if i not in axes]
        free_static = [dims[i] for i in free]
        axes = convert_to_tensor(axes, dtype=dtypes.int32, name="axes")
        free = convert_to_tensor(free, dtype=dtypes.int32, name="free")
        shape = g.shape(a)
    else:
        shape = g.shape(a)
        rank = g.rank(a)
        axes = convert_to_tensor(axes, dtype=dtypes.int32, name="axes")
        axes = g.Select(axes >= 0, axes, axes + rank)
        free, _ = setdiff1d(range(rank), axes)
    free_dims = g.gather(shape, free)
    summed_dims = g.gather(shape, axes)
    free_size = reduce_prod(free_dims)
    summed_size = reduce_prod(summed_dims)
    if summed_first:
        perm = concat([axes, free], 0)
        sizes = stack([summed_size, free_size])
    else:
        perm = concat([free, axes], 0)
        sizes = stack([free_size, summed_size])
    return g.Reshape(transpose(a, perm), sizes), free_dims, free_static


def _as_matrix_static(
    a: Tensor, axes: list[int], summed_first: bool
) -> tuple[Tensor, list[Any], list[Any]]:
    dims = a.shape.as_list()
    axes = [i if i >= 0 else i + len(dims) for i in axes]
    free = [i for i in builtins.range(len(dims)) if i not in axes]
    free_dims = [dims[i] for i in free]
    free_size = int(np.prod(free_dims))
    summed_size = int(np.prod([dims[i] for i in axes]))
    perm = axes + free if summed_first else free + axes
    sizes = [summed_size, free_size] if summed_first else [free_size, summed_size]
    return g.Reshape(transpose(a, perm), sizes), free_dims, free_dims
