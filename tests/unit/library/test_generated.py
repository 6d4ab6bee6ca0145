"""Functions of single operations: their names, arguments and results."""

import csv
from pathlib import Path

import pytest

import tailrace as tf
from tailrace.library import generated
from tailrace.registry import OPS

# recorded from the modules `gen_*_ops` of TensorFlow 1.15.5
_TABLE = Path(__file__).parents[2] / "data" / "tf115_functions.csv"


def test_names_and_arguments_are_tensorflows():
    with _TABLE.open() as file:
        recorded = {row["function"]: row["arguments"].split() for row in csv.DictReader(file)}
    types = {generated.function_name(name): name for name in OPS}
    assert len(recorded) > 600
    for name, names in recorded.items():
        op_def = OPS[types[name.removeprefix("_")]]
        assert [*generated.arguments(op_def), "name"] == names, name


def test_calls_add_operations():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
        product = generated.function("mat_mul")(x, x, transpose_b=True, name="product")
        total = generated.function("_sum")(x, [0], True)
        best = generated.function("top_kv2")(x, k=1)
        chosen = tf.raw_ops.Select(condition=x > 2, x=x, y=-x)
        assert product.op.name == "product"
        assert best._fields == ("values", "indices")
        values = session.run([product, total, best.indices, chosen])
    assert [v.tolist() for v in values] == [
        [[5.0, 11.0], [11.0, 25.0]],
        [[4.0, 6.0]],
        [[1], [1]],
        [[-1.0, -2.0], [3.0, 4.0]],
    ]


def test_wrong_calls():
    add = generated.function("add")
    with pytest.raises(TypeError, match="multiple values for argument 'x'"):
        add(1.0, x=2.0)
    with pytest.raises(TypeError, match="takes 3 positional arguments but 4"):
        add(1.0, 2.0, "name", 3)
    with pytest.raises(AttributeError, match="no operation has a function 'nonsense'"):
        generated.function("nonsense")


def test_names_do_not_hide_pythons():
    assert "print" not in generated.names()
    assert {"_print", "_sum", "mat_mul"} <= set(generated.names())
