"""Crosses: every combination of one value from each of several columns, as one value.

Source: TF 1.15 core/ops/sparse_ops.cc, core/kernels/sparse_cross_op.cc,
core/platform/fingerprint.h.
"""

from __future__ import annotations

import itertools

import numpy as np
import torch

from tailrace import dtypes, errors
from tailrace.ops.strings.elements import NOT_SMOOTH
from tailrace.ops.strings.fingerprints import farm
from tailrace.registry import REQUIRED, Attr, op

_TYPES = Attr("list(type)", REQUIRED, allowed=(dtypes.int64, dtypes.string))
_TYPE = Attr("type", REQUIRED, allowed=(dtypes.int64, dtypes.string))
_MASK = (1 << 64) - 1
_LARGEST = (1 << 63) - 1


def _shift_mixed(x: int) -> int:
    return x ^ x >> 47


def concatenated(first: int, second: int) -> int:
    """The fingerprint of two, in their order (FingerprintCat64)."""
    multiplier = 0xC6A4A7935BD1E995
    result = first ^ multiplier
    result ^= _shift_mixed(second * multiplier & _MASK) * multiplier & _MASK
    result = result * multiplier & _MASK
    result = _shift_mixed(result) * multiplier & _MASK
    return _shift_mixed(result)


def _sparse_rows(indices, values, size):
    """The values of each row."""
    rows = [[] for _ in range(size)]
    for row, value in zip(indices[:, 0].tolist(), values.tolist(), strict=True):
        rows[row].append(value)
    return rows


def _columns(indices, values, shapes, dense_inputs):
    """The values of each row, of each column. Raises: InvalidArgumentError where rows differ."""
    sizes = [int(shape[0]) for shape in shapes] + [int(x.shape[0]) for x in dense_inputs]
    if len(set(sizes)) > 1:
        raise errors.invalid(f"Expected the same number of rows of all inputs, got {sizes}")
    size = sizes[0] if sizes else 0
    columns = [_sparse_rows(i, v, size) for i, v in zip(indices, values, strict=True)]
    return columns + [dense.tolist() for dense in dense_inputs], size


def _number(value) -> int:
    return farm(value) if isinstance(value, bytes) else value & _MASK


def _text(value) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


@op(
    "SparseCross",
    "indices: N*int64, values: list(sparse_types), shapes: N*int64, dense_inputs: list(dense_types)"
    " -> output_indices: int64, output_values: out_type, output_shape: int64",
    N=Attr("int", REQUIRED, minimum=0),
    hashed_output=Attr("bool", REQUIRED),
    num_buckets=Attr("int", REQUIRED, minimum=0),
    hash_key=Attr("int", REQUIRED),
    sparse_types=_TYPES,
    dense_types=_TYPES,
    out_type=_TYPE,
    internal_type=_TYPE,
)
def sparse_cross(indices, values, shapes, dense_inputs, *, hashed_output, num_buckets, hash_key):
    """For each row all combinations, the last column's value changing first.

    A combination is the values joined by `_X_`, or with `hashed_output` the fingerprint of theirs,
    put into `num_buckets` buckets (0: any number that is not negative).

    Shapes: sparse inputs and dense ones [B, any] -> sparse [B, most combinations of a row].
    """
    columns, size = _columns(indices, values, shapes, dense_inputs)
    places, crossed, widest = [], [], 0
    for row in range(size):
        combinations = list(itertools.product(*(column[row] for column in columns)))
        widest = max(widest, len(combinations))
        for place, combination in enumerate(combinations):
            places.append((row, place))
            if hashed_output:
                result = hash_key & _MASK
                for value in combination:
                    result = concatenated(result, _number(value))
                crossed.append(result % (num_buckets or _LARGEST))
            else:
                crossed.append(b"_X_".join(map(_text, combination)))
    if hashed_output:
        found = torch.tensor(crossed, dtype=torch.int64)
    else:
        found = np.array(crossed, dtype=object)
    return (
        torch.tensor(places, dtype=torch.int64).reshape(-1, 2),
        found,
        torch.tensor([size, widest], dtype=torch.int64),
    )


@sparse_cross.shape
def sparse_cross_shape(indices, values, shapes, dense_inputs):
    return [[None, 2], [None], [2]]


sparse_cross.no_gradient(NOT_SMOOTH)
