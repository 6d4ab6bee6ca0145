"""`tf.contrib.layers`: convolutions of each channel by itself.

Source: TF 1.15 contrib/layers/python/layers/layers.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import Tensor, convert_to_tensor
from tailrace.library import array
from tailrace.library.contrib import tools
from tailrace.library.contrib.arg_scope import add_arg_scope
from tailrace.library.contrib.initializers import xavier_initializer
from tailrace.library.contrib.variables import model_variable
from tailrace.library.initializers import Zeros
from tailrace.library.layers.separable import SeparableConv2D
from tailrace.library.nn import activations
from tailrace.library.nn.convolution import depthwise_conv2d
from tailrace.library.variable_scope import variable_scope

_NAMES = {
    "bias": "biases",
    "depthwise_kernel": "depthwise_weights",
    "pointwise_kernel": "pointwise_weights",
}


@add_arg_scope
def separable_convolution2d(
    inputs: Any,
    num_outputs: int | None,
    kernel_size: Any,
    depth_multiplier: int = 1,
    stride: Any = 1,
    padding: str = "SAME",
    data_format: str = "NHWC",
    rate: Any = 1,
    activation_fn: Any = activations.relu,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
    weights_initializer: Any = xavier_initializer(),  # noqa: B008 - has no state
    pointwise_initializer: Any = None,
    weights_regularizer: Any = None,
    biases_initializer: Any = Zeros(),  # noqa: B008 - has no state
    biases_regularizer: Any = None,
    reuse: bool | None = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> Tensor:
    """activation(depthwise convolution, then one that mixes the channels, + biases).

    Without `num_outputs` the channels are not mixed.

    Shapes: inputs [B, H, W, C] -> [B, H', W', num_outputs or C depth_multiplier].
    """
    tools.check_image_format(data_format)
    getter = tools.model_variable_getter(_NAMES)
    with variable_scope(
        scope, "SeparableConv2d", [inputs], reuse=reuse, custom_getter=getter
    ) as opened:
        inputs = convert_to_tensor(inputs)
        biased = _Biases(
            normalizer_fn,
            normalizer_params,
            biases_initializer,
            biases_regularizer,
            variables_collections,
            trainable,
        )
        if num_outputs is None:
            channels = tools.channels(inputs.get_shape(), 1 if data_format == "NCHW" else -1, 4)
            weights = model_variable(
                "depthwise_weights",
                shape=[*tools.pair(kernel_size), channels, depth_multiplier],
                dtype=inputs.dtype.base_dtype,
                initializer=weights_initializer,
                regularizer=weights_regularizer,
                trainable=trainable,
                collections=tools.collections_of(variables_collections, "weights"),
            )
            steps = tools.pair(stride)
            strides = [1, 1, *steps] if data_format == "NCHW" else [1, *steps, 1]
            outputs = depthwise_conv2d(
                inputs, weights, strides, padding, tools.pair(rate), data_format=data_format
            )
            outputs = biased.added(outputs, depth_multiplier * channels, data_format)
        else:
            layer = SeparableConv2D(
                filters=num_outputs,
                kernel_size=kernel_size,
                strides=stride,
                padding=padding,
                data_format=tools.keras_format(data_format),
                dilation_rate=tools.pair(rate),
                depth_multiplier=depth_multiplier,
                use_bias=not normalizer_fn and bool(biases_initializer),
                depthwise_initializer=weights_initializer,
                pointwise_initializer=pointwise_initializer or weights_initializer,
                bias_initializer=biases_initializer,
                depthwise_regularizer=weights_regularizer,
                pointwise_regularizer=weights_regularizer,
                bias_regularizer=biases_regularizer,
                trainable=trainable,
                name=opened.name,
                dtype=inputs.dtype.base_dtype,
                _scope=opened,
                _reuse=reuse,
            )
            outputs = biased.applied(layer, inputs)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return tools.collected(outputs_collections, opened.name, outputs)


separable_conv2d = separable_convolution2d


class _Biases:
    """What comes between a convolution and its activation: a normalizer, or biases."""

    def __init__(
        self,
        normalizer_fn: Any,
        normalizer_params: Any,
        initializer: Any,
        regularizer: Any,
        collections: Any,
        trainable: bool,
    ) -> None:
        self._normalizer_fn = normalizer_fn
        self._normalizer_params = normalizer_params or {}
        self._initializer = initializer
        self._regularizer = regularizer
        self._collections = collections
        self._trainable = trainable

    def added(self, outputs: Tensor, channels: int, data_format: str = "NHWC") -> Tensor:
        """The outputs of an operation, normalized or with biases of their own."""
        if self._normalizer_fn is not None:
            return self._normalizer_fn(outputs, **self._normalizer_params)
        if self._initializer is None:
            return outputs
        biases = model_variable(
            "biases",
            shape=[channels],
            dtype=outputs.dtype.base_dtype,
            initializer=self._initializer,
            regularizer=self._regularizer,
            trainable=self._trainable,
            collections=tools.collections_of(self._collections, "biases"),
        )
        return activations.bias_add(outputs, biases, data_format=data_format)

    def applied(self, layer: SeparableConv2D, inputs: Tensor) -> Tensor:
        """The outputs of a layer that has its biases already, normalized."""
        outputs = layer.apply(inputs)
        tools.add_variable(layer.depthwise_kernel, self._collections, "weights")
        tools.add_variable(layer.pointwise_kernel, self._collections, "weights")
        if layer.bias is not None:
            tools.add_variable(layer.bias, self._collections, "biases")
        if self._normalizer_fn is not None:
            outputs = self._normalizer_fn(outputs, **self._normalizer_params)
        return outputs


@add_arg_scope
def convolution2d_in_plane(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 1,
    padding: str = "SAME",
    activation_fn: Any = activations.relu,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
    weights_initializer: Any = xavier_initializer(),  # noqa: B008 - has no state
    weights_regularizer: Any = None,
    biases_initializer: Any = Zeros(),  # noqa: B008 - has no state
    biases_regularizer: Any = None,
    reuse: bool | None = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> Tensor:
    """The same convolution of every channel. Shapes: [B, H, W, C] -> [B, H', W', C]."""
    with variable_scope(scope, "ConvInPlane", [inputs], reuse=reuse) as opened:
        channels = tools.channels(inputs.get_shape(), -1, min_rank=4)
        weights = model_variable(
            "weights",
            shape=[*tools.pair(kernel_size), 1, 1],
            dtype=inputs.dtype.base_dtype,
            initializer=weights_initializer,
            regularizer=weights_regularizer,
            collections=tools.collections_of(variables_collections, "weights"),
            trainable=trainable,
        )
        filters = array.tile(weights, [1, 1, channels, 1])
        outputs = depthwise_conv2d(inputs, filters, [1, *tools.pair(stride), 1], padding)
        biased = _Biases(
            normalizer_fn,
            normalizer_params,
            biases_initializer,
            biases_regularizer,
            variables_collections,
            trainable,
        )
        outputs = biased.added(outputs, channels)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return tools.collected(outputs_collections, opened.name, outputs)


conv2d_in_plane = convolution2d_in_plane
