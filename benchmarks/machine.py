"""Which machine and versions the figures are of."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import numpy
import torch

VECTORS = ("avx512f", "avx2", "asimd")


def _processor() -> str:
    """The processor's name and its widest vectors, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts: dict[str, str] = {}
    for line in lines:
        key, _, value = line.partition(":")
        facts.setdefault(key.strip(), value.strip())
    name = facts.get("model name", platform.machine())
    flags = facts.get("flags", facts.get("Features", "")).split()
    widest = next((vector for vector in VECTORS if vector in flags), None)
    return f"{name} ({widest})" if widest else name


def machine(on_gpu: bool = False) -> dict[str, str]:
    """Processor, memory, system and versions, and the GPU where it is that which is measured."""
    gpu = {"GPU": torch.cuda.get_device_name(0)} if on_gpu else {}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads",
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}",
        "versions": f"Python {platform.python_version()}, PyTorch {torch.__version__}, "
        f"NumPy {numpy.__version__}",
        **gpu,
    }
