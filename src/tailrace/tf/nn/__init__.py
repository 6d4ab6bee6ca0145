"""`tf.nn`."""

from tailrace.library.blocks import (
    depth_to_space,
    space_to_batch,
    space_to_depth,
)
from tailrace.library.candidate_sampling import (
    all_candidate_sampler,
    compute_accidental_hits,
    fixed_unigram_candidate_sampler,
    learned_unigram_candidate_sampler,
    log_uniform_candidate_sampler,
    uniform_candidate_sampler,
)
from tailrace.library.embedding import (
    embedding_lookup,
    embedding_lookup_sparse,
)
from tailrace.library.embedding_safe import safe_embedding_lookup_sparse
from tailrace.library.math import (
    log_sigmoid,
    sigmoid,
    tanh,
)
from tailrace.library.nn.activations import (
    bias_add,
    crelu,
    elu,
    in_top_k,
    l2_loss,
    leaky_relu,
    log_softmax,
    relu,
    relu6,
    relu_layer,
    selu,
    softmax,
    softplus,
    softsign,
    swish,
    top_k,
    xw_plus_b,
)
from tailrace.library.nn.convolution import (
    atrous_conv2d,
    conv1d,
    conv1d_transpose,
    conv2d,
    conv2d_backprop_filter,
    conv2d_backprop_input,
    conv3d,
    convolution,
    depthwise_conv2d,
    depthwise_conv2d_native,
    separable_conv2d,
)
from tailrace.library.nn.cross_entropy import (
    log_poisson_loss,
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits_v2,
    sparse_softmax_cross_entropy_with_logits,
    weighted_cross_entropy_with_logits,
)
from tailrace.library.nn.ctc import (
    ctc_beam_search_decoder,
    ctc_beam_search_decoder_v2,
    ctc_greedy_decoder,
    ctc_loss,
)
from tailrace.library.nn.dropout import (
    dropout,
)
from tailrace.library.nn.fractional_pooling import fractional_avg_pool, fractional_max_pool
from tailrace.library.nn.normalization import (
    batch_norm_with_global_normalization,
    batch_normalization,
    fused_batch_norm,
    l2_normalize,
    moments,
    normalize_moments,
    sufficient_statistics,
    weighted_moments,
    zero_fraction,
)
from tailrace.library.nn.pooling import (
    avg_pool,
    avg_pool1d,
    avg_pool3d,
    avg_pool_v2,
    dilation2d,
    erosion2d,
    lrn,
    max_pool,
    max_pool1d,
    max_pool2d,
    max_pool3d,
    max_pool_v2,
    max_pool_with_argmax,
    pool,
)
from tailrace.library.nn.sampled import (
    nce_loss,
    sampled_softmax_loss,
)
from tailrace.library.nn.space_to_batch import (
    with_space_to_batch,
)
from tailrace.library.nn.transposed import (
    atrous_conv2d_transpose,
    conv2d_transpose,
    conv3d_transpose,
    conv_transpose,
)
from tailrace.library.rnn.loops import (
    bidirectional_dynamic_rnn,
    dynamic_rnn,
    static_bidirectional_rnn,
    static_rnn,
    static_state_saving_rnn,
)
from tailrace.library.rnn.raw import raw_rnn
from tailrace.tf.nn import rnn_cell

avg_pool2d = avg_pool
local_response_normalization = lrn
