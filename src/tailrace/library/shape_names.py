"""Shapes by the names that TensorFlow's module `framework.tensor_shape` has for them."""

from __future__ import annotations

from typing import Any

from tailrace.shapes import TensorShape, as_tensor_shape, unknown_shape

__all__ = ["as_shape", "matrix", "scalar", "unknown_shape", "vector"]

as_shape = as_tensor_shape


def scalar() -> TensorShape:
    """The shape of a single value."""
    return TensorShape([])


def vector(length: Any) -> TensorShape:
    """The shape of a vector."""
    return TensorShape([length])


def matrix(rows: Any, cols: Any) -> TensorShape:
    """The shape of a matrix."""
    return TensorShape([rows, cols])
