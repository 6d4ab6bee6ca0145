"""Sums, means and extrema along axes, and sums of several tensors.

Source: TF 1.15 python/ops/math_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace import dtypes
from tailrace.dtypes import as_dtype
from tailrace.graph import (
    IndexedSlices,
    Tensor,
    convert_to_tensor,
    convert_to_tensor_or_indexed_slices,
    g,
)
from tailrace.library.arguments import either
from tailrace.shapes import TensorShape


def _set_scalar(result: Tensor, axis: Any, keepdims: bool | None) -> Tensor:
    """A reduction of all axes gives a scalar, even of a tensor of unknown rank."""
    if axis is None and not keepdims and not result.shape.is_fully_defined():
        result.set_shape(())
    return result


def _reduce(op_type: str, x: Any, axis: Any, keepdims: Any, name: str | None) -> Tensor:
    axes = g.all_axes(x, axis)
    result = getattr(g, op_type)(x, axes, keep_dims=bool(keepdims), name=name)
    return _set_scalar(result, axis, keepdims)


def _reduction(op_type: str, name: str, what: str) -> Callable[..., Tensor]:
    def function(
        input_tensor: Any,
        axis: Any = None,
        keepdims: bool | None = None,
        name: str | None = None,
        reduction_indices: Any = None,
        keep_dims: bool | None = None,
    ) -> Tensor:
        axis = either("axis", axis, "reduction_indices", reduction_indices)
        keepdims = either("keepdims", keepdims, "keep_dims", keep_dims)
        return _reduce(op_type, input_tensor, axis, keepdims, name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""{what} along `axis`, a number or several; along all axes when it is None.

    `keepdims` leaves the reduced axes in the shape, with size 1.
    """
    return function


reduce_sum = _reduction("Sum", "reduce_sum", "The sum of the elements")
reduce_mean = _reduction("Mean", "reduce_mean", "The mean of the elements")
reduce_prod = _reduction("Prod", "reduce_prod", "The product of the elements")
reduce_max = _reduction("Max", "reduce_max", "The largest element")
reduce_min = _reduction("Min", "reduce_min", "The smallest element")
reduce_all = _reduction("All", "reduce_all", "Whether all elements hold")
reduce_any = _reduction("Any", "reduce_any", "Whether any element holds")


def reduce_euclidean_norm(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The square root of the sum of squares along `axis`."""
    return _reduce("EuclideanNorm", input_tensor, axis, keepdims, name)


def reduce_variance(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The mean squared distance from the mean along `axis`."""
    with g.name_scope(name or "reduce_variance"):
        means = reduce_mean(input_tensor, axis=axis, keepdims=True)
        squares = g.Square(input_tensor - means)
        return reduce_mean(squares, axis=axis, keepdims=keepdims)


def reduce_std(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The square root of the variance along `axis`."""
    with g.name_scope(name or "reduce_std"):
        return g.Sqrt(reduce_variance(input_tensor, axis=axis, keepdims=keepdims))


def reduce_logsumexp(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """log(sum(exp(x))) along `axis`, computed so that it neither overflows nor underflows."""
    axis = either("axis", axis, "reduction_indices", reduction_indices)
    keepdims = either("keepdims", keepdims, "keep_dims", keep_dims) or False
    input_tensor = convert_to_tensor(input_tensor)
    with g.name_scope(name, "ReduceLogSumExp"):
        highest = reduce_max(input_tensor, axis=axis, keepdims=True)
        finite = g.IsFinite(highest)
        offset = g.StopGradient(g.Select(finite, highest, g.zeros_like(highest)))
        total = reduce_sum(g.Exp(g.Sub(input_tensor, offset)), axis, keepdims=keepdims)
        result = g.Log(total)
        if not keepdims:
            offset = g.Reshape(offset, g.shape(result))
        return _set_scalar(g.Add(result, offset), axis, keepdims)


def count_nonzero(
    input_tensor: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
    dtype: Any = dtypes.int64,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
    input: Any = None,
) -> Tensor:
    """How many elements along `axis` are not 0 (or not the empty string)."""
    keepdims = either("keepdims", keepdims, "keep_dims", keep_dims) or False
    value = either("input", input, "input_tensor", input_tensor)
    axis = either("axis", axis, "reduction_indices", reduction_indices)
    with g.name_scope(name, "count_nonzero"):
        value = convert_to_tensor(value, name="input")
        zero = g.zeros([], value.dtype.base_dtype)
        counts = g.cast(g.NotEqual(value, zero), dtypes.int64)
        return g.cast(reduce_sum(counts, axis=axis, keepdims=keepdims), as_dtype(dtype))


# -- positions -------------------------------------------------------------------------------------


def argmax(
    input: Any,
    axis: Any = None,
    name: str | None = None,
    dimension: Any = None,
    output_type: Any = dtypes.int64,
) -> Tensor:
    """The index of the largest element along `axis` (0 when it is None)."""
    axis = either("axis", axis, "dimension", dimension)
    return g.ArgMax(input, 0 if axis is None else axis, output_type=output_type, name=name)


def argmin(
    input: Any,
    axis: Any = None,
    name: str | None = None,
    dimension: Any = None,
    output_type: Any = dtypes.int64,
) -> Tensor:
    """The index of the smallest element along `axis` (0 when it is None)."""
    axis = either("axis", axis, "dimension", dimension)
    return g.ArgMin(input, 0 if axis is None else axis, output_type=output_type, name=name)


def arg_max(
    input: Any,
    dimension: Any,
    output_type: Any = dtypes.int64,
    name: str | None = None,
) -> Tensor:
    """The index of the largest element along an axis; the older spelling of `argmax`."""
    return g.ArgMax(input, dimension, output_type=output_type, name=name)


def arg_min(
    input: Any,
    dimension: Any,
    output_type: Any = dtypes.int64,
    name: str | None = None,
) -> Tensor:
    """The index of the smallest element along an axis; the older spelling of `argmin`."""
    return g.ArgMin(input, dimension, output_type=output_type, name=name)


# -- sums of several tensors -----------------------------------------------------------------------


def add_n(inputs: Any, name: str | None = None) -> Tensor:
    """The sum of tensors or IndexedSlices of one shape. Raises: ValueError when there is none."""
    message = (
        "inputs must be a list of at least one Tensor/IndexedSlices with the same dtype and shape"
    )
    if not inputs or not isinstance(inputs, (list, tuple)):
        raise ValueError(message)
    terms = [convert_to_tensor_or_indexed_slices(x) for x in inputs]
    if len(terms) > 1:
        return g.AddN(terms, name=name)
    values = convert_to_tensor(terms[0]) if isinstance(terms[0], IndexedSlices) else terms[0]
    return g.identity(values, name=name) if name else values


def accumulate_n(
    inputs: Any, shape: Any = None, tensor_dtype: Any = None, name: str | None = None
) -> Tensor:
    """The sum of tensors of one shape, each added as soon as it is there.

    Raises: ValueError when they differ in type or shape, TypeError when not of `tensor_dtype`.
    """
    message = "inputs must be a list of at least one Tensor with the same dtype and shape"
    if not inputs or not isinstance(inputs, (list, tuple)):
        raise ValueError(message)
    terms = [convert_to_tensor_or_indexed_slices(x) for x in inputs]
    if not all(isinstance(x, Tensor) and x.dtype == terms[0].dtype for x in terms):
        raise ValueError(message)
    merged = TensorShape(shape)
    for term in terms:
        merged = merged.merge_with(term.get_shape())
    if tensor_dtype is not None and tensor_dtype != terms[0].dtype:
        raise TypeError(f"tensor_dtype is {tensor_dtype}, but input is of type {terms[0].dtype}")
    if len(terms) == 1:
        return terms[0] if name is None else g.identity(terms[0], name=name)
    return g.AccumulateNV2(terms, shape=merged, name=name)
