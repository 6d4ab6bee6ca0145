"""The acceptance run on a real GPU: `pytest -m gpu tests/gpu`; skipped without one.

All conformance cases, all recurrent programs, cuDNN beside the native layers, recordings beside the
same unrecorded, random numbers, optimizers, memory, and the programs of the benchmark.

What is tested on every machine, on a device that is none, is in the other files.
"""

import threading

import benchmark_on_device
import compare
import golden
import numpy as np
import pytest
import regions
import shared
import torch
from discovery import all_cases
from harness import run_case

import tailrace as tf
from tailrace.plan.ir import Segment

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]
HOST = tf.ConfigProto(device_count={"GPU": 0})
# NaN among extrema counts as PyTorch has it; whether there is a GPU
_OTHERWISE = ("math_nan", "names_of_old-machine_questions")
CASES = [
    case
    for case in all_cases()
    if not {case.module, f"{case.module}-{case.name}"}.intersection(_OTHERWISE)
]


@pytest.mark.parametrize("case", CASES, ids=[f"{c.module}-{c.name}" for c in CASES])
def test_case(case):
    outcome = run_case(tf, case.function())
    found = compare.differences(golden.read(case.module)[case.name].outcome, outcome)
    if found:
        raise AssertionError("\n".join(found)) from outcome.exception


def _cell(kind: str, units: int):
    cells = {
        "lstm": tf.nn.rnn_cell.LSTMCell,
        "gru": tf.nn.rnn_cell.GRUCell,
        "rnn": tf.nn.rnn_cell.BasicRNNCell,
    }
    return cells[kind](units)


def _trained(kind: str, config: tf.ConfigProto | None):
    """Losses of 30 steps, the last plan, where the variables were."""
    rng = np.random.RandomState(0)
    with tf.Graph().as_default(), tf.Session(config=config) as session:
        tf.set_random_seed(1)
        x = tf.placeholder(tf.float32, [20, 8, 10])
        y = tf.placeholder(tf.float32, [20, 8, 4])
        cell = tf.nn.rnn_cell.MultiRNNCell([_cell(kind, 32) for _ in range(2)])
        outputs, _ = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32, time_major=True)
        loss = tf.reduce_mean(tf.square(tf.layers.dense(outputs, 4) - y))
        variables = tf.trainable_variables()
        grads, _ = tf.clip_by_global_norm(tf.gradients(loss, variables), 1.0)
        train = tf.train.AdamOptimizer(0.01).apply_gradients(zip(grads, variables, strict=True))
        session.run(tf.global_variables_initializer())
        losses, feed = [], {}
        for _ in range(30):
            feed = {x: rng.randn(20, 8, 10), y: rng.randn(20, 8, 4)}
            losses.append(session.run([loss, train], feed)[0])
        plan = session.plan([loss, train], feed)
        name = variables[0].op.name
        return losses, plan, session.store.resource("variable", "", name, lambda: None).value


@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn"])
def test_training_computes_what_the_host_computes(kind: str):
    expected, _, there = _trained(kind, HOST)
    found, plan, value = _trained(kind, None)
    np.testing.assert_allclose(found, expected, rtol=2e-3)
    assert there.is_cpu
    assert value.is_cuda
    assert sum(isinstance(step, Segment) for step in plan.steps) == 1
    names = [s.op_def.name for step in plan.steps for s in step.leaves()]
    assert names.count("CudnnSequence") == names.count("CudnnSequenceGrad") == 2 * (kind != "gru")


@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize(
    ("name", "value"), [("TAILRACE_RECORD", "0"), ("TAILRACE_PASSES", "-one_call")]
)
def test_training_is_the_same_unrecorded_and_without_cudnn(
    kind: str, name: str, value: str, monkeypatch: pytest.MonkeyPatch
):
    expected, _, _ = _trained(kind, None)
    monkeypatch.setenv(name, value)
    found, _, _ = _trained(kind, None)
    np.testing.assert_allclose(found, expected, rtol=2e-4)


# -- layers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", regions.PROGRAMS, ids=["-".join(p) for p in regions.PROGRAMS])
def test_recurrent_program(place: tuple[str, str, str]):
    """Every cell, loop and wrapper, values and gradients, also of recordings."""
    regions.compare(place, 1e-7)


@pytest.mark.parametrize("sizes", shared.SIZES, ids=str)
@pytest.mark.parametrize("mode", ["lstm", "rnn_tanh", "rnn_relu"])
@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [(torch.float64, 1e-10), (torch.float32, 1e-4), (torch.float16, 2e-2)],
)
def test_cudnn_computes_what_the_native_layer_does(mode, dtype, tolerance, sizes):
    given, forget_bias = shared.numbers(mode, sizes), 1.0 if mode == "lstm" else 0.0
    expected = shared.natively(mode, given, forget_bias)
    there = [v if v is None else v.to("cuda", dtype) for v in given]
    found = shared.by_cudnn(mode, there, forget_bias)
    for value, other in zip(found, expected, strict=True):
        torch.testing.assert_close(value.double().cpu(), other, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("kind", ["CudnnLSTM", "CudnnGRU", "CudnnRNNTanh", "CudnnRNNRelu"])
@pytest.mark.parametrize("lengths", [False, True])
@pytest.mark.parametrize("direction", ["unidirectional", "bidirectional"])
def test_networks_of_contrib(kind: str, lengths: bool, direction: str):
    soft = tf.ConfigProto(allow_soft_placement=True, device_count={"GPU": 0})
    expected = shared.of_contrib(kind, lengths, direction, soft, gradients=True)
    found = shared.of_contrib(kind, lengths, direction, None, gradients=True)
    for value, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-8, atol=1e-8)


# -- the rest --------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", shared.OPTIMIZERS)
@pytest.mark.parametrize("use_resource", [False, True])
def test_optimizers(optimizer: str, use_resource: bool):
    expected = shared.optimized(optimizer, use_resource, HOST)
    found = shared.optimized(optimizer, use_resource, None)
    for value, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("count", [5, 1 << 19])
def test_random_numbers_are_those_of_the_host(count: int):
    def drawn(config: tf.ConfigProto | None):
        with tf.Graph().as_default(), tf.Session(config=config) as session:
            tf.set_random_seed(7)
            uniform = [tf.random_uniform([count], dtype=t) for t in (tf.float32, tf.float64)]
            normal = [tf.random_normal([count]), tf.truncated_normal([count])]
            return [v for _ in range(2) for v in session.run([*uniform, *normal])]

    for i, (value, other) in enumerate(zip(drawn(None), drawn(HOST), strict=True)):
        exact = i % 4 < 2
        np.testing.assert_allclose(
            value, other, rtol=0 if exact else 1e-4, atol=0 if exact else 1e-5
        )


def test_recordings_by_the_sizes_of_feeds_and_by_threads():
    x = tf.placeholder(tf.float32, [None, 3])
    y = tf.reduce_sum(tf.sin(tf.exp(x) + 1.0) * 2.0)
    right = []
    with tf.Session() as session:

        def work(first: int):
            for turn in range(20):
                rows = 1 + (first + turn) % 3
                value = np.full((rows, 3), first + turn / 10)
                expected = (np.sin(np.exp(value) + 1) * 2).sum()
                if np.isclose(session.run(y, {x: value}), expected, rtol=1e-3, atol=1e-3):
                    right.append((first, turn))

        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(right) == 80


def test_what_the_memory_does_not_hold_is_refused():
    size = tf.placeholder(tf.int64, [])
    x = tf.random_uniform([size], name="large")
    with tf.Session() as session:
        with pytest.raises(tf.errors.ResourceExhaustedError, match="'large/"):
            session.run(x, {size: 1 << 45})
        assert session.run(x, {size: 2}).shape == (2,)


def test_checkpoints_are_those_of_the_host(tmp_path):
    v = tf.Variable(np.arange(6.0).reshape(2, 3), name="v")
    saver = tf.train.Saver()
    with tf.Session() as session:
        session.run(v.initializer)
        path = saver.save(session, str(tmp_path / "model"))
    with tf.Session(config=HOST) as session:
        saver.restore(session, path)
        np.testing.assert_array_equal(session.run(v), np.arange(6.0).reshape(2, 3))


def test_the_machine_tells_of_its_gpu():
    assert tf.test.is_gpu_available()
    with tf.Session() as session:
        kinds = [device.device_type for device in session.list_devices()]
    assert kinds == ["CPU"] + ["GPU"] * torch.cuda.device_count()


@pytest.mark.parametrize("case", benchmark_on_device.CASES)
def test_the_benchmarks_programs(case: str):
    """Losses of the table's programs at toy sizes, beside PyTorch on the same GPU."""
    benchmark_on_device.compare(case, peer="cuda")


def test_a_recording_is_quicker_than_its_steps(monkeypatch: pytest.MonkeyPatch):
    def seconds_of() -> float:
        with tf.Graph().as_default(), tf.Session() as session:
            x = tf.Variable(tf.ones([64, 64]))
            y = x
            for _ in range(200):
                y = tf.tanh(y) + x
            session.run(x.initializer)
            for _ in range(5):
                session.run(y.op)
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            for _ in range(20):
                session.run(y.op)
            end.record()
            end.synchronize()
            return start.elapsed_time(end) / 20e3

    recorded = seconds_of()
    monkeypatch.setenv("TAILRACE_RECORD", "0")
    assert recorded < seconds_of()
