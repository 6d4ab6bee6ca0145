"""The devices of this machine, by TensorFlow's names.

Source: TF 1.15 python/client/device_lib.py, python/framework/test_util.py.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from tailrace.devices import accelerators, host
from tailrace.devices.machine import host_memory_bytes


class DeviceAttributes(NamedTuple):
    """A device: TensorFlow's name and type, memory in bytes, what it is physically."""

    name: str
    device_type: str
    memory_limit: int
    physical_device_desc: str = ""
    incarnation: int = 0


def list_local_devices(session_config: object = None) -> list[DeviceAttributes]:
    """The CPU and the CUDA devices that PyTorch sees."""
    del session_config  # TF: all devices of the machine, whatever it says
    cpu = host()
    devices = [DeviceAttributes(cpu.name, cpu.kind, host_memory_bytes())]
    devices += [
        DeviceAttributes(d.name, d.kind, d.memory_bytes, d.description) for d in accelerators()
    ]
    return devices


def is_gpu_available(
    cuda_only: bool = False, min_cuda_compute_capability: tuple[int, int] | None = None
) -> bool:
    """Whether there is a CUDA device of at least that compute capability (major, minor)."""
    del cuda_only  # there are no others
    wanted = min_cuda_compute_capability or (0, 0)
    return any(device.capability >= wanted for device in accelerators())


def gpu_device_name() -> str:
    """The name of the first GPU; empty without one."""
    return next((device.name for device in accelerators()), "")


def is_built_with_cuda() -> bool:
    """Whether the installed PyTorch has CUDA kernels."""
    return torch.version.cuda is not None


def is_built_with_rocm() -> bool:
    """Whether the installed PyTorch has ROCm kernels."""
    return getattr(torch.version, "hip", None) is not None


def is_built_with_gpu_support() -> bool:
    """Whether the installed PyTorch has kernels for any GPU."""
    return is_built_with_cuda() or is_built_with_rocm()
