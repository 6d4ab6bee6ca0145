"""Diagonals and bands of matrices and tensors.

Source: TF 1.15 core/ops/array_ops.cc, python/ops/array_grad.py.
"""

from __future__ import annotations

import math

import torch

from tailrace import dtypes, errors
from tailrace.dtypes import ANY, COMPLEX, FLOATS, INDEX
from tailrace.errors import ShapeError
from tailrace.registry import op, type_attr
from tailrace.shapes import UNKNOWN, TensorShape, agree, at_least_rank, merge, with_rank

_DIAGONAL_TYPES = (*FLOATS, *INDEX, *COMPLEX)


@op("MatrixDiag", "diagonal: T -> output: T", T=ANY)
def matrix_diag(diagonal):
    """Square matrices with these diagonals, zero elsewhere."""
    return torch.diag_embed(diagonal)


@matrix_diag.shape
def matrix_diag_shape(diagonal):
    dims = list(at_least_rank(diagonal, 1, "diagonal"))
    return [[*dims, dims[-1]]]


@matrix_diag.gradient
def matrix_diag_grad(g, op, dy):
    return g.MatrixDiagPart(dy, name="diag_part")


@op("MatrixDiagPart", "input: T -> diagonal: T", T=ANY, _alias=True)
def matrix_diag_part(input):
    """The diagonals of the innermost matrices."""
    return input.diagonal(dim1=-2, dim2=-1)


def _shorter(m, n):
    return None if m is None or n is None else min(m, n)


@matrix_diag_part.shape
def matrix_diag_part_shape(input):
    *batch, rows, columns = at_least_rank(input, 2, "input")
    return [[*batch, _shorter(rows, columns)]]


@matrix_diag_part.gradient
def matrix_diag_part_grad(g, op, dy):
    matrix = op.input.get_shape()[-2:]
    if matrix.is_fully_defined() and matrix[0] == matrix[1]:
        return g.MatrixDiag(dy, name="diag")
    return g.MatrixSetDiag(g.zeros_like(op.input), dy, name="set_diag")


@op("MatrixSetDiag", "input: T, diagonal: T -> output: T", T=ANY)
def matrix_set_diag(input, diagonal):
    """The innermost matrices with these diagonals instead of their own."""
    wanted = (*input.shape[:-2], min(input.shape[-2:]))
    if tuple(diagonal.shape) != wanted:
        raise errors.invalid(
            f"must have diagonal.shape == input.shape[:-2] + min(input.shape[-2:]), but received "
            f"input shape: {list(input.shape)} and diagonal shape: {list(diagonal.shape)}"
        )
    result = input.clone()
    result.diagonal(dim1=-2, dim2=-1).copy_(diagonal)
    return result


@matrix_set_diag.shape
def matrix_set_diag_shape(input, diagonal):
    at_least_rank(input, 2, "input")
    at_least_rank(diagonal, 1, "diagonal")
    if input.dims is None:
        return [UNKNOWN if diagonal.dims is None else [*diagonal[:-1], None, None]]
    *batch, rows, columns = input
    diagonal = with_rank(diagonal, len(input) - 1, "diagonal")
    agree(diagonal[-1], _shorter(rows, columns), "length of the diagonal")
    if not input.complete:
        batch = merge(batch, diagonal[:-1], "batches of input and diagonal")
    return [[*batch, rows, columns]]


@matrix_set_diag.gradient
def matrix_set_diag_grad(g, op, dy):
    input_shape = op.input.get_shape().merge_with(dy.get_shape())
    diagonal_shape = op.diagonal.get_shape()
    batch = TensorShape(input_shape[:-2]).merge_with(diagonal_shape[:-1])
    matrix = input_shape[-2:]
    if batch.is_fully_defined() and matrix.is_fully_defined():
        shape = [*batch.as_list(), min(matrix.as_list())]
    else:
        with g.colocate_with(dy):
            shape = _diagonal_shape(g, dy)
    dx = g.MatrixSetDiag(dy, g.zeros(shape, dy.dtype), name="set_diag")
    return dx, g.MatrixDiagPart(dy, name="diag_part")


def _diagonal_shape(g, dy):
    """The shape of the diagonals of dy, worked out when it runs."""
    shape, rank = g.shape(dy), g.rank(dy)
    batch = g.Slice(shape, [0], [rank - 2])
    matrix = g.Slice(shape, [rank - 2], [2])
    shorter = g.Min(matrix, g.all_axes(matrix, None))
    return g.ConcatV2([batch, [shorter]], 0, name="concat")


@op(
    "MatrixBandPart",
    "input: T, num_lower: Tindex, num_upper: Tindex -> band: T",
    T=ANY,
    Tindex=type_attr(INDEX, dtypes.int64),
    _host=("num_lower", "num_upper"),
)
def matrix_band_part(input, num_lower, num_upper):
    """The innermost matrices, zero outside so many sub- and superdiagonals (-1: all)."""
    rows, columns = input.shape[-2:]
    for name, number, size in (("lower", num_lower, rows), ("upper", num_upper, columns)):
        if number > size:
            raise errors.invalid(
                f"num_{name} must be negative or less or equal to number of "
                f"{'rows' if name == 'lower' else 'columns'} ({size}) got: {number}"
            )
    band = input if num_lower < 0 else input.triu(-num_lower)
    band = band if num_upper < 0 else band.tril(num_upper)
    return band.clone() if band is input else band


@matrix_band_part.shape
def matrix_band_part_shape(input, num_lower, num_upper):
    return [at_least_rank(input, 2, "input")]


@matrix_band_part.gradient
def matrix_band_part_grad(g, op, dy):
    return g.MatrixBandPart(dy, op.num_lower, op.num_upper), None, None


@op("Diag", "diagonal: T -> output: T", T=_DIAGONAL_TYPES)
def diag(diagonal):
    """A tensor of twice the rank, with the input where both halves of the index agree."""
    return diagonal.reshape(-1).diag().reshape(diagonal.shape * 2)


@diag.shape
def diag_shape(diagonal):
    at_least_rank(diagonal, 1, "diagonal")
    return [[*diagonal, *diagonal]]


@diag.gradient
def diag_grad(g, op, dy):
    return g.DiagPart(dy)


@op("DiagPart", "input: T -> diagonal: T", T=_DIAGONAL_TYPES, _alias=True)
def diag_part(input):
    """The elements of a tensor of even rank where both halves of the index agree."""
    half = input.ndim // 2
    if input.shape[:half] != input.shape[half:]:
        raise errors.invalid(f"Invalid shape {list(input.shape)}: its halves do not match")
    count = math.prod(input.shape[:half])
    return input.reshape(count, count).diagonal().reshape(input.shape[:half])


@diag_part.shape
def diag_part_shape(input):
    half, odd = divmod(len(input), 2)
    if odd or not half:
        raise ShapeError(f"Input must have even and non-zero rank, input rank is {len(input)}")
    return [merge(input[:half], input[half:], "halves of the shape")]


@diag_part.gradient
def diag_part_grad(g, op, dy):
    return g.Diag(dy)
