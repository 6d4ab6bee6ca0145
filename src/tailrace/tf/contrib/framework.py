"""`tf.contrib.framework`."""

from tailrace.graph import convert_to_tensor_or_sparse_tensor
from tailrace.library import nest
from tailrace.library.array_more import is_tensor
from tailrace.library.assign_from import (
    assign_from_checkpoint,
    assign_from_checkpoint_fn,
    assign_from_values,
    assign_from_values_fn,
    get_variable_full_name,
)
from tailrace.library.checks import assert_same_float_dtype, assert_scalar
from tailrace.library.contrib.arg_scope import (
    add_arg_scope,
    arg_scope,
    arg_scope_func_key,
    arg_scoped_arguments,
    current_arg_scope,
    has_arg_scope,
)
from tailrace.library.contrib.checkpoints import (
    init_from_checkpoint,
    list_variables,
    load_checkpoint,
    load_variable,
)
from tailrace.library.contrib.framework import (
    assert_scalar_int,
    get_name_scope,
    global_variable,
    local_variable,
    py_func,
    reduce_sum_n,
    remove_squeezable_dimensions,
    smart_cond,
    smart_constant_value,
    with_same_shape,
    with_shape,
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
from tailrace.library.rearranging import argsort, sort
from tailrace.library.scope_names import prepend_name_scope, strip_name_scope
from tailrace.library.specs import TensorSpec
