"""The values of a feature, checked against the type and shape that are wanted.

Source: TF 1.15 core/util/example_proto_fast_parsing.cc.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from tailrace import arrays, dtypes, errors
from tailrace.dtypes import DType
from tailrace.shapes import TensorShape

_KINDS = {
    "bytes_list": dtypes.string,
    "float_list": dtypes.float32,
    "int64_list": dtypes.int64,
}
TYPES = tuple(_KINDS.values())


def parsed(message: Any, text: bytes, what: str) -> Any:
    """The message of a serialized one. Raises: KernelError when it is not one."""
    from google.protobuf.message import DecodeError  # protobuf is loaded when it is needed

    try:
        return message.FromString(text)
    except DecodeError:
        raise errors.invalid(f"Could not parse example input, value: {text[:80]!r}{what}") from None


def values_of(feature: Any, key: bytes, dtype: DType) -> np.ndarray | None:
    """The values of a feature, None when it is missing. Raises: KernelError for another type."""
    kind = None if feature is None else feature.WhichOneof("kind")
    if kind is None:
        return None
    found = _KINDS[kind]
    if found is not dtype:
        raise errors.invalid(
            f"Key: {key.decode()}.  Data types don't match. Expected type: {dtype.name}, data type "
            f"found: {found.name}"
        )
    return as_array(getattr(feature, kind).value, dtype)


def as_array(items: Any, dtype: DType) -> np.ndarray:
    """A vector of a feature's type."""
    array = np.empty(len(items), dtype=dtype.as_numpy_dtype)
    array[:] = items
    return array


def text_of(key: Any) -> bytes:
    """A key as bytes, given as an attribute or as the value of a scalar input."""
    return key if isinstance(key, bytes) else key[()]


def is_variable(shape: TensorShape) -> bool:
    """Whether a dense feature may have any number of steps."""
    dims = shape._dims
    return dims is not None and len(dims) > 0 and dims[0] is None


def fixed_dense(
    values: np.ndarray | None, key: bytes, dtype: DType, shape: TensorShape, default: Any
) -> np.ndarray:
    """The values of one record in a shape, or the default. Raises: KernelError without either."""
    dims = [int(d) for d in shape.as_list()]
    if values is None:
        given = arrays.to_numpy(default)
        if given.size == 0 and math.prod(dims) != 0:
            raise errors.invalid(
                f"Feature: {key.decode()} (data type: {dtype.name}) is required but could not be "
                "found."
            )
        return given.reshape(dims)
    if values.size != math.prod(dims):
        raise errors.invalid(
            f"Key: {key.decode()}.  Number of {dtype.name} values != expected.  Values size: "
            f"{values.size} but output shape: {dims}"
        )
    return values.reshape(dims)


def padded_dense(
    rows: list[np.ndarray | None], key: bytes, dtype: DType, shape: TensorShape, padding: Any
) -> np.ndarray:
    """Rows of any number of steps, padded to the longest. Shapes: -> [rows, steps, ...]."""
    inner = [int(d) for d in shape.as_list()[1:]]
    stride = math.prod(inner)
    filler = arrays.to_numpy(padding).reshape(-1)[0]
    lengths = []
    for row in rows:
        size = 0 if row is None else row.size
        if stride == 0 or size % stride:
            raise errors.invalid(
                f"Key: {key.decode()}.  Number of {dtype.name} values is not a multiple of stride "
                f"length. Saw {size} values but output shape is: {[None, *inner]}"
            )
        lengths.append(size // stride)
    result = np.full((len(rows), max(lengths, default=0), *inner), filler, dtype.as_numpy_dtype)
    for i, (row, length) in enumerate(zip(rows, lengths, strict=True)):
        if row is not None:
            result[i, :length] = row.reshape(length, *inner)
    return result


def sparse_rows(rows: Sequence[np.ndarray | None], dtype: DType) -> tuple[Any, Any, Any]:
    """Rows of any length as indices, values and shape of a sparse matrix."""
    sizes = [0 if row is None else row.size for row in rows]
    indices = np.array(
        [(i, j) for i, size in enumerate(sizes) for j in range(size)], np.int64
    ).reshape(-1, 2)
    present = [row for row in rows if row is not None and row.size]
    values = np.concatenate(present) if present else as_array([], dtype)
    shape = torch.tensor([len(rows), max(sizes, default=0)], dtype=torch.int64)
    return torch.from_numpy(indices), arrays.to_torch(values), shape


def sparse_row(row: np.ndarray | None, dtype: DType) -> tuple[Any, Any, Any]:
    """One row as indices, values and shape of a sparse vector."""
    values = as_array([], dtype) if row is None else row
    indices = torch.arange(values.size, dtype=torch.int64).reshape(-1, 1)
    return indices, arrays.to_torch(values), torch.tensor([values.size], dtype=torch.int64)


def flattened(sparse: list[tuple[Any, Any, Any]], dense: list[Any]) -> list[Any]:
    """Outputs in the order of the declaration: all indices, values, shapes, dense values."""
    columns = [[each[i] for each in sparse] for i in range(3)]
    return [*columns[0], *columns[1], *columns[2], *dense]
