"""Pooling over windows of two sizes in a random order, so that sizes shrink by a fraction.

Source: TF 1.15 core/ops/nn_ops.cc, core/kernels/fractional_{pool_common,
max_pool_op,avg_pool_op}.cc, python/ops/nn_grad.py. Graham 2014, Fractional Max-Pooling.
"""

from __future__ import annotations

import itertools
import math
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import torch

from tailrace import dtypes
from tailrace.errors import KernelError, UnimplementedError, invalid
from tailrace.native.philox import Draws, Position
from tailrace.registry import REQUIRED, Attr, OpDef, op
from tailrace.shapes import with_rank

_NUMBERS = (dtypes.float32, dtypes.float64, dtypes.int32, dtypes.int64)
_OUTPUTS = "output: T, row_pooling_sequence: int64, col_pooling_sequence: int64"
_SEQUENCES = "row_pooling_sequence: int64, col_pooling_sequence: int64"
_SETTINGS: dict[str, Any] = {
    "pooling_ratio": Attr("list(float)", REQUIRED, minimum=4),
    "pseudo_random": False,
    "overlapping": False,
    "deterministic": False,
    "seed": 0,
    "seed2": 0,
    "T": _NUMBERS,
}


# -- where windows begin ---------------------------------------------------------------------------


def _pseudo_random(size: int, count: int, draws: Draws) -> list[int]:
    ratio, whole = size / count, size // count
    widest = min((whole + 2) / ratio - 1, (size + 1 - whole) / ratio - (count - 1))
    u = draws.float64() * widest
    begins = [1, *(math.ceil(ratio * (i + u)) for i in range(1, count)), size + 1]
    return [after - before for before, after in itertools.pairwise(begins)]


def _random(size: int, count: int, draws: Draws) -> list[int]:
    whole, larger = divmod(size, count)
    sizes = [whole + 1] * larger + [whole] * (count - larger)
    for i in range(count - 1):
        j = i + draws.word() % (count - i)
        sizes[i], sizes[j] = sizes[j], sizes[i]
    return sizes


class _Sequences:
    """Draws where the windows of an axis begin; the next axis starts at a new block."""

    def __init__(self, seed: int, seed2: int) -> None:
        chosen = (seed, seed2) if seed or seed2 else (secrets.randbits(63), secrets.randbits(63))
        self._position = Position.from_seeds(*chosen)

    def begins(self, size: int, count: int, pseudo_random: bool) -> torch.Tensor:
        """[count + 1]: where each window begins, and the end of the last."""
        draws = Draws(self._position)
        self._position = self._position.skip(1 if pseudo_random else -(-count // 4))
        sizes = (_pseudo_random if pseudo_random else _random)(size, count, draws)
        return torch.tensor([0, *sizes], dtype=torch.int64).cumsum(0)


def _windows(sequence: torch.Tensor, overlapping: bool) -> Iterator[slice]:
    """The windows; overlapping ones have the first row of the next as well."""
    for begin, end in itertools.pairwise(sequence.tolist()):
        yield slice(begin, end + 1 if overlapping else end)


def _pooled(
    value: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor, overlapping: bool, reduce: Any
) -> torch.Tensor:
    """[B, rows, columns, C]: each window [B, r, c, C] reduced."""
    wide = list(_windows(columns, overlapping))
    return torch.stack(
        [
            torch.stack([reduce(value[:, high, across]) for across in wide], dim=1)
            for high in _windows(rows, overlapping)
        ],
        dim=1,
    )


def _mean(window: torch.Tensor) -> torch.Tensor:
    total = window.sum(dim=(1, 2), dtype=window.dtype)
    count = window.shape[1] * window.shape[2]
    if window.is_floating_point():
        return total / count
    return torch.div(total, count, rounding_mode="trunc")


def _largest(window: torch.Tensor) -> torch.Tensor:
    return window.amax(dim=(1, 2))


def _fractional(name: str, what: str, reduce: Callable[[torch.Tensor], torch.Tensor]) -> OpDef:
    def kernel(value, *, pooling_ratio, pseudo_random, overlapping, deterministic, seed, seed2):
        if not deterministic and (seed or seed2):
            raise invalid(
                f"Both seed and seed2 should be 0 if deterministic is false, but are {seed} and "
                f"{seed2}"
            )
        if pooling_ratio[0] != 1 or pooling_ratio[3] != 1:
            raise KernelError(
                UnimplementedError,
                f"pooling_ratio {pooling_ratio}: batch and channels are not pooled, so the first "
                "and the last have to be 1",
            )
        sizes = [math.floor(s / r) for s, r in zip(value.shape, pooling_ratio, strict=True)]
        if min(sizes[1:3]) < 1:
            raise invalid(f"pooling_ratio {pooling_ratio} leaves nothing of {list(value.shape)}")
        drawn = _Sequences(seed, seed2)
        rows = drawn.begins(value.shape[1], sizes[1], pseudo_random)
        columns = drawn.begins(value.shape[2], sizes[2], pseudo_random)
        return _pooled(value, rows, columns, overlapping, reduce), rows, columns

    kernel.__doc__ = f"""The {what} of windows of two sizes in a random order.

    Shapes: value [B, H, W, C] -> [B, H / ratio, W / ratio, C], rows [H' + 1], columns [W' + 1].
    """
    definition = op(name, f"value: T -> {_OUTPUTS}", **_SETTINGS)(kernel)

    @definition.shape
    def shape(value, *, pooling_ratio):
        dims = with_rank(value, 4, "value")
        sizes = [
            None if size is None else math.floor(size / ratio)
            for size, ratio in zip(dims, pooling_ratio, strict=True)
        ]
        # TF: without the end of the last window, which the sequences hold as well
        return [sizes, [sizes[1]], [sizes[2]]]

    return definition


fractional_max_pool = _fractional("FractionalMaxPool", "largest values", _largest)
fractional_avg_pool = _fractional("FractionalAvgPool", "means", _mean)


# -- gradients -------------------------------------------------------------------------------------


@op(
    "FractionalMaxPoolGrad",
    f"orig_input: T, orig_output: T, out_backprop: T, {_SEQUENCES} -> output: T",
    overlapping=False,
    T=_NUMBERS,
)
def fractional_max_pool_grad(
    orig_input,
    orig_output,
    out_backprop,
    row_pooling_sequence,
    col_pooling_sequence,
    *,
    overlapping,
):
    """What comes back to the first largest value of each window."""
    result = torch.zeros_like(orig_input)
    for i, high in enumerate(_windows(row_pooling_sequence, overlapping)):
        for j, across in enumerate(_windows(col_pooling_sequence, overlapping)):
            window = orig_input[:, high, across]
            flat = window.flatten(1, 2)
            first = (flat == orig_output[:, i, j].unsqueeze(1)).to(torch.uint8).argmax(1, True)
            back = torch.zeros_like(flat).scatter_(1, first, out_backprop[:, i, j].unsqueeze(1))
            result[:, high, across] += back.view(window.shape)
    return result


@fractional_max_pool_grad.shape
def fractional_max_pool_grad_shape(
    orig_input, orig_output, out_backprop, row_pooling_sequence, col_pooling_sequence
):
    return [orig_input]


@op(
    "FractionalAvgPoolGrad",
    f"orig_input_tensor_shape: int64, out_backprop: T, {_SEQUENCES} -> output: T",
    overlapping=False,
    T=_NUMBERS,
    _host="orig_input_tensor_shape",
)
def fractional_avg_pool_grad(
    orig_input_tensor_shape,
    out_backprop,
    row_pooling_sequence,
    col_pooling_sequence,
    *,
    overlapping,
):
    """What comes back to all values of each window, in equal parts."""
    result = out_backprop.new_zeros(orig_input_tensor_shape)
    for i, high in enumerate(_windows(row_pooling_sequence, overlapping)):
        for j, across in enumerate(_windows(col_pooling_sequence, overlapping)):
            window = result[:, high, across]
            count = window.shape[1] * window.shape[2]
            share = out_backprop[:, i, j] / count
            window += share.to(result.dtype)[:, None, None]
    return result


@fractional_avg_pool_grad.shape
def fractional_avg_pool_grad_shape(
    orig_input_tensor_shape, out_backprop, row_pooling_sequence, col_pooling_sequence
):
    return [orig_input_tensor_shape.as_shape()]


@fractional_max_pool.gradient
def fractional_max_pool_gradient(g, op, dy, rows, columns):
    return g.FractionalMaxPoolGrad(
        op.value,
        op.output,
        dy,
        op.row_pooling_sequence,
        op.col_pooling_sequence,
        overlapping=op.overlapping,
    )


@fractional_avg_pool.gradient
def fractional_avg_pool_gradient(g, op, dy, rows, columns):
    return g.FractionalAvgPoolGrad(
        op.value.get_shape(),
        dy,
        op.row_pooling_sequence,
        op.col_pooling_sequence,
        overlapping=op.overlapping,
    )


fractional_max_pool_grad.missing_gradient("TensorFlow has none")
fractional_avg_pool_grad.missing_gradient("TensorFlow has none")
