"""A writer killed at any moment leaves the last complete checkpoint, and no wrong value."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tailrace.formats import bundle, files
from tailrace.formats.bundle import BundleWriter, merge_bundles
from tailrace.formats.bundle_reader import BundleReader
from tailrace.formats.checkpoint_state import latest_checkpoint, update_checkpoint_state

TENSORS = 5


class Killed(BaseException):
    """Stands for a SIGKILL: after it, nothing else reaches the disk."""


@pytest.fixture
def steps(monkeypatch):
    """Counts the calls that change files; from call number `kill_at` on they raise instead.

    Flushing to the disk is counted and left out: a killed process loses nothing the system has.
    """
    monkeypatch.setattr(os, "fsync", lambda _: None)
    counter = {"calls": 0, "kill_at": None}

    def counted(function):
        def call(*args, **kwargs):
            counter["calls"] += 1
            if counter["kill_at"] is not None and counter["calls"] > counter["kill_at"]:
                raise Killed
            return function(*args, **kwargs)

        return call

    for owner, name in (
        (Path, "replace"),
        (Path, "unlink"),
        (Path, "mkdir"),
        (os, "link"),
        (os, "fsync"),
    ):
        monkeypatch.setattr(owner, name, counted(getattr(owner, name)))
    return counter


def write(prefix, value):
    with BundleWriter(str(prefix)) as writer:
        for i in range(TENSORS):
            writer.add(f"t{i}", np.full(50, value + i, np.float32))


def write_sharded(prefix, value):
    parts = [f"{prefix}_temp/part-{i}" for i in range(2)]
    for shard, part in enumerate(parts):
        with BundleWriter(part) as writer:
            for i in range(shard, TENSORS, 2):
                writer.add(f"t{i}", np.full(50, value + i, np.float32))
    merge_bundles(parts, str(prefix))


def read(prefix):
    """The value all tensors agree on."""
    reader = BundleReader(str(prefix))
    values = {float(x) - i for i in range(TENSORS) for x in reader.get(f"t{i}")}
    assert len(values) == 1
    return values.pop()


@pytest.mark.parametrize("save", [write, write_sharded])
@pytest.mark.parametrize("hard_links", [True, False])
def test_killed_at_every_step(save, hard_links, steps, tmp_path, monkeypatch):
    """Over the same name, twice killed: first at one step, then at another."""
    if not hard_links:
        monkeypatch.setattr(
            bundle.os, "link", lambda *_: (_ for _ in ()).throw(OSError("no links"))
        )
    (tmp_path / "count").mkdir()
    save(tmp_path / "count" / "x", 0)
    steps["calls"] = 0
    save(tmp_path / "count" / "x", 100)
    total = steps["calls"]
    assert total > 5
    for first in range(total + 1):
        folder = tmp_path / str(first)
        folder.mkdir()
        save(folder / "x", 0)
        kept = 0.0
        for again, second in enumerate((first, total - first, first // 2)):
            value = 100.0 * (again + 1)
            kept = _kill(save, folder / "x", value, second, steps, kept)
        save(folder / "x", 7)
        assert read(folder / "x") == 7
        assert not list(folder.glob("*.previous"))


def _kill(save, prefix, value, step, steps, before):
    """Saves, killed after some steps; returns what is there then: the new or the old value."""
    steps.update(calls=0, kill_at=step)
    try:
        save(prefix, value)
        finished = True
    except Killed:
        finished = False
    steps["kill_at"] = None
    found = read(prefix)
    assert found in (before, value)
    assert not finished or found == value
    return found


def test_killed_while_naming_the_latest(steps, tmp_path):
    folder = str(tmp_path)
    for value in (1, 2):
        write(tmp_path / f"m-{value}", value)
        update_checkpoint_state(folder, str(tmp_path / f"m-{value}"))
    for step in range(6):
        steps.update(calls=0, kill_at=step)
        write_through = True
        try:
            update_checkpoint_state(folder, str(tmp_path / "m-1"))
        except Killed:
            write_through = False
        steps["kill_at"] = None
        latest = latest_checkpoint(folder)
        assert latest in (str(tmp_path / "m-1"), str(tmp_path / "m-2"))
        assert not write_through or latest == str(tmp_path / "m-1")
        update_checkpoint_state(folder, str(tmp_path / "m-2"))


WRITER = """
import os, random, signal, sys, time
import numpy as np
from tailrace.formats.bundle import BundleWriter
from tailrace.formats.bundle_reader import BundleReader

prefix, kills = sys.argv[1], int(sys.argv[2])

def write(value):
    with BundleWriter(prefix) as writer:
        for i in range(20):
            writer.add(f"t{i}", np.full(5000, value + i, np.float64))

def read():
    reader = BundleReader(prefix)
    values = {float(x) - i for i in range(20) for x in np.unique(reader.get(f"t{i}"))}
    assert len(values) == 1, values
    return values.pop()

random.seed(0)
write(0)
last = 0.0
for _ in range(kills):
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        value = last
        while True:
            value += 1
            write(value)
            os.write(send, b".")
    time.sleep(random.uniform(0.001, 0.03))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(send)
    complete = len(os.read(receive, 1 << 16))
    os.close(receive)
    found = read()
    assert found in (last + complete, last + complete + 1), (found, last, complete)
    last = found
print("survived", int(last))
"""


def test_killed_for_real(tmp_path):
    """A process that writes over one checkpoint again and again, killed by the system."""
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WRITER, str(tmp_path / "x"), "60"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(files.__file__).parents[2])},
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("survived")
    shutil.rmtree(tmp_path)
