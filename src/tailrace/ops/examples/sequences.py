"""SequenceExample messages: a context of features, and lists of features step by step.

Source: TF 1.15 core/ops/parsing_ops.cc, core/kernels/example_parsing_ops.cc.
"""

from __future__ import annotations

import math

import numpy as np

from tailrace import arrays, errors
from tailrace.formats import protos
from tailrace.ops.examples.features import (
    TYPES,
    as_array,
    fixed_dense,
    flattened,
    parsed,
    sparse_row,
    sparse_rows,
    text_of,
    values_of,
)
from tailrace.registry import Attr, op
from tailrace.shapes import as_shape, with_rank

_COUNT = Attr("int", 0, minimum=0)
_TYPES = Attr("list(type)", [], allowed=TYPES)
_SHAPES = Attr("list(shape)", [])


def _steps(lists, key, dtype):
    """The values of a feature at every step; None when the list is missing."""
    if key.decode() not in lists:
        return None
    steps = [values_of(f, key, dtype) for f in lists[key.decode()].feature]
    return [as_array([], dtype) if step is None else step for step in steps]


def _dense_steps(steps, key, dtype, shape, may_miss):
    """Shapes: -> [steps, ...]. Raises: KernelError for a missing list or a step of another size."""
    dims = shape.as_list()
    if steps is None:
        if key not in may_miss:
            raise errors.invalid(
                f"Feature list '{key.decode()}' is required but could not be found.  Did you mean "
                "to include it in feature_list_dense_missing_assumed_empty or "
                "feature_list_dense_defaults?"
            )
        steps = []
    for i, step in enumerate(steps):
        if step.size != math.prod(dims):
            raise errors.invalid(
                f"Key: {key.decode()}, Index: {i}.  Number of {dtype.name} values != expected.  "
                f"values size: {step.size} but output shape: {dims}"
            )
    flat = np.concatenate(steps) if steps else as_array([], dtype)
    return flat.reshape(len(steps), *dims)


@op(
    "ParseSingleSequenceExample",
    "serialized: string, feature_list_dense_missing_assumed_empty: string, "
    "context_sparse_keys: Ncontext_sparse*string, context_dense_keys: Ncontext_dense*string, "
    "feature_list_sparse_keys: Nfeature_list_sparse*string, "
    "feature_list_dense_keys: Nfeature_list_dense*string, "
    "context_dense_defaults: list(Tcontext_dense), debug_name: string -> "
    "context_sparse_indices: Ncontext_sparse*int64, "
    "context_sparse_values: list(context_sparse_types), "
    "context_sparse_shapes: Ncontext_sparse*int64, "
    "context_dense_values: list(Tcontext_dense), "
    "feature_list_sparse_indices: Nfeature_list_sparse*int64, "
    "feature_list_sparse_values: list(feature_list_sparse_types), "
    "feature_list_sparse_shapes: Nfeature_list_sparse*int64, "
    "feature_list_dense_values: list(feature_list_dense_types)",
    Ncontext_sparse=_COUNT,
    Ncontext_dense=_COUNT,
    Nfeature_list_sparse=_COUNT,
    Nfeature_list_dense=_COUNT,
    context_sparse_types=_TYPES,
    Tcontext_dense=_TYPES,
    feature_list_dense_types=_TYPES,
    context_dense_shapes=_SHAPES,
    feature_list_sparse_types=_TYPES,
    feature_list_dense_shapes=_SHAPES,
    _alias=True,
)
def parse_single_sequence_example(
    serialized,
    feature_list_dense_missing_assumed_empty,
    context_sparse_keys,
    context_dense_keys,
    feature_list_sparse_keys,
    feature_list_dense_keys,
    context_dense_defaults,
    debug_name,
    *,
    context_sparse_types,
    Tcontext_dense,
    feature_list_dense_types,
    context_dense_shapes,
    feature_list_sparse_types,
    feature_list_dense_shapes,
):
    """The context and the feature lists of one SequenceExample."""
    message = parsed(protos.SequenceExample, serialized[()], "")
    context, lists = message.context.feature, message.feature_lists.feature_list
    may_miss = set(feature_list_dense_missing_assumed_empty.reshape(-1).tolist())

    def own(key, dtype):
        return values_of(context.get(key.decode()), key, dtype)

    sparse = [
        sparse_row(own(text_of(key), dtype), dtype)
        for key, dtype in zip(context_sparse_keys, context_sparse_types, strict=True)
    ]
    dense = [
        fixed_dense(own(text_of(key), dtype), text_of(key), dtype, shape, default)
        for key, dtype, shape, default in zip(
            context_dense_keys,
            Tcontext_dense,
            context_dense_shapes,
            context_dense_defaults,
            strict=True,
        )
    ]
    sparse_lists = [
        sparse_rows(_steps(lists, text_of(key), dtype) or (), dtype)
        for key, dtype in zip(feature_list_sparse_keys, feature_list_sparse_types, strict=True)
    ]
    dense_lists = [
        _dense_steps(_steps(lists, text_of(key), dtype), text_of(key), dtype, shape, may_miss)
        for key, dtype, shape in zip(
            feature_list_dense_keys,
            feature_list_dense_types,
            feature_list_dense_shapes,
            strict=True,
        )
    ]
    return [
        *flattened(sparse, [arrays.to_torch(each) for each in dense]),
        *flattened(sparse_lists, [arrays.to_torch(each) for each in dense_lists]),
    ]


@parse_single_sequence_example.shape
def parse_single_sequence_example_shape(
    serialized,
    feature_list_dense_missing_assumed_empty,
    context_sparse_keys,
    context_dense_keys,
    feature_list_sparse_keys,
    feature_list_dense_keys,
    context_dense_defaults,
    debug_name,
    *,
    context_dense_shapes,
    feature_list_dense_shapes,
):
    with_rank(serialized, 0, "serialized")
    own, listed = len(context_sparse_keys), len(feature_list_sparse_keys)
    return [
        *[[None, 1]] * own,
        *[[None]] * own,
        *[[1]] * own,
        *[as_shape(shape) for shape in context_dense_shapes],
        *[[None, 2]] * listed,
        *[[None]] * listed,
        *[[2]] * listed,
        *[[None, *as_shape(shape)] for shape in feature_list_dense_shapes],
    ]


parse_single_sequence_example.missing_gradient("records do not vary smoothly")
