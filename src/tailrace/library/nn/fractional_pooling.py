"""`tf.nn.fractional_max_pool`, `tf.nn.fractional_avg_pool`.

Source: TF 1.15 python/ops/nn_ops.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tailrace.graph import Tensor, g


class FractionalMaxPool(NamedTuple):
    """The pooled values, and where the windows of rows and columns begin."""

    output: Tensor
    row_pooling_sequence: Tensor
    col_pooling_sequence: Tensor


class FractionalAvgPool(NamedTuple):
    """The pooled values, and where the windows of rows and columns begin."""

    output: Tensor
    row_pooling_sequence: Tensor
    col_pooling_sequence: Tensor


def fractional_max_pool(
    value: Any,
    pooling_ratio: Any,
    pseudo_random: bool = False,
    overlapping: bool = False,
    deterministic: bool = False,
    seed: int = 0,
    seed2: int = 0,
    name: str | None = None,
) -> FractionalMaxPool:
    """The largest values of windows of two sizes in a random order, drawn anew in each run.

    `pooling_ratio` is [1, of rows, of columns, 1]; with `deterministic` the seeds tell the order,
    with `overlapping` neighbouring windows share a row. Shapes: value [B, H, W, C].
    """
    return FractionalMaxPool(
        *g.FractionalMaxPool(
            value,
            pooling_ratio=pooling_ratio,
            pseudo_random=pseudo_random,
            overlapping=overlapping,
            deterministic=deterministic,
            seed=seed,
            seed2=seed2,
            name=name,
        )
    )


def fractional_avg_pool(
    value: Any,
    pooling_ratio: Any,
    pseudo_random: bool = False,
    overlapping: bool = False,
    deterministic: bool = False,
    seed: int = 0,
    seed2: int = 0,
    name: str | None = None,
) -> FractionalAvgPool:
    """The means of windows of two sizes in a random order; see `fractional_max_pool`."""
    return FractionalAvgPool(
        *g.FractionalAvgPool(
            value,
            pooling_ratio=pooling_ratio,
            pseudo_random=pseudo_random,
            overlapping=overlapping,
            deterministic=deterministic,
            seed=seed,
            seed2=seed2,
            name=name,
        )
    )
