"""Glimpses: a window of each picture where it is told to look.

Source: TF 1.15 core/ops/image_ops.cc, core/kernels/attention_ops.cc (through Eigen's).
"""

from __future__ import annotations

import torch

from tailrace.errors import invalid
from tailrace.registry import op
from tailrace.shapes import agree, with_rank


@op(
    "ExtractGlimpse",
    "input: float32, size: int32, offsets: float32 -> glimpse: float32",
    centered=True,
    normalized=True,
    uniform_noise=True,
    noise="uniform",
    _host=("size", "offsets"),
)
def extract_glimpse(input, size, offsets, *, centered, normalized, uniform_noise, noise):
    """A window of each picture around its offset, noise (or zeros) where it leaves the picture.

    Offsets are in pixels or, normalized, in parts of the picture; centered, they count from its
    middle, where 1 is its border. The noise is other than TF's, which differs from run to run.

    Shapes: input [B, H, W, C], size [2], offsets [B, 2] (row, column) -> [B, size..., C].
    """
    if len(offsets) != len(input):
        raise invalid("offset should have as many rows as there are pictures")
    result = [
        _glimpse(picture, size, offset, centered, normalized, uniform_noise, noise)
        for picture, offset in zip(input, offsets, strict=True)
    ]
    return torch.stack(result)


def _glimpse(picture, size, offset, centered, normalized, uniform_noise, noise):
    sources, targets = [], []
    inside = True
    for place, extent, length in zip(offset, size, picture.shape, strict=False):
        at = place * length if normalized else place
        at = at / 2 + length / 2 if centered else at
        first = int(at - extent / 2)  # TF: cut off towards 0
        start, end = max(first, 0), min(first + extent, length)
        end = max(end, start)
        inside &= first >= 0 and first + extent < length
        # TF: a window that begins before the picture is filled from its end
        shift = extent - max(0, extent + first) if first < 0 else 0
        sources.append(slice(start, end))
        targets.append(slice(shift, shift + end - start))
    shape = (*size, picture.shape[2])
    if inside:
        window = picture.new_empty(shape)
    elif uniform_noise and noise == b"uniform":
        low, high = picture.min(), picture.max()
        window = torch.rand(shape) * (high - low) + low
    elif noise == b"gaussian":
        window = torch.randn(shape) * picture.std(correction=0) + picture.mean()
    else:
        window = picture.new_zeros(shape)
    window[tuple(targets)] = picture[tuple(sources)]
    return window


@extract_glimpse.shape
def extract_glimpse_shape(input, size, offsets):
    x, places = with_rank(input, 4), with_rank(offsets, 2)
    batch = agree(x[0], places[0], "numbers of pictures and offsets")
    known = size.value
    rows, columns = (None, None) if known is None else (int(known[0]), int(known[1]))
    return [[batch, rows, columns, x[3]]]


extract_glimpse.no_gradient("TensorFlow declares it not differentiable")
