"""The largest entries of rows.

Source: TF 1.15 core/ops/nn_ops.cc, core/kernels/topk_op.cc, in_topk_op.h, nth_element_op.cc,
python/ops/nn_grad.py.
"""

from __future__ import annotations

from math import prod
from typing import Any

import torch

from tailrace.dtypes import INDEX, REAL, int32, int64
from tailrace.errors import ShapeError, invalid
from tailrace.native import bundles
from tailrace.registry import Attr, op, type_attr
from tailrace.shapes import agree, at_least_rank, with_rank


@op("TopKV2", "input: T, k: int32 -> values: T, indices: int32", sorted=True, T=REAL, _host="k")
def top_k_v2(input, k):
    """The k largest entries of each row, largest first; of equal ones the first comes first.

    Shapes: input [..., n], k [] -> values [..., k], indices [..., k].
    """
    size = input.shape[-1]
    if size < k:
        raise invalid(f"input must have at least k columns. Had {size}, needed {k}")
    # one more than asked for: equal neighbours in there mean that the order must be settled
    values, indices = torch.topk(input, min(k + 1, size), -1)
    if (values[..., 1:] == values[..., :-1]).any():
        values, indices = torch.sort(input, dim=-1, descending=True, stable=True)
    return values[..., :k], indices[..., :k].to(torch.int32)


@top_k_v2.shape
def top_k_v2_shape(input, k):
    at_least_rank(input, 1)
    with_rank(k, 0)
    value = k.value
    return _top_k_shape(input, None if value is None else int(value))


def _top_k_shape(input: Any, k: int | None) -> list[Any]:
    size = input[-1]
    if k is not None and size is not None and size < k:
        raise ShapeError(f"input must have last dimension >= k = {k} but is {size}")
    shape = [*input[:-1], k]
    return [shape, shape]


@top_k_v2.small
def top_k_v2_small(input, k):
    rows, columns, wanted = prod(input[:-1]), input[-1], int(k.value)
    if rows * columns > bundles.MANY or not 0 < wanted <= columns:
        return None
    return bundles.Instruction("top_k", (0,), (rows, columns, wanted), 4 * columns)


@top_k_v2.gradient
def top_k_v2_gradient(g, op, dy, _):
    return _top_k_gradient(g, op, dy), g.zeros([], int32)


@op(
    "TopK",
    "input: T -> values: T, indices: int32",
    k=Attr("int", minimum=0),
    sorted=True,
    T=REAL,
)
def top_k(input, *, k):
    """The k largest entries of each row, as TopKV2 gives them."""
    return top_k_v2(input, k)


@top_k.shape
def top_k_shape(input, *, k):
    return _top_k_shape(at_least_rank(input, 1), k)


@top_k.gradient
def top_k_gradient(g, op, dy, _):
    return _top_k_gradient(g, op, dy)


def _top_k_gradient(g: Any, op: Any, dy: Any) -> Any:
    """The gradients scattered to where the entries came from; all rows are numbered in one."""
    in_shape, out_shape = g.shape(op.input), g.shape(op.indices)
    k = g.GatherV2(g.cast(out_shape, int64), g.size(out_shape) - 1, 0)
    rows = g.Reshape(op.indices, g.convert([-1, k], name="stack"))
    width = g.GatherV2(g.cast(in_shape, int64), g.size(in_shape) - 1, 0)
    count = g.shape(rows)[0]
    starts = _range(g, g.cast(count, int64) * width, width)
    flat = g.Reshape(rows + g.cast(g.ExpandDims(starts, -1), int32), [-1])
    places, values = g.ExpandDims(flat, -1), g.Reshape(dy, [-1])
    total = g.Prod(in_shape, g.all_axes(in_shape, None))
    return g.Reshape(g.ScatterNd(places, values, [total]), in_shape)


def _range(g: Any, limit: Any, delta: Any) -> Any:
    with g.name_scope("range") as scope:
        start = g.convert(0, name="start")
        return g.Range(g.cast(start, int64), limit, delta, name=scope)


# -- in top k --------------------------------------------------------------------------------------


@op(
    "InTopKV2",
    "predictions: float32, targets: T, k: T -> precision: bool",
    T=type_attr(INDEX, int32),
    _host="k",
)
def in_top_k_v2(predictions, targets, k):
    """Whether fewer than k classes are predicted to be likelier than the target.

    Shapes: predictions [B, C], targets [B], k [] -> [B]. A target out of range, and a row that
    is not finite, give False.
    """
    classes = predictions.shape[1]
    index = targets.to(torch.int64)
    within = (index >= 0) & (index < classes)
    chosen = predictions.gather(1, index.clamp(0, classes - 1).unsqueeze(1))
    likelier = (predictions > chosen).sum(1)
    return within & predictions.isfinite().all(1) & (likelier < k)


@in_top_k_v2.shape
def in_top_k_v2_shape(predictions, targets, k):
    with_rank(k, 0)
    return in_top_k_shape(predictions, targets)


@op(
    "InTopK",
    "predictions: float32, targets: T -> precision: bool",
    k=Attr("int"),
    T=type_attr(INDEX, int32),
)
def in_top_k(predictions, targets, *, k):
    """Whether the target is among the k classes predicted to be likeliest; see InTopKV2."""
    return in_top_k_v2(predictions, targets, k)


@in_top_k.shape
def in_top_k_shape(predictions, targets):
    predictions, targets = with_rank(predictions, 2), with_rank(targets, 1)
    return [[agree(predictions[0], targets[0], "first dimensions of predictions and targets")]]


# -- the n-th --------------------------------------------------------------------------------------


@op("NthElement", "input: T, n: int32 -> values: T", reverse=False, T=REAL, _host="n")
def nth_element(input, n, *, reverse):
    """The n-th smallest entry of each row, counted from 0; the n-th largest in reverse."""
    size = input.shape[-1]
    if not 0 <= n < size:
        raise invalid(f"Input must have at least n+1 columns: n = {n}, {size} columns")
    return torch.kthvalue(input, size - n if reverse else n + 1, -1).values


@nth_element.shape
def nth_element_shape(input, n):
    input = at_least_rank(input, 1)
    with_rank(n, 0)
    value, size = n.value, input[-1]
    if value is not None and size is not None and size <= value:
        raise ShapeError(f"Input must have last dimension > n = {value} but is {size}")
    return [input[:-1]]


@nth_element.gradient
def nth_element_gradient(g, op, dy):
    here = g.cast(g.Equal(g.ExpandDims(op.values, -1), op.input), dy.dtype)
    dy = g.ExpandDims(dy, -1)
    count = g.ExpandDims(g.Sum(here, -1), -1)
    return g.RealDiv(here, count, name="div") * dy, None
