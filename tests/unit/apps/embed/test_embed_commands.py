"""`tailrace embed`, as its user types it."""

import json
import re
import shutil
import signal
from pathlib import Path

import pytest

import tailrace as tf
from tailrace.apps import WordEmbedding
from tailrace.apps.common.vectors import read_vectors
from tailrace.apps.embed import commands, corpus
from tailrace.apps.embed.embedding import Embedding
from tailrace.apps.embed.learner import Learner
from tailrace.cli import main

from .conftest import TOY


def test_training_leaves_vectors_and_a_report(learnt: Path):
    assert {path.name for path in learnt.iterdir()} == {
        *("model.json", "last", "logs", "report.html", "figures.json", "map.png", "training.png"),
    }
    page = (learnt / "report.html").read_text()
    assert not re.search(r'(src|href)="(?!data:)', page)
    for wanted in ("PPMI + SVD, 12 numbers", "Analogies by relation", "drawn by lot", "subsample"):
        assert wanted in page
    figures = json.loads((learnt / "figures.json").read_text())["figures"]
    assert set(figures) == {"analogies", "held-out neighbours"}


def test_the_demonstration(tmp_path: Path, monkeypatch, capsys):
    sentences = corpus.text(1500)
    monkeypatch.setattr(commands.corpus, "text", lambda: sentences)
    options = [*TOY, "--method", "cbow", "--loss", "nce", "--seeds", "2"]
    assert main(["embed", "train", *options, "--out", str(tmp_path / "m")]) == 0
    out = capsys.readouterr().out
    assert "built-in text, made by rules: 9,486 words to learn from, 1,013 to test on" in out
    assert "±" in out
    assert (tmp_path / "m" / "planted.png").exists()
    assert (tmp_path / "m" / "capitals.png").exists()


def test_asking(learnt: Path, tmp_path: Path, capsys):
    folder = str(learnt)
    assert main(["embed", "near", folder, "paris", "--count", "3"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4
    assert main(["embed", "analogy", folder, "france", "paris", "japan", "--product"]) == 0
    assert "france is to paris as japan is to" in capsys.readouterr().out
    for way in ("pca", "tsne"):
        picture = tmp_path / f"{way}.png"
        assert (
            main(["embed", "plot", folder, "--count", "8", "--by", way, "--to", str(picture)]) == 0
        )
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_export_for_the_projector(learnt: Path, tmp_path: Path):
    board = tmp_path / "board"
    assert main(["embed", "export", str(learnt), "--out", str(board)]) == 0
    words = (board / "words.tsv").read_text().split()
    config = (board / "projector_config.pbtxt").read_text()
    assert 'tensor_name: "words:0"' in config
    assert 'metadata_path: "words.tsv"' in config
    values = tf.train.load_checkpoint(str(board)).get_tensor("words")
    assert values.shape == (len(words), 12)
    text = tmp_path / "vectors.txt"
    assert main(["embed", "export", str(learnt), "--to", str(text)]) == 0
    assert read_vectors(text).words == words
    assert main(["embed", "near", str(text), words[3]]) == 0


def test_bias(learnt: Path, tmp_path: Path, capsys):
    folder, fair = tmp_path / "bias", tmp_path / "fair.txt"
    options = ["--out", str(folder), "--write", str(fair)]
    assert main(["embed", "bias", str(learnt), *options]) == 0
    out = capsys.readouterr().out
    assert re.search(r"flowers and insects +[+-]\d", out)
    assert "effect after" in out
    assert {path.name for path in folder.iterdir()} >= {"report.html", "effects.png", "test-1.png"}
    assert "lean" in (folder / "report.html").read_text()
    assert len(read_vectors(fair).words) > 100
    own = ["--targets", "king,boy:queen,girl", "--attributes", "he,his:she,her"]
    given = [*own, "--pairs", "he:she", "--out", str(tmp_path / "own")]
    assert main(["embed", "bias", str(fair), *given]) == 0
    assert re.search(r"own test +[+-]\d", capsys.readouterr().out)


def test_bias_without_pairs_is_measured_alone(tmp_path: Path, capsys):
    path, words = tmp_path / "v.txt", ["oak", "elm", "cat", "dog", "leaf", "paw"]
    lines = [f"{word} {i % 3} {i % 2} 1" for i, word in enumerate(words)]
    path.write_text("\n".join(lines))
    own = ["--targets", "oak,elm:cat,dog", "--attributes", "leaf,elm:paw,cat"]
    assert main(["embed", "bias", str(path), *own, "--out", str(tmp_path / "b")]) == 0
    assert "nothing was taken out" in capsys.readouterr().out
    assert main(["embed", "bias", str(path), *own, "--pairs", "sun:moon"]) == 2
    assert main(["embed", "bias", str(path)]) == 2
    assert "has too few of the words of any test" in capsys.readouterr().err


def test_ctrl_c_saves_and_training_goes_on(
    text: Path, learnt: Path, tmp_path: Path, monkeypatch, capsys
):
    step, count = Learner.step, 0

    def pressed(self: Learner, batch, rate: float) -> float:
        nonlocal count
        count += 1
        if count == 5:
            signal.raise_signal(signal.SIGINT)
        return step(self, batch, rate)

    monkeypatch.setattr(Learner, "step", pressed)
    folder = tmp_path / "m"
    assert main(["embed", "train", str(text), *TOY, "--out", str(folder)]) == 130
    assert f"embed train --resume {folder}" in capsys.readouterr().out
    assert main(["embed", "near", str(folder), "the"]) == 0
    assert main(["embed", "train", "--resume", str(folder)]) == 0
    # the words drawn are others, of the same text
    ours, whole = (Embedding.load(path) for path in (folder, learnt))
    assert [row["step"] for row in ours.history] == [row["step"] for row in whole.history]
    assert ours.history[-1]["nats"] == pytest.approx(whole.history[-1]["nats"], rel=0.1)
    capsys.readouterr()
    for options, said in (
        ([], "come to its end (--epochs 2)"),
        (["--size", "3"], "--size cannot be changed"),
        (["--questions", "x"], "--questions cannot be changed"),
    ):
        assert main(["embed", "train", "--resume", str(folder), *options]) == 2
        assert said in capsys.readouterr().err
    assert main(["embed", "train", "--resume", str(folder), "--epochs", "3"]) == 0
    assert len(Embedding.load(folder).history) == 3


def test_curves_are_written_for_the_board(learnt: Path):
    tags = [
        (value.tag, event.step)
        for file in (learnt / "logs").iterdir()
        for event in tf.train.summary_iterator(str(file))
        for value in event.summary.value
    ]
    assert [step for tag, step in tags if tag == "validation/nats"] == [
        int(row["step"]) for row in Embedding.load(learnt).history
    ]
    assert {"train/loss", "validation/nats"} == {tag for tag, _ in tags}


def test_vectors_saved_from_a_program_cannot_go_on(tmp_path: Path, capsys):
    model = WordEmbedding(size=4, epochs=1, least=1, batch=8, subsample=0)
    model.fit([["one", "two", "three"]] * 60).save(tmp_path / "m")
    assert main(["embed", "train", "--resume", str(tmp_path / "m")]) == 2
    assert "was saved from a program" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("", [], "is empty"),
        ("one two. three four.", [], "only 0 words are seen 5 times"),
        ("a\n", [], "has no sentence of two words"),
        ("a b c d " * 30, ["--held-out", "0.01"], "too few to keep some for the test"),
        ("a b c", ["--method", "magic"], "--method magic: must be one of"),
        ("a b c", ["--size", "1"], "--size 1: must be at least 2"),
        ("a b c", ["--questions", "none.txt"], "none.txt: no such file"),
        ("a b\0c", [], "is a binary file"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, capsys, text: str, options: list[str], said: str):
    path = tmp_path / "bad.txt"
    path.write_text(text)
    assert main(["embed", "train", str(path), *options, "--out", str(tmp_path / "m")]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["near", "M", "xyzzy"], "no vector of the word 'xyzzy'"),
        (["near", "M", "the", "--count", "0"], "--count 0"),
        (["near", "none", "the"], "none: no such file"),
        (["plot", "M", "--by", "magic"], "--by magic"),
        (["plot", "M", "--words", "the,a"], "three words at least"),
        (["plot", "M", "--to", "x.jpg"], "is a PNG file"),
        (["bias", "M", "--tests", "weat99"], "--tests weat99"),
        (["bias", "M", "--targets", "a,b:c,d"], "a test needs both"),
        (["bias", "M", "--targets", "a:b", "--attributes", "a,b:c,d"], "two lists of 2 words"),
        (["bias", "M", "--pairs", "a"], "must be pairs"),
        (["export", "M", "--out", "M"], "holds something already"),
        (["export", "M", "--out", "x", "--to", "y"], "give one of them"),
    ],
)
def test_other_bad_input(learnt: Path, capsys, options: list[str], said: str):
    assert main(["embed", *(str(learnt) if word == "M" else word for word in options)]) == 2
    assert said in capsys.readouterr().err


def test_a_text_of_few_words(tmp_path: Path):
    text = tmp_path / "text.txt"
    text.write_text("a b c d. " * 40)
    options = ["--subsample", "0", "--size", "2", "--epochs", "1", "--out", str(tmp_path / "m")]
    assert main(["embed", "train", str(text), *options, "--held-out", "0.2"]) == 0
    assert (tmp_path / "m" / "map.png").exists()


def test_a_text_of_which_sampling_leaves_nothing(tmp_path: Path, capsys):
    text = tmp_path / "text.txt"
    text.write_text("a b c d. " * 40)
    options = ["--subsample", "1e-9", "--out", str(tmp_path / "m")]
    assert main(["embed", "train", str(text), *options]) == 2
    assert "too little to learn from" in capsys.readouterr().err


def test_a_damaged_folder(learnt: Path, tmp_path: Path, capsys):
    damaged = tmp_path / "damaged"
    shutil.copytree(learnt, damaged)
    data = json.loads((damaged / "model.json").read_text())
    (damaged / "model.json").write_text(json.dumps({**data, "counts": [1, 2]}))
    assert main(["embed", "near", str(damaged), "the"]) == 2
    assert "the model is damaged" in capsys.readouterr().err
