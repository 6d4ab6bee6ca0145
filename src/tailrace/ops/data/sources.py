"""Where elements come from: tensors, ranges, files, functions of Python.

Source: TF 1.15 core/ops/dataset_ops.cc, core/kernels/data/{tensor_dataset,tensor_slice_dataset,
range_dataset,text_line_dataset,tf_record_dataset,generator_dataset}_op.cc.
"""

from __future__ import annotations

import gzip
import io
import zlib
from typing import Any

import torch

from tailrace import arrays, errors
from tailrace.formats.files import os_errors
from tailrace.formats.tf_record import read_records
from tailrace.ops.data.element import (
    ELEMENT,
    SHAPES,
    STATEFUL,
    TYPES,
    Dataset,
    declared,
    row,
    string,
)
from tailrace.registry import Attr, op

_COMPONENTS = "components: list(Toutput_types) -> handle: variant"
_FILES = "filenames: string, compression_type: string, buffer_size: int64 -> handle: variant"

_PIECES = (
    "filenames: string, header_bytes: int64, record_bytes: int64, footer_bytes: int64, "
    "buffer_size: int64"
)


@op("TensorDataset", _COMPONENTS, Toutput_types=TYPES, output_shapes=SHAPES, **STATEFUL)
def tensor_dataset(components):
    """One element: the components."""
    return Dataset(lambda pass_: iter([list(components)]))


declared(tensor_dataset)


@op("TensorSliceDataset", _COMPONENTS, Toutput_types=TYPES, output_shapes=SHAPES, **STATEFUL)
def tensor_slice_dataset(components):
    """An element for each row of the components, which must have equally many."""
    sizes = {len(c) for c in components}
    if len(sizes) > 1:
        raise errors.invalid(
            f"All components of a slice dataset must have as many rows, but there are "
            f"{sorted(sizes)}"
        )

    def elements(pass_):
        for i in range(len(components[0])):
            yield [row(c, i) for c in components]

    return Dataset(elements)


declared(tensor_slice_dataset)


@op(
    "RangeDataset",
    "start: int64, stop: int64, step: int64 -> handle: variant",
    **ELEMENT,
    _host=("start", "stop", "step"),
    **STATEFUL,
)
def range_dataset(start, stop, step):
    """Integers from `start` to before `stop`."""
    if step == 0:
        raise errors.invalid("step must be a non-zero integer.")
    return Dataset(lambda pass_: ([torch.tensor(i)] for i in range(start, stop, step)))


declared(range_dataset)


def _paths(filenames):
    return [name.decode() for name in filenames.reshape(-1)]


@op("TextLineDataset", _FILES, **STATEFUL)
def text_line_dataset(filenames, compression_type, buffer_size):
    """The lines of files, without their ends. Raises: NotFoundError and its relatives."""
    kind = compression_type[()].decode()

    def elements(pass_):
        for path in _paths(filenames):
            with os_errors(path), opened(path, kind) as file:
                for line in file:
                    yield [string(line.rstrip(b"\n").removesuffix(b"\r"))]

    return Dataset(elements)


declared(text_line_dataset)


def opened(path: Any, kind: str) -> Any:
    """A file, unpacked as the kind of compression says."""
    if kind == "GZIP":
        return gzip.open(path, "rb")
    if kind == "ZLIB":
        with open(path, "rb") as file:
            return io.BytesIO(zlib.decompress(file.read()))
    return open(path, "rb")


@op("TFRecordDataset", _FILES, **STATEFUL)
def tf_record_dataset(filenames, compression_type, buffer_size):
    """The records of TFRecord files. Raises: NotFoundError, DataLossError."""
    kind = compression_type[()].decode()

    def elements(pass_):
        for path in _paths(filenames):
            for record in read_records(path, kind):
                yield [string(record)]

    return Dataset(elements)


declared(tf_record_dataset)


def _pieces(filenames, header_bytes, record_bytes, footer_bytes, kind):
    def elements(pass_):
        for path in _paths(filenames):
            with os_errors(path), opened(path, kind) as file:
                content = file.read()
            content = content[header_bytes : len(content) - footer_bytes]
            if len(content) % record_bytes:
                raise errors.invalid(
                    f"Excess bytes in {path} (header {header_bytes}, record {record_bytes}, "
                    f"footer {footer_bytes}): {len(content) % record_bytes} are left over"
                )
            for start in range(0, len(content), record_bytes):
                yield [string(content[start : start + record_bytes])]

    return Dataset(elements)


@op(
    "FixedLengthRecordDataset",
    f"{_PIECES} -> handle: variant",
    _host=("header_bytes", "record_bytes", "footer_bytes"),
    **STATEFUL,
)
def fixed_length_record_dataset(filenames, header_bytes, record_bytes, footer_bytes, buffer_size):
    """Pieces of one length between a head and a tail. Raises: InvalidArgumentError for a rest."""
    return _pieces(filenames, header_bytes, record_bytes, footer_bytes, "")


declared(fixed_length_record_dataset)


@op(
    "FixedLengthRecordDatasetV2",
    f"{_PIECES}, compression_type: string -> handle: variant",
    _host=("header_bytes", "record_bytes", "footer_bytes"),
    **STATEFUL,
)
def compressed_fixed_length_record_dataset(
    filenames, header_bytes, record_bytes, footer_bytes, buffer_size, compression_type
):
    """The same of files that may be compressed as a whole ("", "ZLIB", "GZIP")."""
    kind = compression_type[()].decode()
    return _pieces(filenames, header_bytes, record_bytes, footer_bytes, kind)


declared(compressed_fixed_length_record_dataset)


@op(
    "GeneratorDataset",
    "init_func_other_args: list(Tinit_func_args), next_func_other_args: list(Tnext_func_args), "
    "finalize_func_other_args: list(Tfinalize_func_args) -> handle: variant",
    init_func=Attr("func"),
    next_func=Attr("func"),
    finalize_func=Attr("func"),
    Tinit_func_args=Attr("list(type)"),
    Tnext_func_args=Attr("list(type)"),
    Tfinalize_func_args=Attr("list(type)"),
    **ELEMENT,
    **STATEFUL,
)
def generator_dataset(
    init_func_other_args, next_func_other_args, finalize_func_other_args, *, next_func, output_types
):
    """What a generator of Python yields.

    `next_func` is called with the arguments as arrays and gives the generator of elements, each a
    list of arrays; what it raises is the error of the run.
    """

    def elements(pass_):
        given = [arrays.to_numpy(value) for value in init_func_other_args]
        try:
            for element in next_func.elements(*given):
                yield [arrays.to_torch(array) for array in element]
        except (TypeError, ValueError) as error:
            raise errors.invalid(f"{type(error).__name__}: {error}") from error

    return Dataset(elements)


declared(generator_dataset)
