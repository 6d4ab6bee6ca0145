"""`tailrace speech`, as its user types it."""

import json
import re
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

from tailrace.apps import SpeechRecognizer, UserError
from tailrace.apps.common.figures import read_figures
from tailrace.apps.speech.data import read_utterances
from tailrace.apps.speech.recognizer import Recognizer
from tailrace.cli import main

from .conftest import RATE, TOY


def test_training_leaves_a_model_and_a_report(trained: Path):
    assert {path.name for path in trained.iterdir()} == {
        "model.json",
        "best",
        "last",
        "logs",
        "figures.json",
        "report.html",
        "letters-1.png",
        "letters-2.png",
        "training.png",
    }
    figures = read_figures(trained)["figures"]
    assert figures["letters wrong"]["value"] < figures["letters wrong"]["baseline_value"] / 2
    assert figures["single words wrong"]["baseline"] == "nearest recording (DTW)"
    page = (trained / "report.html").read_text()
    assert not re.search(r'(src|href)="(?!data:)', page)
    for wanted in ("beam search, rescored", "most frequent transcript", "voices", "blank"):
        assert wanted in page


def test_transcribing(trained: Path, recordings: Path, capsys):
    files = [str(recordings / f"tones-{i:04d}.wav") for i in range(3)]
    assert main(["speech", "transcribe", str(trained), *files, "--paths", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 9
    assert lines[0].startswith(f"{files[0]}: ")
    scores = [float(line.split()[0]) for line in lines[1:3]]
    assert scores[0] >= scores[1]


def test_evaluating_in_another_folder_and_at_another_rate(trained: Path, tmp_path: Path, capsys):
    out = str(tmp_path / "new")
    options = ["--utterances", "16", "--seed", "5", "--rate", "16000", "--out", out]
    assert main(["speech", "demo-data", "--demo", "tones", *options]) == 0
    assert main(["speech", "eval", str(trained), f"{out}/table.csv"]) == 0
    said = capsys.readouterr().out
    found = re.search(r"16 utterances: ([\d.]+) % of the letters wrong", said)
    assert found is not None
    assert float(found[1]) < 60


def test_the_demonstration_with_seeds_and_mfcc(tmp_path: Path, capsys):
    options = ["--utterances", "48", "--size", "4", "--epochs", "1", "--seeds", "2", "--held-out"]
    more = ["0.5", "--features", "mfcc", "--order", "0", "--out", str(tmp_path / "m")]
    assert main(["speech", "train", "--demo", "tones", *options, *more]) == 0
    shown = capsys.readouterr().out
    assert "±" in shown
    assert "rescored" not in shown


def test_ctrl_c_saves_and_training_goes_on(recordings: Path, tmp_path: Path, monkeypatch, capsys):
    learn = Recognizer.learn

    def pressed(self: Recognizer, batch, rate: float) -> float:
        signal.raise_signal(signal.SIGINT)
        return learn(self, batch, rate)

    folder, short = tmp_path / "m", [*TOY[:2], "--epochs", "1", "--held-out", "0.4"]
    data = str(recordings)
    with monkeypatch.context() as patched:
        patched.setattr(Recognizer, "learn", pressed)
        assert main(["speech", "train", data, *short, "--out", str(folder)]) == 130
    assert f"--resume {folder}" in capsys.readouterr().out
    some = str(recordings / "tones-0000.wav")
    assert main(["speech", "transcribe", str(folder), some]) == 0
    assert main(["speech", "train", "--resume", str(folder)]) == 0
    progress = json.loads((folder / "model.json").read_text())["progress"]
    assert progress["finished"]
    assert progress["step"] == progress["steps_per_epoch"]
    assert main(["speech", "train", "--resume", str(folder)]) == 2
    assert main(["speech", "train", "--resume", str(folder), "--size", "3"]) == 2


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("", [], "is empty"),
        ("file,words\na.wav,one\n", [], "has no column transcript"),
        ("file,transcript\n", [], "names no recordings"),
        ("file,transcript\na.wav\n", [], "line 2: file or transcript is missing"),
        ("file,transcript\na.wav, \n", [], "the transcript of a.wav is empty"),
        ("file,transcript\nnone.wav,one\n", [], "none.wav: no such file"),
        ("file,transcript\ntable.csv,one\n", [], "is not a WAV file"),
        ('file,transcript\na.wav,"one\n', [], "unexpected end of data"),
        ("file,transcript\na.wav,one\na.wav,two\n", [], "2 recordings are too few"),
        ("file,transcript\n" + f"a.wav,{'one ' * 99}\n" * 40, [], "letters in"),
        ("file,transcript\na.wav,one\n", ["--demo", "tones"], "leave out the file"),
        ("file,transcript\na.wav,one\n", ["--features", "x"], "--features x: must be one of"),
        ("file,transcript\na.wav,one\n", ["--paths", "99"], "--paths 99"),
        ("file,transcript\na.wav,one\n", ["--epochs", "0"], "--epochs 0"),
    ],
)
def test_bad_input_is_one_line(
    recordings: Path, tmp_path: Path, capsys, text: str, options: list[str], said: str
):
    shutil.copy(recordings / "tones-0000.wav", tmp_path / "a.wav")
    table = tmp_path / "table.csv"
    table.write_text(text)
    assert main(["speech", "train", str(table), *options, "--out", str(tmp_path / "m")]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (tmp_path / "m").exists()


def test_other_bad_input(trained: Path, recordings: Path, tmp_path: Path, capsys):
    (tmp_path / "empty").mkdir()
    assert main(["speech", "train", str(tmp_path / "empty")]) == 2
    assert "has no .wav files" in capsys.readouterr().err
    assert main(["speech", "train", "--demo", "none"]) == 2
    assert main(["speech", "train", "--utterances", "3"]) == 2
    assert main(["speech", "train", str(recordings), *TOY, "--out", str(trained)]) == 2
    assert "holds something already" in capsys.readouterr().err
    table = tmp_path / "table.csv"
    wav = recordings / "tones-0000.wav"
    shutil.copy(wav, tmp_path / "a.wav")
    table.write_text("file,transcript\na.wav,quiz\n")
    assert main(["speech", "eval", str(trained), str(table)]) == 0
    damaged = tmp_path / "damaged"
    shutil.copytree(trained, damaged)
    data = json.loads((damaged / "model.json").read_text())
    for change in ({"characters": "aa"}, {"rescoring": {}}, {"best": "best/none"}, {"best": 3}):
        (damaged / "model.json").write_text(json.dumps({**data, **change}))
        assert main(["speech", "transcribe", str(damaged), str(wav)]) == 2
        assert "the model is damaged" in capsys.readouterr().err


def test_the_class(recordings: Path, trained: Path, tmp_path: Path):
    utterances = read_utterances(str(recordings / "table.csv"), RATE)[:64]
    X, y = [one.samples for one in utterances], [one.text for one in utterances]
    model = SpeechRecognizer(size=16, epochs=2, batch=8, held_out=0.3, order=0)
    with pytest.raises(UserError, match="not fitted"):
        model.predict(X)
    assert model.fit(X, y) is model
    assert set(model.characters_) == set("".join(y))
    assert len(model.history_) == 2
    heard = model.predict(X[:5])
    model.save(tmp_path / "m")
    again = SpeechRecognizer.load(tmp_path / "m")
    assert again.predict(X[:5]) == heard
    assert again.history_ == model.history_
    assert SpeechRecognizer.load(trained).score(X, y) > 0.5
    with pytest.raises(UserError, match="64 recordings and 1 transcripts"):
        model.fit(X, ["one"])
    with pytest.raises(UserError, match=r"recording 0: must be finite samples"):
        model.predict([np.zeros([2, 2])])
