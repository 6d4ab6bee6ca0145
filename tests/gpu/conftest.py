"""Lets the tests import the device and the conformance harness."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tailrace as tf
from tailrace.gradients import registered

_HERE = Path(__file__).parent
sys.path[:0] = [str(_HERE), str(_HERE.parent / "conformance")]


@pytest.fixture(autouse=True)
def own_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradients that a case registers are gone after the test."""
    monkeypatch.setattr(registered, "_registered", dict(registered._registered))


@pytest.fixture
def counts() -> Iterator[object]:
    """The machine has the device that is none; what happens on it."""
    import fake_device

    with tf.Graph().as_default(), fake_device.present() as counts:
        yield counts
