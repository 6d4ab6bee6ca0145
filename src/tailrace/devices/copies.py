"""Results brought to the host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch


def to_host(values: Sequence[Any]) -> tuple[Any, ...]:
    """The values with those on GPUs copied to the host; it is waited for once, for all copies."""
    waiting: set[torch.device] = set()
    here = tuple(_copy(value, waiting) for value in values)
    for device in waiting:
        torch.cuda.current_stream(device).synchronize()
    return here


def _copy(value: Any, waiting: set[torch.device]) -> Any:
    if not isinstance(value, torch.Tensor) or value.is_cpu:
        return value
    if not value.is_cuda:
        return value.cpu()
    waiting.add(value.device)
    pinned = torch.empty(value.shape, dtype=value.dtype, pin_memory=True)
    return pinned.copy_(value, non_blocking=True)
