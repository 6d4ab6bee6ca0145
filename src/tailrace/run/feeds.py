"""What `Session.run` is fed: values checked against their tensors and made values of the engine.

Source: TF 1.15 python/client/session.py (_run).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tailrace import arrays, dtypes
from tailrace.graph import Graph, IndexedSlices, SparseTensor, Tensor


def expand(graph: Graph, feed_dict: dict[Any, Any]) -> dict[Tensor, Any]:
    """The feeds by tensor; sparse ones in their parts.

    Raises: TypeError for a key that cannot be a tensor, ValueError for one that may not be fed.
    """
    feeds: dict[Tensor, Any] = {}
    for key, value in feed_dict.items():
        if isinstance(key, SparseTensor):
            parts = (
                (value.indices, value.values, value.dense_shape)
                if hasattr(value, "indices")
                else value
            )
            feeds.update(zip((key.indices, key.values, key.dense_shape), parts, strict=True))
        elif isinstance(key, IndexedSlices):
            values = (
                (value.values, value.indices, value.dense_shape)
                if hasattr(value, "indices")
                else value
            )
            targets = (key.values, key.indices, key.dense_shape)
            feeds.update((t, v) for t, v in zip(targets, values, strict=False) if t is not None)
        elif isinstance(key, tuple) and isinstance(value, tuple):
            feeds.update(expand(graph, dict(zip(key, value, strict=True))))
        else:
            feeds[_element(graph, key)] = value
    return feeds


def _element(graph: Graph, key: Any) -> Tensor:
    try:
        tensor = graph.as_graph_element(key, allow_operation=False)
    except (TypeError, KeyError, ValueError) as error:
        raise TypeError(f"Cannot interpret feed_dict key as Tensor: {error}") from None
    if not graph.is_feedable(tensor):
        raise ValueError(f"Tensor {tensor} may not be fed.")
    return tensor


def convert(tensor: Tensor, value: Any) -> Any:
    """A fed value as a value of the engine.

    Raises: TypeError for a tensor of a graph, ValueError for values or shapes that do not fit.
    """
    if isinstance(value, Tensor):
        raise TypeError(
            "The value of a feed cannot be a tf.Tensor object. Acceptable feed values include "
            "Python scalars, strings, lists, numpy ndarrays, or TensorHandles. For reference, the "
            f"tensor object was {value} which was passed to the feed with key {tensor}."
        )
    dtype = tensor._dtype.base_dtype
    if dtype is dtypes.resource or dtype is dtypes.variant:
        return value
    array = _as_array(tensor, value, dtype)
    dims = tensor._dims
    if dims is not None and not _fits(array.shape, dims):
        raise ValueError(
            f"Cannot feed value of shape {array.shape} for Tensor {tensor.name!r}, which has shape "
            f"'{tensor.shape}'"
        )
    return arrays.to_torch(array)


def _as_array(tensor: Tensor, value: Any, dtype: dtypes.DType) -> np.ndarray:
    if dtype is dtypes.string:
        return np.asarray(value, dtype=object)
    wanted = dtype.as_numpy_dtype
    if isinstance(value, int) and not isinstance(value, np.generic) and dtype.is_integer:
        low, high = dtype.limits
        if not low <= value <= high:
            raise TypeError(
                f"Type of feed value {value} with type {type(value)} is not compatible with Tensor "
                f"type {wanted}. Try explicitly setting the type of the feed tensor to a larger "
                "type (e.g. int64)."
            )
    try:
        return np.asarray(value, dtype=wanted)
    except ValueError as error:
        raise ValueError(f"{error} (while feeding {tensor.name!r})") from None


def _fits(shape: tuple[int, ...], dims: tuple[int | None, ...]) -> bool:
    if shape == dims:
        return True
    return len(shape) == len(dims) and all(
        d is None or d == s for s, d in zip(shape, dims, strict=True)
    )
