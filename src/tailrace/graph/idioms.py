"""What TensorFlow's Python does around the raw operations, as gradient rules and the library both
need it.

A shape that is known becomes a constant instead of a `Shape` node, zeros of a small known shape
become a constant, a cast to the same type nothing. Node names and counts depend on it.

Source: TF 1.15 python/ops/array_ops.py, math_ops.py, control_flow_ops.py.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.dtypes import DType, as_dtype
from tailrace.graph import convert
from tailrace.graph.composite import IndexedSlices, SparseTensor
from tailrace.graph.constants import evaluate_as_shape, static_value
from tailrace.graph.graph import get_default_graph
from tailrace.graph.operation import Operation
from tailrace.graph.spectral_idioms import SpectralIdioms
from tailrace.graph.tensor import Tensor
from tailrace.shapes import TensorShape

_SMALL = 1000  # elements; zeros up to here are constants


class RuleBuilder(SpectralIdioms):
    """The builder with TensorFlow's Python-level idioms in lower case: `g.shape(x)`,
    `g.reduce_sum(x, axis)`.
    """

    @staticmethod
    def convert(value: Any, dtype: Any = None, name: str | None = None) -> Tensor:
        return convert.convert_to_tensor(value, dtype, name)

    @staticmethod
    def constant(value: Any, dtype: Any = None, shape: Any = None, name: str = "Const") -> Tensor:
        return convert.constant(value, dtype, shape, name)

    @staticmethod
    def known(tensor: Tensor) -> np.ndarray | None:
        """The value of a tensor when TensorFlow's Python code would know it, or None."""
        return static_value(tensor)

    @staticmethod
    def known_shape(tensor: Tensor) -> tuple[int | None, ...] | None:
        """A vector of sizes read as a shape."""
        return evaluate_as_shape(tensor).dims

    @staticmethod
    def name_scope(name: str | None, default: str | None = None) -> Any:
        """`tf.name_scope(name, default)`."""
        return get_default_graph().name_scope(default if name is None else name)

    @staticmethod
    def control_dependencies(ops: Iterable[Any] | None) -> Any:
        return get_default_graph().control_dependencies(ops)

    @staticmethod
    def device(name: str | None) -> Any:
        return get_default_graph().device(name)

    @staticmethod
    def colocate_with(op: Any, ignore_existing: bool = False) -> Any:
        return get_default_graph().colocate_with(op, ignore_existing)

    @staticmethod
    def here(tensor: Tensor, other: Tensor) -> Tensor:
        """A constant of another loop or conditional than `other`'s, made anew;
        any other tensor itself.
        """
        if tensor.op.op_def.inputs or tensor.op.op_def.known_value_rule is None:
            return tensor
        if _context_of(tensor.op) is _context_of(other.op):
            return tensor
        return convert.constant(static_value(tensor), tensor._dtype)

    @staticmethod
    def indexed_slices(values: Tensor, indices: Tensor, dense_shape: Tensor | None = None) -> Any:
        return IndexedSlices(values, indices, dense_shape)

    @staticmethod
    def is_indexed_slices(value: Any) -> bool:
        return isinstance(value, IndexedSlices)

    def shape(
        self, x: Any, name: str | None = None, out_type: DType = dtypes.int32, optimize: bool = True
    ) -> Tensor:
        """The shape as a vector; a constant when it is known."""
        with self.name_scope(name, "Shape") as scope:
            if isinstance(x, SparseTensor):
                return self.Cast(x.dense_shape, DstT=out_type)
            x = convert.convert_to_tensor(x)
            if optimize and x._dims is not None and None not in x._dims:
                return convert.constant(list(x._dims), out_type, name=scope)
            return self.Shape(x, out_type=out_type, name=scope)

    def size(
        self, x: Any, name: str | None = None, out_type: DType = dtypes.int32, optimize: bool = True
    ) -> Tensor:
        """The number of elements; a constant when it is known."""
        with self.name_scope(name, "Size") as scope:
            if isinstance(x, SparseTensor):
                return self.Prod(self.cast(x.dense_shape, out_type), [0], name=scope)
            x = convert.convert_to_tensor(x)
            if optimize and x._dims is not None and None not in x._dims:
                return convert.constant(int(np.prod(x._dims)), out_type, name=scope)
            return self.Size(x, out_type=out_type, name=scope)

    def rank(self, x: Any, name: str | None = None, optimize: bool = True) -> Tensor:
        """The number of dimensions; a constant when it is known."""
        with self.name_scope(name, "Rank") as scope:
            if isinstance(x, SparseTensor):
                return self.Size(x.dense_shape, name=scope)
            x = convert.convert_to_tensor(x)
            if optimize and x._dims is not None:
                return convert.constant(len(x._dims), dtypes.int32, name=scope)
            return self.Rank(x, name=scope)

    def cast(self, x: Any, dtype: Any, name: str | None = None) -> Any:
        """`x` as another element type; itself when it has that type."""
        base = as_dtype(dtype).base_dtype
        if isinstance(x, Tensor) and x._dtype is base:
            return x
        with self.name_scope(name, "Cast") as scope:
            if isinstance(x, SparseTensor):
                return SparseTensor(x.indices, self.cast(x.values, base), x.dense_shape)
            if isinstance(x, IndexedSlices):
                return IndexedSlices(self.cast(x.values, base), x.indices, x.dense_shape)
            x = convert.convert_to_tensor(x, name="x")
            if x._dtype.base_dtype is base:
                return x
            return self.Cast(x, DstT=base, name=scope)

    def zeros(self, shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Tensor:
        return self._filled(shape, dtype, name, "zeros", 0)

    def ones(self, shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Tensor:
        return self._filled(shape, dtype, name, "ones", 1)

    def _filled(
        self, shape: Any, dtype: Any, name: str | None, default: str, number: int
    ) -> Tensor:
        dtype = as_dtype(dtype).base_dtype
        with self.name_scope(name, default) as scope:
            value: Any = bool(number) if dtype is dtypes.bool else number
            value = (str(number) if number else "") if dtype is dtypes.string else value
            if not isinstance(shape, Tensor):
                dims = _static_dims(shape)
                if dims is None:
                    self._compare_size(shape)
                    shape = convert.convert_to_tensor(shape, dtypes.int32)
                elif np.prod(dims) < _SMALL and hasattr(shape, "__len__"):
                    return convert.constant(value, dtype, dims, name=scope)
                else:
                    shape = convert.convert_to_tensor(TensorShape(dims))
            if shape._dims == ():
                shape = self.Reshape(shape, [-1])
            return self.Fill(shape, convert.constant(value, dtype), name=scope)

    def _compare_size(self, shape: Any) -> None:
        """The nodes TF leaves behind when it asks whether a shape with tensors inside is small."""
        if isinstance(shape, (list, tuple)):
            self.Less(functools.reduce(operator.mul, shape), _SMALL)

    def zeros_like(
        self, x: Any, dtype: Any = None, name: str | None = None, optimize: bool = True
    ) -> Tensor:
        with self.name_scope(name, "zeros_like") as scope:
            x = convert.convert_to_tensor(x, name="tensor")
            wanted = x._dtype.base_dtype if dtype is None else as_dtype(dtype)
            if (
                optimize
                and x._dims is not None
                and None not in x._dims
                and x._dtype is not dtypes.variant
            ):
                return self.zeros(list(x._dims), wanted, name=scope)
            if wanted is not x._dtype.base_dtype:
                return self.zeros(self.shape(x, optimize=optimize), wanted, name=scope)
            return self.ZerosLike(x, name=scope)

    def ones_like(
        self, x: Any, dtype: Any = None, name: str | None = None, optimize: bool = True
    ) -> Tensor:
        with self.name_scope(name, "ones_like") as scope:
            x = convert.convert_to_tensor(x, name="tensor")
            wanted = x._dtype.base_dtype if dtype is None else as_dtype(dtype)
            result = self.ones(self.shape(x, optimize=optimize), wanted, name=scope)
            if not optimize or x._dims is None:
                return result
            result.set_shape(x._dims)
            return result

    def all_axes(self, x: Any, axis: Any) -> Any:
        """The axes of a reduction: those given, or all of `x`'s."""
        if axis is not None:
            return axis
        count = None
        if isinstance(x, Tensor):
            count = None if x._dims is None else len(x._dims)
        elif isinstance(x, SparseTensor):
            count = x.dense_shape._dims[0] if x.dense_shape._dims else None
        if count is None:  # TF: also for variables and for what is not a tensor yet
            return self.range(0, self.rank(x))
        return convert.constant(np.arange(count), dtypes.int32)

    def reduce_sum(
        self, x: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
    ) -> Tensor:
        return self.Sum(x, self.all_axes(x, axis), keep_dims=keepdims, name=name)

    def unbroadcast(
        self, x: Tensor, y: Tensor, dx: Callable[[], Any], dy: Callable[[], Any]
    ) -> tuple[Any, Any]:
        """The gradients of two factors that were broadcast against each other, summed back to their
        shapes.

        `dx` and `dy` build the gradients of the full shape; they are called in TensorFlow's order.
        """
        shape_x, shape_y = self.shape(x), self.shape(y)
        axes_x, axes_y = self.BroadcastGradientArgs(shape_x, shape_y)
        return (
            self.Reshape(self.Sum(dx(), axes_x), shape_x),
            self.Reshape(self.Sum(dy(), axes_y), shape_y),
        )

    def same_static_shape(self, *tensors: Tensor) -> bool:
        """Whether all have one shape that is fully known."""
        first = tensors[0]._dims
        return first is not None and None not in first and all(t._dims == first for t in tensors)

    def group(self, *inputs: Any, name: str | None = None) -> Operation:
        """An operation that is done when all inputs are; one `NoOp` per device below it."""
        with self.name_scope(name, "group_deps") as scope:
            by_device: dict[str, list[Any]] = {}
            for item in _flatten(inputs):
                element = (
                    getattr(item, "op", item) if not isinstance(item, (Tensor, Operation)) else item
                )
                by_device.setdefault(element.device, []).append(element)
            if len(by_device) <= 1:
                ((device, deps),) = by_device.items() or [("", [])]
                return self._no_op_after(device, deps, scope)
            groups = [self._no_op_after(d, by_device[d], None) for d in sorted(by_device)]
            with self.control_dependencies(groups):
                return self.NoOp(name=scope)

    def _no_op_after(self, device: str, deps: list[Any], name: str | None) -> Operation:
        graph = get_default_graph()
        with graph.control_dependencies(deps):
            if not device:
                return self.NoOp(name=name)
            with graph.device(device):
                return self.NoOp(name=name)

    def with_dependencies(
        self, dependencies: list[Any], output: Any, name: str | None = None
    ) -> Any:
        """`output`, given only after `dependencies` have run."""
        with self.name_scope(name, "control_dependency") as scope, self.colocate_with(output), \
                self.control_dependencies(dependencies):  # fmt: skip
            if isinstance(output, IndexedSlices):
                return self._slices_identity(output, scope)
            tensor = convert.convert_to_tensor(output, as_ref=True)
            return self.identity(tensor, name=scope)

    def identity(self, x: Any, name: str | None = None) -> Any:
        """`x` itself as a new node; a reference stays one."""
        if x._dtype._is_ref_dtype:
            return self.RefIdentity(x, name=name)
        return self.Identity(x, name=name)

    def _slices_identity(self, slices: IndexedSlices, scope: str) -> IndexedSlices:
        # TF: only the values wait, not the indices
        values = self.identity(slices.values, name=scope)
        return IndexedSlices(values, slices.indices, slices.dense_shape)

    def tuple(
        self, tensors: list[Any], name: str | None = None, control_inputs: Any = None
    ) -> list[Any]:
        """`tensors`, none of them given before all are computed. None stays None."""
        with self.name_scope(name, "tuple"):
            gates = [t if isinstance(t, Operation) else t.op for t in tensors if t is not None]
            gates.extend(op.op if isinstance(op, Tensor) else op for op in control_inputs or [])
            if not gates:
                raise ValueError("Must have at least one Tensor: gating_ops is empty")
            gates = sorted(set(gates), key=lambda op: op._id)
            gate = self.group(*gates)
            return [_gated(self, t, gate) for t in tensors]


def _context_of(op: Operation) -> Any:
    """The loop or conditional an operation's outputs belong to."""
    context = op._get_control_flow_context()
    return context.outer_context if op.op_def.region == "exit" and context is not None else context


def _gated(g: RuleBuilder, tensor: Any, gate: Operation) -> Any:
    if tensor is None:
        return None
    if isinstance(tensor, Operation):
        with g.control_dependencies([gate]):
            return g.NoOp()
    return g.with_dependencies([gate], tensor)


def _flatten(items: Any) -> list[Any]:
    if isinstance(items, dict):
        return [x for key in sorted(items) for x in _flatten(items[key])]
    if isinstance(items, (list, tuple)) and not isinstance(items, str):
        return [x for item in items for x in _flatten(item)]
    return [items]


def _static_dims(shape: Any) -> list[int] | None:
    """The dimensions of a shape given in Python; None when tensors are among them."""
    if isinstance(shape, TensorShape):
        return [int(d) for d in shape.as_list()]
    if isinstance(shape, np.ndarray):
        return [int(d) for d in shape.reshape(-1)]
    items = list(shape) if isinstance(shape, (list, tuple)) else [shape]
    if any(isinstance(i, Tensor) or hasattr(i, "_as_graph_element") for i in items):
        return None
    return [int(i) for i in items]


g = RuleBuilder()
