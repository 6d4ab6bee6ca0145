"""Running sums and products along an axis.

Source: TF 1.15 core/ops/math_ops.cc, core/kernels/scan_ops.cc, python/ops/math_grad.py.
"""

from __future__ import annotations

import torch

from tailrace import dtypes, errors
from tailrace.dtypes import INDEX, NUMERIC, float16, float32, float64
from tailrace.native import bundles
from tailrace.registry import op, type_attr


def _scan(function, x, axis, exclusive, reverse, identity):
    """`function` of each element and those before it; `exclusive` leaves out the element itself."""
    rank = x.dim()
    if not -rank <= axis < rank:
        raise errors.invalid(
            f"ScanOp: Expected scan axis in the range [{-rank}, {rank}), but got {axis}"
        )
    if reverse:
        x = x.flip(axis)
    result = function(x, axis)
    if exclusive and x.shape[axis]:
        first = torch.full_like(result.narrow(axis, 0, 1), identity)
        result = torch.cat([first, result.narrow(axis, 0, x.shape[axis] - 1)], axis)
    return result.flip(axis) if reverse else result


def _scan_op(name, kernel, types):
    definition = op(
        name,
        "x: T, axis: Tidx -> out: T",
        exclusive=False,
        reverse=False,
        T=types,
        Tidx=type_attr(INDEX, dtypes.int32),
        _host="axis",
    )(kernel)
    definition.shape(lambda x, axis: [x])
    return definition


def cumsum_kernel(x, axis, *, exclusive, reverse):
    """The sum of each element and those before it along an axis."""

    def sums(x, axis):
        return torch.cumsum(x, axis, dtype=x.dtype)

    return _scan(sums, x, axis, exclusive, reverse, 0)


def cumprod_kernel(x, axis, *, exclusive, reverse):
    """The product of each element and those before it along an axis."""

    def products(x, axis):
        return torch.cumprod(x, axis, dtype=x.dtype)

    return _scan(products, x, axis, exclusive, reverse, 1)


def cumulative_logsumexp_kernel(x, axis, *, exclusive, reverse):
    """log(sum(exp)) of each element and those before it along an axis."""
    lowest = torch.finfo(x.dtype).min
    return _scan(torch.logcumsumexp, x, axis, exclusive, reverse, lowest)


def cumsum_grad(g, op, dy):
    flags = {"exclusive": op.exclusive, "reverse": not op.reverse}
    return g.Cumsum(dy, op.axis, **flags), None


def cumprod_grad(g, op, dy):
    # TF: not a number where x is 0
    products = g.Cumprod(op.x, op.axis, exclusive=op.exclusive, reverse=op.reverse)
    flags = {"exclusive": op.exclusive, "reverse": not op.reverse}
    sums = g.Cumsum(products * dy, op.axis, **flags)
    return sums / op.x, None


def cumulative_logsumexp_grad(g, op, dy):
    """Positive and negative parts of the gradient are summed apart, in logarithms."""
    lowest = dy.dtype.min
    positive = g.SelectV2(g.Greater(dy, 0), g.Log(dy), lowest)
    negative = g.SelectV2(g.Less(dy, 0), g.Log(-dy), lowest)

    def spread(part):
        sums = g.CumulativeLogsumexp(
            part - op.out, op.axis, exclusive=op.exclusive, reverse=not op.reverse
        )
        return g.Exp(sums + op.x)

    up = spread(positive)
    return up - spread(negative), None


def _small(products):
    def rule(x, axis, *, exclusive, reverse):
        place, rank = int(axis.value), len(x)
        if not -rank <= place < rank:
            return None
        return bundles.along("running", x.known, place % rank, products, exclusive, reverse)

    return rule


cumsum = _scan_op("Cumsum", cumsum_kernel, NUMERIC)
cumsum.gradient(cumsum_grad)
cumsum.small(_small(False))
cumprod = _scan_op("Cumprod", cumprod_kernel, NUMERIC)
cumprod.gradient(cumprod_grad)
cumprod.small(_small(True))
_scan_op("CumulativeLogsumexp", cumulative_logsumexp_kernel, (float16, float32, float64)).gradient(
    cumulative_logsumexp_grad
)
