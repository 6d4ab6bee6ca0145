"""The networks against their equations, and against what no model can do better than."""

import itertools
import math

import numpy as np
import pytest

import tailrace as tf
from tailrace.apps.common.training import Training
from tailrace.apps.draw import baselines
from tailrace.apps.draw.model import build_draw
from tailrace.apps.draw.painter import Painter
from tailrace.apps.draw.settings import Settings

from .conftest import bars

TOY = Settings(glimpses=2, size=7, latent=3, read_side=2, write_side=2)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def plain_draw(x, noise, w):
    """Bounds and last canvases without attention, in NumPy, from the paper's equations."""
    count = len(x)

    def dense(inputs, name):
        return inputs @ w[f"{name}/kernel"] + w[f"{name}/bias"]

    def lstm(inputs, c, h, name):
        gates = np.concatenate([inputs, h], 1) @ w[f"{name}/kernel"] + w[f"{name}/bias"]
        i, j, f, o = np.split(gates, 4, 1)
        c = sigmoid(f + 1) * c + sigmoid(i) * np.tanh(j)
        return c, sigmoid(o) * np.tanh(c)

    def first(name):
        return np.tile(w[f"first_{name}"], (count, 1))

    canvas, nats = first("canvas"), np.zeros(count)
    (c_e, h_e), (c_d, h_d) = ((first(f"{n}_c"), first(f"{n}_h")) for n in ("encoder", "decoder"))
    for step in noise:
        seen = np.concatenate([x, x - sigmoid(canvas), h_d], 1)
        c_e, h_e = lstm(seen, c_e, h_e, "encoder")
        mean, log_deviation = dense(h_e, "mean"), dense(h_e, "log_deviation")
        variance = np.exp(2 * log_deviation)
        nats += (0.5 * (mean**2 + variance - np.log(variance)) - 0.5).sum(1)
        c_d, h_d = lstm(mean + np.exp(log_deviation) * step, c_d, h_d, "decoder")
        canvas = canvas + dense(h_d, "paint")
    p = sigmoid(canvas)
    return nats - (x * np.log(p) + (1 - x) * np.log(1 - p)).sum(1), p


def test_the_bound_is_that_of_the_equations():
    settings, random = TOY.with_(attention=False), np.random.default_rng(0)
    x = (random.random((4, 12)) < 0.5).astype(np.float32)
    noise = random.normal(size=(2, 4, 3)).astype(np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        net = build_draw(3, 4, settings, 0.3)
        session.run(tf.global_variables_initializer())
        weights = {}
        for variable in tf.trainable_variables():
            variable.load(random.normal(0, 0.5, variable.shape.as_list()), session)
            weights[variable.op.name.removeprefix("draw/")] = session.run(variable)
        found = session.run(
            [net.bounds, net.painting.canvases], {net.pictures: x, net.noise: noise}
        )
    bounds, last = plain_draw(x, noise, weights)
    np.testing.assert_allclose(found[0], bounds, rtol=1e-4)
    np.testing.assert_allclose(found[1][-1], last, rtol=1e-4)


def test_gradients_reach_the_windows():
    with tf.Graph().as_default(), tf.Session() as session:
        net = build_draw(6, 6, TOY, 0.3)
        names = [v.op.name for v in tf.trainable_variables()]
        gradients = tf.gradients(net.loss, tf.trainable_variables())
        session.run(tf.global_variables_initializer())
        random = np.random.default_rng(0)
        x = (random.random((5, 36)) < 0.5).astype(np.float32)
        noise = random.normal(size=(2, 5, 3))
        found = session.run(gradients, {net.pictures: x, net.noise: noise})
    sizes = {name: np.abs(value).max() for name, value in zip(names, found, strict=True)}
    # each of the five numbers of each window
    for kind in ("read", "write"):
        kernel = found[names.index(f"draw/{kind}/bias")]
        assert (np.abs(kernel) > 1e-6).all(), kind
    assert all(size > 0 for size in sizes.values()), sizes


def test_what_comes_to_mind_is_painted_by_what_was_learnt():
    with tf.Graph().as_default():
        net = build_draw(6, 6, TOY, 0.3)
        seen = tf.gradients(net.loss, tf.trainable_variables())
        assert not any(gradient is None for gradient in seen)
        used = tf.gradients(net.sampling.canvases, tf.trainable_variables())
        names = {
            variable.op.name.split("/")[1]
            for variable, gradient in zip(tf.trainable_variables(), used, strict=True)
            if gradient is not None
        }
    first = {"first_canvas", "first_decoder_c", "first_decoder_h"}
    assert names == {*first, "decoder", "write", "paint"}


def test_a_sample_depends_on_the_noise_alone():
    painter = Painter(TOY, (6, 6))
    one, same, other = (painter.sample(3, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.canvases, same.canvases)
    assert not np.array_equal(one.canvases, other.canvases)
    assert one.canvases.shape == (2, 3, 6, 6)
    assert one.reads.shape == (0, 0, 5)
    assert one.writes.shape == (2, 3, 5)
    assert painter.reconstruct(np.zeros((3, 36), np.float32), 1).reads.shape == (2, 3, 5)


@pytest.mark.parametrize("kind", ["attention", "whole", "plain"])
def test_no_bound_is_below_the_entropy(kind):
    rows = (bars(60, 4, 6) / 255).reshape(60, -1).astype(np.float32)
    settings = Settings(
        attention=kind == "attention",
        glimpses=3,
        size=16,
        latent=2,
        epochs=60,
        batch=20,
        learning_rate=0.02,
    )
    painter = Painter(settings, (4, 6), float(rows.mean()), plain=kind == "plain")
    training = Training(painter.course(len(rows)))
    assert painter.fit(training, rows, rows, lambda figures: None)
    bounds, divergences = painter.bounds(rows, 10)
    # six pictures equally often; pixels by themselves cost 24 H(1/6)
    entropy, alone = math.log(6), float(baselines.independent(rows).nats(rows).mean())
    assert entropy - 0.02 < bounds.mean() < 0.9 * alone
    assert (divergences > 0).all()


def test_a_mixture_is_a_distribution_and_finds_the_kinds():
    rows = (bars(60, 2, 3) / 255).reshape(60, -1).astype(np.float32)
    found = baselines.mixture(rows[:40], rows[40:], 1)
    every = np.array(list(itertools.product([0, 1], repeat=6)), np.float32)
    assert np.exp(-found.nats(every)).sum() == pytest.approx(1)
    assert found.nats(rows).mean() == pytest.approx(math.log(3), abs=0.35)
    alone = baselines.independent(rows)
    assert len(alone.shares) == 1
    p = (20 + 0.5) / 61
    wanted = -6 * (math.log(p) / 3 + math.log(1 - p) * 2 / 3)
    assert alone.nats(rows).mean() == pytest.approx(wanted)
