"""Elements and parts chosen by index: `tensor[...]`, slices, gathers, masks.

Source: TF 1.15 python/ops/array_ops.py.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library.array import (
    concat,
    meshgrid,
    ones,
    rank,
    reshape,
    shape,
    squeeze,
    stack,
    tile,
    transpose,
    unstack,
)
from tailrace.shapes import Dimension

_INDEX_TYPES = (dtypes.int32, dtypes.int64)
_WHAT_IS_VALID = (
    "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar "
    "tf.int32/tf.int64 tensors are valid indices"
)


def slice(input_: Any, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """The box that starts at `begin`; a size of -1 reaches to the end of its axis."""
    return g.Slice(input_, begin, size, name=name)


def strided_slice(
    input_: Any,
    begin: Any,
    end: Any,
    strides: Any = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
    var: Any = None,
    name: str | None = None,
) -> Tensor:
    """Python's indexing `input_[begin:end:strides]`; bit i of a mask is about entry i.

    Of a variable's part (`var`), the result has a method `assign(value)`.
    """
    if strides is None:
        strides = g.ones_like(begin)
    masks = {
        "begin_mask": begin_mask,
        "end_mask": end_mask,
        "ellipsis_mask": ellipsis_mask,
        "new_axis_mask": new_axis_mask,
        "shrink_axis_mask": shrink_axis_mask,
    }
    part = g.StridedSlice(input_, begin, end, strides, name=name, **masks)
    part.assign = _assigner(var, begin, end, strides, masks, name)
    return part


def _assigner(var: Any, begin: Any, end: Any, strides: Any, masks: Any, name: str | None) -> Any:
    def assign(val: Any, name: str | None = name and f"{name}_assign") -> Any:
        if var is None:
            raise ValueError("Sliced assignment is only supported for variables")
        return var._strided_slice_assign(
            begin=begin, end=end, strides=strides, value=val, name=name, **masks
        )

    return assign


_MASKS = ("begin_mask", "end_mask", "shrink_axis_mask", "new_axis_mask", "ellipsis_mask")


class _Entries:
    """What stands between the brackets, as the inputs and masks of a strided slice."""

    def __init__(self) -> None:
        self.begin: list[Any] = []
        self.end: list[Any] = []
        self.strides: list[Any] = []
        self.masks: dict[str, Any] = dict.fromkeys(_MASKS, 0)

    def add(self, entry: Any) -> None:
        if isinstance(entry, _PythonSlice):
            self._add_slice(entry)
        elif entry is Ellipsis:
            self._append(0, 0, 1, "ellipsis_mask")
        elif entry is None:
            self._append(0, 0, 1, "new_axis_mask")
        else:
            _check_index(entry)
            self._append(entry, entry + 1, 1, "shrink_axis_mask")

    def _add_slice(self, entry: Any) -> None:
        bit = 1 << len(self.begin)
        bounds: list[Any] = []
        for bound, mask in ((entry.start, "begin_mask"), (entry.stop, "end_mask")):
            if bound is not None and (isinstance(bound, Tensor) or bound != sys.maxsize):
                _check_index(bound)
                bounds.append(bound)
            else:
                bounds.append(0)
                self.masks[mask] |= bit
        if entry.step is not None:
            _check_index(entry.step)
        begin, end = bounds
        self._append(begin, end, 1 if entry.step is None else entry.step)

    def _append(self, begin: Any, end: Any, stride: Any, mask: str | None = None) -> None:
        if mask is not None:
            self.masks[mask] |= 1 << len(self.begin)
        self.begin.append(begin)
        self.end.append(end)
        self.strides.append(stride)


_PythonSlice = type(np.s_[:])


def _check_index(index: Any) -> None:
    if isinstance(index, (int, Dimension)):
        return
    dtype = getattr(index, "dtype", None)
    if dtype is None or dtypes.as_dtype(dtype).base_dtype not in _INDEX_TYPES or _is_vector(index):
        raise TypeError(f"{_WHAT_IS_VALID}, got {index!r}")


def _is_vector(index: Any) -> bool:
    return bool(index.shape) and len(index.shape) == 1


def getitem(tensor: Any, key: Any, var: Any = None) -> Tensor:
    """`tensor[key]`: numbers, slices, `...`, None, scalar tensors, or a mask of booleans."""
    if isinstance(key, bool) or (
        isinstance(key, (Tensor, np.ndarray)) and dtypes.as_dtype(key.dtype) is dtypes.bool
    ):
        return boolean_mask(tensor, key)
    entries = _Entries()
    for entry in key if isinstance(key, (list, tuple)) else [key]:
        entries.add(entry)
    with g.name_scope(None, "strided_slice") as scope:
        if entries.begin:
            packed = [stack(entries.begin), stack(entries.end), stack(entries.strides)]
            if any(p.dtype is dtypes.int64 for p in packed):
                packed = [g.cast(p, dtypes.int64) for p in packed]
        else:
            packed = [convert_to_tensor([], dtypes.int32)] * 3
        begin, end, strides = packed
        return strided_slice(tensor, begin, end, strides, var=var, name=scope, **entries.masks)


Tensor._override_operator("__getitem__", getitem)


def boolean_mask(
    tensor: Any, mask: Any, name: str | None = "boolean_mask", axis: int | None = None
) -> Tensor:
    """The slices where `mask` is True, in order.

    Shapes: tensor [..., M..., ...], mask [M...] from `axis` on -> the M... become one dimension.
    Raises: ValueError when the mask is a scalar, has an unknown rank or does not fit.
    """
    with g.name_scope(name, "boolean_mask"):
        tensor = convert_to_tensor(tensor, name="tensor")
        mask = convert_to_tensor(mask, name="mask")
        rank = mask.get_shape().ndims
        if rank == 0:
            raise ValueError("mask cannot be scalar.")
        if rank is None:
            raise ValueError(
                "Number of mask dimensions must be specified, even if some dimensions are None. "
                " E.g. shape=[None] is ok, but shape=None is not."
            )
        axis = 0 if axis is None else axis
        static = tensor.get_shape()
        static[axis : axis + rank].assert_is_compatible_with(mask.get_shape())
        count = g.Prod(shape(tensor)[axis : axis + rank], [0])
        before, after = shape(tensor)[:axis], shape(tensor)[axis + rank :]
        tensor = reshape(tensor, concat([before, [count], after], 0))
        first = static[axis : axis + rank].num_elements()
        tensor.set_shape(static[:axis].concatenate([first]).concatenate(static[axis + rank :]))
        mask = reshape(mask, [-1])
        return gather(tensor, squeeze(where(mask), axis=[1]), axis=axis)


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """The places where `condition` holds, or elements of `x` there and of `y` elsewhere.

    Raises: ValueError when only one of x and y is given.
    """
    if x is None and y is None:
        with g.name_scope(name, "Where") as scope:
            condition = convert_to_tensor(condition, preferred_dtype=dtypes.bool, name="condition")
            return g.Where(condition, name=scope)
    if x is None or y is None:
        raise ValueError("x and y must both be non-None or both be None.")
    return g.Select(condition, x, y, name=name)


def where_v2(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """The same with NumPy's broadcasting of condition, x and y."""
    if x is None or y is None:
        return where(condition, x, y, name)
    return g.SelectV2(condition, x, y, name=name)


def gather(
    params: Any,
    indices: Any,
    validate_indices: bool | None = None,
    name: str | None = None,
    axis: Any = None,
    batch_dims: int = 0,
) -> Tensor:
    """The slices of `params` along an axis that `indices` name. `validate_indices` is ignored."""
    if axis is None:
        axis = batch_dims
    place = g.known(axis) if isinstance(axis, Tensor) else axis
    if place is None or place != 0:
        return g.GatherV2(params, indices, axis, batch_dims=batch_dims, name=name)
    if hasattr(params, "sparse_read"):
        return params.sparse_read(indices, name=name)
    return g.GatherV2(params, indices, axis, name=name)


def gather_nd(params: Any, indices: Any, name: str | None = None, batch_dims: Any = 0) -> Tensor:
    """The slices of `params` at the places that index vectors name."""
    known = g.known(batch_dims) if isinstance(batch_dims, Tensor) else batch_dims
    batch_dims = batch_dims if known is None else int(known)
    if batch_dims != 0:
        return batch_gather_nd(params, indices, batch_dims, name)
    if hasattr(params, "gather_nd"):
        return params.gather_nd(indices, name=name)
    return g.GatherNd(params, indices, name=name)


def batch_gather_nd(params: Any, indices: Any, batch_dims: Any, name: str | None = None) -> Tensor:
    """`gather_nd` for each entry of the leading dimensions that params and indices share.

    Raises: TypeError or ValueError when `batch_dims` is no int between 0 and the ranks.
    """
    with g.name_scope(name, "BatchGatherND"):
        indices = convert_to_tensor(indices, name="indices")
        params = convert_to_tensor(params, name="params")
        _check_batch_dims(batch_dims, params, indices)
        params_shape, indices_shape = shape(params), shape(indices)
        batch_shape = params_shape[:batch_dims]
        count = g.Prod(batch_shape, [0])
        inner_rank = rank(indices) - batch_dims - 1
        inner_shape = indices_shape[batch_dims:-1]
        ranges = [
            g.Cast(g.Range(0, size, 1), DstT=indices.dtype) for size in unstack(batch_shape, axis=0)
        ]
        flat = [reshape(x, (-1,)) for x in meshgrid(*ranges, indexing="ij")]
        grid = transpose(stack(flat, axis=0))
        grid_shape = shape(grid)
        wide = concat([grid_shape[:1], ones(inner_rank, dtypes.int32), grid_shape[1:]], axis=0)
        grid = reshape(grid, wide)
        grid = tile(grid, concat(((1,), inner_shape, (1,)), axis=0))
        flat_indices = reshape(indices, concat(([count], indices_shape[batch_dims:]), axis=0))
        taken = g.GatherNd(params, concat((grid, flat_indices), axis=-1))
        taken_shape = shape(taken)
        return reshape(taken, concat((batch_shape, taken_shape[1:]), axis=0))


def _check_batch_dims(batch_dims: Any, params: Tensor, indices: Tensor) -> None:
    if not isinstance(batch_dims, int):
        raise TypeError(f"batch_dims must be an int; got {batch_dims!r}")
    if batch_dims < 0:
        raise ValueError("tf.gather_nd does not allow negative batch_dims.")
    for what, tensor in (("indices", indices), ("params", params)):
        ndims = tensor.get_shape().ndims
        if ndims is not None and batch_dims >= ndims:
            raise ValueError(f"batch_dims = {batch_dims} must be less than rank({what}) = {ndims}")


def batch_gather(params: Any, indices: Any, name: str | None = None) -> Tensor:
    """`gather` for each entry of all but the last dimension of `indices`, which params share."""
    with g.name_scope(name, "BatchGather"):
        indices = convert_to_tensor(indices, name="indices")
        params = convert_to_tensor(params, name="params")
        if indices.get_shape().ndims is None:
            raise ValueError("batch_gather does not allow indices with unknown shape.")
        return _batch_gather(params, indices, indices.get_shape().ndims - 1)


def _batch_gather(params: Tensor, indices: Tensor, batch_dims: int) -> Tensor:
    """Params and indices with their batch dimensions flattened, indices offset accordingly."""
    ndims = params.get_shape().ndims
    if ndims is not None and batch_dims >= ndims:
        raise ValueError(f"batch_dims = {batch_dims} must be less than rank(params) = {ndims}")
    indices_shape, params_shape = shape(indices), shape(params)
    flat_indices = reshape(_with_offsets(params_shape, indices, batch_dims), [-1])
    outer = params_shape[batch_dims + 1 :]
    rows = g.Prod(params_shape[: batch_dims + 1], [0], keep_dims=False)
    flat = reshape(params, concat([[rows], outer], axis=0))
    result = reshape(gather(flat, flat_indices), concat([indices_shape, outer], axis=0))
    static_params, static_indices = params.get_shape(), indices.get_shape()
    final = static_indices[:batch_dims].merge_with(static_params[:batch_dims])
    final = final.concatenate(static_indices[batch_dims:])
    result.set_shape(final.concatenate(static_params[batch_dims + 1 :]))
    return result


def _with_offsets(params_shape: Tensor, indices: Tensor, batch_dims: int) -> Tensor:
    count, dtype = indices.get_shape().ndims, indices.dtype.base_dtype
    assert count is not None
    step: Any = ones((), dtype)
    sizes = g.Cast(params_shape, DstT=dtype)
    for dim in range(batch_dims, 0, -1):
        size = sizes[dim - 1]
        step = step * sizes[dim]
        start, delta = g.zeros((), dtype), ones((), dtype)
        offsets = g.Range(start, size, delta) * step
        wide = stack([1] * (dim - 1) + [size] + [1] * (count - dim), axis=0)
        indices = indices + reshape(offsets, wide)
    return indices
