"""`import tensorflow` and everything below it, while the hook is installed."""

import importlib
import sys
from types import ModuleType

import pytest

import tailrace
from tailrace.compat import install, uninstall


def test_the_api_is_tailraces(tensorflow):
    assert tensorflow.constant is tailrace.constant
    assert tensorflow.__version__ == "1.15.5"
    assert tensorflow.gradients is tailrace.gradients


@pytest.mark.parametrize(
    ("module", "name", "public"),
    [
        ("tensorflow", "Session", "Session"),
        ("tensorflow.compat.v1", "placeholder", "placeholder"),
        ("tensorflow.python.framework.ops", "reset_default_graph", "reset_default_graph"),
        ("tensorflow.python.ops.array_ops", "identity", "identity"),
        ("tensorflow.python.ops.math_ops", "floor", "floor"),
        (
            "tensorflow.contrib.framework.python.ops.audio_ops",
            "decode_wav",
            "_generated.decode_wav",
        ),
        ("tensorflow.python.platform.gfile", "FastGFile", "gfile.FastGFile"),
        ("tensorflow.python.lib.io.file_io", "file_exists", "gfile.Exists"),
        ("tensorflow.python.util.compat", "as_bytes", "compat.as_bytes"),
        ("tensorflow.python.ops", "array_ops", None),
        ("tensorflow.python.ops", "gen_math_ops", None),
        ("tensorflow.python.ops.distributions.normal", "Normal", "distributions.Normal"),
        ("tensorflow.python.training.ftrl", "FtrlOptimizer", "train.FtrlOptimizer"),
        ("tensorflow.python.training.moving_averages", "assign_moving_average", None),
        ("tensorflow.python.training", "moving_averages", None),
        ("tensorflow.python.ops.rnn", "rnn_cell_impl", None),
        ("tensorflow.python.ops.rnn", "dynamic_rnn", "nn.dynamic_rnn"),
        ("tensorflow.python.ops.io_ops", "restore_v2", None),
        ("tensorflow.python.ops.control_flow_ops", "with_dependencies", None),
        ("tensorflow.python.ops.variable_scope", "variable", "Variable"),
        ("tensorflow.python.ops.variable_scope", "_pure_variable_scope", None),
        ("tensorflow.python.ops.rnn", "_transpose_batch_time", None),
        ("tensorflow.contrib.seq2seq.python.ops.decoder", "_transpose_batch_time", None),
        ("tensorflow.python.ops.rnn_cell_impl", "_zero_state_tensors", None),
        ("tensorflow.python.framework.ops", "register_proto_function", None),
        ("tensorflow.python.framework.ops", "strip_name_scope", None),
        ("tensorflow.python.framework.ops", "prepend_name_scope", None),
        ("tensorflow.python.framework", "function", None),
        ("tensorflow.python.ops.resource_variable_ops", "is_resource_variable", None),
        ("tensorflow.python.eager.context", "executing_eagerly", "executing_eagerly"),
        ("tensorflow.python.layers.utils", "smart_cond", "contrib.framework.smart_cond"),
        ("tensorflow.python.util.tf_contextlib", "contextmanager", None),
        ("tensorflow.contrib.distributions", "Normal", "distributions.Normal"),
        ("tensorflow.python.ops.gen_math_ops", "mat_mul", None),
        ("tensorflow.python.ops.gen_nn_ops", "top_kv2", None),
        ("tensorflow.models.rnn", "rnn_cell", None),
        ("tensorflow.models.rnn.rnn_cell", "BasicLSTMCell", "nn.rnn_cell.BasicLSTMCell"),
        ("tensorflow.contrib.learn.preprocessing", "VocabularyProcessor", None),
        ("tensorflow.contrib.learn.datasets", "mnist", None),
        ("tensorflow.contrib.tensorboard.plugins", "projector", None),
        ("tensorflow.contrib.slim.nets", "resnet_v1", None),
        ("tensorflow.contrib.slim.python.slim", "learning", None),
        ("tensorflow.contrib.slim.python.slim.nets.vgg", "vgg_16", "contrib.slim.nets.vgg.vgg_16"),
        (
            "tensorflow.contrib.layers.python.layers.layers",
            "separable_conv2d",
            "contrib.layers.separable_conv2d",
        ),
        ("tensorflow.core.framework.graph_pb2", "GraphDef", None),
        ("tensorflow.examples.tutorials.mnist.input_data", "read_data_sets", None),
        ("tensorflow.examples.tutorials.mnist", "input_data", None),
        ("tensorflow.contrib.learn.datasets.mnist", "read_data_sets", None),
    ],
)
def test_imports(tensorflow, module: str, name: str, public: str | None):
    value = getattr(importlib.import_module(module), name)
    if public is not None:
        expected = tailrace
        for part in public.split("."):
            expected = getattr(expected, part)
        assert value is expected


def test_attribute_chains_reach_modules(tensorflow):
    assert tensorflow.examples.tutorials.mnist.input_data.read_data_sets
    assert tensorflow.python.framework.ops.Tensor is tailrace.Tensor
    assert tensorflow.app.flags.FLAGS is tailrace.flags.FLAGS


def test_what_is_missing_is_said(tensorflow):
    with pytest.raises(AttributeError, match="module 'tensorflow' has no attribute 'nonsense'"):
        _ = tensorflow.nonsense
    with pytest.raises(ImportError):
        importlib.import_module("tensorflow.nonsense")
    with pytest.raises(ImportError):
        importlib.import_module("tensorflow.python.ops.nonsense_ops")


def test_names_of_modules_are_listed(tensorflow):
    assert {"Session", "gfile"} <= set(dir(tensorflow))
    namespace: dict = {}
    exec("from tensorflow import *", namespace)
    assert namespace["constant"] is tailrace.constant


def test_uninstalled_it_is_gone(tensorflow):
    uninstall()
    assert "tensorflow" not in sys.modules
    with pytest.raises(ImportError):
        importlib.import_module("tensorflow")


def test_the_real_one_is_not_replaced_behind_its_back(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "tensorflow", ModuleType("tensorflow"))
    with pytest.raises(RuntimeError, match="imported already"):
        install()


def test_the_same_module_under_both_names():
    short = importlib.import_module("tailrace.io.gfile")
    assert short is importlib.import_module("tailrace.tf.io.gfile")
    assert short.__spec__ is not None
    assert short.__spec__.name == "tailrace.tf.io.gfile"


def test_shared_names_are_tensorflows_outside_the_package():
    importlib.import_module("tailrace.gradients.walk")
    assert callable(tailrace.gradients)
    assert tailrace.compat.as_bytes("a") == b"a"


def test_modules_are_found_where_programs_import_them_from(tensorflow):
    moving = importlib.import_module("tensorflow.python.training.moving_averages")
    assert callable(moving.assign_moving_average)
    rnn = importlib.import_module("tensorflow.python.ops.rnn")
    assert rnn.rnn_cell_impl.BasicLSTMCell is tensorflow.nn.rnn_cell.BasicLSTMCell
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = moving.no_such_name


def test_decorators_are_taken_off_again(tensorflow):
    module = importlib.import_module("tensorflow.python.util.tf_decorator")

    def target(x: int, y: int = 2) -> int:
        """Adds."""
        return x + y

    def doubled(*args: int) -> int:
        return 2 * target(*args)

    outer = module.make_decorator(target, doubled, "doubling")
    assert (outer(1), outer.__name__, outer.__doc__) == (6, "target", "Adds.")
    decorations, inside = module.unwrap(outer)
    assert [d.decorator_name for d in decorations] == ["doubling"]
    assert inside is target
    assert module.unwrap(module.rewrap(outer, target, len))[1] is len
