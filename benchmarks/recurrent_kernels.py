"""The native recurrent kernels beside PyTorch's layers, forward and backward.

    OMP_NUM_THREADS=2 python benchmarks/recurrent_kernels.py            # all configurations
    OMP_NUM_THREADS=1 python benchmarks/recurrent_kernels.py lstm 128   # one cell, one size

Each row is a stack of layers over one batch: the recurrent kernels with the matrix products
around them on our side, `torch.nn.LSTM`, `GRU` or `RNN` on the other; losses, embeddings and
optimizers are left out. Both take turns in one process, many short samples each, and the tenth
smallest of a hundred counts: whatever else the machine does can only make a sample longer. Beside
the ratio stands the arithmetic rate of the recurrent kernels alone and of one large `torch.mm`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from tailrace.native import recurrent

# hidden, layers, batch, steps
SIZES = ((128, 2, 50, 50), (512, 2, 50, 50), (200, 2, 20, 20), (650, 2, 20, 35))
GATES = {"lstm": 4, "gru": 3, "rnn": 1}
PEERS = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}


class Clock:
    """Adds up the time spent in the recurrent kernels of one step."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, function: Callable[..., Any], *args: Any) -> Any:
        """What the function gives."""
        start = time.perf_counter()
        result = function(*args)
        self.seconds += time.perf_counter() - start
        return result


class Lstm:
    """One layer with a TensorFlow kernel [I+H, 4H]."""

    gates = 4

    def __init__(self, hidden: int, batch: int) -> None:
        self.hidden = hidden
        self.kernel = torch.randn(2 * hidden, self.gates * hidden) / hidden**0.5
        self.bias = torch.zeros(self.gates * hidden)
        self.state = torch.zeros(batch, hidden)

    def forward(self, x: Tensor, clock: Clock) -> Tensor:
        """x [T,B,I] -> outputs [T,B,H]."""
        steps, batch, _ = x.shape
        self.x = x
        gx = torch.mm(x.view(steps * batch, -1), self.kernel[: self.hidden])
        self.hs, self.cs, self.activated = clock(
            recurrent.lstm_forward,
            gx.view(steps, batch, -1),
            self.kernel[self.hidden :],
            self.bias,
            self.state,
            self.state,
        )
        return self.hs[1:]

    def backward(self, dout: Tensor, clock: Clock) -> Tensor:
        """The gradient of the inputs; the weights' are formed too."""
        dgates, _, _ = clock(
            recurrent.lstm_backward,
            dout,
            None,
            None,
            self.activated,
            self.hs,
            self.cs,
            self.kernel[self.hidden :],
        )
        return weight_gradients(self, dgates, self.kernel, self.hs[:-1])


def weight_gradients(layer: Lstm, dgates: Tensor, kernel: Tensor, before: Tensor) -> Tensor:
    """Products after the recurrence, as a plan does them; returns the gradient of the inputs."""
    dgates = dgates.view(-1, dgates.shape[-1])
    dkernel = torch.empty_like(kernel)
    inputs = layer.x.shape[-1]
    torch.mm(layer.x.reshape(-1, inputs).t(), dgates, out=dkernel[:inputs])
    torch.mm(before.reshape(-1, layer.hidden).t(), dgates, out=dkernel[inputs:])
    dgates.sum(0)
    return torch.mm(dgates, kernel[:inputs].t()).view(layer.x.shape)


LAYERS = {"lstm": Lstm}


def ours(cell: str, size: tuple[int, int, int, int]) -> Callable[[], float]:
    """A step of our stack, giving the seconds spent in recurrent kernels."""
    hidden, count, batch, steps = size
    layers = [LAYERS[cell](hidden, batch) for _ in range(count)]
    x, dout = torch.randn(steps, batch, hidden), torch.randn(steps, batch, hidden)

    def step() -> float:
        clock, value, slope = Clock(), x, dout
        for layer in layers:
            value = layer.forward(value, clock)
        for layer in reversed(layers):
            slope = layer.backward(slope, clock)
        return clock.seconds

    return step


def theirs(cell: str, size: tuple[int, int, int, int]) -> Callable[[], float]:
    """A step of PyTorch's stack."""
    hidden, count, batch, steps = size
    layer = PEERS[cell](hidden, hidden, count)
    x = torch.randn(steps, batch, hidden, requires_grad=True)
    dout = torch.randn(steps, batch, hidden)

    def step() -> float:
        out, _ = layer(x)
        out.backward(dout)
        layer.zero_grad(set_to_none=True)
        x.grad = None
        return 0.0

    return step


def low(samples: list[float]) -> float:
    """The tenth part's upper end: small, yet not the one lucky sample."""
    return sorted(samples)[len(samples) // 10]


def measure(cell: str, size: tuple[int, int, int, int], seconds: float) -> None:
    """Prints a row."""
    hidden, count, batch, steps = size
    pair = (ours(cell, size), theirs(cell, size))
    times: tuple[list[float], list[float]] = ([], [])
    kernels: list[float] = []
    with torch.inference_mode(False):
        end = time.perf_counter() + seconds
        while time.perf_counter() < end or len(kernels) < 10:
            for step, into in zip(pair, times, strict=True):
                start = time.perf_counter()
                inside = step()
                into.append(time.perf_counter() - start)
                if into is times[0]:
                    kernels.append(inside)
    recurrence = 2 * 2 * steps * batch * hidden * hidden * GATES[cell] * count
    a, b = low(times[0]), low(times[1])
    print(
        f"{cell:5} H {hidden:4} B {batch:3} T {steps:3}  ours {1e3 * a:8.2f} ms  "
        f"torch {1e3 * b:8.2f} ms  ratio {b / a:5.2f}  kernels {1e3 * low(kernels):7.2f} ms "
        f"{recurrence / low(kernels) / 1e9:6.1f} GFLOP/s"
    )


def matrix_rate() -> float:
    """GFLOP/s of a large product."""
    n = 1024
    a, b, out = torch.randn(n, n), torch.randn(n, n), torch.empty(n, n)
    samples = []
    for _ in range(20):
        start = time.perf_counter()
        torch.mm(a, b, out=out)
        samples.append(time.perf_counter() - start)
    return 2 * n**3 / low(samples) / 1e9


def main() -> None:
    """Time the configurations asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("cell", nargs="?", choices=list(LAYERS))
    parser.add_argument("hidden", nargs="?", type=int)
    parser.add_argument("--seconds", type=float, default=5, help="for each row (default 5)")
    args = parser.parse_args()
    print(f"{torch.get_num_threads()} threads; torch.mm of 1024: {matrix_rate():.0f} GFLOP/s")
    for cell in LAYERS:
        for size in SIZES:
            if args.cell in (None, cell) and args.hidden in (None, size[0]):
                measure(cell, size, args.seconds)


if __name__ == "__main__":
    main()
