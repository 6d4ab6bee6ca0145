"""`tf.contrib.layers`: initializers that keep the scale of activations and gradients.

Source: TF 1.15 contrib/layers/python/layers/initializers.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tailrace import dtypes
from tailrace.dtypes import DType
from tailrace.graph import Tensor
from tailrace.library import random

_MODES = ("FAN_IN", "FAN_OUT", "FAN_AVG")


def xavier_initializer(
    uniform: bool = True, seed: int | None = None, dtype: DType = dtypes.float32
) -> Callable[..., Tensor]:
    """Variance 1 / mean(fan in, fan out) (Glorot and Bengio, 2010)."""
    return variance_scaling_initializer(1.0, "FAN_AVG", uniform, seed, dtype)


xavier_initializer_conv2d = xavier_initializer


def variance_scaling_initializer(
    factor: float = 2.0,
    mode: str = "FAN_IN",
    uniform: bool = False,
    seed: int | None = None,
    dtype: DType = dtypes.float32,
) -> Callable[..., Tensor]:
    """Variance factor / n, where n is what `mode` says: FAN_IN, FAN_OUT or FAN_AVG.

    Raises: TypeError for another mode, or types that are not floating-point.
    """
    _check_floating(dtype)
    if mode not in _MODES:
        raise TypeError(f"Unknown mode {mode} {list(_MODES)}")

    def initializer(shape: Any, dtype: DType = dtype, partition_info: Any = None) -> Tensor:
        _check_floating(dtype)
        n = _fan(shape, mode)
        if uniform:
            limit = math.sqrt(3.0 * factor / n)
            return random.random_uniform(shape, -limit, limit, dtype, seed=seed)
        # a normal distribution cut off at two deviations has 1 / 1.3 of the variance
        deviation = math.sqrt(1.3 * factor / n)
        return random.truncated_normal(shape, 0.0, deviation, dtype, seed=seed)

    return initializer


def _check_floating(dtype: DType) -> None:
    if not dtype.is_floating:
        raise TypeError("Cannot create initializer for non-floating point type.")


def _fan(shape: Any, mode: str) -> float:
    sizes = [float(int(size)) for size in shape] or [1.0]
    field = math.prod(sizes[:-2])
    fan_in = field * (sizes[-2] if len(sizes) > 1 else sizes[-1])
    fan_out = field * sizes[-1]
    return {"FAN_IN": fan_in, "FAN_OUT": fan_out, "FAN_AVG": (fan_in + fan_out) / 2.0}[mode]
