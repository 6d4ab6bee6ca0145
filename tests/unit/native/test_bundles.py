"""Programs of small steps: every instruction against NumPy in double precision, what views cost
nothing, and what is left to the fallback.
"""

import math
from math import prod

import numpy as np
import pytest
import torch

from tailrace.native import bundles, fusion, steps
from tailrace.native.bundles import Instruction, Writer
from tailrace.native.loader import isas, use_isa

pytestmark = pytest.mark.skipif(
    bundles.call_type() is None, reason="without the native library nothing is bundled"
)

FLOATS, WHOLE = ("float32", "float64"), ("int32", "int64")
RNG = np.random.RandomState(0)


def numbers(dtype, *dims):
    if dtype in FLOATS:
        return np.asarray(RNG.randn(*dims), dtype)
    if dtype == "bool":
        return RNG.rand(*dims) < 0.5
    return np.asarray(RNG.randint(-20, 20, dims), dtype)


def fails(*_):
    raise AssertionError("the fallback was called")


def run(instruction, operands, results, fallback=fails):
    """One instruction on arrays; results are (type, sizes)."""
    writer = Writer()
    given = [writer.input(str(x.dtype), x.shape) for x in operands]
    for made in writer.apply(instruction, given, results):
        writer.output(made)
    found = writer.program(fallback)(
        *(torch.from_numpy(np.array(x)).contiguous() for x in operands)
    )
    found = found if isinstance(found, tuple) else (found,)
    for value, (dtype, dims) in zip(found, results, strict=True):
        assert str(value.dtype) == f"torch.{dtype}"
        assert tuple(value.shape) == dims
    return [value.numpy() for value in found]


def gives_up(instruction, operands, results):
    class GivenUp(Exception):
        pass

    def fallback(*_):
        raise GivenUp

    with pytest.raises(GivenUp):
        run(instruction, operands, results, fallback)


# -- elements moved --------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", bundles.TYPES)
@pytest.mark.parametrize("index", WHOLE)
@pytest.mark.parametrize(("dims", "axis"), [((5,), 0), ((7, 3), 0), ((2, 5, 3), 1), ((2, 3, 4), 2)])
def test_gather(dtype, index, dims, axis):
    table = numbers(dtype, *dims)
    places = RNG.randint(0, dims[axis], (2, 3)).astype(index)
    wanted = np.take(table, places, axis)
    what = bundles.gather(dims, places.shape, axis, dtype)
    (found,) = run(what, [table, places], [(dtype, wanted.shape)])
    np.testing.assert_array_equal(found, wanted)
    for wrong in (-1, dims[axis]):
        places[1, 2] = wrong
        gives_up(what, [table, places], [(dtype, wanted.shape)])


@pytest.mark.parametrize("dtype", bundles.TYPES)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_joined(dtype, axis):
    dims = [[3, 2, 5] for _ in range(3)]
    for part, size in zip(dims, (1, 4, 2), strict=True):
        part[axis] = size
    parts = [numbers(dtype, *part) for part in dims]
    wanted = np.concatenate(parts, axis)
    (found,) = run(bundles.joined(dims, axis, dtype), parts, [(dtype, wanted.shape)])
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_side_by_side(axis):
    parts = [numbers("float32", 3, 5) for _ in range(4)]
    wanted = np.stack(parts, axis)
    (found,) = run(
        bundles.joined([(3, 5)] * 4, axis, "float32"), parts, [("float32", wanted.shape)]
    )
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("dtype", bundles.TYPES)
@pytest.mark.parametrize(
    "view", [lambda x: x.T, lambda x: x[1::2, :, ::3], lambda x: x.swapaxes(0, 1), lambda x: x[2]]
)
def test_strided(dtype, view):
    whole = numbers(dtype, 5, 3, 7)
    part = view(torch.from_numpy(whole).numpy())
    size = whole.itemsize
    writer = Writer()
    source = writer.input(dtype, whole.shape)
    first = (part.__array_interface__["data"][0] - whole.__array_interface__["data"][0]) // size
    begin = writer.view(source, (), first)
    what = bundles.strided(part.shape, [s // size for s in part.strides], dtype)
    writer.output(writer.apply(what, [begin], [(dtype, part.shape)])[0])
    found = writer.program(fails)(torch.from_numpy(whole))
    np.testing.assert_array_equal(found.numpy(), part)


def test_views_and_constants():
    writer = Writer()
    x = writer.input("float32", (4, 3))
    row = writer.view(x, (3,), 6)
    c = writer.constant(torch.arange(12.0).reshape(3, 4).t())
    (both,) = writer.apply(
        bundles.joined([(3,), (3,)], 0, "float32"), [row, writer.view(c, (3,))], [("float32", (6,))]
    )
    for value in (row, both, writer.view(both, (2, 2), 1), both, c, x):
        writer.output(value)
    x = torch.randn(4, 3)
    found = writer.program(fails)(x)
    both = torch.cat([x[2], torch.tensor([0.0, 4.0, 8.0])])
    wanted = (x[2], both, both[1:5].reshape(2, 2), both, torch.arange(12.0).reshape(3, 4).t(), x)
    for a, b in zip(found, wanted, strict=True):
        assert torch.equal(a, b)
    addresses = {x.data_ptr(), *(value.data_ptr() for value in found)}
    assert len(addresses) == 7, "each has memory of its own"


# -- element by element ----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", WHOLE)
@pytest.mark.parametrize("dims", [((7,), (7,)), ((7,), ()), ((), (7,)), ((), ())])
def test_quotients_and_remainders(dtype, dims):
    x, y = (np.asarray(numbers(dtype, *d)) for d in dims)
    y = np.where(y == 0, -3, y).astype(dtype)
    shape = np.broadcast_shapes(*dims)
    for remainder, function in ((0, np.floor_divide), (1, np.mod)):
        strides = (int(v.size > 1) for v in (x, y))
        what = Instruction("divide", (0, 1), (remainder, prod(shape), *strides))
        (found,) = run(what, [x, y], [(dtype, shape)])
        np.testing.assert_array_equal(found, function(x, y))
        gives_up(what, [x, np.zeros_like(y)], [(dtype, shape)])
        lowest = np.full_like(x, np.iinfo(dtype).min)
        gives_up(what, [lowest, np.full_like(y, -1)], [(dtype, shape)])
        (found,) = run(what, [lowest, np.full_like(y, 7)], [(dtype, shape)])
        np.testing.assert_array_equal(found, function(lowest, np.full_like(y, 7)))


@pytest.mark.parametrize("to", bundles.TYPES)
@pytest.mark.parametrize("dtype", bundles.TYPES)
def test_casts(dtype, to):
    x = numbers(dtype, 3, 3)
    what = Instruction("cast", (0,), (9,))
    if dtype in FLOATS and to in WHOLE:
        gives_up(what, [x], [(to, (3, 3))])
    else:
        np.testing.assert_array_equal(run(what, [x], [(to, (3, 3))])[0], x.astype(to))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
@pytest.mark.parametrize(
    "dims",
    [
        ((3, 5), (3, 5)),
        ((3, 5), (5,)),
        ((3, 5), (3, 1)),
        ((1, 1), (4, 7)),
        ((), ()),
        ((2, 3, 4), (4,)),
    ],
)
def test_element_wise_programs(dtype, dims):
    writer = fusion.Writer(int(dtype[-2:]) // 8)
    a, b = writer.input(dtype), writer.input(dtype)
    total = writer.apply("add", a, b)
    writer.output(writer.apply("mul", total, writer.constant(2, dtype)))
    writer.output(writer.apply("less", a, b))
    x, y = (np.asarray(numbers(dtype, *d)) for d in dims)
    shape = np.broadcast_shapes(*dims)
    what = bundles.elementwise(writer.assembled(), dims, shape)
    total, less = run(what, [x, y], [(dtype, shape), ("bool", shape)])
    np.testing.assert_allclose(total, (x + y) * 2, rtol=1e-6)
    np.testing.assert_array_equal(less, x < y)


def test_what_is_no_matrix_is_no_element_wise_program():
    writer = fusion.Writer(4)
    writer.output(writer.apply("add", writer.input("float32"), writer.input("float32")))
    program = writer.assembled()
    assert bundles.elementwise(program, [(2, 3, 4), (3, 1)], (2, 3, 4)) is None
    assert bundles.elementwise(program, [(3, 4), (4,)], (2, 3, 4)) is None
    assert bundles.elementwise(program, [(3, 1), (3, 4)], (3, 4)) is not None


# -- along an axis ---------------------------------------------------------------------------------

REDUCTIONS = {
    "sum": np.sum,
    "product": np.prod,
    "max": np.max,
    "min": np.min,
    "mean": np.mean,
    "all": np.all,
    "any": np.any,
}


TYPES_OF = {"mean": FLOATS, "all": ("bool",), "any": ("bool",)}


@pytest.mark.parametrize(
    ("name", "dtype"), [(n, d) for n in REDUCTIONS for d in TYPES_OF.get(n, (*FLOATS, *WHOLE))]
)
@pytest.mark.parametrize("axes", [(0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2)])
def test_reductions(dtype, name, axes):
    x = numbers(dtype, 3, 5, 7)
    if name == "product" and dtype in WHOLE:
        x = np.where(x < 0, -1, 1).astype(dtype)
    wide = x.astype(np.float64) if dtype in FLOATS else x
    wanted = REDUCTIONS[name](wide, axis=axes)
    what = bundles.reduction(name, x.shape, axes)
    (found,) = run(what, [x], [(dtype, wanted.shape)])
    np.testing.assert_allclose(found, wanted, rtol=1e-6 if dtype in FLOATS else 0)


def test_axes_that_are_no_neighbours():
    assert bundles.reduction("sum", (2, 3, 4), (0, 2)) is None
    assert bundles.reduction("sum", (2, 3), ()) is None


@pytest.mark.parametrize("most", [True, False])
@pytest.mark.parametrize("dtype", FLOATS)
def test_nan_is_no_extremum(most, dtype):
    x = np.array([[math.nan, 1, 3, 2], [math.nan] * 4, [math.inf, -math.inf, 0, 0]], dtype)
    lowest = -math.inf if most else math.inf
    (found,) = run(bundles.reduction("max" if most else "min", x.shape, (1,)), [x], [(dtype, (3,))])
    np.testing.assert_array_equal(found, [3 if most else 1, lowest, -lowest])
    what = bundles.along("place_of_extreme", x.shape, 1, most)
    (found,) = run(what, [x], [("int64", (3,))])
    np.testing.assert_array_equal(found, [2 if most else 1, 0, 0 if most else 1])
    (found,) = run(bundles.reduction("max", (4, 1), (1,)), [x[:1].T], [(dtype, (4,))])
    np.testing.assert_array_equal(found, x[0])


@pytest.mark.parametrize("dtype", [*FLOATS, *WHOLE])
@pytest.mark.parametrize("index", WHOLE)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_places_of_extrema(dtype, index, axis):
    x = np.round(numbers(dtype, 3, 5, 7)).astype(dtype)  # some are equal
    for most, function in ((True, np.argmax), (False, np.argmin)):
        wanted = function(x, axis)
        what = bundles.along("place_of_extreme", x.shape, axis, most)
        (found,) = run(what, [x], [(index, wanted.shape)])
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("dtype", [*FLOATS, *WHOLE])
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("exclusive", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
def test_running_totals(dtype, axis, exclusive, reverse):
    x = numbers(dtype, 3, 4, 5)
    for product, function in ((False, np.cumsum), (True, np.cumprod)):
        way = np.flip(x, axis) if reverse else x
        wanted = function(way.astype(np.float64) if dtype in FLOATS else way, axis)
        if exclusive:
            wanted = np.roll(wanted, 1, axis)
            np.moveaxis(wanted, axis, 0)[0] = product
        wanted = np.flip(wanted, axis) if reverse else wanted
        what = bundles.along("running", x.shape, axis, product, exclusive, reverse)
        (found,) = run(what, [x], [(dtype, x.shape)])
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("columns", [1, 7, 65])
def test_softmax(dtype, columns):
    x = (10 * numbers(dtype, 3, columns)).astype(dtype)
    x[1, 0] = -1e36
    wide = x.astype(np.float64) - x.max(1, keepdims=True)
    logs = wide - np.log(np.exp(wide).sum(1, keepdims=True))
    tolerance = 2e-6 if dtype == "float32" else 1e-12
    for wanted, logarithms in ((np.exp(logs), False), (logs, True)):
        what = Instruction("softmax", (0,), (logarithms, 3, columns))
        (found,) = run(what, [x], [(dtype, x.shape)])
        np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)
        for wrong in (math.nan, math.inf):
            other = x.copy()
            other[2, -1] = wrong
            gives_up(what, [other], [(dtype, x.shape)])


@pytest.mark.parametrize("dtype", [*FLOATS, *WHOLE])
@pytest.mark.parametrize("wanted", [1, 4, 9])
def test_the_largest(dtype, wanted):
    x = np.round(numbers(dtype, 3, 9)).astype(dtype)
    order = np.argsort(-x.astype(np.float64), axis=1, kind="stable")[:, :wanted]
    what = Instruction("top_k", (0,), (3, 9, wanted), 4 * 9)
    values, places = run(what, [x], [(dtype, (3, wanted)), ("int32", (3, wanted))])
    np.testing.assert_array_equal(places, order)
    np.testing.assert_array_equal(values, np.take_along_axis(x, order, 1))
    if dtype in FLOATS:
        x[1, 3] = math.nan
        gives_up(what, [x], [(dtype, (3, wanted)), ("int32", (3, wanted))])


@pytest.mark.parametrize("dtype", [*FLOATS, *WHOLE])
@pytest.mark.parametrize("index", WHOLE)
@pytest.mark.parametrize("right", [False, True])
def test_search(dtype, index, right):
    sorted_rows = np.sort(numbers(dtype, 2, 11), axis=1)
    values = np.concatenate([numbers(dtype, 2, 5), sorted_rows[:, 3:5]], 1)
    side = "right" if right else "left"
    rows = zip(sorted_rows, values, strict=True)
    wanted = np.stack([np.searchsorted(row, v, side) for row, v in rows])
    what = Instruction("search", (0, 1), (right, 2, 11, 7))
    (found,) = run(what, [sorted_rows, values], [(index, (2, 7))])
    np.testing.assert_array_equal(found, wanted)


# -- products --------------------------------------------------------------------------------------


@pytest.fixture(params=isas())
def each_isa(request):
    use_isa(request.param)
    yield
    use_isa(isas()[-1])


@pytest.mark.usefixtures("each_isa")
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("rows", "depth", "columns"), [(1, 1, 1), (1, 19, 65), (3, 128, 300)])
def test_products(dtype, rows, depth, columns):
    a, b = numbers(dtype, rows, depth), numbers(dtype, depth, columns)
    what = bundles.product(rows, depth, columns)
    (found,) = run(what, [a, b], [(dtype, (rows, columns))])
    wanted = a.astype(np.float64) @ b.astype(np.float64)
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance * depth**0.5)
    assert bundles.product(64, 64, 64) is None


@pytest.mark.usefixtures("each_isa")
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("bias", [0, 1])
@pytest.mark.parametrize(("size", "hidden"), [(3, 5), (17, 33)])
def test_cells(dtype, bias, size, hidden):
    """As the single calls, which have references of their own."""

    def tensor(*dims):
        return torch.from_numpy(numbers(dtype, *dims))

    x, h, c = tensor(1, size), tensor(1, hidden), tensor(1, hidden)
    kernel = {n: tensor(size + hidden, n * hidden) for n in (4, 2, 1)}
    biases = {n: tensor(n * hidden) for n in (4, 2, 1)}

    def given(n):
        return biases[n] if bias else None

    def check(what, operands, wanted):
        operands = [v.numpy() for v in operands if v is not None]
        found = run(what, operands, [(dtype, (1, hidden))] * len(wanted))
        for a, b in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(a, b.numpy())

    scratch = 8 * 4 * hidden
    half = np.float64(0.5).view(np.int64).item()
    what = Instruction("lstm", tuple(range(4 + bias)), (size, hidden, half, bias, 0), scratch)
    wanted = steps.lstm_step(x, h, c, kernel[4], given(4), 0.5)
    check(what, [x, h, c, kernel[4], given(4)], wanted)
    what = Instruction("gru", tuple(range(4 + 2 * bias)), (size, hidden, 0, bias, bias), scratch)
    wanted = steps.gru_step(x, h, kernel[2], given(2), kernel[1], given(1))
    check(what, [x, h, kernel[2], kernel[1], given(2), given(1)], [wanted])
    for activation, number in steps.ACTIVATIONS.items():
        what = Instruction("rnn", tuple(range(3 + bias)), (size, hidden, number, bias, 0), scratch)
        wanted = steps.rnn_step(x, h, kernel[1], given(1), activation)
        check(what, [x, h, kernel[1], given(1)], [wanted])


# -- calls -----------------------------------------------------------------------------------------


def doubled():
    """x + x of three numbers; the fallback gives the arguments it got."""
    program = fusion.Writer(4)
    x = program.input("float32")
    program.output(program.apply("add", x, x))
    writer = Writer()
    given = writer.input("float32", (2, 3))
    what = bundles.elementwise(program.assembled(), [(2, 3)], (2, 3))
    assert what is not None
    writer.output(writer.apply(what, [given], [("float32", (2, 3))])[0])
    return writer.program(lambda *given: given)


def test_other_tensors_are_for_the_fallback():
    f = doubled()
    for other in (
        torch.ones(3, 2),
        torch.ones(6),
        torch.ones(2, 3).double(),
        torch.ones(2, 3).int(),
    ):
        assert f(other)[0] is other
    assert f(3.0) == (3.0,)
    with pytest.raises(TypeError, match="1 tensors"):
        f(torch.ones(2, 3), torch.ones(2, 3))


def test_what_does_not_lie_in_order_is_copied():
    f, x = doubled(), torch.randn(3, 2).t()
    assert torch.equal(f(x), x + x)
    x = torch.randn(4, 6)[1:3, ::2]
    assert torch.equal(f(x), x + x)


def test_a_program_outlives_its_writer():
    programs = [doubled() for _ in range(50)]
    x = torch.randn(2, 3)
    kept = [f(x) for f in programs]
    del programs
    assert all(torch.equal(y, x + x) for y in kept)


def test_too_many_tensors():
    writer = Writer()
    given = [writer.input("float32", ()) for _ in range(65)]
    writer.output(given[0])
    with pytest.raises(ValueError, match="at most 64"):
        writer.program(fails)
