"""`tailrace classify`, as its user types it."""

import csv
import json
import re
import shutil
import signal
from pathlib import Path

import pytest

from tailrace.apps.classify.learner import Learner
from tailrace.apps.classify.settings import METHODS
from tailrace.cli import main

from .conftest import TOY, rows, write

COLUMNS = ["--text", "review", "--label", "stars"]


@pytest.mark.parametrize("method", ["logistic", "cnn"])
def test_training_leaves_a_model_and_a_report(models: dict[str, Path], method: str):
    folder = models[method]
    assert {path.name for path in folder.iterdir()} == {
        *("model.json", "best", "last", "logs", "report.html", "figures.json"),
        *("confusion.png", "training.png", "words.png"),
    }
    found = json.loads((folder / "model.json").read_text())["results"]
    assert found["classifiers"][0]["accuracy"] > 0.9
    assert found["majority"] < 0.7
    page = (folder / "report.html").read_text()
    assert not re.search(r'(src|href)="(?!data:)', page)
    for wanted in (
        "macro F1",
        "the most frequent class",
        "By kind of example",
        "lovely",
        "#0b6e99",
    ):
        assert wanted in page
    figures = json.loads((folder / "figures.json").read_text())["figures"]
    assert any(name.endswith("accuracy") for name in figures)


@pytest.mark.parametrize("method", ["logistic", "cnn"])
@pytest.mark.parametrize("way", ["gradient", "occlusion", "none"])
def test_predicting_says_why(models: dict[str, Path], method: str, way: str, capsys):
    folder = str(models[method])
    texts = ["the cat was awful", "lovely house", ""]
    assert main(["classify", "predict", folder, *texts, "--explain", way]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^down [01]\.\d+ +the cat was awful", out, re.M)
    assert re.search(r"^up [01]\.\d+ +lovely house", out, re.M)
    if way != "none":
        assert re.search(r"because of: .*awful \+", out)
        assert re.search(r"because of: lovely \+", out)
        assert "no word of it is known" in out


def test_predicting_files(models: dict[str, Path], texts: Path, tmp_path: Path, capsys):
    folder, to = str(models["cnn"]), tmp_path / "answers.csv"
    options = ["--file", str(texts), "--text", "review", "--to", str(to)]
    assert main(["classify", "predict", folder, *options]) == 0
    with to.open(newline="") as file:
        answers = list(csv.DictReader(file))
    truth = [label for _, label, _ in rows(160)]
    right = sum(a["label"] == b for a, b in zip(answers, truth, strict=True))
    assert right > 140
    assert float(answers[0]["P(up)"]) + float(answers[0]["P(down)"]) == pytest.approx(1, abs=1e-5)
    lines = tmp_path / "lines.txt"
    lines.write_text("dull cat\n\n" + "great house\n" * 60)
    assert main(["classify", "predict", folder, "--file", str(lines)]) == 0
    assert "and 11 more" in capsys.readouterr().out


def test_eval(models: dict[str, Path], tmp_path: Path, capsys):
    path = write(tmp_path / "other.csv", [("text", "label"), *(r[:2] for r in rows(50, 1))])
    assert main(["classify", "eval", str(models["cnn"]), str(path)]) == 0
    found = re.search(r"50 examples: accuracy ([\d.]+), macro F1 ([\d.]+)", capsys.readouterr().out)
    assert found
    assert float(found[1]) > 0.85
    write(path, [("text", "label"), ("a", "sideways")])
    assert main(["classify", "eval", str(models["cnn"]), str(path)]) == 2
    assert "has the label 'sideways'; the model knows down, up" in capsys.readouterr().err


def test_comparing_all_methods(texts: Path, tmp_path: Path, capsys):
    folder = tmp_path / "all"
    options = [*TOY[:4], "--epochs", "1", "--batch", "32", "--kind", "kind", "--out", str(folder)]
    assert main(["classify", "compare", str(texts), *COLUMNS, *options]) == 0
    out = capsys.readouterr().out
    for name in (
        "1- to 3-grams",
        "perceptron",
        "bidirectional LSTM",
        "CNN + LSTM",
        "most frequent",
    ):
        assert name in out
    assert {path.name for path in folder.iterdir()} == {
        *("report.html", "figures.json"),
        *("accuracy.png", "kinds.png", "confusion.png", "training.png"),
    }
    figures = json.loads((folder / "figures.json").read_text())["figures"]
    assert len(figures) == len(METHODS)
    assert {one["baseline"] for one in figures.values()} == {"logistic regression"}


@pytest.mark.parametrize("method", ["perceptron", "feedforward"])
def test_columns_of_numbers(method: str, tmp_path: Path, capsys):
    options = ["--method", method, "--size", "8", "--epochs", "15", "--batch", "8", "--seeds", "2"]
    folder = tmp_path / "wine"
    given = ["--demo", "wine", *options, "--out", str(folder)]
    assert main(["classify", "train", *given]) == 0
    out = capsys.readouterr().out
    found = re.search(rf"^{method[:4]}\S* +([\d.]+) ±", out, re.M)
    assert found
    assert float(found[1]) > 0.85
    table = tmp_path / "new.csv"
    names = json.loads((folder / "model.json").read_text())["columns"]
    write(table, [tuple(names), ("13", "", *["2"] * (len(names) - 2))])
    assert main(["classify", "predict", str(folder), "--file", str(table)]) == 0
    assert re.search(r"class_\d [01]\.\d+ +row 1", capsys.readouterr().out)


def test_ctrl_c_saves_and_training_goes_on(texts: Path, tmp_path: Path, monkeypatch, capsys):
    step, count = Learner.step, 0

    def pressed(self: Learner, batch, rate: float) -> float:
        nonlocal count
        count += 1
        if count == 20:
            signal.raise_signal(signal.SIGINT)
        return step(self, batch, rate)

    monkeypatch.setattr(Learner, "step", pressed)
    folder, data = tmp_path / "m", [str(texts), *COLUMNS]
    given = ["--method", "cnn", *TOY, "--out", str(folder)]
    assert main(["classify", "train", *data, *given]) == 130
    assert "Stopped and saved. Go on" in capsys.readouterr().out
    assert main(["classify", "predict", str(folder), "dull cat"]) == 0
    assert main(["classify", "train", "--resume", str(folder), "--size", "9"]) == 2
    assert "--size cannot be changed" in capsys.readouterr().err
    assert main(["classify", "train", *data, "--resume", str(folder)]) == 2
    assert "files cannot be changed" in capsys.readouterr().err
    assert main(["classify", "train", "--resume", str(folder)]) == 0
    assert "the report in" in capsys.readouterr().out
    model = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**model, "fingerprint": "other"}))
    assert main(["classify", "train", "--resume", str(folder)]) == 2
    assert "is not what it was" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("text,label\na,x\n", [], "has one label only ('x')"),
        ("text,label\na,x\nb,y\n", [], "label 'x' occurs 1 times; 3 are needed"),
        ("text,class\na,x\n", [], "no column 'label'; it has text, class (--label says"),
        ("review,label\na,x\n", [], "neither a column 'text' nor columns of numbers"),
        ("text,label\na,x\n", ["--text", "t"], "has no column 't'"),
        ("text,label\n,x\n", [], "no row has both"),
        ("text,label\n", [], "has no rows"),
        ("", [], "is empty"),
        ("text,label\na\0,x\n", [], "is a binary file"),
        ("text,label\na,x\n", ["--method", "magic"], "--method magic: must be one of"),
        ("text,label\na,x\n", ["--regions", "2,x"], "--regions 2,x: must be numbers of words"),
        ("text,label\na,x\n", ["--demo", "iris"], "--demo and a CSV file"),
        ("n,label\n" + "1,x\n2,y\n" * 9, ["--method", "lstm"], "reads words in order"),
        (
            "text,label\n" + "!!,x\n??,y\n" * 9,
            ["--embeddings", "none.txt"],
            "none.txt: no such file",
        ),
        ("text,label\n" + "a b,x\nb c,y\n" * 9, ["--explain", "magic"], "--explain magic"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, capsys, text: str, options: list[str], said: str):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    assert main(["classify", "train", str(path), *options, "--out", str(tmp_path / "m")]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (tmp_path / "m").exists()


def test_other_bad_input(models, texts: Path, tmp_path: Path, capsys):
    folder = str(models["cnn"])
    assert main(["classify", "train", "--text", "x"]) == 2
    assert main(["classify", "train", "--demo", "none"]) == 2
    assert main(["classify", "train", "--demo", "iris", "--out", folder]) == 2
    assert main(["classify", "compare", "--methods", "cnn,magic"]) == 2
    assert main(["classify", "predict", folder]) == 2
    assert main(["classify", "predict", folder, "a", "--file", "b"]) == 2
    assert main(["classify", "predict", str(tmp_path / "none"), "a"]) == 2
    assert main(["classify", "predict", folder, "--file", str(texts)]) == 2
    assert "no column 'text'" in capsys.readouterr().err
    damaged = tmp_path / "damaged"
    shutil.copytree(models["cnn"], damaged)
    data = json.loads((damaged / "model.json").read_text())
    (damaged / "model.json").write_text(json.dumps({**data, "classes": ["one"] * 5}))
    assert main(["classify", "predict", str(damaged), "a"]) == 2
    assert "the model is damaged" in capsys.readouterr().err
