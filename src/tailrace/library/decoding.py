"""What strings stand for: raw bytes, rows of a table, serialized tensors.

Source: TF 1.15 python/ops/parsing_ops.py.
"""

from __future__ import annotations

import itertools
from typing import Any

from tailrace.graph import Tensor, g
from tailrace.library.arguments import either
from tailrace.library.array import as_list


def decode_raw(
    input_bytes: Any = None,
    out_type: Any = None,
    little_endian: bool = True,
    name: str | None = None,
    bytes: Any = None,
) -> Tensor:
    """The bytes of each string as numbers of a type. `bytes` is the old name of the input."""
    strings = either("input_bytes", input_bytes, "bytes", bytes)
    if out_type is None:
        raise ValueError("decode_raw_v1() missing 1 positional argument: 'out_type'")
    return g.DecodeRaw(strings, out_type=out_type, little_endian=little_endian, name=name)


def decode_csv(
    records: Any,
    record_defaults: Any,
    field_delim: str = ",",
    use_quote_delim: bool = True,
    name: str | None = None,
    na_value: str = "",
    select_cols: Any = None,
) -> list[Tensor]:
    """The fields of each record, a tensor a column; an empty field is its default.

    Raises: ValueError when `select_cols` does not rise or does not match the defaults.
    """
    if select_cols is not None:
        if any(a >= b for a, b in itertools.pairwise(select_cols)):
            raise ValueError("select_cols is not strictly increasing.")
        if select_cols and select_cols[0] < 0:
            raise ValueError("select_cols contains negative values.")
        if len(select_cols) != len(record_defaults):
            raise ValueError("Length of select_cols and record_defaults do not match.")
    columns = g.DecodeCSV(
        records,
        record_defaults,
        field_delim=field_delim,
        use_quote_delim=use_quote_delim,
        na_value=na_value,
        select_cols=select_cols,
        name=name,
    )
    return as_list(columns)


def decode_compressed(bytes: Any, compression_type: str = "", name: str | None = None) -> Tensor:
    """Each string decompressed: GZIP, ZLIB or nothing."""
    return g.DecodeCompressed(bytes, compression_type=compression_type, name=name)


def serialize_tensor(tensor: Any, name: str | None = None) -> Tensor:
    """A tensor as a serialized TensorProto."""
    return g.SerializeTensor(tensor, name=name)


def parse_tensor(serialized: Any, out_type: Any, name: str | None = None) -> Tensor:
    """The tensor of a serialized TensorProto."""
    return g.ParseTensor(serialized, out_type=out_type, name=name)
