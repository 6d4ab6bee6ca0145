"""Texts whose classes are easy, as a file, and models of toy size that the command trained."""

import csv
from pathlib import Path

import numpy as np
import pytest

from tailrace.cli import main

TOY = ["--size", "8", "--embedding", "8", "--epochs", "5", "--batch", "8", "--dropout", "0"]
GOOD, BAD = ("good", "lovely", "great"), ("bad", "awful", "dull")


def rows(count: int, seed: int = 0) -> list[tuple[str, str, str]]:
    """Text, label and kind; the label is in one word, the kind says whether there is a second."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        label = str(random.choice(["up", "down"]))
        words = [str(random.choice(GOOD if label == "up" else BAD))]
        words += [str(w) for w in random.choice(["the", "cat", "house", "was", "it"], 4)]
        random.shuffle(words)
        found.append((" ".join(words), label, "cat" if "cat" in words else "other"))
    return found


def write(path: Path, lines: list[tuple[str, ...]]) -> Path:
    """A CSV file."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(lines)
    return path


@pytest.fixture(scope="session")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("texts") / "texts.csv"
    return write(path, [("review", "stars", "kind"), *rows(160)])


@pytest.fixture(scope="session")
def models(texts: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders that `tailrace classify train` made, by method."""
    base, found = tmp_path_factory.mktemp("classifiers"), {}
    columns = ["--text", "review", "--label", "stars", "--kind", "kind"]
    for method, rate in (("logistic", "0.2"), ("cnn", "0.02")):
        found[method] = base / method
        options = ["--method", method, *TOY, "--learning-rate", rate, "--out", str(base / method)]
        assert main(["classify", "train", str(texts), *columns, *options]) == 0
    return found
