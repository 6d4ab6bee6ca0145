"""TensorFlow 1.15's names: `tf`, and below it a module per namespace.

Only names are assembled here.
"""

from importlib import import_module as _import_module
from pkgutil import iter_modules as _iter_modules
from typing import Any as _Any

import tailrace.ops  # registers the operations
from tailrace import errors
from tailrace.dtypes import (
    DType,
    as_dtype,
    bfloat16,
    bool,
    complex64,
    complex128,
    double,
    float16,
    float32,
    float64,
    half,
    int8,
    int16,
    int32,
    int64,
    qint8,
    qint16,
    qint32,
    quint8,
    quint16,
    resource,
    string,
    uint8,
    uint16,
    uint32,
    uint64,
    variant,
)
from tailrace.errors import OpError
from tailrace.formats import protos as _protos
from tailrace.formats.tensor_proto import make_ndarray, make_tensor_proto
from tailrace.gradients import (
    AggregationMethod,
    RegisterGradient,
    UnconnectedGradients,
    gradients,
)
from tailrace.gradients import no_gradient as NoGradient
from tailrace.gradients import no_gradient as NotDifferentiable
from tailrace.graph import (
    DeviceSpec,
    Graph,
    IndexedSlices,
    Operation,
    SparseTensor,
    SparseTensorValue,
    Tensor,
    constant,
    convert_to_tensor_or_indexed_slices,
    convert_to_tensor_or_sparse_tensor,
    get_default_graph,
    get_default_session,
    register_tensor_conversion_function,
    reset_default_graph,
)
from tailrace.library.accumulators import ConditionalAccumulator, ConditionalAccumulatorBase
from tailrace.library.arithmetic import (
    abs,
    add,
    approximate_equal,
    cast,
    div,
    div_no_nan,
    divide,
    equal,
    floor_div,
    floordiv,
    floormod,
    greater,
    greater_equal,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    maximum,
    minimum,
    mod,
    multiply,
    negative,
    not_equal,
    pow,
    realdiv,
    saturate_cast,
    scalar_mul,
    squared_difference,
    subtract,
    to_bfloat16,
    to_complex64,
    to_complex128,
    to_double,
    to_float,
    to_int32,
    to_int64,
    truediv,
    truncatediv,
    truncatemod,
)
from tailrace.library.array import (
    broadcast_dynamic_shape,
    broadcast_static_shape,
    broadcast_to,
    concat,
    ensure_shape,
    expand_dims,
    fill,
    guarantee_const,
    identity,
    identity_n,
    matrix_transpose,
    meshgrid,
    newaxis,
    one_hot,
    ones,
    ones_like,
    pad,
    parallel_stack,
    placeholder,
    placeholder_with_default,
    rank,
    reshape,
    reverse,
    reverse_sequence,
    shape,
    shape_n,
    size,
    sparse_placeholder,
    split,
    squeeze,
    stack,
    stop_gradient,
    tile,
    transpose,
    unstack,
    zeros,
    zeros_like,
)
from tailrace.library.array import (
    reverse as reverse_v2,
)
from tailrace.library.array_more import (
    bitcast,
    convert_to_tensor,
    diag,
    diag_part,
    dynamic_partition,
    dynamic_stitch,
    edit_distance,
    extract_image_patches,
    extract_volume_patches,
    get_static_value,
    invert_permutation,
    is_tensor,
    matrix_band_part,
    matrix_diag,
    matrix_diag_part,
    matrix_set_diag,
    repeat,
    scatter_nd,
    searchsorted,
    sequence_mask,
    setdiff1d,
    sparse_mask,
    tensor_scatter_add,
    tensor_scatter_sub,
    tensor_scatter_update,
    unique,
    unique_with_counts,
    unravel_index,
)
from tailrace.library.array_more import (
    tensor_scatter_add as tensor_scatter_nd_add,
)
from tailrace.library.array_more import (
    tensor_scatter_sub as tensor_scatter_nd_sub,
)
from tailrace.library.array_more import (
    tensor_scatter_update as tensor_scatter_nd_update,
)
from tailrace.library.blocks import (
    batch_to_space,
    batch_to_space_nd,
    depth_to_space,
    required_space_to_batch_paddings,
    space_to_batch,
    space_to_batch_nd,
    space_to_depth,
)
from tailrace.library.checks import (
    assert_equal,
    assert_greater,
    assert_greater_equal,
    assert_integer,
    assert_less,
    assert_less_equal,
    assert_near,
    assert_negative,
    assert_non_negative,
    assert_non_positive,
    assert_none_equal,
    assert_positive,
    assert_proper_iterable,
    assert_rank,
    assert_rank_at_least,
    assert_rank_in,
    assert_same_float_dtype,
    assert_scalar,
    assert_type,
    is_non_decreasing,
    is_numeric_tensor,
    is_strictly_increasing,
)
from tailrace.library.clip import (
    clip_by_average_norm,
    clip_by_global_norm,
    clip_by_norm,
    clip_by_value,
    global_norm,
)
from tailrace.library.collections import (
    GraphKeys,
    add_to_collection,
    add_to_collections,
    get_collection,
    get_collection_ref,
)
from tailrace.library.confusion import (
    confusion_matrix,
)
from tailrace.library.control_flow import (
    Assert,
    case,
    cond,
    group,
    no_op,
    tuple,
    while_loop,
)
from tailrace.library.custom_gradient import custom_gradient, grad_pass_through
from tailrace.library.debug import (
    add_check_numerics_ops,
    check_numerics,
    timestamp,
    verify_tensor_all_finite,
)
from tailrace.library.debug import (
    print_v2 as print,
)
from tailrace.library.decoding import (
    decode_compressed,
    decode_csv,
    decode_raw,
    parse_tensor,
    serialize_tensor,
)
from tailrace.library.einsum import einsum
from tailrace.library.examples import (
    FixedLenFeature,
    FixedLenSequenceFeature,
    SparseFeature,
    VarLenFeature,
    parse_example,
    parse_single_example,
    parse_single_sequence_example,
)
from tailrace.library.file_ops import matching_files, read_file, write_file
from tailrace.library.functional import foldl, foldr, map_fn, scan
from tailrace.library.graph_import import import_graph_def
from tailrace.library.hessians import hessians
from tailrace.library.indexing import (
    batch_gather,
    boolean_mask,
    gather,
    gather_nd,
    slice,
    strided_slice,
    where,
    where_v2,
)
from tailrace.library.initializers import (
    constant_initializer,
    glorot_normal_initializer,
    glorot_uniform_initializer,
    ones_initializer,
    orthogonal_initializer,
    random_normal_initializer,
    random_uniform_initializer,
    truncated_normal_initializer,
    uniform_unit_scaling_initializer,
    variance_scaling_initializer,
    zeros_initializer,
)
from tailrace.library.linalg import (
    matmul,
    sparse_matmul,
    tensordot,
    trace,
)
from tailrace.library.logging import get_logger
from tailrace.library.lookup import initialize_all_tables, tables_initializer
from tailrace.library.math import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    ceil,
    cos,
    cosh,
    erf,
    erfc,
    exp,
    expm1,
    floor,
    is_finite,
    is_inf,
    is_nan,
    lin_space,
    linspace,
    log,
    log1p,
    log_sigmoid,
    range,
    reciprocal,
    rint,
    round,
    rsqrt,
    sigmoid,
    sign,
    sin,
    sinh,
    sqrt,
    square,
    tan,
    tanh,
)
from tailrace.library.matrices import (
    cholesky,
    cholesky_solve,
    eye,
    matrix_determinant,
    matrix_inverse,
    matrix_solve,
    matrix_solve_ls,
    matrix_square_root,
    matrix_triangular_solve,
    norm,
    qr,
    self_adjoint_eig,
    self_adjoint_eigvals,
    svd,
)
from tailrace.library.modes import (
    control_flow_v2_enabled,
    disable_control_flow_v2,
    disable_eager_execution,
    disable_tensor_equality,
    disable_v2_behavior,
    disable_v2_tensorshape,
    enable_control_flow_v2,
    enable_eager_execution,
    enable_tensor_equality,
    enable_v2_behavior,
    enable_v2_tensorshape,
    executing_eagerly,
)
from tailrace.library.partitioned import (
    create_partitioned_variables,
    fixed_size_partitioner,
    min_max_variable_partitioner,
    variable_axis_size_partitioner,
)
from tailrace.library.printing import Print
from tailrace.library.quantization import (
    fake_quant_with_min_max_args,
    fake_quant_with_min_max_args_gradient,
    fake_quant_with_min_max_vars,
    fake_quant_with_min_max_vars_gradient,
    fake_quant_with_min_max_vars_per_channel,
    fake_quant_with_min_max_vars_per_channel_gradient,
)
from tailrace.library.queues import (
    FIFOQueue,
    PaddingFIFOQueue,
    QueueBase,
    RandomShuffleQueue,
)
from tailrace.library.random import (
    get_seed,
    multinomial,
    random_crop,
    random_gamma,
    random_normal,
    random_poisson,
    random_shuffle,
    random_uniform,
    set_random_seed,
    truncated_normal,
)
from tailrace.library.readers import (
    FixedLengthRecordReader,
    IdentityReader,
    ReaderBase,
    TextLineReader,
    TFRecordReader,
    WholeFileReader,
)
from tailrace.library.rearranging import (
    argsort,
    roll,
    sort,
)
from tailrace.library.reductions import (
    accumulate_n,
    add_n,
    arg_max,
    arg_min,
    argmax,
    argmin,
    count_nonzero,
    reduce_all,
    reduce_any,
    reduce_logsumexp,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_sum,
)
from tailrace.library.scans import (
    bincount,
    cumprod,
    cumsum,
    histogram_fixed_width,
    histogram_fixed_width_bins,
)
from tailrace.library.scopes import (
    colocate_with,
    container,
    control_dependencies,
    device,
    init_scope,
    name_scope,
    op_scope,
)
from tailrace.library.script_ops import (
    numpy_function,
    py_func,
)
from tailrace.library.segments import (
    segment_max,
    segment_mean,
    segment_min,
    segment_prod,
    segment_sum,
    sparse_segment_mean,
    sparse_segment_sqrt_n,
    sparse_segment_sum,
    unsorted_segment_max,
    unsorted_segment_mean,
    unsorted_segment_min,
    unsorted_segment_prod,
    unsorted_segment_sqrt_n,
    unsorted_segment_sum,
)
from tailrace.library.sparse import (
    fill_empty_rows as sparse_fill_empty_rows,
)
from tailrace.library.sparse import (
    matmul as sparse_tensor_dense_matmul,
)
from tailrace.library.sparse import (
    merge as sparse_merge,
)
from tailrace.library.sparse import (
    reorder as sparse_reorder,
)
from tailrace.library.sparse import (
    reset_shape as sparse_reset_shape,
)
from tailrace.library.sparse import (
    retain as sparse_retain,
)
from tailrace.library.sparse import (
    sparse_add,
    sparse_concat,
    sparse_maximum,
    sparse_minimum,
    sparse_reduce_max,
    sparse_reduce_max_sparse,
    sparse_reduce_sum,
    sparse_reduce_sum_sparse,
    sparse_reshape,
    sparse_slice,
    sparse_softmax,
    sparse_split,
    sparse_to_dense,
    sparse_transpose,
)
from tailrace.library.sparse import (
    to_dense as sparse_tensor_to_dense,
)
from tailrace.library.sparse import (
    to_indicator as sparse_to_indicator,
)
from tailrace.library.special_math import (
    angle,
    betainc,
    complex,
    conj,
    cross,
    digamma,
    igamma,
    igammac,
    imag,
    lbeta,
    lgamma,
    polygamma,
    real,
    zeta,
)
from tailrace.library.specs import TensorSpec
from tailrace.library.spectral import (
    fft,
    fft2d,
    fft3d,
    ifft,
    ifft2d,
    ifft3d,
)
from tailrace.library.state import (
    assign,
    assign_add,
    assign_sub,
    batch_scatter_update,
    count_up_to,
    scatter_add,
    scatter_div,
    scatter_max,
    scatter_min,
    scatter_mul,
    scatter_nd_add,
    scatter_nd_sub,
    scatter_nd_update,
    scatter_sub,
    scatter_update,
)
from tailrace.library.strings import (
    as_string,
    decode_base64,
    encode_base64,
    reduce_join,
    regex_replace,
    string_join,
    string_split,
    string_strip,
    string_to_hash_bucket,
    string_to_hash_bucket_fast,
    string_to_hash_bucket_strong,
    string_to_number,
    substr,
)
from tailrace.library.switch_case import switch_case
from tailrace.library.template import make_template
from tailrace.library.tensor_array import TensorArray
from tailrace.library.variable_lists import (
    all_variables,
    assert_variables_initialized,
    global_variables,
    global_variables_initializer,
    initialize_all_variables,
    initialize_local_variables,
    initialize_variables,
    local_variables,
    local_variables_initializer,
    model_variables,
    moving_average_variables,
    report_uninitialized_variables,
    trainable_variables,
    variables_initializer,
)
from tailrace.library.variable_scope import (
    AUTO_REUSE,
    VariableScope,
    disable_resource_variables,
    enable_resource_variables,
    get_local_variable,
    get_variable,
    get_variable_scope,
    no_regularizer,
    resource_variables_enabled,
    variable_creator_scope,
    variable_op_scope,
    variable_scope,
)
from tailrace.library.variables import (
    Variable,
    VariableAggregation,
    VariableSynchronization,
    is_variable_initialized,
)
from tailrace.library.versions import (
    COMPILER_VERSION,
    CXX11_ABI_FLAG,
    GIT_VERSION,
    GRAPH_DEF_VERSION,
    GRAPH_DEF_VERSION_MIN_CONSUMER,
    GRAPH_DEF_VERSION_MIN_PRODUCER,
    MONOLITHIC_BUILD,
    VERSION,
)
from tailrace.run import InteractiveSession, Session
from tailrace.shapes import Dimension, TensorShape, dimension_at_index, dimension_value

__version__ = VERSION
__git_version__ = GIT_VERSION
__compiler_version__ = COMPILER_VERSION
__cxx11_abi_flag__ = CXX11_ABI_FLAG
__monolithic_build__ = MONOLITHIC_BUILD

_NAMESPACES = frozenset(module.name for module in _iter_modules(__path__))
_MESSAGES = frozenset(
    {
        "AttrValue",
        "ConfigProto",
        "Event",
        "GPUOptions",
        "GraphDef",
        "GraphOptions",
        "HistogramProto",
        "MetaGraphDef",
        "NameAttrList",
        "NodeDef",
        "OptimizerOptions",
        "RunMetadata",
        "RunOptions",
        "SessionLog",
        "Summary",
        "SummaryMetadata",
        "TensorInfo",
    }
)

_NOT_THERE = {
    "keras": "Keras models are no part of Tailrace; tf.layers has layers as classes and functions, "
    "tf.nn.rnn_cell the recurrent cells",
}


def __getattr__(name: str) -> _Any:
    """Namespaces and protobuf messages are loaded on first use."""
    if name in _MESSAGES:
        return getattr(_protos, name)
    if name not in _NAMESPACES:
        hint = f" ({_NOT_THERE[name]})" if name in _NOT_THERE else ""
        raise AttributeError(f"module 'tailrace' has no attribute '{name}'{hint}")
    return _import_module(f"{__name__}.{name}")


def __dir__() -> list[str]:
    """TensorFlow's names."""
    return sorted(
        _NAMESPACES | _MESSAGES | {name for name in globals() if not name.startswith("_")}
    )
