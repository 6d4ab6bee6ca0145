"""Reductions that end element-wise programs: values in double precision, rounding beside PyTorch's,
the same for any number of threads, NaN, nothing to reduce, layouts.
"""

import math

import numpy as np
import pytest
import torch

from tailrace.native import fusion
from tailrace.native.loader import isas, use_isa

pytestmark = pytest.mark.skipif(
    fusion.call_type() is None, reason="without the native library nothing is fused"
)

FLOATS = {"float32": torch.float32, "float64": torch.float64}
REDUCED = {
    "sum": lambda x, axes, keep: x.sum(axes, keep),
    "mean": lambda x, axes, keep: x.mean(axes, keep),
    "half_squares": lambda x, axes, keep: x.square().sum(axes, keep) / 2,
    "max": lambda x, axes, keep: x.amax(axes, keep),
    "min": lambda x, axes, keep: x.amin(axes, keep),
}
# sizes and axes: all, the last ones, the first ones
SHAPES = [
    ((1,), [0]),
    ((7,), [0]),
    ((70_001,), [0]),
    ((5, 7), [0, 1]),
    ((5, 7), [1]),
    ((5, 7), [0]),
    ((300, 1), [0]),
    ((300, 1), [1]),
    ((1, 300), [0]),
    ((1, 300), [1]),
    ((1, 70_000), [0]),
    ((1, 70_000), [1]),
    ((1000, 3), [0]),
    ((1000, 3), [1]),
    ((70_000, 2), [0]),
    ((70_000, 2), [1]),
    ((129, 255), [0]),
    ((129, 255), [1]),
    ((700, 257), [0]),
    ((700, 257), [1]),
    ((67, 1301), [0]),
    ((67, 1301), [1]),
    ((67, 1301), [0, 1]),
    ((3, 40_000), [0]),
    ((3, 40_000), [1]),
    ((4, 5, 6, 7), [0, 1, 2]),
    ((4, 5, 6, 7), [1, 2, 3]),
    ((4, 5, 6, 7), [2, 3]),
    ((4, 5, 6, 7), [3]),
]


@pytest.fixture(params=isas())
def isa(request):
    use_isa(request.param)
    yield request.param
    use_isa(isas()[-1])


def unexpected(*_):
    raise AssertionError("the fallback was called")


def split(axes, rank):
    """Where a program that reduces these axes is split; they can be reduced."""
    found = fusion.split_of(axes, rank)
    assert found is not None
    return found


def reducer(reduction, dtype, axes, rank, keep=False, fallback=unexpected, functions=()):
    """A program that reduces functions of its input."""
    writer = fusion.Writer(4 if dtype == "float32" else 8, split(axes, rank))
    value = writer.input(dtype)
    for function in functions:
        value = writer.apply(function, value)
    writer.output(writer.reduce(reduction, value, axes, rank, keep))
    return writer.program(fallback)


def numbers(shape, dtype, seed=0):
    return torch.from_numpy(np.random.RandomState(seed).standard_normal(shape)).to(FLOATS[dtype])


def tolerance(dtype, x):
    """The rounding of sums in pairs, of numbers around 1."""
    return 8 * torch.finfo(FLOATS[dtype]).eps * math.sqrt(x.numel())


@pytest.mark.usefixtures("isa")
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("shape", "axes"), SHAPES)
@pytest.mark.parametrize("reduction", REDUCED)
def test_values_and_sizes(reduction, shape, axes, dtype):
    x = numbers(shape, dtype)
    if reduction in ("max", "min") and math.prod(shape[a] for a in axes) == 1:
        return
    for keep in (False, True):
        found = reducer(reduction, dtype, axes, len(shape), keep, functions=("neg",))(x)
        exact = REDUCED[reduction](-x.double(), axes, keep)
        assert found.dtype is x.dtype
        assert found.shape == exact.shape
        atol = 0.0 if reduction in ("max", "min") else tolerance(dtype, x)
        torch.testing.assert_close(found.double(), exact, rtol=1e-6, atol=atol)


def test_a_program_gives_numbers_of_all_forms():
    x, row, number = numbers((50, 300), "float32"), numbers((300,), "float32", 1), torch.tensor(0.5)
    writer = fusion.Writer(4, 1)
    a, b, c = (writer.input("float32") for _ in range(3))
    y = writer.apply("add", writer.apply("mul", a, b), c)
    positive = writer.apply("greater", y, writer.constant(0.0, "float32"))
    for axes, reduction in (([0], "sum"), ([1], "max"), ([0, 1], "mean")):
        writer.output(writer.reduce(reduction, y, axes, 2, False))
    writer.output(y)
    writer.output(positive)
    writer.output(writer.reduce("mean", writer.apply("to_float", positive), [1], 2, True))
    exact = x.double() * row.double() + 0.5
    results = writer.program(unexpected, (None, None, None, 0))(x, row, number)
    assert results[3].data_ptr() == x.data_ptr()
    expected = [exact.sum(0), exact.amax(1), exact.mean(), exact]
    for found, wanted in zip(results[:4], expected, strict=True):
        torch.testing.assert_close(found.double(), wanted, rtol=1e-5, atol=1e-5)
    assert torch.equal(results[4], results[3] > 0)
    torch.testing.assert_close(results[5], (results[3] > 0).float().mean(1, keepdim=True))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    ("shape", "axes"), [((1_000_003,), [0]), ((40_000, 31), [0]), ((31, 40_000), [1])]
)
def test_no_more_is_rounded_off_than_by_pytorch(shape, axes, dtype):
    errors, exact = [], torch.zeros(())
    for seed in range(3):
        x = numbers(shape, dtype, seed).abs()
        # in double precision, or whole numbers of which sums are exact
        x = (x * 2**20).round() / 2**20 if dtype == "float64" else x
        exact = x.double().sum(axes) if dtype == "float32" else _exact(x, axes)
        ours, theirs = reducer("sum", dtype, axes, len(shape))(x), x.sum(axes)
        errors.append([(y.double() - exact).abs().max().item() for y in (ours, theirs)])
    ours, theirs = np.max(errors, 0)
    assert ours <= max(theirs, torch.finfo(FLOATS[dtype]).eps * exact.max().item())


def _exact(x, axes):
    whole = (x * 2**20).to(torch.int64).sum(axes)
    return whole.double() / 2**20


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((300_001,), [0]),
        ((1, 300_001), [1]),
        ((3001, 101), [0]),
        ((3001, 101), [1]),
        ((97, 4003), [0]),
        ((97, 4003), [0, 1]),
        ((90_000, 5), [0]),
    ],
)
def test_the_same_for_any_number_of_threads(shape, axes, dtype):
    x = numbers(shape, dtype)
    before = torch.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 3, 5):
            torch.set_num_threads(threads)
            f = reducer("sum", dtype, axes, len(shape), functions=("tanh",) * 8)
            results.append(f(x))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(results[0], r) for r in results)


@pytest.mark.usefixtures("isa")
@pytest.mark.parametrize("shape", [(4, 9), (40, 90), (5, 1000), (2000, 4)])
@pytest.mark.parametrize("axes", [[0, 1], [0], [1]])
def test_numbers_that_are_none(shape, axes):
    x = numbers(shape, "float32")
    x[1, :] = math.nan
    x[:, 2] = math.nan
    x[0, 0], x[2, 1] = math.inf, -math.inf
    for reduction in ("sum", "mean"):
        expected = REDUCED[reduction](x, axes, False)
        found = reducer(reduction, "float32", axes, 2)(x)
        torch.testing.assert_close(found, expected, equal_nan=True, rtol=1e-4, atol=1e-4)
    lowest = torch.where(x.isnan(), -math.inf, x).amax(axes)
    highest = torch.where(x.isnan(), math.inf, x).amin(axes)
    # TensorFlow: NaN counts for nothing
    assert torch.equal(reducer("max", "float32", axes, 2)(x), lowest)
    assert torch.equal(reducer("min", "float32", axes, 2)(x), highest)


def test_the_extremum_of_single_numbers_is_left_to_the_fallback():
    f = reducer("max", "float32", [1], 2, fallback=lambda x: "fallback")
    assert f(torch.zeros(3, 1)) == "fallback"
    assert torch.equal(f(torch.zeros(3, 2)), torch.zeros(3))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    ("shape", "axes"),
    [((0,), [0]), ((0, 4), [0]), ((0, 4), [1]), ((4, 0), [0]), ((4, 0), [1]), ((4, 0), [0, 1])],
)
def test_of_nothing(shape, axes, dtype):
    x = torch.zeros(shape, dtype=FLOATS[dtype])
    of_nothing = {"sum": 0.0, "mean": math.nan, "half_squares": 0.0}
    of_nothing |= {"max": -math.inf, "min": math.inf}
    for reduction, value in of_nothing.items():
        for keep in (False, True):
            found = reducer(reduction, dtype, axes, len(shape), keep)(x)
            expected = torch.full_like(x.sum(axes, keep), value)
            torch.testing.assert_close(found, expected, equal_nan=True, rtol=0, atol=0)


@pytest.mark.parametrize("columns", [3, 128, 300, 1000])
@pytest.mark.parametrize("axes", [[0], [1]])
def test_layouts(columns, axes):
    wide = numbers((21, 4 * columns), "float32")
    for x in (
        wide.split(columns, 1)[2],
        numbers((columns, 21), "float32").t(),
        wide[:, ::4],
        numbers((columns,), "float32").expand(21, columns),
        numbers((21, 1), "float32").expand(21, columns),
    ):
        found = reducer("sum", "float32", axes, 2)(x)
        torch.testing.assert_close(found.double(), x.double().sum(axes), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    ("shapes", "axes"),
    [
        ([(6, 50), (50,)], [0]),
        ([(6, 50), (6, 1)], [0]),
        ([(6, 50), (6, 1)], [1]),
        ([(6, 1), (1, 50)], [1]),
        ([(6, 1), (1, 50)], [0]),
        ([(2, 3, 40), (3, 1)], [2]),
        ([(2, 3, 40), (3, 40)], [0]),
        ([(2, 3, 40), (2, 1, 40)], [0, 1]),
    ],
)
def test_what_is_broadcast_is_reduced(shapes, axes):
    x, y = (numbers(s, "float32", i) for i, s in enumerate(shapes))
    rank = len(shapes[0])
    exact = (x.double() * y.double()).sum(axes)

    def one_by_one(x, y):
        return (x * y).sum(axes)

    writer = fusion.Writer(4, split(axes, rank))
    a, b = writer.input("float32"), writer.input("float32")
    writer.output(writer.reduce("sum", writer.apply("mul", a, b), axes, rank, False))
    found = writer.program(one_by_one)(x, y)
    torch.testing.assert_close(found.double(), exact, rtol=1e-5, atol=1e-5)


def test_what_does_not_have_all_sizes_is_left_to_the_fallback():
    writer = fusion.Writer(4, 1)
    a, b = writer.input("float32"), writer.input("float32")
    writer.output(writer.apply("mul", a, b))
    writer.output(writer.reduce("sum", writer.apply("neg", a), [1], 2, False))
    f = writer.program(lambda x, y: "fallback")
    assert f(torch.ones(1, 3), torch.ones(2, 3)) == "fallback"
    assert torch.equal(f(torch.ones(2, 3), torch.ones(1, 3))[1], torch.full([2], -3.0))


def test_memory_is_not_taken_over_for_what_is_reduced():
    writer = fusion.Writer(4, 1)
    a, b = writer.input("float32"), writer.input("float32")
    writer.output(writer.reduce("sum", writer.apply("mul", a, b), [0], 2, False))
    row = torch.ones(300)
    found = writer.program(unexpected, (1,))(torch.ones(600, 300), row)
    assert torch.equal(found, torch.full([300], 600.0))
    assert torch.equal(row, torch.ones(300))


def test_which_axes_can_be_reduced():
    assert fusion.split_of([0, 1, 2], 3) == -1
    assert fusion.split_of([0], 3) == 1
    assert fusion.split_of([0, 1], 3) == 2
    assert fusion.split_of([1, 2], 3) == 1
    assert fusion.split_of([1], 3) is None
    assert fusion.split_of([0, 2], 3) is None
    assert fusion.split_of([], 0) == -1
    assert fusion.split_of([], 2) is None
    assert fusion.can_reduce("sum", "float64")
    assert not fusion.can_reduce("sum", "int32")
    assert not fusion.can_reduce("unheard_of", "float32")
