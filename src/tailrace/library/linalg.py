"""Products of matrices and tensors.

Source: TF 1.15 python/ops/math_ops.py (matmul, matvec, tensordot).
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import Tensor, convert_to_tensor, g


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
        for letter, transpose, adjoint in (
            ("a", transpose_a, adjoint_a),
            ("b", transpose_b, adjoint_b),
        ):
            if transpose and adjoint:
                raise ValueError(
                    f"Only one of transpose_{letter} and adjoint_{letter} can be True."
                )
        a = convert_to_tensor(a, name="a")
        b = convert_to_tensor(b, name="b")
        flags = (transpose_a, transpose_b, adjoint_a, adjoint_b, a_is_sparse, b_is_sparse)
        return g.matmul(a, b, *flags, name=scope)
