"""Prints the arguments of TensorFlow 1.15.5's public functions and classes as a table.

    $TAILRACE_TF1_PYTHON tests/data/record_arguments.py > tests/data/tf115_arguments.csv

Runs under Python 3.7 with TensorFlow. What takes `*args, **kwargs` alone, as some decorators leave
it, tells nothing and is left out.
"""

import csv
import enum
import inspect
import sys
import types

import tensorflow as tf

AREAS = (
    "",
    "contrib.cudnn_rnn",
    "contrib.crf",
    "contrib.data",
    "contrib.distributions",
    "contrib.framework",
    "contrib.framework.nest",
    "contrib.image",
    "contrib.layers",
    "contrib.legacy_seq2seq",
    "contrib.lookup",
    "contrib.losses",
    "contrib.metrics",
    "contrib.opt",
    "contrib.rnn",
    "contrib.seq2seq",
    "contrib.signal",
    "contrib.slim",
    "contrib.summary",
    "contrib.training",
    "contrib.util",
)
SKIPPED = {
    "tf.compat",
    "tf.contrib",
    "tf.distribute",
    "tf.estimator",
    "tf.keras",
    "tf.pywrap_tensorflow",
    "tf.raw_ops",
}


def main():
    """Write the table."""
    found = {}
    for area in AREAS:
        module = tf
        for part in filter(None, area.split(".")):
            module = getattr(module, part)
        _walk(".".join(filter(None, ["tf", area])), module, found, set())
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["symbol", "arguments"])
    writer.writerows(sorted((symbol, " ".join(names)) for symbol, names in found.items()))


def _walk(path, module, found, above):
    for name in sorted(dir(module)):
        symbol = path + "." + name
        value = getattr(module, name, None)
        if name.startswith("_") or symbol in SKIPPED or id(value) in above:
            continue
        if isinstance(value, types.ModuleType):
            if value.__name__.startswith("tensorflow") and not path.startswith("tf.contrib"):
                _walk(symbol, value, found, above | {id(value)})
        elif callable(value) and not (inspect.isclass(value) and issubclass(value, enum.Enum)):
            names = _arguments(value)
            if names is not None:
                found[symbol] = names


def _arguments(value):
    try:
        parameters = list(inspect.signature(value).parameters.values())
    except (TypeError, ValueError):
        return None
    plain = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if not plain and parameters:
        return None
    return [p.name for p in plain]


if __name__ == "__main__":
    main()
