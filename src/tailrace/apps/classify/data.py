"""Where examples come from: CSV files with a text column or columns of numbers, built-in data."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tailrace.apps.classify.cli import DEMOS
from tailrace.apps.classify.tweets import NOISE, messages
from tailrace.apps.common.settings import choice
from tailrace.apps.common.vocabulary import Ids
from tailrace.apps.errors import UserError
from tailrace.apps.som.table import from_frame, read_frame

TEXT, LABEL = "text", "label"
# a column with more different values is hardly one of classes
MOST_CLASSES = 200
LEAST_PER_CLASS = 3


@dataclass(frozen=True)
class Examples:
    """Texts, or rows of numbers [N, D] (NaN where one is missing), with a label each.

    `kinds` may say of each what kind it is, for the table; `columns` names the numbers.
    """

    name: str
    labels: list[str]
    texts: list[str] | None = None
    values: NDArray[np.float64] | None = None
    columns: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def inputs(self) -> list[str] | NDArray[np.float64]:
        """The texts or the numbers."""
        if self.texts is not None:
            return self.texts
        assert self.values is not None
        return self.values

    @property
    def fingerprint(self) -> str:
        """Tells two sets of examples apart."""
        found = hashlib.sha256(repr((self.labels, self.texts)).encode())
        if self.values is not None:
            found.update(np.ascontiguousarray(self.values).tobytes())
        return found.hexdigest()

    def part(self, rows: Ids) -> Examples:
        """Some of them."""
        return Examples(
            self.name,
            [self.labels[i] for i in rows],
            None if self.texts is None else [self.texts[i] for i in rows],
            None if self.values is None else self.values[rows],
            self.columns,
            [self.kinds[i] for i in rows] if self.kinds else [],
            self.notes,
        )


@dataclass(frozen=True)
class Source:
    """Where examples come from: a file by its absolute path, and columns of it; or built in."""

    file: str | None = None
    demo: str | None = None
    text: str | None = None
    label: str | None = None
    columns: str | None = None
    kind: str | None = None

    @classmethod
    def of(cls, args: argparse.Namespace) -> Source:
        """What a command line names. Raises: UserError where that does not fit together."""
        if args.file is None:
            odd = [n for n in ("text", "label", "columns", "kind") if getattr(args, n) is not None]
            if odd:
                raise UserError(f"--{odd[0]}: needs a CSV file")
            return cls(demo=args.demo or DEMOS[0])
        if args.demo is not None:
            raise UserError("--demo and a CSV file: give one of them")
        file = str(Path(args.file).absolute())
        return cls(file, None, args.text, args.label, args.columns, args.kind)

    def read(self) -> Examples:
        """The examples. Raises: UserError where they cannot be read or are not enough."""
        if self.file is None:
            return demonstration(self.demo or DEMOS[0])
        found = read_examples(self.file, self.text, self.label, self.columns, self.kind)
        check_classes(found.name, found.labels)
        return found


def from_arguments(args: argparse.Namespace) -> Examples:
    """What a command line names. Raises: as `Source.of` and `Source.read`."""
    return Source.of(args).read()


def check_classes(name: str, labels: Sequence[str]) -> None:
    """Raises UserError where labels cannot be learnt: too few or too many classes."""
    values, counts = np.unique(np.asarray(labels, dtype=object), return_counts=True)
    if len(values) < 2:
        raise UserError(f"{name}: has one label only ({values[0]!r}); two classes are needed")
    if len(values) > MOST_CLASSES:
        raise UserError(
            f"{name}: has {len(values)} different labels, {MOST_CLASSES} at most; is the column "
            "of --label the right one?"
        )
    if counts.min() < LEAST_PER_CLASS:
        rare = values[counts.argmin()]
        raise UserError(
            f"{name}: label {rare!r} occurs {counts.min()} times; {LEAST_PER_CLASS} are needed, to "
            "learn from, to choose by and to test on"
        )


def read_examples(
    path: str | Path,
    text: str | None = None,
    label: str | None = None,
    columns: str | None = None,
    kind: str | None = None,
    *,
    unlabelled: bool = False,
) -> Examples:
    """The rows of a CSV file that have a label and a text or numbers.

    Without `text` and `columns` it is the column "text" if there is one, else those of numbers.

    Raises: UserError where a column is missing or of another kind, or no row is left.
    """
    frame, name = read_frame(path), Path(path).name
    label = LABEL if label is None else label
    if text is not None and columns is not None:
        raise UserError("--text and --columns: give one of them")
    if text is None and columns is None and TEXT in frame.columns:
        text = TEXT
    wanted = [c for c in (text, kind) if c is not None]
    for column in wanted if unlabelled else [*wanted, label]:
        _check_column(name, frame, column)
    if not unlabelled or label in frame.columns:
        frame, notes = _complete(frame, [label, *([text] if text else [])])
    else:
        frame, notes = _complete(frame, [text] if text else [])
    if not len(frame):
        raise UserError(f"{name}: no row has both a label and what it is to be told by")
    labels = _strings(frame[label]) if label in frame.columns else [""] * len(frame)
    kinds = _strings(frame[kind]) if kind else []
    if text is not None:
        return Examples(name, labels, _strings(frame[text]), kinds=kinds, notes=notes)
    use = [cell.strip() for cell in columns.split(",")] if columns else ()
    rest = frame.drop(columns=[c for c in (label, kind) if c in frame.columns])
    if not use and not len(rest.select_dtypes("number").columns):
        raise UserError(
            f"{name}: has neither a column {TEXT!r} nor columns of numbers; say --text COLUMN"
            f" (there are {', '.join(map(str, rest.columns)) or 'no others'})"
        )
    table = from_frame(rest, name, use=use)
    notes += [note for note in table.notes if not use]
    return Examples(name, labels, None, table.values, table.columns, kinds, notes)


def _check_column(name: str, frame: pd.DataFrame, column: str) -> None:
    if column not in frame.columns:
        raise UserError(
            f"{name}: has no column {column!r}; it has {', '.join(map(str, frame.columns))}"
            + (" (--label says which one holds the labels)" if column == LABEL else "")
        )


def _complete(frame: pd.DataFrame, needed: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """The rows where nothing needed is missing or empty, and a note on the others."""
    keep = np.ones(len(frame), bool)
    for column in needed:
        there = frame[column].notna().to_numpy()
        keep &= there & (frame[column].astype(str).str.strip() != "").to_numpy()
    gone = int((~keep).sum())
    notes = [f"{gone} rows left out for what they lack"] if gone else []
    return frame.loc[keep, :], notes


def _strings(column: Any) -> list[str]:
    """A column as strings; whole numbers that pandas made fractions of, for gaps, are whole."""
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    return [str(value) for value in column]


def demonstration(name: str) -> Examples:
    """Built-in examples. Raises: UserError for a name that is none."""
    choice("demo", name, DEMOS)
    if name == "tweets":
        made = messages()
        note = (
            f"nobody wrote these; {100 * NOISE:g} % of the labels are drawn anew, so about "
            f"{1 - NOISE * 2 / 3:.2f} is the most to expect"
        )
        return Examples("invented tweets", made.labels, made.texts, kinds=made.kinds, notes=[note])
    # a second to load, wanted here only
    from sklearn import datasets

    # scikit-learn's own type depends on the arguments
    found: Any = getattr(datasets, f"load_{name.replace('-', '_')}")(as_frame=True)
    labels = [str(found.target_names[i]) for i in found.target]
    values = found.data.to_numpy(float)
    return Examples(
        f"{name} (scikit-learn)", labels, None, values, [str(c) for c in found.data.columns]
    )
