"""Matrix products by the quicker of the libraries that torch brings.

On processors of more than one maker oneDNN's single-precision product of a tall matrix, stored row
by row, is 8 to 20 % quicker than the one `torch.mm` calls; that one is quicker for small matrices
and for transposed left factors (`benchmarks/products.py`).
"""

from __future__ import annotations

import torch
from torch import Tensor

_ROWS = 256
_WORK = 1 << 23  # multiplications; a smaller product is done before the call has paid

_linear = getattr(getattr(torch.ops, "mkldnn", None), "_linear_pointwise", None)
if not torch.backends.mkldnn.is_available():
    _linear = None


def product(a: Tensor, b: Tensor) -> Tensor:
    """`a` times `b`. Shapes: a [m,k], b [k,n], of any strides -> [m,n]."""
    rows = a.shape[0]
    if (
        rows >= _ROWS
        and a.dtype is torch.float32
        and rows * b.shape[0] * b.shape[1] >= _WORK
        and _linear is not None
        and a.is_cpu
        and a.is_contiguous()
    ):
        return _linear(a, b.t(), None, "none", [], "")
    return torch.mm(a, b)
