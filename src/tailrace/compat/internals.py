"""Where TensorFlow's internal modules have their public names.

Programs import `tensorflow.python.ops.array_ops` and the like. What such a module holds is, with
few exceptions, public under the same name in one or two namespaces; those are listed here, in the
order they are searched.

Source: module paths of TF 1.15.
"""

from __future__ import annotations

import re

_CELLS = ("nn.rnn_cell", "contrib.rnn")

# module below tensorflow.python -> public namespaces ("" is tf itself)
MODULES: dict[str, tuple[str, ...]] = {
    "client.device_lib": ("internal",),
    "client.session": ("",),
    "client.timeline": ("internal",),
    "data.ops.dataset_ops": ("data",),
    "data.ops.iterator_ops": ("data",),
    "eager.context": ("",),
    "estimator.estimator": ("estimator",),
    "framework.constant_op": ("",),
    "framework.device": ("",),
    "framework.dtypes": ("dtypes", ""),
    "framework.errors": ("errors",),
    "framework.errors_impl": ("errors",),
    "framework.function": (),
    "framework.graph_io": ("train",),
    "framework.graph_util": ("graph_util",),
    "framework.graph_util_impl": ("graph_util",),
    "framework.importer": ("",),
    "framework.ops": ("", "internal"),
    "framework.random_seed": ("", "random"),
    "framework.sparse_tensor": ("",),
    "framework.tensor_shape": ("", "internal"),
    "framework.tensor_spec": ("",),
    "framework.tensor_util": ("", "contrib.util"),
    "framework.test_util": ("test",),
    "layers.base": ("layers",),
    "layers.convolutional": ("layers",),
    "layers.core": ("layers",),
    "layers.layers": ("layers",),
    "layers.normalization": ("layers",),
    "layers.pooling": ("layers",),
    "layers.utils": ("internal", "contrib.framework"),
    "lib.io.tf_record": ("python_io", "io"),
    "ops.array_ops": ("", "nn"),
    "ops.candidate_sampling_ops": ("nn", "random"),
    "ops.check_ops": ("", "debugging"),
    "ops.clip_ops": ("",),
    "ops.control_flow_ops": ("", "internal"),
    "ops.ctc_ops": ("nn",),
    "ops.data_flow_ops": ("", "queue"),
    "ops.embedding_ops": ("nn",),
    "ops.functional_ops": ("",),
    "ops.gradients": ("", "test"),
    "ops.gradients_impl": ("",),
    "ops.histogram_ops": ("",),
    "ops.image_ops": ("image",),
    "ops.image_ops_impl": ("image",),
    "ops.init_ops": ("", "initializers", "keras.initializers"),
    "ops.inplace_ops": ("", "internal"),
    "ops.io_ops": ("", "io"),
    "ops.linalg_ops": ("", "linalg"),
    "ops.logging_ops": ("", "summary"),
    "ops.lookup_ops": ("internal", "contrib.lookup", "lookup", ""),
    "ops.losses.losses": ("losses",),
    "ops.math_ops": ("", "math"),
    "ops.metrics": ("metrics",),
    "ops.nn": ("nn",),
    "ops.nn_impl": ("nn",),
    "ops.nn_ops": ("nn", ""),
    "ops.numerics": ("",),
    "ops.parsing_ops": ("", "io"),
    "ops.partitioned_variables": ("",),
    "ops.random_ops": ("", "random"),
    "ops.resource_variable_ops": ("internal", "_generated"),
    "ops.resources": ("internal",),
    "ops.rnn": ("nn",),
    "ops.rnn_cell": _CELLS,
    "ops.rnn_cell_impl": _CELLS,
    "ops.script_ops": ("",),
    "ops.seq2seq": ("contrib.legacy_seq2seq",),
    "ops.sparse_ops": ("", "sparse"),
    "ops.special_math_ops": ("", "math"),
    "ops.standard_ops": ("",),
    "ops.state_ops": ("",),
    "ops.string_ops": ("", "strings"),
    "ops.template": ("",),
    "ops.tensor_array_ops": ("",),
    "ops.variable_scope": ("",),
    "ops.variables": ("",),
    "platform.app": ("app",),
    "platform.flags": ("flags",),
    "platform.gfile": ("gfile",),
    "platform.googletest": ("test",),
    "platform.resource_loader": ("resource_loader",),
    "platform.sysconfig": ("sysconfig",),
    "platform.test": ("test",),
    "platform.tf_logging": ("logging",),
    "pywrap_tensorflow": ("train",),
    "saved_model.builder": ("saved_model.builder",),
    "saved_model.loader": ("saved_model.loader",),
    "saved_model.signature_constants": ("saved_model.signature_constants",),
    "saved_model.signature_def_utils": ("saved_model.signature_def_utils",),
    "saved_model.tag_constants": ("saved_model.tag_constants",),
    "saved_model.utils": ("saved_model.utils",),
    "summary.summary": ("summary",),
    "tools.freeze_graph": ("tools.freeze_graph",),
    "tools.inspect_checkpoint": ("tools.inspect_checkpoint",),
    "tools.saved_model_cli": ("tools.saved_model_cli",),
    "tools.saved_model_utils": ("tools.saved_model_utils",),
    "training.checkpoint_management": ("train",),
    "training.moving_averages": ("train", "internal"),
    "training.optimizer": ("train",),
    "util.compat": ("compat",),
    "util.tf_decorator": ("internal",),
    "util.nest": ("nest", "contrib.framework.nest"),
}

# folders of which any module is searched in these namespaces
FOLDERS: dict[str, tuple[str, ...]] = {
    "training": ("train",),
    "ops.distributions": ("distributions",),
    "estimator": ("estimator",),
    "keras": ("keras",),
    "summary": ("summary",),
}

# `ops.gen_math_ops` and its kind: a function for each operation, whichever of them it is in
GENERATED = re.compile(r"ops\.gen_\w+")
_OPERATIONS = re.compile(r"ops\.\w+_ops")

# folders a program may import a module from
PACKAGES = {
    "client",
    "data",
    "data.ops",
    "eager",
    "estimator",
    "framework",
    "keras",
    "layers",
    "lib",
    "lib.io",
    "ops",
    "ops.distributions",
    "ops.losses",
    "platform",
    "saved_model",
    "summary",
    "tools",
    "training",
    "util",
}

# names that differ from the public ones
RENAMED = {
    "framework.tensor_util.constant_value": "get_static_value",
    "layers.utils.constant_value": "contrib.framework.smart_constant_value",
    "ops.control_flow_ops.with_dependencies": "internal.with_dependencies",
    "ops.init_ops.Initializer": "internal.Initializer",
    "ops.rnn._transpose_batch_time": "internal.transpose_batch_time",
    "ops.rnn_cell_impl._zero_state_tensors": "internal.zero_state_tensors",
    "ops.variable_scope._pure_variable_scope": "internal.pure_variable_scope",
    "ops.variable_scope.variable": "Variable",
    "framework.tensor_util.MakeNdarray": "make_ndarray",
    "framework.tensor_util.is_tensor": "is_tensor",
    "framework.test_util.TensorFlowTestCase": "test.TestCase",
    "framework.ops.NoGradient": "no_gradient",
    "lib.io.file_io.FileIO": "gfile.GFile",
    "lib.io.file_io.copy": "gfile.Copy",
    "lib.io.file_io.create_dir": "gfile.MkDir",
    "lib.io.file_io.delete_file": "gfile.Remove",
    "lib.io.file_io.delete_recursively": "gfile.DeleteRecursively",
    "lib.io.file_io.file_exists": "gfile.Exists",
    "lib.io.file_io.get_matching_files": "gfile.Glob",
    "lib.io.file_io.is_directory": "gfile.IsDirectory",
    "lib.io.file_io.list_directory": "gfile.ListDirectory",
    "lib.io.file_io.recursive_create_dir": "gfile.MakeDirs",
    "lib.io.file_io.rename": "gfile.Rename",
    "lib.io.file_io.stat": "gfile.Stat",
    "lib.io.file_io.walk": "gfile.Walk",
    "pywrap_tensorflow.EventsWriter": "internal.EventsWriter",
    "pywrap_tensorflow.NewCheckpointReader": "train.NewCheckpointReader",
}

# modules that Python has itself
STANDARD = {"util.tf_contextlib": "contextlib", "util.tf_inspect": "inspect"}


def module_called(name: str) -> str | None:
    """The known module whose last part is `name`, wherever it is: other modules import it."""
    return next((module for module in MODULES if module.rpartition(".")[2] == name), None)


def namespaces_of(module: str) -> tuple[str, ...] | None:
    """Public namespaces of a module below tensorflow.python; None if it is not known."""
    if module in MODULES:
        spaces = MODULES[module]
        # what is not public may be an operation's own function
        return (*spaces, "_generated") if _OPERATIONS.fullmatch(module) else spaces
    if GENERATED.fullmatch(module):
        return ("_generated",)
    if any(name.startswith(f"{module}.") for name in RENAMED):
        return ()
    parts = module.split(".")
    for end in range(len(parts) - 1, 0, -1):
        found = FOLDERS.get(".".join(parts[:end]))
        if found is not None:
            tail = parts[end:]
            # tensorflow.python.keras.layers is tf.keras.layers
            return tuple(".".join([base, *tail]) for base in found) + found
    return None
