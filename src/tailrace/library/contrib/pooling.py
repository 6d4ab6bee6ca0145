"""`tf.contrib.layers`: pooling of images, volumes and whatever has windows.

Source: TF 1.15 contrib/layers/python/layers/layers.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library.contrib import tools
from tailrace.library.contrib.arg_scope import add_arg_scope
from tailrace.library.layers import pooling as pool_layers
from tailrace.library.nn import pooling as nn


def _pooling(layer: type, default: str, volumes: bool, function: str, doc: str) -> Any:
    """The function of a pooling layer, with what its name scope is called."""
    check = tools.check_volume_format if volumes else tools.check_image_format

    def pooled(
        inputs: Any,
        kernel_size: Any,
        stride: Any = 2,
        padding: str = "VALID",
        data_format: str = "NDHWC" if volumes else "NHWC",
        outputs_collections: Any = None,
        scope: str | None = None,
    ) -> Tensor:
        check(data_format)
        with g.name_scope(scope, default) as opened:
            inputs = convert_to_tensor(inputs)
            pool = layer(
                pool_size=kernel_size,
                strides=stride,
                padding=padding,
                data_format=tools.keras_format(data_format),
                _scope=opened,
            )
            return tools.collected(outputs_collections, opened, pool.apply(inputs))

    pooled.__name__ = pooled.__qualname__ = function
    pooled.__doc__ = doc
    return add_arg_scope(pooled)


_Pool = Callable[..., Tensor]

_IMAGES, _VOLUMES = "images [B, H, W, C].", "volumes [B, D, H, W, C]."
_MAXIMUM, _MEAN = "The maximum of each window of ", "The mean of each window of "

max_pool2d: _Pool = _pooling(
    pool_layers.MaxPooling2D, "MaxPool2D", False, "max_pool2d", _MAXIMUM + _IMAGES
)
avg_pool2d: _Pool = _pooling(
    pool_layers.AveragePooling2D, "AvgPool2D", False, "avg_pool2d", _MEAN + _IMAGES
)
max_pool3d: _Pool = _pooling(
    pool_layers.MaxPooling3D, "MaxPool3D", True, "max_pool3d", _MAXIMUM + _VOLUMES
)
avg_pool3d: _Pool = _pooling(
    pool_layers.AveragePooling3D, "AvgPool3D", True, "avg_pool3d", _MEAN + _VOLUMES
)


@add_arg_scope
def pool(
    inputs: Any,
    kernel_size: Any,
    pooling_type: str,
    padding: str = "VALID",
    data_format: str | None = None,
    dilation_rate: Any = 1,
    stride: Any = 1,
    outputs_collections: Any = None,
    scope: str | None = None,
) -> Tensor:
    """Pooling ("MAX" or "AVG") over all dimensions but those of batch and channels.

    Raises: ValueError for an unknown rank, or one below 3.
    """
    with g.name_scope(scope, f"{pooling_type.lower()}_pool") as opened:
        inputs = convert_to_tensor(inputs)
        rank = inputs.get_shape().ndims
        if rank is None:
            raise ValueError("Rank of inputs must be known")
        if rank < 3:
            raise ValueError("Rank of inputs must be >= 3")
        outputs = nn.pool(
            input=inputs,
            window_shape=tools.positive_numbers(rank - 2, kernel_size),
            pooling_type=pooling_type,
            padding=padding,
            data_format=data_format,
            dilation_rate=tools.positive_numbers(rank - 2, dilation_rate),
            strides=tools.positive_numbers(rank - 2, stride),
            name=opened,
        )
        return tools.collected(outputs_collections, opened, outputs)
