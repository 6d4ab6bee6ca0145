"""`tailrace translate`, as its user types it."""

import io
import json
import re
import shutil
import signal
from pathlib import Path

import pytest

from tailrace.apps.translate.learner import Learner
from tailrace.cli import main

from .conftest import TOY

ASKED = "the old bear sings today."
ANSWER = "heute singt der alte Bär."


def test_training_leaves_a_model_a_report_and_figures(model: Path):
    names = {path.name for path in model.iterdir()}
    assert names == {
        "model.json",
        "best",
        "last",
        "logs",
        "report.html",
        "attention.png",
        "training.png",
        "figures.json",
    }
    figures = json.loads((model / "figures.json").read_text())["figures"]
    assert figures["right"]["value"] > 80
    assert figures["right"]["baseline_value"] == 0
    page = (model / "report.html").read_text()
    assert not re.search(r'(src|href)="(?!data:)', page)
    for wanted in ("dictionary", "luong attention, beam 2", "data:image/png;base64,iVBOR"):
        assert wanted in page


def test_texts_are_translated(model: Path, capsys):
    assert main(["translate", "translate", str(model), ASKED, "", ASKED]) == 0
    assert capsys.readouterr().out == f"{ANSWER}\n\n{ANSWER}\n"


def test_lines_of_standard_input_are_translated(model: Path, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{ASKED}\r\n\nthe big dog waits here.\n"))
    assert main(["translate", "translate", str(model)]) == 0
    assert capsys.readouterr().out == f"{ANSWER}\n\nhier wartet der große Hund.\n"


def test_the_best_ones_and_a_picture(model: Path, tmp_path: Path, capsys):
    picture = tmp_path / "looks.png"
    options = ["--best", "3", "--picture", str(picture), "--length-penalty", "0"]
    assert main(["translate", "translate", str(model), ASKED, *options]) == 0
    first, *others = capsys.readouterr().out.splitlines()
    assert first == ASKED
    scores = [float(line.split()[0]) for line in others]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)
    assert others[0].endswith(ANSWER)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_eval_measures_files(model: Path, files: list[str], capsys):
    assert main(["translate", "eval", str(model), *files, "--beam", "1"]) == 0
    shown = capsys.readouterr().out
    assert "300 held-out pairs" in shown
    assert "symbols of the source" in shown


@pytest.mark.parametrize(
    "options",
    [
        ["--attention", "bahdanau", "--cell", "lstm", "--layers", "2", "--dropout", "0.2"],
        ["--attention", "none", "--level", "char", "--minutes", "0.01"],
        ["--target-level", "char", "--vocabulary", "20", "--beam", "1"],
    ],
)
def test_other_networks(files: list[str], options: list[str], tmp_path: Path, capsys):
    out = ["--out", str(tmp_path / "m"), "--held-out", "0.5"]
    small = ["--size", "8", "--embedding", "4", "--epochs", "1"]
    assert main(["translate", "train", *files, *small, *options, *out]) == 0
    assert "held-out pairs" in capsys.readouterr().out
    assert main(["translate", "translate", str(tmp_path / "m"), ASKED]) == 0


@pytest.mark.parametrize("kind", ["dates", "numbers"])
def test_the_demonstrations(kind: str, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr("tailrace.apps.translate.demonstrations.demonstration.__defaults__", (300,))
    out = ["--size", "8", "--epochs", "1", "--beam", "1", "--out", str(tmp_path / "m")]
    assert main(["translate", "train", "--demo", kind, *out]) == 0
    assert f"built-in {kind}" in capsys.readouterr().out


def test_ctrl_c_saves_and_training_goes_on(files: list[str], tmp_path: Path, monkeypatch, capsys):
    step = Learner.step
    count = 0

    def pressed(self: Learner, batch, rate: float) -> float:
        nonlocal count
        count += 1
        if count == 20:
            signal.raise_signal(signal.SIGINT)
        return step(self, batch, rate)

    folder = str(tmp_path / "m")
    with monkeypatch.context() as patch:
        patch.setattr(Learner, "step", pressed)
        assert main(["translate", "train", *files, *TOY, "--out", folder]) == 130
    assert f"--resume {folder}" in capsys.readouterr().out
    assert main(["translate", "translate", folder, ASKED]) == 0
    assert main(["translate", "train", "--resume", folder, "--epochs", "3"]) == 0
    progress = json.loads((tmp_path / "m" / "model.json").read_text())["progress"]
    assert progress["epoch"] == 3
    assert progress["step"] == 45
    capsys.readouterr()
    # another text under the same name
    other = tmp_path / "other"
    other.write_text("one\ntwo\n")
    data = json.loads((tmp_path / "m" / "model.json").read_text())
    data["files"] = [str(other), str(other)]
    (tmp_path / "m" / "model.json").write_text(json.dumps(data))
    assert main(["translate", "train", "--resume", folder]) == 2
    assert "are not what they were" in capsys.readouterr().err
    assert main(["translate", "train", "--resume", folder, "--size", "3"]) == 2
    assert "--size cannot be changed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("lines", "options", "said"),
    [
        (("a\nb\n", "a\n"), [], "has 2 lines and"),
        (("a\n", "a\n"), [], "are too few to be divided"),
        (("a b c\n", "a\n"), ["--longest", "2"], "longer than --longest 2"),
        (("", "a\n"), [], "is empty"),
        (("a\0b\n", "a\n"), [], "is a binary file"),
        (("a\n", "a\n"), ["--attention", "full"], "--attention full: must be one of"),
        (("a\n", "a\n"), ["--demo", "dates"], "--demo and files"),
        (("a\n", "a\n"), ["--dropout", "1"], "--dropout 1.0: must be from 0 to below 1"),
    ],
)
def test_bad_input_is_one_line(
    lines: tuple[str, str], options: list[str], said: str, tmp_path: Path, capsys
):
    paths = [tmp_path / "a", tmp_path / "b"]
    for path, text in zip(paths, lines, strict=True):
        path.write_text(text)
    out = ["--out", str(tmp_path / "m")]
    assert main(["translate", "train", *map(str, paths), *options, *out]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (tmp_path / "m").exists()


def test_other_bad_input(model: Path, files: list[str], tmp_path: Path, capsys):
    for arguments, said in (
        (["train", "--demo", "poems"], "--demo poems: must be one of"),
        (["train", files[0]], "a second file with the translations is needed"),
        (["train", *files, "--out", str(model)], "holds something already"),
        (["train", str(tmp_path / "none"), files[1]], "no such file"),
        (["translate", str(tmp_path), "x"], "is not a model folder"),
        (["translate", str(model), "x", "--beam", "0"], "--beam 0: must be at least 1"),
        (["translate", str(model), "", "--picture", "x.png"], "no translation to draw"),
    ):
        assert main(["translate", *arguments]) == 2
        assert said in capsys.readouterr().err
    damaged = tmp_path / "damaged"
    shutil.copytree(model, damaged)
    data = json.loads((damaged / "model.json").read_text())
    for change in ({"source": [1]}, {"longest": "x"}, {"settings": {}}):
        (damaged / "model.json").write_text(json.dumps({**data, **change}))
        assert main(["translate", "translate", str(damaged), "x"]) == 2
        assert "the model is damaged" in capsys.readouterr().err
