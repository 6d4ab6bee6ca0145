"""Short sentences in two languages as files, and a translator of toy size."""

from itertools import product
from pathlib import Path

import pytest

from tailrace.cli import main

TOY = ["--size", "24", "--embedding", "12", "--batch", "16", "--epochs", "10", "--beam", "2"]
TOY += ["--learning-rate", "0.02"]

ADJECTIVES = {"red": "rote", "old": "alte", "big": "große", "small": "kleine", "good": "gute"}
NOUNS = {"dog": "Hund", "tree": "Baum", "table": "Tisch", "man": "Mann", "bear": "Bär"}
VERBS = {"falls": "fällt", "sleeps": "schläft", "sings": "singt", "waits": "wartet"}
PLACES = {"here": "hier", "there": "dort", "today": "heute"}


def sentences() -> tuple[list[str], list[str]]:
    """300 sentences of an adjective, a noun, a verb, a place, and their translations."""
    words = list(product(ADJECTIVES, NOUNS, VERBS, PLACES))
    return (
        [f"the {a} {n} {v} {p}." for a, n, v, p in words],
        [f"{PLACES[p]} {VERBS[v]} der {ADJECTIVES[a]} {NOUNS[n]}." for a, n, v, p in words],
    )


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("pairs")
    found = []
    for name, lines in zip(("english", "german"), sentences(), strict=True):
        path = folder / name
        path.write_text("\n".join(lines) + "\n")
        found.append(str(path))
    return found


@pytest.fixture(scope="session")
def model(files: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `tailrace translate train` made."""
    folder = tmp_path_factory.mktemp("translator") / "model"
    assert main(["translate", "train", *files, *TOY, "--out", str(folder)]) == 0
    return folder
