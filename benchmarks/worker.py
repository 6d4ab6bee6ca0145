"""One program on one engine, in a process of its own: sets up, then does steps when told to.

    python -m benchmarks.worker '{"engine": ..., "program": ..., "arguments": {...}}'

The engine is one of `ENGINES`. Answers in JSON lines on standard output: first
what setting up took, then for each line `sample SECONDS` on standard input one sample, and for
`end` the memory. With `save_weights` the initial values of the trainable variables go to that
file, with `load_weights` they come from it; with `count_flops` the flops of a step of Tailrace are
told. Runs under Python 3.7 as well.
"""

import json
import os
import resource
import sys
import time

# before numpy or an engine is loaded
_STARTED = time.perf_counter()

# set to "gpu", Tailrace and PyTorch compute on the first GPU; else on the CPU, whatever there is
DEVICE = "TAILRACE_BENCHMARK_DEVICE"
TORCH_DEVICE = "cuda"

# so many results are kept, to see that the engines do the same work
COMPARED = 3


def _say(**values):
    print(json.dumps(values), flush=True)


def _since(moment):
    return time.perf_counter() - moment


def _graph_engine(tf, spec, config=None):
    """Build a program of `programs.py`; gives the step and what setting up took."""
    import numpy as np

    from benchmarks.programs import PROGRAMS

    started = time.perf_counter()
    tf.set_random_seed(1)
    work = PROGRAMS[spec["program"]](tf, **spec["arguments"])
    built = _since(started)
    nodes = len(tf.get_default_graph().get_operations())
    started = time.perf_counter()
    session = tf.Session(config=config)
    if tf.global_variables():
        session.run(tf.global_variables_initializer())
    initialized = _since(started)
    if spec.get("save_weights"):
        np.savez(spec["save_weights"], *session.run(tf.trainable_variables()))

    def step():
        values = session.run(work.fetches, work.feed)
        if work.after:
            work.after(values, work.feed)
        return float(np.ravel(values[0] if isinstance(values, list) else values)[0])

    return step, {"build_s": built, "nodes": nodes, "init_s": initialized}


def _tailrace(spec):
    import tailrace as tf

    _ = tf.Session  # the package is loaded on first use
    imported = _since(_STARTED)
    on_gpu = os.environ.get(DEVICE) == "gpu"
    config = None if on_gpu else tf.ConfigProto(device_count={"GPU": 0})
    step, facts = _graph_engine(tf, spec, config)
    return step, dict(facts, import_s=imported)


def _tensorflow(spec):
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import warnings

    warnings.simplefilter("ignore")
    import tensorflow as tf  # pyright: ignore[reportMissingModuleSource]

    tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
    if spec["arguments"].get("form") == "block":
        _ = tf.contrib.rnn  # loaded on first use, too
    imported = _since(_STARTED)
    # the variable that the others read; 0 leaves the choice to TensorFlow
    threads = int(os.environ.get("OMP_NUM_THREADS", "0"))
    config = tf.ConfigProto(intra_op_parallelism_threads=threads)
    step, facts = _graph_engine(tf, spec, config)
    return step, dict(facts, import_s=imported, version=tf.__version__)


def _plain_engine(programs, spec, weights):
    imported = _since(_STARTED)
    started = time.perf_counter()
    step = programs[spec["program"]](weights, **spec["arguments"])
    return step, {"import_s": imported, "build_s": _since(started), "init_s": 0.0}


def _torch(spec):
    import numpy as np
    import torch

    from benchmarks.torch_programs import PROGRAMS

    if os.environ.get(DEVICE) == "gpu":
        torch.set_default_device(TORCH_DEVICE)
    torch.manual_seed(0)
    weights = None
    if spec.get("load_weights"):
        with np.load(spec["load_weights"]) as arrays:
            weights = [arrays[name] for name in arrays.files]
    step, facts = _plain_engine(PROGRAMS, spec, weights)
    return step, dict(facts, version=torch.__version__)


def _apps(spec):
    from benchmarks.app_programs import PROGRAMS

    return _plain_engine(PROGRAMS, spec, None)


ENGINES = {
    "tailrace": _tailrace,
    "tensorflow": _tensorflow,
    "torch": _torch,
    "gemm": _torch,  # a bare matrix product: no peer, but what flops are measured by
    "apps": _apps,
}


def _others_s(own_s):
    """Seconds of processor time that went to anything but this process since the machine started.

    A virtual machine's stolen time is among it.
    """
    try:
        with open("/proc/stat") as file:
            user, nice, system, _, _, irq, softirq, steal = map(int, file.readline().split()[1:9])
    except OSError:  # not a Linux
        return 0.0
    busy = user + nice + system + irq + softirq + steal
    return busy / float(os.sysconf("SC_CLK_TCK")) - own_s


class _Watch:
    """Measures a piece of work, and what else the machine did meanwhile."""

    def __enter__(self):
        usage = resource.getrusage(resource.RUSAGE_SELF)
        self._switches = usage.ru_nivcsw
        self._others = _others_s(usage.ru_utime + usage.ru_stime)
        self._started = time.perf_counter()
        return self

    def __exit__(self, *_):
        seconds = _since(self._started)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        others = _others_s(usage.ru_utime + usage.ru_stime) - self._others
        self.found = {
            "seconds": seconds,
            "switches": usage.ru_nivcsw - self._switches,
            "others_s": max(0.0, others),
        }


def _sample(step, least_s):
    """Seconds a step took: the mean of as many in a row as last `least_s`."""
    steps = 0
    with _Watch() as watch:
        end = time.perf_counter() + least_s
        while not steps or time.perf_counter() < end:
            step()
            steps += 1
    return dict(watch.found, step_s=watch.found["seconds"] / steps)


def _flops_done(step):
    """The floating point operations of a step of Tailrace, as its plan counts them."""
    from tailrace.run.profile import Profiler

    with Profiler() as profiler:
        step()
    return sum(record.flops or 0 for record in profiler.records)


def _memory():
    """The peak, and what is resident now that no file holds."""
    try:
        with open("/proc/self/status") as file:
            facts = dict(line.split(":", 1) for line in file)
    except OSError:  # not a Linux
        return {"peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0}
    names = {"peak_mib": "VmHWM", "private_mib": "RssAnon"}
    return {key: int(facts[name].split()[0]) / 1024.0 for key, name in names.items()}


def main():
    """Set up, then answer line after line."""
    spec = json.loads(sys.argv[1])
    with _Watch() as watch:
        step, facts = ENGINES[spec["engine"]](spec)
        started = time.perf_counter()
        results = [step()]
        facts["first_s"] = _since(started)
    results.extend(step() for _ in range(COMPARED - 1))
    if spec.get("count_flops"):
        facts["flops_done"] = _flops_done(step)
    _say(results=results, start=watch.found, **facts)
    for line in sys.stdin:
        words = line.split()
        if words[0] == "end":
            _say(**_memory())
            return
        _say(**_sample(step, float(words[1])))


if __name__ == "__main__":
    main()
