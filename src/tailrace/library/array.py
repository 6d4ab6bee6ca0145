"""Arrays: shapes, joining, splitting, as `tf.reshape`, `tf.concat`, `tf.zeros` build them.

Source: TF 1.15 python/ops/array_ops.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.dtypes import DType, as_dtype
from tailrace.graph import SparseTensor, Tensor, convert_to_tensor, g
from tailrace.library.arguments import either
from tailrace.shapes import Dimension, TensorShape, broadcast

newaxis = None


def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Tensor:
    """A tensor that every run feeds."""
    return g.Placeholder(dtype=dtype, shape=TensorShape(shape), name=name)


def placeholder_with_default(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """A tensor that is `input` when a run does not feed it."""
    return g.PlaceholderWithDefault(input, shape=TensorShape(shape), name=name)


def sparse_placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> SparseTensor:
    """A SparseTensor that every run feeds."""
    shape_name = None if name is None else f"{name}/shape"
    rank, dense_shape = _sparse_shape(shape, shape_name)
    if dense_shape is None:
        dense_shape = placeholder(dtypes.int64, [rank], shape_name)
    values = placeholder(dtype, [None], None if name is None else f"{name}/values")
    indices = placeholder(dtypes.int64, [None, rank], None if name is None else f"{name}/indices")
    return SparseTensor(indices, values, dense_shape)


def _sparse_shape(shape: Any, name: str | None) -> tuple[int | None, Tensor | None]:
    """The rank, and the shape as a tensor when all of it is known."""
    if shape is None:
        return None, None
    if isinstance(shape, Tensor):
        return shape.get_shape()[0].value, convert_to_tensor(shape, dtypes.int64, name)
    if None in (sizes := list(shape)):
        return len(sizes), None
    return len(sizes), convert_to_tensor(shape, dtypes.int64, name)


def identity(input: Any, name: str | None = None) -> Tensor:
    """A new node with the value of `input`."""
    return g.Identity(input, name=name)


def identity_n(input: Any, name: str | None = None) -> list[Tensor]:
    """The inputs, none before all of them are computed."""
    return as_list(g.IdentityN(input, name=name))


def stop_gradient(input: Any, name: str | None = None) -> Tensor:
    """`input`, which gradients take as a constant."""
    return g.StopGradient(input, name=name)


def guarantee_const(input: Any, name: str | None = None) -> Tensor:
    """`input`, promised never to change."""
    return g.GuaranteeConst(input, name=name)


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Tensor:
    """`x`, whose shape is checked when it runs and known from here on."""
    return g.EnsureShape(x, shape=TensorShape(shape), name=name)


def as_list(outputs: Any) -> list[Tensor]:
    """What an operation with a list of outputs gives, also when there is only one."""
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


# -- shapes ---------------------------------------------------------------------------------------


def shape(
    input: Any,
    name: str | None = None,
    out_type: DType = dtypes.int32,
) -> Tensor:
    """The sizes of the dimensions."""
    return g.shape(input, name, as_dtype(out_type))


def shape_n(input: Any, out_type: DType = dtypes.int32, name: str | None = None) -> list[Tensor]:
    """The shapes of several tensors."""
    return as_list(g.ShapeN(input, out_type=out_type, name=name))


def size(
    input: Any,
    name: str | None = None,
    out_type: DType = dtypes.int32,
) -> Tensor:
    """The number of elements."""
    return g.size(input, name, as_dtype(out_type))


def rank(input: Any, name: str | None = None) -> Tensor:
    """The number of dimensions."""
    return g.rank(input, name)


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Tensor:
    """The elements in another shape; a size of -1 is what remains."""
    return g.Reshape(tensor, shape, name=name)


def expand_dims(
    input: Any,
    axis: Any = None,
    name: str | None = None,
    dim: Any = None,
) -> Tensor:
    """`input` with one more dimension, of size 1, at `axis`. `dim` is the old name of `axis`."""
    axis = either("axis", axis, "dim", dim)
    if axis is None:
        raise ValueError("Must specify an axis argument to tf.expand_dims()")
    return g.ExpandDims(input, axis, name=name)


def squeeze(
    input: Any,
    axis: Any = None,
    name: str | None = None,
    squeeze_dims: Any = None,
) -> Tensor:
    """`input` without its dimensions of size 1, or without those named by `axis`."""
    axis = either("axis", axis, "squeeze_dims", squeeze_dims)
    if np.isscalar(axis):
        axis = [axis]
    return g.Squeeze(input, squeeze_dims=axis, name=name)


def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """`input` repeated up to `shape`, by NumPy's rules."""
    return g.BroadcastTo(input, shape, name=name)


def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Tensor:
    """The shape of an element-wise operation on tensors of the two shapes, when it runs."""
    return g.BroadcastArgs(shape_x, shape_y)


def broadcast_static_shape(shape_x: TensorShape, shape_y: TensorShape) -> TensorShape:
    """The static shape of an element-wise operation on tensors of the two shapes."""
    return TensorShape(broadcast(shape_x, shape_y))


# -- filled arrays --------------------------------------------------------------------------------


def fill(dims: Any, value: Any, name: str | None = None) -> Tensor:
    """A tensor of one value."""
    return g.Fill(dims, value, name=name)


def zeros(shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Tensor:
    """Zeros, or False or empty strings."""
    return g.zeros(shape, dtype, name)


def ones(shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Tensor:
    """Ones, or True."""
    return g.ones(shape, dtype, name)


def zeros_like(
    tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True
) -> Tensor:
    """Zeros in the shape of `tensor`; a constant when the shape is known and `optimize` is set."""
    return g.zeros_like(tensor, dtype, name, optimize)


def ones_like(
    tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True
) -> Tensor:
    """Ones in the shape of `tensor`; a constant when the shape is known and `optimize` is set."""
    return g.ones_like(tensor, dtype, name, optimize)


def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: int | None = None,
    dtype: Any = None,
    name: str | None = None,
) -> Tensor:
    """`on_value` (1) where the position on the new axis is the index, `off_value` (0) elsewhere."""
    with g.name_scope(name, "one_hot") as scope:
        on_type = None if on_value is None else convert_to_tensor(on_value).dtype.base_dtype
        off_type = None if off_value is None else convert_to_tensor(off_value).dtype.base_dtype
        dtype = _one_hot_type(on_type, off_type, None if dtype is None else as_dtype(dtype))
        if on_value is None:
            on_value, on_type = convert_to_tensor(1, dtype, name="on_value"), dtype
        if off_value is None:
            off_value, off_type = convert_to_tensor(0, dtype, name="off_value"), dtype
        if on_type != off_type:
            raise TypeError(
                f"dtype {on_type} of on_value does not match dtype {off_type} of off_value"
            )
        return g.OneHot(indices, depth, on_value, off_value, axis=axis, name=scope)


def _one_hot_type(on_type: DType | None, off_type: DType | None, dtype: DType | None) -> DType:
    if dtype is None:
        return on_type or off_type or dtypes.float32
    for which, given in (("on_value", on_type), ("off_value", off_type)):
        if given is not None and given != dtype:
            raise TypeError(f"dtype {given} of {which} does not match dtype parameter {dtype}")
    return dtype


# -- joining and splitting ------------------------------------------------------------------------


def stack(values: Any, axis: int = 0, name: str = "stack") -> Tensor:
    """Tensors of one shape, side by side along a new axis.

    Raises: ValueError for an axis out of range.
    """
    if axis == 0 and not _holds_dimension(values):
        try:
            return convert_to_tensor(values, name=name)
        except (TypeError, ValueError):
            pass  # TF: what cannot be one constant or be packed as it is
    dims = convert_to_tensor(values[0], name=name)._dims
    if dims is not None:
        _check_axis(axis, len(dims) + 1)
    return g.Pack(values, axis=axis, name=name)


def _holds_dimension(values: Any) -> bool:
    """TF: a list that holds a Dimension is no constant, unless a type is asked for."""
    return isinstance(values, (list, tuple)) and any(isinstance(v, Dimension) for v in values)


def _check_axis(axis: int, rank: int) -> None:
    if not -rank <= axis < rank:
        raise ValueError(f"axis = {axis} not in [{-rank}, {rank})")


def parallel_stack(values: Any, name: str = "parallel_stack") -> Tensor:
    """Tensors of one known shape, side by side along a new first axis."""
    with g.name_scope(name):
        first = convert_to_tensor(values[0])
        shape = TensorShape([len(values)]).concatenate(first.get_shape())
        return g.ParallelConcat([expand_dims(value, 0) for value in values], shape=shape)


def unstack(
    value: Any, num: int | None = None, axis: int = 0, name: str = "unstack"
) -> list[Tensor]:
    """The slices along an axis. Raises: ValueError when their number is not known and not given."""
    if num is None:
        value = convert_to_tensor(value)
        dims = value._dims
        if dims is not None:
            _check_axis(axis, len(dims))
            num = dims[axis]
        if num is None:
            raise ValueError(f"Cannot infer num from shape {value.get_shape()}")
    return as_list(g.Unpack(value, num=num, axis=axis, name=name))


def concat(values: Any, axis: Any, name: str = "concat") -> Tensor:
    """Tensors one behind the other along an axis."""
    if not isinstance(values, (list, tuple)):
        values = [values]
    if len(values) == 1:
        with g.name_scope(name):
            place = convert_to_tensor(axis, dtypes.int32, name="concat_dim")
            place.get_shape().assert_has_rank(0)
            return identity(values[0], name=name)
    return g.ConcatV2(list(values), axis, name=name)


def split(
    value: Any,
    num_or_size_splits: Any,
    axis: Any = 0,
    num: int | None = None,
    name: str = "split",
) -> list[Tensor]:
    """Equal parts (an int) or parts of given sizes (a list or tensor) along an axis."""
    sizes = convert_to_tensor(num_or_size_splits)
    if isinstance(num_or_size_splits, (int, Dimension)):
        return as_list(g.Split(axis, value, num_split=int(num_or_size_splits), name=name))
    if sizes._dims == ():
        raise ValueError(
            "Rank-0 tensors are not supported as the num_or_size_splits argument to split. "
            f"Argument provided: {num_or_size_splits}"
        )
    if num is None:
        num = sizes._dims[0] if sizes._dims else None
        if num is None:
            raise ValueError(f"Cannot infer num from shape {num_or_size_splits}")
    return as_list(g.SplitV(value, sizes, axis, num_split=num, name=name))


def meshgrid(*args: Any, **kwargs: Any) -> list[Tensor]:
    """Coordinate arrays from coordinate vectors; `indexing` is "xy" (pictures) or "ij"."""
    indexing = kwargs.pop("indexing", "xy")
    name = kwargs.pop("name", "meshgrid")
    if kwargs:
        raise TypeError(f"'{next(iter(kwargs))}' is an invalid keyword argument for this function")
    if indexing not in ("xy", "ij"):
        raise ValueError("indexing parameter must be either 'xy' or 'ij'")
    with g.name_scope(name, "meshgrid"):
        count = len(args)
        grids = [
            reshape(stack(x), (1,) * i + (-1,) + (1,) * (count - i - 1)) for i, x in enumerate(args)
        ]
        sizes = [size(x) for x in args]
        dtype = convert_to_tensor(args[0]).dtype.base_dtype
        if indexing == "xy" and count > 1:
            grids[0] = reshape(grids[0], (1, -1) + (1,) * (count - 2))
            grids[1] = reshape(grids[1], (-1, 1) + (1,) * (count - 2))
            sizes[0], sizes[1] = sizes[1], sizes[0]
        ones_of_all = ones(sizes, dtype)
        return [x * ones_of_all for x in grids]


# -- layout ---------------------------------------------------------------------------------------


def transpose(
    a: Any, perm: Any = None, name: str | None = "transpose", conjugate: bool = False
) -> Tensor:
    """The dimensions in the order `perm`, or turned around; conjugated on request."""
    with g.name_scope(name, "transpose") as scope:
        complex_too = conjugate and a.dtype.is_complex
        permuted = g.ConjugateTranspose if complex_too else g.Transpose
        if perm is not None:
            return permuted(a, perm, name=scope)
        a = convert_to_tensor(a, name="a")
        ndims = a.get_shape().ndims
        if ndims:
            perm = np.arange(ndims)[::-1]
        else:
            count = g.Rank(a)
            perm = (count - 1) - g.Range(0, count, 1)
        result = permuted(a, perm, name=scope)
        if a._dims is not None:
            result.set_shape(a._dims[::-1])
        return result


def matrix_transpose(a: Any, name: str = "matrix_transpose", conjugate: bool = False) -> Tensor:
    """The last two dimensions exchanged."""
    with g.name_scope(name):
        a = convert_to_tensor(a, name="a")
        ndims = a.get_shape().ndims
        if ndims is None:
            count = rank(a)
            batch = g.Range(0, count - 2, 1)
            perm: Any = concat((batch, [count - 1, count - 2]), 0)
        elif ndims < 2:
            raise ValueError(
                f"Argument 'a' should be a (batch) matrix, with rank >= 2.  Found: {a.get_shape()}"
            )
        else:
            perm = [*range(ndims - 2), ndims - 1, ndims - 2]
        return transpose(a, perm=perm, conjugate=conjugate)


def tile(input: Any, multiples: Any, name: str | None = None) -> Tensor:
    """`input` repeated `multiples[i]` times along axis i."""
    return g.Tile(input, multiples, name=name)


def pad(
    tensor: Any,
    paddings: Any,
    mode: str = "CONSTANT",
    name: str | None = None,
    constant_values: Any = 0,
) -> Tensor:
    """`tensor` with `paddings[i] = (before, after)` more elements along axis i.

    Args: mode is CONSTANT, REFLECT or SYMMETRIC.
    """
    mode = mode.upper()
    if mode == "CONSTANT":
        if not isinstance(constant_values, Tensor) and constant_values == 0:
            result = g.Pad(tensor, paddings, name=name)
        else:
            result = g.PadV2(tensor, paddings, constant_values, name=name)
    elif mode in ("REFLECT", "SYMMETRIC"):
        result = g.MirrorPad(tensor, paddings, mode=mode, name=name)
    else:
        raise ValueError(f"Unknown padding mode: {mode}")
    return result


def reverse(tensor: Any, axis: Any, name: str | None = None) -> Tensor:
    """`tensor` with the order along some axes turned around."""
    return g.ReverseV2(tensor, axis, name=name)


def reverse_sequence(
    input: Any,
    seq_lengths: Any,
    seq_axis: int | None = None,
    batch_axis: int | None = None,
    name: str | None = None,
    seq_dim: int | None = None,
    batch_dim: int | None = None,
) -> Tensor:
    """The first `seq_lengths[b]` steps of each sequence turned around, the rest as it is."""
    seq_axis = either("seq_axis", seq_axis, "seq_dim", seq_dim)
    batch_axis = either("batch_axis", batch_axis, "batch_dim", batch_dim)
    return g.ReverseSequence(input, seq_lengths, seq_dim=seq_axis, batch_dim=batch_axis, name=name)
