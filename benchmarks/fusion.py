"""What running chains of element-wise operations in one call gains.

    python benchmarks/fusion.py          # all chains and sizes
    python benchmarks/fusion.py gates    # one chain

Each row is one chain on arrays of one size, some with reductions in them, run by `Session.run` with
the result reduced to its sum: with fused steps, without (`TAILRACE_PASSES=-fuse`), and by
TensorFlow 1.15 where TAILRACE_TF1_PYTHON names a Python that has it. All compute on one thread, and
what counts is the processor's time, which others' load changes little. Engines take turns, each in
a process of its own; a row shows the smallest mean of a batch of runs over all turns. This file
runs under TensorFlow 1's Python as well.
"""

import argparse
import json
import os
import subprocess
import sys
import time

SIZES = ((1, 1), (8, 16), (50, 128), (200, 1000), (2000, 1000))
BATCHES = 7
BATCH_S = 0.05


def gates(tf, x, y, row):
    """An LSTM cell without its product."""
    kept = x * tf.sigmoid(y + row)
    state = kept + tf.sigmoid(x - row) * tf.tanh(y)
    return tf.tanh(state) * tf.sigmoid(x + y)


def gates_and_gradient(tf, x, y, row):
    """The same and its gradient."""
    h = gates(tf, x, y, row)
    dx, dy = tf.gradients(h, [x, y])
    return h + dx + dy


def polynomial(tf, x, y, row):
    """Sums and products alone: bound by memory where arrays are large."""
    result = x
    for _ in range(8):
        result = result * y + row
    return result


def clipped(tf, x, y, row):
    """Comparisons and choices."""
    low = tf.minimum(tf.maximum(x, -1.0), 1.0)
    return tf.where(low > y, low - row, tf.abs(y) + row) * tf.square(x)


def squared_error(tf, x, y, row):
    """The mean of squares, and its gradient."""
    loss = tf.reduce_mean(tf.square(x + row - y))
    dx, drow = tf.gradients(loss, [x, row])
    return loss + dx + drow


def likelihood(tf, x, y, row):
    """A sum for each row."""
    return tf.reduce_sum(tf.log_sigmoid(x * y + row), axis=1)


def softmax(tf, x, y, row):
    """Written by hand: two groups end with a reduction, what is divided is the third."""
    z = x * row
    e = tf.exp(z - tf.reduce_max(z, axis=1, keepdims=True))
    return e / tf.reduce_sum(e, axis=1, keepdims=True)


def normalized(tf, x, y, row):
    """By mean and variance of each column, and the gradient of that."""
    z = tf.nn.relu(x * y)
    mean, variance = tf.nn.moments(z, [0])
    h = tf.nn.batch_normalization(z, mean, variance, row, row, 1e-3)
    dx, drow = tf.gradients(h * y, [x, row])
    return h + dx + drow


CHAINS = {
    f.__name__: f
    for f in (
        gates,
        gates_and_gradient,
        polynomial,
        clipped,
        squared_error,
        likelihood,
        softmax,
        normalized,
    )
}


def measured(tf, chain, rows, columns):
    """Seconds of the processor a run: the smallest mean of several batches of runs."""
    import numpy as np

    with tf.Graph().as_default():
        rng = np.random.RandomState(0)
        x, y, row = (
            tf.Variable(rng.randn(*size).astype(np.float32), use_resource=True)
            for size in ((rows, columns), (rows, columns), (columns,))
        )
        result = tf.reduce_sum(CHAINS[chain](tf, x.value(), y.value(), row.value()))
        config = tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
        with tf.Session(config=config) as session:
            session.run(tf.global_variables_initializer())
            run = session.make_callable(result)
            run()
            start = time.process_time()
            run()
            runs = max(1, int(BATCH_S / max(time.process_time() - start, 1e-6)))
            means = []
            for _ in range(BATCHES):
                start = time.process_time()
                for _ in range(runs):
                    run()
                means.append((time.process_time() - start) / runs)
    return min(means)


def work(engine, chains):
    """What a worker prints: seconds by chain and size."""
    if engine == "tf":
        import tensorflow as tf
    else:
        import tailrace as tf
    found = {}
    for chain in chains:
        for rows, columns in SIZES:
            found[f"{chain} {rows}x{columns}"] = measured(tf, chain, rows, columns)
    print(json.dumps(found))


def turn(engine, chains):
    """One worker's seconds."""
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    python = sys.executable
    if engine == "tf":
        python = os.environ["TAILRACE_TF1_PYTHON"]
    elif engine == "unfused":
        environment["TAILRACE_PASSES"] = "-fuse"
    command = [python, os.path.abspath(__file__), "--worker", engine, *chains]
    output = subprocess.check_output(command, env=environment, stderr=subprocess.DEVNULL)
    return json.loads(output.decode().splitlines()[-1])


def table(engines, best):
    """Microseconds of each engine, and how many times those of the fused one they are."""
    lines = ["{:<30}".format("microseconds a run") + "".join(f"{e:>18}" for e in engines)]
    for name, fused in best["fused"].items():
        line = f"{name:<30}"
        for engine in engines:
            seconds = best[engine][name]
            line += f"{seconds * 1e6:>10.1f}{seconds / fused:>7.2f}x"
        lines.append(line)
    return "\n".join(lines)


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description="Fused chains of element-wise operations.")
    parser.add_argument("chains", nargs="*", choices=[[], *CHAINS], help="all unless named")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    chains = options.chains or list(CHAINS)
    if options.worker:
        work(options.worker, chains)
        return
    engines = ["fused", "unfused"] + ["tf"] * ("TAILRACE_TF1_PYTHON" in os.environ)
    best = {engine: {} for engine in engines}
    for _ in range(options.turns):
        for engine in engines:
            for name, seconds in turn(engine, chains).items():
                best[engine][name] = min(seconds, best[engine].get(name, seconds))
    print(table(engines, best))


if __name__ == "__main__":
    main()
