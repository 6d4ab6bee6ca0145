"""What strings stand for: numbers, raw bytes, rows of a table, serialized tensors.

Source: TF 1.15 core/ops/parsing_ops.cc, core/kernels/{string_to_number,decode_raw,decode_csv}_op.cc
"""

from __future__ import annotations

import gzip
import zlib

import numpy as np
import torch

from tailrace import arrays, dtypes, errors
from tailrace.dtypes import ANY
from tailrace.errors import ShapeError
from tailrace.formats import protos, tensor_proto
from tailrace.ops.strings.elements import NOT_SMOOTH, each
from tailrace.registry import Attr, op, type_attr
from tailrace.shapes import UNKNOWN, TensorShape

_NUMBERS = (dtypes.float32, dtypes.float64, dtypes.int32, dtypes.int64)


def _number(text: bytes, dtype: dtypes.DType) -> float | int | None:
    """The number a text is, or None."""
    plain = text.strip()
    if b"_" in plain:
        return None
    try:
        if dtype.is_integer:
            value = int(plain)
            return value if dtype.min <= value <= dtype.max else None
        is_hex = plain.lstrip(b"+-")[:2].lower() == b"0x"
        return float.fromhex(plain.decode()) if is_hex else float(plain)
    except ValueError:
        return None


@op(
    "StringToNumber",
    "string_tensor: string -> output: out_type",
    out_type=type_attr(_NUMBERS, dtypes.float32),
)
def string_to_number(string_tensor, *, out_type):
    """The number each string is. Raises: InvalidArgumentError for one that is none."""

    def read(text):
        value = _number(text, out_type)
        if value is None:
            raise errors.invalid(
                f"StringToNumberOp could not correctly convert string: {text.decode()}"
            )
        return value

    return torch.from_numpy(each(read, string_tensor).astype(out_type.as_numpy_dtype))


@string_to_number.shape
def string_to_number_shape(string_tensor):
    return [string_tensor]


string_to_number.no_gradient(NOT_SMOOTH)

_RAW = (
    dtypes.float16,
    dtypes.float32,
    dtypes.float64,
    dtypes.int32,
    dtypes.uint16,
    dtypes.uint8,
    dtypes.int16,
    dtypes.int8,
    dtypes.int64,
    *dtypes.COMPLEX,
    dtypes.bool,
)


@op("DecodeRaw", "bytes: string -> output: out_type", out_type=_RAW, little_endian=True)
def decode_raw(bytes, *, out_type, little_endian):
    """The bytes of each string as numbers. Shapes: bytes [...] -> [..., length / size]."""
    strings = bytes.reshape(-1).tolist()
    length = len(strings[0]) if strings else 0
    for i, text in enumerate(strings):
        if len(text) != length:
            raise errors.invalid(
                "DecodeRaw requires input strings to all be the same size, but element "
                f"{i} has size {len(text)} != {length}"
            )
    if length % out_type.size:
        raise errors.invalid(
            f"Input to DecodeRaw has length {length} that is not a multiple of {out_type.size}, "
            f"the size of {out_type.name}"
        )
    kind = np.dtype(out_type.as_numpy_dtype).newbyteorder("<" if little_endian else ">")
    array = np.frombuffer(b"".join(strings), kind).astype(out_type.as_numpy_dtype)
    return torch.from_numpy(array.reshape(*bytes.shape, length // out_type.size))


@decode_raw.shape
def decode_raw_shape(bytes):
    return [[*bytes, None]]


decode_raw.no_gradient(NOT_SMOOTH)


@op("DecodeCompressed", "bytes: string -> output: string", compression_type="")
def decode_compressed(bytes, *, compression_type):
    """Each string decompressed (GZIP, ZLIB or nothing)."""
    known = {b"": lambda s: s, b"GZIP": gzip.decompress, b"ZLIB": zlib.decompress}
    if compression_type not in known:
        raise errors.invalid(
            f"Only ZLIB, GZIP or NONE are supported compressions, not {compression_type.decode()}"
        )
    try:
        return each(known[compression_type], bytes)
    except (zlib.error, EOFError, OSError) as error:
        raise errors.KernelError(errors.DataLossError, f"not {compression_type}: {error}") from None


@decode_compressed.shape
def decode_compressed_shape(bytes):
    return [bytes]


decode_compressed.no_gradient(NOT_SMOOTH)


def _quoted_field(line, start, delimiter):
    """The text of a field in quotes and the position behind it."""
    text, i = bytearray(), start + 1
    while True:
        end = line.find(b'"', i)
        if end < 0:
            raise errors.invalid("Quoted field has to end with quote followed by delim or end")
        text += line[i:end]
        if line[end + 1 : end + 2] == b'"':
            text += b'"'
            i = end + 2
        elif line[end + 1 : end + 2] in (b"", delimiter):
            return bytes(text), end + 1
        else:
            raise errors.invalid("Quote inside a string has to be escaped by another quote")


def csv_fields(line: bytes, delimiter: bytes, quotes: bool) -> list[bytes]:
    """The fields of one record."""
    fields, i = [], 0
    line = line.rstrip(b"\r\n") if not quotes else line
    while True:
        if quotes and line[i : i + 1] == b'"':
            text, i = _quoted_field(line, i, delimiter)
        else:
            end = line.find(delimiter, i)
            end = len(line) if end < 0 else end
            text, i = line[i:end], end
            if quotes and (b'"' in text or b"\n" in text or b"\r" in text):
                raise errors.invalid("Unquoted fields cannot have quotes/CRLFs inside")
        fields.append(text)
        if i >= len(line):
            return fields
        i += 1
        if i == len(line):
            return [*fields, b""]


@op(
    "DecodeCSV",
    "records: string, record_defaults: list(OUT_TYPE) -> output: list(OUT_TYPE)",
    OUT_TYPE=Attr("list(type)", allowed=(*_NUMBERS, dtypes.string), minimum=1),
    field_delim=",",
    use_quote_delim=True,
    na_value="",
    select_cols=Attr("list(int)", []),
)
def decode_csv(
    records, record_defaults, *, OUT_TYPE, field_delim, use_quote_delim, na_value, select_cols
):
    """Each record's fields, one output a column; an empty field is its default.

    Raises: InvalidArgumentError for a wrong number of fields, or one that is no number.
    """
    rows = [csv_fields(line, field_delim, use_quote_delim) for line in records.reshape(-1).tolist()]
    columns = select_cols or list(range(len(OUT_TYPE)))
    for i, row in enumerate(rows):
        if len(row) <= columns[-1] if select_cols else len(row) != len(columns):
            raise errors.invalid(f"Expect {len(columns)} fields but have {len(row)} in record {i}")
    outputs = []
    for place, dtype, default in zip(columns, OUT_TYPE, record_defaults, strict=True):
        fields = [None if row[place] in (b"", na_value) else row[place] for row in rows]
        values = _column(fields, place, dtype, default.reshape(-1).tolist())
        outputs.append(_as_array(values, dtype, records.shape))
    return outputs


def _column(fields, place, dtype, default):
    values = []
    for i, text in enumerate(fields):
        if text is None:
            if not default:
                raise errors.invalid(f"Field {place} is required but missing in record {i}!")
            values.append(default[0])
            continue
        value = text if dtype is dtypes.string else _number(text, dtype)
        if value is None:
            raise errors.invalid(
                f"Field {place} in record {i} is not a valid {dtype.name}: {text.decode()}"
            )
        values.append(value)
    return values


def _as_array(values, dtype, shape):
    array = np.empty(len(values), dtype=dtype.as_numpy_dtype)
    array[:] = values
    return arrays.to_torch(array.reshape(shape))


@decode_csv.shape
def decode_csv_shape(records, record_defaults):
    for default in record_defaults:
        if default.dims is not None and (
            len(default) > 1 or default.dims not in ((), (0,), (1,), (None,))
        ):
            raise ShapeError(f"a default must be a scalar, or empty: it has shape {default}")
    return [records] * len(record_defaults)


decode_csv.missing_gradient(NOT_SMOOTH)


@op("SerializeTensor", "tensor: T -> serialized: string", T=ANY)
def serialize_tensor(tensor, *, T):
    """The tensor as the bytes of a TensorProto, its values as they lie in memory."""
    array = arrays.to_numpy(tensor)
    proto = protos.TensorProto(dtype=T.as_datatype_enum, tensor_shape=_shape_proto(array.shape))
    if T is dtypes.string:
        proto.string_val.extend(array.reshape(-1).tolist())
    else:
        proto.tensor_content = np.ascontiguousarray(array).tobytes()
    return _scalar(proto.SerializeToString())


def _shape_proto(dims):
    return TensorShape(dims).as_proto()


def _scalar(text):
    array = np.empty((), dtype=object)
    array[()] = text
    return array


@serialize_tensor.shape
def serialize_tensor_shape(tensor):
    return [[]]


serialize_tensor.no_gradient(NOT_SMOOTH)


@op("ParseTensor", "serialized: string -> output: out_type", out_type=ANY)
def parse_tensor(serialized, *, out_type):
    """The tensor of a serialized TensorProto."""
    from google.protobuf.message import DecodeError  # protobuf is loaded when it is needed

    try:
        proto = protos.TensorProto.FromString(serialized[()])
    except DecodeError as error:
        raise errors.invalid(f"Could not parse a TensorProto: {error}") from None
    if proto.dtype != out_type.as_datatype_enum:
        raise errors.invalid(
            f"Type mismatch between parsed tensor ({dtypes.as_dtype(proto.dtype).name}) and dtype "
            f"({out_type.name})"
        )
    return arrays.to_torch(tensor_proto.make_ndarray(proto))


@parse_tensor.shape
def parse_tensor_shape(serialized):
    return [UNKNOWN]


parse_tensor.no_gradient(NOT_SMOOTH)
