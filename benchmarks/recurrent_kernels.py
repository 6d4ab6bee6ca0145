"""The native recurrent kernels beside PyTorch's layers, forward and backward.

    OMP_NUM_THREADS=2 python benchmarks/recurrent_kernels.py            # all configurations
    OMP_NUM_THREADS=1 python benchmarks/recurrent_kernels.py lstm 128   # one cell, one size

Each row is a stack of layers over one batch: the recurrent kernels with the matrix products
around them on our side, `torch.nn.LSTM`, `GRU` or `RNN` on the other; losses, embeddings and
optimizers are left out. Both take turns in one process, many short samples each, and the tenth
smallest of a hundred counts: whatever else the machine does can only make a sample longer. On one
thread its processor time is counted, which leaves out what others take. Beside the ratio stands the
arithmetic rate of the recurrent kernels alone and of one large `torch.mm`.
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


def now() -> float:
    """Seconds, of this thread alone if there is no other."""
    return time.thread_time() if torch.get_num_threads() == 1 else time.perf_counter()


class Clock:
    """Adds up the time spent in the recurrent kernels of one step."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, function: Callable[..., Any], *args: Any) -> Any:
        """What the function gives."""
        start = now()
        result = function(*args)
        self.seconds += now() - start
        return result


class Layer:
    """A layer on TensorFlow's kernels [I+H, G H], one or two, with their products.

    A subclass does the recurrence between them.
    """

    widths: tuple[int, ...]

    def __init__(self, hidden: int, batch: int) -> None:
        self.hidden = hidden
        self.kernels = [torch.randn(2 * hidden, w * hidden) / hidden**0.5 for w in self.widths]
        self.biases = [torch.zeros(w * hidden) for w in self.widths]
        self.recurrent = [kernel[hidden:] for kernel in self.kernels]
        self.state = torch.zeros(batch, hidden)

    def products(self, x: Tensor) -> list[Tensor]:
        """x [T,B,I] times the first rows of each kernel."""
        self.x = x
        rows = x.reshape(-1, self.hidden)
        return [torch.mm(rows, k[: self.hidden]).view(*x.shape[:2], -1) for k in self.kernels]

    def gradients(self, slopes: list[Tensor], before: list[Tensor]) -> Tensor:
        """The gradient of x; those of kernels and biases are formed too.

        `before` [T,B,H] is what each kernel's recurrent rows were multiplied with.
        """
        dx = torch.zeros(())
        for i, (kernel, slope, left) in enumerate(zip(self.kernels, slopes, before, strict=True)):
            dgates, dkernel = slope.view(-1, slope.shape[-1]), torch.empty_like(kernel)
            for part, factor in zip(dkernel.split(self.hidden), (self.x, left), strict=True):
                torch.mm(factor.reshape(-1, self.hidden).t(), dgates, out=part)
            dgates.sum(0)
            inputs = kernel[: self.hidden].t()
            dx = torch.addmm(dx, dgates, inputs) if i else torch.mm(dgates, inputs)
        return dx.view(self.x.shape)


class Lstm(Layer):
    """LSTM."""

    widths = (4,)

    def forward(self, x: Tensor, clock: Clock) -> Tensor:
        """x [T,B,I] -> outputs [T,B,H]."""
        (gx,), (wh,), (bias,) = self.products(x), self.recurrent, self.biases
        self.kept = clock(recurrent.lstm_forward, gx, wh, bias, self.state, self.state)
        return self.kept[0][1:]

    def backward(self, dout: Tensor, clock: Clock) -> Tensor:
        """The gradient of x."""
        hs, cs, gates = self.kept
        clock(recurrent.lstm_backward, dout, None, None, gates, hs, cs, *self.recurrent)
        return self.gradients([gates], [hs[:-1]])


class Gru(Layer):
    """GRU as TensorFlow has it."""

    widths = (2, 1)

    def forward(self, x: Tensor, clock: Clock) -> Tensor:
        """x [T,B,I] -> outputs [T,B,H]."""
        products = self.products(x)
        self.kept = clock(
            recurrent.gru_forward, *products, *self.recurrent, *self.biases, self.state
        )
        return self.kept[0][1:]

    def backward(self, dout: Tensor, clock: Clock) -> Tensor:
        """The gradient of x."""
        hs, gates, candidate, kept = self.kept
        clock(recurrent.gru_backward, dout, None, gates, candidate, kept, hs, *self.recurrent)
        return self.gradients([gates, candidate], [hs[:-1], kept])


class Rnn(Layer):
    """The plain cell with tanh."""

    widths = (1,)

    def forward(self, x: Tensor, clock: Clock) -> Tensor:
        """x [T,B,I] -> outputs [T,B,H]."""
        (gx,), (wh,), (bias,) = self.products(x), self.recurrent, self.biases
        self.hs = clock(recurrent.rnn_forward, gx, wh, bias, self.state)
        return self.hs[1:]

    def backward(self, dout: Tensor, clock: Clock) -> Tensor:
        """The gradient of x."""
        dgates, _ = clock(recurrent.rnn_backward, dout, None, self.hs, *self.recurrent)
        return self.gradients([dgates], [self.hs[:-1]])


LAYERS = {"lstm": Lstm, "gru": Gru, "rnn": Rnn}


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
    end = now() + seconds
    while now() < end or len(kernels) < 10:
        for step, into in zip(pair, times, strict=True):
            start = now()
            inside = step()
            into.append(now() - start)
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
        start = now()
        torch.mm(a, b, out=out)
        samples.append(now() - start)
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
