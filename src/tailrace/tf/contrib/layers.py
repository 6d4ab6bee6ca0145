"""`tf.contrib.layers`."""

from tailrace.library.contrib.encoders import (
    bow_encoder,
    embed_sequence,
    embedding_lookup_unique,
    safe_embedding_lookup_sparse,
)
from tailrace.library.contrib.feature_maps import (
    dense_to_sparse,
    images_to_sequence,
    maxout,
    sequence_to_images,
    spatial_softmax,
    unit_norm,
)
from tailrace.library.contrib.group_normalization import group_norm, instance_norm
from tailrace.library.contrib.initializers import (
    variance_scaling_initializer,
    xavier_initializer,
    xavier_initializer_conv2d,
)
from tailrace.library.contrib.layers import (
    bias_add,
    conv1d,
    conv2d,
    conv3d,
    convolution,
    convolution1d,
    convolution2d,
    convolution3d,
    dropout,
    elu,
    flatten,
    fully_connected,
    linear,
    one_hot_encoding,
    relu,
    relu6,
    repeat,
    softmax,
    stack,
)
from tailrace.library.contrib.normalization import batch_norm, layer_norm
from tailrace.library.contrib.optimize import (
    OPTIMIZER_CLS_NAMES,
    OPTIMIZER_SUMMARIES,
    optimize_loss,
)
from tailrace.library.contrib.pooling import (
    avg_pool2d,
    avg_pool3d,
    max_pool2d,
    max_pool3d,
)
from tailrace.library.contrib.regularizers import (
    apply_regularization,
    l1_l2_regularizer,
    l1_regularizer,
    l2_regularizer,
    sum_regularizer,
)
from tailrace.library.contrib.separable import (
    conv2d_in_plane,
    convolution2d_in_plane,
    separable_conv2d,
    separable_convolution2d,
)
from tailrace.library.contrib.transposed import (
    conv2d_transpose,
    conv3d_transpose,
    convolution2d_transpose,
    convolution3d_transpose,
)
