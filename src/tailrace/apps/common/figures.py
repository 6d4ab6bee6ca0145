"""What a run came to, as JSON beside its report: `figures.json`."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tailrace.apps.common.files import write_file
from tailrace.apps.errors import UserError

FILE = "figures.json"


@dataclass(frozen=True)
class Figure:
    """A figure on held-out data: one value per seed, and what a simple method comes to."""

    values: Sequence[float]
    # name and value of what it is compared with
    baseline: tuple[str, float] | None = None
    # such as "%", "nats"; none for plain numbers
    unit: str = ""

    def to_json(self) -> dict[str, Any]:
        """Mean, sample deviation (null for one seed) and the baseline."""
        mean = sum(self.values) / len(self.values)
        deviation = None
        if len(self.values) > 1:
            squares = sum((value - mean) ** 2 for value in self.values)
            deviation = math.sqrt(squares / (len(self.values) - 1))
        name, value = self.baseline or (None, None)
        return {
            "value": mean,
            "deviation": deviation,
            "seeds": len(self.values),
            "unit": self.unit,
            "baseline": name,
            "baseline_value": value,
        }


def write_figures(folder: Path, application: str, seconds: float, **figures: Figure) -> None:
    """Writes what a run came to and the seconds it took.

    Raises: UserError where the folder cannot be written.
    """
    data = {
        "application": application,
        "seconds": round(seconds, 1),
        "figures": {name: figure.to_json() for name, figure in figures.items()},
    }
    write_file(folder / FILE, (json.dumps(data, indent=1) + "\n").encode())


def read_figures(folder: Path) -> dict[str, Any]:
    """What `write_figures` wrote. Raises: UserError where it is missing or damaged."""
    try:
        return json.loads((folder / FILE).read_bytes())
    except (OSError, ValueError) as error:
        raise UserError(f"{folder / FILE}: cannot be read: {error}") from error
