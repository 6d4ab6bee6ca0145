"""Arguments are called as TensorFlow calls them, and stand in its order."""

import csv
import inspect
from pathlib import Path
from typing import Any

import pytest

import tailrace as tf
from tailrace.library.arguments import renamed

# recorded by tests/data/record_arguments.py
_TABLE = Path(__file__).parents[2] / "data" / "tf115_arguments.csv"

# made by the engine, not by programs: their constructors are ours
_MADE_BY_THE_ENGINE = {
    "tf.DType",
    "tf.Operation",
    "tf.Tensor",
    "tf.Variable.SaveSliceInfo",
    "tf.data.Iterator",
    "tf.dtypes.DType",
}
# a function of C++ there, whose parameter nobody names
_UNNAMED = {"tf.contrib.framework.nest.is_sequence"}


def _found(symbol):
    value: Any = tf
    for part in symbol.split(".")[1:]:
        value = getattr(value, part, None)
    return value


def test_arguments_are_tensorflows():
    with _TABLE.open() as file:
        recorded = {row["symbol"]: row["arguments"].split() for row in csv.DictReader(file)}
    compared, differing = 0, {}
    for symbol, names in recorded.items():
        value = _found(symbol)
        if value is None or symbol in _MADE_BY_THE_ENGINE | _UNNAMED:
            continue
        try:
            parameters = inspect.signature(value).parameters.values()
        except (TypeError, ValueError):  # classes of protobuf
            continue
        compared += 1
        ours = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        takes_any = any(p.kind == p.VAR_KEYWORD for p in parameters)
        if ours[: len(names)] != names and not (takes_any and names[: len(ours)] == ours):
            differing[symbol] = (names, ours)
    assert not differing
    assert compared > 1800


def test_parameters_called_otherwise():
    def close(x, y, within=1):
        """Whether two numbers are close."""
        return abs(x - y) <= within

    near = renamed(close, "near", left="x", right="y")
    assert near(1, 2) is near(left=1, right=2) is near(1, right=3, within=2) is True
    assert list(inspect.signature(near).parameters) == ["left", "right", "within"]
    assert (near.__name__, near.__doc__) == ("near", close.__doc__)
    with pytest.raises(TypeError, match="left"):
        near(x=1, right=2)
