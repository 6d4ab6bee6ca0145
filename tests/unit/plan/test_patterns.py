"""Fused operations for steps that change variables: Adam with gradients of single rows."""

import numpy as np
import pytest
import torch

import tailrace as tf
from tailrace.native import updates as native

ROWS, COLUMNS = 23, 9


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def build(dtype=tf.float32, use_resource=False):
    rng = np.random.RandomState(0)
    table = tf.get_variable(
        "table", initializer=rng.randn(ROWS, COLUMNS).astype(dtype.name), use_resource=use_resource
    )
    rows = tf.placeholder(tf.int32, [None])
    target = tf.constant(rng.randn(COLUMNS).astype(dtype.name))
    loss = tf.reduce_sum(tf.square(tf.sin(tf.nn.embedding_lookup(table, rows)) - target))
    optimizer = tf.train.AdamOptimizer(0.1, epsilon=1e-3)
    return table, rows, loss, optimizer, optimizer.minimize(loss)


def trained(dtype=tf.float32, use_resource=False):
    """Table and slots after some steps; the types of the steps of the plan."""
    with tf.Graph().as_default(), tf.Session() as session:
        table, rows, loss, optimizer, train = build(dtype, use_resource)
        session.run(tf.global_variables_initializer())
        for batch in ([1, 1, 22], [3], [], [0, 5, 5, 5], [1]):
            session.run([train, loss], {rows: batch})
        slots = [optimizer.get_slot(table, name) for name in ("m", "v")]
        plan = session.plan([train, loss], {rows: [1, 2]})
        return session.run([table, *slots]), {s.op_def.name for s in plan.steps}


def assert_same(a, b, tolerance):
    for x, y in zip(a, b, strict=True):
        np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("use_resource", [False, True])
@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
def test_adam_of_rows_in_one_pass_is_the_same(monkeypatch, dtype, use_resource):
    together, steps = trained(dtype, use_resource)
    assert ("ResourceAdamRows" if use_resource else "AdamRows") in steps
    assert not {"ScatterAdd", "ResourceScatterAdd", "AssignSub"}.intersection(steps)
    monkeypatch.setenv("TAILRACE_PASSES", "-patterns")
    alone, steps = trained(dtype, use_resource)
    assert not {"ResourceAdamRows", "AdamRows"}.intersection(steps)
    assert_same(together, alone, 2e-6 if dtype is tf.float32 else 1e-13)


@pytest.mark.parametrize("use_resource", [False, True])
def test_without_the_native_library_it_is_the_same(monkeypatch, use_resource):
    together, _ = trained(use_resource=use_resource)
    monkeypatch.setattr(native, "entry", lambda name: None)
    plain, _ = trained(use_resource=use_resource)
    assert_same(together, plain, 2e-6)


def test_a_slot_that_is_fetched_does_not_hinder():
    table, rows, _, optimizer, train = build()
    m = optimizer.get_slot(table, "m")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run([train, m], {rows: [4]})
        assert np.count_nonzero(np.abs(session.run(m)).sum(1)) == 1


def test_what_is_computed_on_the_way_can_be_fetched(monkeypatch):
    _, rows, _, _, train = build()
    middle = tf.get_default_graph().get_tensor_by_name("Adam/update_table/truediv_1:0")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        steps = {s.op_def.name for s in session.plan([train, middle], {rows: [1]}).steps}
        assert "AdamRows" not in steps
        fetched = session.run([train, middle], {rows: [1]})[1]
        assert fetched.shape == (ROWS, COLUMNS)


def test_rows_out_of_range_are_an_error():
    _, rows, _, _, train = build()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError):
            session.run(train, {rows: [ROWS]})


def test_an_index_that_repeats_counts_twice():
    table = tf.get_variable("table", initializer=np.zeros((4, 2), np.float32))
    gradient = tf.IndexedSlices(tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.constant([1, 1]))
    optimizer = tf.train.AdamOptimizer(1.0)
    train = optimizer.apply_gradients([(gradient, table)])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train)
        m = session.run(optimizer.get_slot(table, "m"))
    np.testing.assert_allclose(m, [[0, 0], [0.4, 0.6], [0, 0], [0, 0]], rtol=1e-6)


def test_small_averages_become_zero():
    slots = [torch.zeros(2, 3), torch.full((2, 3), 1.2e-38), torch.zeros(2, 3)]
    done = native.adam_rows(
        slots, torch.tensor([0]), torch.zeros(1, 3), [0.1, 0.5, 0.5, 0.9, 0.1, 1e-8]
    )
    if done:
        assert not slots[1].any()
