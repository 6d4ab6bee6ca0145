"""A corpus and a model of toy size, trained once by the command itself."""

from pathlib import Path

import pytest

from tailrace.cli import main

TEXT = "the cat sat on the mat, and the dog sat on the log.\n"
TOY = ["--size", "24", "--embedding", "12", "--seq-len", "10", "--batch", "4", "--ngram-inputs"]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "cat.txt"
    path.write_text(TEXT * 60)
    return path


@pytest.fixture(scope="session")
def trained(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that `tailrace lm train` made; tests copy it before they change it."""
    folder = tmp_path_factory.mktemp("models") / "cat"
    options = [*TOY, "2", "--epochs", "6", "--learning-rate", "0.02", "--dropout", "0"]
    assert main(["lm", "train", str(corpus), *options, "--out", str(folder)]) == 0
    return folder
