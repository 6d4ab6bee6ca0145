"""`tf.nn.dropout`.

Source: TF 1.15 python/ops/nn_ops.py (dropout, dropout_v2).
"""

from __future__ import annotations

import numbers
from typing import Any

from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import arithmetic, array, logging, random
from tailrace.library.arguments import either
from tailrace.shapes import TensorShape


def dropout(
    x: Any,
    keep_prob: Any = None,
    noise_shape: Any = None,
    seed: int | None = None,
    name: str | None = None,
    rate: Any = None,
) -> Tensor:
    """Each element kept with probability 1 - rate and then scaled by 1 / (1 - rate), else 0.

    Args: noise_shape has 1 where elements are kept or dropped together; keep_prob is 1 - rate.
    Raises: ValueError for a rate outside [0, 1), none at all, or integers.
    """
    try:
        keep = 1.0 - keep_prob if keep_prob is not None else None
    except TypeError:
        raise ValueError(
            f"keep_prob must be a floating point number or Tensor (got {keep_prob!r})"
        ) from None
    rate = either("rate", rate, "keep_prob", keep)
    if rate is None:
        raise ValueError("You must provide a rate to dropout.")
    with g.name_scope(name, "dropout"):
        x = convert_to_tensor(x, name="x")
        if not x.dtype.is_floating:
            raise ValueError(
                "x has to be a floating point tensor since it's going to be scaled. Got a "
                f"{x.dtype} tensor instead."
            )
        if isinstance(rate, numbers.Real):
            _check_rate(float(rate))
            if rate == 0:
                return x
        rate = convert_to_tensor(rate, x.dtype, name="rate")
        rate.get_shape().assert_has_rank(0)
        known = g.known(rate)
        if known is not None and known == 0:
            return x
        return _dropped(x, rate, noise_shape, seed)


def _dropped(x: Tensor, rate: Tensor, noise_shape: Any, seed: int | None) -> Tensor:
    shape = _noise_shape(x, noise_shape)
    uniform = random.random_uniform(shape, seed=seed, dtype=x.dtype)
    scale = 1 / (1 - rate)
    keep = uniform >= rate
    result = x * scale * arithmetic.cast(keep, x.dtype)
    result.set_shape(x.get_shape())
    return result


def _check_rate(rate: float) -> None:
    if not 0 <= rate < 1:
        raise ValueError(
            f"rate must be a scalar tensor or a float in the range [0, 1), got {rate:g}"
        )
    if rate > 0.5:
        logging.log_first_n(
            logging.WARN,
            "Large dropout rate: %g (>0.5): this share of the elements is dropped, not kept.",
            5,
            rate,
        )


def _noise_shape(x: Tensor, noise_shape: Any) -> Any:
    """The shape of the random numbers; None in what was given means as many as x has."""
    if noise_shape is None:
        return array.shape(x)
    try:
        given = TensorShape(noise_shape)
    except (TypeError, ValueError):
        return noise_shape
    if x.shape.ndims is None or x.shape.ndims != given.ndims:
        return noise_shape
    pairs = zip(given.as_list(), x.shape.as_list(), strict=True)
    return TensorShape([known if wanted is None else wanted for wanted, known in pairs])
