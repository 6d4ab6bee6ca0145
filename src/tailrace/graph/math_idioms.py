"""Idioms of TensorFlow's mathematical gradients: conjugates, sums back to a broadcast operand.

Source: TF 1.15 python/ops/math_grad.py, math_ops.py (conj, reduced_shape).
"""

from __future__ import annotations

import builtins
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from tailrace import dtypes
from tailrace.graph.builder import Builder
from tailrace.graph.constants import evaluate
from tailrace.graph.graph import Graph, get_default_graph
from tailrace.graph.tensor import Tensor

_Dims = tuple[int, ...]

# TF: a graph works out each pair of broadcast shapes, and each reduced shape, once
_broadcast_axes: WeakKeyDictionary[Graph, dict[tuple[_Dims, _Dims], tuple[_Dims, _Dims]]]
_broadcast_axes = WeakKeyDictionary()
_reduced_shapes: WeakKeyDictionary[Graph, dict[tuple[_Dims, _Dims], tuple[_Dims, _Dims]]]
_reduced_shapes = WeakKeyDictionary()


class Operand(NamedTuple):
    """How a result's gradient becomes an operand's: sum over `axes`, reshape to `shape`."""

    shape: Any
    axes: Any
    reduced: bool  # whether the shapes differ at all


class MathIdioms(Builder):
    """The part of the rule builder that mathematical gradients need."""

    def conj(self, x: Tensor) -> Tensor:
        """The complex conjugate; `x` itself when it is real."""
        return self.Conj(x) if x._dtype.is_complex else x

    def range(self, start: Any, limit: Any, delta: Any = 1) -> Tensor:
        """`tf.range` of int32."""
        return self.Range(start, limit, delta, name="range")

    def transpose(self, x: Tensor, perm: Any = None) -> Tensor:
        """`tf.transpose`: the axes in the order `perm`, or reversed; `x` has a known rank then."""
        if perm is None:
            perm = list(reversed(builtins.range(len(x._dims or ()))))
        return self.Transpose(x, perm, name="transpose")

    def gather(self, x: Any, indices: Any) -> Tensor:
        """`tf.gather`: rows of `x`."""
        return self.GatherV2(x, indices, 0)

    def matmul(
        self,
        a: Tensor,
        b: Tensor,
        transpose_a: bool = False,
        transpose_b: bool = False,
        adjoint_a: bool = False,
        adjoint_b: bool = False,
        a_is_sparse: bool = False,
        b_is_sparse: bool = False,
        name: str | None = None,
    ) -> Tensor:
        """`tf.matmul` of tensors: matrices, batches of them, or matrices with many zeros."""
        with self.name_scope(name, "MatMul") as scope:
            plain = (
                a._dims is not None
                and b._dims is not None
                and len(a._dims) <= 2
                and len(b._dims) <= 2
            )
            if not (plain or a_is_sparse or b_is_sparse):
                a = self.conj(a) if transpose_a else a
                b = self.conj(b) if transpose_b else b
                adj_x, adj_y = adjoint_a or transpose_a, adjoint_b or transpose_b
                return self.BatchMatMulV2(a, b, adj_x=adj_x, adj_y=adj_y, name=scope)
            a = self.conj(a) if adjoint_a else a
            b = self.conj(b) if adjoint_b else b
            flags = {
                "transpose_a": transpose_a or adjoint_a,
                "transpose_b": transpose_b or adjoint_b,
            }
            if not _use_sparse(
                a._dtype.base_dtype, b._dtype.base_dtype, a_is_sparse or b_is_sparse
            ):
                return self.MatMul(a, b, name=scope, **flags)
            sparse = {"a_is_sparse": a_is_sparse, "b_is_sparse": b_is_sparse}
            product = self.SparseMatMul(a, b, name=scope, **flags, **sparse)
            both_narrow = a._dtype.base_dtype is b._dtype.base_dtype is dtypes.bfloat16
            return self.cast(product, dtypes.bfloat16) if both_narrow else product

    def operands(self, x: Tensor, y: Tensor, dz: Any) -> tuple[Operand, Operand]:
        """How the gradient `dz` of a broadcast result goes back to operands `x` and `y`.

        No nodes are needed for a pair of known shapes that this graph has seen before.
        """
        if not isinstance(dz, Tensor):
            return self._operands(self.shape(x), self.shape(y))
        dims_x, dims_y = _complete_dims(x), _complete_dims(y)
        if dims_x is None or dims_y is None:
            return self._operands(self.shape(x, optimize=False), self.shape(y, optimize=False))
        seen = _broadcast_axes.setdefault(get_default_graph(), {})
        axes = seen.get((dims_x, dims_y))
        if axes is None:
            known = [evaluate(axes) for axes in self.BroadcastGradientArgs(dims_x, dims_y)]
            axes = seen[dims_x, dims_y] = (_as_dims(known[0]), _as_dims(known[1]))
        return (
            Operand(dims_x, axes[0], dims_x != dz._dims),
            Operand(dims_y, axes[1], dims_y != dz._dims),
        )

    def _operands(self, shape_x: Tensor, shape_y: Tensor) -> tuple[Operand, Operand]:
        axes_x, axes_y = self.BroadcastGradientArgs(shape_x, shape_y)
        return Operand(shape_x, axes_x, True), Operand(shape_y, axes_y, True)

    def sum_to(self, gradient: Tensor, operand: Operand) -> Tensor:
        """`gradient` summed and reshaped to the shape of an operand."""
        return self.Reshape(self.Sum(gradient, operand.axes), operand.shape)

    def same_known_shape(self, x: Tensor, y: Tensor, dz: Any) -> bool:
        """Whether operands and gradient have one shape, fully known: nothing was broadcast."""
        return isinstance(dz, Tensor) and self.same_static_shape(x, y, dz)

    def reduced_shape(self, shape: Any, axes: Any) -> Tensor:
        """`shape` with ones at `axes`, what a reduction that keeps dimensions gives."""
        shape = self.cast(shape, dtypes.int32)
        axes = self.cast(axes, dtypes.int32)
        rank = self.size(shape)
        axes = self.FloorMod(self.AddV2(axes, rank, name="add"), rank, name="mod")
        axes_shape = self.shape(axes)
        positions = self.range(0, rank)
        return self.DynamicStitch([positions, axes], [shape, self.Fill(axes_shape, 1)])

    def shape_quotient(self, x: Any, y: Any) -> Tensor:
        """`x // y` of sizes, 0 where both are 0."""
        return self.FloorDiv(x, self.Maximum(y, 1), name="floordiv")

    def reduction_tiling(self, dims: _Dims, axes: _Dims) -> tuple[_Dims, _Dims]:
        """Shape with ones at `axes`, and how often to tile it to get `dims` back."""
        seen = _reduced_shapes.setdefault(get_default_graph(), {})
        found = seen.get((dims, axes))
        if found is None:
            self.reduced_shape(dims, axes)
            reduced = {axis % len(dims) for axis in axes}
            kept = tuple(1 if i in reduced else size for i, size in enumerate(dims))
            self.shape_quotient(dims, kept)
            tiling = tuple(size // max(k, 1) for size, k in zip(dims, kept, strict=True))
            found = seen[dims, axes] = (kept, tiling)
        return found


def _use_sparse(a: dtypes.DType, b: dtypes.DType, asked: bool) -> bool:
    """Whether a product is `SparseMatMul`'s: on request, and if one factor alone is bfloat16."""
    sparse_types = (dtypes.bfloat16, dtypes.float32)
    mixed = dtypes.bfloat16 in (a, b) and a is not b
    return mixed or (asked and a in sparse_types and b in sparse_types)


def _complete_dims(tensor: Tensor) -> _Dims | None:
    dims = tensor._dims
    return None if dims is None or None in dims else dims  # type: ignore[return-value]


def _as_dims(value: Any) -> _Dims:
    assert value is not None, "a constant shape could not be computed"
    return tuple(value.tolist())
