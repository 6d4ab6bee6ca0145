"""Summaries: what a run saw, as `Summary` messages for TensorBoard.

Source: TF 1.15 core/ops/logging_ops.cc, core/kernels/summary_{op,image_op,audio_op,tensor_op}.cc,
core/lib/histogram/histogram.cc.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch

from tailrace import arrays, dtypes, errors
from tailrace.dtypes import ANY, REAL
from tailrace.formats import png, protos, wav
from tailrace.formats.tensor_proto import array_to_proto
from tailrace.registry import Attr, op, type_attr

_VALUES = type_attr(REAL, dtypes.float32)
_TEXT = "a message in bytes does not vary smoothly"
_DOUBLE_MAX = float(np.finfo(np.float64).max)
_SMALLEST, _LARGEST, _GROWTH = 1.0e-12, 1.0e20, 1.1
_BAD_COLOR = np.array([255, 0, 0, 255], np.uint8)
_DIM = 1e-6  # pictures without a brighter value stay black


def _serialized(summary):
    result = np.empty((), dtype=object)
    result[()] = summary.SerializeToString()
    return result


def _text(value):
    """A scalar string."""
    return value[()].decode()


def _scalar_shape(*_):
    return [[]]


def _declared(definition):
    definition.shape(_scalar_shape)
    definition.no_gradient(_TEXT)
    return definition


@op("ScalarSummary", "tags: string, values: T -> summary: string", T=REAL)
def scalar_summary(tags, values):
    """A number for each tag."""
    if tuple(tags.shape) != tuple(values.shape):
        raise errors.invalid(
            f"tags and values not the same shape: {list(tags.shape)} != {list(values.shape)}"
        )
    summary = protos.Summary()
    for tag, value in zip(tags.reshape(-1), values.reshape(-1).tolist(), strict=True):
        summary.value.add(tag=tag.decode(), simple_value=value)
    return _serialized(summary)


_declared(scalar_summary)


@functools.cache
def _limits():
    """Upper ends of the buckets: 0 and, on both sides, from 1e-12 on, each 1.1 times the last."""
    positive, limit = [], _SMALLEST
    while limit < _LARGEST:
        positive.append(limit)
        limit *= _GROWTH
    positive.append(_DOUBLE_MAX)
    return np.array([*(-x for x in reversed(positive)), 0.0, *positive])


def _histogram(values):
    """The distribution; runs of empty buckets are one."""
    limits = _limits()
    # A limit belongs to the bucket above it. TF adds up in the order of the values.
    counts = np.bincount(np.searchsorted(limits, values, side="right"), minlength=len(limits))
    filled = counts > 0
    kept = filled | np.append(filled[1:], True)
    return protos.HistogramProto(
        min=values.min() if values.size else _DOUBLE_MAX,
        max=values.max() if values.size else -_DOUBLE_MAX,
        num=values.size,
        sum=np.cumsum(values)[-1] if values.size else 0.0,
        sum_squares=np.cumsum(values * values)[-1] if values.size else 0.0,
        bucket_limit=limits[kept],
        bucket=counts[kept],
    )


@op("HistogramSummary", "tag: string, values: T -> summary: string", T=_VALUES, _context=True)
def histogram_summary(ctx, tag, values):
    """The distribution of the values. Raises: InvalidArgumentError when one is not finite."""
    flat = values.reshape(-1).to(torch.float64).numpy()
    if not np.isfinite(flat).all():
        what = "Nan" if np.isnan(flat).any() else "Infinity"
        raise errors.invalid(f"{what} in summary histogram for: {ctx.name}")
    summary = protos.Summary()
    summary.value.add(tag=_text(tag), histo=_histogram(flat))
    return _serialized(summary)


_declared(histogram_summary)


def _tags(tag, kind, count, limit):
    """The tags of the parts of a batch."""
    if limit == 1:
        return [f"{tag}/{kind}"] * count
    return [f"{tag}/{kind}/{i}" for i in range(count)]


def _bytes_of(picture, bad_color):
    """A picture's values moved and stretched to 0 … 255; what is not finite in the bad color."""
    finite = np.isfinite(picture).all(axis=-1)
    seen = picture[finite]
    low, high = (seen.min(), seen.max()) if seen.size else (np.inf, -np.inf)
    top, offset = (max(abs(low), abs(high)), 128) if low < 0 else (high, 0)
    brightest = 0.0 if top < _DIM else (127 if low < 0 else 255)
    result = np.empty(picture.shape, np.uint8)
    result[...] = bad_color[: picture.shape[-1]]
    if seen.size:
        kind = picture.dtype.type
        scale = kind(brightest) / kind(top) if top else kind(0)
        result[finite] = (seen * scale + kind(offset)).astype(np.uint8)
    return result


@op(
    "ImageSummary",
    "tag: string, tensor: T -> summary: string",
    max_images=Attr("int", 3, minimum=1),
    T=type_attr((dtypes.uint8, dtypes.float32, dtypes.float16, dtypes.float64), dtypes.float32),
    bad_color=Attr("tensor", _BAD_COLOR),
)
def image_summary(tag, tensor, *, max_images, bad_color):
    """Pictures of a batch as PNG files.

    Shapes: tensor [batch, height, width, channels], 1, 3 or 4 channels.
    """
    if tensor.ndim != 4 or tensor.shape[3] not in (1, 3, 4):
        raise errors.invalid(
            f"Tensor must be 4-D with last dim 1, 3, or 4, not {list(tensor.shape)}"
        )
    pictures: Any = tensor[:max_images].numpy()
    if pictures.dtype != np.uint8:
        pictures = [_bytes_of(picture, bad_color) for picture in pictures]
    summary = protos.Summary()
    tags = _tags(_text(tag), "image", len(pictures), max_images)
    for name, picture in zip(tags, pictures, strict=True):
        height, width, channels = picture.shape
        image = protos.Summary.Image(
            height=height,
            width=width,
            colorspace=channels,
            encoded_image_string=png.encode(picture),
        )
        summary.value.add(tag=name, image=image)
    return _serialized(summary)


_declared(image_summary)


@op(
    "AudioSummaryV2",
    "tag: string, tensor: float32, sample_rate: float32 -> summary: string",
    max_outputs=Attr("int", 3, minimum=1),
    _host="sample_rate",
)
def audio_summary(tag, tensor, sample_rate, *, max_outputs):
    """Sounds of a batch as WAV files.

    Shapes: tensor [batch, frames, channels] or [batch, frames]. Units: sample_rate in Hz.
    """
    if tensor.ndim not in (2, 3):
        raise errors.invalid(f"Tensor must be 3-D or 2-D, got: {list(tensor.shape)}")
    if sample_rate <= 0:
        raise errors.invalid("sample_rate must be larger than 0")
    sounds = tensor[:max_outputs].numpy()
    sounds = sounds[..., None] if sounds.ndim == 2 else sounds
    summary = protos.Summary()
    tags = _tags(_text(tag), "audio", len(sounds), max_outputs)
    for name, sound in zip(tags, sounds, strict=True):
        audio = protos.Summary.Audio(
            sample_rate=sample_rate,
            num_channels=sound.shape[1],
            length_frames=sound.shape[0],
            encoded_audio_string=wav.encode(sound, round(sample_rate)),
            content_type="audio/wav",
        )
        summary.value.add(tag=name, audio=audio)
    return _serialized(summary)


_declared(audio_summary)


@op(
    "TensorSummaryV2",
    "tag: string, tensor: T, serialized_summary_metadata: string -> summary: string",
    T=ANY,
)
def tensor_summary(tag, tensor, serialized_summary_metadata):
    """A tensor as it is, with what plugins of TensorBoard want to know about it."""
    array = arrays.to_numpy(tensor)
    if array.dtype == object:
        proto = array_to_proto(array)
    else:
        proto = protos.TensorProto(tensor_content=np.ascontiguousarray(array).tobytes())
        proto.dtype = arrays.dtype_of(tensor).as_datatype_enum
        for size in array.shape:
            proto.tensor_shape.dim.add(size=size)
    summary = protos.Summary()
    value = summary.value.add(tag=_text(tag), tensor=proto)
    value.metadata.ParseFromString(serialized_summary_metadata[()])
    return _serialized(summary)


_declared(tensor_summary)


@op("MergeSummary", "inputs: N*string -> summary: string")
def merge_summary(inputs):
    """The values of all summaries in one. Raises: InvalidArgumentError when two have one tag."""
    summary, tags = protos.Summary(), set()
    for serialized in inputs:
        for item in serialized.reshape(-1):
            part = protos.Summary.FromString(item)
            for value in part.value:
                if value.tag in tags:
                    raise errors.invalid(f"Duplicate tag {value.tag} found in summary inputs")
                tags.add(value.tag)
            summary.value.extend(part.value)
    return _serialized(summary)


_declared(merge_summary)
