"""A detector beside the other network and the simple ones, on data that none has seen."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.anomaly.baselines import fit_baselines
from tailrace.apps.anomaly.data import Series
from tailrace.apps.anomaly.detector import Detector, Parts, calibrated
from tailrace.apps.anomaly.ranges import Quality, judge
from tailrace.apps.anomaly.scoring import marked, smoothed
from tailrace.apps.anomaly.settings import METHODS
from tailrace.apps.anomaly.windows import Floats
from tailrace.apps.common.display import Table
from tailrace.apps.common.figures import Figure
from tailrace.apps.common.parts import mean_and_deviation


@dataclass(frozen=True)
class Entry:
    """What one detector says of the test series."""

    name: str
    scores: Floats
    threshold: float
    marks: NDArray[np.bool_]
    quality: Quality
    seconds: float  # to score the test series


class Contest:
    """All detectors, calibrated on the same part and judged on the same series."""

    def __init__(self, detector: Detector, parts: Parts, test: Series) -> None:
        self.parts, self.test, self.settings = parts, test, detector.settings
        self.others = [method for method in METHODS if method != detector.settings.method]
        self.entries: list[Entry] = []
        self.add(detector)
        self.chosen = self.entries[0]
        settings, scale = detector.settings, detector.scale
        known, calibration, values = (
            scale.apply(part.values) for part in (parts.train, parts.calibration, test)
        )
        normal = known[~parts.train.bad]
        self._baselines = []
        for baseline in fit_baselines(normal, settings.window, settings.stride):
            usual = smoothed(baseline.raw_scores(calibration), settings.smooth)
            limit = calibrated(usual, parts, settings)
            begun = time.perf_counter()
            scores = smoothed(baseline.raw_scores(values), settings.smooth)
            seconds = time.perf_counter() - begun
            self._baselines.append(self._entry(baseline.name, scores, limit, seconds))

    def add(self, detector: Detector) -> None:
        """One more network, perhaps of a name that is there already with another seed."""
        begun = time.perf_counter()
        scores = detector.scores(self.test)
        name = f"LSTM {detector.settings.method}"
        self.entries.append(
            self._entry(name, scores, detector.threshold, time.perf_counter() - begun)
        )

    def _entry(self, name: str, scores: Floats, limit: float, seconds: float) -> Entry:
        marks = marked(scores, limit)
        return Entry(name, scores, limit, marks, judge(self.test.bad, scores, marks), seconds)

    @property
    def all(self) -> list[Entry]:
        """The networks, then the simple ones."""
        return [*self.entries, *self._baselines]

    @property
    def labelled(self) -> bool:
        """Whether the truth is known and something in it is bad."""
        return bool(self.test.bad.any())

    def first_of_each(self) -> list[Entry]:
        """One entry of every name: for the networks, the first seed's."""
        return list({entry.name: entry for entry in reversed(self.all)}.values())[::-1]

    def table(self) -> Table:
        """A row for each; of several seeds mean and deviation."""
        names = [entry.name for entry in self.first_of_each()]
        groups = [[entry for entry in self.all if entry.name == name] for name in names]
        if not self.labelled:
            rows = [
                [group[0].name, percent([float(e.marks.mean()) for e in group])] for group in groups
            ]
            return Table(["detector", "points marked"], rows)
        columns = ["detector", "found", "recall", "precision", "F1", "mean prec."]
        rows = [_row(group) for group in groups]
        f1 = [np.mean([entry.quality.f1 for entry in group]) for group in groups]
        return Table([*columns, "false", "ms"], rows, best=int(np.argmax(f1)))

    def figures(self) -> dict[str, Figure]:
        """The chosen network's figures over seeds, beside the simple detector of the best F1."""
        mine = [entry for entry in self.entries if entry.name == self.chosen.name]
        if not self.labelled:
            marked_parts = [100 * float(entry.marks.mean()) for entry in mine]
            return {"points_marked": Figure(marked_parts, unit="%")}
        best = max(self._baselines, key=lambda entry: entry.quality.f1)
        found = [100 * entry.quality.found / entry.quality.ranges for entry in (*mine, best)]
        return {
            "range_f1": Figure([e.quality.f1 for e in mine], (best.name, best.quality.f1)),
            "ranges_found": Figure(found[:-1], (best.name, found[-1]), "%"),
        }

    def results(self) -> dict[str, Any]:
        """The figures as JSON has them."""
        return {
            "detectors": [
                {"name": e.name, **asdict(e.quality), "f1": e.quality.f1} for e in self.all
            ]
        }


def _row(group: Sequence[Entry]) -> list[str]:
    found = "/".join(str(n) for n in sorted({entry.quality.found for entry in group}))
    figures = [
        mean_and_deviation([getattr(entry.quality, name) for entry in group])
        for name in ("recall", "precision", "f1", "average_precision")
    ]
    alarms = percent([entry.quality.false_alarms for entry in group])
    seconds = np.median([entry.seconds for entry in group])
    total = group[0].quality.ranges
    return [group[0].name, f"{found} of {total}", *figures, alarms, f"{1000 * seconds:.0f}"]


def percent(parts: Sequence[float]) -> str:
    """The mean of some parts, for people."""
    return f"{100 * sum(parts) / len(parts):.2f} %"
