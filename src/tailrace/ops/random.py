"""Random numbers: TensorFlow's streams, by which a seeded program draws the numbers it drew there.

A stateful op keeps its stream in the session: every run draws on where the last one stopped. A
stateless op starts anew from the seed it is given.

Source: TF 1.15 core/ops/random_ops.cc, stateless_random_ops.cc and the kernels of those names.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from tailrace import arrays, errors
from tailrace.dtypes import (
    ANY,
    FLOATS,
    INDEX,
    REAL,
    bfloat16,
    float16,
    float32,
    float64,
    int32,
    int64,
)
from tailrace.native import device_random, random, sampling
from tailrace.native.device_copies import to_device
from tailrace.native.philox import Generator, Position
from tailrace.registry import after_gradient, op, type_attr
from tailrace.shapes import broadcast, with_rank

_STATEFUL = {"seed": 0, "seed2": 0, "_stateful": True, "_context": True, "_draws": True}
_SHAPE_TYPE = type_attr(INDEX)
_MANTISSA_BITS = {float16: 10, bfloat16: 7}
_NUMPY = {float32: np.float32, float64: np.float64}
_CONSTANT_DRAW = "what is drawn does not depend on the inputs"


def _stream(ctx):
    """This op's stream in this session."""
    stream = ctx.state.get("stream")
    if stream is None:
        fresh = Generator(ctx.attr("seed"), ctx.attr("seed2"))
        stream = ctx.state.setdefault("stream", fresh)
    return stream


def _count(shape):
    """How many numbers a shape holds."""
    if any(size < 0 for size in shape):
        raise errors.invalid(f"Dimensions must be >= 0, but the shape is {shape}")
    return math.prod(shape)


# -- numbers of one distribution: uniform, normal, truncated normal --------------------------------


def _uniform(start, count, dtype):
    if dtype in _MANTISSA_BITS:
        return random.uniform_short(start, count, _MANTISSA_BITS[dtype])
    return random.uniform(start, count, _NUMPY[dtype])


def _normal(start, count, dtype):
    return random.normal(start, count, _NUMPY.get(dtype, np.float32))


def _truncated_normal(start, count, dtype):
    return random.truncated_normal(start, count, _NUMPY.get(dtype, np.float32))


def _tensor(numbers, shape, dtype):
    return torch.from_numpy(numbers).to(arrays.torch_dtype(dtype)).reshape(shape)


def _drawing_shape(shape, *_):
    with_rank(shape, 1)
    return [shape.as_shape()]


def _drawn_on_device(kind, draw, start, shape, dtype):
    """The same numbers on PyTorch's default device: many are computed there."""
    device, count = torch.get_default_device(), _count(shape)
    if count < device_random.MANY[kind]:
        return to_device(_tensor(draw(start, count, dtype), shape, dtype), device)
    there = device_random.uniform if kind == "uniform" else device_random.normal
    return there(start, count, arrays.torch_dtype(dtype), device).reshape(shape)


def _register_fill(name, stateless_name, draw, text, kind=None):
    """The stateful op and its stateless twin; `kind` is what `device_random` calls the numbers."""

    def stateful(ctx, shape, *, dtype):
        count = _count(shape)
        start = _stream(ctx).reserve(count * random.BLOCKS_PER_NUMBER)
        return _tensor(draw(start, count, dtype), shape, dtype)

    def stateless(shape, seed, *, dtype):
        return _tensor(draw(Position.stateless(*seed), _count(shape), dtype), shape, dtype)

    stateful.__doc__ = f"{text}\n\n    Shapes: shape [rank] -> output as `shape` says.\n    "
    stateless.__doc__ = f"{text} The same for the same seed [2].\n    "
    definition = op(
        name, "shape: T -> output: dtype", dtype=FLOATS, T=_SHAPE_TYPE, _host="shape", **_STATEFUL
    )(stateful)
    twin = op(
        stateless_name,
        "shape: T, seed: Tseed -> output: dtype",
        dtype=type_attr(FLOATS, float32),
        T=type_attr(INDEX, INDEX[0]),
        Tseed=type_attr(INDEX, int64),
        _host=("shape", "seed"),
    )(stateless)
    for one in (definition, twin):
        one.shape(_drawing_shape)
        one.no_gradient(_CONSTANT_DRAW)
    if kind is not None:
        _register_on_device(definition, twin, draw, kind)


def _register_on_device(definition, twin, draw, kind):
    @definition.on_device()
    def stateful(ctx, shape, *, dtype):
        start = _stream(ctx).reserve(_count(shape) * random.BLOCKS_PER_NUMBER)
        return _drawn_on_device(kind, draw, start, shape, dtype)

    @twin.on_device()
    def stateless(shape, seed, *, dtype):
        return _drawn_on_device(kind, draw, Position.stateless(*seed), shape, dtype)


_register_fill(
    "RandomUniform",
    "StatelessRandomUniform",
    _uniform,
    "Numbers uniform in [0, 1).",
    kind="uniform",
)
_register_fill(
    "RandomStandardNormal",
    "StatelessRandomNormal",
    _normal,
    "Normal numbers of mean 0 and deviation 1.",
    kind="normal",
)
_register_fill(
    "TruncatedNormal",
    "StatelessTruncatedNormal",
    _truncated_normal,
    "Normal numbers, drawn again when beyond two deviations.",
)


# -- integers --------------------------------------------------------------------------------------


def _integers(start, shape, minval, maxval, dtype):
    count = _count(shape)
    if count and minval >= maxval:
        raise errors.invalid(f"Need minval < maxval, got {minval} >= {maxval}")
    numbers = random.uniform_int(start, count, minval, maxval, dtype.size * 8)
    return torch.from_numpy(numbers).reshape(shape)


@op(
    "RandomUniformInt",
    "shape: T, minval: Tout, maxval: Tout -> output: Tout",
    Tout=INDEX,
    T=_SHAPE_TYPE,
    _host=("shape", "minval", "maxval"),
    **_STATEFUL,
)
def random_uniform_int(ctx, shape, minval, maxval, *, Tout):
    """Integers uniform in [minval, maxval), with the small bias of taking a remainder."""
    start = _stream(ctx).reserve(_count(shape) * random.BLOCKS_PER_NUMBER)
    return _integers(start, shape, minval, maxval, Tout)


@op(
    "StatelessRandomUniformInt",
    "shape: T, seed: Tseed, minval: dtype, maxval: dtype -> output: dtype",
    dtype=INDEX,
    T=_SHAPE_TYPE,
    Tseed=type_attr(INDEX, int64),
    _host=("shape", "seed", "minval", "maxval"),
)
def stateless_random_uniform_int(shape, seed, minval, maxval, *, dtype):
    """Integers uniform in [minval, maxval), the same for the same seed [2]."""
    return _integers(Position.stateless(*seed), shape, minval, maxval, dtype)


@random_uniform_int.shape
def random_uniform_int_shape(shape, minval, maxval):
    with_rank(minval, 0)
    with_rank(maxval, 0)
    return _drawing_shape(shape)


@stateless_random_uniform_int.shape
def stateless_random_uniform_int_shape(shape, seed, minval, maxval):
    return random_uniform_int_shape(shape, minval, maxval)


for _definition in (random_uniform_int, stateless_random_uniform_int):
    _definition.no_gradient("the result is whole numbers")


# -- order and choice ------------------------------------------------------------------------------


@op("RandomShuffle", "value: T -> output: T", T=ANY, **_STATEFUL, _alias=True)
def random_shuffle(ctx, value):
    """The rows of a tensor in random order.

    Shapes: value [n, ...] -> output the same.
    """
    if value.ndim == 0 or value.shape[0] <= 1 or 0 in value.shape:
        return value
    count = value.shape[0]
    start = _stream(ctx).reserve(-(-(count - 1) // 4))
    order = random.permutation(start, count)
    return value[order] if isinstance(value, np.ndarray) else value[torch.from_numpy(order)]


@random_shuffle.shape
def random_shuffle_shape(value):
    return [value]


def _multinomial(start, logits, num_samples, output_dtype):
    if logits.ndim != 2:
        raise errors.invalid(f"logits should be a matrix, got shape {list(logits.shape)}")
    if logits.shape[1] == 0 and logits.shape[0] and num_samples:
        raise errors.invalid("num_classes should be positive, got 0")
    classes = sampling.multinomial(start, logits.double().numpy(), num_samples)
    return torch.from_numpy(classes).to(arrays.torch_dtype(output_dtype))


def _samples(num_samples):
    if num_samples < 0:
        raise errors.invalid(f"num_samples should be nonnegative, got {num_samples}")
    return num_samples


@op(
    "Multinomial",
    "logits: T, num_samples: int32 -> output: output_dtype",
    T=REAL,
    output_dtype=type_attr(INDEX, int64),
    _host="num_samples",
    **_STATEFUL,
)
def multinomial(ctx, logits, num_samples, *, output_dtype):
    """Classes drawn by unnormalised log-probabilities.

    Shapes: logits [B, C] -> output [B, num_samples].
    """
    # TF sets aside a whole number of blocks for each row, two words for each number
    blocks = logits.shape[0] * -(-_samples(num_samples) // 4) * 8 * random.BLOCKS_PER_NUMBER
    return _multinomial(_stream(ctx).reserve(blocks), logits, num_samples, output_dtype)


@op(
    "StatelessMultinomial",
    "logits: T, num_samples: int32, seed: Tseed -> output: output_dtype",
    T=REAL,
    Tseed=type_attr(INDEX, int64),
    output_dtype=type_attr(INDEX, int64),
    _host=("num_samples", "seed"),
)
def stateless_multinomial(logits, num_samples, seed, *, output_dtype):
    """Classes drawn by unnormalised log-probabilities, the same for the same seed [2]."""
    start = Position.stateless(*seed)
    return _multinomial(start, logits, _samples(num_samples), output_dtype)


@multinomial.shape
def multinomial_shape(logits, num_samples):
    with_rank(num_samples, 0)
    count = num_samples.value
    return [[with_rank(logits, 2)[0], None if count is None else int(count)]]


@stateless_multinomial.shape
def stateless_multinomial_shape(logits, num_samples, seed):
    return multinomial_shape(logits, num_samples)


for _definition in (multinomial, stateless_multinomial):
    _definition.no_gradient("a choice does not vary smoothly")


# -- gamma and Poisson -----------------------------------------------------------------------------


def _per_parameter(ctx, shape, parameters, draw):
    """float64 numbers [*shape, *parameters.shape]: `draw(start, samples, float64 [n])` shaped."""
    samples = _count(shape)
    start = _stream(ctx).reserve(samples * parameters.numel() * random.BLOCKS_PER_NUMBER)
    drawn = draw(start, samples, parameters.double().reshape(-1).numpy())
    return torch.from_numpy(drawn).reshape([*shape, *parameters.shape])


def _per_parameter_shape(shape, parameters):
    with_rank(shape, 1)
    return [shape.as_shape() + parameters]


@op(
    "RandomGamma",
    "shape: S, alpha: T -> output: T",
    S=_SHAPE_TYPE,
    T=(float16, float32, float64),
    _host="shape",
    **_STATEFUL,
)
def random_gamma(ctx, shape, alpha):
    """Gamma numbers of scale 1, a `shape` of them for each alpha.

    Shapes: shape [rank], alpha [...] -> output [*shape, ...].
    """
    return _per_parameter(ctx, shape, alpha, random.gamma).to(alpha.dtype)


random_gamma.shape(_per_parameter_shape)


@random_gamma.gradient
@after_gradient
def random_gamma_gradient(g, op, dy):
    rank = _first(g, g.shape(op.shape))
    leading = g.ones([rank], int32)
    alpha = g.Reshape(op.alpha, g.ConcatV2([leading, g.shape(op.alpha)], 0, name="concat"))
    slope = g.RandomGammaGrad(alpha, op.output)
    return None, g.reduce_sum(g.Mul(dy, slope, name="mul"), g.range(0, rank))


def _first(g, vector):
    with g.name_scope("strided_slice") as scope:
        places = [
            g.constant([place], name=name)
            for place, name in ((0, "stack"), (1, "stack_1"), (1, "stack_2"))
        ]
        return g.StridedSlice(vector, *places, shrink_axis_mask=1, name=scope)


def _gamma_slope(alpha, sample):
    """d sample / d alpha at a fixed probability.

    With P the distribution function and p the density: -(dP/d alpha) / p. P is differentiated by
    differences of sixth order of its logarithm, in the lower or the upper tail, whichever keeps its
    digits; agrees with TensorFlow's series to 1e-9. Source: Figurnov et al., arXiv 1805.08498.
    """
    a, x = torch.broadcast_tensors(alpha.double(), sample.double())
    step = 0.02 * torch.minimum(a, a.sqrt())
    lower = x < a

    def log_tail(k):
        shifted = a + k * step
        lower_tail, upper_tail = torch.special.gammainc, torch.special.gammaincc
        return torch.where(lower, lower_tail(shifted, x), upper_tail(shifted, x)).log()

    def difference(k):
        return log_tail(k) - log_tail(-k)

    slope = (45 * difference(1) - 9 * difference(2) + difference(3)) / (60 * step)
    log_density = (a - 1) * x.log() - x - torch.lgamma(a)
    sign = torch.where(lower, -1.0, 1.0)
    return (sign * slope * (log_tail(0) - log_density).exp()).to(alpha.dtype)


@op("RandomGammaGrad", "alpha: T, sample: T -> output: T", T=(float32, float64))
def random_gamma_slope(alpha, sample):
    """How a gamma number moves with its alpha, in the same shape or broadcast."""
    return _gamma_slope(alpha, sample)


@random_gamma_slope.shape
def random_gamma_slope_shape(alpha, sample):
    return [broadcast(alpha, sample)]


def _poisson(ctx, shape, rate, dtype):
    wanted = arrays.torch_dtype(dtype)
    limits = torch.finfo(wanted) if wanted.is_floating_point else torch.iinfo(wanted)

    def draw(start, samples, rates):
        return random.poisson(start, samples, rates, float(limits.max))

    drawn = _per_parameter(ctx, shape, rate, draw)
    if not wanted.is_floating_point:
        # TF: an infinite rate gives the smallest integer, as the processor converts it
        drawn = drawn.masked_fill(~drawn.isfinite(), float(limits.min))
    return drawn.to(wanted)


@op(
    "RandomPoissonV2",
    "shape: S, rate: R -> output: dtype",
    S=_SHAPE_TYPE,
    R=type_attr((float16, float32, float64, *INDEX), float64),
    dtype=type_attr((float16, float32, float64, *INDEX), int64),
    _host="shape",
    **_STATEFUL,
)
def random_poisson_v2(ctx, shape, rate, *, dtype):
    """Poisson numbers, a `shape` of them for each rate.

    Shapes: shape [rank], rate [...] -> output [*shape, ...].
    """
    return _poisson(ctx, shape, rate, dtype)


@op(
    "RandomPoisson",
    "shape: S, rate: dtype -> output: dtype",
    S=_SHAPE_TYPE,
    dtype=(float16, float32, float64),
    _host="shape",
    **_STATEFUL,
)
def random_poisson(ctx, shape, rate, *, dtype):
    """RandomPoissonV2 as graphs before TF 1.4 have it: numbers of the rates' type."""
    return _poisson(ctx, shape, rate, dtype)


for _definition in (random_poisson, random_poisson_v2):
    _definition.shape(_per_parameter_shape)


# -- normal numbers between bounds -----------------------------------------------------------------


def _bounds(row):
    bounds = sampling.Bounds(*row)
    if not bounds.valid():
        raise errors.invalid("Invalid parameters: stddev > 0 and minval < maxval are required")
    return bounds


@op(
    "ParameterizedTruncatedNormal",
    "shape: T, means: dtype, stdevs: dtype, minvals: dtype, maxvals: dtype -> output: dtype",
    dtype=FLOATS,
    T=_SHAPE_TYPE,
    _host="shape",
    **_STATEFUL,
)
def parameterized_truncated_normal(ctx, shape, means, stdevs, minvals, maxvals, *, dtype):
    """Normal numbers between bounds; mean, deviation and bounds may vary along the first dimension.

    Shapes: shape [rank], parameters [] or [shape[0]] -> output as `shape` says.
    """
    parameters = [_as_numpy(p, dtype).reshape(-1) for p in (means, stdevs, minvals, maxvals)]
    count = _count(shape)
    if all(p.size == 1 for p in parameters):
        counts, samples = sampling.batches(count), sampling.BATCH
        rows = [_bounds([p[0] for p in parameters])] * len(counts)
    else:
        samples = count // shape[0] if shape and shape[0] else 0
        counts = [samples] * (shape[0] if shape else 0)
        columns = [_per_row(p, len(counts)) for p in parameters]
        rows = [_bounds(row) for row in zip(*columns, strict=True)]
    start = _stream(ctx).reserve(sampling.blocks_between(len(rows), samples))
    return _tensor(sampling.normal_between(start, counts, rows), shape, dtype)


def _as_numpy(values, dtype):
    return values.to(arrays.torch_dtype(dtype if dtype in _NUMPY else float32)).numpy()


def _per_row(values, rows):
    if values.size not in (1, rows):
        raise errors.invalid(f"parameters must have size 1 or {rows}, but one has {values.size}")
    return np.broadcast_to(values, rows)


@parameterized_truncated_normal.shape
def parameterized_truncated_normal_shape(shape, means, stdevs, minvals, maxvals):
    return _drawing_shape(shape)


parameterized_truncated_normal.no_gradient(_CONSTANT_DRAW)
