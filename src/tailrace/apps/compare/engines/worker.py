"""One cell on one engine, in a process of its own: sets up, then learns when told to.

    python worker.py '{"engine": "tailrace", "cell": "lstm", "data": "data.npz", ...}'

Answers in JSON lines on standard output: first what setting up took, then for each line `steps N`
on standard input the losses of N steps and the seconds of each, for `held-out` the loss on held-out
text, for `save FILE` nothing but a word that the variables are there. Runs on Python 3.7, too.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time

# before numpy or an engine is loaded
_STARTED = time.perf_counter()


class Graph:
    """The TensorFlow program on an engine that runs such programs."""

    def __init__(self, tf, spec, config=None):
        import numpy as np

        program = importlib.import_module("tf_program")
        tf.set_random_seed(spec["seed"])
        sizes = [spec[name] for name in ("vocabulary", "size", "layers")]
        self.network = program.build(tf, spec["cell"], *sizes)
        self.session = tf.Session(config=config)
        self.session.run(tf.global_variables_initializer())
        self.variables = tf.trainable_variables()
        if spec.get("weights"):
            with np.load(spec["weights"]) as arrays:
                for number, variable in enumerate(self.variables):
                    variable.load(arrays[f"arr_{number}"], self.session)

    def step(self, x, y, rate):
        """Learns from a batch [B, T]; returns its loss."""
        net = self.network
        feed = {net.x: x, net.y: y, net.learning_rate: rate}
        return float(self.session.run([net.loss, net.train], feed)[0])

    def loss(self, x, y):
        """The loss of a batch."""
        return float(self.session.run(self.network.loss, {self.network.x: x, self.network.y: y}))

    def save(self, file):
        """Writes the variables."""
        import numpy as np

        np.savez(file, *self.session.run(self.variables))


def _tailrace(spec):
    # its version is that of TensorFlow's API
    return Graph(importlib.import_module("tailrace"), spec), ""


def _tensorflow(spec):
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import warnings

    warnings.simplefilter("ignore")
    tf = importlib.import_module("tensorflow")
    tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
    # the variable that the others read; 0 leaves the choice to TensorFlow
    threads = int(os.environ.get("OMP_NUM_THREADS", "0"))
    config = tf.ConfigProto(
        intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads
    )
    return Graph(tf, spec, config), tf.__version__


def _torch(spec):
    import numpy as np

    torch = importlib.import_module("torch")
    program = importlib.import_module("torch_program")
    torch.manual_seed(spec["seed"])
    with np.load(spec["weights"]) as arrays:
        weights = [arrays[f"arr_{number}"] for number in range(len(arrays.files))]
    sizes = [spec[name] for name in ("vocabulary", "size", "layers")]
    return program.Program(spec["cell"], *sizes, weights), torch.__version__


ENGINES = {"tailrace": _tailrace, "torch": _torch, "tensorflow": _tensorflow}


def _learn(program, batches, first, count, rate):
    losses, seconds = [], []
    for number in range(first, first + count):
        batch = batches[number % len(batches)]
        begin = time.perf_counter()
        losses.append(program.step(batch[:, :-1], batch[:, 1:], rate))
        seconds.append(time.perf_counter() - begin)
    return losses, seconds


def main(answers):
    """Set up, then answer line after line."""
    import numpy as np

    def say(**values):
        answers.write(json.dumps(values) + "\n")
        answers.flush()

    spec = json.loads(sys.argv[1])
    with np.load(spec["data"]) as arrays:
        batches, held_out = arrays["batches"], arrays["held_out"]
    program, version = ENGINES[spec["engine"]](spec)
    say(version=version, setup_s=time.perf_counter() - _STARTED)
    done = 0
    for line in sys.stdin:
        word, _, argument = line.strip().partition(" ")
        if word == "steps":
            count = int(argument)
            losses, seconds = _learn(program, batches, done, count, spec["learning_rate"])
            done += count
            say(losses=losses, seconds=seconds)
        elif word == "held-out":
            found = [program.loss(batch[:, :-1], batch[:, 1:]) for batch in held_out]
            say(loss=sum(found) / len(found))
        else:
            program.save(argument)
            say(saved=argument)


if __name__ == "__main__":
    # what an engine prints goes to standard error, not between the answers
    _STREAM = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    main(_STREAM)
