"""`tailrace denoise`, as its user types it."""

import json
import re
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tailrace.apps.common.figures import read_figures
from tailrace.apps.denoise.denoiser import Denoiser
from tailrace.cli import main

from .conftest import TOY, stripes

PICTURES = {"rows.png", "filters.png", "amounts.png", "training.png"}


def test_training_leaves_a_model_a_report_and_pictures(model: Path):
    names = {path.name for path in model.iterdir()}
    assert names == {"model.json", "best", "last", "logs", "report.html", "figures.json", *PICTURES}
    page = (model / "report.html").read_text()
    assert not re.search(r'(src|href)="(?!data:)', page)
    for wanted in ("linear map", "PCA, ", "median", "What the hidden units look for"):
        assert wanted in page


def test_the_autoencoder_does_better_than_nothing(model: Path):
    found = read_figures(model)["figures"]["psnr"]
    assert (found["seeds"], found["unit"]) == (2, "dB")
    assert found["value"] > 14
    # a fifth of the pixels black or white: about 10 dB
    assert found["baseline_value"] > 11


def test_pictures_are_mended_into_files_of_their_names(model, folder, tmp_path, capsys):
    colour = np.stack([stripes(n, 18, 24) for n in range(3)], -1)
    source = tmp_path / "colour.png"
    Image.fromarray((255 * colour).astype(np.uint8)).save(source)
    out = tmp_path / "out"
    images = [str(source), str(folder / "03.png")]
    assert main(["denoise", "clean", str(model), *images, "--spoil", "--out", str(out)]) == 0
    names = {path.name for path in out.iterdir()}
    assert names == {"colour.png", "colour-spoilt.png", "03.png", "03-spoilt.png"}
    with Image.open(out / "colour.png") as image:
        assert (image.mode, image.size) == ("RGB", (24, 18))
    with Image.open(out / "03.png") as image:
        assert image.mode == "L"
    for spoilt, mended in re.findall(
        r"png +\d+ x \d+ +([\d.]+) +([\d.]+)", capsys.readouterr().out
    ):
        assert float(mended) > float(spoilt)


def test_a_folder_is_mended_whole(model, folder, tmp_path):
    out = tmp_path / "out"
    assert main(["denoise", "clean", str(model), str(folder), "--out", str(out)]) == 0
    assert len(list(out.iterdir())) == 12


def test_ctrl_c_saves_and_resume_ends_as_if_nothing_had_been(
    folder, model, tmp_path, monkeypatch, capsys
):
    out, step = tmp_path / "m", Denoiser.step
    count = iter(range(1000))

    def interrupt(denoiser, batch, rate):
        if next(count) == 30:
            signal.raise_signal(signal.SIGINT)
        return step(denoiser, batch, rate)

    monkeypatch.setattr(Denoiser, "step", interrupt)
    options = [*TOY, "--seeds", "2", "--out", str(out)]
    assert main(["denoise", "train", str(folder), *options]) == 130
    assert f"tailrace denoise train --resume {out}" in capsys.readouterr().out
    monkeypatch.setattr(Denoiser, "step", step)
    assert main(["denoise", "train", "--resume", "--out", str(out)]) == 0
    whole, resumed = (read_figures(path)["figures"] for path in (model, out))
    assert whole == resumed
    assert main(["denoise", "train", "--resume", "--out", str(out)]) == 2
    assert "training has come to its end (--epochs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--patch", "17"], "--patch 17: a picture is only 16 pixels"),
        (["--patch", "0"], "must be of one size"),
        (["--patch", "1"], "must be 0 or from 2 to 64"),
        (["--amount", "1.5"], "--amount 1.5: must be from 0 to below 1"),
        (["--corruption", "rain"], "must be one of masking, salt-and-pepper, gaussian"),
        (["--seeds", "0"], "--seeds 0: must be at least 1"),
        (["--demo", "digits"], "give one of them"),
        (["--resume"], "files cannot be changed when training goes on"),
        (["--hidden", "0"], "--hidden 0: must be at least 1"),
    ],
)
def test_options_that_cannot_be(folder, tmp_path, capsys, options, word):
    arguments = ["denoise", "train", str(folder), *options, "--out", str(tmp_path / "m")]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert word in error
    assert error.count("\n") == 1
    assert not (tmp_path / "m").exists()


def test_folders_that_cannot_be(folder, tmp_path, capsys):
    def said(*arguments: str) -> str:
        assert main(["denoise", "train", *arguments]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        return error

    empty, few = tmp_path / "empty", tmp_path / "few"
    empty.mkdir()
    few.mkdir()
    shutil.copy(folder / "00.png", few)
    assert "no such folder" in said(str(tmp_path / "none"))
    assert "holds no pictures" in said(str(empty))
    assert "is a file; a folder is needed" in said(str(folder / "00.png"))
    assert "too few" in said(str(few))
    (few / "odd.png").write_bytes(b"\x89PNG nonsense")
    assert "odd.png: cannot be read as a picture" in said(str(few))
    assert "holds something already" in said("--out", str(few))
    assert "--demo cats: must be one of digits, photos" in said("--demo", "cats")


def test_pictures_and_models_that_cannot_be(folder, model, tmp_path, capsys):
    def said(where: Path, *images: Path) -> str:
        out = tmp_path / "out"
        names = [str(image) for image in images]
        assert main(["denoise", "clean", str(where), *names, "--out", str(out)]) == 2
        assert not out.exists()
        return capsys.readouterr().err

    good = folder / "00.png"
    assert "is not a model folder" in said(folder, good)
    assert "no such file" in said(model, folder / "none.png")
    assert "two pictures have this name" in said(model, good, good)
    small = tmp_path / "small.png"
    Image.new("L", (4, 9)).save(small)
    assert "has 4 x 9 pixels; the model needs 6 x 6" in said(model, small)
    broken = tmp_path / "broken"
    shutil.copytree(model, broken)
    data = json.loads((broken / "model.json").read_text())
    (broken / "model.json").write_text(json.dumps({**data, "shape": "x"}))
    assert "the model is damaged" in said(broken, good)
    shutil.rmtree(broken / "best")
    (broken / "model.json").write_text(json.dumps(data))
    assert "the model is damaged: checkpoint" in said(broken, good)
