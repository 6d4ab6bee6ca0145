"""A wave in two channels with one odd place, as a file, and a detector of toy size."""

from pathlib import Path

import numpy as np
import pytest

from tailrace.cli import main

TOY = ["--size", "12", "--window", "24", "--steps", "120", "--ahead", "3", "--false-alarms", "0.01"]
ODD = slice(500, 520)


def wave(count: int, seed: int) -> np.ndarray:
    """Two channels [T, 2], the second one slower than the first."""
    time = np.arange(count)
    noise = 0.05 * np.random.default_rng(seed).standard_normal((count, 2))
    return np.stack([np.sin(time / 3), 5 + 2 * np.cos(time / 6)], 1) + noise


def write(path: Path, values: np.ndarray, bad: slice | None = None) -> Path:
    """A CSV file with a time that is no number, two channels and labels."""
    labels = np.zeros(len(values), int)
    if bad is not None:
        labels[bad] = 1
    rows = [
        f"day {i},{a:.5f},{b:.5f},{c}"
        for i, ((a, b), c) in enumerate(zip(values, labels, strict=True))
    ]
    path.write_text("\n".join(["when,fast,slow,bad", *rows, ""]))
    return path


def odd_wave() -> np.ndarray:
    """A wave whose first channel stands still and then jumps for a while."""
    values = wave(800, 2)
    values[ODD, 0] = np.resize([2.0, -2.0], 20)
    return values


@pytest.fixture(scope="session")
def normal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("series") / "normal.csv", wave(1500, 1))


@pytest.fixture(scope="session")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("series") / "odd.csv", odd_wave(), ODD)


@pytest.fixture(scope="session")
def models(normal: Path, odd: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders that `tailrace anomaly train` made, by method."""
    base, found = tmp_path_factory.mktemp("detectors"), {}
    for method in ("predictor", "autoencoder"):
        found[method] = base / method
        data = [str(normal), "--test", str(odd), "--label", "bad", "--method", method]
        assert main(["anomaly", "train", *data, *TOY, "--out", str(found[method])]) == 0
    return found
