"""The devices of this machine."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from typing import Any

import torch

from tailrace.devices.recording import Recording, cuda_recording

_HOST_MEMORY_BYTES = 256 << 20  # TF: what it says of every CPU


@dataclasses.dataclass(frozen=True)
class Device:
    """A device: TensorFlow's name for it (`/device:GPU:0`), PyTorch's, its memory in bytes, and
    what it is physically.

    `record` begins a recording of what is computed on it, `limit_memory` leaves the process a part
    of its memory; None where that cannot be done.
    """

    name: str
    kind: str
    memory_bytes: int
    torch: torch.device
    description: str = ""
    capability: tuple[int, int] = (0, 0)
    record: Callable[[], Recording] | None = None
    synchronize: Callable[[], Any] | None = None
    limit_memory: Callable[[float], None] | None = None

    @property
    def full_name(self) -> str:
        """The name with the one job and task there are."""
        return f"/job:localhost/replica:0/task:0{self.name}"

    @property
    def index(self) -> int:
        """Its number among the devices of its kind."""
        return int(self.name.rpartition(":")[2])


def host(index: int = 0) -> Device:
    """The CPU; further ones (`device_count`) are other names of it."""
    return Device(f"/device:CPU:{index}", "CPU", _HOST_MEMORY_BYTES, torch.device("cpu"))


def host_memory_bytes() -> int:
    """How much memory the machine has."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def accelerators() -> list[Device]:
    """The GPUs, in PyTorch's order."""
    return _source()


def _cuda_devices() -> list[Device]:
    count = torch.cuda.device_count()
    if count:
        # TF: float32 is computed as such; PyTorch would round convolutions to TF32
        torch.backends.cudnn.allow_tf32 = False
    return [_cuda_device(i) for i in range(count)]


def _cuda_device(index: int) -> Device:
    facts = torch.cuda.get_device_properties(index)
    where = torch.device("cuda", index)
    capability = (facts.major, facts.minor)
    version = f"{facts.major}.{facts.minor}"
    return Device(
        f"/device:GPU:{index}",
        "GPU",
        facts.total_memory,
        where,
        f"device: {index}, name: {facts.name}, compute capability: {version}",
        capability,
        lambda: cuda_recording(where),
        lambda: torch.cuda.synchronize(where),
        lambda part: torch.cuda.set_per_process_memory_fraction(part, where),
    )


_source: Callable[[], list[Device]] = _cuda_devices


def set_source(source: Callable[[], list[Device]] | None) -> None:
    """Have `source` say which GPUs there are, as tests do; None for PyTorch's own."""
    global _source
    _source = _cuda_devices if source is None else source
