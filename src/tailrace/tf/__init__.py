"""TensorFlow 1.15's names: `tf`, and below it a module per namespace. Only names are assembled here."""

import tailrace.ops  # registers the operations  # noqa: F401
from tailrace.dtypes import (
    DType,
    as_dtype,
    bfloat16,
    bool,  # noqa: A004 - TensorFlow's name
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
    convert_to_tensor,
    convert_to_tensor_or_indexed_slices,
    convert_to_tensor_or_sparse_tensor,
    get_default_graph,
    get_default_session,
    register_tensor_conversion_function,
    reset_default_graph,
)
from tailrace.library.collections import (
    GraphKeys,
    add_to_collection,
    add_to_collections,
    get_collection,
    get_collection_ref,
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
from tailrace.library.scopes import (
    colocate_with,
    container,
    control_dependencies,
    device,
    init_scope,
    name_scope,
    op_scope,
)
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
from tailrace.run import (
    ConfigProto,
    GPUOptions,
    GraphOptions,
    InteractiveSession,
    OptimizerOptions,
    RunMetadata,
    RunOptions,
    Session,
)
from tailrace.shapes import Dimension, TensorShape
