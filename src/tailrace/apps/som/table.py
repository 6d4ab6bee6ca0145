"""Tables: read, their number columns found, scaled, and what is missing filled or marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tailrace.apps.common.files import read_bytes, read_text
from tailrace.apps.errors import UserError

Values = NDArray[np.float32]
# rows looked at when a missing value is filled from similar rows
SIMILAR = 5


@dataclass(frozen=True)
class Table:
    """Rows of numbers, with what else is known of them.

    `values` [N,D], NaN where one is missing; `labels` names the rows, `groups` says which kind each
    is; both may be empty.
    """

    name: str
    columns: list[str]
    values: NDArray[np.float64]
    labels: list[str]
    groups: list[str]
    notes: list[str]

    def part(self, rows: NDArray[np.int64]) -> Table:
        """Some of the rows."""
        labels = [self.labels[i] for i in rows] if self.labels else []
        groups = [self.groups[i] for i in rows] if self.groups else []
        return Table(self.name, self.columns, self.values[rows], labels, groups, self.notes)


def read_frame(path: str | Path) -> pd.DataFrame:
    """A CSV file (also with ; or tabs) or a Parquet file as pandas reads it.

    Raises: UserError where it is missing, unreadable, or no table.
    """
    read_bytes(path)
    if Path(path).suffix.lower() in (".parquet", ".pq"):
        return _read_parquet(path)
    text = read_text(path)
    heading = text.partition("\n")[0]
    separator = max(",;\t", key=heading.count)
    try:
        frame = pd.read_csv(path, sep=separator, encoding="utf-8-sig")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise UserError(f"{path}: is not a CSV table: {str(error).strip()}") from None
    return _checked(frame, path)


def _read_parquet(path: str | Path) -> pd.DataFrame:
    try:
        return _checked(pd.read_parquet(path), path)
    except ImportError:
        raise UserError(
            f"{path}: Parquet files need pyarrow: pip install 'tailrace[parquet]', or use CSV"
        ) from None
    except (ValueError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"{path}: cannot be read as Parquet: {reason}") from None


def _checked(frame: pd.DataFrame, path: str | Path) -> pd.DataFrame:
    frame = frame.rename(columns=str)
    if not len(frame):
        raise UserError(f"{path}: has no rows below its heading")
    twice = sorted({str(c) for c in frame.columns[frame.columns.duplicated()]})
    if twice:
        raise UserError(f"{path}: has two columns named {', '.join(twice)}")
    return frame


def from_frame(
    frame: Any,
    name: str,
    *,
    use: Sequence[str] = (),
    label: str | None = None,
    group: str | None = None,
) -> Table:
    """The number columns of a table, or those named in `use`; `label` and `group` stand aside.

    Without `label` the first text column whose values all differ names the rows.

    Raises: UserError where a column is not there or not of numbers, or too little is left.
    """
    for column in [*use, *(c for c in (label, group) if c is not None)]:
        if column not in frame.columns:
            raise UserError(
                f"{name}: has no column {column!r}; it has {', '.join(map(str, frame.columns))}"
            )
    numeric = [c for c in frame.columns if _is_numeric(frame[c]) and c not in (label, group)]
    wanted = list(use) or numeric
    wrong = [c for c in wanted if not _is_numeric(frame[c])]
    if wrong:
        raise UserError(f"{name}: column {wrong[0]!r} is not of numbers{_example(frame[wrong[0]])}")
    if label is None:
        texts = [c for c in frame.columns if not _is_numeric(frame[c]) and frame[c].is_unique]
        label = texts[0] if texts else None
    notes = []
    rest = [c for c in frame.columns if c not in (*wanted, label, group)]
    if rest:
        notes.append(f"columns left out: {', '.join(rest)}")
    if not wanted:
        raise UserError(f"{name}: has no column of numbers")
    values = frame[wanted].to_numpy(dtype=float, na_value=np.nan, copy=True)
    if np.isinf(values).any():
        row, column = np.argwhere(np.isinf(values))[0]
        raise UserError(f"{name}: row {row + 1}, column {wanted[column]!r}: is infinite")
    labels = [str(v) for v in frame[label]] if label else []
    groups = [str(v) for v in frame[group]] if group else []
    return Table(name, wanted, values, labels, groups, notes)


def _is_numeric(column: Any) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _example(column: Any) -> str:
    numbers: Any = pd.to_numeric(column, errors="coerce")
    odd = column[numbers.isna() & column.notna()]
    return f": it has {str(odd.iloc[0])!r}" if len(odd) else ""


def as_values(data: Any, columns: Sequence[str] | None = None) -> NDArray[np.float64]:
    """An array or data frame [N,D] as numbers, NaN where one is missing.

    Raises: UserError where it has another shape, other columns, or no numbers.
    """
    if isinstance(data, pd.DataFrame):
        if columns is not None:
            missing = [c for c in columns if c not in data.columns]
            if missing:
                raise UserError(f"the table lacks the columns {', '.join(missing)}")
            data = data[list(columns)]
        data = data.to_numpy(dtype=object, na_value=np.nan, copy=True)
    try:
        values = np.asarray(data, dtype=float)
    except (TypeError, ValueError) as error:
        raise UserError(f"the data are not numbers: {error}") from None
    if values.ndim != 2 or not values.size:
        raise UserError(f"the data have shape {list(values.shape)}; rows and columns are needed")
    if np.isinf(values).any():
        row, column = np.argwhere(np.isinf(values))[0]
        raise UserError(f"row {row + 1}, column {column + 1} of the data is infinite")
    if columns is not None and values.shape[1] != len(columns):
        raise UserError(f"the data have {values.shape[1]} columns; the map has {len(columns)}")
    return values


@dataclass(frozen=True)
class Scaling:
    """How a column's numbers become those of the map: (value - shift) / width; NaN stays NaN."""

    shift: NDArray[np.float64]
    width: NDArray[np.float64]

    @classmethod
    def of(cls, values: NDArray[np.float64], kind: str) -> Self:
        """Mean and deviation (standard), minimum and range (range), or nothing (none).

        Raises: UserError where a column has no value at all.
        """
        empty = np.flatnonzero(np.isnan(values).all(0))
        if len(empty):
            raise UserError(f"column {empty[0] + 1} has no value at all")
        if kind == "standard":
            shift, width = np.nanmean(values, 0), np.nanstd(values, 0)
        elif kind == "range":
            shift = np.nanmin(values, 0)
            width = np.nanmax(values, 0) - shift
        else:
            shift, width = np.zeros(values.shape[1]), np.ones(values.shape[1])
        # a column of one value says nothing; it becomes 0
        return cls(shift, np.where(width > 0, width, 1.0))

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scaled values."""
        return (values - self.shift) / self.width

    def undo(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Values in the units of the data."""
        return values * self.width + self.shift


class Filling:
    """What becomes of missing values; works on scaled values.

    Those of rows that come after the training are left out of distances, too, where the kind is
    "drop" or "neighbours".
    """

    def __init__(self, kind: str, training: NDArray[np.float64]) -> None:
        self.kind = kind
        self.center = (np.nanmedian if kind == "median" else np.nanmean)(training, 0)

    def learn(self, values: NDArray[np.float64]) -> tuple[Values, Values]:
        """As `apply`, for the rows to train on, which may be filled from one another."""
        if self.kind == "neighbours" and np.isnan(values).any():
            # a second to load, wanted here only
            from sklearn.impute import KNNImputer

            values = np.asarray(KNNImputer(n_neighbors=SIMILAR).fit_transform(values))
        return self.apply(values)

    def apply(self, values: NDArray[np.float64]) -> tuple[Values, Values]:
        """Values with 0 where one stays missing, and 1 for each that counts.

        Raises: UserError for a row without any value.
        """
        missing = np.isnan(values)
        empty = np.flatnonzero(missing.all(1))
        if len(empty):
            raise UserError(f"row {empty[0] + 1} has no value at all; leave it out")
        if self.kind in ("mean", "median"):
            values, missing = np.where(missing, self.center, values), np.zeros_like(missing)
        return np.nan_to_num(values).astype(np.float32), (~missing).astype(np.float32)
