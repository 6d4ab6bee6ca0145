"""`tf.contrib.layers`: penalties on weights.

Source: TF 1.15 contrib/layers/python/layers/regularizers.py.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any

from tailrace.graph import Tensor, constant, convert_to_tensor, g
from tailrace.library import arithmetic, logging, reductions
from tailrace.library.collections import GraphKeys, add_to_collection, get_collection
from tailrace.library.nn.activations import l2_loss

Regularizer = Callable[[Any], Tensor | None]


def _disabled(scale: Any) -> bool:
    """Whether the scale is 0. Raises: ValueError for a negative or whole number."""
    if isinstance(scale, numbers.Integral):
        raise ValueError(f"scale cannot be an integer: {scale}")
    if not isinstance(scale, numbers.Real):
        return False
    if scale < 0.0:
        raise ValueError(f"Setting a scale less than 0 on a regularizer: {scale:g}")
    if scale == 0.0:
        logging.info("Scale of 0 disables regularizer.")
    return scale == 0.0


def _nothing(_: Any) -> None:
    return None


def l1_regularizer(scale: Any, scope: str | None = None) -> Regularizer:
    """scale * sum(|w|)."""
    if _disabled(scale):
        return _nothing

    def l1(weights: Any, name: str | None = None) -> Tensor:
        with g.name_scope(scope, "l1_regularizer") as name:
            factor = convert_to_tensor(scale, weights.dtype.base_dtype, name="scale")
            total = reductions.reduce_sum(arithmetic.abs(weights))
            return arithmetic.multiply(factor, total, name=name)

    return l1


def l2_regularizer(scale: Any, scope: str | None = None) -> Regularizer:
    """scale * sum(w ** 2) / 2."""
    if _disabled(scale):
        return _nothing

    def l2(weights: Any) -> Tensor:
        with g.name_scope(scope, "l2_regularizer") as name:
            factor = convert_to_tensor(scale, weights.dtype.base_dtype, name="scale")
            return arithmetic.multiply(factor, l2_loss(weights), name=name)

    return l2


def l1_l2_regularizer(
    scale_l1: Any = 1.0, scale_l2: Any = 1.0, scope: str | None = None
) -> Regularizer | None:
    """scale_l1 * sum(|w|) + scale_l2 * sum(w ** 2) / 2."""
    for scale in (scale_l1, scale_l2):
        if isinstance(scale, numbers.Integral):
            raise ValueError(f"scale cannot be an integer: {scale}")
    scope = scope or "l1_l2_regularizer"
    if scale_l1 == 0.0:
        return l2_regularizer(scale_l2, scope)
    if scale_l2 == 0.0:
        return l1_regularizer(scale_l1, scope)
    return sum_regularizer([l1_regularizer(scale_l1), l2_regularizer(scale_l2)], scope)


def sum_regularizer(
    regularizer_list: list[Regularizer | None], scope: str | None = None
) -> Regularizer | None:
    """The sum of several penalties; None when there are none."""
    present = [regularizer for regularizer in regularizer_list if regularizer is not None]
    if not present:
        return None

    def sum_reg(weights: Any) -> Tensor | None:
        with g.name_scope(scope, "sum_regularizer") as name:
            penalties = [p for p in (each(weights) for each in present) if p is not None]
            return reductions.add_n(penalties, name=name) if penalties else None

    return sum_reg


def apply_regularization(regularizer: Regularizer, weights_list: Any = None) -> Tensor:
    """The penalties of all weights (those in `WEIGHTS` by default) added up, and collected.

    Raises: ValueError when there are no weights, or a penalty is not a scalar.
    """
    weights = weights_list or get_collection(GraphKeys.WEIGHTS)
    if not weights:
        raise ValueError("No weights to regularize.")
    with g.name_scope("get_regularization_penalty") as scope:
        given = [regularizer(w) for w in weights]
        penalties = [constant(0.0) if p is None else p for p in given]
        for penalty in penalties:
            if penalty.shape.ndims != 0:
                raise ValueError(
                    "regularizer must return a scalar Tensor instead of a Tensor with rank "
                    f"{penalty.shape.ndims}."
                )
        total = reductions.add_n(penalties, name=scope)
        add_to_collection(GraphKeys.REGULARIZATION_LOSSES, total)
        return total
