"""`tf.contrib.slim`: layers of `tf.contrib.layers` and argument scopes under one roof."""

from tailrace.library.assign_from import (
    assign_from_checkpoint,
    assign_from_checkpoint_fn,
    assign_from_values,
    assign_from_values_fn,
    get_variable_full_name,
)
from tailrace.library.contrib import initializers, regularizers
from tailrace.library.contrib.arg_scope import (
    add_arg_scope,
    arg_scope,
    arg_scope_func_key,
    arg_scoped_arguments,
    current_arg_scope,
    has_arg_scope,
)
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
from tailrace.library.contrib.framework import global_variable, local_variable
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
from tailrace.library.contrib.pooling import (
    avg_pool2d,
    avg_pool3d,
    max_pool2d,
    max_pool3d,
    pool,
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
from tailrace.library.contrib.slim import (
    data_decoder,
    data_provider,
    dataset,
    dataset_data_provider,
    parallel_reader,
    prefetch_queue,
    queues,
    summaries,
    tfexample_decoder,
)
from tailrace.library.contrib.transposed import (
    conv2d_transpose,
    conv3d_transpose,
    convolution2d_transpose,
    convolution3d_transpose,
)
from tailrace.library.contrib.variables import (
    add_model_variable,
    assert_or_get_global_step,
    filter_variables,
    get_local_variables,
    get_model_variables,
    get_trainable_variables,
    get_unique_variable,
    get_variables,
    get_variables_by_name,
    get_variables_by_suffix,
    get_variables_to_restore,
    model_variable,
    variable,
)
from tailrace.library.global_step import (
    assert_global_step,
    create_global_step,
    get_global_step,
    get_or_create_global_step,
)
from tailrace.tf.contrib import _evaluation as evaluation
from tailrace.tf.contrib import _learning as learning
from tailrace.tf.contrib import _model_analyzer as model_analyzer
from tailrace.tf.contrib import _nets as nets
from tailrace.tf.contrib import layers, losses, metrics
