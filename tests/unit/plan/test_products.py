"""Sums of matrix products that are one product, and those that are not."""

import numpy as np
import pytest

import tailrace as tf


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def kinds(session, fetches, feeds):
    return [step.op_def.name for step in session.plan(fetches, feeds).steps]


def factors(count, rows=3, left=8, right=9):
    rng = np.random.RandomState(0)
    a = [tf.placeholder(tf.float32, [rows, left]) for _ in range(count)]
    b = [tf.placeholder(tf.float32, [rows, right]) for _ in range(count)]
    return a, b, {p: rng.randn(*p.shape.as_list()) for p in (*a, *b)}


def expected(a, b, feeds):
    return sum(feeds[x].T @ feeds[y] for x, y in zip(a, b, strict=True))


def products(a, b):
    return [tf.matmul(x, y, transpose_a=True) for x, y in zip(a, b, strict=True)]


def test_a_sum_of_products_is_one_product():
    a, b, feeds = factors(4)
    total = tf.add_n(products(a, b))
    with tf.Session() as session:
        assert kinds(session, total, list(feeds)) == ["SumOfProducts"]
        value = session.run(total, feeds)
        np.testing.assert_allclose(value, expected(a, b, feeds), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("transpose_b", [False, True])
def test_factors_as_they_are(transpose_b):
    rng = np.random.RandomState(0)
    a = [tf.placeholder(tf.float32, [8, 2]) for _ in range(3)]
    b = [tf.placeholder(tf.float32, [9, 2] if transpose_b else [2, 9]) for _ in range(3)]
    feeds = {p: rng.randn(*p.shape.as_list()) for p in (*a, *b)}
    pairs = list(zip(a, b, strict=True))
    total = tf.add_n([tf.matmul(x, y, transpose_b=transpose_b) for x, y in pairs])
    with tf.Session() as session:
        assert kinds(session, total, list(feeds)) == ["SumOfProducts"]
        right = {y: feeds[y].T if transpose_b else feeds[y] for y in b}
        whole = sum(feeds[x] @ right[y] for x, y in pairs)
        np.testing.assert_allclose(session.run(total, feeds), whole, rtol=1e-5, atol=1e-6)


def test_what_is_used_elsewhere_is_kept():
    a, b, feeds = factors(4)
    terms = products(a, b)
    total = tf.add_n(terms)
    with tf.Session() as session:
        assert "SumOfProducts" not in kinds(session, [total, terms[1]], list(feeds))
        assert "SumOfProducts" not in kinds(session, [total, tf.sin(terms[1])], list(feeds))
        value, term = session.run([total, terms[1]], feeds)
        np.testing.assert_allclose(value, expected(a, b, feeds), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(term, feeds[a[1]].T @ feeds[b[1]], rtol=1e-5, atol=1e-6)


def test_factors_larger_than_the_products_are_not_copied():
    a, b, feeds = factors(4, rows=50)
    total = tf.add_n(products(a, b))
    with tf.Session() as session:
        assert "SumOfProducts" not in kinds(session, total, list(feeds))


def test_effects_between_products_are_kept():
    a, b, feeds = factors(3)
    first, second = products(a[:2], b[:2])
    v = tf.Variable(0.0)
    with tf.control_dependencies([first]):
        count = tf.assign_add(v, 1.0)
    with tf.control_dependencies([count]):
        third = tf.matmul(a[2], b[2], transpose_a=True)
    total = tf.add_n([first, second, third])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        value = session.run(total, feeds)
        np.testing.assert_allclose(value, expected(a, b, feeds), rtol=1e-5, atol=1e-6)
        assert session.run(v) == 1.0
