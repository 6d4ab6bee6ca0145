"""`tailrace compare` at toy size: processes, batches, pictures."""

import json
import os
import re
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

import tailrace as tf
from tailrace.apps import CellComparison, UserError
from tailrace.apps.common.figures import read_figures
from tailrace.apps.compare import commands, data, outcome
from tailrace.apps.compare.engines import tf_program
from tailrace.apps.compare.engines.torch_program import Program
from tailrace.apps.compare.engines.worker import Graph
from tailrace.apps.compare.flow import Flow
from tailrace.apps.compare.race import Entry
from tailrace.apps.compare.settings import Settings
from tailrace.cli import main

TEXT = "the cat sat on the mat, and the dog sat on the log.\n"
TOY = ["--size", "12", "--batch", "4", "--steps", "6", "--updates", "12", "--held-out", "0.2"]


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "cat.txt"
    path.write_text(TEXT * 20)
    return path


@pytest.fixture(scope="module")
def compared(text: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compared") / "c"
    assert main(["compare", str(text), *TOY, "--cells", "rnn", "--out", str(folder)]) == 0
    return folder


def entries(folder: Path) -> dict[tuple[str, str], dict]:
    found = json.loads((folder / "results.json").read_text())["entries"]
    return {(entry["cell"], entry["engine"]): entry for entry in found}


def test_a_comparison_leaves_a_report_and_figures(compared: Path):
    pictures = {"seconds.png", "loss.png", "gradients.png"}
    names = {path.name for path in compared.iterdir()}
    assert names == {"report.html", "results.json", "figures.json", *pictures}
    page = (compared / "report.html").read_text()
    assert not re.search(r'(src|href)="(?!data:)', page)
    for wanted in ("rnn, Tailrace", "rnn, PyTorch 2.", "pairs of characters", "dashed before"):
        assert wanted in page
    figures = read_figures(compared)["figures"]
    assert set(figures) == {"rnn held out", "rnn per batch"}
    assert figures["rnn per batch"]["baseline"].startswith("PyTorch")


def test_the_class_compares_as_the_command_does(text: Path, compared: Path, tmp_path: Path):
    model = CellComparison(
        cells="rnn", size=12, batch=4, steps=6, updates=12, held_out=0.2, without="torch"
    )
    with pytest.raises(UserError, match="not fitted"):
        model.save(tmp_path / "early")
    model.fit(text.read_text()).save(tmp_path / "c")
    assert model.best_ == "rnn"
    assert [(entry.cell, entry.engine) for entry in model.results_] == [("rnn", "tailrace")]
    commands_own = entries(compared)["rnn", "tailrace"]
    assert model.results_[0].losses == commands_own["losses"]
    assert model.results_[0].held_out == commands_own["held_out"]
    before, after = model.gradients_["rnn"]
    assert before.shape == after.shape == (2, 6)
    assert set(model.baselines_) == {"single characters", "pairs of characters"}
    assert len(model.table().rows) == 3
    assert (tmp_path / "c" / "report.html").exists()
    assert entries(tmp_path / "c").keys() == {("rnn", "tailrace")}


def test_engines_learn_the_same(compared: Path):
    found = entries(compared)
    for entry in found.values():
        assert len(entry["losses"][0]) == len(entry["seconds"][0]) == 12
        assert entry["losses"][0][-1] < entry["losses"][0][0]
    ours, torch = (found["rnn", engine]["losses"] for engine in ("tailrace", "torch"))
    np.testing.assert_allclose(ours, torch, rtol=1e-3)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_both_programs_are_the_same_network(cell, monkeypatch):
    monkeypatch.syspath_prepend(Path(tf_program.__file__).parent)
    sizes = {"vocabulary": 9, "size": 6, "layers": 2}
    text = np.random.default_rng(0).integers(0, 9, (5, 4, 8)).astype(np.int32)
    with tf.Graph().as_default():
        ours = Graph(tf, {"seed": 1, "cell": cell, **sizes})
        theirs = Program(cell, 9, 6, 2, ours.session.run(ours.variables))
        rows = [(b[:, :-1], b[:, 1:]) for b in text]
        losses = [[program.step(x, y, 0.01) for x, y in rows] for program in (ours, theirs)]
    # PyTorch's GRU is another function, near to it while weights are small
    np.testing.assert_allclose(*losses, rtol=1e-4 if cell == "lstm" else 0.02)


@pytest.mark.tf1
def test_tensorflow_does_the_same_work(text: Path, tmp_path: Path):
    options = ["--tf1-python", os.environ["TAILRACE_TF1_PYTHON"], "--without", "torch"]
    assert main(["compare", str(text), *TOY, *options, "--out", str(tmp_path / "c")]) == 0
    found = entries(tmp_path / "c")
    for cell in ("rnn", "lstm", "gru"):
        ours, theirs = (found[cell, engine]["losses"] for engine in ("tailrace", "tensorflow"))
        np.testing.assert_allclose(ours, theirs, rtol=1e-3)


def test_an_lstm_alone_stopped_by_ctrl_c_says_what_it_measured(
    text: Path, tmp_path: Path, monkeypatch, capsys
):
    step = commands.Bar.step

    def interrupt(bar, done, figures, *heading):
        step(bar, done, figures, *heading)
        if figures == "Tailrace, lstm: batch 1":
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(commands.Bar, "step", interrupt)
    options = ["--cells", "lstm", "--without", "torch", "--out", str(tmp_path / "c")]
    assert main(["compare", str(text), *TOY, *options]) == 130
    assert "lstm, Tailrace" in capsys.readouterr().out
    assert len(entries(tmp_path / "c")["lstm", "tailrace"]["losses"][0]) == 10


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--cells", "rnn,lru"], "'lru' is none of rnn, lstm, gru"),
        (["--updates", "0"], "--updates 0: must be at least 1"),
        (["--seeds", "0"], "--seeds 0: must be at least 1"),
        (["--without", "jax"], "--without jax: must be one of torch, tensorflow"),
        (["--batch", "400"], "characters are too few"),
        (["--tf1-python", "no-such-python"], "no-such-python: no such program"),
        (["--tf1-python", sys.executable], "one with TensorFlow 1.15 is needed"),
    ],
)
def test_what_cannot_be_is_one_line_and_status_2(text, tmp_path, capsys, options, word):
    out = tmp_path / "c"
    assert main(["compare", str(text), *TOY, *options, "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert word in error
    assert error.count("\n") == 1
    assert not out.exists()


def test_an_engine_that_fails_says_why(text, tmp_path, monkeypatch, capsys):
    def broken(python, *arguments):
        raise AssertionError

    odd = tmp_path / "odd"
    # prints a version as TensorFlow would, then cannot run the program
    odd.write_text(
        '#!/bin/sh\nif [ "$3" = "-c" ]; then echo 1.15.0; else echo no luck >&2; exit 1; fi\n'
    )
    odd.chmod(0o755)
    monkeypatch.setattr(outcome, "Flow", broken)
    options = ["--cells", "rnn", "--without", "torch", "--tf1-python", str(odd)]
    assert main(["compare", str(text), *TOY, *options, "--out", str(tmp_path / "c")]) == 2
    assert "TensorFlow, rnn: failed: no luck" in capsys.readouterr().err


def test_batches_are_rows_that_go_on():
    settings = Settings(batch=3, steps=4)
    numbers = np.arange(3 * 13)
    found = data._batches(numbers, settings)
    assert found.shape == (3, 3, 5)
    np.testing.assert_array_equal(
        found[0], [[0, 1, 2, 3, 4], [13, 14, 15, 16, 17], [26, 27, 28, 29, 30]]
    )
    np.testing.assert_array_equal(found[1][:, 0], found[0][:, -1])


def test_counting_comes_to_the_entropy_of_what_was_seen():
    # a and b take turns: single characters cost ln 2, pairs almost nothing
    numbers = np.tile([0, 1], 600)
    batches = data._batches(numbers, Settings(batch=2, steps=10))
    found = data.counted(data.Data("ab", 2, batches, batches[:5]), 1000)
    assert found["single characters"] == pytest.approx(np.log(2), abs=1e-3)
    assert found["pairs of characters"] < 0.02


def test_the_first_batches_do_not_count():
    entry = Entry("rnn", "torch", seconds=[[9.0, 9.0, 9.0, 1.0, 2.0, 3.0]])
    assert entry.quartiles() == (1.5, 2.0, 2.5)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_gradients_fade_on_the_way_back(cell, text):
    settings = Settings(size=8, batch=4, steps=12, held_out=0.2)
    flow = Flow(cell, data.open_data([str(text)], settings), settings)
    with flow._graph.as_default():
        random = np.random.default_rng(0)
        weights = [
            0.2 * random.normal(size=v.shape.as_list()).astype(np.float32) for v in flow._variables
        ]
    norms = flow.norms(weights)
    assert norms.shape == (2, 12)
    assert (norms > 0).all()
    assert norms[1, 0] < 0.1 * norms[1, -1]


def test_the_program_has_no_names_of_its_own_engine():
    source = Path(tf_program.__file__).read_text()
    assert "import tailrace" not in source
    assert "import tensorflow" not in source
