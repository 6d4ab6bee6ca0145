"""`import tailrace` costs nothing, and its attributes and submodules are TensorFlow's names."""

import subprocess
import sys
import textwrap

import pytest

import tailrace


def _run(code: str) -> list[str]:
    """Lines printed by a fresh interpreter."""
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_nothing_is_loaded_until_the_first_use():
    lines = _run(
        """
        import sys, tailrace
        print(sorted(name for name in sys.modules if name.split(".")[0] in ("torch", "numpy")))
        print(sorted(name for name in sys.modules if name.startswith("tailrace.")))
        tailrace.constant
        print("tailrace.tf" in sys.modules)
        """
    )
    assert lines == ["[]", "[]", "True"]


@pytest.mark.parametrize(
    "statements",
    [
        "import tailrace.nn as nn; found = nn.relu",
        "from tailrace.nn import relu as found",
        "import tailrace.compat.v1 as tf1; found = tf1.nn.relu",
        "import tailrace.errors, tailrace.gradients.walk; found = tailrace.nn.relu",
    ],
)
def test_any_way_of_importing_is_the_same(statements: str):
    lines = _run(f"{statements}\nimport tailrace.tf\nprint(found is tailrace.tf.nn.relu)")
    assert lines == ["True"]


def test_names_shared_with_parts_of_the_package():
    """TensorFlow's whatever was imported before, and the package's own inside it."""
    lines = _run(
        """
        import tailrace as tf
        from tailrace.gradients.walk import gradients
        from tailrace.library import gfile
        import tailrace.compat.hook
        print(tf.gradients is gradients, tf.errors.OutOfRangeError.__name__, tf.dtypes.float32)
        print(tf.compat.as_text(b"x"), gfile.errors.__name__, tf.dtypes.cast is tf.cast)
        """
    )
    assert lines == ["True OutOfRangeError <dtype: 'float32'>", "x tailrace.errors True"]


def test_absent_names():
    lines = _run(
        """
        import tailrace
        statements = ["tailrace.nonsense", "import tailrace.nonsense"]
        statements += ["from tailrace import nonsense", "from tailrace.nn import nonsense"]
        for statement in statements:
            try:
                exec(statement)
            except (AttributeError, ImportError) as error:
                print(type(error).__name__)
        print("nn" in dir(tailrace), "Session" in dir(tailrace), "_PUBLIC" in dir(tailrace))
        """
    )
    assert lines[:-1] == ["AttributeError", "ModuleNotFoundError", "ImportError", "ImportError"]
    assert lines[-1] == "True True False"


def test_the_collector_leaves_what_the_import_made_alone():
    """It goes on collecting what programs make."""
    lines = _run(
        """
        import gc, tailrace as tf
        tf.constant
        print(gc.isenabled(), gc.get_freeze_count() > 100_000, len(gc.get_objects()) < 1000)
        """
    )
    assert lines == ["True True True"]


def test_keras_is_said_not_to_be_there():
    with pytest.raises(AttributeError, match=r"no attribute 'keras' \(Keras models .* tf\.layers"):
        tailrace.keras.Model()
