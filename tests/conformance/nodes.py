"""A graph as a list of nodes in plain text: what two GraphDefs are compared by (Python 3.7)."""

from __future__ import annotations

import hashlib
import re
from typing import Any, NamedTuple

import numpy as np

# TensorProto.dtype number -> NumPy type, and the field that holds values when there is no content
_NUMPY = {
    1: ("float32", "float_val"),
    2: ("float64", "double_val"),
    3: ("int32", "int_val"),
    4: ("uint8", "int_val"),
    5: ("int16", "int_val"),
    6: ("int8", "int_val"),
    7: ("object", "string_val"),
    8: ("complex64", "scomplex_val"),
    9: ("int64", "int64_val"),
    10: ("bool", "bool_val"),
    14: ("uint16", "half_val"),  # bfloat16, by its bits
    17: ("uint16", "int_val"),
    18: ("complex128", "dcomplex_val"),
    19: ("float16", "half_val"),
    22: ("uint32", "uint32_val"),
    23: ("uint64", "uint64_val"),
}
_SHOWN_ELEMENTS = 8

# written by add_shapes=True only, follow from the rest
_MEANINGLESS = {"_output_shapes"}
# PyFunc tokens count the functions of the whole process
_PROCESS_COUNTER = re.compile(r"pyfunc_\d+")
# the names under which tables are kept are random
_TABLE_NAME = re.compile(r"^hash_table_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
# and so do the names of functions, which may carry a hash of their nodes as well
_FUNCTION_NUMBER = re.compile(r"^((?:__inference_|.*_branch\d).*(?=_\d+$)|_make_dataset(?=_)).*$")
# where the parts of a checkpoint lie until they are one
_TEMPORARY_FOLDER = re.compile(r"\b_temp_[0-9a-f]{32}/")


class Node(NamedTuple):
    """One operation: `inputs` as in a NodeDef (control inputs `^name` last), attributes as text."""

    name: str
    op: str
    inputs: list[str]
    device: str
    attrs: dict[str, str]

    def __str__(self) -> str:
        attrs = ", ".join(f"{key}={text}" for key, text in sorted(self.attrs.items()))
        device = " @" + self.device if self.device else ""
        inputs = ", ".join(self.inputs)
        return f"{self.name} = {self.op}({inputs}){device} {{{attrs}}}"


def graph_nodes(graph: Any) -> list[Node]:
    """The operations of the graph in the order of their creation."""
    return [
        Node(
            node.name,
            node.op,
            [name[:-2] if name.endswith(":0") else name for name in node.input],
            node.device,
            {key: _attr(node.attr[key]) for key in sorted(node.attr) if key not in _MEANINGLESS},
        )
        for node in graph.as_graph_def().node
    ]


def _attr(attr: Any) -> str:
    kind = attr.WhichOneof("value")
    if kind is None:
        return "none"
    if kind == "list":
        for field, values in attr.list.ListFields():
            texts = [_scalar(attr.list, field.name, value) for value in values]
            return "[" + ", ".join(texts) + "]"
        return "[]"
    return _scalar(attr, kind, getattr(attr, kind))


def _scalar(holder: Any, kind: str, value: Any) -> str:
    if kind == "type":
        names = holder.DESCRIPTOR.fields_by_name["type"].enum_type.values_by_number
        return names[value].name
    if kind == "shape":
        return _shape(value)
    if kind == "tensor":
        return tensor_text(value)
    if kind == "func":
        return "function " + _FUNCTION_NUMBER.sub(r"\1", value.name)
    if kind == "s":
        text = _TABLE_NAME.sub("hash_table", value.decode("latin-1"))
        return _PROCESS_COUNTER.sub("pyfunc", text)
    if kind == "f":
        return repr(float(np.float32(value)))
    return str(value)


def _shape(proto: Any) -> str:
    if proto.unknown_rank:
        return "?"
    return "[" + ",".join("?" if d.size < 0 else str(d.size) for d in proto.dim) + "]"


def tensor_text(proto: Any) -> str:
    """Type, shape and values of a TensorProto; of more than a few values their hash."""
    shape = _shape(proto.tensor_shape)
    if proto.dtype not in _NUMPY:
        return f"dtype {proto.dtype} {shape}"
    array = _tensor_values(proto)
    kind = "string" if array.dtype == object else array.dtype.name
    if array.size <= _SHOWN_ELEMENTS:
        text = " ".join(repr(item) for item in array.tolist())
        text = _TEMPORARY_FOLDER.sub("_temp/", text)
    else:
        content = repr(array.tolist()).encode() if kind == "string" else array.tobytes()
        text = "sha1 " + hashlib.sha1(content).hexdigest()[:16]
    return f"{kind}{shape} {text}"


def _tensor_values(proto: Any) -> np.ndarray:
    """The elements in order; a TensorProto may leave out repetitions of its last value."""
    name, field = _NUMPY[proto.dtype]
    count = int(np.prod([d.size for d in proto.tensor_shape.dim], dtype=np.int64))
    if proto.tensor_content:
        return np.frombuffer(proto.tensor_content, dtype=name)
    items = list(getattr(proto, field))
    if field.endswith("complex_val"):
        items = [complex(items[i], items[i + 1]) for i in range(0, len(items), 2)]
    if name == "float16":
        items = list(np.array(items, np.uint16).view(np.float16))
    if not items:
        items = [b""] if name == "object" else [0]
    items = items[:count] + [items[-1]] * (count - len(items))
    return np.array(items, dtype=name)
