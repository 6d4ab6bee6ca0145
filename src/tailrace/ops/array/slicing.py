"""Parts of arrays: Slice, StridedSlice and its gradient.

Source: TF 1.15 core/ops/array_ops.cc, core/kernels/slice_op.cc, strided_slice_op.cc,
python/ops/array_grad.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tailrace import errors
from tailrace.dtypes import ANY, INDEX
from tailrace.errors import ShapeError
from tailrace.ops.array.indices import (
    EVERYTHING,
    Masks,
    index_tuple,
    sliced_dims,
    without_negative_steps,
)
from tailrace.ops.array.moving import moves_elements
from tailrace.registry import op, type_attr
from tailrace.shapes import UNKNOWN, Shape, with_rank

_INDEX = type_attr(INDEX)
_MASKS = {
    "begin_mask": 0,
    "end_mask": 0,
    "ellipsis_mask": 0,
    "new_axis_mask": 0,
    "shrink_axis_mask": 0,
}
_MASK_NAMES = tuple(_MASKS)


def _slicer_of_boxes():
    """The kernel of Slice; it keeps the index made of the last begin and size."""
    last: tuple[Any, ...] = ((), (), (), ())

    def slice_box(input, begin, size):
        nonlocal last
        kept_begin, kept_size, index, fixed = last
        if begin is not kept_begin or size is not kept_size:
            index = tuple(
                [slice(b, None if n < 0 else b + n) for b, n in zip(begin, size, strict=True)]
            )
            fixed = [(axis, n) for axis, n in enumerate(size) if n != -1]
            last = (begin, size, index, fixed)
        if len(index) != input.ndim:
            raise _slice_error(input, begin, size)
        part = input[index] if index else input
        shape = part.shape
        if any(shape[axis] != n for axis, n in fixed) or min(begin, default=0) < 0:
            raise _slice_error(input, begin, size)
        if 0 in shape and any(b > d for b, d in zip(begin, input.shape, strict=True)):
            raise _slice_error(input, begin, size)
        return part

    return slice_box


def _slice_error(input, begin, size):
    if len(begin) != input.ndim:
        return errors.invalid(
            f"Expected begin and size arguments to be 1-D tensors of size {input.ndim}, but got "
            f"{len(begin)} and {len(size)} entries"
        )
    for i, (b, n, d) in enumerate(zip(begin, size, input.shape, strict=True)):
        if not 0 <= b <= d:
            return errors.invalid(f"Expected begin[{i}] in [0, {d}], but got {b}")
        if not -1 <= n <= d - b:
            return errors.invalid(f"Expected size[{i}] in [0, {d - b}], but got {n}")
    raise AssertionError("the slice is within bounds")


@op(
    "Slice",
    "input: T, begin: Index, size: Index -> output: T",
    T=ANY,
    Index=_INDEX,
    _host=("begin", "size"),
    _alias=True,
    _vanishes="input",
)
def slice_(input, begin, size):
    """The box that starts at `begin`; a size of -1 reaches to the end of its axis."""
    return _slicer_of_boxes()(input, begin, size)


@slice_.bind
def slice_bind(attrs):
    return moves_elements(_slicer_of_boxes(), 0)(attrs)


@slice_.over_steps
def slice_over_steps(b, input, begin, size):
    if begin.constant is None or size.constant is None:
        return None
    starts, sizes = begin.constant.tolist(), size.constant.tolist()
    return [b.Slice(input.value, b.constant([0, *starts]), b.constant([-1, *sizes]))]


@slice_.repeats
def slice_repeats(input, begin, size):
    if begin.value is None or begin.value.any() or not input.complete:
        return None
    return 0 if slice_shape(input, begin, size) == [input] else None


@slice_.cuts
def slice_cuts(input, begin, size):
    if begin.value is None or size.value is None or not input.complete:
        return None
    (sizes,) = slice_shape(input, begin, size)
    bounds = zip(begin.value.tolist(), sizes, input, strict=True)
    along = [(axis, b) for axis, (b, n, whole) in enumerate(bounds) if n != whole]
    return (0, along[0][0], [along[0][1]]) if len(along) == 1 else None


@slice_.shape
def slice_shape(input, begin, size):
    starts, sizes = begin.as_shape(), size.as_shape()
    ranks = {s.rank for s in (starts, sizes)} - {None}
    if len(ranks) > 1:
        raise ShapeError(f"begin has {starts.rank} entries, size {sizes.rank}")
    rank = next(iter(ranks), input.rank)
    if rank is None:
        return [UNKNOWN]
    dims = with_rank(input, rank).known
    numbers = size.value
    if numbers is None:
        return [sizes if sizes.dims is not None else [None] * rank]
    starts = starts.dims or [None] * rank
    wanted = numbers.tolist()
    return [[_slice_size(d, b, n) for d, b, n in zip(dims, starts, wanted, strict=True)]]


def _slice_size(dim, begin, size):
    if size != -1:
        return size
    if dim is None or begin is None:
        return None
    if begin > dim:
        raise ShapeError(f"begin {begin} is beyond the dimension {dim}")
    return dim - begin


@slice_.gradient
def slice_grad(g, op, dy):
    rank = g.rank(op.input)
    size = g.shape(op.output)
    shape = g.convert([rank, 1], name="stack")
    before = g.Reshape(op.begin, shape)
    after = g.Reshape(g.shape(op.input) - size - op.begin, shape)
    return g.Pad(dy, g.ConcatV2([before, after], 1, name="concat")), None, None


def _masks_of(attrs):
    return Masks(*(attrs[name] for name in _MASK_NAMES))


def _part(input, index):
    """`input[index]` with steps of either sign."""
    try:
        if not any(isinstance(e, slice) and e.step < 0 for e in index):
            return input[index]
        forward, turned = without_negative_steps(index, input.shape)
        return input[tuple(forward)].flip(turned)
    except IndexError:
        raise _index_error(input, index) from None


def _index_error(input, index):
    try:
        sliced_dims(index, input.shape, known=True)
    except ShapeError as error:
        return errors.invalid(str(error))
    raise AssertionError("the index is within bounds")


def _strided_slicer(masks):
    """The kernel for these masks; it keeps the index made of the last begin, end and strides."""
    last: tuple[Any, ...] = ((), (), (), None)

    def strided_slice(input, begin, end, strides):
        nonlocal last
        kept_begin, kept_end, kept_strides, part = last
        if begin is not kept_begin or end is not kept_end or strides is not kept_strides:
            part = _slicer(index_tuple(begin, end, strides, masks))
            last = (begin, end, strides, part)
        return part(input)

    return strided_slice


def _slicer(index):
    """A function of the array for one index; the frequent `x[i]`, `x[:, i]` are a single call."""
    numbers = [(axis, entry) for axis, entry in enumerate(index) if isinstance(entry, int)]
    rest = [entry for entry in index if not isinstance(entry, int)]
    if len(numbers) == 1 and all(entry == EVERYTHING for entry in rest):
        axis, place = numbers[0]

        def select(input):
            try:
                return input.select(axis, place)
            except (IndexError, RuntimeError):
                raise _index_error(input, index) from None

        return select
    return lambda input: _part(input, index)


@op(
    "StridedSlice",
    "input: T, begin: Index, end: Index, strides: Index -> output: T",
    T=ANY,
    Index=_INDEX,
    _host=("begin", "end", "strides"),
    _alias=True,
    **_MASKS,
)
def strided_slice(
    input, begin, end, strides, *, begin_mask, end_mask, ellipsis_mask, new_axis_mask,
    shrink_axis_mask,
):  # fmt: skip
    """Python's indexing, `input[begin:end:strides]`; masks stand for `...`, None, numbers."""
    masks = Masks(begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)
    return _part(input, index_tuple(begin, end, strides, masks))


@strided_slice.bind
def strided_slice_bind(attrs):
    return moves_elements(_strided_slicer(_masks_of(attrs)), 0)(attrs)


def _form_of(begin, end, strides, masks):
    """The index a shape rule can know, or None, and whether its numbers are known too."""
    steps = strides.value
    if steps is None or begin.rank != 1 or begin[0] is None:
        return None, False
    first, last = begin.value, end.value
    known = first is not None and last is not None
    if first is None or last is None:
        first = last = np.zeros_like(steps)
    try:
        return index_tuple(first.tolist(), last.tolist(), steps.tolist(), masks), known
    except errors.KernelError as error:
        raise ShapeError(error.message) from None


@strided_slice.shape
def strided_slice_shape(
    input, begin, end, strides, *, begin_mask, end_mask, ellipsis_mask, new_axis_mask,
    shrink_axis_mask,
):  # fmt: skip
    masks = Masks(begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)
    index, known = _form_of(begin, end, strides, masks)
    if index is None or input.dims is None:
        return [UNKNOWN]
    return [sliced_dims(index, input.dims, known)]


@strided_slice.cuts
def strided_slice_cuts(
    input, begin, end, strides, *, begin_mask, end_mask, ellipsis_mask, new_axis_mask,
    shrink_axis_mask,
):  # fmt: skip
    masks = Masks(begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)
    index, known = _form_of(begin, end, strides, masks)
    if index is None or not known or not input.complete:
        return None
    if ellipsis_mask or new_axis_mask or shrink_axis_mask:
        return None
    bounds = [s.indices(n) for s, n in zip(index, input, strict=False)]
    along = [
        (axis, first)
        for axis, ((first, last, _), n) in enumerate(zip(bounds, input, strict=False))
        if (first, last) != (0, n)
    ]
    if len(along) != 1 or any(step != 1 for *_, step in bounds):
        return None
    return 0, along[0][0], [along[0][1]]


@strided_slice.known_sizes
def strided_slice_sizes(
    input, begin, end, strides, *, begin_mask, end_mask, ellipsis_mask, new_axis_mask,
    shrink_axis_mask,
):  # fmt: skip
    masks = Masks(begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)
    index, known = _form_of(begin, end, strides, masks)
    sizes = input.as_shape()
    if index is None or not known or ellipsis_mask or new_axis_mask or shrink_axis_mask:
        return None
    if len(index) != 1 or sizes.dims is None:
        return None
    return Shape(sizes.dims[index[0]])


_ABOUT_SLICE = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")


def _same_masks(op):
    return {name: getattr(op, name) for name in _ABOUT_SLICE}


@strided_slice.gradient
def strided_slice_grad_rule(g, op, dy):
    shape = g.shape(op.input, out_type=op.begin.dtype)
    dx = g.StridedSliceGrad(shape, op.begin, op.end, op.strides, dy, **_same_masks(op))
    return dx, None, None, None


@op(
    "StridedSliceGrad",
    "shape: Index, begin: Index, end: Index, strides: Index, dy: T -> output: T",
    T=ANY,
    Index=_INDEX,
    _host=("shape", "begin", "end", "strides"),
    _vanishes="dy",
    **_MASKS,
)
def strided_slice_grad(
    shape, begin, end, strides, dy, *, begin_mask, end_mask, ellipsis_mask, new_axis_mask,
    shrink_axis_mask,
):  # fmt: skip
    """Zeros of `shape` with `dy` in the place a StridedSlice of the same arguments reads."""
    masks = Masks(begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)
    return _grad_placer(masks)(shape, begin, end, strides, dy)


def _grad_placer(masks):
    """The kernel for these masks; it keeps the index made of the last four inputs."""
    last: tuple[Any, ...] = ((), (), (), (), None, None)

    def place(shape, begin, end, strides, dy):
        nonlocal last
        inputs = (shape, begin, end, strides)
        if any(a is not b for a, b in zip(inputs, last, strict=False)):
            index = index_tuple(begin, end, strides, masks)
            forward, turned = without_negative_steps(index, shape)
            last = (*inputs, _slicer(tuple(forward)), turned)
        part, turned = last[4:]
        dx = dy.new_zeros(shape)
        part(dx).copy_(dy.flip(turned) if turned else dy)
        return dx

    return place


@strided_slice_grad.places
def strided_slice_grad_places(
    shape, begin, end, strides, dy, *, begin_mask, end_mask, ellipsis_mask, new_axis_mask,
    shrink_axis_mask,
):  # fmt: skip
    known = [v.value for v in (shape, begin, end, strides)]
    if any(v is None for v in known) or ellipsis_mask or new_axis_mask or shrink_axis_mask:
        return None
    sizes, first, last, steps = (v.tolist() for v in known)
    if any(step != 1 for step in steps):
        return None
    slices = index_tuple(first, last, steps, Masks(begin_mask, end_mask, 0, 0, 0))
    whole = [EVERYTHING] * (len(sizes) - len(slices))
    bounds = [s.indices(n) for s, n in zip([*slices, *whole], sizes, strict=True)]
    return 4, [
        (first, n - max(first, last)) for (first, last, _), n in zip(bounds, sizes, strict=True)
    ]


@strided_slice_grad.bind
def strided_slice_grad_bind(attrs):
    return _grad_placer(_masks_of(attrs))


@strided_slice_grad.shape
def strided_slice_grad_shape(shape, begin, end, strides, dy):
    return [shape.as_shape()]


@strided_slice_grad.gradient
def strided_slice_grad_grad(g, op, dy):
    part = g.StridedSlice(dy, op.begin, op.end, op.strides, **_same_masks(op))
    return None, None, None, None, part
