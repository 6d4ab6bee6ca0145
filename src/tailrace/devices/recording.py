"""Recording what is computed on a device, to do it again by one call."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Protocol

import torch


class Recording(Protocol):
    """Calls of kernels that can be repeated on the same pieces of memory."""

    def recording(self) -> contextlib.AbstractContextManager[None]:
        """While it is entered, what is computed on the device is noted.

        Raises: RuntimeError for what cannot be repeated, such as a copy to the host.
        """
        ...

    def replay(self) -> None:
        """Do it again."""
        ...


class _CudaRecording:
    """A CUDA graph."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._graph = torch.cuda.CUDAGraph()

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        torch.cuda.synchronize(self._device)
        # other threads may go on with the device meanwhile
        with (
            torch.cuda.device(self._device),
            torch.cuda.graph(self._graph, capture_error_mode="thread_local"),
        ):
            yield

    def replay(self) -> None:
        self._graph.replay()


def cuda_recording(device: torch.device) -> Recording:
    """A CUDA graph, still empty."""
    return _CudaRecording(device)
