"""Tables that are there without a file: invented countries, and data sets of scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tailrace.apps.errors import UserError
from tailrace.apps.som.cli import DEMOS
from tailrace.apps.som.table import Table, from_frame

COUNTRIES = Path(__file__).parent / "data" / "countries.csv"
# what of an indicator differs by factors rather than by amounts is shown by its logarithm
FACTORS = ("gdp_per_head", "infant_deaths", "electricity_use", "co2_per_head")


def load(name: str) -> Table:
    """A built-in table. Raises: UserError for a name that is none."""
    if name not in DEMOS:
        raise UserError(f"--demo {name}: must be one of {', '.join(DEMOS)}")
    if name == "countries":
        return _countries()
    # a second to load, wanted here only
    from sklearn import datasets

    # scikit-learn's own type depends on the arguments
    data: Any = getattr(datasets, f"load_{name.replace('-', '_')}")(as_frame=True)
    frame: pd.DataFrame = data.data.copy()
    frame["kind"] = [str(data.target_names[i]) for i in data.target]
    return from_frame(frame, f"{name} (scikit-learn)", group="kind")


def with_logarithms(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """A table like that of the countries, with the logarithms that a map of it has."""
    wanted = [c for c in FACTORS if f"log {c}" in columns and c in frame.columns]
    return frame.rename(columns={c: f"log {c}" for c in wanted}).assign(
        **{f"log {c}": np.log10(frame[c]) for c in wanted}
    )


def _countries() -> Table:
    columns = [f"log {name}" for name in FACTORS]
    frame = with_logarithms(pd.read_csv(COUNTRIES), columns)
    return from_frame(frame, "invented countries", label="country", group="kind")
