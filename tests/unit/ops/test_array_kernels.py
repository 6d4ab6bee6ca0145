"""Array kernels against NumPy, called as the executor calls them."""

import itertools

import numpy as np
import pytest
import torch

from tailrace import dtypes, errors
from tailrace.registry import OPS


def bound(op_type, **attrs):
    """The kernel as a plan calls it: bound to its attributes once."""
    op_def = OPS[op_type]
    values = {name: attr.default for name, attr in op_def.attrs.items()} | attrs
    kernel = op_def.bind_rule(values) if op_def.bind_rule else None
    if kernel is not None:
        return kernel
    keywords = {name: values[name] for name in op_def.kernel_attrs}
    return lambda *inputs: op_def.kernel(*inputs, **keywords)


def numbers(*shape):
    return torch.arange(int(np.prod(shape)), dtype=torch.float32).reshape(shape)


def strings(*texts):
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    return array


ENTRIES = [
    slice(None),
    slice(1, None),
    slice(None, -1),
    slice(None, None, 2),
    slice(None, None, -1),
    slice(2, 0, -1),
    slice(5, 1),
    0,
    -1,
    None,
    Ellipsis,
]


def strided(entries):
    """begin, end, strides and masks of what stands between brackets."""
    begin, end, strides, masks = [], [], [], dict.fromkeys(range(5), 0)
    for i, entry in enumerate(entries):
        bit = 1 << i
        first, last, step = 0, 0, 1
        if entry is Ellipsis:
            masks[2] |= bit
        elif entry is None:
            masks[3] |= bit
        elif isinstance(entry, int):
            first, last = entry, entry + 1
            masks[4] |= bit
        else:
            step = 1 if entry.step is None else entry.step
            first = 0 if entry.start is None else entry.start
            last = 0 if entry.stop is None else entry.stop
            masks[0] |= bit * (entry.start is None)
            masks[1] |= bit * (entry.stop is None)
        begin.append(first)
        end.append(last)
        strides.append(step)
    names = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
    return begin, end, strides, dict(zip(names, masks.values(), strict=True))


@pytest.mark.parametrize(
    "entries",
    [e for e in itertools.product(ENTRIES, repeat=2) if e.count(Ellipsis) < 2],
    ids=str,
)
def test_strided_slice_is_numpys(entries):
    x = numbers(3, 4, 2)
    begin, end, strides, masks = strided(entries)
    part = bound("StridedSlice", T=dtypes.float32, Index=dtypes.int32, **masks)
    expected = x.numpy()[tuple(entries)]
    np.testing.assert_array_equal(part(x, begin, end, strides).numpy(), expected)
    back = bound("StridedSliceGrad", T=dtypes.float32, Index=dtypes.int32, **masks)
    whole = np.zeros((3, 4, 2), np.float32)
    whole[tuple(entries)] = expected
    dy = torch.from_numpy(expected.copy())
    np.testing.assert_array_equal(back([3, 4, 2], begin, end, strides, dy).numpy(), whole)


def test_a_slice_that_changes_between_runs_is_not_kept():
    part = bound("StridedSlice", T=dtypes.float32, Index=dtypes.int32, shrink_axis_mask=1)
    x = numbers(3)
    assert [float(part(x, [i], [i + 1], [1])) for i in (0, 2, 1)] == [0, 2, 1]
    box = bound("Slice", T=dtypes.float32, Index=dtypes.int32)
    assert [box(x, [i], [1]).tolist() for i in (2, 0)] == [[2], [0]]


@pytest.mark.parametrize(
    ("begin", "size"), [([0, 3], [2, 2]), ([-1, 0], [1, 1]), ([0], [1]), ([0, 5], [-1, -1])]
)
def test_slices_beyond_the_array_are_refused(begin, size):
    box = bound("Slice", T=dtypes.float32, Index=dtypes.int32)
    with pytest.raises(errors.KernelError, match="Expected"):
        box(numbers(2, 4), begin, size)


@pytest.mark.parametrize(
    ("op_type", "attrs", "arguments", "expected"),
    [
        ("Reshape", {}, lambda s: (s, [2, 2]), [[b"a", b"b"], [b"c", b"d"]]),
        ("ConcatV2", {}, lambda s: ([s, s[:1]], 0), [b"a", b"b", b"c", b"d", b"a"]),
        ("Pack", {"axis": 1}, lambda s: ([s[:2], s[2:]],), [[b"a", b"c"], [b"b", b"d"]]),
        ("Tile", {}, lambda s: (s[:2], [2]), [b"a", b"b", b"a", b"b"]),
        ("ReverseV2", {}, lambda s: (s, [0]), [b"d", b"c", b"b", b"a"]),
        ("GatherV2", {"batch_dims": 0}, lambda s: (s, torch.tensor([3, 0]), 0), [b"d", b"a"]),
        ("Fill", {}, lambda s: ([2], np.array(b"x", dtype=object)), [b"x", b"x"]),
    ],
)
def test_strings_move_like_numbers(op_type, attrs, arguments, expected):
    types = {"T": dtypes.string, "Tparams": dtypes.string}
    kernel = bound(op_type, **types, **attrs)
    result = kernel(*arguments(strings(b"a", b"b", b"c", b"d")))
    assert result.tolist() == expected
    assert result.dtype == object


def test_one_string_stays_an_array():
    kernel = bound("StridedSlice", T=dtypes.string, Index=dtypes.int32, shrink_axis_mask=1)
    one = kernel(strings(b"a", b"b"), [1], [2], [1])
    assert one.shape == ()
    assert one[()] == b"b"


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_one_hot_of_indices_out_of_bounds_is_cold(axis):
    indices = torch.tensor([[0, 3], [-1, 2]])
    hot = bound("OneHot", T=dtypes.float32, TI=dtypes.int64, axis=axis)
    result = hot(indices, 3, torch.tensor(5.0), torch.tensor(-1.0))
    places = np.arange(3)
    expected = np.where(indices.numpy()[..., None] == places, 5.0, -1.0)
    np.testing.assert_array_equal(result.numpy(), np.moveaxis(expected, -1, axis))


@pytest.mark.parametrize("mode", [b"REFLECT", b"SYMMETRIC"])
def test_mirror_pad_is_numpys(mode):
    x, paddings = numbers(3, 4), [[2, 1], [0, 3]]
    padded = bound("MirrorPad", T=dtypes.float32, mode=mode)(x, paddings)
    expected = np.pad(x.numpy(), paddings, mode.decode().lower())
    np.testing.assert_array_equal(padded.numpy(), expected)


def test_mirror_pad_grad_is_the_adjoint():
    """<pad x, y> = <x, pad_grad y>."""
    paddings = [[1, 2], [3, 0]]
    x, y = torch.rand(3, 4), torch.rand(6, 7)
    pad = bound("MirrorPad", T=dtypes.float32, mode=b"REFLECT")
    back = bound("MirrorPadGrad", T=dtypes.float32, mode=b"REFLECT")
    left, right = (pad(x, paddings) * y).sum(), (x * back(y, paddings)).sum()
    torch.testing.assert_close(left, right)


@pytest.mark.parametrize("times", [0, 1, 3, 40])
def test_tile_is_numpys(times):
    x = numbers(2, 3)
    tiled = bound("Tile", T=dtypes.float32)(x, [times, 2])
    np.testing.assert_array_equal(tiled.numpy(), np.tile(x.numpy(), (times, 2)))


def test_shapes_of_one_size_are_separate_values():
    """A kernel that writes in place into one must not change the next."""
    shape = bound("Shape", T=dtypes.float32, out_type=dtypes.int32)
    first = shape(numbers(2, 3))
    first += 1
    assert shape(numbers(2, 3)).tolist() == [2, 3]


def test_dynamic_stitch_keeps_the_last_of_several():
    stitch = bound("DynamicStitch", T=dtypes.float32)
    indices = [torch.tensor([0, 2]), torch.tensor([2, 1])]
    merged = stitch(indices, [torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])])
    assert merged.tolist() == [1, 4, 3]


def test_unique_keeps_the_order_of_first_occurrence():
    found, numbers_, counts = bound("UniqueWithCounts", T=dtypes.int32, out_idx=dtypes.int64)(
        torch.tensor([7, 2, 7, 9, 2], dtype=torch.int32)
    )
    assert found.tolist() == [7, 2, 9]
    assert numbers_.tolist() == [0, 1, 0, 2, 1]
    assert counts.tolist() == [2, 2, 1]


@pytest.mark.parametrize(
    ("op_type", "arguments"),
    [
        ("Reshape", (numbers(2, 3), [4, 2])),
        ("Transpose", (numbers(2, 3), [0, 0])),
        ("ConcatV2", ([numbers(2, 3), numbers(2, 4)], 0)),
        ("GatherV2", (numbers(2, 3), torch.tensor([2]), 0)),
        ("GatherNd", (numbers(2, 3), torch.tensor([[0, 3]]))),
        ("ReverseV2", (numbers(2, 3), [0, 0])),
        ("Pad", (numbers(2), [[-1, 0]])),
    ],
)
def test_what_does_not_fit_is_an_invalid_argument(op_type, arguments):
    types = {"T": dtypes.float32, "Tparams": dtypes.float32, "batch_dims": 0}
    with pytest.raises(errors.KernelError) as caught:
        bound(op_type, **types)(*arguments)
    assert caught.value.error is errors.InvalidArgumentError
