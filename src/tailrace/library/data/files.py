"""`tf.data`: lines, records and pieces of files.

Source: TF 1.15 python/data/ops/readers.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library.data.dataset import AUTOTUNE, Dataset
from tailrace.library.data.extras import parallel_interleave
from tailrace.library.data.functions import Structure
from tailrace.shapes import TensorShape

_BUFFER_BYTES = 256 * 1024
_STRINGS = Structure(dtypes.string, TensorShape([]))


class TextLineDataset(Dataset):
    """The lines of text files, as strings; `compression_type` is None, "ZLIB" or "GZIP"."""

    def __init__(
        self,
        filenames: Any,
        compression_type: str | None = None,
        buffer_size: Any = None,
        num_parallel_reads: Any = None,
    ) -> None:
        def read(name: Tensor) -> Tensor:
            return g.TextLineDataset(name, *_how(compression_type, buffer_size))

        made = _files_dataset(filenames, read, num_parallel_reads)
        super().__init__(made._variant_tensor, made._structure)


class TFRecordDataset(Dataset):
    """The records of TFRecord files, as strings."""

    def __init__(
        self,
        filenames: Any,
        compression_type: str | None = None,
        buffer_size: Any = None,
        num_parallel_reads: Any = None,
    ) -> None:
        def read(name: Tensor) -> Tensor:
            return g.TFRecordDataset(name, *_how(compression_type, buffer_size))

        made = _files_dataset(filenames, read, num_parallel_reads)
        super().__init__(made._variant_tensor, made._structure)


class FixedLengthRecordDataset(Dataset):
    """Pieces of `record_bytes` bytes of files, between a head and a tail."""

    def __init__(
        self,
        filenames: Any,
        record_bytes: Any,
        header_bytes: Any = None,
        footer_bytes: Any = None,
        buffer_size: Any = None,
        compression_type: str | None = None,
        num_parallel_reads: Any = None,
    ) -> None:
        def read(name: Tensor) -> Tensor:
            size = convert_to_tensor(record_bytes, dtypes.int64, name="record_bytes")
            head, tail = _whole("header_bytes", header_bytes), _whole("footer_bytes", footer_bytes)
            buffer = _whole("buffer_size", buffer_size, _BUFFER_BYTES)
            if compression_type is None:
                return g.FixedLengthRecordDataset(name, head, size, tail, buffer)
            kind = convert_to_tensor(compression_type, dtypes.string, name="compression_type")
            return g.FixedLengthRecordDatasetV2(name, head, size, tail, buffer, kind)

        made = _files_dataset(filenames, read, num_parallel_reads)
        super().__init__(made._variant_tensor, made._structure)


def _whole(name: str, value: Any, default: int = 0) -> Tensor:
    return convert_to_tensor(default if value is None else value, dtypes.int64, name=name)


def _how(compression_type: str | None, buffer_size: Any) -> tuple[Tensor, Tensor]:
    kind = convert_to_tensor(compression_type or "", dtypes.string, name="compression_type")
    return kind, _whole("buffer_size", buffer_size, _BUFFER_BYTES)


def _files_dataset(
    filenames: Any, read: Callable[[Tensor], Tensor], num_parallel_reads: Any
) -> Dataset:
    """The contents of the files, one after another, each read by a dataset of its own."""
    if not isinstance(filenames, Dataset):
        names = convert_to_tensor(filenames, dtypes.string)
        filenames = Dataset.from_tensor_slices(g.Reshape(names, [-1], name="flat_filenames"))

    def read_one_file(filename: Tensor) -> Dataset:
        return Dataset(read(filename), _STRINGS)

    if num_parallel_reads is None:
        return filenames.flat_map(read_one_file)
    if isinstance(num_parallel_reads, int) and num_parallel_reads == AUTOTUNE:
        return filenames.interleave(read_one_file, num_parallel_calls=num_parallel_reads)
    return filenames.apply(parallel_interleave(read_one_file, num_parallel_reads))
