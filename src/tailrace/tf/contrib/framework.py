"""`tf.contrib.framework`."""

from tailrace.graph import convert_to_tensor_or_sparse_tensor
from tailrace.library import nest
from tailrace.library.array_more import is_tensor
from tailrace.library.checks import assert_same_float_dtype, assert_scalar
from tailrace.library.contrib.arg_scope import (
    add_arg_scope,
    arg_scope,
    arg_scope_func_key,
    arg_scoped_arguments,
    current_arg_scope,
    has_arg_scope,
)
from tailrace.library.contrib.variables import (
    get_model_variables,
    get_variables,
    get_variables_by_name,
    get_variables_by_suffix,
    get_variables_to_restore,
    model_variable,
    variable,
)
from tailrace.library.rearranging import argsort, sort
from tailrace.library.script_ops import py_func
