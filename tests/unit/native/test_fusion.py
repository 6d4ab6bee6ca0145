"""Element-wise programs: every instruction against PyTorch in double precision, layouts,
broadcasting, memory, and what is left to the fallback.
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

INFINITY, NAN = math.inf, math.nan
FLOATS = {"float32": torch.float32, "float64": torch.float64}
INTS = {"int32": torch.int32, "int64": torch.int64}
TORCH = {**FLOATS, **INTS, "bool": torch.bool}
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, INFINITY, -INFINITY, NAN, 1e-30, -1e-30, 1e-39]
SPECIAL += [20.0, -20.0, 80.0, -80.0, 88.6, 89.5, -88.6, -95.0, -103.0, -104.5, 7e37, 1e-45]
SPECIAL += [1e-3, -1e-3, 33.9, 34.1, 0.7071, 1.4142, 1.4143, 6.0, 2.5, 3.5, -2.5, -0.9999]

UNARY = {
    "neg": torch.neg,
    "abs": torch.abs,
    "square": torch.square,
    "sqrt": torch.sqrt,
    "rsqrt": torch.rsqrt,
    "reciprocal": torch.reciprocal,
    "exp": torch.exp,
    "expm1": torch.expm1,
    "log": torch.log,
    "log1p": torch.log1p,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "relu6": lambda x: torch.clamp(x, 0, 6),
    "elu": lambda x: torch.where(x < 0, torch.expm1(x), x),
    "softplus": lambda x: torch.nn.functional.softplus(x, 1, 34),
    "sign": torch.sgn,
    "floor": torch.floor,
    "ceil": torch.ceil,
    "round": torch.round,
    "is_nan": torch.isnan,
    "is_inf": torch.isinf,
    "is_finite": torch.isfinite,
    "zero": torch.zeros_like,
}
BINARY = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "max": lambda x, y: torch.where(x < y, y, x),
    "min": lambda x, y: torch.where(y < x, y, x),
    "squared_difference": lambda x, y: (x - y) ** 2,
    "div_no_nan": lambda x, y: torch.where(y == 0, 0, x / y),
    "mul_no_nan": lambda x, y: torch.where(y == 0, 0, x * y),
    "tanh_grad": lambda y, dy: dy * (1 - y * y),
    "sigmoid_grad": lambda y, dy: dy * (1 - y) * y,
    "sqrt_grad": lambda y, dy: dy * 0.5 / y,
    "rsqrt_grad": lambda y, dy: -0.5 * dy * y * y * y,
    "reciprocal_grad": lambda y, dy: -dy * y * y,
    "relu_grad": lambda dy, x: torch.where(x > 0, dy, dy * 0),
    "relu6_grad": lambda dy, x: torch.where((x > 0) & (x < 6), dy, dy * 0),
    "elu_grad": lambda dy, y: torch.where(y < 0, dy * (y + 1), dy),
    "softplus_grad": lambda dy, x: dy * torch.sigmoid(x),
    "less": torch.lt,
    "less_equal": torch.le,
    "greater": torch.gt,
    "greater_equal": torch.ge,
    "equal": torch.eq,
    "not_equal": torch.ne,
}
WHOLE = {
    **{name: UNARY[name] for name in ("neg", "abs", "square", "zero")},
    **{name: BINARY[name] for name in ("add", "sub", "mul", "max", "min", "less", "greater")},
    **{name: BINARY[name] for name in ("less_equal", "greater_equal", "equal", "not_equal")},
}
LOGIC = {
    "and": torch.logical_and,
    "or": torch.logical_or,
    "not": torch.logical_not,
    "equal": torch.eq,
    "not_equal": torch.ne,
}


@pytest.fixture(autouse=True, params=isas())
def isa(request):
    use_isa(request.param)
    yield request.param
    use_isa(isas()[-1])


def unexpected(*_):
    raise AssertionError("the fallback was called")


def program(operation, *dtypes, fallback=unexpected, lane_bytes=None):
    writer = fusion.Writer(lane_bytes or fusion.lane_bytes(dtypes) or 4)
    operands = [writer.input(dtype) for dtype in dtypes]
    writer.output(writer.apply(operation, *operands))
    return writer.program(fallback)


def check(result, expected, dtype, cancelled=0.0):
    """Up to a few units in the last place of the result, of the smallest normal number, or of what
    cancelled on the way.
    """
    assert result.shape == expected.shape
    if not result.is_floating_point():
        assert torch.equal(result, expected.to(result.dtype))
        return
    assert result.dtype is FLOATS[dtype]
    info = torch.finfo(FLOATS[dtype])
    expected = expected.to(FLOATS[dtype]).to(torch.float64)
    result = result.to(torch.float64)
    atol = info.eps * max(4 * info.tiny, cancelled)
    torch.testing.assert_close(result, expected, rtol=6 * info.eps, atol=atol, equal_nan=True)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("size", [1, 7, 64, 515, 3001])
@pytest.mark.parametrize("operation", UNARY)
def test_functions_of_one_number(operation, size, dtype):
    torch.manual_seed(size)
    x = torch.randn(size, dtype=FLOATS[dtype]) * 3
    x[: len(SPECIAL)] = torch.tensor(SPECIAL[:size], dtype=FLOATS[dtype])
    check(program(operation, dtype)(x), UNARY[operation](x.double()), dtype)


@pytest.mark.parametrize("operation", ["exp", "expm1", "log", "log1p", "tanh", "sigmoid"])
def test_accuracy_in_single_precision(operation):
    x = torch.linspace(-100, 100, 200_001)
    if operation.startswith("log"):
        x = torch.cat([torch.logspace(-44, 38, 100_001), torch.linspace(-0.99, 4, 100_001)])
    f = program(operation, "float32")
    y, exact = f(x).double(), UNARY[operation](x.double())
    usual = exact.abs() > torch.finfo(torch.float32).tiny
    usual &= exact.abs() < torch.finfo(torch.float32).max
    assert ((y - exact) / exact)[usual].abs().max() < 2.6e-7


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("size", [1, 16, 1000])
@pytest.mark.parametrize("operation", BINARY)
def test_functions_of_two_numbers(operation, size, dtype):
    torch.manual_seed(size)
    x, y = torch.randn(2, size, dtype=FLOATS[dtype]) * 2
    if size > 1:
        pairs = torch.tensor([(a, b) for a in SPECIAL[:16] for b in SPECIAL[:16]]).to(x.dtype)
        x, y = torch.cat([x, pairs[:, 0]]), torch.cat([y, pairs[:, 1]])
    # each as it is written, step by step, overflows and underflows included
    expected = BINARY[operation](x, y)
    result = program(operation, dtype, dtype)(x, y)
    # with one rounding or two, 1 - y^2 differs near 1
    check(result, expected, dtype, 10.0 if operation == "tanh_grad" else 0.0)


@pytest.mark.parametrize("dtype", INTS)
@pytest.mark.parametrize("operation", WHOLE)
def test_whole_numbers(operation, dtype):
    numbers = torch.tensor([0, 1, -1, 7, -7, 2**31 - 1, -(2**31), 12345, -54321])
    x, y = (m.reshape(-1).to(INTS[dtype]) for m in torch.meshgrid(numbers, numbers, indexing="ij"))
    arguments = (x, y) if operation in BINARY else (x,)
    result = program(operation, *[dtype] * len(arguments))(*arguments)
    check(result, WHOLE[operation](*arguments), dtype)


@pytest.mark.parametrize("operation", LOGIC)
@pytest.mark.parametrize("size", [1, 3, 64, 700])
def test_truth_values(operation, size):
    x, y = torch.rand(2, size) < 0.5
    arguments = (x,) if operation == "not" else (x, y)
    result = program(operation, *["bool"] * len(arguments))(*arguments)
    assert result.dtype is torch.bool
    assert torch.equal(result, LOGIC[operation](*arguments))


@pytest.mark.parametrize("dtype", [*FLOATS, *INTS])
def test_selection(dtype):
    t, e = (torch.arange(1100).reshape(11, 100).to(TORCH[dtype]) * s for s in (1, -1))
    condition = torch.rand(11, 100) < 0.3
    f = program("select", "bool", dtype, dtype)
    assert torch.equal(f(condition, t, e), torch.where(condition, t, e))


@pytest.mark.parametrize(
    ("source", "target"),
    [(s, t) for s in TORCH for t in TORCH if s != t and fusion.lane_bytes([s, t]) is not None],
)
def test_casts(source, target):
    numbers = torch.tensor([0, 1, -1, 2.7, -2.7, 1e5, 0.3]).repeat(30).to(TORCH[source])
    kind = {"b": "mask", "i": "int", "f": "float"}[target[0]]
    result = program(f"to_{kind}", source, lane_bytes=fusion.lane_bytes([source, target]))(numbers)
    assert torch.equal(result, numbers.to(TORCH[target]))


SHAPES = [
    [(), (), ()],
    [(5, 7), (5, 7), (7,)],
    [(5, 7), (5, 1), ()],
    [(50, 128), (50, 128), (128,)],
    [(3, 700), (3, 1), (700,)],
    [(600, 3), (3,), (600, 1)],
    [(4, 1), (1, 5), ()],
    [(1, 1), (1,), ()],
    [(2, 3, 40), (40,), (2, 3, 40)],
    [(2, 30, 4), (2, 1, 1), (2, 30, 4)],
    [(0, 4), (4,), ()],
    [(2, 1500), (2, 1500), (1500,)],
]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shapes", SHAPES)
def test_broadcasting(shapes, dtype):
    x, y, z = (torch.randn(s, dtype=FLOATS[dtype]) for s in shapes)
    writer = fusion.Writer(fusion.lane_bytes([dtype]) or 0)
    a, b, c = (writer.input(dtype) for _ in range(3))
    total = writer.apply("add", writer.apply("mul", a, b), c)
    smaller = writer.apply("less", total, a)
    writer.output(smaller)
    writer.output(writer.apply("select", smaller, total, writer.constant(0.25, dtype)))
    where, result = writer.program(unexpected)(x, y, z)
    expected = x * y + z
    torch.testing.assert_close(result, torch.where(expected < x, expected, 0.25))
    assert torch.equal(where, expected < x)


@pytest.mark.parametrize("columns", [3, 128, 300, 1000])
def test_strided_inputs_are_read_where_they_are(columns):
    x = torch.randn(21, 4 * columns)
    f = program("mul", "float32", "float32")
    parts = x.split(columns, 1)
    torch.testing.assert_close(f(parts[1], parts[3]), parts[1] * parts[3])
    y = torch.randn(columns, 21).t()
    torch.testing.assert_close(f(parts[0], y), parts[0] * y)
    z = torch.randn(21, 2 * columns)[:, ::2]
    torch.testing.assert_close(f(z, z), z * z)
    row = torch.randn(columns).expand(21, columns)
    torch.testing.assert_close(f(row, parts[2]), row * parts[2])


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("shape", [(300_001,), (1003, 301), (90_000, 5)])
def test_large_arrays_on_several_threads(shape, threads):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        x, b = torch.randn(shape), torch.randn(shape[-1:])
        writer = fusion.Writer(4)
        value, bias = writer.input("float32"), writer.input("float32")
        for _ in range(8):
            value = writer.apply("add", writer.apply("tanh", value), bias)
        writer.output(value)
        result = writer.program(unexpected)(x, b)
    finally:
        torch.set_num_threads(before)
    for _ in range(8):
        x = torch.tanh(x) + b
    torch.testing.assert_close(result, x, rtol=1e-5, atol=1e-6)


def test_memory_is_taken_over_where_it_may_be():
    writer = fusion.Writer(4)
    x, y = writer.input("float32"), writer.input("float32")
    first = writer.apply("mul", x, y)
    writer.output(first)
    writer.output(writer.apply("add", first, y))
    f = writer.program(unexpected, (0, 1))
    a, b = torch.randn(2, 50)
    expected = a * b, a * b + b
    c, d = f(a, b)
    assert (c.data_ptr(), d.data_ptr()) == (a.data_ptr(), b.data_ptr())
    assert torch.equal(c, expected[0])
    torch.testing.assert_close(d, expected[1])


def test_memory_that_is_read_later_is_not_taken_over():
    writer = fusion.Writer(4)
    x, y = writer.input("float32"), writer.input("float32")
    first = writer.apply("mul", x, y)
    writer.output(first)
    writer.output(writer.apply("add", first, x))
    f = writer.program(unexpected, (0, None))
    a, b = torch.randn(2, 64)
    before = a.clone()
    c, d = f(a, b)
    assert torch.equal(a, before)
    torch.testing.assert_close(d, before * b + before)
    assert c.data_ptr() != a.data_ptr()


def test_memory_of_other_sizes_is_not_taken_over():
    writer = fusion.Writer(4)
    x, y = writer.input("float32"), writer.input("float32")
    writer.output(writer.apply("mul", x, y))
    f = writer.program(unexpected, (0,))
    a, b = torch.randn(3), torch.randn(4, 3)
    assert f(a, b).shape == (4, 3)
    strided = torch.randn(3, 4).t()
    assert f(strided, b).data_ptr() != strided.data_ptr()


@pytest.mark.parametrize(
    "arguments",
    [
        (torch.zeros(3), torch.zeros(4)),
        (torch.zeros(3), torch.zeros(3, dtype=torch.float64)),
        (torch.zeros(3), np.zeros(3)),
        (torch.zeros(2, 3, 4), torch.zeros(2, 1, 4)),
        (torch.zeros(3, device="meta"), torch.zeros(3)),
    ],
)
def test_what_does_not_fit_is_left_to_the_fallback(arguments):
    f = program("mul", "float32", "float32", fallback=lambda x, y: ("fallback", x, y))
    name, x, y = f(*arguments)
    assert name == "fallback"
    assert x is arguments[0]
    assert y is arguments[1]


def test_every_output_has_the_whole_size_or_none():
    writer = fusion.Writer(4)
    x, y = writer.input("float32"), writer.input("float32")
    negated = writer.apply("neg", x)
    writer.output(negated)
    writer.output(writer.apply("add", negated, y))
    f = writer.program(lambda x, y: "fallback")
    assert f(torch.zeros(3), torch.zeros(2, 3)) == "fallback"
    assert [t.shape for t in f(torch.zeros(2, 3), torch.zeros(3))] == [(2, 3), (2, 3)]


def test_errors_of_the_fallback_are_passed_on():
    def fail(*_):
        raise ValueError("as told")

    with pytest.raises(ValueError, match="as told"):
        program("mul", "float32", "float32", fallback=fail)(torch.zeros(3), torch.zeros(4))
    with pytest.raises(TypeError, match="takes 2 tensors"):
        program("mul", "float32", "float32")(torch.zeros(3))


def test_programs_longer_than_registers():
    writer = fusion.Writer(8)
    x = writer.input("float64")
    values = [x]
    for i in range(300):
        values.append(writer.apply("add", values[-1], values[i // 2]))
    for value in values[1:40]:
        writer.output(value)
    writer.output(values[-1])
    results = writer.program(unexpected)(torch.ones(5, 300, dtype=torch.float64))
    expected = [torch.ones(5, 300, dtype=torch.float64)]
    for i in range(300):
        expected.append(expected[-1] + expected[i // 2])
    for a, b in zip(results, [*expected[1:40], expected[-1]], strict=True):
        assert torch.equal(a, b)


def test_what_can_be_in_a_program():
    assert fusion.lane_bytes(["float32", "int32", "bool"]) == 4
    assert fusion.lane_bytes(["float64", "int64"]) == 8
    assert fusion.lane_bytes(["bool"]) == 0
    assert fusion.lane_bytes(["float32", "float64"]) is None
    assert fusion.lane_bytes(["float16"]) is None
    assert fusion.can_apply("add", ["float32"] * 5, "float32")
    assert not fusion.can_apply("div", ["int32", "int32"], "int32")
    assert not fusion.can_apply("tanh", ["float32"], "bool")
    assert not fusion.can_apply("unheard_of", ["float32"], "float32")
