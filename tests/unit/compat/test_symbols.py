"""Names are followed through imports, assignments and scopes."""

import ast

import pytest

from tailrace.compat.symbols import tensorflow_names


def _names(source: str) -> list[str]:
    return [use.name for use in tensorflow_names(ast.parse(source))]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import tensorflow as tf\ntf.nn.relu(1)", ["tensorflow", "tensorflow.nn.relu"]),
        ("import tensorflow\ntensorflow.constant", ["tensorflow", "tensorflow.constant"]),
        (
            "import tensorflow.compat.v1 as tf\ntf.a",
            ["tensorflow.compat.v1"] * 1 + ["tensorflow.compat.v1.a"],
        ),
        (
            "import tensorflow.contrib.slim\ntensorflow.contrib.slim.a",
            ["tensorflow.contrib.slim", "tensorflow.contrib.slim.a"],
        ),
        (
            "from tensorflow.contrib import rnn as r\nr.LSTMCell",
            ["tensorflow.contrib.rnn", "tensorflow.contrib.rnn.LSTMCell"],
        ),
        ("from tensorflow import *", ["tensorflow"]),
        (
            "import tensorflow as tf\nnn = tf.nn\nr = nn.relu\nr(2)",
            ["tensorflow", "tensorflow.nn", "tensorflow.nn.relu"],
        ),
        ("def f():\n  import tensorflow as t\n  t.a", ["tensorflow", "tensorflow.a"]),
        (
            "import tensorflow as tf\nclass A(tf.B):\n  def f(self, x=tf.c): return tf.d",
            ["tensorflow", "tensorflow.B", "tensorflow.c", "tensorflow.d"],
        ),
        (
            "import tensorflow as tf\nf = lambda tf: tf.a\ng = lambda x: tf.b",
            ["tensorflow", "tensorflow.b"],
        ),
        ("import tensorflow as tf\n@tf.deco\ndef f(tf): tf.a", ["tensorflow", "tensorflow.deco"]),
        (
            "import tensorflow as tf\nlayers = tf.layers\nlayers = []\nlayers.append(1)",
            ["tensorflow", "tensorflow.layers"],
        ),
        (
            "import tensorflow as tf\nimport numpy as np\nnp.tanh(tf.f(tf.x).y)",
            ["tensorflow", "tensorflow.f", "tensorflow.x"],
        ),
        ("from .tensorflow import a\nfrom . import tf\ntf.b", []),
        ("import tensorboard as tf\ntf.a", []),
        ("import tensorflow_probability as tfp\ntfp.a", []),
    ],
)
def test_names(source: str, names: list[str]):
    assert sorted(_names(source)) == sorted(names)


def test_lines_and_imports():
    uses = tensorflow_names(ast.parse("import tensorflow as tf\n\ntf.a\ntf.a"))
    assert [(use.line, use.is_import) for use in uses] == [(1, True), (3, False), (4, False)]
