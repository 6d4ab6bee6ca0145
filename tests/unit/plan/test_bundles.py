"""Bundles of small steps: what is in one, that it computes what its members do, and what is told
where something fails.
"""

import numpy as np
import pytest

import tailrace as tf
from tailrace.native import bundles
from tailrace.plan.ir import Fused, Loop
from tailrace.run.profile import Profiler

pytestmark = pytest.mark.skipif(
    bundles.call_type() is None, reason="without the native library nothing is bundled"
)

RNG = np.random.RandomState(0)


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def members(steps):
    """The names of the members of each bundle, also of those in loops."""
    found = []
    for step in steps:
        if isinstance(step, Loop):
            found += members(step.steps())
        elif isinstance(step, Fused) and step.definition.name.startswith("Bundle"):
            found.append({op.name for op in step.members})
    return found


def run_both(monkeypatch, fetches, feeds):
    """With the pass and without; in one session each, so that state is the same."""
    results = []
    for setting in ("", "-bundles"):
        monkeypatch.setenv("TAILRACE_PASSES", setting)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            results.append([session.run(fetches, feeds) for _ in range(2)])
    tf.contrib.framework.nest.map_structure(assert_same, *results)


def assert_same(a, b):
    assert np.asarray(a).dtype == np.asarray(b).dtype
    np.testing.assert_allclose(a, b, rtol=2e-6, atol=1e-6)


# -- what is in a bundle ---------------------------------------------------------------------------


def test_what_hangs_together_is_one_call(monkeypatch):
    table = tf.Variable(RNG.randn(9, 4), dtype=tf.float32, name="table")
    ids = tf.placeholder(tf.int64, [3])
    rows = tf.gather(table, ids, name="rows")
    both = tf.concat([tf.reduce_sum(rows, 0, keepdims=True), rows[1:2]], 1, name="both")
    y = tf.argmax(tf.matmul(both, tf.ones([8, 5]) * 0.5), 1, name="y")
    z = tf.exp(both, name="z")
    with tf.Session() as session:
        (found,) = members(session.plan([y, z], [ids]).steps)
    assert {"rows/GatherV2" if "rows/GatherV2" in found else "rows", "both", "y", "z"} <= found
    run_both(monkeypatch, [y, z, both], {ids: [2, 0, 8]})


def test_what_comes_between_parts_bundles(monkeypatch):
    x = tf.placeholder(tf.float32, [4])
    before = tf.reduce_sum(tf.exp(x), name="before")
    large = tf.ones([400, 400]) * before
    y = tf.reduce_max(large[0, :8] + tf.reverse(x, [0])[0], name="after")
    with tf.Session() as session:
        found = members(session.plan([y], [x]).steps)
    assert not any({"before", "after"} <= names for names in found)
    run_both(monkeypatch, y, {x: RNG.randn(4)})


def test_nothing_waits_for_a_bundle_that_needs_it():
    """A write between two steps keeps them apart."""
    v = tf.Variable([1.0, 2.0])
    x = tf.placeholder(tf.float32, [2])
    first = tf.reduce_sum(v.read_value() * x)
    with tf.control_dependencies([first]):
        written = tf.assign(v, x)
    with tf.control_dependencies([written]):
        second = tf.reduce_sum(v.read_value() * x)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run([first, second], {x: [3.0, 4.0]}) == [11.0, 25.0]
        assert session.run([first, second], {x: [1.0, 0.0]}) == [3.0, 1.0]


def test_one_element_wise_step_stays():
    x = tf.placeholder(tf.float32, [4])
    with tf.Session() as session:
        assert not members(session.plan(tf.exp(-x), [x]).steps)
        assert not members(session.plan(tf.reshape(x, [2, 2]), [x]).steps)


def test_large_arrays_stay(monkeypatch):
    x = tf.placeholder(tf.float32, [200, 200])
    with tf.Session() as session:
        assert not members(session.plan(tf.cumsum(tf.transpose(x)), [x]).steps)


def test_sizes_that_are_not_known_are_those_of_the_run(monkeypatch):
    x = tf.placeholder(tf.float32, [None, None])
    y = tf.nn.log_softmax(tf.transpose(x))
    for dims in ((2, 3), (5, 1), (1, 1)):
        run_both(monkeypatch, [y, tf.reduce_mean(y)], {x: RNG.randn(*dims)})


# -- what it computes ------------------------------------------------------------------------------


def test_views(monkeypatch):
    x = tf.placeholder(tf.float32, [3, 4, 2])
    y = tf.transpose(x, [2, 0, 1])
    parts = tf.split(y, 2, 2)
    first, *_ = tf.unstack(parts[1], axis=1)
    fetches = [y, *parts, first, y[:, ::2], x[..., tf.newaxis, 1], tf.squeeze(x[:1], 0)]
    fetches += [tf.expand_dims(tf.reduce_sum(f), 0) for f in fetches]
    run_both(monkeypatch, fetches, {x: RNG.randn(3, 4, 2)})


def test_arrays_of_many_dimensions_stay(monkeypatch):
    # more than a program of the native library takes
    x = tf.placeholder(tf.float32, [2, 1, 3, 1, 2, 1, 2, 1, 2])
    summed = tf.reduce_sum(x, [1, 3]) + 1.0
    again = tf.reshape(tf.reduce_max(summed, 0) * 2.0, [1, 3, 1, 1, 1, 2, 1, 2, 1, 2])
    fetches = [again, tf.transpose(summed) * 2.0, tf.reduce_sum(again, [2, 3]) - 1.0]
    run_both(monkeypatch, fetches, {x: RNG.randn(2, 1, 3, 1, 2, 1, 2, 1, 2)})


def test_reductions_of_all_kinds(monkeypatch):
    x = tf.placeholder(tf.float32, [3, 4, 2])
    n = tf.placeholder(tf.int32, [3, 4])
    kinds = [tf.reduce_sum, tf.reduce_prod, tf.reduce_max, tf.reduce_min, tf.reduce_mean]
    fetches = [f(x, axes) for f in kinds for axes in ([0], [1, 2], [0, 2], None)]
    fetches += [f(n, 1, keepdims=True) for f in kinds]
    fetches += [tf.reduce_all(n > 0, 0), tf.reduce_any(n > 0), tf.argmin(n, 1), tf.argmax(x, 1)]
    run_both(monkeypatch, fetches, {x: RNG.randn(3, 4, 2), n: RNG.randint(-5, 5, (3, 4))})


def test_whole_numbers(monkeypatch):
    n = tf.placeholder(tf.int64, [5])
    keys = tf.constant([1, 4, 4, 9], tf.int64)
    fetches = [n // 3, n % 3, -7 // n, 7 % n, n // n[::-1], tf.cast(n, tf.int32) + 1]
    fetches += [tf.to_float(n) * 0.5, tf.searchsorted(keys, n), tf.searchsorted(keys, n, "right")]
    fetches += [tf.cumsum(n, exclusive=True), tf.stack([n, n]), tf.nn.top_k(n, 2).indices]
    run_both(monkeypatch, fetches, {n: [4, -3, 9, 1, -8]})


def test_in_loops_and_their_gradients(monkeypatch):
    w = tf.Variable(RNG.randn(6, 3), dtype=tf.float32)
    x = tf.placeholder(tf.float32, [1, 3])

    def body(i, y, taken):
        row = tf.expand_dims(tf.reduce_mean(tf.gather(w, [i, i + 1]), 0), 0)
        return i + 1, tf.nn.softmax(tf.concat([y[:, 1:], y[:, :1]], 1) * row), taken.write(i, y)

    taken = tf.TensorArray(tf.float32, 5)
    _, y, taken = tf.while_loop(lambda i, *_: i < 5, body, [0, x, taken])
    total = tf.reduce_sum(y * y) + tf.reduce_sum(taken.stack())
    with tf.Session() as session:
        assert members(session.plan([y], [x]).steps)
    gradients = [tf.convert_to_tensor(g) for g in tf.gradients(total, [w, x])]
    run_both(monkeypatch, [y, total, *gradients], {x: RNG.randn(1, 3)})


def test_in_conditionals(monkeypatch):
    x = tf.placeholder(tf.float32, [3])
    y = tf.cond(
        tf.reduce_sum(x) > 0.0,
        lambda: tf.reduce_max(tf.reverse(tf.exp(x), [0])[:2]),
        lambda: tf.reduce_min(tf.cumsum(x)) - 1.0,
    )
    for value in ([1.0, 2.0, 3.0], [-1.0, -2.0, -3.0]):
        run_both(monkeypatch, y, {x: value})


def test_results_have_memory_of_their_own():
    v = tf.Variable([1.0, 2.0, 3.0])
    part = tf.reshape(tf.identity(v), [3, 1])
    total = tf.reduce_sum(part, 0)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before, _ = session.run([part, total])
        session.run(tf.assign_add(v, [1.0, 1.0, 1.0]))
        np.testing.assert_array_equal(before, [[1.0], [2.0], [3.0]])


# -- what fails ------------------------------------------------------------------------------------


def test_failures_name_the_member():
    ids = tf.placeholder(tf.int32, [2])
    rows = tf.gather(tf.eye(3), ids, name="rows")
    y = tf.reduce_sum(rows, 1, name="total")
    with tf.Session() as session:
        np.testing.assert_array_equal(session.run(y, {ids: [0, 2]}), [1.0, 1.0])
        with pytest.raises(
            tf.errors.InvalidArgumentError, match=r"indices\[1\] = 3 .* \[0, 3\)"
        ) as e:
            session.run(y, {ids: [0, 3]})
        assert e.value.op.name == "rows"
        np.testing.assert_array_equal(session.run(y, {ids: [1, 2]}), [1.0, 1.0])


def test_division_by_zero():
    n = tf.placeholder(tf.int32, [2])
    y = tf.reduce_sum(7 // n)
    with tf.Session() as session:
        assert session.run(y, {n: [2, -2]}) == -1
        with pytest.raises(tf.errors.InvalidArgumentError, match="division by zero"):
            session.run(y, {n: [2, 0]})


def test_values_that_no_instruction_takes(monkeypatch):
    x = tf.placeholder(tf.float32, [4])
    fetches = [tf.nn.softmax(x), tf.nn.top_k(x, 2).values, tf.argmax(x), tf.cumsum(x)]
    for value in ([np.nan, 1.0, 2.0, 0.0], [np.inf, 1.0, -np.inf, 0.0]):
        run_both(monkeypatch, fetches, {x: value})


def test_flops_are_those_of_the_members():
    x, w = tf.placeholder(tf.float32, [1, 8]), tf.placeholder(tf.float32, [8, 5])
    y = tf.reduce_max(tf.matmul(x, w))
    with tf.Session() as session, Profiler() as profiler:
        session.run(y, {x: np.ones([1, 8]), w: np.ones([8, 5])})
    assert [record.op_type for record in profiler.records] == ["Bundle(MatMul, Max)"]
    assert profiler.records[0].flops == 2 * 8 * 5
