"""Pictures of stripes in a folder, and a model of toy size that the command trained on them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tailrace.cli import main

TOY = ["--hidden", "24", "--patch", "6", "--epochs", "12", "--patches", "400", "--batch", "20"]


def stripes(number: int, high: int = 16, wide: int = 20) -> np.ndarray:
    """Slanted stripes, differing by number [high, wide], 0 to 1."""
    rows, columns = np.mgrid[:high, :wide]
    return (np.sin(0.9 * columns + (0.4 + 0.2 * (number % 3)) * rows + number) > 0) * 0.8 + 0.1


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pictures")
    for number in range(12):
        levels = (255 * stripes(number, 16 + number % 3)).astype(np.uint8)
        Image.fromarray(levels).save(path / f"{number:02}.png")
    return path


@pytest.fixture(scope="session")
def model(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that `tailrace denoise train` made; tests copy it before they change it."""
    path = tmp_path_factory.mktemp("models") / "stripes"
    assert main(["denoise", "train", str(folder), *TOY, "--seeds", "2", "--out", str(path)]) == 0
    return path
