"""Running a segment: as usual at first, then recorded, and after that by replaying it.

A recording reads and writes the memory it was made with. So what a segment takes is copied to where
the recording reads it, and what it gives is copied from where it writes. Variables are read and
written in place; where one has been given other memory since, the segment is recorded again.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import threading
from collections.abc import Callable
from typing import Any

import torch

from tailrace.devices import Device
from tailrace.devices.recording import Recording

_WARM_UP = 2  # runs as usual before it is recorded, so that libraries have what they need
_MOST = 4  # recordings of a segment: it may come with inputs of several sizes, in turn
_MOST_ANEW = 8  # times it is recorded again, before it is given up

Run = Callable[..., tuple[Any, ...]]
Sizes = tuple[Any, ...]


@dataclasses.dataclass
class _Recorded:
    """A recording, the memory of its inputs and outputs, and the variables' when it was made."""

    recording: Recording
    inputs: list[torch.Tensor]
    outputs: tuple[Any, ...]
    cells: list[tuple[Any, Any]]
    lasting: list[bool]  # whether an output is the memory of a variable, and stays its

    def is_stale(self) -> bool:
        return any(cell.value is not value for cell, value in self.cells)

    def replay(self, tensors: list[torch.Tensor]) -> tuple[Any, ...]:
        for buffer, tensor in zip(self.inputs, tensors, strict=True):
            buffer.copy_(tensor)
        self.recording.replay()
        pairs = zip(self.outputs, self.lasting, strict=True)
        return tuple(
            v if lasting or not isinstance(v, torch.Tensor) else v.clone() for v, lasting in pairs
        )


class Recorder:
    """The function that a segment is run by: of its inputs, tensors of the device and variables."""

    def __init__(self, run: Run, device: Device) -> None:
        assert device.record is not None
        self._run = run
        self._record = device.record
        self._known: dict[Sizes, _Recorded] = {}
        self._seen: collections.Counter[Sizes] = collections.Counter()
        self._anew = 0
        self._lock = threading.Lock()  # the memory of a recording is one run's at a time
        self.refused = ""  # why it cannot be recorded

    def __call__(self, *args: Any) -> tuple[Any, ...]:
        tensors = [a for a in args if isinstance(a, torch.Tensor)]
        sizes = tuple([t.shape for t in tensors])
        with self._lock:
            known = self._recorded(sizes, args)
            if known is not None:
                return known.replay(tensors)
        return self._run(*args)

    def _recorded(self, sizes: Sizes, args: tuple[Any, ...]) -> _Recorded | None:
        known = self._known.get(sizes)
        if known is not None and not known.is_stale():
            return known
        self._seen[sizes] += 1
        if self.refused or self._seen[sizes] <= _WARM_UP:
            return None
        if known is not None:
            del self._known[sizes]
            self._anew += 1
            if self._anew > _MOST_ANEW:
                self.refused = "its variables do not stay where they are"
                return None
        if len(self._known) >= _MOST:
            return None
        made = self._make(args)
        if made is not None:
            self._known[sizes] = made
        return made

    def _make(self, args: tuple[Any, ...]) -> _Recorded | None:
        copies = [a.clone() if isinstance(a, torch.Tensor) else a for a in args]
        cells = [(a, a.value) for a in args if hasattr(a, "read")]
        recording = self._record()
        try:
            with _restored(cells), recording.recording():
                outputs = self._run(*copies)
                if any(cell.value is not value for cell, value in cells):
                    raise RuntimeError("a variable is given other memory")
        except Exception as failure:  # the run as usual, which follows, tells what is really wrong
            self.refused = str(failure) or type(failure).__name__
            return None
        inputs = [c for c in copies if isinstance(c, torch.Tensor)]
        memories = {_memory(value) for _, value in cells}
        lasting = [_memory(value) in memories for value in outputs]
        return _Recorded(recording, inputs, outputs, cells, lasting)


def _memory(value: Any) -> int | None:
    """The address of the memory of a tensor; None for what is none."""
    return value.untyped_storage().data_ptr() if isinstance(value, torch.Tensor) else None


@contextlib.contextmanager
def _restored(cells: list[tuple[Any, Any]]) -> Any:
    """Afterwards the variables have the memory they had: what was recorded has not been done."""
    try:
        yield
    finally:
        for cell, value in cells:
            cell.value = value
