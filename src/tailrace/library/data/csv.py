"""`tf.data.experimental.CsvDataset` and `make_csv_dataset`.

Source: TF 1.15 python/data/experimental/ops/readers.py.
"""

from __future__ import annotations

import collections
import csv
import gzip
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import gfile
from tailrace.library.data.dataset import AUTOTUNE, Dataset
from tailrace.library.data.extras import parallel_interleave, shuffle_and_repeat
from tailrace.library.data.functions import Structure
from tailrace.shapes import TensorShape

_TYPES = (dtypes.float32, dtypes.float64, dtypes.int32, dtypes.int64, dtypes.string)
_BUFFER_BYTES = 4 * 1024 * 1024


def _default(value: Any) -> Any:
    """A column's default; a type alone is a column that must not be empty."""
    if isinstance(value, Tensor):
        return value
    try:
        is_type = value in _TYPES
    except (TypeError, ValueError):
        is_type = False
    return g.constant([], dtypes.as_dtype(value)) if is_type else value


class CsvDataset(Dataset):
    """The rows of CSV files, each a tuple of a value a column.

    `record_defaults` holds a column's default, as a list of one, or its type where a row must have
    it; `select_cols` the numbers of the only columns, in order.
    """

    def __init__(
        self,
        filenames: Any,
        record_defaults: Any,
        compression_type: Any = None,
        buffer_size: Any = None,
        header: Any = False,
        field_delim: Any = ",",
        use_quote_delim: Any = True,
        na_value: Any = "",
        select_cols: Any = None,
    ) -> None:
        names = convert_to_tensor(filenames, dtypes.string, name="filenames")
        kind = convert_to_tensor(compression_type or "", dtypes.string, name="compression_type")
        given = [_default(value) for value in record_defaults]
        defaults = [
            convert_to_tensor(value, name=f"record_defaults_{i}") for i, value in enumerate(given)
        ]
        size = _BUFFER_BYTES if buffer_size is None else buffer_size
        size = convert_to_tensor(size, dtypes.int64, name="buffer_size")
        head = convert_to_tensor(header, dtypes.bool, name="header")
        delimiter = convert_to_tensor(field_delim, dtypes.string, name="field_delim")
        quotes = convert_to_tensor(use_quote_delim, dtypes.bool, name="use_quote_delim")
        missing = convert_to_tensor(na_value, dtypes.string, name="na_value")
        columns = [] if select_cols is None else select_cols
        columns = convert_to_tensor(columns, dtypes.int64, name="select_cols")
        structure = Structure(
            tuple(default.dtype for default in defaults), tuple(TensorShape([]) for _ in defaults)
        )
        variant = g.CSVDataset(
            names,
            kind,
            size,
            head,
            delimiter,
            quotes,
            missing,
            columns,
            defaults,
            output_shapes=structure.flat_shapes,
        )
        super().__init__(variant, structure)


# -- finding out about files -----------------------------------------------------------------------


class _Files:
    """CSV files as the csv module reads them."""

    def __init__(self, names: list[str], delimiter: str, quotes: bool, compression: Any) -> None:
        self.names = names
        self._format: dict[str, Any] = {
            "delimiter": delimiter,
            "quoting": csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE,
        }
        if compression not in (None, "", "GZIP"):
            raise ValueError(
                f"compression_type ({compression}) is not supported for probing columns"
            )
        self._packed = compression == "GZIP"

    def rows(self, name: str) -> Iterator[list[str]]:
        """The rows of one file."""
        with gzip.open(name, "rt") if self._packed else gfile.GFile(name) as file:
            yield from csv.reader(file, **self._format)

    def column_names(self) -> list[str]:
        """The first row, the same in all files. Raises: ValueError where there is none."""
        first: list[str] | None = None
        for name in self.names:
            found = next(self.rows(name), None)
            if found is None:
                raise ValueError(
                    f"Received StopIteration when reading the header line of {name}.  Empty file?"
                )
            if first is not None and found != first:
                raise ValueError("Files have different column names in the header row.")
            first = found
        assert first is not None, "there is a file"
        return first

    def defaults(
        self, columns: list[int], count: int, na_value: str, header: bool, limit: int | None
    ) -> list[Tensor]:
        """Defaults of the narrowest types that the first rows fit. Raises: ValueError."""
        types: list[Any] = [None] * len(columns)
        seen = 0
        for name in self.names:
            rows = self.rows(name)
            if header:
                next(rows, None)
            for row in rows:
                if limit is not None and seen >= limit:
                    break
                if len(row) != count:
                    raise ValueError(
                        "Problem inferring types: CSV row has different number of fields than "
                        "expected."
                    )
                seen += 1
                types = [
                    _wider(row[column], na_value, known)
                    for column, known in zip(columns, types, strict=True)
                ]
        found = [each or dtypes.string for each in types]
        return [g.constant(["" if each is dtypes.string else 0], each) for each in found]


def _is_integer(text: str, dtype: Any) -> bool:
    try:
        return dtype.min <= int(text) <= dtype.max
    except ValueError:
        return False


def _is_number(text: str, dtype: Any) -> bool:
    try:
        return bool(-np.inf < dtype.as_numpy_dtype(text) < np.inf)
    except ValueError:
        return False


_FITS: tuple[tuple[Any, Callable[[str, Any], bool]], ...] = (
    (dtypes.int32, _is_integer),
    (dtypes.int64, _is_integer),
    (dtypes.float32, _is_number),
    (dtypes.float64, _is_number),
    (dtypes.string, lambda text, dtype: True),
)


def _wider(text: str, na_value: str, known: Any) -> Any:
    """The narrowest type of a field that is not narrower than the one known so far."""
    if text in ("", na_value):
        return known
    order = [dtype for dtype, _ in _FITS]
    least = 0 if known is None else order.index(known)
    with np.errstate(over="ignore"):
        return next(dtype for dtype, fits in _FITS[least:] if fits(text, dtype))


def _column_numbers(select_columns: Any, names: list[str]) -> list[int]:
    """Columns by number, in order. Raises: ValueError for one that is not there, or twice."""
    numbers = []
    for column in select_columns:
        if isinstance(column, int):
            if not 0 <= column < len(names):
                raise ValueError(
                    f"Column index {column} specified in select_columns out of valid range."
                )
            numbers.append(column)
        elif column in names:
            numbers.append(names.index(column))
        else:
            raise ValueError(
                f"Value '{column}' specified in select_columns not a valid column index or name."
            )
    if len(set(numbers)) != len(numbers):
        raise ValueError("select_columns contains duplicate columns")
    return sorted(numbers)


def _matching(file_pattern: Any) -> list[str]:
    patterns = file_pattern if isinstance(file_pattern, list) else [file_pattern]
    if not patterns:
        raise ValueError("File pattern is empty.")
    found = [name for pattern in patterns for name in gfile.Glob(pattern)]
    if not found:
        raise ValueError(f"No files match {file_pattern}.")
    return sorted(found)


def make_csv_dataset(
    file_pattern: Any,
    batch_size: Any,
    column_names: Any = None,
    column_defaults: Any = None,
    label_name: str | None = None,
    select_columns: Any = None,
    field_delim: str = ",",
    use_quote_delim: bool = True,
    na_value: str = "",
    header: bool = True,
    num_epochs: int | None = None,
    shuffle: bool = True,
    shuffle_buffer_size: int = 10000,
    shuffle_seed: Any = None,
    prefetch_buffer_size: Any = None,
    num_parallel_reads: Any = None,
    sloppy: bool = False,
    num_rows_for_inference: int | None = 100,
    compression_type: Any = None,
    ignore_errors: bool = False,
) -> Dataset:
    """Batches of the rows of CSV files: a dict of columns, with `label_name` and a label beside it.

    Names come from the header and types from the first rows where they are not given. Endless
    without `num_epochs`; full batches only then.

    Raises: ValueError for no file, names that come twice, columns and labels that are not there;
    NotImplementedError for `ignore_errors`.
    """
    if ignore_errors:
        raise NotImplementedError(
            "ignore_errors=True is not supported: a row that does not fit ends the dataset"
        )
    names = _matching(file_pattern)
    dataset = Dataset.from_tensor_slices(names)
    if shuffle:
        dataset = dataset.shuffle(len(names), shuffle_seed)
    known = column_names is not None and column_defaults is not None
    files = _Files(names, field_delim, use_quote_delim, None if known else compression_type)
    columns = _names(files, column_names, header)
    chosen = None if select_columns is None else _column_numbers(select_columns, columns)
    if column_defaults is not None:
        defaults = [_default(value) for value in column_defaults]
    else:
        wanted = list(range(len(columns))) if chosen is None else chosen
        defaults = files.defaults(wanted, len(columns), na_value, header, num_rows_for_inference)
    if chosen is not None and len(defaults) != len(chosen):
        raise ValueError("If specified, column_defaults and select_columns must have same length.")
    if chosen is not None:
        columns = [columns[i] for i in chosen]
    if label_name is not None and label_name not in columns:
        raise ValueError("`label_name` provided must be one of the columns.")

    def filename_to_dataset(filename: Tensor) -> Dataset:
        return CsvDataset(
            filename,
            defaults,
            field_delim=field_delim,
            use_quote_delim=use_quote_delim,
            na_value=na_value,
            select_cols=chosen,
            header=header,
            compression_type=compression_type,
        )

    def map_fn(*values: Any) -> Any:
        features = collections.OrderedDict(zip(columns, values, strict=True))
        return features if label_name is None else (features, features.pop(label_name))

    cycle = 1 if num_parallel_reads is None else num_parallel_reads
    dataset = parallel_interleave(filename_to_dataset, cycle_length=cycle, sloppy=sloppy)(dataset)
    dataset = _repeated(dataset, num_epochs, shuffle, shuffle_buffer_size, shuffle_seed)
    dataset = dataset.batch(batch_size, drop_remainder=num_epochs is None)
    dataset = dataset._map(map_fn, inter_op=False)
    return dataset.prefetch(AUTOTUNE if prefetch_buffer_size is None else prefetch_buffer_size)


def _names(files: _Files, given: Any, header: bool) -> list[str]:
    """The columns' names, from the files where they are not given."""
    if given is None and not header:
        raise ValueError("Cannot infer column names without a header line.")
    columns = files.column_names() if given is None else list(given)
    if len(columns) != len(set(columns)):
        raise ValueError("Cannot have duplicate column names.")
    return columns


def _repeated(
    dataset: Dataset, epochs: int | None, shuffle: bool, buffer_size: int, seed: Any
) -> Dataset:
    if epochs != 1 and shuffle:
        return shuffle_and_repeat(buffer_size, epochs, seed)(dataset)
    if shuffle:
        return dataset.shuffle(buffer_size, seed)
    return dataset if epochs == 1 else dataset.repeat(epochs)
