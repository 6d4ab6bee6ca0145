"""Plain squares of two halves as files, and a captioner of toy size."""

import csv
from pathlib import Path

import numpy as np
import pytest

from tailrace.apps.common.pictures import encode
from tailrace.cli import main

SIDE = 16
COLOURS = {"red": (0.9, 0.1, 0.1), "green": (0.1, 0.8, 0.1), "blue": (0.1, 0.1, 0.9)}
TOY = ["--side", str(SIDE), "--filters", "6", "--size", "24", "--embedding", "8", "--batch", "8"]
TOY += ["--epochs", "8", "--learning-rate", "0.02", "--beam", "2", "--attention", "bahdanau"]


def halves(count: int) -> tuple[np.ndarray, list[str]]:
    """Pictures whose upper and lower half have colours, and their captions."""
    random = np.random.default_rng(5)
    pictures, captions = [], []
    for _ in range(count):
        above, below = (str(name) for name in random.choice(list(COLOURS), 2))
        picture = np.empty((SIDE, SIDE, 3), np.float32)
        picture[: SIDE // 2], picture[SIDE // 2 :] = COLOURS[above], COLOURS[below]
        pictures.append(np.clip(picture + random.normal(0, 0.05, picture.shape), 0, 1))
        captions.append(f"{above} above {below}.")
    return np.stack(pictures).astype(np.float32), captions


def write(folder: Path, count: int = 120) -> Path:
    """A folder of pictures and the file that says what is in them; the first has two captions."""
    pictures, captions = halves(count)
    folder.mkdir()
    with (folder / "captions.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "caption"])
        for i, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
            (folder / f"{i}.png").write_bytes(encode(picture))
            rows.writerow([f"{i}.png", caption])
        rows.writerow(["0.png", captions[0]])
    return folder


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("pictures") / "photos")


@pytest.fixture(scope="session")
def model(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `tailrace caption train` made."""
    folder = tmp_path_factory.mktemp("captioner") / "model"
    data = [str(photos), "--captions", str(photos / "captions.csv")]
    assert main(["caption", "train", *data, *TOY, "--out", str(folder)]) == 0
    return folder
