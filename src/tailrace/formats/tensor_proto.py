"""Tensor values and `TensorProto`, with the fields TensorFlow's Python chooses.

`make_tensor_proto` puts a value with more than one element into `tensor_content` when its type
allows that, and everything else into the field of its type, so that a GraphDef made here equals
TensorFlow's byte for byte.

Source: TF 1.15 python/framework/tensor_util.py, core/framework/tensor.cc.
"""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.dtypes import DType
from tailrace.formats import protos
from tailrace.formats.coding import read_varint
from tailrace.shapes import Dimension, TensorShape

_CONTENT = frozenset(
    {
        dtypes.float32,
        dtypes.float64,
        dtypes.int32,
        dtypes.uint8,
        dtypes.int16,
        dtypes.int8,
        dtypes.int64,
        dtypes.uint32,
        dtypes.uint64,
        *dtypes.QUANTIZED,
    }
)
_FIELDS = {
    dtypes.float32: "float_val",
    dtypes.float64: "double_val",
    dtypes.complex64: "scomplex_val",
    dtypes.complex128: "dcomplex_val",
    dtypes.int64: "int64_val",
    dtypes.uint32: "uint32_val",
    dtypes.uint64: "uint64_val",
    dtypes.bool: "bool_val",
    dtypes.float16: "half_val",
    dtypes.bfloat16: "half_val",
    dtypes.string: "string_val",
}
_INT_FIELD = "int_val"
_CONTENT_LIMIT_BYTES = 1 << 31

_INTEGRAL = (numbers.Integral, np.integer)
_REAL = (numbers.Real, np.integer, np.floating)
_COMPLEX = (numbers.Complex, np.number)


def make_tensor_proto(
    values: Any,
    dtype: Any = None,
    shape: Any = None,
    verify_shape: bool = False,
    allow_broadcast: bool = False,
) -> Any:
    """The `TensorProto` of a Python value or array.

    Without `dtype` Python floats become float32 and integers int32 where they fit. `shape` may have
    more elements than `values`: readers repeat the last one.

    Raises: TypeError when values do not fit `dtype` or (under `verify_shape`) `shape`, ValueError
    for None, ragged lists and too many values.
    """
    if allow_broadcast and verify_shape:
        raise ValueError("allow_broadcast and verify_shape are not both allowed.")
    if isinstance(values, protos.TensorProto):
        return values
    array, dtype = to_array(values, dtype, shape)
    dims = _checked_dims(array, shape, verify_shape, allow_broadcast)
    proto = protos.TensorProto(
        dtype=dtype.as_datatype_enum,
        tensor_shape=TensorShape(dims).as_proto(),
    )
    _store(proto, array, dtype, int(np.prod(dims, dtype=np.int64)))
    return proto


def array_to_proto(array: np.ndarray, dtype: DType | None = None) -> Any:
    """The `TensorProto` of an array as it is; `dtype` tells quantized types from plain integers.

    An array that repeats one element by strides of 0 is stored as that element.
    """
    dtype = dtypes.as_dtype(array.dtype) if dtype is None else dtype.base_dtype
    proto = protos.TensorProto(
        dtype=dtype.as_datatype_enum,
        tensor_shape=TensorShape(array.shape).as_proto(),
    )
    _store(proto, _compact(array), dtype, array.size)
    return proto


def _compact(array: np.ndarray) -> np.ndarray:
    """One element of an array that repeats it by strides of 0, else the array."""
    if array.size > 1 and not any(array.strides):
        return array.reshape(-1)[:1]
    return array


def to_array(values: Any, dtype: Any = None, shape: Any = None) -> tuple[np.ndarray, DType]:
    """A value as TensorFlow converts it: the array (strings: objects of bytes) and its type.

    Raises: TypeError and ValueError as `make_tensor_proto`.
    """
    dtype = None if dtype is None else dtypes.as_dtype(dtype).base_dtype
    if _is_array_like(values):
        values = np.asarray(values)
    if isinstance(values, (np.ndarray, np.generic)):
        array = np.asarray(values)
        if dtype is not None and dtype.is_numpy_compatible:
            array = _cast(array, dtype)
    else:
        array = _from_python(values, dtype, shape)
    found = dtypes.as_dtype(array.dtype)
    if dtype is not None and dtype.is_quantized:
        found = dtype
    if dtype is not None and found is not dtype:
        raise TypeError(f"Incompatible types: {dtype} vs. {array.dtype}. Value is {values}")
    if found is dtypes.string:
        array = _as_bytes_array(array, values)
    return array, found


def _is_array_like(value: Any) -> bool:
    """Whether NumPy should read the value through its array or buffer interface."""
    if callable(getattr(value, "__array__", None)):
        return True
    if isinstance(getattr(value, "__array_interface__", None), dict):
        return True
    return isinstance(value, (bytearray, memoryview)) or type(value).__module__ == "array"


def _cast(array: np.ndarray, dtype: DType) -> np.ndarray:
    if dtype is dtypes.string:
        if array.dtype.kind in "SUO":
            return array
        return array.astype(np.object_)
    with np.errstate(invalid="ignore", over="ignore"):
        return array.astype(dtype.as_numpy_dtype, copy=False)


def _from_python(values: Any, dtype: DType | None, shape: Any) -> np.ndarray:
    if values is None:
        raise ValueError("None values not supported.")
    numpy_type = None
    if dtype is not None and dtype.is_numpy_compatible:
        numpy_type = dtype.as_numpy_dtype
    if shape is not None and int(np.prod([int(d) for d in shape], dtype=np.int64)) == 0:
        return np.empty([int(d) for d in shape], dtype=numpy_type)
    _check_leaves(values, dtype)
    array = _dense(values, numpy_type)
    if dtype is None and array.dtype == np.float64:
        return array.astype(np.float32)
    if dtype is None and array.dtype == np.int64:
        narrow = array.astype(np.int32)
        return narrow if np.array_equal(narrow, array) else array
    return array


def _dense(values: Any, numpy_type: Any) -> np.ndarray:
    """The array of nested sequences; their nesting must be regular."""
    wanted = _dense_dims(values)
    try:
        array = np.array(values, dtype=numpy_type)
    except OverflowError:
        # TF: integers out of range wrap around, as NumPy did then.
        array = np.array(values).astype(numpy_type)
    except ValueError as error:
        if "inhomogeneous" not in str(error) and "sequence" not in str(error):
            raise
        got = [len(values)]
        message = (
            f"Argument must be a dense tensor: {values} - got shape {got}, but wanted {wanted}."
        )
        raise ValueError(message) from None
    if list(array.shape) != wanted:
        raise ValueError(
            f"Argument must be a dense tensor: {values} - got shape {list(array.shape)}, "
            f"but wanted {wanted}."
        )
    return array


def _dense_dims(values: Any) -> list[int]:
    dims = []
    while isinstance(values, (list, tuple)):
        dims.append(len(values))
        if not values:
            break
        values = values[0]
    return dims


def _leaves(values: Any) -> Iterator[Any]:
    if isinstance(values, (list, tuple)):
        for value in values:
            yield from _leaves(value)
    elif isinstance(values, dict):
        for key in sorted(values):
            yield from _leaves(values[key])
    else:
        yield values


def _check_leaves(values: Any, dtype: DType | None) -> None:
    """Raises TypeError for the first Python value that is not of the kind of `dtype`."""
    if dtype is None:
        return
    if dtype is dtypes.bool:
        kinds: tuple[type, ...] = (bool, np.bool_)
    elif dtype is dtypes.string:
        kinds = (str, bytes)
    elif dtype.is_complex:
        kinds = _COMPLEX
    elif dtype.is_floating:
        kinds = _REAL
    else:
        kinds = (*_INTEGRAL, Dimension)
    for leaf in _leaves(values):
        if not isinstance(leaf, kinds):
            raise TypeError(
                f"Expected {dtype.name}, got {leaf!r} of type '{type(leaf).__name__}' instead."
            )


def _as_bytes_array(array: np.ndarray, values: Any) -> np.ndarray:
    """The same strings as objects of bytes, in the array's shape."""
    # NumPy's own string types drop trailing zero bytes, so Python values are read again.
    source = array.ravel() if isinstance(values, (np.ndarray, np.generic)) else _leaves(values)
    encoded = np.empty(array.size, dtype=np.object_)
    try:
        for i, value in enumerate(source):
            encoded[i] = as_bytes(value)
    except TypeError:
        if isinstance(values, np.ndarray):
            raise
        raise TypeError(
            f"Failed to convert object of type {type(values)} to Tensor. Contents: {values}. "
            "Consider casting elements to a supported type."
        ) from None
    return encoded.reshape(array.shape)


def as_bytes(value: Any) -> bytes:
    """Bytes as they are, text in UTF-8; raises TypeError for anything else."""
    if isinstance(value, bytes):
        return bytes(value)
    if isinstance(value, str):
        return value.encode()
    raise TypeError(f"Expected binary or unicode string, got {value!r}")


def _checked_dims(
    array: np.ndarray, shape: Any, verify_shape: bool, allow_broadcast: bool
) -> tuple[int, ...]:
    if shape is None:
        return array.shape
    dims = tuple(int(d) for d in shape)
    size = int(np.prod(dims, dtype=np.int64))
    if allow_broadcast:
        if array.shape not in ((), (1,)) and array.size != size:
            raise TypeError(f"Expected Tensor's shape: {dims}, got {array.shape}.")
        return dims
    if verify_shape and array.shape != dims:
        raise TypeError(f"Expected Tensor's shape: {dims}, got {array.shape}.")
    if array.size > size:
        raise ValueError(
            f"Too many elements provided. Needed at most {size}, but received {array.size}"
        )
    return dims


def _store(proto: Any, array: np.ndarray, dtype: DType, size: int) -> None:
    if array.size == size and size > 1 and dtype in _CONTENT:
        if array.nbytes >= _CONTENT_LIMIT_BYTES:
            raise ValueError(
                "Cannot create a tensor proto whose content is larger than 2GB "
                f"({array.nbytes} bytes); feed the value or keep it in a variable."
            )
        proto.tensor_content = array.tobytes()
        return
    store_values(proto, array, dtype)


def store_values(proto: Any, array: np.ndarray, dtype: DType) -> None:
    """Appends the elements to the field of their type, whatever their number."""
    field = getattr(proto, _FIELDS.get(dtype, _INT_FIELD))
    field.extend(_field_values(array.ravel(), dtype))


def _field_values(flat: np.ndarray, dtype: DType) -> Iterable[Any]:
    if dtype in (dtypes.float16, dtypes.bfloat16):
        return flat.view(np.uint16).tolist()
    if dtype.is_complex:
        return np.ascontiguousarray(flat).view(dtype.real_dtype.as_numpy_dtype).tolist()
    if dtype is dtypes.string:
        return [as_bytes(value) for value in flat]
    return flat.tolist()


def make_ndarray(tensor: Any) -> np.ndarray:
    """The array of a `TensorProto`; strings come as objects of bytes.

    Fewer values than elements are filled up with the last one, none with zeros. A single value for
    many elements gives a read-only array with strides of 0.

    Raises: TypeError for a type that has no array form, ValueError when the content does not fit.
    """
    dtype = dtypes.as_dtype(tensor.dtype).base_dtype
    dims = [dim.size for dim in tensor.tensor_shape.dim]
    size = int(np.prod(dims, dtype=np.int64))
    if dtype in (dtypes.resource, dtypes.variant):
        raise TypeError(f"A TensorProto of type {dtype.name} has no array form.")
    if dtype is dtypes.string:
        values = _string_content(tensor, size) if tensor.tensor_content else tensor.string_val
        array = np.empty(len(values), dtype=np.object_)
        array[:] = values
        return _filled(array, dims, size, b"")
    if tensor.tensor_content:
        array = np.frombuffer(tensor.tensor_content, dtype=dtype.as_numpy_dtype)
        if array.size not in (1, size):
            raise ValueError(f"TensorProto of shape {dims} holds {array.size} values, not {size}.")
        return _filled(array.copy(), dims, size, 0)
    return _filled(_field_array(tensor, dtype), dims, size, 0)


def _field_array(proto: Any, dtype: DType) -> np.ndarray:
    """The values in the field of the type, flat."""
    field = getattr(proto, _FIELDS.get(dtype, _INT_FIELD))
    if dtype in (dtypes.float16, dtypes.bfloat16):
        return np.array(field, dtype=np.uint16).view(dtype.as_numpy_dtype)
    if dtype.is_complex:
        return np.array(field, dtype=dtype.real_dtype.as_numpy_dtype).view(dtype.as_numpy_dtype)
    return np.array(field).astype(dtype.as_numpy_dtype)


def _filled(array: np.ndarray, dims: list[int], size: int, zero: Any) -> np.ndarray:
    if array.size == 1 and size > 1:
        return np.broadcast_to(array, size).reshape(dims)
    if array.size >= size:
        return array[:size].reshape(dims)
    filled = np.empty(size, dtype=array.dtype)
    filled[: array.size] = array
    filled[array.size :] = array[-1] if array.size else zero
    return filled.reshape(dims)


def _string_content(proto: Any, size: int) -> list[bytes]:
    """Strings packed by TensorFlow's C++: the lengths as varints, then the bytes."""
    data, position, lengths = proto.tensor_content, 0, []
    for _ in range(size):
        length, position = read_varint(data, position)
        lengths.append(length)
    values = []
    for length in lengths:
        values.append(data[position : position + length])
        position += length
    return values
