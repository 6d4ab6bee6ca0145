"""Pooling layers of one to three dimensions.

Source: TF 1.15 python/layers/pooling.py, python/keras/layers/pooling.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.graph import Tensor
from tailrace.library import array
from tailrace.library.layers import tools
from tailrace.library.layers.base import InputSpec, Layer
from tailrace.library.nn import pooling as nn
from tailrace.shapes import TensorShape


class _Pooling(Layer):
    """A function of each window, over `rank` dimensions."""

    rank: int
    function: Callable[..., Tensor]

    def __init__(
        self,
        pool_size: Any,
        strides: Any,
        padding: str = "valid",
        data_format: str = "channels_last",
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        """Sizes and strides are a number or one per dimension.

        Raises: ValueError for other counts, and names of paddings and formats there are not.
        """
        if strides is None:
            raise ValueError("Argument `strides` must not be None.")
        super().__init__(name=name, **kwargs)
        self.pool_size = tools.as_tuple(pool_size, self.rank, "pool_size")
        self.strides = tools.as_tuple(strides, self.rank, "strides")
        self.padding = tools.padding_name(padding)
        self.data_format = tools.format_name(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Any) -> Tensor:
        """The pooled inputs."""
        last = self.data_format == "channels_last"
        return type(self).function(
            inputs,
            ksize=(1, *self.pool_size, 1) if last else (1, 1, *self.pool_size),
            strides=(1, *self.strides, 1) if last else (1, 1, *self.strides),
            padding=self.padding.upper(),
            data_format=tools.operation_format(self.data_format, self.rank + 2),
        )

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Shapes: [B, space..., C] -> [B, windows..., C]."""
        dims = TensorShape(input_shape).as_list()
        last = self.data_format == "channels_last"
        lengths = [
            tools.output_length(length, window, self.padding, stride)
            for length, window, stride in zip(
                dims[1:-1] if last else dims[2:], self.pool_size, self.strides, strict=True
            )
        ]
        return TensorShape([dims[0], *lengths, dims[-1]] if last else [dims[0], dims[1], *lengths])


class _Pooling1D(_Pooling):
    rank = 1

    def call(self, inputs: Any) -> Tensor:
        """As images of one column."""
        last = self.data_format == "channels_last"
        axis = 2 if last else 3
        images = array.expand_dims(inputs, axis)
        # TF: without an accelerator channels are moved to the end and back
        images = images if last else array.transpose(images, (0, 2, 3, 1))
        pooled = type(self).function(
            images,
            (1, *self.pool_size, 1, 1),
            (1, *self.strides, 1, 1),
            padding=self.padding.upper(),
            data_format="NHWC",
        )
        pooled = pooled if last else array.transpose(pooled, (0, 3, 1, 2))
        return array.squeeze(pooled, axis)


class _Pooling3D(_Pooling):
    rank = 3

    def call(self, inputs: Any) -> Tensor:
        """With channels first they are moved to the end and back."""
        first = self.data_format == "channels_first"
        if first:
            inputs = array.transpose(inputs, (0, 2, 3, 4, 1))
        pooled = type(self).function(
            inputs,
            ksize=(1, *self.pool_size, 1),
            strides=(1, *self.strides, 1),
            padding=self.padding.upper(),
        )
        return array.transpose(pooled, (0, 4, 1, 2, 3)) if first else pooled


class MaxPooling1D(_Pooling1D):
    """The maximum of each window of sequences [B, T, C]."""

    function = nn.max_pool


class AveragePooling1D(_Pooling1D):
    """The mean of each window of sequences [B, T, C]."""

    function = nn.avg_pool


class MaxPooling2D(_Pooling):
    """The maximum of each window of images [B, H, W, C]."""

    rank = 2
    function = nn.max_pool


class AveragePooling2D(_Pooling):
    """The mean of each window of images [B, H, W, C]."""

    rank = 2
    function = nn.avg_pool


class MaxPooling3D(_Pooling3D):
    """The maximum of each window of volumes [B, D, H, W, C]."""

    function = nn.max_pool3d


class AveragePooling3D(_Pooling3D):
    """The mean of each window of volumes [B, D, H, W, C]."""

    function = nn.avg_pool3d


def _function(layer: type[_Pooling], name: str) -> Callable[..., Tensor]:
    def function(
        inputs: Any,
        pool_size: Any,
        strides: Any,
        padding: str = "valid",
        data_format: str = "channels_last",
        name: str | None = None,
    ) -> Tensor:
        facts = {"padding": padding, "data_format": data_format, "name": name}
        return layer(pool_size, strides, **facts).apply(inputs)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = layer.__doc__
    return function


max_pooling1d = _function(MaxPooling1D, "max_pooling1d")
max_pooling2d = _function(MaxPooling2D, "max_pooling2d")
max_pooling3d = _function(MaxPooling3D, "max_pooling3d")
average_pooling1d = _function(AveragePooling1D, "average_pooling1d")
average_pooling2d = _function(AveragePooling2D, "average_pooling2d")
average_pooling3d = _function(AveragePooling3D, "average_pooling3d")
