"""`tf.nn`: means and variances, and what is normalized with them.

Source: TF 1.15 python/ops/nn_impl.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, constant, convert_to_tensor, g
from tailrace.library import arithmetic, array, control_flow, indexing, math, reductions
from tailrace.library.arguments import either

# cuDNN computes with nothing smaller
_SMALLEST_EPSILON = 1.001e-5


def l2_normalize(
    x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None, dim: Any = None
) -> Tensor:
    """x / sqrt(max(sum(x ** 2), epsilon)) along `axis`."""
    axis = either("axis", axis, "dim", dim)
    with g.name_scope(name, "l2_normalize") as scope:
        x = convert_to_tensor(x, name="x")
        total = reductions.reduce_sum(math.square(x), axis, keepdims=True)
        return arithmetic.multiply(x, math.rsqrt(arithmetic.maximum(total, epsilon)), name=scope)


def zero_fraction(value: Any, name: str | None = None) -> Tensor:
    """The share of zeros among the elements."""
    with g.name_scope(name, "zero_fraction"):
        value = convert_to_tensor(value, name="value")
        size = array.size(value, out_type=dtypes.int64)
        nonzero = control_flow.cond(
            size <= dtypes.int32.max,
            true_fn=lambda: arithmetic.cast(_count_nonzero(value, dtypes.int32), dtypes.int64),
            false_fn=lambda: _count_nonzero(value, dtypes.int64),
        )
        with g.name_scope("counts_to_fraction"):
            zeros = arithmetic.cast(size - nonzero, dtypes.float32)
            fraction = zeros / arithmetic.cast(size, dtypes.float32)
        return array.identity(fraction, "fraction")


def _count_nonzero(x: Tensor, dtype: dtypes.DType) -> Tensor:
    with g.name_scope("count_nonzero"):
        zero = array.zeros([], dtype=x.dtype)
        return reductions.reduce_sum(
            arithmetic.cast(arithmetic.not_equal(x, zero), dtype), name="nonzero_count"
        )


# -- moments ---------------------------------------------------------------------------------------


def moments(
    x: Tensor,
    axes: Any,
    shift: Any = None,
    name: str | None = None,
    keep_dims: bool | None = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor]:
    """Mean and variance (the biased one) over `axes`; `shift` is not used."""
    keep = bool(either("keepdims", keepdims, "keep_dims", keep_dims))
    with g.name_scope(name, "moments"):
        is_half = x.dtype is dtypes.float16
        y = arithmetic.cast(x, dtypes.float32) if is_half else x
        mean = reductions.reduce_mean(y, axes, keepdims=True, name="mean")
        distance = arithmetic.squared_difference(y, array.stop_gradient(mean))
        variance = reductions.reduce_mean(distance, axes, keepdims=True, name="variance")
        if not keep:
            mean, variance = array.squeeze(mean, axes), array.squeeze(variance, axes)
        if is_half:
            return arithmetic.cast(mean, dtypes.float16), arithmetic.cast(variance, dtypes.float16)
        return mean, variance


def sufficient_statistics(
    x: Any,
    axes: Any,
    shift: Any = None,
    keep_dims: bool | None = None,
    name: str | None = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """Count, sum, sum of squares (both of x - shift) over `axes`, and the shift."""
    axes = list(set(axes))
    keep = bool(either("keepdims", keepdims, "keep_dims", keep_dims))
    with g.name_scope(name, "sufficient_statistics"):
        x = convert_to_tensor(x, name="x")
        counts = _count(x, axes)
        if shift is not None:
            shift = convert_to_tensor(shift, name="shift")
            first, second = arithmetic.subtract(x, shift), arithmetic.squared_difference(x, shift)
        else:
            first, second = x, math.square(x)
        first = reductions.reduce_sum(first, axes, keepdims=keep, name="mean_ss")
        second = reductions.reduce_sum(second, axes, keepdims=keep, name="var_ss")
    return counts, first, second, shift


def _count(x: Tensor, axes: list[int]) -> Tensor:
    dims = None if x.shape.ndims is None else x.shape.as_list()
    if dims is not None and all(dims[axis] is not None for axis in axes):
        count = 1
        for axis in axes:
            count *= dims[axis]
        return constant(count, x.dtype)
    sizes = indexing.gather(arithmetic.cast(array.shape(x), x.dtype), axes)
    return reductions.reduce_prod(sizes, name="count")


def normalize_moments(
    counts: Any, mean_ss: Any, variance_ss: Any, shift: Any, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Mean and variance from what `sufficient_statistics` gives."""
    with g.name_scope(name, "normalize"):
        divisor = math.reciprocal(counts, name="divisor")
        if shift is not None:
            shifted = arithmetic.multiply(mean_ss, divisor, name="shifted_mean")
            mean = arithmetic.add(shifted, shift, name="mean")
        else:
            mean = shifted = arithmetic.multiply(mean_ss, divisor, name="mean")
        square_mean = arithmetic.multiply(variance_ss, divisor)
        return mean, arithmetic.subtract(square_mean, math.square(shifted), name="variance")


def weighted_moments(
    x: Any,
    axes: Any,
    frequency_weights: Any,
    name: str | None = None,
    keep_dims: bool | None = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor]:
    """Mean and variance over `axes` of elements that count `frequency_weights` times."""
    keep = bool(either("keepdims", keepdims, "keep_dims", keep_dims))
    with g.name_scope(name, "weighted_moments"):
        x = convert_to_tensor(x, name="x")
        weights = convert_to_tensor(frequency_weights, name="frequency_weights")
        is_half = x.dtype is dtypes.float16
        x = arithmetic.cast(x, dtypes.float32) if is_half else x
        weights = arithmetic.cast(weights, x.dtype)
        total = reductions.reduce_sum(weights * x, axes, name="weighted_input_sum", keepdims=True)
        broadcast = weights + array.zeros_like(x)
        count = reductions.reduce_sum(broadcast, axes, name="sum_of_weights", keepdims=True)
        divisor = math.reciprocal(count, name="inv_weight_sum")
        mean = arithmetic.multiply(total, divisor)
        squares = weights * arithmetic.squared_difference(x, mean)
        distance = reductions.reduce_sum(squares, axes, name="weighted_distsq", keepdims=True)
        variance = arithmetic.multiply(distance, divisor)
        if not keep:
            mean, variance = array.squeeze(mean, axis=axes), array.squeeze(variance, axis=axes)
        if is_half:
            return arithmetic.cast(mean, dtypes.float16), arithmetic.cast(variance, dtypes.float16)
        return mean, variance


# -- batch normalization ---------------------------------------------------------------------------


def batch_normalization(
    x: Tensor,
    mean: Any,
    variance: Any,
    offset: Any,
    scale: Any,
    variance_epsilon: Any,
    name: str | None = None,
) -> Tensor:
    """scale (x - mean) / sqrt(variance + epsilon) + offset; scale and offset may be None."""
    with g.name_scope(name, "batchnorm"):
        inverse = math.rsqrt(variance + variance_epsilon)
        if scale is not None:
            inverse *= scale
        scaled = x * arithmetic.cast(inverse, x.dtype)
        rest = -mean * inverse if offset is None else offset - mean * inverse
        return scaled + arithmetic.cast(rest, x.dtype)


def batch_norm_with_global_normalization(
    t: Any = None,
    m: Any = None,
    v: Any = None,
    beta: Any = None,
    gamma: Any = None,
    variance_epsilon: Any = None,
    scale_after_normalization: bool | None = None,
    name: str | None = None,
    input: Any = None,
    mean: Any = None,
    variance: Any = None,
) -> Tensor:
    """The older spelling of `batch_normalization`."""
    t = either("input", input, "t", t)
    m = either("mean", mean, "m", m)
    v = either("variance", variance, "v", v)
    gamma = gamma if scale_after_normalization else None
    return batch_normalization(t, m, v, beta, gamma, variance_epsilon, name)


def fused_batch_norm(
    x: Any,
    scale: Any,
    offset: Any,
    mean: Any = None,
    variance: Any = None,
    epsilon: float = 0.001,
    data_format: str = "NHWC",
    is_training: bool = True,
    name: str | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Batch normalization of images in one operation: the result, batch mean and batch variance.

    Shapes: x [B, H, W, C] (or [B, C, H, W] in NCHW), all others [C].
    Raises: ValueError when mean or variance are given for training.
    """
    x = convert_to_tensor(x, name="input")
    scale = convert_to_tensor(scale, name="scale")
    offset = convert_to_tensor(offset, name="offset")
    if is_training and not (mean is None and variance is None):
        raise ValueError("Both 'mean' and 'variance' must be None if is_training is True.")
    mean = constant([]) if mean is None else mean
    variance = constant([]) if variance is None else variance
    y, batch_mean, batch_variance, *_ = g.FusedBatchNormV3(
        x,
        scale,
        offset,
        mean,
        variance,
        epsilon=max(epsilon, _SMALLEST_EPSILON),
        data_format=data_format,
        is_training=is_training,
        name=name,
    )
    return y, batch_mean, batch_variance
