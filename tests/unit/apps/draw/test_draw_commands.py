"""`tailrace draw`, as its user types it, and the class."""

import json
import re
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tailrace.apps import Draw
from tailrace.apps.common.figures import read_figures
from tailrace.apps.draw.data import open_data, read_idx
from tailrace.apps.draw.painter import Painter
from tailrace.apps.errors import UserError
from tailrace.cli import main

from .conftest import ENDS, TOY, bars, write_idx

PICTURES = {
    "samples.png",
    "real.png",
    "strip.png",
    "painting.gif",
    "reconstructed.png",
    "codes.png",
    "training.png",
}


def frames(path: Path) -> int:
    with Image.open(path) as film:
        return getattr(film, "n_frames", 1)


def test_training_leaves_a_model_a_report_and_pictures(model: Path):
    names = {path.name for path in model.iterdir()}
    assert names == {"model.json", "best", "last", "logs", "report.html", "figures.json", *PICTURES}
    page = (model / "report.html").read_text()
    assert not re.search(r'(src|href)="(?!data:)', page)
    kinds = (
        "with attention",
        "without attention",
        "variational autoencoder",
        "mixture of independent pixels",
    )
    for wanted in (*kinds, "independent pixels", "Green: where it looks"):
        assert wanted in page
    # three glimpses, and the pictures without windows
    assert frames(model / "painting.gif") == 4
    found = read_figures(model)["figures"]["bound"]
    assert (found["baseline"], found["unit"]) == ("mixture of independent pixels", "nats")
    assert np.log(6) - 0.05 < found["value"] < 20


def test_it_paints_what_comes_to_mind(model, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["draw", "sample", str(model), "--count", "7", "--out", str(out)]) == 0
    assert {p.name for p in out.iterdir()} == {"pictures.png", "strip.png", "painting.gif"}
    assert "7 pictures" in capsys.readouterr().out


def test_it_paints_given_pictures(model, idx, tmp_path, capsys):
    for number, files in enumerate(([], [str(idx)])):
        out = tmp_path / str(number)
        asked = ["draw", "reconstruct", str(model), *files, "--count", "5", "--out", str(out)]
        assert main(asked) == 0
        names = {"pictures.png", "originals.png", "strip.png", "painting.gif"}
        assert {p.name for p in out.iterdir()} == names
        assert re.search(r"5 pictures, [\d.]+ nats each", capsys.readouterr().out)


def test_mnist_folders_and_seeds(tmp_path, capsys):
    folder = tmp_path / "mnist"
    folder.mkdir()
    write_idx(folder / "train-images-idx3-ubyte", bars(60))
    write_idx(folder / "t10k-images-idx3-ubyte.gz", bars(18))
    options = [*TOY, "--epochs", "1", "--no-attention", "--binarise", "sample", "--alone"]
    out = str(tmp_path / "m")
    assert main(["draw", "train", str(folder), *options, "--seeds", "2", "--out", out]) == 0
    said = capsys.readouterr().out
    assert "50 to learn from, 10 to choose by, 18 to test on" in said
    assert re.search(r"DRAW, without attention +bound +[\d.]+ ± [\d.]+", said)
    assert "with attention " not in said


def test_ctrl_c_saves_and_resume_ends_as_if_nothing_had_been(
    idx, model, tmp_path, monkeypatch, capsys
):
    out, step = tmp_path / "m", Painter.step
    count = iter(range(1000))

    def interrupt(painter, batch, rate):
        if next(count) == 17:
            signal.raise_signal(signal.SIGINT)
        return step(painter, batch, rate)

    monkeypatch.setattr(Painter, "step", interrupt)
    assert main(["draw", "train", str(idx), *TOY, *ENDS, "--alone", "--out", str(out)]) == 130
    assert f"tailrace draw train --resume {out}" in capsys.readouterr().out
    monkeypatch.setattr(Painter, "step", step)
    assert main(["draw", "train", "--resume", "--out", str(out)]) == 0
    whole, resumed = (read_figures(path)["figures"]["bound"] for path in (model, out))
    assert whole == resumed
    assert main(["draw", "train", "--resume", "--out", str(out)]) == 2
    assert "training has come to its end (--epochs" in capsys.readouterr().err


def test_what_is_compared_can_be_stopped_and_made_up_for(idx, tmp_path, monkeypatch, capsys):
    out, fit = tmp_path / "m", Painter.fit

    def interrupt(painter, training, *arguments):
        signal.raise_signal(signal.SIGINT)
        return fit(painter, training, *arguments)

    monkeypatch.setattr(Painter, "fit", interrupt)
    options = [*TOY, "--epochs", "1", "--out", str(out)]
    assert main(["draw", "train", str(idx), *options]) == 130
    assert "to have the report, too: tailrace draw train --resume" in capsys.readouterr().out
    assert not (out / "report.html").exists()
    monkeypatch.setattr(Painter, "fit", fit)
    assert main(["draw", "train", "--resume", "--out", str(out)]) == 0
    assert (out / "report.html").exists()


def test_files_that_cannot_be(idx, tmp_path, capsys):
    good = bars(12)

    def said(data: bytes) -> str:
        path = tmp_path / "odd"
        path.write_bytes(data)
        assert main(["draw", "train", str(path), "--out", str(tmp_path / "m")]) == 2
        assert not (tmp_path / "m").exists()
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        return error

    whole = write_idx(tmp_path / "whole", good).read_bytes()
    assert "is not an IDX file" in said(b"")
    assert "is not an IDX file" in said(b"PNG and so on")
    assert "of type 0x08 with 1 dimensions" in said(b"\0\0\x08\x01" + bytes(8))
    assert "ends within its head" in said(whole[:9])
    assert "bytes, not 376" in said(whole[:-1])
    assert "is damaged" in said(idx.read_bytes()[:-20])
    assert "has no pictures" in said(whole[:4] + bytes(12))
    assert "too few" in said(write_idx(tmp_path / "two", good[:2]).read_bytes())
    assert main(["draw", "train", str(tmp_path)]) == 2
    assert "has no train-images-idx3-ubyte" in capsys.readouterr().err
    other = str(write_idx(tmp_path / "other", bars(9, 4, 4)))
    assert main(["draw", "train", str(idx), other]) == 2
    assert "of another size" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--glimpses", "0"], "--glimpses 0: must be at least 1"),
        (["--binarise", "dither"], "--binarise dither: must be one of threshold, sample"),
        (["--seeds", "0"], "--seeds 0: must be at least 1"),
        (["--resume"], "cannot be changed when training goes on"),
        (["--demo", "digits"], "files and --demo: give one of them"),
    ],
)
def test_options_that_cannot_be(idx, tmp_path, capsys, options, word):
    assert main(["draw", "train", str(idx), *options, "--out", str(tmp_path / "m")]) == 2
    assert word in capsys.readouterr().err


def test_models_that_cannot_be(model, idx, tmp_path, capsys):
    def said(command: str, *arguments: str) -> str:
        out = tmp_path / "out"
        assert main(["draw", command, *arguments, "--out", str(out)]) == 2
        assert not out.exists()
        return capsys.readouterr().err

    assert "is not a model folder" in said("sample", str(idx.parent))
    assert "--count 0: must be at least 1" in said("sample", str(model), "--count", "0")
    other = str(write_idx(tmp_path / "other", bars(9, 4, 4)))
    assert "the model's have 6 x 5" in said("reconstruct", str(model), other)
    broken = tmp_path / "broken"
    shutil.copytree(model, broken)
    data = json.loads((broken / "model.json").read_text())
    (broken / "model.json").write_text(json.dumps({**data, "sides": [5]}))
    assert "the model is damaged" in said("sample", str(broken))
    (broken / "model.json").write_text(json.dumps({**data, "sides": [5, 5]}))
    assert "the model is damaged: checkpoint" in said("sample", str(broken))


def test_the_class(tmp_path):
    X = bars(60) / 255
    settings = {"glimpses": 2, "size": 8, "latent": 2, "epochs": 4, "batch": 10}
    draw = Draw(**settings, read_side=2, write_side=2).fit(X)
    assert draw.sample(3).shape == (3, 5, 6)
    assert draw.paint(2).canvases.shape == (2, 2, 5, 6)
    assert draw.transform(X[:4]).shape == (4, 5, 6)
    assert draw.score(X[:6]) == pytest.approx(draw.score_samples(X[:6]).mean())
    assert draw.score(X[:6]) < -np.log(6)
    draw.save(tmp_path / "m")
    again = Draw.load(tmp_path / "m")
    assert again.get_params() == draw.get_params()
    np.testing.assert_array_equal(again.sample(3), draw.sample(3))
    assert main(["draw", "reconstruct", str(tmp_path / "m"), "--out", str(tmp_path / "o")]) == 2


@pytest.mark.parametrize("X", [np.zeros((9, 7)), np.full((9, 4, 4), 7.0), np.zeros((0, 4, 4))])
def test_arrays_that_cannot_be(X):
    with pytest.raises(UserError, match=r"pictures have shape|must be from 0 to 1"):
        Draw().fit(X)


def test_digits_are_scattered_on_a_field():
    digits, scattered = open_data(["digits"]), open_data(["scattered"])
    assert (digits.sides, scattered.sides) == ((8, 8), (16, 16))
    np.testing.assert_allclose(scattered.pictures.sum((1, 2)), digits.pictures.sum((1, 2)))
    rows = scattered.pictures.max((0, 2))
    assert (rows > 0).all()


def test_idx_files_are_read(idx):
    np.testing.assert_array_equal(read_idx(idx) * 255, bars(120))
