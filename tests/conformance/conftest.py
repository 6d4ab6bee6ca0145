"""Lets the harness's modules, which also run as scripts under Python 3.7, import one another."""

import sys
from pathlib import Path

import pytest

from tailrace.gradients import registered

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def own_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradients that a case registers are gone after the test."""
    monkeypatch.setattr(registered, "_registered", dict(registered._registered))
