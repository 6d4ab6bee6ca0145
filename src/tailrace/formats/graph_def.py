"""Attribute values and `AttrValue` protos, and GraphDef files.

As Python values types are `DType`, shapes `TensorShape`, strings bytes, tensors arrays (one value
for all elements: an array whose strides are 0), functions `NameAttrList` protos.

Source: TF 1.15 core/framework/attr_value.proto, python/framework/graph_io.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.dtypes import DType
from tailrace.formats import protos
from tailrace.formats.files import atomic_write, data_loss, os_errors
from tailrace.formats.tensor_proto import array_to_proto, as_bytes, make_ndarray
from tailrace.shapes import TensorShape

_TEXT_SUFFIXES = (".pbtxt", ".prototxt", ".txt")


def _type_number(value: Any) -> int:
    return dtypes.as_dtype(value).as_datatype_enum


def _shape_proto(value: Any) -> Any:
    return value if hasattr(value, "unknown_rank") else TensorShape(value).as_proto()


def _tensor_proto(value: Any) -> Any:
    return value if hasattr(value, "tensor_shape") else array_to_proto(np.asarray(value))


def _function(value: Any) -> Any:
    if isinstance(value, (str, bytes)):
        return protos.NameAttrList(name=as_bytes(value).decode())
    return value if isinstance(value, protos.NameAttrList) else protos.NameAttrList(name=value.name)


# kind -> the field of AttrValue (and of its list), Python value -> what the field takes
_FIELDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "type": ("type", _type_number),
    "int": ("i", int),
    "float": ("f", float),
    "bool": ("b", bool),
    "string": ("s", as_bytes),
    "shape": ("shape", _shape_proto),
    "tensor": ("tensor", _tensor_proto),
    "func": ("func", _function),
}
# field -> what the proto holds -> Python value
_VALUES: dict[str, Callable[[Any], Any]] = {
    "type": dtypes.as_dtype,
    "i": int,
    "f": float,
    "b": bool,
    "s": bytes,
    "shape": TensorShape,
    "tensor": make_ndarray,
    "func": lambda proto: proto,
}


def attr_to_proto(value: Any, kind: str | None = None) -> Any:
    """The `AttrValue` of a Python value; `kind` as in OpDefs ("int", "list(type)", ...).

    Without `kind` it is told from the value. Raises: TypeError for a value that is of no kind.
    """
    if isinstance(value, protos.AttrValue):
        return value
    kind = kind or kind_of(value)
    if kind.startswith("list("):
        field, convert = _FIELDS[kind[len("list(") : -1]]
        items = [convert(item) for item in value]
        return protos.AttrValue(list=protos.AttrValue.ListValue(**{field: items}))
    field, convert = _FIELDS[kind]
    return protos.AttrValue(**{field: convert(value)})


def attr_from_proto(proto: Any, kind: str | None = None) -> Any:
    """The Python value of an `AttrValue`; an empty list does not tell its kind.

    Raises: ValueError when it holds another kind than `kind`, or a placeholder.
    """
    field = proto.WhichOneof("value")
    if kind is not None and field != _field_of(kind):
        found = next((k for k, (f, _) in _FIELDS.items() if f == field), field)
        raise ValueError(f"AttrValue had value with type '{found}' when '{kind}' expected")
    if field == "list":
        return _list_from_proto(proto.list)
    if field not in _VALUES:
        raise ValueError(f"attribute holds {field or 'nothing'}, which stands for no value")
    return _VALUES[field](getattr(proto, field))


def _field_of(kind: str) -> str:
    return "list" if kind.startswith("list(") else _FIELDS[kind][0]


def _list_from_proto(proto: Any) -> list[Any]:
    for descriptor, items in proto.ListFields():
        return [_VALUES[descriptor.name](item) for item in items]
    return []


def kind_of(value: Any) -> str:
    """The kind of an attribute that no OpDef declares. Raises: TypeError."""
    if isinstance(value, (list, tuple)):
        return f"list({kind_of(value[0])})" if value else "list(string)"
    for kind, types in _PYTHON_TYPES:
        if isinstance(value, types):
            return kind
    if hasattr(value, "attr") and hasattr(value, "name"):
        return "func"
    raise TypeError(f"An attribute cannot hold {value!r} of type {type(value).__name__}")


# bool comes before int, whose subclass it is
_PYTHON_TYPES: tuple[tuple[str, Any], ...] = (
    ("type", DType),
    ("bool", (bool, np.bool_)),
    ("int", (int, np.integer)),
    ("float", (float, np.floating)),
    ("string", (str, bytes)),
    ("shape", TensorShape),
    ("tensor", np.ndarray),
)


def write_proto(proto: Any, path: str, as_text: bool) -> None:
    """Writes a message to a file, binary or as text, whole or not at all."""
    content = proto_to_text(proto).encode() if as_text else proto.SerializeToString()
    with os_errors(path), atomic_write(path) as file:
        file.write(content)


def proto_to_text(proto: Any) -> str:
    """The text form TensorFlow writes."""
    from google.protobuf import text_format

    return text_format.MessageToString(proto)


def read_proto(message: Any, path: str | os.PathLike[str], as_text: bool | None = None) -> Any:
    """Fills a message from a file; binary or text is told from name and content unless given.

    Raises: NotFoundError, DataLossError for content that is no such message.
    """
    with os_errors(path):
        content = Path(path).read_bytes()
    if as_text is None:
        as_text = os.fspath(path).endswith(_TEXT_SUFFIXES)
        return _parsed(message, content, path, [as_text, not as_text])
    return _parsed(message, content, path, [as_text])


def _parsed(message: Any, content: bytes, path: str | os.PathLike[str], forms: list[bool]) -> Any:
    from google.protobuf import message as message_module
    from google.protobuf import text_format

    reasons = []
    for as_text in forms:
        message.Clear()
        try:
            if as_text:
                return text_format.Parse(content.decode(), message)
            message.ParseFromString(content)
            return message
        except (message_module.DecodeError, text_format.ParseError, UnicodeDecodeError) as error:
            reasons.append(str(error))
    name = message.DESCRIPTOR.name
    raise data_loss(path, f"cannot be read as {name}: {'; '.join(reasons)}")


def read_graph_def(path: str | os.PathLike[str], as_text: bool | None = None) -> Any:
    """The GraphDef in a file. Raises: NotFoundError, DataLossError."""
    return read_proto(protos.GraphDef(), path, as_text)
