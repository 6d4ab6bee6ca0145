"""What is known of a tensor's value before anything runs.

TensorFlow's shape inference evaluates constant subgraphs, so that `reshape(x, [tf.size(c), -1])`
has a static shape; so does this module, with the operations' own kernels.

Source: TF 1.15 core/common_runtime/eval_const_tensor.cc, core/framework/shape_inference.cc,
python/framework/tensor_util.py (constant_value, constant_value_as_shape).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from tailrace import arrays, registry
from tailrace.graph.inference import InputShape, split_inputs
from tailrace.shapes import UNKNOWN, Shape, UnknownRank, as_shape, product

if TYPE_CHECKING:
    from tailrace.graph.operation import Operation
    from tailrace.graph.tensor import Tensor

_LARGEST = 4096  # elements; larger values are data, not shapes
_DEEPEST = 64

_values: WeakKeyDictionary[Operation, list[np.ndarray]] = WeakKeyDictionary()


def evaluate(tensor: Tensor, depth: int = 0) -> np.ndarray | None:
    """The value a tensor has in every run, or None when it may vary or is large."""
    op = tensor._op
    if op.op_def.known_value_rule is not None:
        known = _apply(op, op.op_def.known_value_rule)
        if known is not None and known[tensor._value_index] is not None:
            return known[tensor._value_index]
    outputs = _values.get(op)
    if outputs is None:
        outputs = _evaluate_op(op, depth)
        if outputs is None:
            return None
        _values[op] = outputs
    return outputs[tensor._value_index]


def static_value(tensor: Tensor) -> np.ndarray | None:
    """The value as far as TensorFlow's Python code looks for it: through few types of operations.

    Which nodes are built depends on it, while shapes are inferred with all that `evaluate` finds.
    """
    op = tensor._op
    if not op.op_def.static:
        return None
    if op.op_def.known_value_rule is None and any(static_value(t) is None for t in op._inputs):
        return None
    return evaluate(tensor)


def _apply(op: Operation, rule: Any, known: type[InputShape] = InputShape) -> Any:
    """Call a rule that takes what a shape rule takes; None when it asks for more than is known."""
    inputs = split_inputs(op.op_def, [known(t) for t in op._inputs], op.attrs)
    try:
        return rule(*inputs, **{name: op.attrs[name] for name in registry.keyword_names(rule)})
    except UnknownRank:
        return None


def _evaluate_op(op: Operation, depth: int) -> list[np.ndarray] | None:
    op_def = op.op_def
    if op_def.stateful or op_def.context or op_def.varies or op_def.writes or op_def.region:
        return None
    if not op._inputs or depth > _DEEPEST:
        return None
    sizes = [product(t._dims) for t in op.outputs if t._dims is not None]
    if any(size is not None and size > _LARGEST for size in sizes):
        return None
    inputs = []
    for tensor in op._inputs:
        value = None if tensor._dtype._is_ref_dtype else evaluate(tensor, depth + 1)
        if value is None or value.size > _LARGEST:
            return None
        inputs.append(value)
    return _run(op, inputs)


def _run(op: Operation, inputs: list[np.ndarray]) -> list[np.ndarray] | None:
    try:
        outputs = run_kernel(op, [arrays.to_torch(np.asarray(v)) for v in inputs])
    except Exception:  # a constant that fails to compute is reported when it is run
        return None
    return [arrays.to_numpy(v) for v in outputs]


def _on_host(value: Any) -> Any:
    return [_on_host(v) for v in value] if isinstance(value, list) else arrays.host_value(value)


def run_kernel(op: Operation, values: list[Any]) -> list[Any]:
    """Run an operation's kernel on values of the engine, one per input; gives one per output."""
    op_def = op.op_def
    grouped = split_inputs(op_def, values, op.attrs)
    args = [
        _on_host(v) if arg.name in op_def.host else v
        for arg, v in zip(op_def.inputs, grouped, strict=True)
    ]
    bound = op_def.bind_rule(op.attrs) if op_def.bind_rule is not None else None
    if bound is not None:
        result = bound(*args)
    else:
        result = op_def.kernel(*args, **{name: op.attrs[name] for name in op_def.kernel_attrs})
    single = len(op_def.outputs) == 1 and not op_def.outputs[0].is_list
    return [result] if single else list(result or [])


def static_as_shape(tensor: Tensor) -> Shape:
    """A vector of sizes read as a shape, as far as TensorFlow's Python code knows its entries."""
    return _read_as_shape(tensor, static_value(tensor), _StaticInput)


def evaluate_as_shape(tensor: Tensor) -> Shape:
    """A vector of sizes read as a shape, as far as its entries are known."""
    return _read_as_shape(tensor, evaluate(tensor), InputShape)


class _StaticInput(InputShape):
    """An input of which as much is known as TensorFlow's Python code would find."""

    __slots__ = ()

    @property
    def value(self) -> np.ndarray | None:
        return static_value(self.tensor)

    def as_shape(self) -> Shape:
        return static_as_shape(self.tensor)


def _read_as_shape(tensor: Tensor, value: np.ndarray | None, known: type[InputShape]) -> Shape:
    if value is not None:
        if value.ndim == 0:
            return UNKNOWN  # TF: a scalar -1 stands for unknown rank
        return Shape(None if d < 0 else int(d) for d in value.tolist())
    rule = tensor._op.op_def.known_sizes_rule
    sizes = None if rule is None else _apply(tensor._op, rule, known)
    if sizes is not None:
        return Shape(as_shape(sizes).dims)
    length = tensor._dims[0] if tensor._dims is not None and len(tensor._dims) == 1 else None
    return UNKNOWN if length is None else Shape([None] * length)
