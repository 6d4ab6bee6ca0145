"""Fourier transforms over the innermost one, two or three dimensions.

Source: TF 1.15 core/ops/spectral_ops.cc, python/ops/signal/fft_ops.py.
"""

from __future__ import annotations

import math

import torch

from tailrace import errors
from tailrace.dtypes import COMPLEX, complex64, float32, int32
from tailrace.registry import op, type_attr
from tailrace.shapes import at_least_rank, with_rank

_DIMENSIONS = {1: "", 2: "2D", 3: "3D"}


# -- of complex numbers ----------------------------------------------------------------------------


def _complex_transform(name, transform, rank, doc):
    def kernel(input):
        _check_rank(input, rank)
        return transform(input, dim=tuple(range(-rank, 0)))

    kernel.__doc__ = doc
    definition = op(
        name, "input: Tcomplex -> output: Tcomplex", Tcomplex=type_attr(COMPLEX, complex64)
    )(kernel)
    definition.shape(lambda input: [at_least_rank(input, rank)])
    return definition


def _check_rank(input, rank):
    if input.dim() < rank:
        raise errors.invalid(
            f"Input must have rank of at least {rank} but got: {list(input.shape)}"
        )


def _size(g, x, rank):
    """How many numbers are transformed together."""
    sizes = g.shape(x)[-rank:]
    return g.Prod(sizes, g.all_axes(sizes, None))


def _forward_gradient(backward, rank):
    def rule(g, op, dy):
        size = g.cast(_size(g, dy, rank), dy.dtype)
        return getattr(g, backward)(dy) * size

    return rule


def _backward_gradient(forward, rank):
    def rule(g, op, dy):
        share = 1.0 / g.cast(_size(g, dy, rank), dy.dtype.real_dtype)
        share = g.cast(share, dy.dtype)
        return getattr(g, forward)(dy) * share

    return rule


# -- of real numbers -------------------------------------------------------------------------------


def _real_transform(rank):
    def kernel(input, fft_length):
        _check_rank(input, rank)
        _check_length(fft_length, rank)
        return torch.fft.rfftn(input, s=fft_length, dim=tuple(range(-rank, 0)))

    kernel.__doc__ = f"""The first half of the Fourier transform of real numbers, in {rank}d.

    Shapes: input [..., n], fft_length [{rank}] -> output [..., n // 2 + 1].
    """
    definition = op(
        f"RFFT{_DIMENSIONS[rank]}",
        "input: float, fft_length: int32 -> output: complex64",
        _host="fft_length",
    )(kernel)
    definition.shape(lambda input, fft_length: _real_shape(input, fft_length, rank, half=True))
    return definition


def _inverse_real_transform(rank):
    def kernel(input, fft_length):
        _check_rank(input, rank)
        _check_length(fft_length, rank)
        return torch.fft.irfftn(input, s=fft_length, dim=tuple(range(-rank, 0)))

    kernel.__doc__ = f"""The real numbers whose transform's first half is given, in {rank}d.

    Shapes: input [..., n // 2 + 1], fft_length [{rank}] -> output [..., n].
    """
    definition = op(
        f"IRFFT{_DIMENSIONS[rank]}",
        "input: complex64, fft_length: int32 -> output: float",
        _host="fft_length",
    )(kernel)
    definition.shape(lambda input, fft_length: _real_shape(input, fft_length, rank, half=False))
    return definition


def _check_length(fft_length, rank):
    if len(fft_length) != rank:
        raise errors.invalid(f"fft_length must have shape [{rank}], not [{len(fft_length)}]")
    if any(length < 0 for length in fft_length):
        raise errors.invalid(f"fft_length must be >= 0, but got {fft_length}")


def _real_shape(input, fft_length, rank, half):
    input = at_least_rank(input, rank)
    with_rank(fft_length, 1)
    known = fft_length.value
    if known is None:
        lengths = [None] * rank
    else:
        lengths = [int(n) for n in known]
        if half and lengths[-1]:
            lengths[-1] = lengths[-1] // 2 + 1
    return [[*input[:-rank], *lengths]]


def _real_gradient(rank):
    def rule(g, op, dy):
        length = op.fft_length
        sizes = g.shape(op.input)
        is_even = g.cast(1 - length[-1] % 2, complex64)
        edges = (
            _edge_terms(g, dy, sizes, is_even) if rank == 1 else _edge_planes(g, dy, sizes, is_even)
        )
        size = g.cast(_size(g, op.input, rank), float32)
        spread = g.irfft(rank, dy, length)
        return 0.5 * (spread * size + g.Real(edges, Tout=float32)), None

    return rule


def _signs(g, length):
    """1, -1, 1, ...: the wave of the highest frequency."""
    return g.cast(1 - 2 * (g.range(0, length) % 2), complex64)


def _edge_terms(g, dy, sizes, is_even):
    """The frequencies without a mirror image: the lowest, and the highest of an even size."""
    lowest = dy[..., 0:1]
    return lowest + is_even * dy[..., -1:] * _signs(g, sizes[-1])


def _edge_planes(g, dy, sizes, is_even):
    """The same in two dimensions, where the outer one is still to be transformed."""
    lowest = dy[..., 0:1]
    waves = _tiled(g, _waves(g, sizes[-2]), lowest)
    terms = g.matmul(waves, g.conj(lowest))
    highest = g.matmul(waves, g.conj(dy[..., -1:]))
    inner = sizes[-1]
    repeats = g.ConcatV2([g.ones([g.rank(dy) - 1], int32), [inner]], 0, name="concat")
    highest = g.Tile(highest, repeats) * _signs(g, inner)
    return terms + is_even * highest


def _waves(g, length):
    """The matrix of the Fourier transform."""
    rows = g.Tile(g.ExpandDims(g.range(0, length), 0), (length, 1))
    columns = g.transpose(rows, [1, 0])
    angles = -2j * math.pi * g.cast(rows * columns, complex64)
    return g.Exp(angles / g.cast(length, complex64))


def _tiled(g, matrix, like):
    """A matrix for each of a batch."""
    ones = g.ones([g.rank(like) - 2], int32)
    wide = g.Reshape(matrix, g.ConcatV2([ones, g.shape(matrix)], 0, name="concat"))
    return g.Tile(wide, g.ConcatV2([g.shape(like)[:-2], [1, 1]], 0, name="concat"))


def _inverse_real_gradient(rank):
    def rule(g, op, dy):
        length = op.fft_length
        is_odd = g.FloorMod(length[-1], 2)
        last = g.shape(op.input)[-1]
        # 2 for frequencies that have a mirror image
        paired = 2.0 * g.ones([last - 2 + is_odd])
        weights = g.ConcatV2([[1.0], paired, g.ones([1 - is_odd])], 0, name="concat")
        share = g.Reciprocal(g.cast(_size(g, dy, rank), float32))
        spectrum = g.rfft(rank, dy, length)
        return spectrum * g.cast(share * weights, complex64), None

    return rule


for _rank, _suffix in _DIMENSIONS.items():
    _complex_transform(
        f"FFT{_suffix}", torch.fft.fftn, _rank, f"The Fourier transform in {_rank}d."
    ).gradient(_forward_gradient(f"IFFT{_suffix}", _rank))
    _complex_transform(
        f"IFFT{_suffix}", torch.fft.ifftn, _rank, f"The inverse Fourier transform in {_rank}d."
    ).gradient(_backward_gradient(f"FFT{_suffix}", _rank))
    _forward, _inverse = _real_transform(_rank), _inverse_real_transform(_rank)
    if _rank < 3:  # TF: none in three dimensions
        _forward.gradient(_real_gradient(_rank))
        _inverse.gradient(_inverse_real_gradient(_rank))
