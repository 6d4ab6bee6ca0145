"""`tf.contrib.framework`: small things about tensors, conditions and variables.

Source: TF 1.15 contrib/framework/python/framework/tensor_util.py, ops/variables.py,
python/framework/smart_cond.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import SparseTensor, Tensor, convert_to_tensor, g, get_default_graph
from tailrace.library import arithmetic, array, checks, nest, reductions, script_ops
from tailrace.library.collections import GraphKeys
from tailrace.library.control_flow import Assert
from tailrace.library.layers import tools
from tailrace.library.variables import Variable
from tailrace.library.weights import remove_squeezable_dimensions as squeezed
from tailrace.shapes import TensorShape


def smart_constant_value(pred: Any) -> bool | None:
    """The truth of `pred` where it is known when the graph is built, else None.

    Raises: TypeError for what is neither a tensor nor a bool, 0 or 1.
    """
    return tools.known_condition(pred)


def py_func(
    func: Callable[..., Any],
    args: Any = (),
    kwargs: dict[str, Any] | None = None,
    output_types: Any = None,
    output_shapes: Any = None,
    stateful: bool = True,
    name: str | None = None,
) -> Any:
    """`tf.py_func` with structures: what `func(*args, **kwargs)` returns, arranged like the types.

    `output_types` and `output_shapes` may be functions of the arguments.
    Raises: TypeError when `args` is no list or tuple, or `kwargs` no dict.
    """
    named = {} if kwargs is None else kwargs
    for what, value, kinds in (("args", args, (list, tuple)), ("kwargs", named, dict)):
        if not isinstance(value, kinds):
            raise TypeError(f"{what} must not be {type(value)}. args: {value}")
    types = output_types(*args, **named) if callable(output_types) else output_types
    shapes = output_shapes(*args, **named) if callable(output_shapes) else output_shapes

    def flat(*values: Any) -> list[Any]:
        positional, by_name = nest.pack_sequence_as((args, named), values)
        result = func(*positional, **by_name)
        nest.assert_shallow_structure(types, result)
        return nest.flatten(result)

    found = script_ops.py_func(
        flat, nest.flatten((args, named)), nest.flatten(types), stateful, name
    )
    if shapes is not None:
        of_each = nest.map_structure_up_to(types, TensorShape, shapes)
        for tensor, size in zip(found, nest.flatten_up_to(types, of_each), strict=True):
            tensor.set_shape(size)
    return nest.pack_sequence_as(types, found)


def smart_cond(
    pred: Any,
    true_fn: Callable[[], Any] | None = None,
    false_fn: Callable[[], Any] | None = None,
    name: str | None = None,
) -> Any:
    """What one of the functions builds where `pred` is known already, else `tf.cond` of both.

    Raises: TypeError for what cannot be called.
    """
    if not callable(true_fn):
        raise TypeError("`true_fn` must be callable.")
    if not callable(false_fn):
        raise TypeError("`false_fn` must be callable.")
    return tools.smart_cond(pred, true_fn, false_fn, name)


def local_variable(
    initial_value: Any,
    validate_shape: bool = True,
    name: str | None = None,
    use_resource: bool | None = None,
) -> Any:
    """A variable of this process alone, neither trained nor saved."""
    return _untrained(GraphKeys.LOCAL_VARIABLES, initial_value, validate_shape, name, use_resource)


def global_variable(
    initial_value: Any,
    validate_shape: bool = True,
    name: str | None = None,
    use_resource: bool | None = None,
) -> Any:
    """A variable that is saved, and not trained."""
    return _untrained(GraphKeys.GLOBAL_VARIABLES, initial_value, validate_shape, name, use_resource)


def _untrained(
    collection: str, value: Any, validate_shape: bool, name: str | None, use_resource: Any
) -> Any:
    return Variable(
        value,
        trainable=False,
        collections=[collection],
        validate_shape=validate_shape,
        name=name,
        use_resource=use_resource,
    )


def get_name_scope() -> str:
    """The name scope in force, without a slash at its end."""
    return get_default_graph().get_name_scope()


def assert_scalar_int(tensor: Any, name: str | None = None) -> Tensor:
    """The tensor. Raises: ValueError unless it is a whole number of shape []."""
    with g.name_scope(name, "assert_scalar_int") as scope:
        tensor = convert_to_tensor(tensor)
        if not tensor.dtype.base_dtype.is_integer:
            raise ValueError(
                f"Expected integer type for {tensor.name}, received type: {tensor.dtype}."
            )
        return checks.assert_scalar(tensor, name=scope)


def reduce_sum_n(tensors: Sequence[Tensor], name: str | None = None) -> Tensor:
    """The sum of all elements of all tensors. Raises: ValueError for none."""
    if not tensors:
        raise ValueError("No tensors provided.")
    with g.name_scope(name, "reduce_sum_n") as scope:
        sums = [reductions.reduce_sum(t, name=f"{t.op.name}/sum") for t in tensors]
        return sums[0] if len(sums) == 1 else reductions.add_n(sums, name=scope)


def remove_squeezable_dimensions(
    predictions: Any, labels: Any, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Both without a last dimension of size 1 that the other does not have."""
    labels, predictions = squeezed(labels, predictions, name=name)
    return predictions, labels


# -- shapes that are wanted ------------------------------------------------------------------------


def with_same_shape(expected_tensor: Tensor, tensor: Tensor) -> Tensor:
    """The tensor, checked to have the other's shape."""
    with g.name_scope(f"{tensor.op.name}/"):
        shape = expected_tensor.get_shape()
        if shape.is_fully_defined():
            return with_shape(shape.as_list(), tensor)
        return with_shape(array.shape(expected_tensor, name="expected_shape"), tensor)


def with_shape(expected_shape: Any, tensor: Tensor) -> Tensor:
    """The tensor, checked to have the shape: now if both are known, else when it runs.

    A tensor of one element is made a scalar where a scalar is wanted.

    Raises: ValueError for another shape, one that is no row of int32, or a sparse tensor.
    """
    if isinstance(tensor, SparseTensor):
        raise ValueError("SparseTensor not supported.")
    wanted = _checked_shape(expected_shape, tensor)
    actual = tensor.get_shape()
    scalar = not isinstance(wanted, (Tensor, TensorShape)) and len(wanted) == 0
    if not actual.is_fully_defined() or isinstance(wanted, Tensor):
        with g.name_scope(f"{tensor.op.name}/"):
            if scalar:
                return array.reshape(tensor, [])
            with g.control_dependencies([_assert_shape(wanted, tensor)]):
                result = array.identity(tensor)
            if not isinstance(wanted, Tensor):
                result.set_shape(wanted)
            return result
    if actual.is_compatible_with(wanted):
        return tensor
    if scalar and actual.is_compatible_with([1]):
        with g.name_scope(f"{tensor.op.name}/"):
            return array.reshape(tensor, [])
    raise ValueError(f"Invalid shape for tensor {tensor.name}, expected {wanted}, got {actual}.")


def _checked_shape(shape: Any, tensor: Tensor) -> Any:
    if isinstance(shape, (list, tuple)):
        shape = np.asarray(shape, np.int32) if not shape else np.asarray(shape)
        shape = shape.astype(np.int32) if shape.dtype == np.int64 else shape
    if isinstance(shape, np.ndarray) and shape.ndim > 1:
        raise ValueError(
            f"Invalid rank {shape.ndim} for shape {shape} expected of tensor {tensor.name}."
        )
    dtype = getattr(shape, "dtype", None)
    if dtype is not None and dtypes.as_dtype(dtype).base_dtype is not dtypes.int32:
        raise ValueError(
            f"Invalid dtype {dtype} for shape {shape} expected of tensor {tensor.name}."
        )
    return shape


def _assert_shape(wanted: Any, tensor: Tensor) -> Any:
    with g.name_scope("assert_shape", "assert_shape") as scope:
        actual = array.shape(tensor, name="actual")
        if isinstance(wanted, TensorShape) and not wanted.is_fully_defined():
            wanted = [n or -1 for n in wanted.as_list()]
        fits = _fits(wanted, tensor, actual)
        message = f"Wrong shape for {tensor.name} [expected] [actual]."
        return Assert(fits, [message, wanted, actual], name=scope)


def _fits(wanted: Any, tensor: Tensor, actual: Tensor) -> Tensor:
    with g.name_scope("is_shape", "is_shape") as scope:
        rank = array.size(wanted)
        with g.name_scope("is_rank", "is_rank") as inner:
            expected = convert_to_tensor(rank, name="expected")
            same_rank = arithmetic.equal(expected, array.rank(tensor, name="actual"), name=inner)
        with g.name_scope("shape_tensor_equal", "shape_tensor_equal") as inner:
            free = arithmetic.equal(wanted, -1)
            equal = arithmetic.equal(wanted, actual, "equal")
            either = arithmetic.logical_or(free, equal, name="exclude_partial_shape")
            same = reductions.reduce_all(either, name=inner)
        return arithmetic.logical_and(same_rank, same, name=scope)
