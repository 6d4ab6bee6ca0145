"""Self-organizing maps: Tailrace beside MiniSom, seconds and quality on the same data.

    pip install minisom                         # not needed by Tailrace
    OMP_NUM_THREADS=1 python benchmarks/som.py  # 20 x 20 units, 10,000 vectors of 64 numbers
    python benchmarks/som.py --vectors 500 --rows 6 --passes 2   # toy size

The data are 50 clusters in an 8-dimensional part of the space, with noise. All maps are
rectangular, begin at the same principal plane and have a Gaussian neighbourhood that shrinks from
half the grid. Beside the seconds of training stand the quantization error (mean distance to the
closest unit) and the topographic error (part of the vectors whose two closest units are not among
each other's 8 neighbours), both computed by one function from the weights.

MiniSom goes vector by vector, as Tailrace's online training does, with as many passes and the same
schedule, down to a radius of 1. Batch training is another algorithm for the same map, so its
quality has to be compared before its seconds: it has passes of its own, and ends at a radius of
1.3, where its quantization error is that of MiniSom on these data. A smaller radius fits better and
folds more.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.som.estimator import SelfOrganizingMap
from tailrace.apps.som.grid import Grid
from tailrace.apps.som.measures import topographic_error

Values = NDArray[np.float32]


def clouds(count: int, dimensions: int, seed: int) -> Values:
    """Vectors [count, dimensions], standardised."""
    random = np.random.default_rng(seed)
    inner = min(8, dimensions)
    centres = random.normal(0, 1, (50, inner))
    points = centres[random.integers(0, 50, count)] + random.normal(0, 0.3, (count, inner))
    spread = points @ random.normal(0, 1, (inner, dimensions)) / np.sqrt(inner)
    values = spread + random.normal(0, 0.2, (count, dimensions))
    return ((values - values.mean(0)) / values.std(0)).astype(np.float32)


def quality(vectors: Values, weights: NDArray[Any], grid: Grid) -> tuple[float, float]:
    """Quantization and topographic error of weights [units, dimensions]."""
    squared = (weights**2).sum(1) - 2.0 * vectors @ weights.T
    two = np.argsort(squared, 1)[:, :2]
    distance = np.linalg.norm(vectors - weights[two[:, 0]], axis=1)
    return float(distance.mean()), topographic_error(two, grid)


def tailrace_map(training: str, vectors: Values, args: argparse.Namespace) -> NDArray[Any]:
    """The weights that Tailrace comes to."""
    som = SelfOrganizingMap(
        rows=args.rows,
        cols=args.rows,
        topology="rectangular",
        training=training,
        iterations=args.batch_passes if training == "batch" else args.passes,
        sigma=args.rows / 2,
        sigma_end=1.3 if training == "batch" else 1.0,
        sigma_decay="exponential" if training == "batch" else "linear",
        scale="none",
        seed=args.seed,
    )
    return som.fit(vectors).scaled_weights_


def minisom_map(vectors: Values, args: argparse.Namespace) -> NDArray[Any]:
    """The weights that MiniSom comes to."""
    from minisom import MiniSom  # pyright: ignore[reportMissingImports] - may be absent

    som = MiniSom(
        args.rows,
        args.rows,
        vectors.shape[1],
        sigma=args.rows / 2,
        learning_rate=0.5,
        decay_function="linear_decay_to_zero",
        sigma_decay_function="linear_decay_to_one",
        random_seed=args.seed,
    )
    som.pca_weights_init(vectors)
    # its decay goes by steps only if passes are not what it counts
    som.train(vectors, args.passes * len(vectors), random_order=True)
    return som.get_weights().reshape(-1, vectors.shape[1])


def timed(work: Callable[[], NDArray[Any]], rounds: int) -> tuple[float, NDArray[Any]]:
    """The least seconds of some rounds, and what came out."""
    best, result = float("inf"), np.empty(0)
    for _ in range(rounds):
        start = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - start)
    return best, result


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="Tailrace's maps beside MiniSom's")
    defaults = {"vectors": 10_000, "dimensions": 64, "rows": 20, "passes": 10, "batch-passes": 30}
    for name, default in {**defaults, "seed": 1}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args()
    vectors = clouds(args.vectors, args.dimensions, args.seed)
    grid = Grid(args.rows, args.rows, hexagonal=False)
    peers: dict[str, tuple[int, Callable[[], NDArray[Any]]]] = {
        "Tailrace, batch": (3, lambda: tailrace_map("batch", vectors, args)),
        "Tailrace, online": (1, lambda: tailrace_map("online", vectors, args)),
    }
    if importlib.util.find_spec("minisom"):
        peers["MiniSom"] = (1, lambda: minisom_map(vectors, args))
    else:
        print("MiniSom is not installed (pip install minisom): its row is left out")
    found = {name: timed(work, rounds) for name, (rounds, work) in peers.items()}
    print(
        f"{args.rows} x {args.rows} units, {len(vectors):,} x {args.dimensions}, "
        f"{args.passes} passes ({args.batch_passes} batch), seed {args.seed}"
    )
    print(f"{'':18}{'seconds':>9}{'quantization':>14}{'topographic':>13}{'MiniSom /':>11}")
    for name, (seconds, weights) in found.items():
        errors = quality(vectors, weights, grid)
        ratio = f"{found['MiniSom'][0] / seconds:11.1f}" if "MiniSom" in found else ""
        print(f"{name:18}{seconds:9.2f}{errors[0]:14.4f}{errors[1]:13.4f}{ratio}")


if __name__ == "__main__":
    main()
