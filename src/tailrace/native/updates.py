"""The steps of optimizers and sums of squares, for many tensors in one call."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import torch

from tailrace.native.loader import entry

# As `UpdateRule` in src/updates.h.
RULES = (
    "gradient_descent",
    "momentum",
    "nesterov",
    "adagrad",
    "adadelta",
    "rmsprop",
    "centered_rmsprop",
    "adam",
)
_SLOTS = 3
_ALONE = 1 << 15  # numbers; fewer are not worth a second thread


class _UpdateArgs(ctypes.Structure):
    _fields_ = (
        ("rule", ctypes.c_int),
        ("is_double", ctypes.c_int),
        ("threads", ctypes.c_int),
        ("count", ctypes.c_long),
        ("variables", ctypes.c_void_p),
        ("slots", ctypes.c_void_p * _SLOTS),
        ("gradients", ctypes.c_void_p),
        ("sizes", ctypes.c_void_p),
        ("scalars", ctypes.c_void_p),
        ("scale", ctypes.c_void_p),
    )


class _RowsArgs(ctypes.Structure):
    _fields_ = (
        ("is_double", ctypes.c_int),
        ("threads", ctypes.c_int),
        ("rows", ctypes.c_long),
        ("columns", ctypes.c_long),
        ("count", ctypes.c_long),
        ("variable", ctypes.c_void_p),
        ("m", ctypes.c_void_p),
        ("v", ctypes.c_void_p),
        ("indices", ctypes.c_void_p),
        ("gradients", ctypes.c_void_p),
        ("rate", ctypes.c_double),
        ("beta1", ctypes.c_double),
        ("rest1", ctypes.c_double),
        ("beta2", ctypes.c_double),
        ("rest2", ctypes.c_double),
        ("epsilon", ctypes.c_double),
        ("repeated", ctypes.c_void_p),
    )


class _AddRowsArgs(ctypes.Structure):
    _fields_ = (
        ("is_double", ctypes.c_int),
        ("rows", ctypes.c_long),
        ("columns", ctypes.c_long),
        ("count", ctypes.c_long),
        ("matrix", ctypes.c_void_p),
        ("indices", ctypes.c_void_p),
        ("added", ctypes.c_void_p),
        ("factor", ctypes.c_double),
        ("wrong", ctypes.c_void_p),
    )


class _SquaresArgs(ctypes.Structure):
    _fields_ = (
        ("is_double", ctypes.c_int),
        ("threads", ctypes.c_int),
        ("count", ctypes.c_long),
        ("tensors", ctypes.c_void_p),
        ("sizes", ctypes.c_void_p),
        ("sums", ctypes.c_void_p),
    )


def update(
    rule: str,
    variables: Sequence[torch.Tensor],
    slots: Sequence[Sequence[torch.Tensor]],
    gradients: Sequence[torch.Tensor],
    scalars: Sequence[float],
    scale: torch.Tensor | None,
) -> bool:
    """Take a step with every variable; `slots` has a list of one tensor per variable for each slot.

    Gradients are multiplied by `scale`, a tensor of one number, first. Gives False, with nothing
    done, where tensors are not such as the library works on: dense numbers of one type, float32 or
    float64, in the processor's memory.
    """
    function = entry("updates")
    tensors = [*variables, *gradients]
    for of_slot in slots:
        tensors += of_slot
    if function is None or not _plain(tensors):
        return False
    count = len(variables)
    sizes = [v.numel() for v in variables]
    pointers = [t.data_ptr() for t in tensors]
    arrays = (ctypes.c_void_p * len(pointers))(*pointers)
    size_array = (ctypes.c_long * count)(*sizes)
    scalar_array = (ctypes.c_double * len(scalars))(*scalars)
    start, line = ctypes.addressof(arrays), count * ctypes.sizeof(ctypes.c_void_p)
    first = [start + (2 + i) * line if i < len(slots) else None for i in range(_SLOTS)]
    function(
        _UpdateArgs(
            RULES.index(rule),
            variables[0].dtype is torch.float64,
            _threads(sum(sizes)),
            count,
            start,
            (ctypes.c_void_p * _SLOTS)(*first),
            start + line,
            ctypes.addressof(size_array),
            ctypes.addressof(scalar_array),
            None if scale is None else scale.data_ptr(),
        )
    )
    return True


def adam_rows(
    slots: Sequence[torch.Tensor],
    indices: torch.Tensor,
    gradients: torch.Tensor,
    scalars: Sequence[float],
) -> bool:
    """Adam's step where only rows `indices`, of the range of the rows, have gradients.

    `slots` are variable, m and v [rows, ...], `scalars` the rate with its corrections, beta1, what
    gradients count in m, beta2, what their squares count in v, and epsilon. Gives False, with
    nothing done, where the library cannot, as for `update`, or an index is there twice.
    """
    function = entry("adam_rows")
    if function is None or not _plain([*slots, gradients]) or not slots[0].shape[0]:
        return False
    places = indices.to(torch.int64).contiguous()
    repeated = ctypes.c_int()
    function(
        _RowsArgs(
            gradients.dtype is torch.float64,
            _threads(slots[0].numel()),
            slots[0].shape[0],
            slots[0].numel() // slots[0].shape[0],
            places.numel(),
            *[slot.data_ptr() for slot in slots],
            places.data_ptr(),
            gradients.data_ptr(),
            *scalars,
            ctypes.addressof(repeated),
        )
    )
    return not repeated.value


def add_rows(
    matrix: torch.Tensor, indices: torch.Tensor, added: torch.Tensor, factor: float
) -> bool:
    """Add `factor` times each row of `added` to the row of `matrix` that `indices` names.

    Shapes: matrix [R, ...], indices [N], added [N, ...]. Gives False, with nothing done, where the
    library cannot, as for `update`, or an index is no row.
    """
    function = entry("add_rows")
    if function is None or not _plain((matrix, added)) or not matrix.numel():
        return False
    places = indices.to(torch.int64).contiguous()
    wrong = ctypes.c_long()
    function(
        _AddRowsArgs(
            matrix.dtype is torch.float64,
            matrix.shape[0],
            matrix.numel() // matrix.shape[0],
            places.numel(),
            matrix.data_ptr(),
            places.data_ptr(),
            added.data_ptr(),
            factor,
            ctypes.addressof(wrong),
        )
    )
    return wrong.value < 0


def squares(tensors: Sequence[torch.Tensor]) -> list[float] | None:
    """The sum of the squares of each; None where the library cannot, as for `update`."""
    function = entry("squares")
    if function is None or not _plain(tensors):
        return None
    count = len(tensors)
    pointers = (ctypes.c_void_p * count)(*[t.data_ptr() for t in tensors])
    sizes = [t.numel() for t in tensors]
    size_array = (ctypes.c_long * count)(*sizes)
    sums = (ctypes.c_double * count)()
    function(
        _SquaresArgs(
            tensors[0].dtype is torch.float64,
            _threads(sum(sizes)),
            count,
            ctypes.addressof(pointers),
            ctypes.addressof(size_array),
            ctypes.addressof(sums),
        )
    )
    return list(sums)


def _plain(tensors: Sequence[torch.Tensor]) -> bool:
    dtype = tensors[0].dtype
    return dtype in (torch.float32, torch.float64) and all(
        t.dtype is dtype and t.is_contiguous() and t.is_cpu for t in tensors
    )


def _threads(numbers: int) -> int:
    return 1 if numbers < _ALONE else torch.get_num_threads()
