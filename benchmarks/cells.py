"""What a training step of one layer of each cell costs: as a layer or a loop, and in TensorFlow.

    python benchmarks/cells.py                            # all cells
    python benchmarks/cells.py LayerNormBasicLSTMCell     # one of them

A row is `dynamic_rnn` over a cell, the sum of squares of its outputs, and gradient descent on it;
batch 50, 50 steps, as many inputs as units. "tailrace" is Tailrace, "steps" the same with no layers
put in place of loops (`TAILRACE_PASSES=-lift`), "tf" TensorFlow 1.15, where TAILRACE_TF1_PYTHON
names a Python that has it. All compute on one thread, and what counts is the processor's time,
which others' load changes little. Engines take turns, each in a process of its own; a row shows the
smallest of all batches of steps. "first" is the time of the first step, planning included. This
file runs under TensorFlow 1's Python as well.
"""

import argparse
import json
import os
import subprocess
import sys
import time

BATCH, STEPS, UNITS = 50, 50, 128
BATCHES = 5
BATCH_S = 0.3


def cells(tf):
    """Functions that make a cell, by name."""
    rnn, contrib, cudnn = tf.nn.rnn_cell, tf.contrib.rnn, tf.contrib.cudnn_rnn
    return {
        "BasicLSTMCell": lambda: rnn.BasicLSTMCell(UNITS),
        "BasicLSTMCell, relu": lambda: rnn.BasicLSTMCell(UNITS, activation=tf.nn.relu),
        "LSTMBlockCell": lambda: contrib.LSTMBlockCell(UNITS),
        "LSTMBlockCell, peepholes": lambda: contrib.LSTMBlockCell(UNITS, use_peephole=True),
        "CudnnCompatibleLSTMCell": lambda: cudnn.CudnnCompatibleLSTMCell(UNITS),
        "GRUCell": lambda: rnn.GRUCell(UNITS),
        "GRUCell, relu": lambda: rnn.GRUCell(UNITS, activation=tf.nn.relu),
        "GRUBlockCellV2": lambda: contrib.GRUBlockCellV2(UNITS),
        "CudnnCompatibleGRUCell": lambda: cudnn.CudnnCompatibleGRUCell(UNITS),
        "LayerNormBasicLSTMCell": lambda: contrib.LayerNormBasicLSTMCell(UNITS),
        "CoupledInputForgetGateLSTMCell": lambda: contrib.CoupledInputForgetGateLSTMCell(UNITS),
        "UGRNNCell": lambda: contrib.UGRNNCell(UNITS),
        "IndRNNCell": lambda: contrib.IndRNNCell(UNITS),
        "NASCell": lambda: contrib.NASCell(UNITS),
    }


def measured(tf, cell):
    """Seconds of the processor: the best mean of a batch of steps, and the first step."""
    import numpy as np

    with tf.Graph().as_default():
        tf.set_random_seed(1)
        x = tf.placeholder(tf.float32, [BATCH, STEPS, UNITS])
        outputs, _ = tf.nn.dynamic_rnn(cells(tf)[cell](), x, dtype=tf.float32)
        loss = tf.reduce_mean(tf.square(outputs))
        train = tf.train.GradientDescentOptimizer(1e-3).minimize(loss)
        feed = {x: np.random.RandomState(0).randn(BATCH, STEPS, UNITS).astype(np.float32)}
        config = tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
        with tf.Session(config=config) as session:
            session.run(tf.global_variables_initializer())
            start = time.process_time()
            session.run(train, feed)
            first = time.process_time() - start
            start = time.process_time()
            session.run(train, feed)
            runs = max(1, int(BATCH_S / max(time.process_time() - start, 1e-6)))
            means = []
            for _ in range(BATCHES):
                start = time.process_time()
                for _ in range(runs):
                    session.run(train, feed)
                means.append((time.process_time() - start) / runs)
    return min(means), first


def work(engine, names):
    """What a worker prints: seconds by cell."""
    if engine == "tf":
        import tensorflow as tf
    else:
        import tailrace as tf
    names = names or list(cells(tf))
    print(json.dumps({name: measured(tf, name) for name in names}))


def turn(engine, names):
    """One worker's seconds."""
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    python = sys.executable
    if engine == "tf":
        python = os.environ["TAILRACE_TF1_PYTHON"]
    elif engine == "steps":
        environment["TAILRACE_PASSES"] = "-lift"
    command = [python, os.path.abspath(__file__), "--worker", engine, *names]
    output = subprocess.check_output(command, env=environment, stderr=subprocess.DEVNULL)
    return json.loads(output.decode().splitlines()[-1])


def table(engines, best):
    """Milliseconds of each engine, and how many times Tailrace's they are."""
    lines = ["{:<32}".format("milliseconds a step") + "".join(f"{e:>17}" for e in engines)]
    lines[0] += "".join(f"{'first, ' + e:>17}" for e in engines)
    for name, (own, _) in best["tailrace"].items():
        line = f"{name:<32}"
        for engine in engines:
            seconds = best[engine][name][0]
            line += f"{seconds * 1e3:>10.1f}{seconds / own:>6.2f}x"
        line += "".join(f"{best[engine][name][1] * 1e3:>17.0f}" for engine in engines)
        lines.append(line)
    return "\n".join(lines)


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description="A training step of each cell.")
    parser.add_argument("cells", nargs="*", help="all unless named")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options.worker, options.cells)
        return
    engines = ["tailrace", "steps"] + ["tf"] * ("TAILRACE_TF1_PYTHON" in os.environ)
    best = {engine: {} for engine in engines}
    for _ in range(options.turns):
        for engine in engines:
            for name, seconds in turn(engine, options.cells).items():
                before = best[engine].get(name, seconds)
                best[engine][name] = list(map(min, seconds, before))
    print(table(engines, best))


if __name__ == "__main__":
    main()
