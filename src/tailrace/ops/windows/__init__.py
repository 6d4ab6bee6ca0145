"""Operations that slide a window over images, sequences and volumes: convolution and pooling."""

from tailrace.ops.windows import (
    average_pool,
    conv2d,
    conv3d,
    depthwise,
    dilation,
    fractional_pool,
    max_pool,
)

__all__ = [
    "average_pool",
    "conv2d",
    "conv3d",
    "depthwise",
    "dilation",
    "fractional_pool",
    "max_pool",
]
