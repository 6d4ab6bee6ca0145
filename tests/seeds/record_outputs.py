"""Records what the programs of examples/seeds print under TensorFlow 1.15.5 (Python 3.7).

    $TAILRACE_TF1_PYTHON tests/seeds/record_outputs.py

TensorFlow knows nothing of the slips in their spelling, so these are corrected before it runs them.
"""

import contextlib
import io
import os
import sys
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).resolve().parent / "golden"
SLIPS = {
    "tf.softmax(": "tf.nn.softmax(",
    "tf.contrib.BasicRNNCell": "tf.contrib.rnn.BasicRNNCell",
    "learing_rate=": "learning_rate=",
}


def main():
    """Writes one text for each program."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    warnings.simplefilter("ignore")
    import tensorflow as tf  # pyright: ignore[reportMissingModuleSource]

    if tf.__version__ != "1.15.5":
        raise SystemExit("this needs TensorFlow 1.15.5, see scripts/make_tf1_env")
    tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
    for path in sorted((ROOT / "examples" / "seeds").glob("*.py")):
        source = path.read_text(encoding="utf-8")
        for slip, right in SLIPS.items():
            source = source.replace(slip, right)
        printed = io.StringIO()
        tf.reset_default_graph()
        with contextlib.redirect_stdout(printed):
            exec(
                compile(source, str(path), "exec"), {"__name__": "__main__", "__file__": str(path)}
            )
        (GOLDEN / (path.stem + ".txt")).write_text(printed.getvalue())
    return 0


if __name__ == "__main__":
    sys.exit(main())
