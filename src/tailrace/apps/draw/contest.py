"""DRAW beside other models, in nats per held-out picture."""

from __future__ import annotations

import numpy as np

from tailrace.apps.common.display import Table
from tailrace.apps.common.parts import Split
from tailrace.apps.draw import baselines
from tailrace.apps.draw.data import Values
from tailrace.apps.draw.painter import TESTED, Painter

INDEPENDENT, MIXTURES = "independent pixels", "mixture of independent pixels"


class Contest:
    """What each model comes to, a figure per seed."""

    def __init__(self) -> None:
        self.nats: dict[str, list[float]] = {}
        self._codes: dict[str, list[float]] = {}
        self._kinds: list[int] = []
        # of the first network: nats of each glimpse's code [T]
        self.divergences: Values | None = None

    def add_network(self, painter: Painter, test: Values) -> None:
        """Asks a network."""
        bounds, divergences = painter.bounds(test, TESTED)
        if self.divergences is None:
            self.divergences = divergences.mean(1)
        self.nats.setdefault(painter.name, []).append(float(bounds.mean()))
        self._codes.setdefault(painter.name, []).append(float(divergences.sum(0).mean()))

    def add_simple(self, parts: Split[Values], seed: int) -> None:
        """Fits the simple models to the same parts and asks them."""
        alone = baselines.independent(parts.train)
        mixed = baselines.mixture(parts.train, parts.validation, seed)
        self._kinds.append(len(mixed.shares))
        for name, model in ((INDEPENDENT, alone), (MIXTURES, mixed)):
            self.nats.setdefault(name, []).append(float(model.nats(parts.test).mean()))

    def table(self) -> Table:
        """Nats of each model, smallest first."""
        order = sorted(self.nats, key=lambda name: float(np.mean(self.nats[name])))
        rows = []
        for name in order:
            codes = self._codes.get(name)
            what = "bound" if codes else "exact"
            shown = name
            if name == MIXTURES:
                kinds = sorted(set(self._kinds))
                shown = f"{name} ({' or '.join(str(k) for k in kinds)})"
            rows.append([shown, what, spread(self.nats[name]), spread(codes) if codes else ""])
        return Table(["", "", "nats per picture", "of these the code"], rows, left=2, best=0)


def spread(values: list[float]) -> str:
    """Mean and sample deviation."""
    mean = f"{np.mean(values):.2f}"
    return mean if len(values) < 2 else f"{mean} ± {np.std(values, ddof=1):.2f}"
