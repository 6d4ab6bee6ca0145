"""Rows of CSV files as elements.

Source: TF 1.15 core/ops/experimental_dataset_ops.cc, core/kernels/data/experimental/
csv_dataset_op.cc.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from tailrace import arrays, dtypes, errors
from tailrace.formats.files import os_errors
from tailrace.ops.data.element import SHAPES, STATEFUL, Dataset, declared, string
from tailrace.ops.data.sources import opened
from tailrace.registry import Attr, op

_QUOTE = b'"'


class _Rows:
    """The rows of a file as lists of fields."""

    def __init__(self, content: bytes, delimiter: bytes, quotes: bool) -> None:
        self._content = content
        self._delimiter = delimiter
        self._quotes = quotes
        self._at = 0

    def __iter__(self) -> Iterator[list[bytes]]:
        while self._at < len(self._content):
            yield self._row()

    def _row(self) -> list[bytes]:
        fields = []
        while True:
            fields.append(self._field())
            here = self._content[self._at : self._at + 1]
            self._at += 1
            if here == self._delimiter:
                continue
            if here == b"\r":
                self._at += self._content[self._at : self._at + 1] == b"\n"
            return fields

    def _field(self) -> bytes:
        if self._quotes and self._content[self._at : self._at + 1] == _QUOTE:
            return self._quoted()
        start = self._at
        while self._at < len(self._content):
            here = self._content[self._at : self._at + 1]
            if here in (self._delimiter, b"\n", b"\r"):
                break
            if self._quotes and here == _QUOTE:
                raise errors.invalid("Unquoted fields cannot have quotes inside")
            self._at += 1
        return self._content[start : self._at]

    def _quoted(self) -> bytes:
        """A field in quotes; two of them in it are one."""
        parts = []
        self._at += 1
        while True:
            end = self._content.find(_QUOTE, self._at)
            if end < 0:
                raise errors.invalid("Reached end of file without closing quoted field in record")
            parts.append(self._content[self._at : end])
            self._at = end + 1
            if self._content[self._at : self._at + 1] != _QUOTE:
                break
            self._at += 1
        after = self._content[self._at : self._at + 1]
        if after not in (b"", self._delimiter, b"\n", b"\r"):
            raise errors.invalid(
                "Quote inside a string has to be escaped by another quote, or the field has to "
                "end after it"
            )
        return _QUOTE.join(parts)


def _value(field, dtype, default, na_value, number):
    """The field as a value of the type. Raises: InvalidArgumentError."""
    if not field or field == na_value:
        if len(default) != 1:
            raise errors.invalid(f"Field {number} is required but missing in record!")
        return default[0] if isinstance(default, torch.Tensor) else string(default.reshape(-1)[0])
    if dtype is dtypes.string:
        return string(field)
    kind = int if dtype.is_integer else float
    try:
        value = kind(field)
        if kind is int and not dtype.min <= value <= dtype.max:
            raise ValueError
    except ValueError:
        shown = field.decode(errors="replace")
        raise errors.invalid(
            f"Field {number} in record is not a valid {dtype.name}: {shown}"
        ) from None
    return torch.tensor(value, dtype=arrays.torch_dtype(dtype))


def _chosen(fields, wanted, count):
    """The fields of the wanted columns, all without any."""
    if not wanted:
        if len(fields) != count:
            raise errors.invalid(f"Expect {count} fields but have {len(fields)} in record")
        return fields
    if wanted[-1] >= len(fields):
        raise errors.invalid(f"Expect {wanted[-1] + 1} fields but have {len(fields)} in record")
    return [fields[column] for column in wanted]


@op(
    "CSVDataset",
    "filenames: string, compression_type: string, buffer_size: int64, header: bool, "
    "field_delim: string, use_quote_delim: bool, na_value: string, select_cols: int64, "
    "record_defaults: list(output_types) -> handle: variant",
    output_types=Attr(
        "list(type)",
        minimum=1,
        allowed=(dtypes.float32, dtypes.float64, dtypes.int32, dtypes.int64, dtypes.string),
    ),
    output_shapes=SHAPES,
    _host=("header", "use_quote_delim"),
    **STATEFUL,
)
def csv_dataset(
    filenames,
    compression_type,
    buffer_size,
    header,
    field_delim,
    use_quote_delim,
    na_value,
    select_cols,
    record_defaults,
    *,
    output_types,
):
    """The rows of CSV files, each a value a column; a missing one is the column's default.

    Raises: InvalidArgumentError for a row that does not fit, NotFoundError and its relatives.
    """
    delimiter = bytes(field_delim.reshape(-1)[0])
    if len(delimiter) != 1:
        raise errors.invalid("field_delim should be only 1 char")
    wanted = select_cols.tolist()
    if wanted and len(wanted) != len(output_types):
        raise errors.invalid("select_cols should match output size")
    if wanted != sorted(set(wanted)) or any(column < 0 for column in wanted):
        raise errors.invalid("select_cols should be strictly increasing indices")
    kind = compression_type.reshape(-1)[0].decode()
    missing = bytes(na_value.reshape(-1)[0])

    def elements(pass_):
        for name in np.asarray(filenames).reshape(-1):
            path = name.decode()
            with os_errors(path), opened(path, kind) as file:
                rows = iter(_Rows(file.read(), delimiter, use_quote_delim))
            if header:
                next(rows, None)
            for fields in rows:
                chosen = _chosen(fields, wanted, len(output_types))
                yield [
                    _value(field, dtype, default, missing, number)
                    for number, (field, dtype, default) in enumerate(
                        zip(chosen, output_types, record_defaults, strict=True)
                    )
                ]

    return Dataset(elements)


declared(csv_dataset)
