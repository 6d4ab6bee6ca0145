"""Vectors of toy size, which the command learnt from a part of the built-in text."""

from pathlib import Path

import pytest

from tailrace.apps.embed import corpus
from tailrace.cli import main

TOY = ["--size", "12", "--epochs", "2", "--least", "3", "--held-out", "0.1"]


@pytest.fixture(scope="session")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text(". ".join(" ".join(s) for s in corpus.text(1500)))
    return path


@pytest.fixture(scope="session")
def learnt(text: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that `tailrace embed train` made."""
    folder = tmp_path_factory.mktemp("vectors") / "m"
    questions = folder.parent / "questions.txt"
    lines = [": capital", "france paris japan tokyo", "japan tokyo france paris", "a b c d"]
    questions.write_text("\n".join(lines))
    options = [*TOY, "--questions", str(questions), "--out", str(folder)]
    assert main(["embed", "train", str(text), *options]) == 0
    return folder
