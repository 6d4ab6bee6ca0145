"""Which multiplies matrices quicker: `torch.mm`'s library, oneDNN, or our own product?

    python benchmarks/products.py

One thread, the best of several runs of each, taking turns; GFLOP/s. `native/products.py` chooses
by what this shows.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable

import torch
from torch import Tensor

from tailrace.native import products

SHAPES = [
    (50, 256, 512),
    (256, 2500, 512),
    (200, 400, 10000),
    (400, 200, 800),
    (400, 200, 10000),
    (650, 700, 10000),
    (700, 650, 2600),
    (2500, 128, 65),
    (2500, 128, 512),
    (2500, 512, 2048),
]
RUNS = 25


def main() -> None:
    """Print a line for each shape."""
    torch.set_num_threads(1)
    print(
        f"{platform.machine()}, torch {torch.__version__}, {torch.__config__.parallel_info()[:60]}"
    )
    print(
        f"{'m, k, n':>20}  {'mm':>6} {'oneDNN':>6} {'own':>6}  "
        f"{'mm, a transposed':>16} {'copied, oneDNN':>14} {'own':>6}"
    )
    linear = torch.ops.mkldnn._linear_pointwise
    with torch.inference_mode():
        for m, k, n in SHAPES:
            a, b = torch.randn(m, k), torch.randn(k, n)
            turned = a.t().contiguous().t()
            calls = [
                lambda a=a, b=b: torch.mm(a, b),
                lambda a=a, b=b: linear(a, b.t(), None, "none", [], ""),
                lambda a=a, b=b: own(a, b),
                lambda a=turned, b=b: torch.mm(a, b),
                lambda a=turned, b=b: linear(a.contiguous(), b.t(), None, "none", [], ""),
                lambda a=turned, b=b: own(a, b),
            ]
            rates = [2e-9 * m * k * n / seconds for seconds in best(calls)]
            print(
                "{:>20}  {:6.0f} {:6.0f} {:6.0f}  {:16.0f} {:14.0f} {:6.0f}".format(
                    f"{m}, {k}, {n}", *rates
                )
            )


def own(a: Tensor, b: Tensor) -> Tensor:
    """Our own product, whether it would be chosen or not."""
    result = torch.empty(a.shape[0], b.shape[1])
    products._multiply(a, b, result)
    return result


def best(calls: list[Callable[[], object]]) -> list[float]:
    """The least processor time of each call, in seconds."""
    times = [[0.0] * RUNS for _ in calls]
    for run in range(RUNS):
        for call, row in zip(calls, times, strict=True):
            began = time.thread_time()
            call()
            row[run] = time.thread_time() - began
    return [min(row) for row in times]


if __name__ == "__main__":
    main()
