"""Batch renormalization: what corrects a batch's statistics towards the running averages.

r = stddev / average stddev, d = (mean - average mean) / average stddev, both clipped and constant
for the gradient (Ioffe, 2017).

Source: TF 1.15 python/keras/layers/normalization.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import Tensor, g
from tailrace.library import arithmetic, array, math
from tailrace.library.layers import tools

_KEYS = {"rmax", "rmin", "dmax"}


def clipping(given: Any) -> dict[str, Any]:
    """The limits as a dict. Raises: ValueError for a limit there is not."""
    given = given or {}
    if set(given) - _KEYS:
        raise ValueError(f"renorm_clipping {given} contains keys not in {sorted(_KEYS)}")
    return given


def correction(layer: Any, mean: Tensor, variance: Tensor, training: Any) -> Any:
    """r, d, and the batch's mean and variance, given after the averages have been updated."""
    stddev = math.sqrt(variance + layer.epsilon)
    average = arithmetic.maximum(layer.renorm_stddev, math.sqrt(layer.epsilon))
    r = stddev / average
    d = (mean - layer.renorm_mean) / average
    with g.control_dependencies([r, d]):
        mean, stddev = array.identity(mean), array.identity(stddev)
    r, d = _clipped(r, d, layer.renorm_clipping)
    r = tools.smart_cond(training, lambda: r, lambda: array.ones_like(r))
    d = tools.smart_cond(training, lambda: d, lambda: array.zeros_like(d))
    new_mean = _moved(layer, layer.renorm_mean, mean, training)
    new_stddev = _moved(layer, layer.renorm_stddev, stddev, training)
    with g.control_dependencies([new_mean, new_stddev]):
        return r, d, array.identity(mean), array.identity(variance)


def _clipped(r: Tensor, d: Tensor, limits: dict[str, Any]) -> tuple[Tensor, Tensor]:
    if limits.get("rmin") is not None:
        r = arithmetic.maximum(r, limits["rmin"])
    if limits.get("rmax") is not None:
        r = arithmetic.minimum(r, limits["rmax"])
    if limits.get("dmax") is not None:
        d = arithmetic.maximum(d, -limits["dmax"])
        d = arithmetic.minimum(d, limits["dmax"])
    return r, d


def _moved(layer: Any, variable: Any, value: Tensor, training: Any) -> Tensor:
    value = array.identity(value)
    return tools.smart_cond(
        training,
        lambda: layer._move(variable, value, layer.renorm_momentum),
        lambda: array.identity(variable),
    )
