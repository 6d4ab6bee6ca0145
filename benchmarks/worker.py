"""One engine, one program, in a process of its own: sets up, then does steps when told to.

    python worker.py ENGINE PROGRAM        ENGINE: tailrace, tensorflow or torch

Answers in JSON lines on standard output: first what setting up took, then for each line `steps N`
on standard input the samples, and for `end` the peak memory. Runs under Python 3.7 as well.
"""

import json
import os
import resource
import sys
import time

# before numpy or an engine is loaded
_STARTED = time.perf_counter()


def _say(**values):
    print(json.dumps(values), flush=True)


def _graph_engine(tf, name):
    """Build a program of `programs.py`; gives the step and what building took."""
    from programs import PROGRAMS

    started = time.perf_counter()
    fetches, feed = PROGRAMS[name](tf)
    built = time.perf_counter() - started
    nodes = len(tf.get_default_graph().get_operations())
    session = tf.Session()
    session.run(tf.global_variables_initializer() if tf.global_variables() else tf.no_op())
    return lambda: session.run(fetches, feed), {
        "build_s": built,
        "nodes": nodes,
        "version": tf.__version__,
    }


def _tailrace(name):
    import tailrace as tf

    _ = tf.Session  # the package is loaded on first use
    imported = time.perf_counter() - _STARTED
    step, facts = _graph_engine(tf, name)
    facts["version"] = "tailrace"
    return step, dict(facts, import_s=imported)


def _tensorflow(name):
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import warnings

    warnings.simplefilter("ignore")
    import tensorflow as tf

    tf.logging.set_verbosity(tf.logging.ERROR)
    imported = time.perf_counter() - _STARTED
    step, facts = _graph_engine(tf, name)
    return step, dict(facts, import_s=imported)


def _torch(name):
    import torch
    from torch_programs import PROGRAMS

    imported = time.perf_counter() - _STARTED
    started = time.perf_counter()
    step = PROGRAMS[name]()
    built = time.perf_counter() - started
    return step, {"import_s": imported, "build_s": built, "version": torch.__version__}


_ENGINES = {"tailrace": _tailrace, "tensorflow": _tensorflow, "torch": _torch}


def _sample(step, repeats):
    """Seconds a step took (the mean of `repeats` in a row),
    and how often the process was put off the processor.
    """
    before = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
    started = time.perf_counter()
    for _ in range(repeats):
        step()
    seconds = (time.perf_counter() - started) / repeats
    return [seconds, resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw - before]


def main():
    step, facts = _ENGINES[sys.argv[1]](sys.argv[2])
    started = time.perf_counter()
    step()
    facts["first_s"] = time.perf_counter() - started
    once = min(_sample(step, 1)[0] for _ in range(3))
    repeats = max(1, int(0.02 / once))  # a sample lasts 20 ms or one step
    _say(**facts)
    for line in sys.stdin:
        words = line.split()
        if words[0] == "end":
            _say(peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0)
            return
        _say(samples=[_sample(step, repeats) for _ in range(int(words[1]))])


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    main()
