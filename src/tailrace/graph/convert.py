"""From what a program writes to tensors: constants, lists with tensors inside, variables.

Source: TF 1.15 python/framework/ops.py (convert_to_tensor), constant_op.py, tensor_util.py
(make_tensor_proto), python/ops/array_ops.py (autopacking).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tailrace import arrays, dtypes, registry
from tailrace.dtypes import DType, as_dtype
from tailrace.graph.graph import Graph, get_default_graph
from tailrace.graph.tensor import Tensor
from tailrace.shapes import Dimension, TensorShape

# (type, priority, function(value, dtype, name, as_ref) -> Tensor or NotImplemented), lowest
# priority first
_conversions: list[tuple[Any, int, Callable[..., Any]]] = []


def register_tensor_conversion_function(
    base_type: Any, conversion_func: Callable[..., Any], priority: int = 100
) -> None:
    """Teach `convert_to_tensor` about a class: `conversion_func(value, dtype=, name=, as_ref=)`."""
    _conversions.append((base_type, priority, conversion_func))
    _conversions.sort(key=lambda entry: entry[1])


def convert_to_tensor(
    value: Any,
    dtype: Any = None,
    name: str | None = None,
    as_ref: bool = False,
    preferred_dtype: Any = None,
) -> Tensor:
    """`value` as a tensor of the default graph.

    Raises: ValueError when it is a tensor of another type, TypeError when it cannot be converted.
    """
    if isinstance(value, Tensor):
        return _checked_tensor(value, dtype, as_ref)
    wanted = None if dtype is None else as_dtype(dtype).base_dtype
    if wanted is None and preferred_dtype is not None:
        try:
            return _convert(value, as_dtype(preferred_dtype), name, as_ref)
        except (TypeError, ValueError):
            wanted = None
    return _convert(value, wanted, name, as_ref)


def _checked_tensor(tensor: Tensor, dtype: Any, as_ref: bool) -> Tensor:
    if dtype is not None and not as_dtype(dtype).base_dtype.is_compatible_with(tensor._dtype):
        raise ValueError(
            f"Tensor conversion requested dtype {as_dtype(dtype).name} for Tensor with dtype "
            f"{tensor._dtype.name}: {tensor!r}"
        )
    return tensor


def _convert(value: Any, dtype: DType | None, name: str | None, as_ref: bool) -> Tensor:
    for base_type, _, function in _conversions:
        if isinstance(value, base_type):
            result = function(value, dtype=dtype, name=name, as_ref=as_ref)
            if result is not NotImplemented:
                return result
    if isinstance(value, (list, tuple)) and _holds_tensor(value):
        return _pack(value, dtype, name or "packed")
    return constant(value, dtype, name=name or "Const")


def _holds_tensor(values: Any) -> bool:
    return any(
        isinstance(v, Tensor)
        or (isinstance(v, (list, tuple)) and _holds_tensor(v))
        or (not isinstance(v, (list, tuple)) and _has_conversion(v))
        for v in values
    )


def _has_conversion(value: Any) -> bool:
    return any(isinstance(value, t) for t, _, _ in _conversions) and not isinstance(
        value, (TensorShape, Dimension)
    )


def _element_dtype(values: Any) -> DType | None:
    for value in values:
        if isinstance(value, (list, tuple)):
            inner = _element_dtype(value)
            if inner is not None:
                return inner
        elif isinstance(value, Tensor) or _has_conversion(value):
            return value.dtype.base_dtype
    return None


def _pack(values: Any, dtype: DType | None, name: str) -> Tensor:
    """A list with tensors inside becomes nested `Pack`s;
    tensors of another type than wanted are cast.
    """
    inferred = _element_dtype(values)
    if dtype is not None and inferred is not dtype:
        values = _cast_tensors(values, dtype)
    return _packed(values, dtype or inferred, name)


def _is_dense(value: Any) -> bool:
    return isinstance(value, Tensor) or (
        not isinstance(value, (list, tuple)) and _has_conversion(value)
    )


def _cast_tensors(values: Any, dtype: DType) -> list[Any]:
    cast = []
    for value in values:
        if isinstance(value, (list, tuple)):
            value = _cast_tensors(value, dtype)
        elif _is_dense(value) and value.dtype.base_dtype is not dtype:
            attrs = {"SrcT": value.dtype.base_dtype, "DstT": dtype, "Truncate": False}
            tensor = convert_to_tensor(value)
            value = (
                get_default_graph()._add(registry.OPS["Cast"], [tensor], attrs, "Cast").outputs[0]
            )
        cast.append(value)
    return cast


def _packed(values: Any, dtype: DType | None, name: str) -> Any:
    """A `Pack` of the values; the list itself when no tensor is in it."""
    graph = get_default_graph()
    with graph.name_scope(name) as scope:
        items = [
            _packed(v, dtype, str(i)) if isinstance(v, (list, tuple)) else v
            for i, v in enumerate(values)
        ]
        if not any(_is_dense(item) for item in items):
            return items
        for item in items:
            if _is_dense(item) and item.dtype.base_dtype is not dtype:
                raise TypeError(
                    f"Cannot convert a list containing a tensor of dtype {item.dtype} to {dtype} "
                    f"(Tensor is: {item!r})"
                )
        elements = [
            item if _is_dense(item) else constant(item, dtype, name=str(i))
            for i, item in enumerate(items)
        ]
        parts = [convert_to_tensor(e, dtype, name=f"values_{i}") for i, e in enumerate(elements)]
        attrs = {"N": len(parts), "T": dtype, "axis": 0}
        return graph._add(registry.OPS["Pack"], parts, attrs, scope).outputs[0]


def constant(
    value: Any,
    dtype: Any = None,
    shape: Any = None,
    name: str = "Const",
    verify_shape: bool = False,
) -> Tensor:
    """A constant tensor; the last element fills what `shape` has beyond `value`.

    Raises: TypeError when `value` has elements of another type, ValueError when `shape` is too
    small for it.
    """
    array = as_array(value, None if dtype is None else as_dtype(dtype), shape, verify_shape)
    return add_constant(get_default_graph(), array, name)


def add_constant(graph: Graph, array: np.ndarray, name: str) -> Tensor:
    """The output of a new `Const` of `graph`."""
    attrs = {"value": array, "dtype": as_dtype(array.dtype)}
    return graph._add(registry.OPS["Const"], [], attrs, name, compute_device=True).outputs[0]


def as_array(
    value: Any, dtype: DType | None = None, shape: Any = None, verify_shape: bool = False
) -> np.ndarray:
    """The array TensorFlow would store for a constant: Python floats are float32, ints int32."""
    array = _to_array(value, dtype)
    if shape is None:
        return array
    dims = tuple(int(d) for d in TensorShape(shape).as_list())
    size = int(np.prod(dims))
    if size == 0 and not isinstance(value, np.ndarray):
        return np.empty(dims, dtype=array.dtype)
    if verify_shape and dims != array.shape:
        raise TypeError(f"Expected Tensor's shape: {dims}, got {array.shape}.")
    if array.size > size or (array.size == 0 and size > 0):
        raise ValueError(
            f"Too many elements provided. Needed at most {size}, but received {array.size}"
            if array.size
            else f"A constant of shape {dims} needs at least one value"
        )
    if array.size == 1 and size > 1:
        # one value for all elements: so it is stored in GraphDefs, as TensorFlow does
        return np.broadcast_to(array.reshape(-1), size).reshape(dims)
    filled = np.empty(size, dtype=array.dtype)
    filled[: array.size] = array.reshape(-1)
    if array.size < size:
        filled[array.size :] = array.reshape(-1)[-1]
    return filled.reshape(dims)


def _to_array(value: Any, dtype: DType | None) -> np.ndarray:
    if value is None:
        raise ValueError("None values not supported.")
    if isinstance(value, (TensorShape, Dimension)) or hasattr(value, "as_numpy_dtype"):
        value = _plain(value)
    if isinstance(value, (np.ndarray, np.generic)):
        return _from_numpy(np.asarray(value), dtype)
    value = _plain(value)
    _check_elements(value, dtype)
    if dtype is not None:
        if dtype is dtypes.string:
            return arrays.as_bytes_array(_object_array(value))
        return np.array(value, dtype=dtype.as_numpy_dtype)
    array = _ragged_checked(value)
    if array.dtype == np.float64:
        return array.astype(np.float32)
    if array.dtype == np.complex128:
        return array
    if array.dtype.kind == "i":
        return _narrow(array)
    if array.dtype.kind in "OSU":
        for _ in _mismatches(value, "string"):
            raise TypeError(
                f"Failed to convert object of type {type(value)} to Tensor. Contents: {value}. "
                "Consider casting elements to a supported type."
            )
        return arrays.as_bytes_array(_object_array(value))
    if array.size == 0:
        return array.astype(np.float32)
    return array


def _plain(value: Any) -> Any:
    """Dimensions and shapes inside a structure as ints; tuples as lists."""
    if isinstance(value, Dimension):
        if value.value is None:
            raise ValueError("Cannot convert an unknown Dimension to a Tensor: ?")
        return value.value
    if isinstance(value, TensorShape):
        if not value.is_fully_defined():
            raise ValueError(f"Cannot convert a partially known TensorShape to a Tensor: {value}")
        return value.as_list()
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value


def _narrow(array: np.ndarray) -> np.ndarray:
    narrow = array.astype(np.int32)
    return narrow if np.array_equal(narrow, array) else array


def _from_numpy(array: np.ndarray, dtype: DType | None) -> np.ndarray:
    if array.dtype.kind in "OSU":
        return arrays.as_bytes_array(array)
    if dtype is None or dtype.as_numpy_dtype == array.dtype:
        as_dtype(array.dtype)  # raises for types TensorFlow does not have
        return array.copy()
    return array.astype(dtype.as_numpy_dtype)


def _object_array(value: Any) -> np.ndarray:
    return np.array(value, dtype=object)


def _ragged_checked(value: Any) -> np.ndarray:
    try:
        return np.array(value)
    except ValueError:
        raise ValueError(
            "Argument must be a dense tensor: the nested lists have rows of different lengths"
        ) from None


_ALLOWED: dict[str, tuple[type, ...]] = {
    "float": (int, float, np.integer, np.floating, np.bool_, np.ndarray),
    "int": (int, np.integer, np.ndarray),
    "complex": (int, float, complex, np.number, np.ndarray),
    "bool": (bool, np.bool_, np.ndarray),
    "string": (str, bytes, np.ndarray),
}


def _check_elements(value: Any, dtype: DType | None) -> None:
    """Python values must fit the type asked for: no float becomes an int, no number a string."""
    if dtype is None:
        return
    kind = "string" if dtype is dtypes.string else "bool" if dtype is dtypes.bool else None
    kind = kind or ("float" if dtype.is_floating else "complex" if dtype.is_complex else "int")
    for wrong in _mismatches(value, kind):
        raise TypeError(
            f"Expected {dtype.name}, got {wrong!r} of type '{type(wrong).__name__}' instead."
        )


def _mismatches(value: Any, kind: str) -> Iterator[Any]:
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _mismatches(item, kind)
    elif not isinstance(value, _ALLOWED[kind]):
        yield value


def _convert_shape(
    value: TensorShape, dtype: DType | None, name: str | None, as_ref: bool
) -> Tensor:
    dims = _plain(value)
    if dtype not in (None, dtypes.int32, dtypes.int64):
        raise TypeError(f"Cannot convert a TensorShape to dtype: {dtype}")
    wide = dtype is dtypes.int64 or (dtype is None and any(d >= 2**31 for d in dims))
    return constant(dims, dtypes.int64 if wide else dtypes.int32, name=name or "shape_as_tensor")


def _convert_dimension(
    value: Dimension, dtype: DType | None, name: str | None, as_ref: bool
) -> Tensor:
    if dtype not in (None, dtypes.int32, dtypes.int64):
        raise TypeError(f"Cannot convert a Dimension to dtype: {dtype}")
    return constant(_plain(value), dtype or dtypes.int32, name=name or "shape_as_tensor")


register_tensor_conversion_function(TensorShape, _convert_shape, 100)
register_tensor_conversion_function(Dimension, _convert_dimension, 100)
