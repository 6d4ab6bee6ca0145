"""Matrix products by the quickest of what there is for them.

With AVX-512 that is mostly our own (`src/simd/multiply.cpp`), which packs nothing: transposed left
factors and few columns or rows are what the libraries that torch brings are slow at. Of these,
oneDNN's single-precision product is 5 to 40 % quicker on processors of more than one maker than the
one that `torch.mm` calls, but for small ones and for transposed left factors. Those it multiplies
well only once they are copied row by row, which pays for large ones. `benchmarks/products.py` shows
all of it.
"""

from __future__ import annotations

import ctypes

import torch
from torch import Tensor

from tailrace.native.loader import entry, library
from tailrace.native.rows import copy_transposed

_ROWS = 48
_WORK = 1 << 22  # multiplications; a smaller product is done before the call has paid
_COPIED = 120_000_000  # multiplications that pay for a copy of the left factor

_OWN_ISA = 2  # AVX-512; with the narrower ones the libraries are quicker
_OWN_WORK = 1 << 20  # multiplications
# Numbers between two rows: with more, what is read again no longer stays in the cache.
_OWN_STRIDE = 1024
_OWN_COLUMNS = 32
_LARGE = 400_000_000  # multiplications by a contiguous left factor that oneDNN's packing pays for
_TURNED_ROWS = 64  # that pay for a copy of the right factor
_ALONE = 1 << 21  # multiplications that are not worth a second thread

_linear = getattr(getattr(torch.ops, "mkldnn", None), "_linear_pointwise", None)
if not torch.backends.mkldnn.is_available():
    _linear = None


class _Args(ctypes.Structure):
    """`MultiplyArgs` of src/multiply.h."""

    _fields_ = (
        ("rows", ctypes.c_int64),
        ("depth", ctypes.c_int64),
        ("columns", ctypes.c_int64),
        ("left", ctypes.c_void_p),
        ("left_row", ctypes.c_int64),
        ("left_depth", ctypes.c_int64),
        ("right", ctypes.c_void_p),
        ("right_row", ctypes.c_int64),
        ("product", ctypes.c_void_p),
        ("product_row", ctypes.c_int64),
        ("threads", ctypes.c_int32),
    )


def product(a: Tensor, b: Tensor) -> Tensor:
    """`a` times `b`. Shapes: a [m,k], b [k,n], of any strides -> [m,n]."""
    rows = a.shape[0]
    work = rows * b.shape[0] * b.shape[1]
    if work >= _OWN_WORK and _ours(a, b):
        result = b.new_empty((rows, b.shape[1]))
        _multiply(a, b, result)
        return result
    large = work >= _COPIED or (work >= _WORK and a.is_contiguous())
    if large and rows >= _ROWS and a.dtype is torch.float32 and _linear is not None and a.is_cpu:
        return _linear(_by_rows(a), b.t(), None, "none", [], "")
    return torch.mm(a, b)


def _ours(a: Tensor, b: Tensor) -> bool:
    """Whether our own product is the quickest for factors of such sizes and strides."""
    if a.dtype is not torch.float32 or not a.is_cpu or not b.is_cpu:
        return False
    if a.stride(1) == 1 and a.numel() * b.shape[1] >= _LARGE:
        return False
    if not _OWN_COLUMNS <= b.shape[1] <= _OWN_STRIDE or max(b.stride()) > _OWN_STRIDE:
        return False
    if b.stride(1) != 1 and (b.stride(0) != 1 or a.shape[0] < _TURNED_ROWS):
        return False
    if a.stride(1) != 1 and (a.stride(0) != 1 or a.stride(1) > _OWN_STRIDE):
        return False
    loaded = library()
    return loaded is not None and loaded.tailrace_isa() >= _OWN_ISA


def _multiply(a: Tensor, b: Tensor, out: Tensor) -> None:
    """Write `a` times `b` into `out`, whose rows are contiguous."""
    if b.stride(1) != 1:
        turned = torch.empty_like(b, memory_format=torch.contiguous_format)
        copy_transposed(b.t(), turned)
        b = turned
    (rows, depth), columns = a.shape, b.shape[1]
    threads = 1 if rows * depth * columns < _ALONE else torch.get_num_threads()
    function = entry("multiply")
    assert function is not None
    function(
        _Args(
            rows,
            depth,
            columns,
            a.data_ptr(),
            *a.stride(),
            b.data_ptr(),
            b.stride(0),
            out.data_ptr(),
            out.stride(0),
            threads,
        )
    )


def _write(a: Tensor, b: Tensor, out: Tensor) -> None:
    """The product of a factor of any size, into contiguous rows."""
    if a.shape[0] * b.shape[0] * b.shape[1] >= _OWN_WORK and _ours(a, b):
        _multiply(a, b, out)
    else:
        torch.mm(a, b, out=out)


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
    copied = rows * b.shape[0] * b.shape[1] >= _COPIED and not all(_ours(a, b) for a in left)
    if len(left) > 1 and copied:
        together = b.new_empty((rows, b.shape[0]))
        for a, part in zip(left, together.split(sizes), strict=True):
            copy_transposed(a.t(), part)
        return product(together, b)
    if len(left) == 1:
        return product(left[0], b)
    result = b.new_empty((rows, b.shape[1]))
    for a, part in zip(left, result.split(sizes), strict=True):
        _write(a, b, part)
    return result


def stacked_with(left: list[Tensor], b: Tensor, position: int, rows: Tensor) -> Tensor:
    """`stacked`, with the given rows in front of the product at `position`."""
    if not left:
        return rows
    sizes = [a.shape[0] for a in left]
    if sum(sizes) * b.shape[0] * b.shape[1] >= _COPIED and not all(_ours(a, b) for a in left):
        others = stacked(left, b)
        split = sum(sizes[:position])
        return torch.cat((others[:split], rows, others[split:]))
    sizes.insert(position, rows.shape[0])
    result = b.new_empty((sum(sizes), b.shape[1]))
    parts = list(result.split(sizes))
    parts.pop(position).copy_(rows)
    for a, part in zip(left, parts, strict=True):
        _write(a, b, part)
    return result
