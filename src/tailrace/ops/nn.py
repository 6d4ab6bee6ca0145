"""Activations and bias: the non-linearities of neural networks and their gradients' operations.

Source: TF 1.15 core/ops/nn_ops.cc, core/kernels/relu_op_functor.h, softplus_op.h, softsign_op.h,
bias_op.cc, python/ops/nn_grad.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from tailrace.dtypes import FLOATS, NUMERIC, REAL, DType, float32, qint8, qint32, quint8
from tailrace.errors import invalid
from tailrace.native import updates
from tailrace.registry import Attr, OpDef, Pattern, after_gradient, fused, op, type_attr
from tailrace.shapes import Shape, agree, at_least_rank, merge, with_rank

_SELU_SCALE = 1.0507009873554804934193349852946
_SELU_SCALE_ALPHA = 1.7580993408473768599402175208123
# from here on softplus(x) is x to the last bit of a float64
_SOFTPLUS_LINEAR = 34.0
# what a sum in single precision may be off by, generously
_ROUNDED = 1.001


def _activation(
    name: str, kernel: Callable[..., Any], types: tuple[DType, ...], vector: str | None = None
) -> OpDef:
    """An element-wise function of `features`."""
    facts = {"_elementwise": True, "_vector": vector}
    definition = op(name, "features: T -> activations: T", T=types, **facts)(kernel)
    definition.shape(lambda features: [features])
    return definition


def _activation_grad(
    name: str,
    kernel: Callable[..., Any],
    types: tuple[DType, ...],
    of: str = "features",
    vector: str | None = None,
) -> OpDef:
    """What multiplies the gradient of an activation, from its features or its outputs."""
    signature = f"gradients: T, {of}: T -> backprops: T"
    facts = {"_elementwise": True, "_vector": vector, "_vanishes": "gradients"}
    definition = op(name, signature, T=types, **facts)(kernel)
    definition.shape(_merged)
    return definition


def _merged(a: Any, b: Any) -> list[Any]:
    return [merge(a, b)]


def _zeros_of(g: Any, x: Any) -> Any:
    return g.zeros(g.shape(x), x.dtype)


# -- rectifiers ------------------------------------------------------------------------------------


def relu_kernel(features):
    """max(x, 0)."""
    return torch.relu(features)


def relu_grad_kernel(gradients, features):
    """The gradients where the features (or the activations) are positive, else 0."""
    if gradients.is_floating_point():
        # TF: a product, which a gradient that is NaN or infinite outlives and a feature does not
        return torch.ops.aten.leaky_relu_backward(gradients, features, 0, False)
    return torch.ops.aten.threshold_backward(gradients, features, 0)


relu = _activation("Relu", relu_kernel, (*REAL, qint8), "relu")
relu_grad = _activation_grad("ReluGrad", relu_grad_kernel, REAL, vector="relu_grad")


@relu.gradient
def relu_gradient(g, op, dy):
    return g.ReluGrad(dy, op.activations)


@relu_grad.gradient
def relu_grad_gradient(g, op, ddx):
    return g.ReluGrad(ddx, op.features), _zeros_of(g, op.features)


def relu6_kernel(features):
    """min(max(x, 0), 6)."""
    return torch.clamp(features, 0, 6)


def relu6_grad_kernel(gradients, features):
    """The gradients where the features are between 0 and 6, else 0."""
    return gradients * ((features > 0) & (features < 6))


relu6 = _activation("Relu6", relu6_kernel, REAL, "relu6")
relu6_grad = _activation_grad("Relu6Grad", relu6_grad_kernel, REAL, vector="relu6_grad")


@relu6.gradient
def relu6_gradient(g, op, dy):
    return g.Relu6Grad(dy, op.activations)


@relu6_grad.gradient
def relu6_grad_gradient(g, op, ddx):
    return g.Relu6Grad(ddx, op.features), _zeros_of(g, op.features)


@op(
    "LeakyRelu",
    "features: T -> activations: T",
    alpha=0.2,
    T=type_attr(FLOATS, float32),
    _elementwise=True,
)
def leaky_relu(features, *, alpha):
    """max(x, alpha x)."""
    if alpha > 1:
        return torch.maximum(features, features * alpha)
    return F.leaky_relu(features, alpha)


leaky_relu.shape(lambda features: [features])


@op(
    "LeakyReluGrad",
    "gradients: T, features: T -> backprops: T",
    alpha=0.2,
    T=type_attr(FLOATS, float32),
    _elementwise=True,
)
def leaky_relu_grad(gradients, features, *, alpha):
    """The gradients, times alpha where the features are not positive."""
    return torch.where(features > 0, gradients, gradients * alpha)


leaky_relu_grad.shape(_merged)


@leaky_relu.gradient
def leaky_relu_gradient(g, op, dy):
    return g.LeakyReluGrad(dy, op.features, alpha=op.alpha)


@leaky_relu_grad.gradient
def leaky_relu_grad_gradient(g, op, ddx):
    return g.LeakyReluGrad(ddx, op.features, alpha=op.alpha), _zeros_of(g, op.features)


# -- exponential units -----------------------------------------------------------------------------


def elu_kernel(features):
    """x where positive, else exp(x) - 1."""
    return F.elu(features)


def elu_grad_kernel(gradients, outputs):
    """The gradients, times exp(x) = output + 1 where the outputs are negative."""
    return torch.where(outputs < 0, gradients * (outputs + 1), gradients)


elu = _activation("Elu", elu_kernel, FLOATS, "elu")
elu_grad = _activation_grad("EluGrad", elu_grad_kernel, FLOATS, "outputs", vector="elu_grad")


@elu.gradient
def elu_gradient(g, op, dy):
    return g.EluGrad(dy, op.activations)


@elu_grad.gradient
def elu_grad_gradient(g, op, ddx):
    x = op.outputs
    return (
        g.EluGrad(ddx, x),
        g.Select(g.Less(x, 0), ddx * op.gradients, g.zeros_like(x)),
    )


def selu_kernel(features):
    """scale x where positive, else scale alpha (exp(x) - 1)."""
    return torch.selu(features)


def selu_grad_kernel(gradients, outputs):
    """The gradients times scale, or times output + scale alpha where the outputs are negative."""
    slope = torch.where(outputs < 0, outputs + _SELU_SCALE_ALPHA, _SELU_SCALE)
    return gradients * slope


selu = _activation("Selu", selu_kernel, FLOATS)
selu_grad = _activation_grad("SeluGrad", selu_grad_kernel, FLOATS, "outputs")


@selu.gradient
def selu_gradient(g, op, dy):
    return g.SeluGrad(dy, op.activations)


@selu_grad.gradient
def selu_grad_gradient(g, op, ddx):
    x = op.outputs
    return (
        g.SeluGrad(ddx, x),
        g.Select(g.Less(x, 0.0), ddx * op.gradients, g.zeros_like(x)),
    )


def softplus_kernel(features):
    """log(1 + exp(x)), x itself where that is the same number."""
    return F.softplus(features, 1, _SOFTPLUS_LINEAR)


def softplus_grad_kernel(gradients, features):
    """The gradients times the logistic function of the features."""
    return gradients * torch.sigmoid(features)


softplus = _activation("Softplus", softplus_kernel, FLOATS, "softplus")
softplus_grad = _activation_grad(
    "SoftplusGrad", softplus_grad_kernel, FLOATS, vector="softplus_grad"
)


@softplus.gradient
def softplus_gradient(g, op, dy):
    return dy * g.Sigmoid(op.features)


@softplus_grad.gradient
@after_gradient
def softplus_grad_gradient(g, op, ddx):
    dy, x = op.gradients, op.features
    ddy = g.SoftplusGrad(ddx, x)
    return ddy, ddx * dy / (g.Exp(-x) + 2.0 + g.Exp(x))


def softsign_kernel(features):
    """x / (|x| + 1)."""
    return features / (features.abs() + 1)


def softsign_grad_kernel(gradients, features):
    """The gradients over (|x| + 1)^2."""
    return gradients / (features.abs() + 1).square()


softsign = _activation("Softsign", softsign_kernel, FLOATS)
softsign_grad = _activation_grad("SoftsignGrad", softsign_grad_kernel, FLOATS)


@softsign.gradient
def softsign_gradient(g, op, dy):
    return g.SoftsignGrad(dy, op.features)


# -- bias ------------------------------------------------------------------------------------------

_LAYOUT = Attr("string", b"NHWC", (b"NHWC", b"NCHW"))
_BIASED = (*NUMERIC, qint8, quint8, qint32)


@op("BiasAdd", "value: T, bias: T -> output: T", T=_BIASED, data_format=_LAYOUT, _biases=True)
def bias_add(value, bias, *, data_format):
    """A vector added along the channels: the last dimension, or the second in NCHW.

    Shapes: value [..., C] or [B, C, ...], bias [C].
    """
    if data_format == b"NCHW" and value.dim() > 2:
        bias = bias.reshape((-1,) + (1,) * (value.dim() - 2))
        channels = value.shape[1]
    else:
        channels = value.shape[-1]
    if bias.numel() != channels:
        raise invalid(
            f"Must provide as many biases as the last dimension of the input tensor: "
            f"{list(bias.reshape(-1).shape)} vs. {list(value.shape)}"
        )
    return value + bias


@bias_add.shape
def bias_add_shape(value, bias, *, data_format):
    channels_first = data_format == b"NCHW"
    value = at_least_rank(value, 3 if channels_first else 2)
    size = with_rank(bias, 1)[0]
    place = 1 if channels_first else len(value) - 1
    merged = agree(value[place], size, "channels and bias")
    return [[*value[:place], merged, *value[place + 1 :]]]


@bias_add.vectorized
def bias_add_vector(value, bias, *, data_format):
    return "add" if data_format == b"NHWC" or len(value) == 2 else None


@bias_add.gradient
def bias_add_gradient(g, op, dy):
    return dy, g.BiasAddGrad(dy, data_format=op.data_format)


@bias_add.over_steps
def bias_add_over_steps(b, value, bias, *, data_format):
    if bias.each or (data_format == b"NCHW" and len(value.dims) > 2):
        return None
    return [b.BiasAdd(value.value, bias.value)]


@op("BiasAddGrad", "out_backprop: T -> output: T", T=_BIASED, data_format=_LAYOUT, _sums=True)
def bias_add_grad(out_backprop, *, data_format):
    """The sum over all dimensions but the channels."""
    if data_format == b"NCHW" and out_backprop.dim() > 2:
        return out_backprop.sum((0, *range(2, out_backprop.dim())), dtype=out_backprop.dtype)
    flat = out_backprop.reshape(-1, out_backprop.shape[-1])
    return flat.sum(0, dtype=out_backprop.dtype)


@bias_add_grad.total
def bias_add_grad_total(b, out_backprop, *, data_format):
    if not out_backprop.each or (data_format == b"NCHW" and len(out_backprop.dims) > 2):
        return None
    return b.BiasAddGrad(out_backprop.value)


@bias_add_grad.shape
def bias_add_grad_shape(out_backprop, *, data_format):
    channels_first = data_format == b"NCHW"
    shape = at_least_rank(out_backprop, 3 if channels_first else 2)
    if shape.dims is None:
        return [Shape([None])]
    return [[shape[1 if channels_first else -1]]]


@bias_add_grad.reduces
def bias_add_grad_reduces(out_backprop, *, data_format):
    rank = len(out_backprop)
    if data_format == b"NCHW" and rank > 2:
        return None
    return "sum", list(range(rank - 1)), False


@bias_add_grad.gradient
def bias_add_grad_gradient(g, op, ddb):
    shape, bias_shape = g.shape(op.out_backprop), g.shape(ddb)
    if op.data_format == b"NCHW":
        ones = g.ones_like(shape[:1]), g.ones_like(shape[2:])
        expanded = g.ConcatV2([ones[0], bias_shape, ones[1]], 0, name="concat")
        multiples = g.ConcatV2([shape[:1], [1], shape[2:]], 0, name="concat")
    else:
        expanded = g.ConcatV2([g.ones_like(shape[:-1]), bias_shape], 0, name="concat")
        multiples = g.ConcatV2([shape[:-1], [1]], 0, name="concat")
    return g.Tile(g.Reshape(ddb, expanded), multiples)


@op("BiasAddV1", "value: T, bias: T -> output: T", T=_BIASED, _biases=True)
def bias_add_v1(value, bias):
    """A vector added along the last dimension."""
    return bias_add(value, bias, data_format=b"NHWC")


@bias_add_v1.shape
def bias_add_v1_shape(value, bias):
    return bias_add_shape(value, bias, data_format=b"NHWC")


@bias_add_v1.gradient
def bias_add_v1_gradient(g, op, dy):
    axes = g.Range(0, g.rank(dy) - 1, 1, name="range")
    return dy, g.Sum(dy, axes)


# -- sums of squares -------------------------------------------------------------------------------


@op("L2Loss", "t: T -> output: T", T=FLOATS, _stacked="L2LossStack")
def l2_loss(t):
    """Half the sum of the squares: sum(t ** 2) / 2."""
    flat = t.reshape(-1)
    return torch.dot(flat, flat) / 2


@l2_loss.shape
def l2_loss_shape(t):
    return [[]]


@l2_loss.reduces
def l2_loss_reduces(t):
    return "half_squares", list(range(len(t))), False


@l2_loss.gradient
def l2_loss_gradient(g, op, dy):
    return op.t * dy


@fused("L2LossStack", "t: N*T -> output: T", T=FLOATS, _bounded="L2LossStackByRow")
def l2_loss_stack(t):
    """Half the sum of the squares of each tensor.

    Shapes: N tensors of any shape -> output [N].
    """
    sums = updates.squares(t)
    if sums is None:
        return torch.stack([l2_loss(each) for each in t])
    return torch.tensor(sums, dtype=t[0].dtype).div_(2)


@fused(
    "L2LossStackByRow",
    "t: N*T, left: K*T, right: K*T, squares: K*T -> output: T",
    T=FLOATS,
    N=Attr("int", 0),
    K=Attr("int", 0),
    position=0,
    limit=0.0,
)
def l2_loss_stack_by_row(t, left, right, squares, *, position, limit):
    """`L2LossStack` with the sum of the products `left right^T` at `position` among the tensors; if
    all results together are below the limit for certain, not its own result but a bound of it:
    |left right^T| <= |left| |right|.

    Shapes: left [..., G], right [I,G], squares (of left) [].
    """
    sums = updates.squares([*t, *right])
    if sums is not None:
        known, squares_right = sums[: len(t)], sums[len(t) :]
        pairs = zip(squares, squares_right, strict=True)
        bound = sum(math.sqrt(float(a) * b) for a, b in pairs) ** 2
        if (sum(known) + bound) / 2 * _ROUNDED < limit:
            known.insert(position, bound)
            return torch.tensor(known, dtype=t[0].dtype).div_(2)
    product = 0
    for a, b in zip(left, right, strict=True):
        product = product + torch.matmul(a, b.t())
    return l2_loss_stack([*t[:position], product, *t[position:]])


def _unclipped_below(total, two, one, inverse, nan, limit):
    """Up to which total sqrt(total two) <= one / inverse, where these are known."""
    if two is None or one is None or inverse is None or not (two > 0 and one > 0 and inverse > 0):
        return None
    return (one / inverse) ** 2 / two


@fused(
    "ClipFactor",
    "total: T, two: T, one: T, inverse: T, nan: T, limit: T -> factor: T",
    T=FLOATS,
    _limits=_unclipped_below,
)
def clip_factor(total, two, one, inverse, nan, limit):
    """What `tf.clip_by_global_norm` multiplies gradients by: min(1, limit / sqrt(2 total)), NaN
    where the norm is not finite.
    """
    norm = torch.sqrt(total * two)
    factor = limit * torch.minimum(one / norm, inverse)
    return torch.where(norm.isfinite(), factor, nan)


clip_factor.pattern = Pattern(
    "Select",
    ("finite", "scaled", "nan"),
    """
    norm = Sqrt(Mul(total, two))
    finite = IsFinite(norm)
    scaled = Mul(limit, Minimum(RealDiv(one, norm), inverse))
    """,
)


# -- local response normalization ------------------------------------------------------------------

_LRN = {"depth_radius": 5, "bias": 1.0, "alpha": 1.0, "beta": 0.5}
_LRN_TYPES = type_attr(FLOATS[:3], float32)


def _window_sums(x: torch.Tensor, radius: int) -> torch.Tensor:
    """Sums over the channels within `radius`, of a tensor [..., C]."""
    total = F.pad(x, (radius + 1, radius)).cumsum(-1)
    return total[..., 2 * radius + 1 :] - total[..., : x.shape[-1]]


@op("LRN", "input: T -> output: T", **_LRN, T=_LRN_TYPES)
def lrn(input, *, depth_radius, bias, alpha, beta):
    """Each value over (bias + alpha * the squares of its neighbour channels' sum) ** beta.

    Shapes: input [B, H, W, C]; the neighbours are the channels at most depth_radius away.
    """
    radius = min(depth_radius, input.shape[-1])
    norm = bias + alpha * _window_sums(input.square(), radius)
    return input * norm.pow(-beta)


@lrn.shape
def lrn_shape(input):
    return [with_rank(input, 4)]


@lrn.gradient
def lrn_gradient(g, op, dy):
    facts = {"depth_radius": op.depth_radius, "bias": op.bias, "alpha": op.alpha, "beta": op.beta}
    return g.LRNGrad(dy, op.input, op.output, **facts)


@op(
    "LRNGrad",
    "input_grads: T, input_image: T, output_image: T -> output: T",
    **_LRN,
    T=_LRN_TYPES,
)
def lrn_grad(input_grads, input_image, output_image, *, depth_radius, bias, alpha, beta):
    """The gradient of LRN with respect to its input."""
    radius = min(depth_radius, input_image.shape[-1])
    norm = bias + alpha * _window_sums(input_image.square(), radius)
    across = _window_sums(input_grads * output_image / norm, radius)
    return input_grads * norm.pow(-beta) - 2 * alpha * beta * input_image * across


@lrn_grad.shape
def lrn_grad_shape(input_grads, input_image, output_image):
    return [with_rank(merge(merge(input_grads, input_image), output_image), 4)]
