"""One autoencoder beside simple methods, on pictures that none of them learnt from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tailrace.apps.common.display import Table
from tailrace.apps.common.figures import Figure
from tailrace.apps.common.parts import generator
from tailrace.apps.denoise.baselines import Method, methods
from tailrace.apps.denoise.corruption import Values, mean_error, psnr, spoil
from tailrace.apps.denoise.denoiser import Denoiser, Lesson

AUTOENCODER = "autoencoder"
# what random numbers are for
TEST_NOISE, LEVEL_NOISE = 7, 8
# amounts of corruption the methods are tried on, as multiples of the one learnt
LEVELS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
# pictures for these, and for the report's rows
LEVEL_PICTURES = 200


class Trial:
    """What each method makes of the test pictures, spoilt alike for all."""

    def __init__(self, denoiser: Denoiser, lesson: Lesson, test: Sequence[Values]) -> None:
        simple, self.components = methods(lesson)
        self.denoiser, self.lesson = denoiser, lesson
        self.methods: dict[str, Method] = {AUTOENCODER: denoiser.mend, **simple}
        self.clean = list(test)
        self.spoilt = self._spoilt(self.clean, lesson.settings.amount, TEST_NOISE)
        self.errors = {
            name: mean_error([method(picture) for picture in self.spoilt], self.clean)
            for name, method in self.methods.items()
        }

    def levels(self) -> tuple[list[float], dict[str, list[float]]]:
        """Amounts of corruption, and each method's decibels there."""
        settings, clean = self.lesson.settings, self.clean[:LEVEL_PICTURES]
        most = np.inf if settings.corruption == "gaussian" else 1.0
        amounts = [settings.amount * level for level in LEVELS if settings.amount * level < most]
        found: dict[str, list[float]] = {name: [] for name in self.methods}
        for number, amount in enumerate(amounts):
            spoilt = self._spoilt(clean, amount, LEVEL_NOISE, number)
            for name, method in self.methods.items():
                error = mean_error([method(picture) for picture in spoilt], clean)
                found[name].append(psnr(error))
        return amounts, found

    def _spoilt(self, clean: Sequence[Values], amount: float, *purpose: int) -> list[Values]:
        settings = self.lesson.settings
        random = generator(settings.seed, *purpose)
        return [spoil(picture, settings.corruption, amount, random) for picture in clean]


def table(trials: Sequence[Trial]) -> Table:
    """Errors and decibels of each method over the seeds."""
    names = list(trials[0].methods)
    rows, means = [], []
    for name in names:
        errors = np.array([trial.errors[name] for trial in trials])
        decibels = np.array([psnr(error) for error in errors])
        rows.append([_named(name, trials), _spread(errors, 5), _spread(decibels, 2)])
        means.append(decibels.mean())
    columns = ["", "mean squared error", "PSNR, dB"]
    return Table(columns, rows, best=int(np.argmax(means)))


def figures(trials: Sequence[Trial]) -> dict[str, Figure]:
    """Decibels and error of the autoencoder, beside the best simple method."""
    simple = [name for name in trials[0].methods if name != AUTOENCODER]
    best = min(simple, key=lambda name: sum(trial.errors[name] for trial in trials))
    errors = [trial.errors[AUTOENCODER] for trial in trials]
    others = [trial.errors[best] for trial in trials]
    decibels = [psnr(error) for error in others]
    return {
        "psnr": Figure([psnr(e) for e in errors], (best, sum(decibels) / len(decibels)), "dB"),
        "error": Figure(errors, (best, sum(others) / len(others))),
    }


def _named(name: str, trials: Sequence[Trial]) -> str:
    if name != "PCA":
        return name
    counts = sorted({trial.components for trial in trials})
    span = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return f"PCA, {span} components"


def _spread(values: np.ndarray, digits: int) -> str:
    mean = f"{values.mean():.{digits}f}"
    return mean if len(values) < 2 else f"{mean} ± {values.std(ddof=1):.{digits}f}"
