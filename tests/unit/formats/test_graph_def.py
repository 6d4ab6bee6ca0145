import numpy as np
import pytest

from tailrace import dtypes, errors
from tailrace.formats import protos
from tailrace.formats.graph_def import (
    attr_from_proto,
    attr_to_proto,
    read_graph_def,
    write_proto,
)
from tailrace.shapes import TensorShape

VALUES = [
    ("type", dtypes.float32),
    ("int", -3),
    ("float", 0.5),
    ("bool", True),
    ("string", b"\xffabc"),
    ("shape", TensorShape([None, 3])),
    ("shape", TensorShape(None)),
    ("list(type)", [dtypes.int32, dtypes.string]),
    ("list(int)", [1, 2]),
    ("list(float)", [0.5]),
    ("list(bool)", [True, False]),
    ("list(string)", [b"a", b""]),
    ("list(shape)", [TensorShape([2]), TensorShape([])]),
    ("list(int)", []),
]


@pytest.mark.parametrize(("kind", "value"), VALUES)
def test_round_trip(kind, value):
    proto = protos.AttrValue.FromString(attr_to_proto(value, kind).SerializeToString())
    assert attr_from_proto(proto) == value
    assert not value or attr_to_proto(value) == attr_to_proto(value, kind)


def test_tensor_and_function():
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    proto = attr_to_proto(array)
    assert proto.tensor.tensor_content == array.tobytes()
    np.testing.assert_array_equal(attr_from_proto(proto), array)
    function = attr_to_proto("body", "func")
    assert function.func.name == "body"
    assert attr_to_proto(attr_from_proto(function)) == function


def test_refused():
    with pytest.raises(TypeError, match="cannot hold"):
        attr_to_proto(object())
    with pytest.raises(ValueError, match="placeholder"):
        attr_from_proto(protos.AttrValue(placeholder="T"))


@pytest.mark.parametrize("as_text", [True, False])
def test_files(as_text, tmp_path):
    graph_def = protos.GraphDef()
    node = graph_def.node.add(name="a", op="Const")
    node.attr["dtype"].CopyFrom(attr_to_proto(dtypes.float32))
    path = str(tmp_path / ("g.pbtxt" if as_text else "g.pb"))
    write_proto(graph_def, path, as_text)
    assert read_graph_def(path) == graph_def
    assert read_graph_def(path, as_text) == graph_def


def test_bad_files(tmp_path):
    with pytest.raises(errors.NotFoundError):
        read_graph_def(tmp_path / "nope.pb")
    (tmp_path / "g.pb").write_bytes(b"\xff\xff\xff no graph")
    with pytest.raises(errors.DataLossError, match=r"g\.pb: cannot be read as GraphDef"):
        read_graph_def(tmp_path / "g.pb")
