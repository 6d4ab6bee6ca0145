"""`tailrace anomaly score` and `watch`."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tailrace.apps.anomaly.data import Series, read_series
from tailrace.apps.anomaly.detector import Detector, Observation
from tailrace.apps.anomaly.ranges import judge, to_ranges
from tailrace.apps.anomaly.windows import Floats
from tailrace.apps.common.display import INTERRUPTED, Table, say, show
from tailrace.apps.common.files import write_file
from tailrace.apps.errors import UserError

# what stands for a value that is missing
MISSING = ("", "nan", "na", "null")


def score(args: argparse.Namespace) -> int:
    """Lists the odd ranges of a series."""
    detector = Detector.load(args.model)
    series = _matching(detector, args.file, args.label)
    scores = detector.scores(series)
    marks = detector.marks(scores)
    rows = [
        [str(a), str(b - 1), f"{np.nanmax(scores[a:b]) / detector.threshold:.2f}"]
        for a, b in to_ranges(marks)
    ]
    if rows:
        show(Table(["first row", "last row", "highest score / threshold"], rows, left=0))
    say(f"{len(rows)} odd ranges, {100 * marks.mean():.2f} % of {len(marks):,} points")
    if series.labels is not None:
        quality = judge(series.labels, scores, marks)
        say(
            f"found {quality.found} of {quality.ranges}; recall of ranges {quality.recall:.3f}, "
            f"precision {quality.precision:.3f}, false alarms {100 * quality.false_alarms:.2f} %"
        )
    if args.out:
        lines = [
            f"{'' if math.isnan(s) else f'{s:.6g}'},{int(m)}"
            for s, m in zip(scores, marks, strict=True)
        ]
        write_file(Path(args.out), "\n".join(["score,alarm", *lines, ""]).encode())
    return 0


def _matching(detector: Detector, path: str, label: str | None) -> Series:
    """A series whose columns are the model's, by name or, without a head line, by place."""
    series = read_series(path, None, label)
    if set(detector.channels) <= set(series.channels):
        return read_series(path, detector.channels, label)
    if len(series.channels) == len(detector.channels):
        return series
    raise UserError(
        f"{path}: has the columns {', '.join(series.channels)}; "
        f"the model needs {', '.join(detector.channels)}"
    )


def watch(args: argparse.Namespace) -> int:
    """Reads a point per line from standard input; prints alarms as they come."""
    detector = Detector.load(args.model)
    try:
        _watch(detector, sys.stdin, everything=args.all)
    except KeyboardInterrupt:
        return INTERRUPTED
    except UnicodeDecodeError as error:
        raise UserError(f"standard input: is not text ({error.reason})") from None
    return 0


def _watch(detector: Detector, lines: Iterable[str], *, everything: bool) -> None:
    watcher, reader = detector.watch(), _Lines(detector)
    print("point,score,alarm", flush=True)
    for number, line in enumerate(lines, 1):
        point = reader.point(line, number)
        if point is not None:
            _tell(watcher.push(point), everything)
    _tell(watcher.end(), everything)


def _tell(found: list[Observation], everything: bool) -> None:
    for one in found:
        if everything or one.alarm:
            shown = "" if math.isnan(one.score) else f"{one.score:.6g}"
            print(f"{one.number},{shown},{int(one.alarm)}", flush=True)


class _Lines:
    """Points from CSV lines; a first line of names says where the channels are."""

    def __init__(self, detector: Detector) -> None:
        self._channels = detector.channels
        self._places: list[int] | None = None
        self._last: Floats = detector.scale.mean

    def point(self, line: str, number: int) -> Floats | None:
        """The point of a line, or None for an empty line and the head line."""
        cells = [cell.strip().strip('"') for cell in line.rstrip("\r\n").split(",")]
        if cells == [""]:
            return None
        if number == 1 and set(self._channels) <= set(cells):
            self._places = [cells.index(name) for name in self._channels]
            return None
        if self._places is None:
            if len(cells) != len(self._channels):
                raise UserError(
                    f"standard input, line {number}: {len(cells)} values, the model has "
                    f"{len(self._channels)} channels ({', '.join(self._channels)}); a head line "
                    "with their names says where they are"
                )
            self._places = list(range(len(cells)))
        self._last = np.array(
            [
                self._value(cells, place, number, before)
                for place, before in zip(self._places, self._last, strict=True)
            ]
        )
        return self._last

    @staticmethod
    def _value(cells: list[str], place: int, number: int, before: float) -> float:
        if place >= len(cells):
            raise UserError(
                f"standard input, line {number}: has {len(cells)} values, {place + 1} needed"
            )
        if cells[place].lower() in MISSING:
            return before
        try:
            value = float(cells[place])
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise UserError(f"standard input, line {number}: {cells[place]} is not a finite number")
        return value
