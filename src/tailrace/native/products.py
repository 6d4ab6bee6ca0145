"""Matrix products by the quicker of the libraries that torch brings.

On processors of more than one maker oneDNN's single-precision product is 5 to 40 % quicker than the
one that `torch.mm` calls, but for small ones and for transposed left factors. Those it multiplies
well only once they are copied row by row, which pays for large ones (`benchmarks/products.py`).
"""

from __future__ import annotations

import torch
from torch import Tensor

from tailrace.native.rows import copy_transposed

_ROWS = 48
_WORK = 1 << 22  # multiplications; a smaller product is done before the call has paid
_COPIED = 120_000_000  # multiplications that pay for a copy of the left factor

_linear = getattr(getattr(torch.ops, "mkldnn", None), "_linear_pointwise", None)
if not torch.backends.mkldnn.is_available():
    _linear = None


def product(a: Tensor, b: Tensor) -> Tensor:
    """`a` times `b`. Shapes: a [m,k], b [k,n], of any strides -> [m,n]."""
    rows = a.shape[0]
    if rows >= _ROWS and a.dtype is torch.float32 and _linear is not None and a.is_cpu:
        work = rows * b.shape[0] * b.shape[1]
        if work >= _COPIED or (work >= _WORK and a.is_contiguous()):
            return _linear(_by_rows(a), b.t(), None, "none", [], "")
    return torch.mm(a, b)


def _by_rows(a: Tensor) -> Tensor:
    """A matrix with its rows one after the other."""
    if a.is_contiguous():
        return a
    copy = torch.empty_like(a, memory_format=torch.contiguous_format)
    copy_transposed(a.t(), copy)
    return copy


def stacked(left: list[Tensor], b: Tensor) -> Tensor:
    """The products of several matrices with `b`, one below the other.

    Shapes: left [m_i,k], of any strides, b [k,n] -> [sum m_i, n].
    """
    sizes = [a.shape[0] for a in left]
    rows = sum(sizes)
    if len(left) > 1 and rows * b.shape[0] * b.shape[1] >= _COPIED:
        together = b.new_empty((rows, b.shape[0]))
        for a, part in zip(left, together.split(sizes), strict=True):
            copy_transposed(a.t(), part)
        return product(together, b)
    if len(left) == 1:
        return product(left[0], b)
    result = b.new_empty((rows, b.shape[1]))
    for a, part in zip(left, result.split(sizes), strict=True):
        torch.mm(a, b, out=part)
    return result


def stacked_with(left: list[Tensor], b: Tensor, position: int, rows: Tensor) -> Tensor:
    """`stacked`, with the given rows in front of the product at `position`."""
    if not left:
        return rows
    sizes = [a.shape[0] for a in left]
    if sum(sizes) * b.shape[0] * b.shape[1] >= _COPIED:
        others = stacked(left, b)
        split = sum(sizes[:position])
        return torch.cat((others[:split], rows, others[split:]))
    sizes.insert(position, rows.shape[0])
    result = b.new_empty((sum(sizes), b.shape[1]))
    parts = list(result.split(sizes))
    parts.pop(position).copy_(rows)
    for a, part in zip(left, parts, strict=True):
        torch.mm(a, b, out=part)
    return result
