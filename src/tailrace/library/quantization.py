"""`tf.quantization`: numbers rounded to a few bits while they stay floating point.

Source: TF 1.15 python/ops/array_ops.py, gen_array_ops.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import Tensor, g


def fake_quant_with_min_max_args(
    inputs: Any,
    min: float = -6,
    max: float = 6,
    num_bits: int = 8,
    narrow_range: bool = False,
    name: str | None = None,
) -> Tensor:
    """The inputs rounded to 2^num_bits levels between two numbers."""
    bits = {"num_bits": num_bits, "narrow_range": narrow_range}
    return g.FakeQuantWithMinMaxArgs(inputs, min=min, max=max, name=name, **bits)


def fake_quant_with_min_max_args_gradient(
    gradients: Any,
    inputs: Any,
    min: float = -6,
    max: float = 6,
    num_bits: int = 8,
    narrow_range: bool = False,
    name: str | None = None,
) -> Tensor:
    """The gradients where the inputs lie in the range."""
    bits = {"num_bits": num_bits, "narrow_range": narrow_range}
    return g.FakeQuantWithMinMaxArgsGradient(gradients, inputs, min=min, max=max, name=name, **bits)


def fake_quant_with_min_max_vars(
    inputs: Any,
    min: Any,
    max: Any,
    num_bits: int = 8,
    narrow_range: bool = False,
    name: str | None = None,
) -> Tensor:
    """The inputs rounded to 2^num_bits levels between two scalars."""
    bits = {"num_bits": num_bits, "narrow_range": narrow_range}
    return g.FakeQuantWithMinMaxVars(inputs, min, max, name=name, **bits)


def fake_quant_with_min_max_vars_gradient(
    gradients: Any,
    inputs: Any,
    min: Any,
    max: Any,
    num_bits: int = 8,
    narrow_range: bool = False,
    name: str | None = None,
) -> list[Tensor]:
    """The gradients of inputs, min and max."""
    bits = {"num_bits": num_bits, "narrow_range": narrow_range}
    return g.FakeQuantWithMinMaxVarsGradient(gradients, inputs, min, max, name=name, **bits)


def fake_quant_with_min_max_vars_per_channel(
    inputs: Any,
    min: Any,
    max: Any,
    num_bits: int = 8,
    narrow_range: bool = False,
    name: str | None = None,
) -> Tensor:
    """The inputs rounded, with a range for each element of the last dimension."""
    bits = {"num_bits": num_bits, "narrow_range": narrow_range}
    return g.FakeQuantWithMinMaxVarsPerChannel(inputs, min, max, name=name, **bits)


def fake_quant_with_min_max_vars_per_channel_gradient(
    gradients: Any,
    inputs: Any,
    min: Any,
    max: Any,
    num_bits: int = 8,
    narrow_range: bool = False,
    name: str | None = None,
) -> list[Tensor]:
    """The gradients of inputs, min and max, with a range for each channel."""
    bits = {"num_bits": num_bits, "narrow_range": narrow_range}
    return g.FakeQuantWithMinMaxVarsPerChannelGradient(
        gradients, inputs, min, max, name=name, **bits
    )


def quantize_and_dequantize(
    input: Any,
    input_min: Any,
    input_max: Any,
    signed_input: bool = True,
    num_bits: int = 8,
    range_given: bool = False,
    round_mode: str = "HALF_TO_EVEN",
    name: str | None = None,
    narrow_range: bool = False,
) -> Tensor:
    """The input rounded to integers of num_bits, scaled to the range given or to its own."""
    return g.QuantizeAndDequantizeV2(
        input,
        input_min,
        input_max,
        signed_input=signed_input,
        num_bits=num_bits,
        range_given=range_given,
        round_mode=round_mode,
        narrow_range=narrow_range,
        name=name,
    )
