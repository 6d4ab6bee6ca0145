"""`tailrace caption`, as its user types it."""

import json
import re
import shutil
import signal
from pathlib import Path

import pytest

from tailrace.apps.caption.learner import Learner
from tailrace.apps.common.pictures import encode
from tailrace.cli import main

from .conftest import TOY, halves


def test_training_leaves_a_model_a_report_and_figures(model: Path):
    names = {path.name for path in model.iterdir()}
    assert names == {
        "model.json",
        "best",
        "last",
        "logs",
        "report.html",
        "attention.png",
        "examples.png",
        "training.png",
        "figures.json",
    }
    figures = json.loads((model / "figures.json").read_text())["figures"]
    assert figures["right"]["value"] > 80
    page = (model / "report.html").read_text()
    assert not re.search(r'(src|href)="(?!data:)', page)
    for wanted in ("nearest learnt picture", "bahdanau attention, beam 2", "was learnt from"):
        assert wanted in page


def test_pictures_are_described(model: Path, photos: Path, tmp_path: Path, capsys):
    _, captions = halves(3)
    files = [str(photos / f"{i}.png") for i in range(3)]
    assert main(["caption", "describe", str(model), *files]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown == [f"{name}: {text}" for name, text in zip(files, captions, strict=True)]
    looks = tmp_path / "looks.png"
    assert (
        main(["caption", "describe", str(model), files[0], "--best", "3", "--picture", str(looks)])
        == 0
    )
    first, *others = capsys.readouterr().out.splitlines()
    assert first == files[0]
    assert len(others) == 3
    assert others[0].endswith(captions[0])
    assert looks.read_bytes().startswith(b"\x89PNG")


def test_a_picture_of_another_size(model: Path, tmp_path: Path, capsys):
    pictures, captions = halves(1)
    large = tmp_path / "large.png"
    large.write_bytes(encode(pictures[0], enlarge=3))
    assert main(["caption", "describe", str(model), str(large)]) == 0
    assert capsys.readouterr().out.strip() == captions[0]


def test_eval_measures_a_folder(model: Path, photos: Path, capsys):
    data = [str(photos), "--captions", str(photos / "captions.csv")]
    assert main(["caption", "eval", str(model), *data]) == 0
    assert "120 held-out pictures" in capsys.readouterr().out
    assert main(["caption", "eval", str(model), str(photos)]) == 2


@pytest.mark.parametrize(
    "options", [["--attention", "none", "--dropout", "0.2"], ["--cell", "gru", "--minutes", "0.01"]]
)
def test_the_demonstration(options: list[str], tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr("tailrace.apps.caption.scenes.scenes.__defaults__", (80,))
    small = ["--size", "8", "--filters", "2", "--epochs", "1", "--beam", "1"]
    out = ["--pictures", str(tmp_path / "scenes"), "--out", str(tmp_path / "m")]
    assert main(["caption", "train", *small, *options, *out]) == 0
    assert "never learnt from" in capsys.readouterr().out
    data = [str(tmp_path / "scenes"), "--captions", str(tmp_path / "scenes" / "captions.csv")]
    assert main(["caption", "eval", str(tmp_path / "m"), *data]) == 0
    assert "8 held-out pictures" in capsys.readouterr().out


def test_ctrl_c_saves_and_training_goes_on(photos: Path, tmp_path: Path, monkeypatch, capsys):
    step, count = Learner.step, 0

    def pressed(self: Learner, batch, rate: float) -> float:
        nonlocal count
        count += 1
        if count == 14:
            signal.raise_signal(signal.SIGINT)
        return step(self, batch, rate)

    folder = str(tmp_path / "m")
    data = [str(photos), "--captions", str(photos / "captions.csv")]
    with monkeypatch.context() as patch:
        patch.setattr(Learner, "step", pressed)
        assert main(["caption", "train", *data, *TOY, "--out", folder]) == 130
    assert f"--resume {folder}" in capsys.readouterr().out
    assert main(["caption", "describe", folder, str(photos / "0.png")]) == 0
    assert main(["caption", "train", "--resume", folder, "--epochs", "2"]) == 0
    progress = json.loads((tmp_path / "m" / "model.json").read_text())["progress"]
    assert (progress["epoch"], progress["step"]) == (2, 24)
    capsys.readouterr()
    assert main(["caption", "train", "--resume", folder, "--size", "9"]) == 2
    assert "--size cannot be changed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("name,caption\na.png,x\n", [], "has no column file"),
        ("file,caption\nb.png,x\n", [], "b.png: no such file"),
        ("file,caption\na.png,\n", [], "line 2: a.png has no caption"),
        ("file,caption\n", [], "has a head line, but no captions"),
        ('file,caption\na.png,"x', [], "is not CSV"),
        ("file,caption\nbad.png,x\n", [], "cannot be read as a picture"),
        ("file,caption\na.png,x\n", [], "too few to be divided"),
        ("file,caption\na.png,x\n", ["--side", "4"], "--side 4: must be at least 8"),
        ("file,caption\na.png,x\n", ["--pictures", "z"], "with a folder there are none"),
    ],
)
def test_bad_input_is_one_line(text: str, options: list[str], said: str, tmp_path: Path, capsys):
    (tmp_path / "a.png").write_bytes(encode(halves(1)[0][0]))
    (tmp_path / "bad.png").write_text("no picture")
    captions = tmp_path / "c.csv"
    captions.write_text(text)
    data = [str(tmp_path), "--captions", str(captions)]
    assert main(["caption", "train", *data, *options, "--out", str(tmp_path / "m")]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (tmp_path / "m").exists()


def test_other_bad_input(model: Path, photos: Path, tmp_path: Path, capsys):
    for arguments, said in (
        (["train", str(photos)], "--captions FILE says"),
        (["train", "--captions", "x.csv"], "a folder of pictures is needed"),
        (["train", "--side", "64"], "the built-in scenes have 32 pixels"),
        (["train", str(tmp_path / "none"), "--captions", "x.csv"], "no such folder"),
        (["describe", str(model), str(tmp_path / "x.png")], "no such file"),
        (["describe", str(tmp_path), "x.png"], "is not a model folder"),
        (["describe", str(model), "x.png", "--best", "0"], "--best 0: must be at least 1"),
        (["describe", str(model), "x.png", "--beam", "0"], "--beam 0: must be at least 1"),
    ):
        assert main(["caption", *arguments]) == 2
        assert said in capsys.readouterr().err
    damaged = tmp_path / "damaged"
    shutil.copytree(model, damaged)
    data = json.loads((damaged / "model.json").read_text())
    for change in ({"vocabulary": ["a"]}, {"longest": None}, {"settings": {"side": 8}}):
        (damaged / "model.json").write_text(json.dumps({**data, **change}))
        assert main(["caption", "describe", str(damaged), str(photos / "0.png")]) == 2
        assert "the model is damaged" in capsys.readouterr().err
