"""`tailrace som`, as its user types it."""

import io
import re
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tailrace.apps.som import commands, demonstration
from tailrace.apps.som.estimator import SelfOrganizingMap
from tailrace.cli import main

TOY = ["--rows", "4", "--cols", "4", "--iterations", "4"]
KEPT = {"model.json", "map", "history.npz", "logs", "figures.json", "report.html"}
PICTURES = {"planes.png", "u-matrix.png", "hits.png", "groups.png", "learning.png", "animation.gif"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("som") / "countries"
    assert main(["som", "train", *TOY, "--out", str(folder)]) == 0
    return folder


def test_train_leaves_a_map_a_report_and_pictures(trained: Path):
    names = {path.name for path in trained.iterdir()}
    assert names == {*PICTURES, *KEPT}
    page = (trained / "report.html").read_text()
    assert not re.search(r'(src|href)="(?!data:)', page)
    for wanted in ("k-means", "U-matrix", "start: random", "invented countries", "sigma end"):
        assert wanted in page
    with Image.open(io.BytesIO((trained / "animation.gif").read_bytes())) as film:
        assert getattr(film, "n_frames", 1) == 5


def test_the_table_compares(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    options = ["--demo", "iris", "--training", "online", "--topology", "rectangular"]
    assert main(["som", "train", *options, *TOY, "--out", str(tmp_path / "m")]) == 0
    out = capsys.readouterr().out
    rows = {
        n: float(e) for n, e in re.findall(r"^(map|start: random|k-means) +([\d.]+)", out, re.M)
    }
    assert rows["map"] < rows["start: random"]
    assert "120 rows to learn, 30 to test on, 4 columns" in out


def test_map_lays_rows_on_it(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    table = demonstration.COUNTRIES
    assert main(["som", "map", str(trained), str(table)]) == 0
    assert "more; --to FILE" in capsys.readouterr().out
    target = tmp_path / "units.csv"
    assert main(["som", "map", str(trained), str(table), "--to", str(target)]) == 0
    units = pd.read_csv(target)
    countries = demonstration.load("countries")
    assert list(units["row"]) == countries.labels
    wanted = SelfOrganizingMap.load(trained).predict(countries.values)
    np.testing.assert_array_equal(4 * (units["unit row"] - 1) + units["unit column"] - 1, wanted)


@pytest.mark.parametrize("training", ["online", "batch"])
def test_ctrl_c_saves_and_training_ends_as_if_nothing_had_been(
    training: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch
):
    step = commands.Bar.step

    def interrupt(bar, done, figures, *heading):
        step(bar, done, figures, *heading)
        if heading == (2,):
            signal.raise_signal(signal.SIGINT)

    options = ["--rows", "3", "--cols", "3", "--iterations", "6", "--training", training]
    whole, folder = tmp_path / "whole", tmp_path / "m"
    assert main(["som", "train", *options, "--out", str(whole)]) == 0
    # one that is killed has what was kept last
    monkeypatch.setattr(commands, "KEPT_EVERY_S", 0.0)
    with monkeypatch.context() as patched:
        patched.setattr(commands.Bar, "step", interrupt)
        assert main(["som", "train", *options, "--out", str(folder)]) == 130
    said = capsys.readouterr().out
    assert "Stopped after 3 of 6" in said
    assert f"tailrace som train --resume {folder}" in said
    stopped = SelfOrganizingMap.load(folder)
    assert [snapshot.iteration for snapshot in stopped.history_] == [0, 1, 2, 3]
    assert main(["som", "map", str(folder), str(demonstration.COUNTRIES)]) == 0
    assert main(["som", "train", "--resume", str(folder), "--rows", "4"]) == 2
    assert "--rows cannot be changed" in capsys.readouterr().err
    assert main(["som", "train", "--resume", str(folder)]) == 0
    ours, theirs = (SelfOrganizingMap.load(path) for path in (folder, whole))
    np.testing.assert_array_equal(ours.scaled_weights_, theirs.scaled_weights_)
    assert [s.error for s in ours.history_] == [s.error for s in theirs.history_]
    assert (folder / "report.html").exists()
    assert main(["som", "train", "--resume", str(folder)]) == 2
    assert "come to its end" in capsys.readouterr().err


def test_a_map_saved_from_a_program_cannot_go_on(tmp_path: Path, capsys):
    rows = np.random.default_rng(0).normal(size=(20, 2))
    SelfOrganizingMap(rows=2, cols=2, iterations=2).fit(rows).save(tmp_path / "m")
    assert main(["som", "train", "--resume", str(tmp_path / "m")]) == 2
    assert "was saved from a program" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "options", "word"),
    [
        ("a,b\n", [], "no rows"),
        ("", [], "is empty"),
        ("a,b\nx,y\n", [], "no column of numbers"),
        ("a,b\n1,2\n3,x\n", ["--use", "a,b"], "'b' is not of numbers: it has 'x'"),
        ("a,b\n1,2\n3,4\n", ["--use", "c"], "no column 'c'"),
        ("a,b\n1,2\n3,4\n", [], "too few"),
        ("a,b\n1,2\n3,4,5\n6,7,8,9\n", [], "not a CSV table"),
        ("a;b\n1;2\n3;4\n5;6\n", ["--rows", "2"], "give both"),
    ],
)
def test_bad_input_is_one_line_and_status_2(tmp_path: Path, capsys, text, options, word):
    path = tmp_path / "table.csv"
    path.write_text(text)
    assert main(["som", "train", str(path), *options, "--out", str(tmp_path / "m")]) == 2
    error = capsys.readouterr().err
    assert word in error
    assert error.count("\n") == 1
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_are_found(tmp_path: Path, separator: str):
    path = tmp_path / "table.csv"
    rows = [["name", "a", "b"], *([f"r{i}", str(i), str(-i)] for i in range(8))]
    path.write_text("\n".join(separator.join(row) for row in rows))
    read = commands.table.from_frame(commands.table.read_frame(path), "t")
    assert read.columns == ["a", "b"]
    assert read.labels[:2] == ["r0", "r1"]


def test_some_values_of_the_countries_are_missing():
    countries = demonstration.load("countries")
    assert len(countries.values) == 96
    assert 0.03 < np.isnan(countries.values).mean() < 0.09


def test_parquet_goes_to_pandas_or_says_what_it_needs(tmp_path: Path, monkeypatch, capsys):
    path = tmp_path / "table.parquet"
    path.write_bytes(b"PAR1")
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [2.0, 5.0]})
    monkeypatch.setattr(pd, "read_parquet", lambda file: frame)
    assert commands.table.read_frame(path).equals(frame)

    def without(file):
        raise ImportError("no engine")

    monkeypatch.setattr(pd, "read_parquet", without)
    assert main(["som", "train", str(path)]) == 2
    assert "pip install 'tailrace[parquet]'" in capsys.readouterr().err
