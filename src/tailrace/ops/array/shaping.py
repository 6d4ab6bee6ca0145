"""The shapes of arrays: asking for them, and giving the same elements another one.

Source: TF 1.15 core/ops/array_ops.cc, core/framework/common_shape_fns.cc, python/ops/array_grad.py.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import torch

from tailrace import arrays, dtypes, errors
from tailrace.dtypes import ANY, INDEX, NUMERIC, QUANTIZED
from tailrace.errors import ShapeError
from tailrace.ops.array.moving import moves_elements
from tailrace.registry import Attr, op, type_attr
from tailrace.shapes import UNKNOWN, Shape, agree, product

_INDEX = type_attr(INDEX, dtypes.int32)
_ABOUT_SHAPES = "a shape does not depend on the values"


@op("Shape", "input: T -> output: out_type", T=ANY, out_type=_INDEX, _static=True, _measures=True)
def shape(input, *, out_type):
    """The sizes of the dimensions, as a vector."""
    return _vector(tuple(input.shape), arrays.torch_dtype(out_type)).clone()


@functools.lru_cache(4096)
def _vector(sizes, dtype):
    """A tensor of sizes; making one takes longer than copying it."""
    return torch.tensor(sizes, dtype=dtype)


@shape.shape
def shape_shape(input):
    return [[input.rank]]


@shape.known_value
def shape_value(input, *, out_type):
    return [_sizes(input, out_type)]


@shape.known_sizes
def shape_sizes(input):
    return input


shape.no_gradient(_ABOUT_SHAPES)


def _sizes(shape, out_type):
    return np.array(shape.dims, out_type.as_numpy_dtype) if shape.complete else None


@op(
    "ShapeN",
    "input: N*T -> output: N*out_type",
    T=ANY,
    out_type=_INDEX,
    _host_only=True,
    _anywhere="input",
)
def shape_n(input, *, out_type):
    """The shapes of several tensors."""
    dtype = arrays.torch_dtype(out_type)
    return [_vector(tuple(x.shape), dtype).clone() for x in input]


@shape_n.shape
def shape_n_shape(input):
    return [[x.rank] for x in input]


@shape_n.known_value
def shape_n_value(input, *, out_type):
    return [_sizes(x, out_type) for x in input]


shape_n.no_gradient(_ABOUT_SHAPES)


@op("Size", "input: T -> output: out_type", T=ANY, out_type=_INDEX, _static=True, _measures=True)
def size(input, *, out_type):
    """The number of elements."""
    return torch.tensor(_count(input), dtype=arrays.torch_dtype(out_type))


def _count(x):
    return x.numel() if isinstance(x, torch.Tensor) else x.size


@size.shape
def size_shape(input):
    return [[]]


@size.known_value
def size_value(input, *, out_type):
    return [np.array(product(input), out_type.as_numpy_dtype) if input.complete else None]


size.no_gradient(_ABOUT_SHAPES)


@op("Rank", "input: T -> output: int32", T=ANY, _static=True, _measures=True)
def rank(input):
    """The number of dimensions."""
    return torch.tensor(input.ndim, dtype=torch.int32)


@rank.shape
def rank_shape(input):
    return [[]]


@rank.known_value
def rank_value(input):
    return [None if input.dims is None else np.array(len(input), np.int32)]


rank.no_gradient(_ABOUT_SHAPES)


def _reshape(tensor, shape):
    try:
        return tensor.reshape(shape)
    except RuntimeError:
        raise _reshape_error(tensor, shape) from None


def _reshape_error(tensor, shape):
    if sum(d == -1 for d in shape) > 1:
        return errors.invalid(f"Only one input size may be -1, not both, in {shape}")
    return errors.invalid(
        f"Input to reshape is a tensor with {tensor.numel()} values, but the requested shape "
        f"{shape} " + ("requires a multiple of it" if -1 in shape else f"has {product(shape)}")
    )


@op(
    "Reshape",
    "tensor: T, shape: Tshape -> output: T",
    _reshapes=True,
    T=ANY,
    Tshape=_INDEX,
    _host="shape",
    _alias=True,
)
def reshape(tensor, shape):
    """The same elements in another shape; a size of -1 is what remains."""
    return _reshape(tensor, shape)


reshape.bind(moves_elements(_reshape, 0))


@reshape.over_steps
def reshape_over_steps(b, tensor, shape):
    elements = product(tensor.dims)
    if shape.constant is None or elements is None:
        return None
    sizes = shape.constant.tolist()
    if -1 in sizes:
        known = product(d for d in sizes if d != -1)
        if not known:
            return None
        sizes[sizes.index(-1)] = elements // known
    return [b.Reshape(tensor.value, b.constant([tensor.value.dims[0], *sizes]))]


@reshape.repeats
def reshape_repeats(tensor, shape):
    return 0 if tensor.complete and reshape_shape(tensor, shape) == [tensor] else None


@reshape.shape
def reshape_shape(tensor, shape):
    out = shape.as_shape()
    if out.dims is None or tensor.dims is None:
        return [out]
    known_in, unknown_in = _known_product(tensor.dims)
    known_out, unknown_out = _known_product(out.dims)
    if len(unknown_in) > 1 or len(unknown_out) > 1:
        return [out]
    if not unknown_in and not unknown_out and known_in != known_out:
        raise ShapeError(
            f"Cannot reshape a tensor with {known_in} elements to shape {out} "
            f"({known_out} elements)"
        )
    if not unknown_out:
        if unknown_in and known_in and known_out % known_in:
            raise ShapeError(
                f"Dimension size must be evenly divisible by {known_in} but is {known_out}: {out}"
            )
        return [out]
    dims = list(out.dims)
    if not unknown_in and known_out > 0:
        if known_in % known_out:
            raise ShapeError(
                f"Dimension size must be evenly divisible by {known_out} but is {known_in}: {out}"
            )
        dims[unknown_out[0]] = known_in // known_out
    return [dims]


def _known_product(dims):
    """The product of the known sizes, and the positions of the others; a size 0 makes all known."""
    if 0 in dims:
        return 0, []
    known = math.prod(d for d in dims if d is not None)
    return known, [i for i, d in enumerate(dims) if d is None]


def _back_to_input(g, x, dy):
    return g.Reshape(dy, g.shape(x))


@reshape.gradient
def reshape_grad(g, op, dy):
    return _back_to_input(g, op.tensor, dy), None


def _expand_dims(input, dim):
    try:
        return input.unsqueeze(dim if type(dim) is int else dim[0])
    except IndexError:
        raise errors.invalid(
            f"Tried to expand dim index {dim} for tensor with {input.ndim} dimensions."
        ) from None


@op(
    "ExpandDims",
    "input: T, dim: Tdim -> output: T",
    _reshapes=True,
    T=ANY,
    Tdim=_INDEX,
    _host="dim",
    _alias=True,
)
def expand_dims(input, dim):
    """The input with a dimension of size 1 more, at `dim`."""
    return _expand_dims(input, dim)


expand_dims.bind(moves_elements(_expand_dims, 0))


@expand_dims.shape
def expand_dims_shape(input, dim):
    value = dim.value
    if value is None:
        return [UNKNOWN]
    dims = list(input)
    if value.size != 1:
        raise ShapeError(
            f"'dim' input must be a tensor with a single value, but has shape {list(value.shape)}"
        )
    place = int(value.reshape(-1)[0])
    if not -len(dims) - 1 <= place <= len(dims):
        raise ShapeError(f"dim {place} not in the interval [{-len(dims) - 1}, {len(dims)}].")
    dims.insert(place if place >= 0 else place + len(dims) + 1, 1)
    return [dims]


@expand_dims.gradient
def expand_dims_grad(g, op, dy):
    return _back_to_input(g, op.input, dy), None


def _squeeze(input, *, squeeze_dims):
    if not squeeze_dims:
        return input.squeeze()
    try:
        squeezed = input.squeeze(squeeze_dims)
    except (IndexError, RuntimeError):
        squeezed = None
    if squeezed is None or squeezed.ndim != input.ndim - len(squeeze_dims):
        raise _squeeze_error(input, squeeze_dims)
    return squeezed


def _squeeze_error(input, squeeze_dims):
    for axis in squeeze_dims:
        if not -input.ndim <= axis < input.ndim:
            return errors.invalid(
                f"Tried to squeeze dim index {axis} for tensor with {input.ndim} dimensions."
            )
        if input.shape[axis] != 1:
            return errors.invalid(
                f"Can not squeeze dim[{axis}], expected a dimension of 1, got {input.shape[axis]}"
            )
    return errors.invalid(f"dimensions to squeeze occur twice: {list(squeeze_dims)}")


@op(
    "Squeeze",
    "input: T -> output: T",
    _reshapes=True,
    T=ANY,
    squeeze_dims=Attr("list(int)", []),
    _alias=True,
)
def squeeze(input, *, squeeze_dims):
    """The input without its dimensions of size 1, or without those of `squeeze_dims`."""
    return _squeeze(input, squeeze_dims=squeeze_dims)


squeeze.bind(moves_elements(_squeeze, 0))


@squeeze.shape
def squeeze_shape(input, *, squeeze_dims):
    dims = list(input)
    if not squeeze_dims:
        return [UNKNOWN if None in dims else [d for d in dims if d != 1]]
    places = set()
    for axis in squeeze_dims:
        if not -len(dims) <= axis < len(dims):
            raise ShapeError(
                f"Tried to squeeze dim index {axis} for tensor with {len(dims)} dimensions."
            )
        place = axis % len(dims)
        places.add(place)
        if dims[place] not in (None, 1):
            raise ShapeError(
                f"Can not squeeze dim[{place}], expected a dimension of 1, got {dims[place]}"
            )
    return [[d for i, d in enumerate(dims) if i not in places]]


@squeeze.gradient
def squeeze_grad(g, op, dy):
    return _back_to_input(g, op.input, dy)


def _broadcast_to(input, shape):
    try:
        return input.broadcast_to(shape)
    except RuntimeError:
        raise errors.invalid(f"Incompatible shapes: {list(input.shape)} vs. {shape}") from None


@op(
    "BroadcastTo",
    "input: T, shape: Tidx -> output: T",
    T=ANY,
    Tidx=_INDEX,
    _host="shape",
)
def broadcast_to(input, shape):
    """The input repeated along dimensions of size 1, and along new ones in front, up to `shape`."""
    return _broadcast_to(input, shape).clone()


broadcast_to.bind(moves_elements(lambda input, shape: _broadcast_to(input, shape).clone(), 0))


@broadcast_to.shape
def broadcast_to_shape(input, shape):
    out = shape.as_shape()
    if input.dims is None or out.dims is None:
        return [out]
    if len(input) > len(out):
        raise ShapeError(f"shape {out} has fewer dimensions than the input, {input}")
    dims = list(out)
    for place, size in enumerate(reversed(input), 1):
        if size is not None and size > 1:
            dims[-place] = agree(size, dims[-place], "sizes of the input and the shape")
    return [dims]


@broadcast_to.gradient
def broadcast_to_grad(g, op, dy):
    shape_x = g.shape(op.input)
    _, axes = g.BroadcastGradientArgs(op.shape, shape_x)
    return g.Reshape(g.reduce_sum(dy, axes, keepdims=True), shape_x), None


@op("InvertPermutation", "x: T -> y: T", T=_INDEX, _host_only=True)
def invert_permutation(x):
    """The permutation that undoes a permutation of 0 ... n-1."""
    if x.numel() and not torch.equal(x.sort().values, torch.arange(x.numel(), dtype=x.dtype)):
        raise errors.invalid(f"{x.tolist()} is not a permutation of 0 ... {x.numel() - 1}")
    return x.argsort().to(x.dtype)


@invert_permutation.shape
def invert_permutation_shape(x):
    if x.dims is not None and len(x) != 1:
        raise ShapeError(f"Shape must be rank 1 but is rank {len(x)}: {x}")
    return [x if x.dims is not None else Shape([None])]


invert_permutation.no_gradient("a permutation is not a smooth function")


_BIT_TYPES = (*NUMERIC, *QUANTIZED)


@op("Bitcast", "input: T -> output: type", T=_BIT_TYPES, type=_BIT_TYPES, _alias=True)
def bitcast(input, *, T, type):
    """The same bits as another type: a wider one takes up the last axis, a narrower adds one."""
    wanted = arrays.torch_dtype(type)
    if T.size == type.size:
        return input.view(wanted)
    if T.size > type.size:
        return input.contiguous().unsqueeze(-1).view(wanted)
    if not input.ndim or input.shape[-1] * T.size != type.size:
        raise errors.invalid(
            f"Cannot bitcast from {T.name} to {type.name}: shape {list(input.shape)}"
        )
    return input.contiguous().view(wanted).squeeze(-1)


@bitcast.shape
def bitcast_shape(input, *, T, type):
    if T.size == type.size:
        return [input]
    if T.size > type.size:
        return [[*input, T.size // type.size]]
    factor = type.size // T.size
    if not len(input) or input[-1] not in (None, factor):
        raise ShapeError(
            f"the last dimension must be {factor} to bitcast, but the shape is {input}"
        )
    return [input[:-1]]


bitcast.missing_gradient("bits are not numbers")
