"""Example messages, one or a batch, as tensors.

Source: TF 1.15 core/ops/parsing_ops.cc, core/kernels/example_parsing_ops.cc.
"""

from __future__ import annotations

import numpy as np

from tailrace import arrays
from tailrace.formats import protos
from tailrace.ops.examples.features import (
    TYPES,
    fixed_dense,
    flattened,
    is_variable,
    padded_dense,
    parsed,
    sparse_row,
    sparse_rows,
    text_of,
    values_of,
)
from tailrace.registry import Attr, op
from tailrace.shapes import as_shape, with_rank

_COUNT = Attr("int", minimum=0)
_TYPES = Attr("list(type)", allowed=TYPES)
_SHAPES = Attr("list(shape)")
_KEYS = Attr("list(string)")
_UNSMOOTH = "records do not vary smoothly"


def _columns(serialized, keys, types):
    """For each key the values of every record."""
    features = [
        parsed(protos.Example, text, "").features.feature
        for text in serialized.reshape(-1).tolist()
    ]
    return [
        [values_of(each.get(key.decode()), key, dtype) for each in features]
        for key, dtype in zip(keys, types, strict=True)
    ]


@op(
    "ParseExample",
    "serialized: string, names: string, sparse_keys: Nsparse*string, dense_keys: Ndense*string, "
    "dense_defaults: list(Tdense) -> sparse_indices: Nsparse*int64, "
    "sparse_values: list(sparse_types), sparse_shapes: Nsparse*int64, dense_values: list(Tdense)",
    Nsparse=_COUNT,
    Ndense=_COUNT,
    sparse_types=_TYPES,
    Tdense=_TYPES,
    dense_shapes=_SHAPES,
    _alias=True,
)
def parse_example(
    serialized,
    names,
    sparse_keys,
    dense_keys,
    dense_defaults,
    *,
    sparse_types,
    Tdense,
    dense_shapes,
):
    """The features of a batch of Examples.

    Shapes: serialized [B] -> sparse [B, longest] each, dense [B, ...] each.
    """
    keys = [text_of(key) for key in dense_keys]
    sparse = _columns(serialized, [text_of(key) for key in sparse_keys], sparse_types)
    dense = []
    for key, column, dtype, shape, default in zip(
        keys, _columns(serialized, keys, Tdense), Tdense, dense_shapes, dense_defaults, strict=True
    ):
        if is_variable(shape):
            rows = padded_dense(column, key, dtype, shape, default)
        else:
            each = [fixed_dense(row, key, dtype, shape, default) for row in column]
            empty = np.empty((0, *shape.as_list()), dtype.as_numpy_dtype)
            rows = np.stack(each) if each else empty
        dense.append(arrays.to_torch(rows))
    parts = [sparse_rows(rows, dtype) for rows, dtype in zip(sparse, sparse_types, strict=True)]
    return flattened(parts, dense)


@parse_example.shape
def parse_example_shape(
    serialized, names, sparse_keys, dense_keys, dense_defaults, *, dense_shapes
):
    count = with_rank(serialized, 1, "serialized")[0]
    sparse = len(sparse_keys)
    dense = [[count, *as_shape(shape)] for shape in dense_shapes]
    return [[None, 2]] * sparse + [[None]] * sparse + [[2]] * sparse + dense


parse_example.missing_gradient(_UNSMOOTH)


@op(
    "ParseSingleExample",
    "serialized: string, dense_defaults: list(Tdense) -> sparse_indices: num_sparse*int64, "
    "sparse_values: list(sparse_types), sparse_shapes: num_sparse*int64, "
    "dense_values: list(Tdense)",
    num_sparse=_COUNT,
    sparse_keys=_KEYS,
    dense_keys=_KEYS,
    sparse_types=_TYPES,
    Tdense=_TYPES,
    dense_shapes=_SHAPES,
    _alias=True,
)
def parse_single_example(
    serialized, dense_defaults, *, sparse_keys, dense_keys, sparse_types, Tdense, dense_shapes
):
    """The features of one Example."""
    sparse = _columns(serialized, sparse_keys, sparse_types)
    dense = []
    for key, (row,), dtype, shape, default in zip(
        dense_keys,
        _columns(serialized, dense_keys, Tdense),
        Tdense,
        dense_shapes,
        dense_defaults,
        strict=True,
    ):
        if is_variable(shape):
            value = padded_dense([row], key, dtype, shape, default)[0]
        else:
            value = fixed_dense(row, key, dtype, shape, default)
        dense.append(arrays.to_torch(value))
    parts = [sparse_row(rows[0], dtype) for rows, dtype in zip(sparse, sparse_types, strict=True)]
    return flattened(parts, dense)


@parse_single_example.shape
def parse_single_example_shape(serialized, dense_defaults, *, num_sparse, dense_shapes):
    with_rank(serialized, 0, "serialized")
    dense = [as_shape(shape) for shape in dense_shapes]
    return [[None, 1]] * num_sparse + [[None]] * num_sparse + [[1]] * num_sparse + dense


parse_single_example.missing_gradient(_UNSMOOTH)
