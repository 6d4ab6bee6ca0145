"""`tf.contrib.layers`: transposed convolutions.

Source: TF 1.15 contrib/layers/python/layers/layers.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.graph import Tensor, convert_to_tensor
from tailrace.library.contrib import tools
from tailrace.library.contrib.arg_scope import add_arg_scope
from tailrace.library.contrib.initializers import xavier_initializer
from tailrace.library.initializers import Zeros
from tailrace.library.layers import separable as layers
from tailrace.library.nn import activations
from tailrace.library.variable_scope import variable_scope


def _transposed(layer_type: type, volumes: bool) -> Callable[..., Tensor]:
    """The function of a layer, of volumes or of images."""
    check = tools.check_volume_format if volumes else tools.check_image_format
    dims, what = (3, "volumes [B, D, H, W, C]") if volumes else (2, "images [B, H, W, C]")

    def function(
        inputs: Any,
        num_outputs: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: str = "SAME",
        data_format: str = "NDHWC" if volumes else "NHWC",
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
        getter = tools.model_variable_getter(tools.WEIGHTS_AND_BIASES)
        with variable_scope(
            scope, f"Conv{dims}d_transpose", [inputs], reuse=reuse, custom_getter=getter
        ) as opened:
            check(data_format)
            inputs = convert_to_tensor(inputs)
            layer = layer_type(
                filters=num_outputs,
                kernel_size=kernel_size,
                strides=stride,
                padding=padding,
                data_format=tools.keras_format(data_format),
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

    function.__name__ = function.__qualname__ = f"convolution{dims}d_transpose"
    function.__doc__ = f"activation(transposed convolution + biases) of {what}."
    return add_arg_scope(function)


convolution2d_transpose = conv2d_transpose = _transposed(layers.Conv2DTranspose, volumes=False)
convolution3d_transpose = conv3d_transpose = _transposed(layers.Conv3DTranspose, volumes=True)
