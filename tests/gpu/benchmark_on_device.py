"""The benchmark's recurrent programs, at toy sizes, as its workers run them with `--device gpu`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
import torch

import tailrace as tf
from benchmarks import worker
from benchmarks.bars import difference
from benchmarks.cases import AGREEMENT
from benchmarks.cases import CASES as ALL

CASES = [name for name, case in ALL.items() if case.section == "recurrent"][:3]
_TOY = {"vocabulary": 11, "hidden": 6, "layers": 2, "batch": 3, "steps": 4}
_STEPS = 5


def compare(name: str, peer: str) -> None:
    """Tailrace on the device does what PyTorch does on `peer`, and again when it is recorded."""
    case = ALL[name].with_sizes(**_TOY)
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setenv(worker.DEVICE, "gpu")
        weights = str(Path(folder) / "weights.npz")
        mine = _losses(case, "tailrace", case.forms["tailrace"][0], save_weights=weights)
        patch.setattr(worker, "TORCH_DEVICE", peer)
        try:
            others = [
                _losses(case, "torch", form, load_weights=weights) for form in case.forms["torch"]
            ]
        finally:
            torch.set_default_device(None)
    count = case.compared["torch"]
    for other in others:
        assert not count or difference(mine, other, count) < AGREEMENT


def _losses(case: Any, engine: str, form: str, **files: str) -> dict[str, list[float]]:
    arguments = {**case.arguments, **({"form": form} if form else {})}
    spec = {"engine": engine, "program": case.program, "arguments": arguments, **files}
    with tf.Graph().as_default():
        step, _ = worker.ENGINES[engine](spec)
        return {"results": [step() for _ in range(_STEPS)]}
