"""Time series from CSV files: numbers in columns, a row per point, in the order of time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import StringIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.anomaly.windows import Floats
from tailrace.apps.common.files import read_text
from tailrace.apps.errors import UserError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Series:
    """A series: values [T, C], one name per channel, and which points are bad where that is known.

    Missing values have been replaced by the last ones before them, as a stream would have to.
    """

    values: Floats
    channels: list[str]
    labels: NDArray[np.bool_] | None
    name: str

    def part(self, where: slice) -> Series:
        """Some of the points."""
        labels = None if self.labels is None else self.labels[where]
        return replace(self, values=self.values[where], labels=labels)

    @property
    def fingerprint(self) -> str:
        """Tells two series apart."""
        found = hashlib.sha256(repr(self.channels).encode())
        found.update(np.ascontiguousarray(self.values).tobytes())
        return found.hexdigest()

    @property
    def bad(self) -> NDArray[np.bool_]:
        """Which points are known to be bad."""
        return np.zeros(len(self.values), bool) if self.labels is None else self.labels


def read_series(
    path: str,
    columns: Sequence[str] | None = None,
    label: str | None = None,
    *,
    may_lack_label: bool = False,
) -> Series:
    """A CSV file's columns, or all that hold numbers; those of words (dates) are left out then.

    `label` is a column of 0 for normal points and 1 for bad ones, which is no channel.

    Raises: UserError where the file or a column cannot be used.
    """
    table = _table(path)
    if may_lack_label and label not in table.columns:
        label = None
    labels = _labels(table, path, label) if label is not None else None
    if columns is None:
        columns = [
            name for name in table.columns if name != label and _is_numeric(list(table[name]))
        ]
        if not columns:
            raise UserError(f"{path}: no column holds numbers")
    channels = [_channel(table, path, name) for name in columns]
    return Series(np.stack(channels, axis=1), list(columns), labels, path)


def _table(path: str) -> pd.DataFrame:
    import pandas as pd

    text = read_text(path)
    try:
        table = pd.read_csv(StringIO(text), dtype=str, skipinitialspace=True)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise UserError(f"{path}: is not a CSV file: {error}") from None
    if not len(table):
        raise UserError(f"{path}: has a head line, but no rows")
    if all(_number(name) for name in table.columns):
        # the first line was numbers, too
        table = pd.read_csv(StringIO(text), dtype=str, header=None, skipinitialspace=True)
        table.columns = [f"column {i + 1}" for i in range(table.shape[1])]
    table.columns = [str(name).strip() for name in table.columns]
    return table


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_numeric(column: list[object]) -> bool:
    """Whether most of what stands in a column is numbers; a rest that is not is an error later."""
    known = [cell for cell in column if isinstance(cell, str)]
    return len(known) > 0 and sum(map(_number, known)) > len(known) / 2


def _channel(table: pd.DataFrame, path: str, name: str) -> Floats:
    import pandas as pd

    if name not in table.columns:
        raise UserError(f"{path}: no column {name}; there are {', '.join(table.columns)}")
    cells = list(table[name])
    values = np.array([_value(cell) for cell in cells])
    for row in np.flatnonzero(~np.isfinite(values)):
        if isinstance(cells[row], str):
            raise UserError(
                f"{path}: column {name}, row {row + 1}: {cells[row]} is not a finite number"
            )
    if np.isnan(values).all():
        raise UserError(f"{path}: column {name} is empty")
    return pd.Series(values).ffill().bfill().to_numpy(float)


def _value(cell: object) -> float:
    """A cell's number; NaN for a missing one, and for words."""
    return float(cell) if isinstance(cell, str) and _number(cell) else float("nan")


def _labels(table: pd.DataFrame, path: str, name: str) -> NDArray[np.bool_]:
    values = _channel(table, path, name)
    odd = np.flatnonzero((values != 0) & (values != 1))
    if len(odd):
        raise UserError(
            f"{path}: column {name}, row {odd[0] + 1}: {values[odd[0]]:g} is not a label; "
            "0 is normal and 1 is bad"
        )
    return values == 1


def from_array(values: object, labels: object = None) -> Series:
    """A series from an array [T] or [T, C]. Raises: UserError where it cannot be one."""
    found = np.asarray(values, dtype=float)
    if found.ndim == 1:
        found = found[:, None]
    if found.ndim != 2 or not found.size:
        raise UserError(f"a series is an array [T] or [T, C], not of shape {list(found.shape)}")
    if not np.isfinite(found).all():
        raise UserError("the series has values that are missing or not finite")
    marks = None if labels is None else np.asarray(labels, dtype=bool)
    if marks is not None and marks.shape != (len(found),):
        raise UserError(f"{len(found)} points need as many labels, not {list(marks.shape)}")
    return Series(found, [f"column {i + 1}" for i in range(found.shape[1])], marks, "array")
