"""Reductions: sums, means, extrema along axes, and where the extrema are.

Source: TF 1.15 core/ops/math_ops.cc, core/kernels/reduction_ops_common.h, python/ops/math_grad.py.
"""

from __future__ import annotations

import torch

from tailrace import arrays, dtypes, errors, ordering
from tailrace.dtypes import INDEX, NUMERIC
from tailrace.errors import ShapeError
from tailrace.native import bundles
from tailrace.registry import op, type_attr
from tailrace.shapes import Shape, product

_INDEX = type_attr(INDEX, dtypes.int32)


# -- what all reductions share ---------------------------------------------------------------------


def _axes(x, reduction_indices):
    """The axes as non-negative numbers. Raises: InvalidArgumentError for axes `x` lacks."""
    rank = x.dim()
    if not isinstance(reduction_indices, list):
        reduction_indices = [reduction_indices]
    if len(reduction_indices) == 1 and 0 <= reduction_indices[0] < rank:
        return reduction_indices
    axes = reduction_indices
    for axis in axes:
        if not -rank <= axis < rank:
            raise errors.invalid(
                f"Invalid reduction dimension ({axis} for input with {rank} dimension(s)"
            )
    return list({axis % rank for axis in axes})  # TF: an axis may be given twice


def _reduced_shape(input, reduction_indices, *, keep_dims):
    axes = reduction_indices.value
    if input.dims is None or axes is None:
        return [Shape([None] * len(input) if keep_dims else None)]
    rank = len(input)
    reduced = set()
    for axis in axes.reshape(-1).tolist():
        if not -rank <= axis < rank:
            raise ShapeError(
                f"Invalid reduction dimension {axis} for input with {rank} dimensions."
            )
        reduced.add(axis % rank)
    if keep_dims:
        return [[1 if i in reduced else size for i, size in enumerate(input)]]
    return [[size for i, size in enumerate(input) if i not in reduced]]


def _over_steps(definition):
    """Reduce an iteration's axes, which have moved by one."""

    def rule(b, input, axes, *, keep_dims):
        if axes.constant is None or input.dims is None:
            return None
        rank = len(input.dims)
        moved = [1 + i % rank for i in axes.constant.reshape(-1).tolist()]
        return b.add(definition, [input.value, b.constant(moved)], keep_dims=keep_dims)

    return rule


def _small(name):
    """The instruction of a reduction that `native.bundles` knows by this name."""

    def rule(input, reduction_indices):
        rank = len(input)
        axes = reduction_indices.value.reshape(-1).tolist()
        if not all(-rank <= axis < rank for axis in axes):
            return None
        return bundles.reduction(name, input.known, sorted({axis % rank for axis in axes}))

    return rule


def _without_axes(input, axes):
    """A reduction over no axis gives its input."""
    return 0 if axes.value is not None and not axes.value.size else None


def _in_programs(name):
    """How programs of `native.fusion` do it, by the name it has there."""

    def rule(input, axes, *, keep_dims):
        if input.dims is None or axes.value is None:
            return None
        rank = len(input)
        reduced = sorted({axis % rank for axis in axes.value.reshape(-1).tolist()}) if rank else ()
        return (name, reduced, keep_dims) if reduced else None

    return rule


def _reduction(name, kernel, gradient, types=NUMERIC, **facts):
    definition = op(
        name,
        "input: T, reduction_indices: Tidx -> output: T",
        keep_dims=False,
        T=types,
        Tidx=_INDEX,
        _host="reduction_indices",
        **facts,
    )(kernel)
    definition.shape(_reduced_shape)
    definition.over_steps(_over_steps(definition))
    if isinstance(gradient, str):
        definition.no_gradient(gradient)
    elif gradient is not None:
        definition.gradient(gradient)
    return definition


# -- sum, mean, product ----------------------------------------------------------------------------


def sum_kernel(input, reduction_indices, *, keep_dims):
    """The sum of the elements along axes; without axes the input as it is."""
    axes = _axes(input, reduction_indices)
    if not axes:
        return input.clone()
    if len(axes) == 1:
        return torch.sum(input, axes[0], keep_dims, dtype=input.dtype)
    if axes == list(range(len(axes))) and len(axes) < input.dim() and not keep_dims:
        # over one axis it is several times quicker
        return torch.sum(input.flatten(0, len(axes) - 1), 0, dtype=input.dtype)
    return torch.sum(input, axes, keep_dims, dtype=input.dtype)


def mean_kernel(input, reduction_indices, *, keep_dims):
    """The mean of the elements along axes; of integers, cut off towards 0."""
    axes = _axes(input, reduction_indices)
    if not axes:
        return input.clone()
    if input.is_floating_point() or input.is_complex():
        if len(axes) == input.dim() and not keep_dims:
            return torch.mean(input)
        return torch.mean(input, axes, keep_dims)
    count = product(input.shape[axis] for axis in axes)
    total = torch.sum(input, axes, keep_dims, dtype=input.dtype)
    return torch.div(total, count, rounding_mode="trunc") if count else total


def prod_kernel(input, reduction_indices, *, keep_dims):
    """The product of the elements along axes."""
    result = input
    axes = sorted(_axes(input, reduction_indices), reverse=True)
    for axis in axes:
        result = torch.prod(result, axis, keep_dims, dtype=input.dtype)
    return result if axes else input.clone()


def euclidean_norm_kernel(input, reduction_indices, *, keep_dims):
    """The square root of the sum of squares along axes."""
    squares = torch.square(torch.abs(input)) if input.is_complex() else torch.square(input)
    total = sum_kernel(squares, reduction_indices, keep_dims=keep_dims)
    return torch.sqrt(total).to(input.dtype)


def sum_grad(g, op, dy):
    x = op.input
    dims = x._dims
    axes = None if dims is None else g.known(op.reduction_indices)
    if dims is not None and axes is not None:
        if axes.tolist() == list(range(len(dims))):
            dy = g.Reshape(dy, [1] * len(dims))
            shape = g.shape(x) if None in dims else g.constant(list(dims), dtypes.int32)
            return g.Tile(dy, shape), None
        if None not in dims:
            kept, tiling = g.reduction_tiling(dims, tuple(axes.reshape(-1).tolist()))
            return g.Tile(g.Reshape(dy, kept), tiling), None
    shape = g.shape(x)
    with g.colocate_with(shape):
        kept = g.reduced_shape(shape, op.reduction_indices)
        tiling = g.shape_quotient(shape, kept)
    return g.Tile(g.Reshape(dy, kept), tiling), None


def mean_grad(g, op, dy):
    spread, _ = sum_grad(g, op, dy)
    size, means = _element_count(op.input), _element_count(op.output)
    if size is None or means is None:
        shape, reduced = g.shape(op.input), g.shape(op.output)
        count = g.shape_quotient(_prod(g, shape), _prod(g, reduced))
    else:
        count = g.constant(size // max(means, 1), spread.dtype)
    return spread / g.cast(count, spread.dtype), None


def _element_count(tensor):
    dims = tensor._dims
    return None if dims is None or None in dims else product(dims)


def _prod(g, x):
    return g.Prod(x, g.all_axes(x, None))


def prod_grad(g, op, dy):
    x = op.input
    shape = g.shape(x)
    axes = g.Reshape(op.reduction_indices, [-1])
    kept = g.reduced_shape(shape, op.reduction_indices)
    tiling = g.shape_quotient(shape, kept)
    dy = g.Tile(g.Reshape(dy, kept), tiling)
    with g.device("/cpu:0"):
        # the reduced axes first, made one
        rank = g.rank(x)
        reduced = g.cast((axes + rank) % rank, dtypes.int32)
        others, _ = g.ListDiff(g.range(0, rank), reduced)
        order = g.ConcatV2([reduced, others], 0, name="concat")
        reduced_size = _prod(g, g.gather(shape, reduced))
        other_size = _prod(g, g.gather(shape, others))
    permuted = g.transpose(x, order)
    permuted_shape = g.shape(permuted)
    columns = g.Reshape(permuted, (reduced_size, other_size))
    # the product of all elements but one, from both sides: there may be zeros
    before = g.Cumprod(columns, 0, exclusive=True)
    after = g.Cumprod(columns, 0, exclusive=True, reverse=True)
    others_product = g.Reshape(g.conj(before) * g.conj(after), permuted_shape)
    result = dy * g.transpose(others_product, g.InvertPermutation(order))
    return g.Reshape(result, shape), None


def mean_small(input, reduction_indices):
    return _small("mean")(input, reduction_indices) if input.dtype.is_floating else None


total = _reduction("Sum", sum_kernel, sum_grad, _sums=True)
total.repeats(_without_axes)
total.reduces(_in_programs("sum"))
total.small(_small("sum"))
mean = _reduction("Mean", mean_kernel, mean_grad)
mean.repeats(_without_axes)
mean.reduces(_in_programs("mean"))
mean.small(mean_small)
prod = _reduction("Prod", prod_kernel, prod_grad)
prod.repeats(_without_axes)
prod.small(_small("product"))
_reduction("EuclideanNorm", euclidean_norm_kernel, "TensorFlow declares none")


# -- extrema ---------------------------------------------------------------------------------------


def _lowest(dtype):
    return -torch.inf if dtype.is_floating_point else torch.iinfo(dtype).min


def _highest(dtype):
    return torch.inf if dtype.is_floating_point else torch.iinfo(dtype).max


def max_kernel(input, reduction_indices, *, keep_dims):
    """The largest element along axes; of none, the lowest value of the type."""
    return _extremum(input, reduction_indices, keep_dims, torch.amax, _lowest)


def min_kernel(input, reduction_indices, *, keep_dims):
    """The smallest element along axes; of none, the highest value of the type."""
    return _extremum(input, reduction_indices, keep_dims, torch.amin, _highest)


def _extremum(x, reduction_indices, keep_dims, reduce, of_nothing):
    axes = _axes(x, reduction_indices)
    if not axes:
        return x.clone()
    if x.numel():
        extrema = reduce(x, axes, keep_dims)
        # TF: NaN counts for nothing, unless it is the only element
        if extrema.is_cpu and ordering.has_nan(extrema) and extrema.numel() < x.numel():
            return reduce(ordering.without_nan(x, of_nothing(x.dtype)), axes, keep_dims)
        return extrema
    empty = torch.sum(x, axes, keep_dims, dtype=x.dtype)
    return torch.full_like(empty, of_nothing(x.dtype))


def extremum_grad(g, op, dy):
    """Equal extrema share the gradient."""
    x = op.input
    kept = g.reduced_shape(g.shape(x), op.reduction_indices)
    y = g.Reshape(op.output, kept)
    dy = g.Reshape(dy, kept)
    chosen = g.cast(g.Equal(y, x), dy.dtype)
    count = g.Reshape(g.Sum(chosen, op.reduction_indices), kept)
    return chosen / count * dy, None


for _name, _kernel in (("max", max_kernel), ("min", min_kernel)):
    _made = _reduction(_name.capitalize(), _kernel, extremum_grad, _extremum=_name)
    _made.repeats(_without_axes)
    _made.reduces(_in_programs(_name))
    _made.small(_small(_name))


# -- logic -----------------------------------------------------------------------------------------


def _logical_reduction(name, kernel):
    definition = op(
        name,
        "input: bool, reduction_indices: Tidx -> output: bool",
        keep_dims=False,
        Tidx=_INDEX,
        _host="reduction_indices",
    )(kernel)
    definition.shape(_reduced_shape)
    definition.small(_small(name.lower()))
    definition.no_gradient("a truth value does not vary smoothly")


def all_kernel(input, reduction_indices, *, keep_dims):
    """Whether all elements along axes are true."""
    axes = _axes(input, reduction_indices)
    return torch.all(input, axes, keep_dims) if axes else input.clone()


def any_kernel(input, reduction_indices, *, keep_dims):
    """Whether any element along axes is true."""
    axes = _axes(input, reduction_indices)
    return torch.any(input, axes, keep_dims) if axes else input.clone()


_logical_reduction("All", all_kernel)
_logical_reduction("Any", any_kernel)


# -- where the extrema are -------------------------------------------------------------------------


def _arg_extremum(name, kernel):
    definition = op(
        name,
        "input: T, dimension: Tidx -> output: output_type",
        T=NUMERIC,
        Tidx=_INDEX,
        output_type=type_attr(INDEX, dtypes.int64),
        _host="dimension",
    )(kernel)
    definition.shape(arg_shape)
    definition.no_gradient("an index does not vary smoothly")

    @definition.small
    def small(input, dimension):
        axis, rank = int(dimension.value), len(input)
        if not -rank <= axis < rank:
            return None
        return bundles.along("place_of_extreme", input.known, axis % rank, name == "ArgMax")


def arg_shape(input, dimension):
    if input.dims is not None and len(input) <= 1:
        return [[]]
    axis = dimension.value
    if axis is None:
        return [[None] * (len(input) - 1)]
    rank = len(input)
    if not -rank <= axis < rank:
        raise ShapeError(f"Dimension ({axis}) must be in the range [{-rank}, {rank})")
    kept = list(input)
    del kept[int(axis)]
    return [kept]


def arg_max_kernel(input, dimension, *, output_type):
    """The position of the largest element along an axis, the first one of equals."""
    _check_axis(input, dimension)
    return _place(input, dimension, torch.argmax, -torch.inf).to(arrays.torch_dtype(output_type))


def arg_min_kernel(input, dimension, *, output_type):
    """The position of the smallest element along an axis, the first one of equals."""
    _check_axis(input, dimension)
    return _place(input, dimension, torch.argmin, torch.inf).to(arrays.torch_dtype(output_type))


def _place(x, axis, find, worst):
    # TF: NaN is never an extremum
    seen = ordering.without_nan(x, worst) if x.is_cpu and ordering.has_nan(x) else x
    return find(seen, axis)


def _check_axis(x, axis):
    rank = x.dim()
    if not -rank <= axis < rank:
        raise errors.invalid(f"Expected dimension in the range [{-rank}, {rank}), but got {axis}")
    if x.shape[axis] == 0:
        raise errors.invalid(f"Reduction axis {axis} is empty in shape {list(x.shape)}")


_arg_extremum("ArgMax", arg_max_kernel)
_arg_extremum("ArgMin", arg_min_kernel)
