"""The lecture decks' programs, run by `tailrace run`, print what TensorFlow 1.15.5 printed."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

import tailrace
from tailrace.cli import main
from tailrace.compat import uninstall

PROGRAMS = sorted((Path(__file__).parents[2] / "examples" / "seeds").glob("*.py"))
GOLDEN = Path(__file__).parent / "golden"
NUMBER = re.compile(r"-?\d+(?:\.\d*)?(?:e[-+]?\d+)?")
# hundreds of training steps in float32, each rounded a little differently
RTOL = 2e-3


@pytest.fixture(autouse=True)
def _process(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    tailrace.reset_default_graph()
    yield
    uninstall()
    tailrace.reset_default_graph()


def _parts(text: str) -> tuple[list[str], list[float]]:
    """The words and the numbers of a text."""
    words = NUMBER.sub(" # ", text).split()
    return words, [float(number) for number in NUMBER.findall(text)]


@pytest.mark.parametrize("path", PROGRAMS, ids=[path.stem for path in PROGRAMS])
def test_prints_the_same(path: Path, capfd: pytest.CaptureFixture[str]):
    assert main(["run", str(path)]) == 0
    words, numbers = _parts(capfd.readouterr().out)
    expected_words, expected = _parts((GOLDEN / f"{path.stem}.txt").read_text())
    assert words == expected_words
    np.testing.assert_allclose(numbers, expected, rtol=RTOL, atol=1e-6)
