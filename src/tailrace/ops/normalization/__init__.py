"""Batch normalization in one operation, and its gradient.

Source: TF 1.15 core/ops/nn_ops.cc, core/kernels/fused_batch_norm_op.cc, python/ops/nn_grad.py.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from tailrace.dtypes import bfloat16, float16, float32
from tailrace.ops.normalization.second import fused_batch_norm_second
from tailrace.registry import Attr, op
from tailrace.shapes import agree, merge, with_rank

_FACTS: dict[str, Any] = {
    "epsilon": 1e-4,
    "data_format": Attr("string", b"NHWC", (b"NHWC", b"NCHW")),
    "is_training": True,
}
_MIXED: dict[str, Any] = {"T": (float16, bfloat16, float32), "U": (float32,)}


def _channels_first(x: torch.Tensor, data_format: bytes) -> torch.Tensor:
    return x if data_format == b"NCHW" else x.movedim(-1, 1)


def _restored(x: torch.Tensor, data_format: bytes) -> torch.Tensor:
    return x.contiguous() if data_format == b"NCHW" else x.movedim(1, -1).contiguous()


def _normalize(
    x: torch.Tensor,
    scale: torch.Tensor,
    offset: torch.Tensor,
    mean: torch.Tensor,
    variance: torch.Tensor,
    epsilon: float,
    data_format: bytes,
    is_training: bool,
) -> tuple[torch.Tensor, ...]:
    """y, mean and variance for the running averages, mean and variance for the gradient."""
    images = _channels_first(x, data_format).to(torch.float32)
    if not is_training:
        y = F.batch_norm(images, mean, variance, scale, offset, False, 0.0, epsilon)
        return _restored(y.to(x.dtype), data_format), mean, variance, mean, variance
    y, mean, inverse = torch.native_batch_norm(
        images, scale, offset, None, None, True, 0.0, epsilon
    )
    variance = (inverse.pow(-2) - epsilon).clamp(min=0)
    count = images.numel() // max(images.shape[1], 1)
    unbiased = variance * (count / max(count - 1, 1))
    return _restored(y.to(x.dtype), data_format), mean, unbiased, mean, variance


def _normalize_gradient(
    dy: torch.Tensor,
    x: torch.Tensor,
    scale: torch.Tensor,
    mean: torch.Tensor,
    variance: torch.Tensor,
    epsilon: float,
    data_format: bytes,
    is_training: bool,
) -> tuple[torch.Tensor, ...]:
    """The gradients of x, scale and offset."""
    images = _channels_first(x, data_format).to(torch.float32)
    gradient = _channels_first(dy, data_format).to(torch.float32)
    inverse = (variance + epsilon).rsqrt()
    dx, dscale, doffset = torch.ops.aten.native_batch_norm_backward(
        gradient,
        images,
        scale,
        mean,
        variance,
        mean,
        inverse,
        is_training,
        epsilon,
        [True, True, True],
    )
    return _restored(dx.to(x.dtype), data_format), dscale, doffset


# -- forward ---------------------------------------------------------------------------------------

_OUTPUTS = "batch_mean: {0}, batch_variance: {0}, reserve_space_1: {0}, reserve_space_2: {0}"
_INPUTS = "x: T, scale: {0}, offset: {0}, mean: {0}, variance: {0}"


def _forward_shape(x: Any, scale: Any, offset: Any, mean: Any, variance: Any, **facts: Any) -> Any:
    x = with_rank(x, 4)
    place = 1 if facts["data_format"] == b"NCHW" else 3
    size = x[place]
    vectors = [scale, offset] if facts["is_training"] else [scale, offset, mean, variance]
    for vector in vectors:
        size = agree(size, with_rank(vector, 1)[0], "channels and parameters")
    y = [*x[:place], size, *x[place + 1 :]]
    return [y, *([[size]] * 4)]


@op(
    "FusedBatchNorm",
    f"{_INPUTS.format('T')} -> y: T, {_OUTPUTS.format('T')}",
    _alias=True,
    T=(float32,),
    **_FACTS,
)
def fused_batch_norm(x, scale, offset, mean, variance, *, epsilon, data_format, is_training):
    """scale (x - mean) / sqrt(variance + epsilon) + offset, per channel of images.

    For training, mean and variance are the batch's, and given back: the unbiased variance for
    running averages, the biased one for the gradient.
    """
    return _normalize(x, scale, offset, mean, variance, epsilon, data_format, is_training)


@fused_batch_norm.shape
def fused_batch_norm_shape(x, scale, offset, mean, variance, *, data_format, is_training):
    facts = {"data_format": data_format, "is_training": is_training}
    return _forward_shape(x, scale, offset, mean, variance, **facts)


@op(
    "FusedBatchNormV2",
    f"{_INPUTS.format('U')} -> y: T, {_OUTPUTS.format('U')}",
    _alias=True,
    **_MIXED,
    **_FACTS,
)
def fused_batch_norm_v2(x, scale, offset, mean, variance, *, epsilon, data_format, is_training):
    """FusedBatchNorm for images of half precision with float32 parameters."""
    return _normalize(x, scale, offset, mean, variance, epsilon, data_format, is_training)


fused_batch_norm_v2.shape(fused_batch_norm_shape)


@op(
    "FusedBatchNormV3",
    f"{_INPUTS.format('U')} -> y: T, {_OUTPUTS.format('U')}, reserve_space_3: U",
    _alias=True,
    **_MIXED,
    **_FACTS,
)
def fused_batch_norm_v3(x, scale, offset, mean, variance, *, epsilon, data_format, is_training):
    """FusedBatchNormV2 with an output more, which only another kind of device fills."""
    results = _normalize(x, scale, offset, mean, variance, epsilon, data_format, is_training)
    return (*results, scale.new_zeros(()))


@fused_batch_norm_v3.shape
def fused_batch_norm_v3_shape(x, scale, offset, mean, variance, *, data_format, is_training):
    facts = {"data_format": data_format, "is_training": is_training}
    return [*_forward_shape(x, scale, offset, mean, variance, **facts), None]


_GRADIENTS = ("FusedBatchNormGrad", "FusedBatchNormGradV2", "FusedBatchNormGradV3")


def _gradient_rule(version: int) -> Any:
    """TF: when not training, the gradient is that of NHWC, with transposes around it."""

    def rule(g: Any, op: Any, dy: Any, *_rest: Any) -> Any:
        add = getattr(g, _GRADIENTS[version])
        third: Any = [op.reserve_space_3] if version == 2 else []
        facts = {"epsilon": op.epsilon, "is_training": op.is_training}
        if op.is_training:
            saved = [op.reserve_space_1, op.reserve_space_2, *third]
            # TF: the two unused outputs count as gradients of mean and variance
            return add(dy, op.x, op.scale, *saved, data_format=op.data_format, **facts)
        x, turned = op.x, op.data_format == b"NCHW"
        if turned:
            x = g.Transpose(x, [0, 2, 3, 1], name="transpose")
            dy = g.Transpose(dy, [0, 2, 3, 1], name="transpose")
        dx, dscale, doffset, *_ = add(
            dy, x, op.scale, op.mean, op.variance, *third, data_format="NHWC", **facts
        )
        if turned:
            dx = g.Transpose(dx, [0, 3, 1, 2], name="transpose")
        return dx, dscale, doffset, None, None

    return rule


for _version, _definition in enumerate(
    (fused_batch_norm, fused_batch_norm_v2, fused_batch_norm_v3)
):
    _definition.gradient(_gradient_rule(_version))


# -- backward --------------------------------------------------------------------------------------

_GRAD_INPUTS = "y_backprop: T, x: T, scale: {0}, reserve_space_1: {1}, reserve_space_2: {1}"
_GRAD_OUTPUTS = "x_backprop: T, scale_backprop: {0}, offset_backprop: {0}"


def _backward_shape(y_backprop: Any, x: Any, scale: Any, *rest: Any, **facts: Any) -> list[Any]:
    x = merge(with_rank(x, 4), y_backprop)
    place = 1 if facts["data_format"] == b"NCHW" else 3
    size = agree(x[place], with_rank(scale, 1)[0], "channels and scale")
    unused = 0 if facts["is_training"] else size
    return [[*x[:place], size, *x[place + 1 :]], [size], [size], [unused], [unused]]


def _backward(
    y_backprop: torch.Tensor, x: torch.Tensor, scale: torch.Tensor, *saved: Any, **facts: Any
) -> tuple[torch.Tensor, ...]:
    results = _normalize_gradient(y_backprop, x, scale, *saved, **facts)
    unused = scale.new_zeros(0 if facts["is_training"] else scale.shape)
    return (*results, unused, unused)


@op(
    "FusedBatchNormGrad",
    f"{_GRAD_INPUTS.format('T', 'T')} -> {_GRAD_OUTPUTS.format('T')}, "
    "reserve_space_3: T, reserve_space_4: T",
    T=(float32,),
    **_FACTS,
)
def fused_batch_norm_grad(
    y_backprop,
    x,
    scale,
    reserve_space_1,
    reserve_space_2,
    *,
    epsilon,
    data_format,
    is_training,
):
    """The gradients of x, scale and offset from the saved mean and variance; two unused outputs."""
    facts = {"epsilon": epsilon, "data_format": data_format, "is_training": is_training}
    return _backward(y_backprop, x, scale, reserve_space_1, reserve_space_2, **facts)


@fused_batch_norm_grad.shape
def fused_batch_norm_grad_shape(
    y_backprop, x, scale, reserve_space_1, reserve_space_2, *, data_format, is_training
):
    facts = {"data_format": data_format, "is_training": is_training}
    return _backward_shape(y_backprop, x, scale, **facts)


@op(
    "FusedBatchNormGradV2",
    f"{_GRAD_INPUTS.format('float32', 'U')} -> {_GRAD_OUTPUTS.format('U')}, "
    "reserve_space_3: U, reserve_space_4: U",
    **_MIXED,
    **_FACTS,
)
def fused_batch_norm_grad_v2(
    y_backprop,
    x,
    scale,
    reserve_space_1,
    reserve_space_2,
    *,
    epsilon,
    data_format,
    is_training,
):
    """FusedBatchNormGrad for images of half precision with float32 parameters."""
    facts = {"epsilon": epsilon, "data_format": data_format, "is_training": is_training}
    return _backward(y_backprop, x, scale, reserve_space_1, reserve_space_2, **facts)


fused_batch_norm_grad_v2.shape(fused_batch_norm_grad_shape)


@op(
    "FusedBatchNormGradV3",
    f"{_GRAD_INPUTS.format('float32', 'U')}, reserve_space_3: U -> {_GRAD_OUTPUTS.format('U')}, "
    "reserve_space_4: U, reserve_space_5: U",
    **_MIXED,
    **_FACTS,
)
def fused_batch_norm_grad_v3(
    y_backprop,
    x,
    scale,
    reserve_space_1,
    reserve_space_2,
    reserve_space_3,
    *,
    epsilon,
    data_format,
    is_training,
):
    """FusedBatchNormGradV2 with an input more, which only another kind of device needs."""
    facts = {"epsilon": epsilon, "data_format": data_format, "is_training": is_training}
    return _backward(y_backprop, x, scale, reserve_space_1, reserve_space_2, **facts)


@fused_batch_norm_grad_v3.shape
def fused_batch_norm_grad_v3_shape(
    y_backprop,
    x,
    scale,
    reserve_space_1,
    reserve_space_2,
    reserve_space_3,
    *,
    data_format,
    is_training,
):
    facts = {"data_format": data_format, "is_training": is_training}
    return _backward_shape(y_backprop, x, scale, **facts)


for _definition in (fused_batch_norm_grad, fused_batch_norm_grad_v2, fused_batch_norm_grad_v3):
    _definition.gradient(fused_batch_norm_second)
