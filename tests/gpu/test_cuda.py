"""On a real GPU: the same values as on the host. Run by `pytest -m gpu`, skipped without one.

What is tested on every machine, on a device that is none, is in the other files.
"""

import compare
import golden
import numpy as np
import pytest
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
# products of float32 are not rounded to TF32, as in TensorFlow 1
CASES = [case for case in all_cases() if case.module != "math_nan"]


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
