"""Recordings of three words as tones, as files, and a recognizer of toy size."""

import csv
from pathlib import Path

import pytest

from tailrace.apps.speech.demonstration import demonstration
from tailrace.apps.speech.waves import write_wav
from tailrace.cli import main

TOY = ["--size", "24", "--epochs", "10", "--batch", "8", "--learning-rate", "0.02", "--order", "3"]
RATE = 8000


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with WAV files, a .txt beside each, and table.csv."""
    folder = tmp_path_factory.mktemp("recordings")
    with open(folder / "table.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "transcript", "speaker"])
        for one in demonstration("tones", 160, RATE, 3):
            write_wav(folder / f"{one.name}.wav", one.samples, RATE)
            (folder / f"{one.name}.txt").write_text(one.text.title() + "\n")
            table.writerow([f"{one.name}.wav", one.text, one.speaker])
    return folder


@pytest.fixture(scope="session")
def trained(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that `tailrace speech train` made; tests copy it before they change it."""
    folder = tmp_path_factory.mktemp("recognizers") / "toy"
    data = [str(recordings / "table.csv"), "--held-out", "0.3"]
    assert main(["speech", "train", *data, *TOY, "--out", str(folder)]) == 0
    return folder
