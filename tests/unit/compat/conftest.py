"""Programs run inside the test process; everything they touch is put back."""

import builtins
import json
import random
import sys
from collections.abc import Iterator
from importlib import import_module

import numpy as np
import pytest

from tailrace.compat import install, uninstall


@pytest.fixture
def _process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    replaced = [(np, "array asarray fromstring"), (json, "load loads"), (builtins, "open")]
    for module, names in [*replaced, (random, "sample shuffle")]:
        for name in names.split():
            monkeypatch.setattr(module, name, getattr(module, name))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    yield
    uninstall()


@pytest.fixture
def tensorflow(_process: None):
    """What a program gets from `import tensorflow as tf`, in a fresh graph."""
    install()
    tf = import_module("tensorflow")
    with tf.Graph().as_default():
        yield tf


@pytest.fixture
def program(_process: None):
    """For tests that run program files."""
