"""`tailrace lm`, as its user types it."""

import argparse
import io
import itertools
import json
import re
import shlex
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

from tailrace.apps.common.figures import read_figures
from tailrace.apps.lm import cli as lm
from tailrace.apps.lm import folder as folders
from tailrace.apps.lm.settings import Settings, given
from tailrace.apps.lm.training import Batch, Trainer
from tailrace.cli import main

from .conftest import TOY


def test_train_leaves_a_model_a_report_and_a_curve(trained: Path):
    assert {path.name for path in trained.iterdir()} == {
        "model.json",
        "best",
        "last",
        "report.html",
        "curve.png",
        "gates.png",
        "text.npz",
        "figures.json",
        "logs",
    }
    contents = folders.read(trained)
    assert contents.progress.finished
    assert contents.progress.epoch == 6
    assert contents.progress.epoch_steps == 0
    first, *_, last = contents.progress.history
    assert last["bits"] < 0.3 * first["bits"]
    model, smooth, markov, uniform, mixed = contents.results["scores"]
    assert model["test_bits"] < uniform["test_bits"] - 1
    assert mixed["validation_bits"] <= 1e-9 + min(
        model["validation_bits"], smooth["validation_bits"]
    )
    assert model["name"] == "lstm, 1 x 24"
    assert "Kneser-Ney" in smooth["name"]
    assert "Markov" in markov["name"]


def test_the_report_is_self_contained(trained: Path):
    page = (trained / "report.html").read_text()
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "data:image/png;base64,iVBOR" in page
    for wanted in (
        "lstm, 1 x 24",
        "Kneser-Ney",
        "uniform",
        "Temperature 0.6",
        "seq len",
        "Gates",
        "longest match",
    ):
        assert wanted in page
    assert (trained / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_next_words_and_characters(trained: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["lm", "next", str(trained), "the cat sat on the m", "--count", "3"]) == 0
    words, characters = capsys.readouterr().out.split("next character")
    rows = dict(re.findall(r"(\S+)\s+([\d.]+) %", words))
    assert len(rows) == 3
    assert all(word.startswith("m") for word in rows)
    assert re.search(r"^a +\d", characters, re.M)


def test_samples_repeat_with_their_seed(trained: Path, capsys: pytest.CaptureFixture[str]):
    def draw(seed: str) -> str:
        drawing = ["--prime", "the ", "--seed", seed, "--temperature", "3"]
        assert main(["lm", "sample", str(trained), *drawing]) == 0
        return capsys.readouterr().out

    assert draw("1") == draw("1") != draw("2")
    assert draw("1").startswith("the ")
    assert len(draw("1")) == len("the ") + 500 + 1


def test_chat_answers_each_line(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(
        "sys.stdin", io.StringIO("the cat sat on the m\nthe Z\nthe d\n\nnot read\n")
    )
    options = ["--count", "2", "--length", "30", "--no-repeat", "6", "--top-p", "0.9"]
    assert main(["lm", "chat", str(trained), *options]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^mat +\d", out, re.M)
    assert "unknown characters: 'Z'" in out
    assert re.search(r"^the d\w", out, re.M)
    assert "not read" not in out


def test_eval_says_bits(trained: Path, corpus: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["lm", "eval", str(trained), str(corpus)]) == 0
    out = capsys.readouterr().out
    bits, perplexity = map(float, re.findall(r"(\S+) bits .*perplexity (\S+)", out)[0])
    assert 0 < bits < 4
    assert perplexity == pytest.approx(2**bits, rel=1e-3)


def test_a_mixture_with_the_n_gram_model(
    trained: Path, corpus: Path, capsys: pytest.CaptureFixture[str]
):
    def bits(mix: str) -> float:
        assert main(["lm", "eval", str(trained), str(corpus), "--mix", mix]) == 0
        return float(re.findall(r"(\S+) bits", capsys.readouterr().out)[0])

    assert main(["lm", "eval", str(trained), str(corpus)]) == 0
    assert float(re.findall(r"(\S+) bits", capsys.readouterr().out)[0]) == bits("0")
    assert bits("best") < max(bits("0"), bits("1"))
    assert main(["lm", "next", str(trained), "the cat sat on the m", "--mix", "best"]) == 0
    assert re.search(r"^mat +\d", capsys.readouterr().out, re.M)
    drawing = ["lm", "sample", str(trained), "--prime", "the cat ", "--length", "40", "--seed", "1"]
    assert main([*drawing, "--mix", "0.5"]) == 0
    drawn = capsys.readouterr().out
    assert drawn.startswith("the cat ")
    assert len(drawn) == len("the cat ") + 40 + 1


def test_figures_of_the_test_part(trained: Path):
    found = read_figures(trained)
    network, *others, _ = folders.read(trained).results["scores"]
    assert found["application"] == "lm"
    bits = found["figures"]["bits"]
    assert bits["value"] == network["test_bits"]
    assert bits["baseline_value"] == min(other["test_bits"] for other in others)
    assert bits["unit"] == "bits per character"


def test_baseline_compares(corpus: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["lm", "baseline", str(corpus), "--next", "the cat sat on the m"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"\d+-gram, Kneser-Ney +0\.\d+ +0\.\d+", out)
    assert re.search(r"^a +(9\d\.\d|100\.0) %", out, re.M)


def test_words(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = tmp_path / "words"
    options = [*TOY, "1", "--level", "word", "--epochs", "8", "--learning-rate", "0.03"]
    assert main(["lm", "train", str(corpus), *options, "--out", str(folder)]) == 0
    assert "perplexity" in capsys.readouterr().out
    assert main(["lm", "next", str(folder), "the dog sat on the", "--count", "2"]) == 0
    assert re.search(r"^(log|mat|cat|dog) +\d", capsys.readouterr().out, re.M)
    assert main(["lm", "sample", str(folder), "--prime", "the cat", "--length", "5"]) == 0
    assert capsys.readouterr().out.startswith("the cat ")


def test_interrupted_training_goes_on(
    corpus: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    folder = tmp_path / "model"
    step, numbers = Trainer.step, itertools.count()

    def interrupted(self: Trainer, batch: Batch, rate: float) -> float:
        if next(numbers) == 100:
            signal.raise_signal(signal.SIGINT)
        return step(self, batch, rate)

    monkeypatch.setattr(Trainer, "step", interrupted)
    options = [*TOY, "2", "--epochs", "2", "--out", str(folder)]
    assert main(["lm", "train", str(corpus), *options]) == 130
    out = capsys.readouterr().out
    [command] = re.findall(r"To go on: tailrace (.*)", out)
    stopped = folders.read(folder)
    assert stopped.progress.step == 101
    assert not stopped.progress.finished
    monkeypatch.undo()
    assert main(shlex.split(command)) == 0
    done = folders.read(folder)
    assert done.progress.finished
    assert done.progress.epoch == 2
    assert done.progress.step == 2 * (done.progress.history[0]["step"])
    assert main(shlex.split(command)) == 2
    assert "has come to its end" in capsys.readouterr().err


@pytest.fixture
def model(trained: Path, tmp_path: Path) -> Path:
    """A copy of the trained model, to damage."""
    return Path(shutil.copytree(trained, tmp_path / "model"))


def _refused(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    """Runs a command that must fail: its one line on stderr."""
    capsys.readouterr()
    assert main(["lm", *args]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("tailrace: ")
    return captured.err


def test_bad_texts_leave_nothing_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "empty").write_text("")
    (tmp_path / "binary").write_bytes(b"ab\0cd")
    (tmp_path / "latin").write_bytes(b"caf\xe9")
    (tmp_path / "short").write_text("too short")
    (tmp_path / "medium").write_text("a b c d e f g h " * 50)
    wanted = {
        "missing": "no such file",
        "empty": "is empty",
        "binary": "binary",
        "latin": "not UTF-8",
        "short": "too short",
        "medium": "one batch of 16 x 50 needs 801",
    }
    out = tmp_path / "out"
    for name, reason in wanted.items():
        message = _refused(capsys, "train", str(tmp_path / name), "--out", str(out))
        assert reason in message, name
        assert not out.exists(), name


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--level", "sentence"], "--level sentence: must be one of char, word"),
        (["--cell", "lsmt"], "--cell lsmt: must be one of"),
        (["--size", "0"], "--size 0: must be at least 1"),
        (["--layers", "-1"], "--layers -1"),
        (["--dropout", "1"], "--dropout 1.0: must be from 0 to below 1"),
        (["--learning-rate", "nan"], "--learning-rate nan: must be a number"),
        (["--epochs", "0"], "--epochs 0"),
        (["--minutes", "-2"], "--minutes -2.0: must be above 0"),
        (["--held-out", "0.95"], "--held-out 0.95"),
        (["--seed", "-1"], "--seed -1"),
    ],
)
def test_impossible_options(
    corpus: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    reason: str,
):
    out = tmp_path / "out"
    assert reason in _refused(capsys, "train", str(corpus), *options, "--out", str(out))
    assert not out.exists()


def test_a_folder_in_use_is_not_touched(
    corpus: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    before = (model / "model.json").read_bytes()
    assert "--resume" in _refused(capsys, "train", str(corpus), "--out", str(model))
    assert (model / "model.json").read_bytes() == before
    file = tmp_path / "file"
    file.write_text("precious")
    assert "is a file" in _refused(capsys, "train", str(corpus), "--out", str(file))
    assert file.read_text() == "precious"


def test_resume_asks_for_what_it_needs(
    corpus: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    go_on = ["train", "--resume", "--out", str(model)]
    assert "come to its end" in _refused(capsys, *go_on)
    assert "--size" in _refused(capsys, *go_on, "--size", "30")
    assert "files cannot be changed" in _refused(capsys, *go_on, str(corpus))
    assert "no such folder" in _refused(capsys, "train", "--resume", "--out", str(tmp_path / "x"))
    contents = folders.read(model)
    other = tmp_path / "other.txt"
    other.write_text("another text")
    contents.files = [str(other)]
    folders.write(model, contents)
    assert "is not the one" in _refused(capsys, *go_on, "--epochs", "9")


def test_a_run_killed_before_its_report_gives_it_later(model: Path):
    _change(model / "model.json", {"results": {}})
    (model / "report.html").unlink()
    steps = folders.read(model).progress.step
    assert main(["lm", "train", "--resume", "--out", str(model)]) == 0
    contents = folders.read(model)
    assert contents.progress.step == steps
    assert contents.results["scores"]
    assert (model / "report.html").exists()


def test_a_run_killed_before_its_first_evaluation_begins_again(model: Path):
    progress = {"progress": {}, "best": None, "last": None, "results": {}}
    _change(model / "model.json", progress)
    assert main(["lm", "train", "--resume", "--out", str(model), "--epochs", "1"]) == 0
    assert folders.read(model).progress.epoch == 1


def test_longer_training_of_a_finished_model(model: Path):
    assert main(["lm", "train", "--resume", "--out", str(model), "--epochs", "7"]) == 0
    assert folders.read(model).progress.epoch == 7


def test_unknown_symbols(model: Path, capsys: pytest.CaptureFixture[str]):
    message = _refused(capsys, "next", str(model), "the Zoo in Köln")
    assert "unknown characters: 'Z'" in message
    assert "'ö'" in message
    assert "unknown" in _refused(capsys, "sample", str(model), "--prime", "Q")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["sample", "--temperature", "-1"], "--temperature -1"),
        (["sample", "--top-k", "0"], "--top-k 0"),
        (["sample", "--length", "0"], "--length 0"),
        (["sample", "--top-p", "0"], "--top-p 0"),
        (["sample", "--top-p", "1.5"], "--top-p 1.5: must be at most 1"),
        (["sample", "--no-repeat", "1"], "--no-repeat 1"),
        (["sample", "--repetition-penalty", "0.5"], "--repetition-penalty 0.5"),
        (["sample", "--repetition-window", "0"], "--repetition-window 0"),
        (["sample", "--mix", "much"], "--mix much: must be best or a number"),
        (["next", "the", "--mix", "1.5"], "--mix 1.5: must be from 0 to 1"),
        (["chat", "--length", "0"], "--length 0"),
        (["chat", "--count", "0"], "--count 0"),
        (["next", "the", "--count", "0"], "--count 0"),
        (["eval", "nowhere.txt"], "no such file"),
    ],
)
def test_impossible_questions(
    model: Path, capsys: pytest.CaptureFixture[str], options: list[str], reason: str
):
    command, *rest = options
    assert reason in _refused(capsys, command, str(model), *rest)


def test_not_a_model_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert "no such folder" in _refused(capsys, "next", str(tmp_path / "none"), "a")
    assert "is not a model folder" in _refused(capsys, "next", str(tmp_path), "a")


def _change(path: Path, change: dict) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "model.json").write_text("{"),
        lambda folder: (folder / "model.json").write_text("[]"),
        lambda folder: _change(folder / "model.json", {"vocabulary": []}),
        lambda folder: _change(folder / "model.json", {"settings": {"size": 3}}),
        lambda folder: _change(folder / "model.json", {"groups": [[5, 4]]}),
        lambda folder: _change(folder / "model.json", {"progress": {"stop": 1}}),
        lambda folder: (folder / "text.npz").unlink(),
        lambda folder: _cut(folder / "text.npz", 60),
        lambda folder: (folder / "text.npz").write_bytes(b"no archive"),
        lambda folder: np.savez(folder / "text.npz", ids=[3, 999]),
        lambda folder: shutil.rmtree(folder / "best"),
        lambda folder: _cut(next(folder.glob("best/*.data-*")), 100),
        lambda folder: _cut(next(folder.glob("best/*.index")), 40),
        lambda folder: _flip(next(folder.glob("best/*.data-*"))),
    ],
    ids=[
        "cut json",
        "other json",
        "no vocabulary",
        "settings missing",
        "groups in disorder",
        "odd progress",
        "no text",
        "cut text",
        "no archive",
        "other text",
        "no checkpoint",
        "cut data",
        "cut index",
        "flipped bits",
    ],
)
def test_damaged_models(model: Path, damage, capsys: pytest.CaptureFixture[str]):
    checkpoint = folders.read(model).best or ""
    for path in model.glob("best/model-*"):
        if not path.name.startswith(f"{Path(checkpoint).name}."):
            path.unlink()
    damage(model)
    assert "the model is damaged" in _refused(capsys, "next", str(model), "the")


def test_a_damaged_mixture(model: Path, capsys: pytest.CaptureFixture[str]):
    _change(model / "model.json", {"results": {"ngram": {"order": "x"}}})
    assert "the model is damaged" in _refused(capsys, "next", str(model), "the", "--mix", "best")
    assert main(["lm", "next", str(model), "the"]) == 0


def _cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def test_help_shows_examples_that_the_parser_takes(capsys: pytest.CaptureFixture[str]):
    examples = re.findall(r"^  tailrace (lm .*?)(?:  .*)?$", _all_help(capsys), re.M)
    assert len(examples) > 12
    for example in examples:
        _parser().parse_args(shlex.split(example))


def _parser():
    import argparse

    parser = argparse.ArgumentParser()
    lm.add_parser(parser.add_subparsers())
    return parser


def _all_help(capsys: pytest.CaptureFixture[str]) -> str:
    texts = []
    for command in ("", "train", "next", "sample", "chat", "eval", "baseline", "arpa"):
        with pytest.raises(SystemExit):
            main(["lm", *([command] if command else []), "--help"])
        texts.append(capsys.readouterr().out)
    return "\n".join(texts)


@pytest.mark.parametrize(
    ("typed", "epochs", "minutes"),
    [
        ("", None, 3.5),
        ("--epochs 4", 4, None),
        ("--minutes 20", None, 20.0),
        ("--epochs 4 --minutes 20", 4, 20.0),
        ("--level word", 6, 3.5),
        ("--level word --epochs 4", 4, None),
        ("--level word --minutes 20", None, 20.0),
    ],
)
def test_epochs_or_minutes_alone_are_the_only_limit(
    typed: str, epochs: int | None, minutes: float | None
):
    parser = argparse.ArgumentParser()
    lm.add_parser(parser.add_subparsers())
    settings = Settings.of(**given(parser.parse_args(["lm", "train", *typed.split()])))
    assert (settings.epochs, settings.minutes) == (epochs, minutes)
