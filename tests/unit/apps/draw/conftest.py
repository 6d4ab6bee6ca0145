"""Pictures of bars as an IDX file, and a model of toy size that the command trained on them."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from tailrace.cli import main

TOY = ["--glimpses", "3", "--size", "12", "--latent", "2", "--read-side", "2", "--write-side", "3"]
ENDS = ["--epochs", "10", "--batch", "10", "--learning-rate", "0.02"]


def bars(count: int, high: int = 5, wide: int = 6) -> np.ndarray:
    """Pictures with one white column, each column equally often [count, high, wide], 0 to 255."""
    pictures = np.zeros((count, high, wide), np.uint8)
    for number, picture in enumerate(pictures):
        picture[:, number % wide] = 255
    return pictures


def write_idx(path: Path, pictures: np.ndarray) -> Path:
    head = b"\0\0\x08\x03" + struct.pack(">3I", *pictures.shape)
    data = head + pictures.tobytes()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.fixture(scope="session")
def idx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_idx(tmp_path_factory.mktemp("idx") / "bars-idx3-ubyte.gz", bars(120))


@pytest.fixture(scope="session")
def model(idx: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that `tailrace draw train` made; tests copy it before they change it."""
    folder = tmp_path_factory.mktemp("models") / "bars"
    assert main(["draw", "train", str(idx), *TOY, *ENDS, "--out", str(folder)]) == 0
    return folder
