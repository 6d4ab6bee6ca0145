"""`tailrace anomaly`, as its user types it."""

import io
import json
import re
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

from tailrace.apps.anomaly.data import read_series
from tailrace.apps.anomaly.networks import Learner
from tailrace.apps.common.figures import read_figures
from tailrace.cli import main

from .conftest import ODD, TOY, odd_wave, write

METHODS = ("predictor", "autoencoder")


@pytest.mark.parametrize("method", METHODS)
def test_training_leaves_a_model_and_a_report(models: dict[str, Path], method: str):
    folder = models[method]
    assert {path.name for path in folder.iterdir()} == {
        "model.json",
        "best",
        "last",
        "logs",
        "report.html",
        "series.png",
        "close.png",
        "training.png",
        "figures.json",
    }
    chosen, *others = json.loads((folder / "model.json").read_text())["results"]["detectors"]
    assert chosen["name"] == f"LSTM {method}"
    assert chosen["found"] == 1
    assert chosen["recall"] > 0.6
    assert chosen["false_alarms"] < 0.1
    assert [one["name"] for one in others[1:]] == [
        "moving z-score",
        "discord",
        "linear autoencoder",
    ]
    figures = read_figures(folder)["figures"]
    assert figures["range_f1"]["value"] == chosen["f1"]
    assert figures["ranges_found"]["value"] == 100
    page = (folder / "report.html").read_text()
    assert not re.search(r'(src|href)="(?!data:)', page)
    for wanted in ("discord", "Tatbul", "false alarms", "data:image/png;base64,iVBOR"):
        assert wanted in page


def test_scores_of_a_file(models: dict[str, Path], odd: Path, tmp_path: Path, capsys):
    out = tmp_path / "scores.csv"
    options = ["--label", "bad", "--out", str(out)]
    assert main(["anomaly", "score", str(models["predictor"]), str(odd), *options]) == 0
    assert "found 1 of 1" in capsys.readouterr().out
    rows = [line.split(",") for line in out.read_text().splitlines()]
    assert rows[0] == ["score", "alarm"]
    assert len(rows) == 801
    assert rows[1] == ["", "0"]
    assert any(alarm == "1" for _, alarm in rows[1:][ODD])


@pytest.mark.parametrize("method", METHODS)
def test_watching_says_what_scoring_says(
    models: dict[str, Path], method: str, odd: Path, tmp_path: Path, monkeypatch, capsys
):
    folder, out = str(models[method]), tmp_path / "scores.csv"
    assert main(["anomaly", "score", folder, str(odd), "--out", str(out)]) == 0
    capsys.readouterr()
    monkeypatch.setattr("sys.stdin", io.StringIO(odd.read_text()))
    assert main(["anomaly", "watch", folder, "--all"]) == 0
    seen = [line.split(",") for line in capsys.readouterr().out.splitlines()[1:]]
    scored = [line.split(",") for line in out.read_text().splitlines()[1:]]
    assert [int(row[0]) for row in seen] == list(range(800))
    values = [[float(row[-2] or "nan") for row in rows] for rows in (seen, scored)]
    np.testing.assert_allclose(*values, rtol=1e-3, atol=1e-4)
    assert [row[2] for row in seen] == [row[1] for row in scored]


def test_watching_takes_bare_lines_and_missing_values(models, monkeypatch, capsys):
    lines = "".join(f"{a},{b}\n" for a, b in odd_wave()[:100]) + "\n,5.0\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    assert main(["anomaly", "watch", str(models["predictor"]), "--all"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 102


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("1,2,3\n", "line 1: 3 values, the model has 2 channels"),
        ("1,2\n1,x\n", "line 2: x is not a finite number"),
        ("when,slow,fast\na,1,2\nb,1\n", "line 3: has 2 values, 3 needed"),
    ],
)
def test_watching_bad_lines(models, monkeypatch, capsys, lines: str, said: str):
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    assert main(["anomaly", "watch", str(models["predictor"])]) == 2
    assert said in capsys.readouterr().err


def test_a_series_without_labels(normal: Path, tmp_path: Path, capsys):
    short = [*TOY[:4], "--steps", "5", "--ahead", "3", "--false-alarms", "0.02"]
    out = ["--columns", "fast", "--out", str(tmp_path / "m")]
    assert main(["anomaly", "train", str(normal), *short, *out]) == 0
    assert "points marked" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["generated", "recorded"])
def test_the_demonstration(kind: str, tmp_path: Path, capsys):
    options = ["--steps", "4", "--size", "4", "--seeds", "2", "--window", "32"]
    out = ["--out", str(tmp_path / "m")]
    assert main(["anomaly", "train", "--demo", kind, *options, *out]) == 0
    shown = capsys.readouterr().out
    assert "±" in shown
    assert "of 6" in shown


def test_ctrl_c_saves_and_training_ends_as_if_nothing_had_been(
    normal: Path, odd: Path, models: dict[str, Path], tmp_path: Path, monkeypatch, capsys
):
    update, count = Learner._update, 0

    def pressed(self: Learner, windows, rate: float) -> float:
        nonlocal count
        count += 1
        if count == 30:
            signal.raise_signal(signal.SIGINT)
        return update(self, windows, rate)

    monkeypatch.setattr(Learner, "_update", pressed)
    folder = tmp_path / "m"
    data = [str(normal), "--test", str(odd), "--label", "bad"]
    assert main(["anomaly", "train", *data, *TOY, "--out", str(folder)]) == 130
    assert f"anomaly train --resume {folder}" in capsys.readouterr().out
    assert main(["anomaly", "score", str(folder), str(odd)]) == 0
    assert main(["anomaly", "train", "--resume", str(folder)]) == 0
    ours, whole = (
        json.loads((path / "model.json").read_text()) for path in (folder, models["predictor"])
    )
    assert ours["threshold"] == whole["threshold"]
    assert ours["results"] == whole["results"]
    capsys.readouterr()
    assert main(["anomaly", "train", "--resume", str(folder)]) == 2
    assert "come to its end" in capsys.readouterr().err
    assert main(["anomaly", "train", "--resume", str(folder), "--window", "9"]) == 2
    assert "--window cannot be changed" in capsys.readouterr().err


def test_one_that_was_killed_before_its_threshold_was_known(models, tmp_path: Path, capsys):
    folder = tmp_path / "m"
    shutil.copytree(models["predictor"], folder)
    data = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**data, "threshold": None, "errors": None}))
    (folder / "report.html").unlink()
    assert main(["anomaly", "watch", str(folder)]) == 2
    assert "go on with it: tailrace anomaly train --resume" in capsys.readouterr().err
    assert main(["anomaly", "train", "--resume", str(folder)]) == 0
    assert json.loads((folder / "model.json").read_text())["threshold"] == data["threshold"]


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("a,b\n1,2\n1,x\n3,4\n", [], "column b, row 2: x is not a finite number"),
        ("a,b\nx,y\n", [], "no column holds numbers"),
        ("a,b\n", [], "has a head line, but no rows"),
        ("a\n1\n", ["--columns", "c"], "no column c; there are a"),
        ("a,l\n1,2\n", ["--label", "l"], "column l, row 1: 2 is not a label"),
        ("a\n1\n2\n", [], "points are too few to learn from"),
        ("a\n1\n", ["--method", "magic"], "--method magic: must be one of"),
        ("a\n" + "1\n2\n" * 300, ["--window", "8"], "needs 200 normal points to calibrate on"),
        ("a\n" + "1\n2\n" * 300, [*TOY, "--false-alarms", "0.1", "--held-out", "0.02"], "too few"),
        ("a\n1\n", ["--demo", "generated"], "--demo and a CSV file"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, capsys, text: str, options: list[str], said: str):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    assert main(["anomaly", "train", str(path), *options, "--out", str(tmp_path / "m")]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (tmp_path / "m").exists()


def test_other_bad_input(models, odd: Path, tmp_path: Path, capsys):
    assert main(["anomaly", "train", "--label", "x"]) == 2
    assert main(["anomaly", "train", "--demo", "none"]) == 2
    other = tmp_path / "other.csv"
    other.write_text("x\n1\n2\n")
    assert main(["anomaly", "score", str(models["predictor"]), str(other)]) == 2
    assert "the model needs fast, slow" in capsys.readouterr().err
    damaged = tmp_path / "damaged"
    shutil.copytree(models["predictor"], damaged)
    data = json.loads((damaged / "model.json").read_text())
    (damaged / "model.json").write_text(json.dumps({**data, "mean": [1]}))
    assert main(["anomaly", "score", str(damaged), str(odd)]) == 2
    assert "the model is damaged" in capsys.readouterr().err


def test_files_without_a_head_line_are_read(models, tmp_path: Path, capsys):
    path = tmp_path / "bare.csv"
    np.savetxt(path, odd_wave(), delimiter=",")
    assert main(["anomaly", "score", str(models["predictor"]), str(path)]) == 0
    assert "odd ranges" in capsys.readouterr().out


def test_missing_values_take_the_last_one(tmp_path: Path):
    path = write(tmp_path / "holes.csv", odd_wave())
    lines = path.read_text().splitlines()
    lines[50] = lines[50].split(",")[0] + ",,,0"
    path.write_text("\n".join(lines))
    series = read_series(str(path), None, "bad")
    assert series.channels == ["fast", "slow"]
    assert series.values[49].tolist() == series.values[48].tolist()
    np.testing.assert_allclose(series.values[50], odd_wave()[50], atol=1e-5)
