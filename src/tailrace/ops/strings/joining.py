"""Strings joined and split.

Source: TF 1.15 core/ops/string_ops.cc, core/kernels/{reduce_join,string_split}_op.cc.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import torch

from tailrace import dtypes, errors
from tailrace.dtypes import INDEX
from tailrace.errors import ShapeError
from tailrace.ops.strings.elements import NOT_SMOOTH, each
from tailrace.registry import op, type_attr
from tailrace.shapes import UNKNOWN, Shape, merge, with_rank


@op("StringJoin", "inputs: N*string -> output: string", separator="")
def string_join(inputs, *, separator):
    """The strings at the same place of each input, joined; scalars go with every element.

    Shapes: every input [...] or []; output [...].
    """
    return each(lambda *parts: separator.join(parts), *inputs)


@string_join.shape
def string_join_shape(inputs):
    whole = [shape for shape in inputs if shape.dims is None or len(shape)]
    if not whole:
        return [[]]
    if any(shape.dims is None for shape in whole):
        return [Shape(None)]
    return [functools.reduce(lambda a, b: merge(a, b, "shapes of the inputs"), whole)]


string_join.no_gradient(NOT_SMOOTH)


def _reduced_axes(axes, rank):
    if any(not -rank <= a < rank for a in axes):
        raise ShapeError(
            f"Invalid reduction dimension in {list(axes)} for input with {rank} dimensions"
        )
    places = [a % rank for a in axes]
    if len(set(places)) != len(places):
        raise ShapeError(f"Duplicate reduction dimension in {list(axes)}")
    return places


@op(
    "ReduceJoin",
    "inputs: string, reduction_indices: int32 -> output: string",
    keep_dims=False,
    separator="",
    _host="reduction_indices",
)
def reduce_join(inputs, reduction_indices, *, keep_dims, separator):
    """The strings along some axes joined, along the first axis named first."""
    axes = reduction_indices if isinstance(reduction_indices, list) else [reduction_indices]
    try:
        places = _reduced_axes(axes, inputs.ndim)
    except ShapeError as error:
        raise errors.invalid(str(error)) from None
    if not places:
        return inputs.copy()
    kept = [i for i in range(inputs.ndim) if i not in places]
    rows = inputs.transpose(kept + places[::-1]).reshape(
        *[inputs.shape[i] for i in kept], math.prod(inputs.shape[i] for i in places)
    )
    joined = np.empty(rows.shape[:-1], dtype=object)
    for place in np.ndindex(joined.shape):
        joined[place] = separator.join(rows[place])
    if keep_dims:
        return joined.reshape([1 if i in places else d for i, d in enumerate(inputs.shape)])
    return joined


@reduce_join.shape
def reduce_join_shape(inputs, reduction_indices, *, keep_dims):
    axes = reduction_indices.value
    if axes is None or inputs.dims is None:
        return [[None] * len(inputs) if keep_dims and inputs.dims is not None else UNKNOWN]
    places = _reduced_axes(axes.reshape(-1).tolist(), len(inputs))
    if keep_dims:
        return [[1 if i in places else d for i, d in enumerate(inputs)]]
    return [[d for i, d in enumerate(inputs) if i not in places]]


reduce_join.no_gradient(NOT_SMOOTH)


@op(
    "UnsortedSegmentJoin",
    "inputs: string, segment_ids: Tindices, num_segments: Tnumsegments -> output: string",
    separator="",
    Tindices=type_attr(INDEX),
    Tnumsegments=type_attr(INDEX, dtypes.int32),
    _host="num_segments",
)
def unsorted_segment_join(inputs, segment_ids, num_segments, *, separator):
    """The strings of each segment joined."""
    outer = segment_ids.ndim
    inner = inputs.shape[outer:]
    rows = inputs.reshape(-1, math.prod(inner))
    parts = [[[] for _ in range(rows.shape[1])] for _ in range(num_segments)]
    for segment, row in zip(segment_ids.reshape(-1).tolist(), rows, strict=True):
        if segment >= num_segments:
            raise errors.invalid(f"segment_ids: {segment} is not in [0, {num_segments})")
        if segment >= 0:
            for place, text in zip(parts[segment], row, strict=True):
                place.append(text)
    joined = np.empty((num_segments, rows.shape[1]), dtype=object)
    for place in np.ndindex(joined.shape):
        joined[place] = separator.join(parts[place[0]][place[1]])
    return joined.reshape(num_segments, *inner)


@unsorted_segment_join.shape
def unsorted_segment_join_shape(inputs, segment_ids, num_segments):
    count = num_segments.value
    if inputs.dims is None or segment_ids.dims is None:
        return [UNKNOWN]
    merge(inputs[: len(segment_ids)], segment_ids, "shapes of inputs and segment_ids")
    return [[None if count is None else int(count), *inputs[len(segment_ids) :]]]


unsorted_segment_join.no_gradient(NOT_SMOOTH)


def _as_sparse(rows):
    """Lists of strings as indices, values and shape of a sparse matrix."""
    indices = [[i, j] for i, row in enumerate(rows) for j in range(len(row))]
    values = np.empty(len(indices), dtype=object)
    values[:] = [text for row in rows for text in row]
    longest = max(map(len, rows), default=0)
    places = torch.tensor(indices, dtype=torch.int64).reshape(len(indices), 2)
    return places, values, torch.tensor([len(rows), longest], dtype=torch.int64)


def _split_at_any(text, delimiters, skip_empty):
    """The parts between bytes that are delimiters; every byte when there are none."""
    if not delimiters:
        return [text[i : i + 1] for i in range(len(text))]
    first = delimiters[:1]
    for other in delimiters[1:]:
        text = text.replace(bytes([other]), first)
    parts = text.split(first) if text else []
    return [part for part in parts if part] if skip_empty else parts


@op(
    "StringSplit",
    "input: string, delimiter: string -> indices: int64, values: string, shape: int64",
    skip_empty=True,
)
def string_split(input, delimiter, *, skip_empty):
    """The parts of each string between any of the delimiter's bytes, as a sparse matrix."""
    return _as_sparse([_split_at_any(s, delimiter[()], skip_empty) for s in input.tolist()])


@op(
    "StringSplitV2",
    "input: string, sep: string -> indices: int64, values: string, shape: int64",
    maxsplit=-1,
)
def string_split_v2(input, sep, *, maxsplit):
    """The parts of each string between separators, or between white space; Python's `split`."""
    return _as_sparse([s.split(sep[()] or None, maxsplit) for s in input.tolist()])


def _split_shape(input, separator):
    with_rank(input, 1, "input")
    with_rank(separator, 0, "separator")
    return [[None, 2], [None], [2]]


for _each in (string_split, string_split_v2):
    _each.shape(_split_shape)
    _each.no_gradient(NOT_SMOOTH)
