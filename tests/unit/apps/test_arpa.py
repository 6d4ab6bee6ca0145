"""N-gram models as ARPA files."""

from pathlib import Path

import numpy as np
import pytest

from tailrace.apps import UserError
from tailrace.apps.lm.arpa import ArpaModel, write_arpa
from tailrace.apps.lm.ngram import KneserNey
from tailrace.cli import main

SYMBOLS = ["<unk>", " ", "\n", "\u00a0", "a", "b"]
IDS = np.random.default_rng(0).integers(0, 6, 400) ** 2 % 6


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "m.arpa"
    write_arpa(path, KneserNey.fit(IDS, len(SYMBOLS), 3), SYMBOLS)
    return path


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_a_written_model_says_the_same(tmp_path: Path, order: int):
    model = KneserNey.fit(IDS, len(SYMBOLS), order)
    write_arpa(tmp_path / "m", model, SYMBOLS)
    read = ArpaModel.read(tmp_path / "m")
    assert read.order == order
    text = np.random.default_rng(1).integers(0, 6, 200)
    tokens = [SYMBOLS[i] for i in text]
    np.testing.assert_allclose(read.probabilities(tokens), model.probabilities(text), rtol=1e-6)
    found = read.distribution(tokens[:7])
    np.testing.assert_allclose(
        [found[symbol] for symbol in SYMBOLS], model.distribution(text[:7]), rtol=1e-6
    )
    assert sum(found.values()) == pytest.approx(1)


def test_a_model_by_hand(tmp_path: Path):
    """P(b | a) stands there, P(a | b) is b's weight times P(a)."""
    path = tmp_path / "m"
    path.write_text(
        "made by hand\n\\data\\\nngram 1=2\nngram 2=1\n\n\\1-grams:\n-1 a -0.5\n-2 b -0.25\n"
        "\n\\2-grams:\n-0.125 a b\n\n\\end\\\n"
    )
    model = ArpaModel.read(path)
    found = np.log10(model.probabilities(["a", "b", "a"]))
    np.testing.assert_allclose(found, [-1, -0.125, -1.25])
    with pytest.raises(UserError, match="'c' is unknown"):
        model.probabilities(["c"])


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("\\end\\", "", "is not a whole ARPA file"),
        ("\\1-grams:", "\\2-grams:", "out of turn"),
        ("ngram 1=6", "ngram 1=7", "not as many n-grams"),
        ("ngram 1=6", "ngram 1=x", "line 2: 'ngram 1=x' is no count"),
        ("<space> ", "", "is no 3-gram"),
    ],
)
def test_damaged_files(written: Path, old: str, new: str, reason: str):
    text = written.read_text()
    assert old in text
    # the longest n-grams have no weight that could be taken for a symbol
    place = text.index("\\3-grams:") if old == "<space> " else 0
    written.write_text(text[:place] + text[place:].replace(old, new, 1))
    with pytest.raises(UserError, match=reason):
        ArpaModel.read(written)


def test_out_and_in_again(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "cat.arpa"
    options = ["--order", "4", "--arpa", str(path)]
    assert main(["lm", "baseline", str(corpus), *options]) == 0
    assert main(["lm", "arpa", str(path), str(corpus), "--next", "the cat sat on the m"]) == 0
    out = capsys.readouterr().out
    assert "bits per character" in out
    assert out.split("next character")[1].split("\n")[1].startswith("a ")
    assert main(["lm", "arpa", str(path)]) == 2
    assert main(["lm", "arpa", str(tmp_path / "none"), "--next", "a"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "nothing to do" in lines[0]
    assert "no such file" in lines[1]
