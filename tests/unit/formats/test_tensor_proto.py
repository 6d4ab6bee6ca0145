import json
from pathlib import Path

import numpy as np
import pytest
from tests.unit.formats.tensor_cases import CASES

from tailrace import dtypes
from tailrace.formats import protos
from tailrace.formats.tensor_proto import array_to_proto, make_ndarray, make_tensor_proto

RECORDED = json.loads((Path(__file__).parent / "data" / "recorded.json").read_text())
# the message says where an object lies, how NumPy prints a string, or less than ours
OTHER_MESSAGE = {"object", "text_array_as_float", "ragged_typed"}


@pytest.mark.parametrize("label", CASES)
def test_as_tensorflow(label):
    """The same bytes, or the same error."""
    expected = RECORDED["tensor_protos"][label]
    if isinstance(expected, str):
        assert make_tensor_proto(*CASES[label]).SerializeToString().hex() == expected
        return
    with pytest.raises((TypeError, ValueError)) as raised:
        make_tensor_proto(*CASES[label])
    assert raised.type.__name__ == expected["error"]
    if label not in OTHER_MESSAGE:
        assert str(raised.value) == expected["message"]


@pytest.mark.parametrize(
    "label", [k for k, v in RECORDED["tensor_protos"].items() if isinstance(v, str)]
)
def test_reads_what_it_wrote(label):
    proto = protos.TensorProto.FromString(bytes.fromhex(RECORDED["tensor_protos"][label]))
    array = make_ndarray(proto)
    again = array_to_proto(array, dtypes.as_dtype(proto.dtype))
    assert again.SerializeToString() == proto.SerializeToString()


def test_values():
    array = make_ndarray(make_tensor_proto([[1.5, 2], [3, 4]]))
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array, [[1.5, 2], [3, 4]])
    assert make_ndarray(make_tensor_proto(["a", b"b\0"])).tolist() == [b"a", b"b\0"]
    assert make_ndarray(make_tensor_proto([1 + 2j, 3], "complex64")).tolist() == [1 + 2j, 3]
    assert make_ndarray(make_tensor_proto([1.5, -2], "bfloat16")).tolist() == [1.5, -2]


def test_one_value_fills():
    proto = make_tensor_proto(2.5, shape=[2, 3])
    array = make_ndarray(proto)
    np.testing.assert_array_equal(array, np.full((2, 3), 2.5))
    assert array_to_proto(array).SerializeToString() == proto.SerializeToString()


def test_last_value_fills():
    proto = protos.TensorProto(dtype=3, int_val=[1, 2])
    proto.tensor_shape.dim.add(size=4)
    assert make_ndarray(proto).tolist() == [1, 2, 2, 2]
    proto.ClearField("int_val")
    assert make_ndarray(proto).tolist() == [0, 0, 0, 0]


def test_packed_strings():
    """TensorFlow's C++ may put strings into tensor_content."""
    proto = protos.TensorProto(dtype=7, tensor_content=b"\x01\x02abc")
    proto.tensor_shape.dim.add(size=2)
    assert make_ndarray(proto).tolist() == [b"a", b"bc"]


def test_content_of_wrong_size():
    proto = make_tensor_proto([1, 2, 3])
    proto.tensor_shape.dim[0].size = 2
    with pytest.raises(ValueError, match="holds 3 values, not 2"):
        make_ndarray(proto)


def test_no_array_form():
    with pytest.raises(TypeError, match="resource"):
        make_ndarray(protos.TensorProto(dtype=20))
