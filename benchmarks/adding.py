"""The adding problem over a long lag: Hessian-free optimization beside SGD and Adam.

    OMP_NUM_THREADS=1 python benchmarks/adding.py            # length 100
    python benchmarks/adding.py --length 10 --seconds 5      # toy size

Sequences of random numbers between 0 and 1, of which one in the first tenth and one before the
middle is marked; the network has to give the sum of the two once the sequence is over (Hochreiter,
Schmidhuber, 1997; as in Martens, Sutskever, 2011). A network that remembers nothing says 1 and has
a squared error of 1/6. A sequence is wrong if its sum is missed by more than 0.04.

All optimizers get the same plain recurrent network (tanh) with the same first weights, the
recurrent ones orthogonal, and draw new sequences for every step. SGD and Adam are tried with
several learning rates, gradients clipped to norm 1, each for as much processor time as
Hessian-free optimization gets; the best rate is shown. A run ends early where not one in a hundred
held-out sequences is wrong.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import tailrace as tf

Floats = NDArray[np.float32]
Data = tuple[Floats, Floats]

WRONG = 0.04
SOLVED = 0.01
HELD_OUT = 1000
RATES = {"SGD": (0.1, 0.03, 0.01), "Adam": (0.01, 0.003, 0.001)}
CLIP_NORM = 1.0


def sequences(count: int, length: int, random: np.random.Generator) -> Data:
    """Numbers and marks [T, B, 2], sums [B, 1]."""
    x = np.zeros([length, count, 2], np.float32)
    x[..., 0] = random.random([length, count])
    early = max(1, length // 10)
    rows = np.arange(count)
    first = random.integers(0, early, count)
    second = random.integers(early, max(early + 1, length // 2), count)
    x[first, rows, 1] = x[second, rows, 1] = 1
    return x, (x[first, rows, 0] + x[second, rows, 0])[:, None]


@dataclass(frozen=True)
class Result:
    """What a run came to."""

    name: str
    seconds: float
    steps: int
    error: float
    wrong: float

    @property
    def solved(self) -> bool:
        """Whether next to no held-out sequence is wrong."""
        return self.wrong < SOLVED


class Problem:
    """The network and its session."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._random = np.random.default_rng(args.seed)
        self._test = sequences(HELD_OUT, args.length, np.random.default_rng(10_000 + args.seed))
        self.x = tf.placeholder(tf.float32, [args.length, None, 2])
        self.y = tf.placeholder(tf.float32, [None, 1])
        cell = tf.nn.rnn_cell.BasicRNNCell(args.units)
        with tf.variable_scope("rnn", initializer=tf.constant_initializer(self._first_weights())):
            cell.build(tf.TensorShape([None, 2]))
        self.hidden, _ = tf.nn.static_rnn(cell, tf.unstack(self.x), dtype=tf.float32)
        self.outputs = tf.layers.dense(self.hidden[-1], 1)
        self.loss = tf.reduce_mean(tf.square(self.outputs - self.y))
        self.session = tf.Session()

    def _first_weights(self) -> Floats:
        """Small for the inputs, so that tanh is nearly straight, and orthogonal for the rest."""
        units = self._args.units
        inputs = self._random.normal(0, 0.1, [2, units])
        recurrent = np.linalg.qr(self._random.normal(size=[units, units]))[0]
        return np.vstack([inputs, recurrent]).astype(np.float32)

    def batch(self, count: int) -> dict[tf.Tensor, Floats]:
        """New sequences to feed."""
        return self.feed(sequences(count, self._args.length, self._random))

    def feed(self, data: Data) -> dict[tf.Tensor, Floats]:
        """Sequences to feed."""
        return {self.x: data[0], self.y: data[1]}

    def run(self, name: str, step: Callable[[], object], every: int, say: bool) -> Result:
        """Steps until it is solved or the time is over."""
        self.session.run(tf.global_variables_initializer())
        steps, begun = 0, time.process_time()
        while True:
            step()
            steps += 1
            seconds = time.process_time() - begun
            if steps % every and seconds < self._args.seconds:
                continue
            missed = self.session.run(self.outputs, self.feed(self._test)) - self._test[1]
            wrong = float(np.mean(np.abs(missed) > WRONG))
            result = Result(name, seconds, steps, float(np.mean(missed**2)), wrong)
            if say:
                print(f"    {_row(result)}", flush=True)
            if result.solved or seconds >= self._args.seconds:
                return result


def hessian_free(args: argparse.Namespace) -> Result:
    """Hessian-free optimization: gradient of many sequences, curvature of fewer."""
    with tf.Graph().as_default():
        tf.set_random_seed(args.seed)
        problem = Problem(args)
        optimizer = tf.contrib.opt.HessianFreeOptimizer(
            problem.loss,
            problem.outputs,
            hidden=problem.hidden,
            damping=0.1,
            structural=0.1,
            cg_iterations=args.products,
        )

        def step() -> None:
            feed = problem.batch(args.sequences)
            part = {
                problem.x: feed[problem.x][:, : args.curvature],
                problem.y: feed[problem.y][: args.curvature],
            }
            optimizer.step(problem.session, feed, part)

        with problem.session:
            return problem.run("Hessian-free", step, 1, args.verbose)


def first_order(name: str, rate: float, args: argparse.Namespace) -> Result:
    """SGD or Adam on small batches."""
    with tf.Graph().as_default():
        tf.set_random_seed(args.seed)
        problem = Problem(args)
        variables = tf.trainable_variables()
        gradients, _ = tf.clip_by_global_norm(tf.gradients(problem.loss, variables), CLIP_NORM)
        kind = tf.train.AdamOptimizer if name == "Adam" else tf.train.GradientDescentOptimizer
        update = kind(rate).apply_gradients(list(zip(gradients, variables, strict=True)))

        def step() -> None:
            problem.session.run(update, problem.batch(args.batch))

        with problem.session:
            return problem.run(f"{name}, rate {rate:g}", step, 200, args.verbose)


def _row(result: Result) -> str:
    return (
        f"{result.name:18}{result.seconds:9.1f}{result.steps:9}{result.error:12.5f}"
        f"{100 * result.wrong:10.1f} %  {'solved' if result.solved else ''}".rstrip()
    )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="Hessian-free optimization on the adding problem")
    defaults = {"length": 100, "units": 32, "sequences": 800, "curvature": 200, "products": 60}
    for name, default in {**defaults, "batch": 20, "seed": 1}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--seconds", type=float, default=120.0, help="of processor time, a run")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    found = [hessian_free(args)]
    for name, rates in RATES.items():
        tried = [first_order(name, rate, args) for rate in rates]
        found.append(min(tried, key=lambda one: (one.wrong, one.error)))
    print(f"adding problem, length {args.length}, {args.units} units, seed {args.seed}")
    print(f"{'':18}{'seconds':>9}{'steps':>9}{'error':>12}{'wrong':>12}")
    for result in found:
        print(_row(result))


if __name__ == "__main__":
    main()
