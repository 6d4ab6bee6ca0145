"""`tf.TensorSpec`: what a tensor is to be.

Source: TF 1.15 python/framework/tensor_spec.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.dtypes import DType, as_dtype
from tailrace.graph import Tensor
from tailrace.shapes import TensorShape, as_tensor_shape


class TensorSpec:
    """A shape, a type and perhaps a name."""

    def __init__(self, shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> None:
        self._shape = as_tensor_shape(shape)
        self._dtype = as_dtype(dtype)
        self._name = name

    @classmethod
    def from_spec(cls, spec: Any, name: str | None = None) -> Any:
        """The same under another name."""
        return cls(spec.shape, spec.dtype, name or spec.name)

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> Any:
        """That of a tensor. Raises: ValueError for anything else."""
        if not isinstance(tensor, Tensor):
            raise ValueError("`tensor` should be a tf.Tensor")
        return TensorSpec(tensor.get_shape(), tensor.dtype, name or tensor.op.name)

    @property
    def shape(self) -> TensorShape:
        return self._shape

    @property
    def dtype(self) -> DType:
        return self._dtype

    @property
    def name(self) -> str | None:
        return self._name

    def is_compatible_with(self, spec_or_tensor: Any) -> bool:
        """Whether a tensor, or another spec, may be what this one says."""
        return (
            isinstance(spec_or_tensor, (TensorSpec, Tensor))
            and self._dtype.is_compatible_with(spec_or_tensor.dtype)
            and self._shape.is_compatible_with(spec_or_tensor.shape)
        )

    def most_specific_compatible_type(self, other: Any) -> Any:
        """The spec of what either may be. Raises: ValueError for another kind or type."""
        if type(self) is not type(other) or self._dtype != other.dtype:
            raise ValueError(f"Types are not compatible: {self!r} vs {other!r}")
        mine, its = self._shape.dims, other.shape.dims
        if mine is None or its is None or len(mine) != len(its):
            shape = TensorShape(None)
        else:
            pairs = zip(self._shape.as_list(), other.shape.as_list(), strict=True)
            shape = TensorShape([a if a == b else None for a, b in pairs])
        name = self._name if self._name == other.name else None
        return TensorSpec(shape, self._dtype, name)

    def _key(self) -> Any:
        dims = None if self._shape.dims is None else tuple(self._shape.as_list())
        return dims, self._dtype, self._name

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, TensorSpec)
            and type(self) is type(other)
            and (self._key() == other._key())
        )

    def __hash__(self) -> int:
        return hash(self._key()[:2])

    def __repr__(self) -> str:
        name = None if self._name is None else repr(self._name)
        return f"TensorSpec(shape={self._shape}, dtype={self._dtype!r}, name={name})"
