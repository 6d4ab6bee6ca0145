"""Values made of several tensors: `IndexedSlices` (rows of a larger tensor) and `SparseTensor`.

Source: TF 1.15 python/framework/ops.py (IndexedSlices), sparse_tensor.py.
"""

from __future__ import annotations

import collections
from typing import Any

from tailrace import dtypes
from tailrace.dtypes import DType
from tailrace.graph import constants
from tailrace.graph.builder import build
from tailrace.graph.convert import convert_to_tensor, register_tensor_conversion_function
from tailrace.graph.graph import Graph, get_default_graph
from tailrace.graph.operation import Operation
from tailrace.graph.tensor import Tensor
from tailrace.registry import OPS
from tailrace.shapes import TensorShape

IndexedSlicesValue = collections.namedtuple(
    "IndexedSlicesValue", ["values", "indices", "dense_shape"]
)
SparseTensorValue = collections.namedtuple(
    "SparseTensorValue", ["indices", "values", "dense_shape"]
)


class IndexedSlices:
    """Rows `values[i]` that belong at `indices[i]` of a tensor that is zero elsewhere.

    Shapes: values [N, d1, ...], indices [N], dense_shape [rank] or None. An index may occur more
    than once; its rows add up. What the gradient of `gather` is.
    """

    def __init__(self, values: Tensor, indices: Tensor, dense_shape: Tensor | None = None) -> None:
        self._values = values
        self._indices = indices
        self._dense_shape = dense_shape

    @property
    def values(self) -> Tensor:
        return self._values

    @property
    def indices(self) -> Tensor:
        return self._indices

    @property
    def dense_shape(self) -> Tensor | None:
        return self._dense_shape

    @property
    def name(self) -> str:
        return self._values.name

    @property
    def device(self) -> str:
        return self._values.device

    @property
    def op(self) -> Operation:
        return self._values.op

    @property
    def dtype(self) -> DType:
        return self._values.dtype

    @property
    def graph(self) -> Graph:
        return self._values.graph

    @property
    def shape(self) -> TensorShape:
        if self._dense_shape is None:
            return TensorShape(None)
        return TensorShape(constants.static_as_shape(self._dense_shape).dims)

    def __neg__(self) -> IndexedSlices:
        return IndexedSlices(-self._values, self._indices, self._dense_shape)

    def __str__(self) -> str:
        dense = "" if self._dense_shape is None else f", dense_shape={self._dense_shape}"
        return f"IndexedSlices(indices={self._indices}, values={self._values}{dense})"


class SparseTensor:
    """A tensor given by its nonzero elements.

    Shapes: indices int64 [N, rank], values [N], dense_shape int64 [rank].
    """

    def __init__(self, indices: Any, values: Any, dense_shape: Any) -> None:
        with get_default_graph().name_scope("SparseTensor"):
            self._indices = convert_to_tensor(indices, name="indices", dtype=dtypes.int64)
            self._values = convert_to_tensor(values, name="values")
            self._dense_shape = convert_to_tensor(
                dense_shape, name="dense_shape", dtype=dtypes.int64
            )
        self._indices.get_shape().with_rank(2)
        self._values.get_shape().with_rank(1)
        self._dense_shape.get_shape().with_rank(1)

    @classmethod
    def from_value(cls, value: Any) -> SparseTensor:
        if isinstance(value, SparseTensor):
            return value
        if not isinstance(value, (SparseTensorValue, tuple)):
            raise TypeError(f"Neither a SparseTensor nor SparseTensorValue: {value}.")
        return cls(value[0], value[1], value[2])

    @property
    def indices(self) -> Tensor:
        return self._indices

    @property
    def values(self) -> Tensor:
        return self._values

    @property
    def dense_shape(self) -> Tensor:
        return self._dense_shape

    @property
    def op(self) -> Operation:
        return self._values.op

    @property
    def dtype(self) -> DType:
        return self._values.dtype

    @property
    def graph(self) -> Graph:
        return self._indices.graph

    @property
    def shape(self) -> TensorShape:
        return TensorShape(constants.static_as_shape(self._dense_shape).dims)

    def get_shape(self) -> TensorShape:
        return self.shape

    def eval(self, feed_dict: Any = None, session: Any = None) -> SparseTensorValue:
        return self.graph._default_session(session, "evaluate tensor").run(self, feed_dict)

    def __str__(self) -> str:
        parts = f"indices={self._indices}, values={self._values}, dense_shape={self._dense_shape}"
        return f"SparseTensor({parts})"

    __repr__ = __str__


def convert_to_tensor_or_indexed_slices(
    value: Any, dtype: Any = None, name: str | None = None
) -> Any:
    """`value` as a tensor, unless it is IndexedSlices (or, as in TensorFlow, sparse) already."""
    if isinstance(value, (IndexedSlices, SparseTensor)):
        return value
    return convert_to_tensor(value, dtype, name)


def convert_to_tensor_or_sparse_tensor(
    value: Any, dtype: Any = None, name: str | None = None
) -> Any:
    """`value` as a tensor, unless it is sparse."""
    if isinstance(value, SparseTensorValue):
        value = SparseTensor.from_value(value)
    return value if isinstance(value, SparseTensor) else convert_to_tensor(value, dtype, name)


def _densify(value: IndexedSlices, dtype: DType | None, name: str | None, as_ref: bool) -> Tensor:
    if dtype is not None and not dtype.is_compatible_with(value.dtype):
        raise ValueError(
            f"Tensor conversion requested dtype {dtype.name} for IndexedSlices with dtype "
            f"{value.dtype.name}"
        )
    if value.dense_shape is None:
        raise ValueError(
            f"Tensor conversion requested for IndexedSlices without dense_shape: {value}"
        )
    inputs = (value.values, value.indices, value.dense_shape[0])
    return build(OPS["UnsortedSegmentSum"], inputs, {"name": name})


register_tensor_conversion_function(IndexedSlices, _densify)
