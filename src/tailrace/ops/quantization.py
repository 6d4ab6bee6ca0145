"""Numbers rounded to a few bits while they stay floating point.

Source: TF 1.15 core/ops/array_ops.cc, core/kernels/fake_quant_ops_functor.h,
core/kernels/quantize_and_dequantize_op.h, python/ops/array_ops.py, array_grad.py.
"""

from __future__ import annotations

import torch

from tailrace import errors
from tailrace.dtypes import FLOATS
from tailrace.errors import ShapeError
from tailrace.registry import Attr, op
from tailrace.shapes import with_rank

_BITS = {"num_bits": 8, "narrow_range": False}


def _nudged(low, high, num_bits, narrow_range):
    """The range moved so that 0 is one of the levels, and the distance of levels.

    All are tensors, of any shape.
    """
    first, last = (1 if narrow_range else 0), 2**num_bits - 1
    scale = (high - low) / (last - first)
    zero = first - low / scale
    # TF: std::round, away from zero at one half
    level = torch.where(zero < 0, (zero - 0.5).ceil(), (zero + 0.5).floor()).clamp(first, last)
    return (first - level) * scale, (last - level) * scale, scale


def _rounded(x, low, high, bits):
    low, high, scale = _nudged(low, high, **bits)
    shifted = torch.minimum(torch.maximum(x, low), high) - low
    return (shifted * (1 / scale) + 0.5).floor() * scale + low


def _range_of(x, low, high):
    """The attributes as tensors. Raises: KernelError for an empty range."""
    if not low < high:
        raise errors.invalid(f"min has to be smaller than max, was: {low} >= {high}")
    return x.new_tensor(low), x.new_tensor(high)


def _rounded_between(x, low, high, bits):
    """TF: where both ends of the range are 0, so is the result."""
    return torch.where((low == 0) & (high == 0), torch.zeros_like(x), _rounded(x, low, high, bits))


def _split_gradient(dy, x, low, high, bits):
    """The gradient of the input, and those of the range for each element."""
    low_end, high_end, _ = _nudged(low, high, **bits)
    unused = (low == 0) & (high == 0)
    inside = ((x >= low_end) & (x <= high_end)) | unused
    below, above = (x < low_end) & ~unused, (x > high_end) & ~unused
    return dy * inside, dy * below, dy * above


@op(
    "FakeQuantWithMinMaxArgs",
    "inputs: float32 -> outputs: float32",
    min=-6.0,
    max=6.0,
    **_BITS,
)
def fake_quant_with_min_max_args(inputs, *, min, max, num_bits, narrow_range):
    """The inputs rounded to 2^num_bits levels between min and max."""
    bits = {"num_bits": num_bits, "narrow_range": narrow_range}
    return _rounded(inputs, *_range_of(inputs, min, max), bits)


fake_quant_with_min_max_args.shape(lambda inputs: [inputs])


@fake_quant_with_min_max_args.gradient
def fake_quant_with_min_max_args_grad_rule(g, op, dy):
    attrs = {name: getattr(op, name) for name in ("min", "max", "num_bits", "narrow_range")}
    return g.FakeQuantWithMinMaxArgsGradient(dy, op.inputs, **attrs)


@op(
    "FakeQuantWithMinMaxArgsGradient",
    "gradients: float32, inputs: float32 -> backprops: float32",
    min=-6.0,
    max=6.0,
    **_BITS,
)
def fake_quant_with_min_max_args_gradient(gradients, inputs, *, min, max, num_bits, narrow_range):
    """The gradients where the inputs lie in the range."""
    bits = {"num_bits": num_bits, "narrow_range": narrow_range}
    return _split_gradient(gradients, inputs, *_range_of(inputs, min, max), bits)[0]


fake_quant_with_min_max_args_gradient.shape(lambda gradients, inputs: [inputs])


@op(
    "FakeQuantWithMinMaxVars",
    "inputs: float32, min: float32, max: float32 -> outputs: float32",
    **_BITS,
)
def fake_quant_with_min_max_vars(inputs, min, max, *, num_bits, narrow_range):
    """The inputs rounded to 2^num_bits levels between two scalars."""
    bits = {"num_bits": num_bits, "narrow_range": narrow_range}
    return _rounded_between(inputs, min, max, bits)


@fake_quant_with_min_max_vars.shape
def fake_quant_with_min_max_vars_shape(inputs, min, max):
    with_rank(min, 0, "min")
    with_rank(max, 0, "max")
    return [inputs]


@fake_quant_with_min_max_vars.gradient
def fake_quant_with_min_max_vars_grad_rule(g, op, dy):
    bits = {"num_bits": op.num_bits, "narrow_range": op.narrow_range}
    return g.FakeQuantWithMinMaxVarsGradient(dy, op.inputs, op.min, op.max, **bits)


_RANGE_GRADIENTS = (
    "gradients: float32, inputs: float32, min: float32, max: float32 -> "
    "backprops_wrt_input: float32, backprop_wrt_min: float32, backprop_wrt_max: float32"
)


@op("FakeQuantWithMinMaxVarsGradient", _RANGE_GRADIENTS, **_BITS)
def fake_quant_with_min_max_vars_gradient(gradients, inputs, min, max, *, num_bits, narrow_range):
    """The gradients of the inputs in the range, and of its ends, summed over those beyond."""
    bits = {"num_bits": num_bits, "narrow_range": narrow_range}
    dx, below, above = _split_gradient(gradients, inputs, min, max, bits)
    return dx, below.sum(), above.sum()


@fake_quant_with_min_max_vars_gradient.shape
def fake_quant_with_min_max_vars_gradient_shape(gradients, inputs, min, max):
    return [inputs, [], []]


def _check_channels(inputs, low, high):
    count = with_rank(low, 1, "min")[0]
    with_rank(high, 1, "max")
    if inputs.dims and None not in (count, inputs[-1]) and count != inputs[-1]:
        raise ShapeError(f"{count} ranges for {inputs[-1]} channels")


@op(
    "FakeQuantWithMinMaxVarsPerChannel",
    "inputs: float32, min: float32, max: float32 -> outputs: float32",
    **_BITS,
)
def fake_quant_per_channel(inputs, min, max, *, num_bits, narrow_range):
    """The same with a range for each element of the last dimension."""
    bits = {"num_bits": num_bits, "narrow_range": narrow_range}
    return _rounded_between(inputs, min, max, bits)


@fake_quant_per_channel.shape
def fake_quant_per_channel_shape(inputs, min, max):
    _check_channels(inputs, min, max)
    return [inputs]


@fake_quant_per_channel.gradient
def fake_quant_per_channel_grad_rule(g, op, dy):
    bits = {"num_bits": op.num_bits, "narrow_range": op.narrow_range}
    return g.FakeQuantWithMinMaxVarsPerChannelGradient(dy, op.inputs, op.min, op.max, **bits)


@op("FakeQuantWithMinMaxVarsPerChannelGradient", _RANGE_GRADIENTS, **_BITS)
def fake_quant_per_channel_gradient(gradients, inputs, min, max, *, num_bits, narrow_range):
    """The same with a range for each element of the last dimension."""
    bits = {"num_bits": num_bits, "narrow_range": narrow_range}
    dx, below, above = _split_gradient(gradients, inputs, min, max, bits)
    channels = inputs.shape[-1]
    return dx, below.reshape(-1, channels).sum(0), above.reshape(-1, channels).sum(0)


@fake_quant_per_channel_gradient.shape
def fake_quant_per_channel_gradient_shape(gradients, inputs, min, max):
    _check_channels(inputs, min, max)
    return [inputs, min, max]


def _scale(low, high, least, most):
    """Levels per unit, and the range that the levels cover."""
    no_limit = torch.finfo(low.dtype).max
    from_low = least / low if bool(least * low > 0) else low.new_tensor(no_limit)
    from_high = most / high if bool(most * high > 0) else high.new_tensor(no_limit)
    if bool(from_low < from_high):
        step = low / least
        return from_low, step, low, most * step
    step = high / most
    return from_high, step, least * step, high


@op(
    "QuantizeAndDequantizeV2",
    "input: T, input_min: T, input_max: T -> output: T",
    signed_input=True,
    num_bits=8,
    range_given=False,
    T=FLOATS,
    round_mode=Attr("string", b"HALF_TO_EVEN", allowed=(b"HALF_TO_EVEN", b"HALF_UP")),
    narrow_range=False,
)
def quantize_and_dequantize(
    input, input_min, input_max, *, signed_input, num_bits, range_given, round_mode, narrow_range
):
    """The input rounded to integers of num_bits, scaled to the range given or to its own."""
    low, high = (input_min, input_max) if range_given else (input.min(), input.max())
    if range_given and not bool(low <= high):
        raise errors.invalid(f"Invalid range: input_min {float(low)} > input_max {float(high)}")
    least = -(2 ** (num_bits - 1)) if signed_input else 0
    most = 2 ** (num_bits - 1) - 1 if signed_input else 2**num_bits - 1
    scale, step, low, high = _scale(low, high, least + int(narrow_range), most)
    if range_given:
        input = torch.minimum(torch.maximum(input, low), high)
    levels = input * scale
    levels = levels.round() if round_mode == b"HALF_TO_EVEN" else (levels + 0.5).floor()
    return levels * step


@quantize_and_dequantize.shape
def quantize_and_dequantize_shape(input, input_min, input_max):
    with_rank(input_min, 0, "input_min")
    with_rank(input_max, 0, "input_max")
    return [input]


@quantize_and_dequantize.gradient
def quantize_and_dequantize_grad(g, op, dy):
    return dy, None, None
