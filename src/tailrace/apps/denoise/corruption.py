"""Ways to spoil pictures, and how well a picture came out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]


def spoil(values: NDArray[Any], kind: str, amount: float, random: np.random.Generator) -> Values:
    """Pixels from 0 to 1, of any shape, spoilt as `Settings` says."""
    values = np.asarray(values, np.float32)
    if kind == "gaussian":
        noise = random.standard_normal(values.shape, np.float32)
        return np.clip(values + np.float32(amount) * noise, 0, 1)
    drawn = random.random(values.shape, np.float32)
    spoilt = np.where(drawn < amount, np.float32(0), values)
    if kind == "salt-and-pepper":
        spoilt[drawn < amount / 2] = 1
    return spoilt


def psnr(error: float) -> float:
    """Peak signal-to-noise ratio in decibels of a mean squared error; the peak is 1."""
    return math.inf if error <= 0 else -10 * math.log10(error)


def mean_error(found: list[Values], clean: list[Values]) -> float:
    """Mean squared error over the pixels of all pictures."""
    squares = sum(float(np.square(a - b).sum()) for a, b in zip(found, clean, strict=True))
    return squares / sum(picture.size for picture in clean)
