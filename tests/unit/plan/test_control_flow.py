"""Loops and conditionals become Python's `while` and `if` in the program a session runs."""

import numpy as np
import pytest

import tailrace as tf


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def program(session, fetches, feeds=()):
    """The source a session runs for some fetches."""
    return session.program(fetches, feeds)


def test_a_loop_is_a_while_statement():
    start = tf.placeholder(tf.int32, [])
    i = tf.while_loop(lambda i: i < 10, lambda i: i + 1, [start])
    with tf.Session() as session:
        assert session.run(i, {start: 3}) == 10
        source = program(session, i, [start])
    assert source.count("while True:") == 1
    assert "break" in source


def test_a_loop_of_constants_is_computed_when_planning():
    i, x = tf.while_loop(lambda i, _: i < 10, lambda i, x: (i + 1, x * 2.0), [0, 1.0])
    with tf.Session() as session:
        assert session.run([i, x]) == [10, 1024.0]
        assert "while" not in program(session, [i, x])


def test_constants_of_a_loop_are_computed_before_it():
    start = tf.placeholder(tf.float32, [])
    _, x = tf.while_loop(
        lambda i, x: x < 30.0, lambda i, x: (i + 1, x + tf.constant(1.0) * 3.0), [0, start]
    )
    with tf.Session() as session:
        assert session.run(x, {start: 0.0}) == 30.0
        loop = program(session, x, [start]).split("while True:")[1]
    calls = [line for line in loop.splitlines() if " = k" in line]
    assert len(calls) <= 5  # less, two identities, two additions


def test_steps_of_one_branch_share_one_block():
    p = tf.placeholder(tf.bool, [])
    x = tf.placeholder(tf.float32, [2])
    y = tf.cond(p, lambda: tf.exp(tf.sin(x) * 2.0) + x, lambda: tf.cos(x))
    with tf.Session() as session:
        assert program(session, y, [p, x]).count("if ") == 2
        np.testing.assert_allclose(session.run(y, {p: False, x: [0, 0]}), [1, 1])


def test_only_the_branch_taken_runs():
    calls = []

    def called(value):
        calls.append(float(value))
        return value

    p = tf.placeholder(tf.bool, [])
    x = tf.constant(1.0)
    y = tf.cond(
        p,
        lambda: tf.py_func(called, [x * 2.0], tf.float32),
        lambda: tf.py_func(called, [x * 3.0], tf.float32),
    )
    with tf.Session() as session:
        assert session.run(y, {p: True}) == 2.0
        assert session.run(y, {p: False}) == 3.0
    assert calls == [2.0, 3.0]


def test_a_predicate_known_when_planning():
    x = tf.constant([1.0, 2.0])
    y = tf.cond(tf.constant(False), lambda: x / 0.0, lambda: x * 2.0)
    with tf.Session() as session:
        np.testing.assert_array_equal(session.run(y), [2, 4])


def test_many_branches():
    """More conditionals within one another than Python has levels of indentation."""
    n = tf.placeholder(tf.int32, [])
    pairs = [(tf.equal(n, k), lambda k=k: tf.constant(k * 10)) for k in range(120)]
    y = tf.case(pairs, default=lambda: tf.constant(-1))
    with tf.Session() as session:
        assert [session.run(y, {n: k}) for k in (0, 7, 119, 200)] == [0, 70, 1190, -1]


def test_a_failure_in_a_loop_names_the_operation_and_its_line():
    x = tf.placeholder(tf.int32, [])

    def body(i, y):
        return i + 1, tf.floordiv(y, x - i, name="quotient")

    _, y = tf.while_loop(lambda i, y: i < 5, body, [0, 100])
    with tf.Session() as session:
        assert session.run(y, {x: 10}) == 0
        with pytest.raises(tf.errors.InvalidArgumentError, match="quotient") as caught:
            session.run(y, {x: 3})
    assert "test_control_flow.py" in str(caught.value)


def test_variables_of_a_loop_may_change_places():
    a, b, _ = tf.while_loop(
        lambda a, b, i: i < 3, lambda a, b, i: (b, a, i + 1), [tf.constant(1), tf.constant(2), 0]
    )
    with tf.Session() as session:
        assert session.run([a, b]) == [2, 1]


def test_one_graph_imported_twice():
    """Both copies of a loop have the same frame name."""
    source = tf.Graph()
    with source.as_default():
        x = tf.placeholder(tf.float32, [], name="x")
        _, y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), [0, x])
        tf.identity(y, name="y")
    x = tf.placeholder(tf.float32, [])
    first, second = (
        tf.import_graph_def(source.as_graph_def(), {"x:0": value}, ["y:0"], name=name)[0]
        for name, value in (("a", x), ("b", x + 1.0))
    )
    with tf.Session() as session:
        assert session.run([first, second], {x: 2.0}) == [16.0, 81.0]


def test_a_value_read_in_a_loop_keeps_when_the_variable_changes():
    v = tf.Variable(1.0, use_resource=True)

    def body(i, kept):
        value = v.read_value()
        with tf.control_dependencies([value]), tf.control_dependencies([v.assign_add(1.0)]):
            return i + 1, kept + tf.identity(value)

    _, total = tf.while_loop(lambda i, k: i < 3, body, [0, 0.0])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(total) == 1.0 + 2.0 + 3.0
        assert session.run(v) == 4.0


def test_steps_of_a_loop_are_profiled():
    start = tf.placeholder(tf.float32, [])
    _, x = tf.while_loop(lambda i, x: i < 4, lambda i, x: (i + 1, tf.sin(x)), [0, start])
    metadata = tf.RunMetadata()
    with tf.Session() as session:
        options = tf.RunOptions(trace_level=3)
        session.run(x, {start: 1.0}, options=options, run_metadata=metadata)
    names = [stat.node_name for stat in metadata.step_stats.dev_stats[0].node_stats]
    assert names.count("while/Sin") == 4


@pytest.mark.parametrize("setting", ["none", "-fold", "-twins"])
def test_passes_change_no_result(monkeypatch, setting):
    x = tf.placeholder(tf.float32, [2])

    def body(i, y):
        y = tf.cond(tf.equal(i % 2, 0), lambda: y * x + tf.constant(2.0), lambda: tf.exp(-y) + x)
        return i + 1, y

    _, y = tf.while_loop(lambda i, y: i < 5, body, [0, x])
    fetches = [y, tf.gradients(y, x)[0]]
    with tf.Session() as session:
        expected = session.run(fetches, {x: [0.3, -0.2]})
    monkeypatch.setenv("TAILRACE_PASSES", setting)
    with tf.Session() as session:
        np.testing.assert_array_equal(session.run(fetches, {x: [0.3, -0.2]}), expected)


def test_gradients_agree_with_finite_differences():
    x = tf.placeholder(tf.float64, [3])
    rows = tf.TensorArray(tf.float64, 3, clear_after_read=False).unstack(x * x)

    def body(i, y, out):
        def looped():
            return tf.while_loop(
                lambda j, z: j < i, lambda j, z: (j + 1, tf.sin(z) + rows.read(j)), [0, y]
            )[1]

        y = tf.cond(tf.equal(i % 2, 0), looped, lambda: y * rows.read(i))
        return i + 1, y, out.write(i, y)

    out = tf.TensorArray(tf.float64, 3)
    one = tf.constant(1.0, tf.float64)
    _, y, out = tf.while_loop(lambda i, y, o: i < 3, body, (0, one, out))
    total = y + tf.reduce_sum(out.stack() ** 2)
    (grad,) = tf.gradients(total, x)
    point, step = np.array([0.4, -1.1, 0.7]), 1e-6
    with tf.Session() as session:
        found = session.run(grad, {x: point})
        for k in range(3):
            shift = step * np.eye(3)[k]
            high, low = (session.run(total, {x: point + s}) for s in (shift, -shift))
            assert found[k] == pytest.approx((high - low) / (2 * step), rel=1e-6, abs=1e-8)


def test_the_plan_can_be_printed():
    p = tf.placeholder(tf.bool, [], name="p")
    _, x = tf.while_loop(
        lambda i, x: i < 4,
        lambda i, x: (i + 1, tf.cond(p, lambda: x * 2.0, lambda: x)),
        [0, tf.placeholder(tf.float32, [], name="start")],
    )
    with tf.Session() as session:
        text = str(session.plan(x, [p, "start:0"]))
    assert "while while/Less:0:" in text
    assert "if p:0" in text
