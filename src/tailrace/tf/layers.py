"""`tf.layers`."""

from tailrace.library.layers.base import InputSpec, Layer
from tailrace.library.layers.convolution import Conv1D, Conv2D, Conv3D, conv1d, conv2d, conv3d
from tailrace.library.layers.core import Dense, Dropout, Flatten, dense, dropout, flatten
from tailrace.library.layers.normalization import BatchNormalization, batch_normalization
from tailrace.library.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
    average_pooling1d,
    average_pooling2d,
    average_pooling3d,
    max_pooling1d,
    max_pooling2d,
    max_pooling3d,
)
from tailrace.library.layers.separable import (
    Conv2DTranspose,
    Conv3DTranspose,
    SeparableConv1D,
    SeparableConv2D,
    conv2d_transpose,
    conv3d_transpose,
    separable_conv1d,
    separable_conv2d,
)
