"""Values between NumPy and torch.

A value of the engine is a torch tensor, or for strings a NumPy object array of bytes. Programs see
NumPy arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from tailrace import dtypes
from tailrace.dtypes import DType

_TORCH: dict[DType, torch.dtype] = {
    dtypes.float16: torch.float16,
    dtypes.bfloat16: torch.bfloat16,
    dtypes.float32: torch.float32,
    dtypes.float64: torch.float64,
    dtypes.int8: torch.int8,
    dtypes.int16: torch.int16,
    dtypes.int32: torch.int32,
    dtypes.int64: torch.int64,
    dtypes.uint8: torch.uint8,
    dtypes.uint16: torch.uint16,
    dtypes.uint32: torch.uint32,
    dtypes.uint64: torch.uint64,
    dtypes.bool: torch.bool,
    dtypes.complex64: torch.complex64,
    dtypes.complex128: torch.complex128,
    dtypes.qint8: torch.int8,
    dtypes.quint8: torch.uint8,
    dtypes.qint16: torch.int16,
    dtypes.quint16: torch.uint16,
    dtypes.qint32: torch.int32,
}
_NUMBERS = frozenset("fiubc")  # the kinds of types that both know
_FROM_TORCH = {t: d for d, t in reversed(_TORCH.items())}


def torch_dtype(dtype: DType) -> torch.dtype:
    """The torch type of an element type.

    Raises: KeyError for strings and handles, which have none.
    """
    return _TORCH[dtype.base_dtype]


def dtype_of(value: Any) -> DType:
    """The element type of a value of the engine."""
    return _FROM_TORCH[value.dtype] if isinstance(value, torch.Tensor) else dtypes.string


def to_torch(array: np.ndarray) -> Any:
    """A value of the engine that shares the array's memory where it can; strings become bytes."""
    dtype, flags = array.dtype, array.flags
    if dtype.kind in _NUMBERS and dtype.isnative and flags.writeable and flags.c_contiguous:
        return torch.from_numpy(array)
    if dtype.kind in "OSU":
        return as_bytes_array(array)
    if dtype.name == "bfloat16":
        return torch.from_numpy(_plain(array).view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(_plain(array))


def _plain(array: np.ndarray) -> np.ndarray:
    """Torch takes writable native-endian arrays with positive strides only."""
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if not array.flags.writeable or any(s < 0 for s in array.strides):
        return array.copy()
    return array


def as_bytes_array(array: np.ndarray) -> np.ndarray:
    """An object array of bytes from an array of str, bytes or objects; str is encoded as UTF-8."""
    result = np.empty(array.shape, dtype=object)
    flat = result.reshape(-1)
    for i, item in enumerate(array.reshape(-1).tolist()):
        flat[i] = item.encode() if isinstance(item, str) else item
    return result


def to_numpy(value: Any) -> np.ndarray:
    """The array of a value of the engine, sharing memory where it can."""
    if not isinstance(value, torch.Tensor):
        return value
    if value.dtype is torch.bfloat16:
        return value.view(torch.int16).numpy().view(dtypes.bfloat16.as_numpy_dtype)
    return value.resolve_conj().numpy() if value.is_complex() else value.numpy()


def host_value(value: Any) -> Any:
    """A value as Python objects: what a kernel gets for its host inputs."""
    return value.tolist()
