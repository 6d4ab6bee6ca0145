"""Groups of element-wise steps: what they are made of, that they compute what their members do, and
whose memory they write to.
"""

import numpy as np
import pytest

import tailrace as tf
from tailrace.native import fusion
from tailrace.plan.ir import Fused, Loop
from tailrace.run.profile import Profiler

pytestmark = pytest.mark.skipif(
    fusion.call_type() is None, reason="without the native library nothing is fused"
)


@pytest.fixture(autouse=True)
def graph(monkeypatch):
    # which would put what is looked at here together with what is around it
    monkeypatch.setenv("TAILRACE_PASSES", "-bundles")
    with tf.Graph().as_default() as graph:
        yield graph


def groups(steps):
    """The names of the members of each group of several, also of those in loops."""
    found = []
    for step in steps:
        if isinstance(step, Loop):
            found += groups(step.steps())
        elif isinstance(step, Fused) and "reuse" in step.attributes:
            found.append([op.name for op in step.members])
    return [members for members in found if len(members) > 1]


def run_both(monkeypatch, fetches, feeds):
    """With the pass and without; in one session each, so that state is the same."""
    results = []
    for setting in ("", "-fuse"):
        monkeypatch.setenv("TAILRACE_PASSES", setting)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            results.append([session.run(fetches, feeds) for _ in range(2)])
    return results


def assert_same(fused, plain, rtol=2e-6):
    for a, b in zip(fused, plain, strict=True):
        if isinstance(a, list):
            assert_same(a, b, rtol)
        else:
            assert np.asarray(a).dtype == np.asarray(b).dtype
            np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-7)


# -- what is in a group ----------------------------------------------------------------------------


def test_a_chain_is_one_group():
    x = tf.placeholder(tf.float32, [2, 3], name="x")
    y = tf.tanh(tf.multiply(x, 2.0, name="twice"), name="y")
    with tf.Session() as session:
        assert groups(session.plan(y, [x]).steps) == [["twice", "y"]]
        value = np.arange(6.0).reshape(2, 3)
        np.testing.assert_allclose(session.run(y, {x: value}), np.tanh(2 * value), rtol=1e-6)


def test_what_is_used_outside_is_given_out_and_nothing_else():
    x = tf.placeholder(tf.float32, [3])
    a = tf.exp(x, name="a")
    b = tf.negative(a, name="b")
    c = tf.square(b, name="c")
    with tf.Session() as session:
        (step,) = session.plan([a, c], [x]).steps
        assert [v.tensor.name for v in step.outputs] == ["a:0", "c:0"]
        fetched = session.run([a, c], {x: [0.0, 1.0, 2.0]})
        np.testing.assert_allclose(fetched, [np.exp([0, 1, 2]), np.exp([0, 2, 4])], rtol=1e-6)


def test_no_path_leads_out_of_a_group_and_back():
    x = tf.placeholder(tf.float32, [4], name="x")
    a = tf.exp(x, name="a")
    around = tf.cumsum(a, name="around")
    b = tf.add(tf.negative(a, name="minus"), around, name="b")
    with tf.Session() as session:
        found = groups(session.plan(b, [x]).steps)
        assert not any("a" in members and "b" in members for members in found)
        value = np.array([0.0, 1.0, 0.5, -1.0])
        expected = np.cumsum(np.exp(value)) - np.exp(value)
        np.testing.assert_allclose(session.run(b, {x: value}), expected, rtol=1e-5, atol=1e-6)


def test_a_vector_is_not_computed_for_every_row():
    x = tf.placeholder(tf.float32, [50, 4])
    v = tf.placeholder(tf.float32, [4])
    y = tf.multiply(x, tf.exp(tf.negative(v, name="n"), name="e"), name="m") + 1.0
    with tf.Session() as session:
        found = groups(session.plan(y, [x, v]).steps)
        assert sorted(found) == [["m", "add"], ["n", "e"]]


def test_unequal_types_are_not_in_one_group():
    x = tf.placeholder(tf.float32, [4])
    y = tf.cast(tf.exp(-x), tf.float64, name="wide")
    z = tf.exp(-y)
    with tf.Session() as session:
        found = groups(session.plan(z, [x]).steps)
        assert [len(members) for members in found] == [2, 2]


def test_what_only_waits_for_a_gradient_is_fused_with_it():
    x = tf.placeholder(tf.float32, [4])
    y = tf.sigmoid(tf.tanh(x))
    (dx,) = tf.gradients(y, x)
    with tf.Session() as session:
        found = groups(session.plan(dx, [x]).steps)
        assert len(found) == 1
        assert len(found[0]) == 4


def test_waiting_for_an_effect_stays():
    v = tf.Variable(1.0)
    x = tf.placeholder(tf.float32, [])
    with tf.control_dependencies([tf.assign_add(v, x)]):
        y = tf.identity(x) * 2.0
        later = v.read_value()
    total = tf.exp(y * 0.0) * later
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(total, {x: 3.0}) == 4.0
        assert session.run(total, {x: 3.0}) == 7.0


def test_a_use_before_a_write_stays_before_it(monkeypatch):
    v = tf.Variable([1.0, 2.0], use_resource=True)
    before = tf.exp(v + 0.0)
    with tf.control_dependencies([tf.identity(before)]):
        write = tf.assign(v, [5.0, 6.0])
    with tf.control_dependencies([write]):
        after = v.read_value() + before
    fused, plain = run_both(monkeypatch, [before, after], {})
    assert_same(fused, plain)


def test_in_loops(monkeypatch):
    x = tf.placeholder(tf.float32, [3])

    def body(i, y):
        return i + 1, tf.tanh(y * 2.0 + x) - 0.25

    _, y = tf.while_loop(lambda i, _: i < 5, body, [0, tf.zeros([3])])
    (dx,) = tf.gradients(y, x)
    with tf.Session() as session:
        assert any(len(members) >= 3 for members in groups(session.plan(y, [x]).steps))
    fused, plain = run_both(monkeypatch, [y, dx], {x: [0.25, -0.5, 0.0]})
    assert_same(fused, plain, 1e-5)


def test_in_conditionals(monkeypatch):
    x = tf.placeholder(tf.float32, [3])
    positive = tf.reduce_sum(x) > 0.0
    y = tf.cond(positive, lambda: tf.exp(-x) * 2.0, lambda: tf.tanh(x + 1.0) - 1.0)
    for value in ([1.0, 2.0, 3.0], [-1.0, -2.0, -3.0]):
        fused, plain = run_both(monkeypatch, y, {x: value})
        assert_same(fused, plain)


# -- reductions ------------------------------------------------------------------------------------


def names(session, fetches, feeds):
    """The operations of each group, also of those of one."""
    steps = session.plan(fetches, feeds).steps
    return [[op.name for op in s.members] for s in steps if isinstance(s, Fused)]


def test_a_reduction_ends_a_group():
    x, t = (tf.placeholder(tf.float32, [5, 7]) for _ in range(2))
    loss = tf.reduce_mean(tf.square(tf.subtract(x, t, name="d"), name="s"), name="loss")
    with tf.Session() as session:
        assert names(session, loss, [x, t]) == [["d", "s", "loss"]]
        a, b = np.random.RandomState(0).randn(2, 5, 7)
        np.testing.assert_allclose(session.run(loss, {x: a, t: b}), ((a - b) ** 2).mean(), 1e-5)


def test_what_uses_a_reduction_is_in_another_group():
    x = tf.placeholder(tf.float32, [5, 7])
    largest = tf.reduce_max(x, 1, keepdims=True, name="largest")
    e = tf.exp(tf.subtract(x, largest, name="d"), name="e")
    total = tf.reduce_sum(e, 1, keepdims=True, name="total")
    softmax = tf.divide(e, total, name="softmax")
    with tf.Session() as session:
        found = names(session, softmax, [x])
        assert found == [["largest"], ["d", "e", "total"], ["softmax"]]
        a = np.random.RandomState(0).randn(5, 7)
        expected = np.exp(a) / np.exp(a).sum(1, keepdims=True)
        np.testing.assert_allclose(session.run(softmax, {x: a}), expected, rtol=1e-5)


@pytest.mark.parametrize("axes", [None, 0, 1, -1, [0, 1], [0, 2], [1, 2], 2, [-1, 0, 1]])
@pytest.mark.parametrize("reduce", ["sum", "mean", "max", "min"])
@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
def test_reductions(monkeypatch, reduce, axes, dtype):
    x, row = tf.placeholder(dtype, [4, 5, 6]), tf.placeholder(dtype, [6])
    y = tf.tanh(x * row * 0.3)
    fetches = [getattr(tf, f"reduce_{reduce}")(y, axes, keepdims=k) for k in (False, True)]
    fetches += [*tf.gradients(fetches, [x, row]), y]
    rng = np.random.RandomState(0)
    fused, plain = run_both(monkeypatch, fetches, {x: rng.randn(4, 5, 6), row: rng.randn(6)})
    assert_same(fused, plain, 1e-5)


def test_reductions_of_different_axes_are_in_different_groups(monkeypatch):
    x = tf.placeholder(tf.float32, [4, 5, 6])
    y = tf.exp(x, name="e")
    fetches = [tf.reduce_sum(y, axes) for axes in (0, 1, 2, [0, 1], [1, 2], [0, 1, 2])]
    with tf.Session() as session:
        found = [members for members in names(session, fetches, [x]) if "e" in members]
        assert found == [["e", "Sum", "Sum_4", "Sum_5"]]
    value = np.random.RandomState(0).randn(4, 5, 6)
    fused, plain = run_both(monkeypatch, fetches, {x: value})
    assert_same(fused, plain, 1e-5)


def test_norms_and_bias_gradients_end_groups(monkeypatch):
    x, b = tf.placeholder(tf.float32, [8, 5]), tf.placeholder(tf.float32, [5])
    y = tf.nn.relu(tf.nn.bias_add(x, b))
    loss = tf.nn.l2_loss(y, name="loss")
    (db,) = tf.gradients(loss, b)
    with tf.Session() as session:
        found = names(session, [loss, db], [x, b])
        assert len(found) == 1
        assert {"loss", db.op.name} < set(found[0])
    rng = np.random.RandomState(0)
    fused, plain = run_both(monkeypatch, [loss, db], {x: rng.randn(8, 5), b: rng.randn(5)})
    assert_same(fused, plain, 1e-5)


def test_a_reduction_that_waits_for_something_after_the_group(monkeypatch):
    x = tf.placeholder(tf.float32, [4, 5])
    v = tf.Variable(0.0)
    y = tf.exp(x, name="e")
    with tf.control_dependencies([tf.assign_add(v, tf.reduce_sum(tf.cumsum(y)))]):
        total = tf.reduce_sum(y, 1)
        later = v.read_value()
    with tf.control_dependencies([tf.assign_add(v, tf.reduce_sum(tf.cumsum(total)))]):
        first = tf.reduce_sum(y, 0)
    value = np.random.RandomState(0).randn(4, 5)
    fused, plain = run_both(monkeypatch, [total, first, later], {x: value})
    assert_same(fused, plain, 1e-5)


@pytest.mark.parametrize("size", [(0, 3), (3, 0), (1, 1), (3, 1), (1, 3)])
def test_reductions_of_sizes_as_they_come(monkeypatch, size):
    x = tf.placeholder(tf.float32, [None, None])
    y = tf.exp(x)
    fetches = [
        getattr(tf, f"reduce_{how}")(y, axes, keepdims=keep)
        for how in ("sum", "mean", "max", "min")
        for axes in (None, 0, 1)
        for keep in (False, True)
    ]
    value = np.random.RandomState(0).randn(*size)
    fused, plain = run_both(monkeypatch, fetches, {x: value})
    assert_same(fused, plain, 1e-6)
    fused, plain = run_both(monkeypatch, fetches, {x: np.full(size, np.nan)})
    assert_same(fused, plain, 1e-6)


def test_an_error_names_the_reduction_that_failed():
    x, y = (tf.placeholder(tf.float32, [None, None]) for _ in range(2))
    total = tf.reduce_sum(tf.multiply(x, y, name="product"), 1, name="total")
    with tf.Session() as session:
        assert groups(session.plan(total, [x, y]).steps) == [["product", "total"]]
        with pytest.raises(tf.errors.InvalidArgumentError) as caught:
            session.run(total, {x: np.zeros([2, 3]), y: np.zeros([2, 4])})
        assert caught.value.op.name == "product"


def test_constants_that_are_one_number_are_kept_as_one(monkeypatch):
    x = tf.placeholder(tf.float32, [40, 30])
    loss = tf.reduce_mean(tf.square(tf.tanh(x)))
    (dx,) = tf.gradients(loss, x)
    with tf.Session() as session:
        (step,) = [s for s in session.plan([loss, dx], [x]).steps if isinstance(s, Fused)]
        (constant,) = [v.constant for v in step.inputs if v.known]
        assert constant.shape == (40, 30)
        assert constant.untyped_storage().nbytes() == 4
    value = np.random.RandomState(0).randn(40, 30)
    fused, plain = run_both(monkeypatch, [loss, dx], {x: value})
    assert_same(fused, plain)


def test_a_large_reduction_alone_is_left_to_its_kernel():
    small, large = tf.placeholder(tf.float32, [9, 9]), tf.placeholder(tf.float32, [900, 900])
    totals = [tf.reduce_sum(small, name="small"), tf.reduce_sum(large, name="large")]
    with tf.Session() as session:
        assert names(session, totals, [small, large]) == [["small"]]


# -- sizes as they come ----------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [((3, 4), (3, 4)), ((3, 4), (1, 4)), ((1, 4), (3, 1))])
def test_unknown_sizes_are_looked_at_in_each_run(monkeypatch, sizes):
    x, y = (tf.placeholder(tf.float32, [None, None]) for _ in range(2))
    z = tf.exp(x) * tf.tanh(y) + x
    rng = np.random.RandomState(0)
    feeds = {p: rng.randn(*size) for p, size in zip((x, y), sizes, strict=True)}
    fused, plain = run_both(monkeypatch, z, feeds)
    assert_same(fused, plain)


def test_an_error_names_the_member_that_failed():
    x, y = (tf.placeholder(tf.float32, [None]) for _ in range(2))
    z = tf.exp(tf.add(tf.negative(x), y, name="sum"), name="last")
    with tf.Session() as session:
        assert groups(session.plan(z, [x, y]).steps)
        with pytest.raises(tf.errors.InvalidArgumentError) as caught:
            session.run(z, {x: [1.0, 2.0], y: [1.0, 2.0, 3.0]})
        assert caught.value.op.name == "sum"


def test_a_condition_on_rows_is_not_taken_for_one_on_columns(monkeypatch):
    x = tf.placeholder(tf.float32, [2, 2])
    condition = tf.placeholder(tf.bool, [2])
    y = tf.exp(tf.where(condition, x, -x) * 2.0)
    feeds = {x: [[1.0, 2.0], [3.0, 4.0]], condition: [True, False]}
    fused, plain = run_both(monkeypatch, y, feeds)
    assert_same(fused, plain)


# -- memory ----------------------------------------------------------------------------------------


def reused(session, fetches, feeds):
    steps = session.plan(fetches, feeds).steps
    return [
        s.attributes["reuse"] for s in steps if isinstance(s, Fused) and "reuse" in s.attributes
    ]


def test_an_input_that_is_done_with_is_written_over():
    x = tf.placeholder(tf.float32, [4, 4])
    y = tf.exp(tf.matmul(x, x) * 0.5)
    with tf.Session() as session:
        assert reused(session, y, [x]) == [(0,)]
        value = np.eye(4)
        np.testing.assert_allclose(session.run(y, {x: value}), np.exp(0.5 * value), rtol=1e-6)


def test_what_is_needed_is_not_written_over():
    x = tf.placeholder(tf.float32, [4, 4])
    v = tf.Variable(tf.ones([4, 4]))
    product = tf.matmul(x, x)
    row = tf.reshape(product, [16])
    y = tf.exp(product * 0.5)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert reused(session, [y, product], [x]) == [(None,)]  # fetched
        assert reused(session, [y, row], [x]) == [(None,)]  # another name for the memory
        assert reused(session, tf.exp(x * 0.5), [x]) == [(None,)]  # the caller's
        assert reused(session, tf.exp(v * 0.5), []) == [(None,)]  # a variable
        session.run(tf.exp(v * 0.5))
        np.testing.assert_array_equal(session.run(v), np.ones([4, 4]))


def test_the_last_of_several_users_writes_over_an_input():
    x = tf.placeholder(tf.float32, [4, 4])
    product = tf.matmul(x, x)
    total = tf.reduce_sum(product, name="total")
    with tf.control_dependencies([total]):
        y = tf.exp(product * 0.5)
    with tf.Session() as session:
        value = np.random.RandomState(1).rand(4, 4)
        (fetched, added) = session.run([y, total], {x: value})
        np.testing.assert_allclose(added, (value @ value).sum(), rtol=1e-6)
        np.testing.assert_allclose(fetched, np.exp(value @ value * 0.5), rtol=1e-6)


# -- any expression --------------------------------------------------------------------------------

UNARY = [tf.tanh, tf.sigmoid, tf.negative, tf.square, tf.nn.relu, tf.abs, tf.zeros_like, tf.sign]
UNARY += [lambda a: tf.exp(tf.minimum(a, 2.0)), lambda a: tf.sqrt(tf.abs(a) + 0.5), tf.nn.softplus]
BINARY = [tf.add, tf.subtract, tf.multiply, tf.maximum, tf.minimum, tf.squared_difference]
BINARY += [lambda a, b: a / (tf.abs(b) + 1.0), lambda a, b: tf.add_n([a, b, a])]
BINARY += [lambda a, b: tf.where(a > b, a, b * 0.5), lambda a, b: tf.where(a <= b, a + b, b)]
# no instruction does these
BARRIERS = [tf.sin, lambda a: tf.reverse(a, [-1]), lambda a: a - tf.reduce_mean(a, -1, True)]
BARRIERS += [lambda a: a + tf.reduce_max(a), lambda a: a * tf.reduce_mean(a, 0, True)]
BARRIERS += [lambda a: a - tf.reduce_sum(a) * 0.01 + tf.nn.l2_loss(a) * 0.01]


def expression(rng, leaves, size):
    values = list(leaves)
    for _ in range(size):
        kind = rng.randint(10)
        a, b = (values[i] for i in rng.randint(len(values), size=2))
        if kind < 4:
            values.append(UNARY[rng.randint(len(UNARY))](a))
        elif kind < 9:
            if a.shape != b.shape:
                values.append(tf.tanh(a + b) * 0.5)
            else:
                values.append(tf.tanh(BINARY[rng.randint(len(BINARY))](a, b)))
        else:
            values.append(BARRIERS[rng.randint(len(BARRIERS))](a))
    return values[len(leaves) :]


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
@pytest.mark.parametrize("seed", range(12))
def test_random_expressions_and_their_gradients(monkeypatch, seed, dtype):
    rng = np.random.RandomState(seed)
    sizes = [(6, 37), (6, 37), (37,), (6, 1)]
    leaves = [tf.placeholder(dtype, size) for size in sizes]
    values = expression(rng, leaves, 25)
    fetches = [values[i] for i in rng.randint(len(values), size=4)] + [values[-1]]
    gradients = [d for d in tf.gradients(values[-1], leaves) if d is not None]
    feeds = {leaf: rng.randn(*size) for leaf, size in zip(leaves, sizes, strict=True)}
    fused, plain = run_both(monkeypatch, fetches + gradients, feeds)
    assert_same(fused, plain, 1e-4 if dtype is tf.float32 else 1e-11)


def test_training_is_the_same(monkeypatch):
    x = tf.placeholder(tf.float32, [8, 5])
    w = tf.Variable(np.linspace(-1, 1, 20).reshape(5, 4), dtype=tf.float32)
    b = tf.Variable(tf.zeros([4]))
    h = tf.nn.relu(tf.nn.bias_add(tf.matmul(x, w), b))
    loss = tf.reduce_mean(tf.square(h - 0.5)) + 0.01 * tf.nn.l2_loss(w)
    train = tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss)
    results = []
    for setting in ("", "-fuse", "-loosen,-fuse", "-reuse"):
        monkeypatch.setenv("TAILRACE_PASSES", setting)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            value = np.random.RandomState(0).randn(8, 5)
            losses = [session.run([loss, train], {x: value})[0] for _ in range(5)]
            results.append([*losses, *session.run([w, b])])
    for other in results[1:]:
        assert_same(results[0], other)


def test_a_profile_names_the_members():
    x = tf.placeholder(tf.float32, [3])
    y = tf.tanh(x * 2.0)
    with tf.Session() as session, Profiler() as profiler:
        session.run(y, {x: np.zeros(3)})
    assert [record.op_type for record in profiler.records] == ["Fused(Mul, Tanh)"]
