"""Sums of rows that belong together, and rows that become columns."""

from __future__ import annotations

import ctypes

import torch
from torch import Tensor

from tailrace.native.loader import entry

_ALONE = 1 << 16  # numbers; fewer are not worth a second thread


class _Args(ctypes.Structure):
    _fields_ = (
        ("is_double", ctypes.c_int),
        ("threads", ctypes.c_int),
        ("rows", ctypes.c_long),
        ("columns", ctypes.c_long),
        ("kinds", ctypes.c_long),
        ("matrix", ctypes.c_void_p),
        ("indices", ctypes.c_void_p),
        ("sums", ctypes.c_void_p),
        ("found", ctypes.c_void_p),
        ("count", ctypes.c_void_p),
        ("squares", ctypes.c_void_p),
    )


class _TransposeArgs(ctypes.Structure):
    _fields_ = (
        ("threads", ctypes.c_int),
        ("rows", ctypes.c_long),
        ("columns", ctypes.c_long),
        ("from", ctypes.c_void_p),
        ("to", ctypes.c_void_p),
    )


def copy_transposed(matrix: Tensor, into: Tensor) -> None:
    """Write the transpose of a matrix [N,C] into one [C,N]."""
    function = entry("transpose")
    tensors = (matrix, into)
    fits = all(t.dtype is torch.float32 and t.is_cpu and t.is_contiguous() for t in tensors)
    if function is None or not fits:
        into.copy_(matrix.t())
        return
    threads = 1 if matrix.numel() < _ALONE else torch.get_num_threads()
    function(_TransposeArgs(threads, *matrix.shape, matrix.data_ptr(), into.data_ptr()))


def row_sums(matrix: Tensor, indices: Tensor, kinds: int) -> tuple[Tensor, Tensor, Tensor]:
    """Which of the numbers 0 to `kinds` - 1 are among the indices, ascending; for each the sum of
    its rows; and the sum of the squares of the whole matrix.

    Shapes: matrix [N,C], indices [N] -> [U], [U,C], [].
    """
    function = entry("row_sums")
    places = indices.to(torch.int64).contiguous()
    if (
        function is None
        or matrix.dtype not in (torch.float32, torch.float64)
        or not (matrix.is_cpu and matrix.is_contiguous())
    ):
        return _by_torch(matrix, places, kinds)
    most = min(kinds, matrix.shape[0])
    sums = matrix.new_empty((most, matrix.shape[1]))
    found = places.new_empty(most)
    count, squares = ctypes.c_long(), ctypes.c_double()
    function(
        _Args(
            matrix.dtype is torch.float64,
            1 if matrix.numel() < _ALONE else torch.get_num_threads(),
            *matrix.shape,
            kinds,
            matrix.data_ptr(),
            places.data_ptr(),
            sums.data_ptr(),
            found.data_ptr(),
            ctypes.addressof(count),
            ctypes.addressof(squares),
        )
    )
    if count.value < 0:
        raise _outside(kinds)
    kept = slice(count.value)
    return found[kept], sums[kept], matrix.new_tensor(squares.value)


def _outside(kinds: int) -> IndexError:
    return IndexError(f"index out of range: rows are of {kinds} kinds")


def _by_torch(matrix: Tensor, indices: Tensor, kinds: int) -> tuple[Tensor, Tensor, Tensor]:
    found, places = torch.unique(indices, return_inverse=True)
    if len(found) and not 0 <= found[0] <= found[-1] < kinds:
        raise _outside(kinds)
    sums = matrix.new_zeros((found.shape[0], matrix.shape[1])).index_add_(0, places, matrix)
    return found, sums, matrix.square().sum()
