"""`tailrace board`: TensorBoard serves what runs wrote."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

import tailrace as tf
from tailrace.apps.board import commands
from tailrace.cli import main

COMMAND = [sys.executable, "-c", "import sys; from tailrace.cli import main; sys.exit(main())"]


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    """Two runs with a curve each."""
    found = [tmp_path / "a", tmp_path / "b" / "logs"]
    for folder in found:
        with tf.Graph().as_default(), tf.summary.FileWriter(str(folder)) as writer:
            value = tf.Summary.Value(tag="loss", simple_value=1.5)
            writer.add_summary(tf.Summary(value=[value]), 3)
    return found


def served(url: str) -> dict[str, dict[str, object]]:
    """The tags of the curves by run, once both runs are read."""
    end = time.monotonic() + 60
    while True:
        with urllib.request.urlopen(f"{url}data/plugin/scalars/tags") as answer:
            tags = json.load(answer)
        if len(tags) == 2 or time.monotonic() > end:
            return tags
        time.sleep(0.2)


@pytest.mark.parametrize("several", [True, False])
def test_curves_are_served_until_ctrl_c(runs: list[Path], several: bool):
    folders = [str(runs[0]), str(runs[1].parent)] if several else [str(runs[0].parent)]
    with subprocess.Popen(
        [*COMMAND, "board", *folders, "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline() + process.stdout.readline()
        url = next(word for word in said.split() if word.startswith("http://127.0.0.1:"))
        tags = served(url)
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "ended\n"
        assert process.wait(60) == 0
    assert len(tags) == 2
    assert all(list(one) == ["loss"] for one in tags.values())


def test_ctrl_c_ends_it(monkeypatch):
    said: list[str] = []
    event = commands.threading.Event

    class Pressed(event):
        def wait(self, timeout: float | None = None) -> bool:
            signal.raise_signal(signal.SIGINT)
            return super().wait(timeout)

    monkeypatch.setattr(commands.threading, "Event", Pressed)
    commands.wait_for_end(said.append)
    assert said == ["ended"]


def test_bad_input_is_one_line(runs: list[Path], tmp_path: Path, capsys):
    empty = tmp_path / "empty"
    empty.mkdir()
    for options, said in [
        ([str(tmp_path / "none")], "no such folder"),
        ([str(empty)], "no event files"),
        ([str(runs[0]), "--port", "70000"], "--port 70000"),
        ([str(runs[0]), "--host", "no.such.host.invalid"], "--host no.such.host.invalid"),
    ]:
        assert main(["board", *options]) == 2
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1


def test_a_port_in_use(runs: list[Path]):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        options = [str(runs[0]), "--port", str(taken.getsockname()[1])]
        done = subprocess.run([*COMMAND, "board", *options], capture_output=True, text=True)
    assert done.returncode == 2
    assert "--port 0 takes a free one" in done.stderr
