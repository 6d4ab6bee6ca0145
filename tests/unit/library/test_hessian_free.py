"""HessianFreeOptimizer: its products against dense matrices, its solver, its steps."""

import itertools
from typing import Any

import numpy as np
import pytest

import tailrace as tf
from tailrace.library.optimizers.gauss_newton import GaussNewton
from tailrace.library.optimizers.hessian_free import conjugate_gradients

B, INPUTS, UNITS, CLASSES = 4, 3, 5, 3


class Network:
    """A small unrolled network with a softmax, in float64, and its Gauss-Newton products."""

    def __init__(self, kind: str) -> None:
        random = np.random.default_rng(1)
        x = tf.constant(random.normal(size=[2, B, INPUTS]))
        cell = tf.nn.rnn_cell.BasicRNNCell(UNITS, dtype=tf.float64)
        hidden, _ = tf.nn.static_rnn(cell, tf.unstack(x), dtype=tf.float64)
        self.outputs = tf.layers.dense(hidden[-1], CLASSES)
        if kind == "softmax":
            labels = tf.one_hot([0, 2, 1, 1], CLASSES, dtype=tf.float64)
            losses = tf.nn.softmax_cross_entropy_with_logits_v2(labels, self.outputs)
        else:
            losses = tf.reduce_sum(tf.square(self.outputs - random.normal(size=[B, CLASSES])), 1)
        self.loss = tf.reduce_mean(losses)
        self.hidden = hidden
        self.variables = tf.trainable_variables()
        self.products = GaussNewton(self.loss, [self.outputs], hidden, self.variables)
        self.session = tf.Session()
        self.session.run(tf.global_variables_initializer())

    def jacobian(self, tensor: tf.Tensor) -> np.ndarray:
        """[elements, N]."""
        rows = [
            tf.concat([tf.reshape(one, [-1]) for one in _slopes(part, self.variables)], 0)
            for part in tf.unstack(tf.reshape(tensor, [-1]))
        ]
        return self.session.run(tf.stack(rows))


@pytest.fixture(params=["softmax", "squares"])
def network(request: pytest.FixtureRequest):
    with tf.Graph().as_default():
        found = Network(request.param)
        with found.session:
            yield found


def test_products_are_those_of_the_dense_matrix(network: Network):
    outputs = network.session.run(network.outputs)
    hessian = _hessian(network, outputs)
    jacobian = network.jacobian(network.outputs)
    matrix = jacobian.T @ hessian @ jacobian
    held = sum(network.jacobian(one).T @ network.jacobian(one) for one in network.hidden) / B
    for seed in range(3):
        v = np.random.default_rng(seed).normal(size=network.products.size)
        found = network.products.product(network.session, v, {}, 0.0)
        np.testing.assert_allclose(found, matrix @ v, atol=1e-8)
        found = network.products.product(network.session, v, {}, 0.7)
        np.testing.assert_allclose(found, matrix @ v + 0.7 * held @ v, atol=1e-8)


def _slopes(part: tf.Tensor, variables: list[Any]) -> list[tf.Tensor]:
    return tf.gradients(part, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)


def _hessian(network: Network, outputs: np.ndarray) -> np.ndarray:
    """Of the loss with respect to the outputs [B C, B C], by differences of its gradient."""
    slope = tf.gradients(network.loss, network.outputs)[0]
    columns = []
    for i in range(outputs.size):
        step = np.zeros(outputs.size)
        step[i] = 1e-5
        step = step.reshape(outputs.shape)
        ahead, behind = (
            network.session.run(slope, {network.outputs: outputs + sign * step}) for sign in (1, -1)
        )
        columns.append(((ahead - behind) / 2e-5).ravel())
    return np.stack(columns, 1)


def test_probes_estimate_the_squares_of_single_gradients(network: Network):
    slope = network.session.run(tf.gradients(network.loss, network.outputs)[0]).ravel()
    single = slope[:, None] * network.jacobian(network.outputs)
    wanted = B * (single**2).sum(0)
    drawn = [network.products.squares(network.session, {}) for _ in range(400)]
    np.testing.assert_allclose(np.mean(drawn, 0), wanted, rtol=0.4, atol=0.05 * wanted.max())


def test_variables_there_and_back(network: Network):
    vector = np.arange(network.products.size, dtype=float)
    network.products.write(network.session, vector)
    assert network.products.read(network.session).tolist() == vector.tolist()


@pytest.mark.parametrize("preconditioned", [True, False])
def test_conjugate_gradients_solve(preconditioned: bool):
    random = np.random.default_rng(2)
    root = random.normal(size=[12, 12])
    matrix, wanted = root @ root.T + np.diag(np.logspace(0, 3, 12)), random.normal(size=12)
    scale = np.diag(matrix) if preconditioned else np.ones(12)
    iterates = list(
        conjugate_gradients(matrix.__matmul__, wanted, random.normal(size=12), scale, 60, 1e-12)
    )
    np.testing.assert_allclose(matrix @ iterates[-1][1], wanted, atol=1e-4)
    models = [x @ matrix @ x / 2 - wanted @ x for _, x in iterates]
    assert all(b <= a + 1e-12 for a, b in itertools.pairwise(models))
    numbers = [number for number, _ in iterates]
    assert numbers == sorted(numbers)
    assert numbers[:4] == [1, 2, 3, 4]


def test_a_quadratic_loss_takes_few_steps():
    random = np.random.default_rng(3)
    x, y = random.normal(size=[50, 4]), random.normal(size=[50, 1])
    with tf.Graph().as_default(), tf.Session() as session:
        w = tf.Variable(np.zeros([4, 1]))
        outputs = tf.matmul(tf.constant(x), w)
        loss = tf.reduce_mean(tf.square(outputs - y))
        optimizer = tf.contrib.opt.HessianFreeOptimizer(loss, outputs, damping=1e-6)
        session.run(tf.global_variables_initializer())
        seen: list[Any] = []
        last = optimizer.minimize(session, steps=4, step_callback=seen.append)
        assert len(seen) == 4
        assert seen[-1] is last
        assert all(step.new_loss <= step.loss for step in seen)
        np.testing.assert_allclose(session.run(w), np.linalg.lstsq(x, y)[0], atol=1e-5)
        assert seen[0].damping < 1e-6


def test_a_classifier_learns_what_is_not_linear():
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(1)
        hidden = tf.layers.dense(tf.constant(x), 8, tf.tanh)
        logits = tf.layers.dense(hidden, 2)
        loss = tf.losses.softmax_cross_entropy(np.eye(2)[[0, 1, 1, 0]], logits)
        optimizer = tf.contrib.opt.HessianFreeOptimizer(loss, logits, hidden=[hidden])
        session.run(tf.global_variables_initializer())
        assert optimizer.minimize(session, steps=40).new_loss < 0.01


def test_less_data_for_the_curvature():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 2])
        w = tf.get_variable("w", [2, 1], use_resource=True)
        outputs = tf.matmul(x, w)
        loss = tf.reduce_mean(tf.square(outputs - 1))
        optimizer = tf.contrib.opt.HessianFreeOptimizer(loss, outputs, [w])
        session.run(tf.global_variables_initializer())
        data = np.random.default_rng(1).normal(size=[40, 2])
        done = optimizer.step(session, {x: data}, {x: data[:10]})
        assert done.new_loss < done.loss
        assert done.cg_iterations > 0


def test_a_step_that_gains_nothing_is_given_up():
    with tf.Graph().as_default(), tf.Session() as session:
        w = tf.Variable([1.0, 2.0])
        loss = tf.reduce_sum(tf.square(w))
        optimizer = tf.contrib.opt.HessianFreeOptimizer(loss, w, damping=1e-9)
        session.run(tf.global_variables_initializer())
        # the model says that the loss falls, the loss itself is another one
        optimizer._model.loss = tf.negative(loss)
        done = optimizer.step(session)
        assert done.length == 0.0
        assert done.damping > 1e-9
        assert session.run(w).tolist() == [1.0, 2.0]


def test_what_cannot_be():
    with tf.Graph().as_default(), tf.Session() as session:
        w, other = tf.Variable([1.0]), tf.Variable([1.0])
        with pytest.raises(ValueError, match="has no influence on"):
            tf.contrib.opt.HessianFreeOptimizer(tf.square(w), w * 2, [other])
        with pytest.raises(ValueError, match="does not depend on"):
            tf.contrib.opt.HessianFreeOptimizer(tf.square(w), w * 2, [w])
        with pytest.raises(ValueError, match="no variables"):
            tf.contrib.opt.HessianFreeOptimizer(tf.square(w), w, [])
        z = w * 2
        optimizer = tf.contrib.opt.HessianFreeOptimizer(tf.reduce_sum(tf.log(z)), z, [w])
        session.run(w.initializer)
        session.run(tf.assign(w, [-1.0]))
        with pytest.raises(FloatingPointError, match="the loss is nan"):
            optimizer.step(session)
