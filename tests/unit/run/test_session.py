"""What `Session.run` promises: structures, feeds, copies, order of reads and writes,
errors that say where.
"""

import collections
import gc
import threading
import weakref
from typing import Any

import numpy as np
import pytest

import tailrace as tf
from tailrace.run.profile import Profiler


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def test_fetches_come_back_in_their_structure():
    a, b = tf.constant(1.0), tf.constant([2, 3])
    Pair: Any = collections.namedtuple("Pair", "x y")
    with tf.Session() as session:
        result = session.run({"one": a, "many": [b, (a, {"deep": b})], "pair": Pair(a, b.op)})
    assert result["one"] == 1.0
    assert type(result["one"]) is np.float32
    assert isinstance(result["many"][1], tuple)
    np.testing.assert_array_equal(result["many"][1][1]["deep"], [2, 3])
    assert result["pair"] == Pair(1.0, None)


def test_names_and_sparse_values_can_be_fetched_and_fed():
    x = tf.sparse_placeholder(tf.float32, [2, 3])
    tf.identity(x.values, name="values")
    value = tf.SparseTensorValue([[0, 1], [1, 2]], [3.0, 4.0], [2, 3])
    with tf.Session() as session:
        values, sparse = session.run(["values:0", x], {x: value})
    np.testing.assert_array_equal(values, [3.0, 4.0])
    np.testing.assert_array_equal(sparse.indices, [[0, 1], [1, 2]])


def test_any_tensor_can_be_fed():
    x = tf.placeholder(tf.float32, [])
    middle = x * 2.0
    result = middle + 1.0
    with tf.Session() as session:
        assert session.run(result, {middle: 10.0}) == 11.0
        assert session.run(result, {x: 10.0}) == 21.0


@pytest.mark.parametrize("fetch", [None, 3.5, object()])
def test_a_fetch_that_is_no_element_is_a_type_error(fetch):
    tf.constant(0.0)
    with tf.Session() as session, pytest.raises(TypeError, match="has invalid type"):
        session.run(fetch)


def test_a_fetch_of_another_graph_is_refused():
    tf.constant(0.0)
    with tf.Graph().as_default():
        other = tf.constant(1.0)
    with tf.Session() as session, pytest.raises(ValueError, match="not an element of this graph"):
        session.run(other)


def test_a_feed_of_the_wrong_shape_names_the_placeholder():
    x = tf.placeholder(tf.float32, [None, 3], name="points")
    with tf.Session() as session, pytest.raises(ValueError, match=r"\(2,\).*'points:0'.*\(\?, 3\)"):
        session.run(x + 1.0, {x: [1.0, 2.0]})


def test_a_tensor_is_no_value_to_feed():
    x = tf.placeholder(tf.float32, [])
    with tf.Session() as session, pytest.raises(TypeError, match=r"cannot be a tf.Tensor"):
        session.run(x, {x: tf.constant(1.0)})


def test_an_integer_out_of_range_is_refused():
    x = tf.placeholder(tf.int32, [])
    with tf.Session() as session, pytest.raises(TypeError, match="int64"):
        session.run(x, {x: 2**40})


def test_returned_arrays_never_change():
    v = tf.Variable([1.0, 2.0])
    add = v.assign_add([1.0, 1.0])
    row = tf.reshape(v, [1, 2])
    with tf.Session() as session:
        session.run(v.initializer)
        before, view = session.run([v, row])
        session.run(add)
        np.testing.assert_array_equal(before, [1.0, 2.0])
        np.testing.assert_array_equal(view, [[1.0, 2.0]])
        before[0] = 100.0
        np.testing.assert_array_equal(session.run(v), [2.0, 3.0])


def test_fed_arrays_are_not_kept():
    x = tf.placeholder(tf.float32, [2])
    v = tf.Variable([0.0, 0.0])
    put = v.assign(x)
    fed = np.array([1.0, 2.0], np.float32)
    with tf.Session() as session:
        session.run(put, {x: fed})
        same = session.run(x, {x: fed})
        fed[:] = 9.0
        np.testing.assert_array_equal(session.run(v), [1.0, 2.0])
        np.testing.assert_array_equal(same, [1.0, 2.0])


def test_a_run_reads_the_values_from_before_it():
    v = tf.Variable(1.0)
    twice = v * 2.0
    change = tf.assign(v, twice + 10.0)
    with tf.Session() as session:
        session.run(v.initializer)
        for old in (1.0, 12.0, 34.0):
            assert session.run([change.op, twice])[1] == 2.0 * old


def test_control_edges_order_a_read_after_a_write():
    v = tf.Variable(1.0, use_resource=True)
    before = v.read_value()
    with tf.control_dependencies([before]):
        change = v.assign(5.0)
    with tf.control_dependencies([change]):
        after = v.read_value()
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run([before, after]) == [1.0, 5.0]


def test_values_are_freed_at_their_last_use():
    big = tf.placeholder(tf.float32, [None])
    alive = []

    def remember(x):
        alive.append(weakref.ref(x))
        return x

    first = tf.py_func(remember, [big + 1.0], tf.float32)

    def look(x):
        gc.collect()
        alive.append(alive[0]() is None)
        return x

    total = tf.py_func(look, [tf.reduce_sum(first)], tf.float32)
    with tf.Session() as session:
        assert session.run(total, {big: np.zeros(1000)}) == 1000.0
    assert alive[1] is True


def test_a_failing_kernel_names_operation_shapes_and_line():
    x = tf.placeholder(tf.float32, [None, None], name="x")
    y = tf.matmul(x, tf.zeros([3, 2]), name="product")
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError) as raised:
        session.run(y, {x: np.zeros([1, 4])})
    text = str(raised.value)
    assert "'product' (MatMul)" in text
    assert "x:0 [None, None]" in text
    assert "test_session.py" in text
    assert 'name="product"' in text
    assert raised.value.op is y.op


def test_shapes_that_cannot_fit_are_reported_when_the_graph_is_built():
    with pytest.raises(ValueError, match=r"64 and 65") as raised:
        tf.matmul(tf.zeros([2, 64]), tf.zeros([65, 10]))
    assert "test_session.py" in str(raised.value)


def test_an_uninitialized_variable_is_a_failed_precondition():
    v = tf.Variable([1.0], name="weights")
    with (
        tf.Session() as session,
        pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value weights"),
    ):
        session.run(v + 1.0)


def test_a_placeholder_that_is_not_fed():
    x = tf.placeholder(tf.float32, [2], name="missing")
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError, match="'missing'"):
        session.run(x * 2.0)


def test_a_closed_session_refuses_to_run():
    x = tf.constant(1.0)
    session = tf.Session()
    session.close()
    with pytest.raises(RuntimeError, match="closed Session"):
        session.run(x)


def test_an_empty_graph_is_an_error():
    with tf.Session() as session, pytest.raises(RuntimeError, match="graph is empty"):
        session.run([])


def test_eval_and_run_need_a_session():
    x = tf.constant(1.0)
    with pytest.raises(ValueError, match="No default session"):
        x.eval()
    with tf.Session():
        assert x.eval() == 1.0
        x.op.run()


def test_sessions_keep_their_variables_apart():
    v = tf.Variable(1.0)
    add = v.assign_add(1.0)
    with tf.Session() as one, tf.Session() as two:
        one.run(v.initializer)
        two.run(v.initializer)
        one.run(add)
        assert (one.run(v), two.run(v)) == (2.0, 1.0)


def test_an_edge_added_later_is_seen():
    v = tf.Variable(1.0)
    read = tf.identity(v.read_value())
    change = v.assign(7.0)
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run(read) == 1.0
        read.op.inputs[0].op._add_control_input(change.op)
        assert session.run(read) == 7.0


def test_threads_share_a_session():
    x = tf.placeholder(tf.float32, [])
    count = tf.Variable(0.0)
    add = count.assign_add(1.0)
    y = x * 3.0
    wrong = []

    def work(session, number):
        for i in range(50):
            if session.run(y, {x: number + i}) != 3.0 * (number + i):
                wrong.append(number)  # noqa: PERF401 - the loop is what is tested

    with tf.Session() as session:
        session.run(count.initializer)
        session.run(add)
        threads = [threading.Thread(target=work, args=(session, n)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


def test_make_callable():
    a, b = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [])
    with tf.Session() as session:
        multiply = session.make_callable(a * b, [a, b])
        assert multiply(3.0, 4.0) == 12.0
        with pytest.raises(TypeError, match="Expected 2 values"):
            multiply(3.0)


def test_an_interactive_session_is_the_default():
    session = tf.InteractiveSession()
    try:
        assert tf.constant(4.0).eval() == 4.0
    finally:
        session.close()
    assert tf.get_default_session() is None


def test_a_profile_has_every_step(monkeypatch):
    monkeypatch.setenv("TAILRACE_PASSES", "-fuse")
    x = tf.placeholder(tf.float32, [10])
    y = tf.tanh(x) * 2.0
    with tf.Session() as session, Profiler() as profiler:
        session.run(y, {x: np.zeros(10)})
    assert [record.op_type for record in profiler.records] == ["Tanh", "Mul"]
    assert "Tanh" in profiler.table()
    assert '"ph": "X"' in profiler.chrome_trace()


def test_run_metadata_is_filled_on_request():
    y = tf.exp(tf.placeholder_with_default(1.0, []))
    metadata = tf.RunMetadata()
    with tf.Session() as session:
        session.run(
            y, options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), run_metadata=metadata
        )
    names = [
        node.node_name for device in metadata.step_stats.dev_stats for node in device.node_stats
    ]
    assert "Exp" in names


def test_a_reference_variable_fetched_beside_its_update_is_as_the_run_leaves_it():
    v = tf.Variable([1.0])
    add = v.assign_add([1.0])
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run([v, v.value(), v * 1.0, add]) == [2.0, 2.0, 1.0, 2.0]


def test_a_resource_variable_fetched_beside_its_update_is_as_it_was_read():
    v = tf.Variable([1.0], use_resource=True)
    add = v.assign_add([1.0], read_value=False)
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run([v, add])[0] == 1.0
        assert session.run(v) == 2.0
