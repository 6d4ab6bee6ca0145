"""The devices of this machine, by TensorFlow's names.

Source: TF 1.15 python/client/device_lib.py, python/framework/test_util.py.
"""

from __future__ import annotations

import os
from typing import NamedTuple

import torch


class DeviceAttributes(NamedTuple):
    """A device: TensorFlow's name and type, memory in bytes, what it is physically."""

    name: str
    device_type: str
    memory_limit: int
    physical_device_desc: str = ""
    incarnation: int = 0


def list_local_devices(session_config: object = None) -> list[DeviceAttributes]:
    """The CPU and the CUDA devices that PyTorch sees."""
    del session_config  # every session sees them all
    pages, page_bytes = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    devices = [DeviceAttributes("/device:CPU:0", "CPU", pages * page_bytes)]
    for i in range(torch.cuda.device_count()):
        facts = torch.cuda.get_device_properties(i)
        text = f"device: {i}, name: {facts.name}, compute capability: {facts.major}.{facts.minor}"
        name = f"/device:GPU:{i}"
        devices.append(DeviceAttributes(name, "GPU", facts.total_memory, text))
    return devices


def is_gpu_available(
    cuda_only: bool = False, min_cuda_compute_capability: tuple[int, int] | None = None
) -> bool:
    """Whether there is a CUDA device of at least that compute capability (major, minor)."""
    del cuda_only  # there are no others
    wanted = min_cuda_compute_capability or (0, 0)
    count = torch.cuda.device_count()
    return any(torch.cuda.get_device_capability(i) >= wanted for i in range(count))


def gpu_device_name() -> str:
    """The name of the first GPU; empty without one."""
    return "/device:GPU:0" if torch.cuda.device_count() else ""


def is_built_with_cuda() -> bool:
    """Whether the installed PyTorch has CUDA kernels."""
    return torch.version.cuda is not None


def is_built_with_rocm() -> bool:
    """Whether the installed PyTorch has ROCm kernels."""
    return getattr(torch.version, "hip", None) is not None


def is_built_with_gpu_support() -> bool:
    """Whether the installed PyTorch has kernels for any GPU."""
    return is_built_with_cuda() or is_built_with_rocm()
