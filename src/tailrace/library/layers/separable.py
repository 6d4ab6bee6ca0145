"""Separable and transposed convolutional layers.

Source: TF 1.15 python/layers/convolutional.py, python/keras/layers/convolutional.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import Tensor
from tailrace.library import array
from tailrace.library.initializers import Zeros
from tailrace.library.layers import tools
from tailrace.library.layers.convolution import _Conv
from tailrace.library.nn.activations import bias_add
from tailrace.library.nn.convolution import separable_conv2d as nn_separable_conv2d
from tailrace.library.nn.transposed import conv2d_transpose as nn_conv2d_transpose
from tailrace.library.nn.transposed import conv3d_transpose as nn_conv3d_transpose
from tailrace.shapes import TensorShape


class _SeparableConv(_Conv):
    """A depthwise convolution, then one that mixes the channels."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str = "channels_last",
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = None,
        pointwise_initializer: Any = None,
        bias_initializer: Any = Zeros(),  # noqa: B008 - has no state
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        """depth_multiplier is the number of depthwise filters of each channel."""
        super().__init__(
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            bias_initializer=bias_initializer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            bias_constraint=bias_constraint,
            trainable=trainable,
            name=name,
            **kwargs,
        )
        self.depth_multiplier = depth_multiplier
        self.depthwise_initializer = tools.initializer(depthwise_initializer)
        self.pointwise_initializer = tools.initializer(pointwise_initializer)
        self.depthwise_regularizer = depthwise_regularizer
        self.pointwise_regularizer = pointwise_regularizer
        self.depthwise_constraint = depthwise_constraint
        self.pointwise_constraint = pointwise_constraint

    def build(self, input_shape: Any) -> None:
        """Make depthwise_kernel, pointwise_kernel and bias."""
        channels = self._channels(TensorShape(input_shape))
        depthwise = (*self.kernel_size, channels, self.depth_multiplier)
        pointwise = (*[1] * self.rank, self.depth_multiplier * channels, self.filters)
        self.depthwise_kernel = self._add_kernel("depthwise_kernel", depthwise, "depthwise")
        self.pointwise_kernel = self._add_kernel("pointwise_kernel", pointwise, "pointwise")
        if self.use_bias:
            self.bias = self._add_kernel("bias", (self.filters,), "bias")
        self.built = True

    def _with_bias(self, outputs: Tensor) -> Tensor:
        if not self.use_bias:
            return outputs
        data_format = tools.operation_format(self.data_format, 4)
        return bias_add(outputs, self.bias, data_format=data_format)


class SeparableConv1D(_SeparableConv):
    """Separable convolution of sequences [B, T, in]."""

    rank = 1

    def call(self, inputs: Any) -> Any:
        """As images of one row."""
        if self.padding == "causal":
            inputs = array.pad(inputs, self._causal_padding())
        last = self.data_format == "channels_last"
        strides = (1, *self.strides * 2, 1) if last else (1, 1, *self.strides * 2)
        row = 1 if last else 2
        inputs = array.expand_dims(inputs, row)
        depthwise = array.expand_dims(self.depthwise_kernel, 0)
        pointwise = array.expand_dims(self.pointwise_kernel, 0)
        outputs = nn_separable_conv2d(
            inputs,
            depthwise,
            pointwise,
            strides=strides,
            padding="VALID" if self.padding == "causal" else self.padding.upper(),
            rate=(1, *self.dilation_rate),
            data_format=tools.operation_format(self.data_format, 4),
        )
        outputs = array.squeeze(self._with_bias(outputs), [row])
        return outputs if self.activation is None else self.activation(outputs)


class SeparableConv2D(_SeparableConv):
    """Separable convolution of images [B, H, W, in]."""

    rank = 2

    def call(self, inputs: Any) -> Any:
        """The two convolutions, with bias and activation."""
        last = self.data_format == "channels_last"
        outputs = nn_separable_conv2d(
            inputs,
            self.depthwise_kernel,
            self.pointwise_kernel,
            strides=(1, *self.strides, 1) if last else (1, 1, *self.strides),
            padding=self.padding.upper(),
            rate=self.dilation_rate,
            data_format=tools.operation_format(self.data_format, 4),
        )
        outputs = self._with_bias(outputs)
        return outputs if self.activation is None else self.activation(outputs)


# -- transposed ------------------------------------------------------------------------------------


class _ConvTranspose(_Conv):
    """activation(transposed convolution + bias): from the shape of outputs to that of inputs."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str = "channels_last",
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
        """As a convolution's, without dilation."""
        super().__init__(
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            trainable=trainable,
            name=name,
            **kwargs,
        )

    def build(self, input_shape: Any) -> None:
        """Make kernel [size..., filters, in] and bias [filters]."""
        shape = TensorShape(input_shape)
        if len(shape) != self.rank + 2:
            raise ValueError(
                f"Inputs should have rank {self.rank + 2}. Received input shape: {input_shape}"
            )
        channels = self._channels(shape)
        self.kernel = self._add_kernel("kernel", (*self.kernel_size, self.filters, channels))
        if self.use_bias:
            self.bias = self._add_kernel("bias", (self.filters,), "bias")
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The transposed convolution, with bias and activation."""
        shape = array.shape(inputs)
        batch = shape[0]
        first = self.data_format == "channels_first"
        start = 2 if first else 1
        sizes = [shape[start + i] for i in range(self.rank)]
        space = self._lengths(sizes)
        wanted = [batch, self.filters, *space] if first else [batch, *space, self.filters]
        outputs = self._transposed(inputs, array.stack(wanted))
        outputs.set_shape(self.compute_output_shape(inputs.shape))
        if self.use_bias:
            data_format = tools.operation_format(self.data_format, 4)
            outputs = bias_add(outputs, self.bias, data_format=data_format)
        return outputs if self.activation is None else self.activation(outputs)

    def _lengths(self, sizes: list[Any]) -> list[Any]:
        return [
            tools.transposed_length(size, window, self.padding, stride)
            for size, window, stride in zip(sizes, self.kernel_size, self.strides, strict=True)
        ]

    def _transposed(self, inputs: Tensor, output_shape: Tensor) -> Tensor:
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Shapes: [B, windows..., in] -> [B, space..., filters]."""
        dims = TensorShape(input_shape).as_list()
        if self.data_format == "channels_first":
            return TensorShape([dims[0], self.filters, *self._lengths(dims[2:])])
        return TensorShape([dims[0], *self._lengths(dims[1:-1]), self.filters])


class Conv2DTranspose(_ConvTranspose):
    """Transposed convolution of images [B, H, W, in]; variables kernel and bias."""

    rank = 2

    def _transposed(self, inputs: Tensor, output_shape: Tensor) -> Tensor:
        # TF: without an accelerator channels are moved to the end and back
        first = self.data_format == "channels_first"
        if first:
            inputs = array.transpose(inputs, (0, 2, 3, 1))
            output_shape = array.stack([output_shape[i] for i in (0, 2, 3, 1)])
        else:
            # TF: looks at the batch size, which adds nodes, and then uses the shape as it is
            _ = output_shape[0]
        outputs = nn_conv2d_transpose(
            inputs,
            self.kernel,
            output_shape,
            (1, *self.strides, 1),
            padding=self.padding.upper(),
            data_format="NHWC",
        )
        return array.transpose(outputs, (0, 3, 1, 2)) if first else outputs


class Conv3DTranspose(_ConvTranspose):
    """Transposed convolution of volumes [B, D, H, W, in]; variables kernel and bias."""

    rank = 3

    def _transposed(self, inputs: Tensor, output_shape: Tensor) -> Tensor:
        first = self.data_format == "channels_first"
        return nn_conv3d_transpose(
            inputs,
            self.kernel,
            output_shape,
            (1, 1, *self.strides) if first else (1, *self.strides, 1),
            data_format=tools.operation_format(self.data_format, 5),
            padding=self.padding.upper(),
        )


separable_conv1d = tools.as_function(
    SeparableConv1D,
    "separable_conv1d",
    "Separable convolution of sequences, in a new `SeparableConv1D` layer.",
)
separable_conv2d = tools.as_function(
    SeparableConv2D,
    "separable_conv2d",
    "Separable convolution of images, in a new `SeparableConv2D` layer.",
)
conv2d_transpose = tools.as_function(
    Conv2DTranspose,
    "conv2d_transpose",
    "Transposed convolution of images, in a new `Conv2DTranspose` layer.",
)
conv3d_transpose = tools.as_function(
    Conv3DTranspose,
    "conv3d_transpose",
    "Transposed convolution of volumes, in a new `Conv3DTranspose` layer.",
)
