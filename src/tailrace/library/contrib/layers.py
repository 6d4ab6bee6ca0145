"""`tf.contrib.layers`: fully connected and convolutional layers, and what stacks them.

Source: TF 1.15 contrib/layers/python/layers/layers.py.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import arithmetic, array
from tailrace.library.contrib import tools
from tailrace.library.contrib.arg_scope import add_arg_scope
from tailrace.library.contrib.initializers import xavier_initializer
from tailrace.library.contrib.variables import model_variable
from tailrace.library.initializers import Zeros
from tailrace.library.layers import convolution as conv_layers
from tailrace.library.layers import core
from tailrace.library.nn import activations
from tailrace.library.variable_scope import variable_scope

relu_activation = activations.relu


@add_arg_scope
def fully_connected(
    inputs: Any,
    num_outputs: int,
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
    """activation(inputs weights + biases); with a normalizer there are no biases.

    Shapes: inputs [..., n] -> [..., num_outputs].
    Raises: ValueError when num_outputs is not a whole number.
    """
    if not isinstance(num_outputs, int):
        raise ValueError(f"num_outputs type should be int, got {type(num_outputs)}.")
    getter = tools.model_variable_getter(tools.WEIGHTS_AND_BIASES)
    with variable_scope(
        scope, "fully_connected", [inputs], reuse=reuse, custom_getter=getter
    ) as opened:
        inputs = convert_to_tensor(inputs)
        layer = core.Dense(
            units=num_outputs,
            use_bias=not normalizer_fn and bool(biases_initializer),
            kernel_initializer=weights_initializer,
            bias_initializer=biases_initializer,
            kernel_regularizer=weights_regularizer,
            bias_regularizer=biases_regularizer,
            trainable=trainable,
            name=opened.name,
            dtype=inputs.dtype.base_dtype,
            _scope=opened,
            _reuse=reuse,
        )
        return tools.finished(
            layer,
            inputs,
            opened,
            normalizer_fn,
            normalizer_params,
            activation_fn,
            variables_collections,
            outputs_collections,
        )


elu = functools.partial(fully_connected, activation_fn=activations.elu)
relu = functools.partial(fully_connected, activation_fn=activations.relu)
relu6 = functools.partial(fully_connected, activation_fn=activations.relu6)
linear = functools.partial(fully_connected, activation_fn=None)


# -- convolution -----------------------------------------------------------------------------------

_FORMATS = (None, "NWC", "NCW", "NHWC", "NCHW", "NDHWC", "NCDHW")
_CONVOLUTIONS = {3: conv_layers.Conv1D, 4: conv_layers.Conv2D, 5: conv_layers.Conv3D}


@add_arg_scope
def convolution(
    inputs: Any,
    num_outputs: int,
    kernel_size: Any,
    stride: Any = 1,
    padding: str = "SAME",
    data_format: str | None = None,
    rate: Any = 1,
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
    conv_dims: int | None = None,
) -> Tensor:
    """activation(convolution + biases) of sequences, images or volumes.

    Raises: ValueError for other ranks, or another than conv_dims says.
    """
    if data_format not in _FORMATS:
        raise ValueError(f"Invalid data_format: {data_format!r}")
    getter = tools.model_variable_getter(tools.WEIGHTS_AND_BIASES)
    with variable_scope(scope, "Conv", [inputs], reuse=reuse, custom_getter=getter) as opened:
        inputs = convert_to_tensor(inputs)
        rank = inputs.shape.ndims
        if conv_dims is not None and conv_dims + 2 != rank:
            raise ValueError(f"Convolution expects input with rank {conv_dims + 2}, got {rank}")
        if rank not in _CONVOLUTIONS:
            raise ValueError("Convolution not supported for input with rank", rank)
        layer = _CONVOLUTIONS[rank](
            filters=num_outputs,
            kernel_size=kernel_size,
            strides=stride,
            padding=padding,
            data_format=tools.keras_format(data_format),
            dilation_rate=rate,
            use_bias=not normalizer_fn and bool(biases_initializer),
            kernel_initializer=weights_initializer,
            bias_initializer=biases_initializer,
            kernel_regularizer=weights_regularizer,
            bias_regularizer=biases_regularizer,
            trainable=trainable,
            name=opened.name,
            dtype=inputs.dtype.base_dtype,
            _scope=opened,
            _reuse=reuse,
        )
        return tools.finished(
            layer,
            inputs,
            opened,
            normalizer_fn,
            normalizer_params,
            activation_fn,
            variables_collections,
            outputs_collections,
        )


def _convolution_of(dims: int, name: str, what: str) -> Callable[..., Tensor]:
    def function(
        inputs: Any,
        num_outputs: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: str = "SAME",
        data_format: str | None = None,
        rate: Any = 1,
        activation_fn: Any = relu_activation,
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
        return convolution(
            inputs,
            num_outputs,
            kernel_size,
            stride,
            padding,
            data_format,
            rate,
            activation_fn,
            normalizer_fn,
            normalizer_params,
            weights_initializer,
            weights_regularizer,
            biases_initializer,
            biases_regularizer,
            reuse,
            variables_collections,
            outputs_collections,
            trainable,
            scope,
            conv_dims=dims,
        )

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"activation(convolution + biases) of {what}."
    return add_arg_scope(function)


convolution1d = conv1d = _convolution_of(1, "convolution1d", "sequences [B, T, C]")
convolution2d = conv2d = _convolution_of(2, "convolution2d", "images [B, H, W, C]")
convolution3d = conv3d = _convolution_of(3, "convolution3d", "volumes [B, D, H, W, C]")


# -- without windows -------------------------------------------------------------------------------


@add_arg_scope
def bias_add(
    inputs: Any,
    activation_fn: Any = None,
    initializer: Any = Zeros(),  # noqa: B008 - has no state
    regularizer: Any = None,
    reuse: bool | None = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    data_format: str = "NHWC",
    scope: Any = None,
) -> Tensor:
    """activation(inputs + biases). Raises: ValueError for unknown ranks or channels."""
    tools.check_image_format(data_format)
    with variable_scope(scope, "BiasAdd", [inputs], reuse=reuse) as opened:
        inputs = convert_to_tensor(inputs)
        rank = inputs.shape.ndims
        if rank is None:
            raise ValueError("Dims of shape must be known but is None")
        if rank != 4 and data_format == "NCHW":
            raise ValueError("Data format NCHW only supports 4D Tensor")
        size = inputs.shape[1 if data_format == "NCHW" else -1].value
        if size is None:
            raise ValueError("`C` dimension must be known but is None")
        biases = model_variable(
            "biases",
            shape=[size],
            dtype=inputs.dtype.base_dtype,
            initializer=initializer,
            regularizer=regularizer,
            collections=tools.collections_of(variables_collections, "biases"),
            trainable=trainable,
        )
        outputs = activations.bias_add(inputs, biases, data_format=data_format)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return tools.collected(outputs_collections, opened.name, outputs)


@add_arg_scope
def dropout(
    inputs: Any,
    keep_prob: Any = 0.5,
    noise_shape: Any = None,
    is_training: Any = True,
    outputs_collections: Any = None,
    scope: Any = None,
    seed: int | None = None,
) -> Tensor:
    """Each element kept with probability keep_prob and scaled up, else 0, when training."""
    getter = tools.model_variable_getter()
    with variable_scope(scope, "Dropout", [inputs], custom_getter=getter) as opened:
        inputs = convert_to_tensor(inputs)
        layer = core.Dropout(
            1 - keep_prob, noise_shape=noise_shape, seed=seed, name=opened.name, _scope=opened
        )
        outputs = layer.apply(inputs, training=is_training)
        return tools.collected(outputs_collections, opened.name, outputs)


@add_arg_scope
def flatten(inputs: Any, outputs_collections: Any = None, scope: str | None = None) -> Tensor:
    """All dimensions but the first made one."""
    with g.name_scope(scope, "Flatten") as opened:
        outputs = core.flatten(convert_to_tensor(inputs))
        return tools.collected(outputs_collections, opened, outputs)


@add_arg_scope
def one_hot_encoding(
    labels: Any,
    num_classes: Any,
    on_value: float = 1.0,
    off_value: float = 0.0,
    outputs_collections: Any = None,
    scope: str | None = None,
) -> Tensor:
    """Labels [B] as rows [B, num_classes] with one entry on."""
    with g.name_scope(scope, "OneHotEncoding") as opened:
        labels = convert_to_tensor(labels)
        if labels.dtype is dtypes.int32:
            labels = arithmetic.to_int64(labels)
        outputs = array.one_hot(labels, num_classes, on_value=on_value, off_value=off_value)
        return tools.collected(outputs_collections, opened, outputs)


@add_arg_scope
def softmax(logits: Any, scope: str | None = None) -> Tensor:
    """Softmax along the last dimension, whatever the others."""
    with variable_scope(scope, "softmax", [logits]):
        size = tools.channels(logits.get_shape(), -1, min_rank=2)
        predictions = activations.softmax(array.reshape(logits, [-1, size]))
        predictions = array.reshape(predictions, array.shape(logits))
        predictions.set_shape(logits.get_shape())
        return predictions


# -- stacks ----------------------------------------------------------------------------------------


def repeat(inputs: Any, repetitions: int, layer: Any, *args: Any, **kwargs: Any) -> Tensor:
    """The same layer several times, in scopes `<scope>_1`, `<scope>_2`, ...."""
    scope = kwargs.pop("scope", None)
    with variable_scope(scope, "Repeat", [inputs]):
        outputs = convert_to_tensor(inputs)
        base = scope if scope is not None else _layer_name(layer, "repeat")
        for i in range(repetitions):
            outputs = layer(outputs, *args, **{**kwargs, "scope": f"{base}_{i + 1}"})
        return outputs


def stack(inputs: Any, layer: Any, stack_args: Any, **kwargs: Any) -> Tensor:
    """A layer once for each entry of `stack_args`, with that as its arguments.

    Raises: ValueError when stack_args is no list.
    """
    scope = kwargs.pop("scope", None)
    if not isinstance(stack_args, (list, tuple)):
        raise ValueError("stack_args need to be a list or tuple")
    with variable_scope(scope, "Stack", [inputs]):
        outputs = convert_to_tensor(inputs)
        base = scope if scope is not None else _layer_name(layer, "stack")
        for i, given in enumerate(stack_args):
            args = given if isinstance(given, (list, tuple)) else [given]
            outputs = layer(outputs, *args, **{**kwargs, "scope": f"{base}_{i + 1}"})
        return outputs


def _layer_name(layer: Any, default: str) -> str:
    function = getattr(layer, "func", layer)
    return getattr(layer, "__name__", getattr(function, "__name__", default))
