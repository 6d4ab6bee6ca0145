"""`EventsWriter`: files as TensorFlow's writer of that name makes them."""

import re
from pathlib import Path

import pytest

import tailrace as tf
from tailrace.formats.events import EventsWriter
from tailrace.formats.protos import Event


def test_events_in_a_file_made_with_the_first(tmp_path: Path):
    writer = EventsWriter(str(tmp_path / "training").encode())
    writer.Flush()
    assert list(tmp_path.iterdir()) == []
    writer.WriteEvent(Event(step=3))
    writer.WriteEvent(Event(step=4))
    writer.Flush()
    (file,) = tmp_path.iterdir()
    assert re.fullmatch(r"training\.out\.tfevents\.\d{10}\..+", file.name)
    assert writer.FileName() == str(file).encode()
    found = list(tf.train.summary_iterator(str(file)))
    assert [event.step for event in found] == [0, 3, 4]
    assert found[0].file_version == "brain.Event:2"
    writer.Close()


def test_a_suffix(tmp_path: Path):
    writer = EventsWriter(str(tmp_path / "a"))
    writer.InitWithSuffix(b".v2")
    assert writer.FileName().endswith(b".v2")
    writer.Close()


def test_only_events(tmp_path: Path):
    with pytest.raises(TypeError, match="an Event is wanted, not int"):
        EventsWriter(str(tmp_path / "a")).WriteEvent(3)
