"""`tf.nn`: non-linearities, softmax, bias and layers of one line.

Source: TF 1.15 python/ops/nn_ops.py, nn_impl.py.
"""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.errors import InvalidArgumentError
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import arithmetic, array, indexing, linalg, math
from tailrace.library.arguments import either
from tailrace.library.custom_gradient import custom_gradient


def relu(features: Any, name: str | None = None) -> Tensor:
    """max(x, 0)."""
    return g.Relu(features, name=name)


def elu(features: Any, name: str | None = None) -> Tensor:
    """x where positive, else exp(x) - 1."""
    return g.Elu(features, name=name)


def selu(features: Any, name: str | None = None) -> Tensor:
    """scale * elu(x, alpha), with the constants that keep activations normalized."""
    return g.Selu(features, name=name)


def softplus(features: Any, name: str | None = None) -> Tensor:
    """log(1 + exp(x))."""
    return g.Softplus(features, name=name)


def softsign(features: Any, name: str | None = None) -> Tensor:
    """x / (|x| + 1)."""
    return g.Softsign(features, name=name)


def relu6(features: Any, name: str | None = None) -> Tensor:
    """min(max(x, 0), 6)."""
    with g.name_scope(name, "Relu6") as scope:
        return g.Relu6(convert_to_tensor(features, name="features"), name=scope)


def leaky_relu(features: Any, alpha: Any = 0.2, name: str | None = None) -> Tensor:
    """x where positive, else alpha x; integers become float32."""
    with g.name_scope(name, "LeakyRelu") as scope:
        features = convert_to_tensor(features, name="features")
        if features.dtype.is_integer:
            features = arithmetic.cast(features, dtypes.float32)
        alpha = alpha.item() if isinstance(alpha, np.ndarray) else alpha
        return g.LeakyRelu(features, alpha=alpha, name=scope)


@custom_gradient
def swish(features: Any) -> Any:
    """x sigmoid(x), whose gradient computes the sigmoid again so as to keep less in memory."""
    features = convert_to_tensor(features, name="features")

    def grad(dy: Tensor) -> Tensor:
        with g.control_dependencies([dy]):
            gate = math.sigmoid(features)
        return dy * (gate * (1.0 + features * (1.0 - gate)))

    return features * math.sigmoid(features), grad


def crelu(features: Any, name: str | None = None, axis: Any = -1) -> Tensor:
    """The ReLUs of x and of -x, side by side along `axis`."""
    with g.name_scope(name, "CRelu") as scope:
        features = convert_to_tensor(features, name="features")
        return g.Relu(array.concat([features, -features], axis, name=scope))


def bias_add(
    value: Any, bias: Any, data_format: str | None = None, name: str | None = None
) -> Tensor:
    """`value` with a vector added along its channels.

    Raises: ValueError for a data format that is neither N...C nor NC....
    """
    with g.name_scope(name, "BiasAdd") as scope:
        if data_format is not None:
            data_format = _two_dimensional(data_format)
        value = convert_to_tensor(value, name="input")
        bias = convert_to_tensor(bias, value.dtype, name="bias")
        return g.BiasAdd(value, bias, data_format=data_format, name=scope)


def _two_dimensional(data_format: str) -> str:
    if data_format.startswith("NC"):
        return "NCHW"
    if data_format.startswith("N") and data_format.endswith("C"):
        return "NHWC"
    raise ValueError("data_format must be of the form `N...C` or `NC...`")


def xw_plus_b(x: Any, weights: Any, biases: Any, name: str | None = None) -> Tensor:
    """matmul(x, weights) + biases."""
    with g.name_scope(name, "xw_plus_b") as scope:
        x, weights, biases = _layer_inputs(x, weights, biases)
        return bias_add(linalg.matmul(x, weights), biases, name=scope)


def relu_layer(x: Any, weights: Any, biases: Any, name: str | None = None) -> Tensor:
    """relu(matmul(x, weights) + biases)."""
    with g.name_scope(name, "relu_layer") as scope:
        x, weights, biases = _layer_inputs(x, weights, biases)
        return relu(bias_add(linalg.matmul(x, weights), biases), name=scope)


def _layer_inputs(x: Any, weights: Any, biases: Any) -> tuple[Tensor, Tensor, Tensor]:
    return (
        convert_to_tensor(x, name="x"),
        convert_to_tensor(weights, name="weights"),
        convert_to_tensor(biases, name="biases"),
    )


# -- softmax ---------------------------------------------------------------------------------------


def softmax(logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Tensor:
    """exp(x) over its sum along `axis`, by default the last.

    Raises: InvalidArgumentError for an axis the logits do not have.
    """
    return _along_last(g.Softmax, logits, either("axis", axis, "dim", dim), name)


def log_softmax(logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Tensor:
    """x - log(sum(exp(x))) along `axis`, by default the last.

    Raises: InvalidArgumentError for an axis the logits do not have.
    """
    return _along_last(g.LogSoftmax, logits, either("axis", axis, "dim", dim), name)


def _along_last(
    function: Callable[..., Tensor], logits: Any, axis: Any, name: str | None
) -> Tensor:
    """The function, which works along the last dimension, along `axis` instead."""
    axis = -1 if axis is None else axis
    logits = convert_to_tensor(logits)
    shape = logits.get_shape()
    if axis == -1 or (shape.ndims is not None and axis == shape.ndims - 1):
        return function(logits, name=name)
    if shape.ndims is None:
        raise TypeError("softmax along another axis than the last needs logits of known rank")
    _check_axis(axis, shape.ndims)
    rank = array.rank(logits)
    if isinstance(axis, Tensor):
        axis = indexing.where(arithmetic.less(axis, 0), axis + rank, axis)
    elif axis < 0:
        axis += rank
    last = array.rank(logits)
    place = axis % shape.ndims
    swapped = _swap(logits, place, arithmetic.subtract(last, 1))
    output = _swap(function(swapped), place, arithmetic.subtract(last, 1), name)
    output.set_shape(shape)
    return output


def _check_axis(axis: Any, ndims: int) -> None:
    value = g.known(axis) if isinstance(axis, Tensor) else axis
    if value is not None and not -ndims <= value < ndims:
        raise InvalidArgumentError(
            None,
            None,
            f"Dimension ({int(value)}) must be in the range [{-ndims}, {ndims}) where {ndims} is "
            "the number of dimensions in the input.",
        )


def _swap(x: Tensor, axis: Any, last: Any, name: str | None = None) -> Tensor:
    before, between = math.range(axis), math.range(axis + 1, last)
    order = array.concat([before, [last], between, [axis]], 0)
    return array.transpose(x, order, name=name)


TopKV2 = collections.namedtuple("TopKV2", ["values", "indices"])


# -- the largest -----------------------------------------------------------------------------------


def top_k(input: Any, k: Any = 1, sorted: bool = True, name: str | None = None) -> Any:
    """The k largest entries of each row and their indices: `(values, indices)`."""
    return TopKV2(*g.TopKV2(input, k, sorted=sorted, name=name))


def in_top_k(predictions: Any, targets: Any, k: Any, name: str | None = None) -> Tensor:
    """Whether the target of each row is among its k largest predictions."""
    with g.name_scope(name, "in_top_k"):
        return g.InTopKV2(predictions, targets, k, name=name)


def l2_loss(t: Any, name: str | None = None) -> Tensor:
    """sum(t ** 2) / 2."""
    return g.L2Loss(t, name=name)
