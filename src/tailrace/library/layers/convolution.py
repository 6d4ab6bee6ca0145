"""Convolutional layers of one to three dimensions.

Source: TF 1.15 python/layers/convolutional.py, python/keras/layers/convolutional.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import Tensor
from tailrace.library import array
from tailrace.library.initializers import Zeros
from tailrace.library.layers import tools
from tailrace.library.layers.base import InputSpec, Layer
from tailrace.library.nn.activations import bias_add
from tailrace.library.nn.convolution import Convolution
from tailrace.shapes import TensorShape


class _Conv(Layer):
    """activation(convolution(inputs, kernel) + bias) over `rank` dimensions."""

    rank: int

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str = "channels_last",
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = Zeros(),  # noqa: B008 - has no state
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        """Sizes, strides and rates are a number or one per dimension.

        Raises: ValueError for other counts, and names of paddings and formats there are not.
        """
        super().__init__(
            trainable=trainable, name=name, activity_regularizer=activity_regularizer, **kwargs
        )
        self.filters = filters
        self.kernel_size = tools.as_tuple(kernel_size, self.rank, "kernel_size")
        self.strides = tools.as_tuple(strides, self.rank, "strides")
        self.padding = tools.padding_name(padding)
        if self.padding == "causal" and self.rank != 1:
            raise ValueError("Causal padding is only supported for `Conv1D` and `SeparableConv1D`.")
        self.data_format = tools.format_name(data_format)
        self.dilation_rate = tools.as_tuple(dilation_rate, self.rank, "dilation_rate")
        self.activation = tools.activation(activation)
        self.use_bias = use_bias
        self.kernel_initializer = tools.initializer(kernel_initializer)
        self.bias_initializer = tools.initializer(bias_initializer)
        self.kernel_regularizer = kernel_regularizer
        self.bias_regularizer = bias_regularizer
        self.kernel_constraint = kernel_constraint
        self.bias_constraint = bias_constraint
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self.kernel: Any = None
        self.bias: Any = None

    def _channels(self, input_shape: TensorShape) -> int:
        """The inputs' channels, which the layer asks for from now on.

        Raises: ValueError when they are not known.
        """
        axis = 1 if self.data_format == "channels_first" else -1
        channels = input_shape[axis].value
        if channels is None:
            raise ValueError("The channel dimension of the inputs should be defined. Found `None`.")
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels})
        return channels

    def _add_kernel(self, name: str, shape: tuple[int, ...], kind: str = "kernel") -> Any:
        return self.add_weight(
            name,
            shape=shape,
            initializer=getattr(self, f"{kind}_initializer"),
            regularizer=getattr(self, f"{kind}_regularizer"),
            constraint=getattr(self, f"{kind}_constraint"),
            trainable=True,
            dtype=self.dtype,
        )

    def build(self, input_shape: Any) -> None:
        """Make kernel [size..., in, filters] and bias [filters]."""
        input_shape = TensorShape(input_shape)
        channels = self._channels(input_shape)
        self.kernel = self._add_kernel("kernel", (*self.kernel_size, channels, self.filters))
        if self.use_bias:
            self.bias = self._add_kernel("bias", (self.filters,), "bias")
        self._convolution = Convolution(
            input_shape,
            self.kernel.get_shape(),
            dilation_rate=self.dilation_rate,
            strides=self.strides,
            padding="VALID" if self.padding == "causal" else self.padding.upper(),
            data_format=tools.operation_format(self.data_format, self.rank + 2),
        )
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The convolution, with bias and activation."""
        if self.padding == "causal":
            inputs = array.pad(inputs, self._causal_padding())
        return self._finished(self._convolution(inputs, self.kernel))

    def _finished(self, outputs: Tensor) -> Any:
        if self.use_bias and self.data_format == "channels_first" and self.rank == 1:
            outputs = outputs + array.reshape(self.bias, (1, self.filters, 1))
        elif self.use_bias:
            data_format = "NCHW" if self.data_format == "channels_first" else "NHWC"
            outputs = bias_add(outputs, self.bias, data_format=data_format)
        return outputs if self.activation is None else self.activation(outputs)

    def _causal_padding(self) -> list[list[int]]:
        before = self.dilation_rate[0] * (self.kernel_size[0] - 1)
        if self.data_format == "channels_last":
            return [[0, 0], [before, 0], [0, 0]]
        return [[0, 0], [0, 0], [before, 0]]

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Shapes: [B, space..., in] -> [B, windows..., filters]."""
        dims = TensorShape(input_shape).as_list()
        last = self.data_format == "channels_last"
        padding = "same" if self.padding == "causal" else self.padding
        space = [
            tools.output_length(length, window, padding, stride, rate)
            for length, window, stride, rate in zip(
                dims[1:-1] if last else dims[2:],
                self.kernel_size,
                self.strides,
                self.dilation_rate,
                strict=True,
            )
        ]
        batch = dims[0]
        return TensorShape([batch, *space, self.filters] if last else [batch, self.filters, *space])


class Conv1D(_Conv):
    """Convolution of sequences [B, T, in]; variables kernel [t, in, filters] and bias."""

    rank = 1


class Conv2D(_Conv):
    """Convolution of images [B, H, W, in]; variables kernel [h, w, in, filters] and bias."""

    rank = 2


class Conv3D(_Conv):
    """Convolution of volumes [B, D, H, W, in]; variables kernel and bias."""

    rank = 3


conv1d = tools.as_function(Conv1D, "conv1d", "Convolution of sequences, in a new `Conv1D` layer.")
conv2d = tools.as_function(Conv2D, "conv2d", "Convolution of images, in a new `Conv2D` layer.")
conv3d = tools.as_function(Conv3D, "conv3d", "Convolution of volumes, in a new `Conv3D` layer.")
