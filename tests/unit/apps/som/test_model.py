"""The map's program against the formulas, written out with NumPy."""

import numpy as np
import pytest

from tailrace.apps.som.grid import Grid
from tailrace.apps.som.model import Model
from tailrace.apps.som.settings import Settings

GRID = Grid(2, 3)


def setting(**changes):
    return Settings(rows=2, cols=3, sigma=1.5, sigma_end=0.5, **changes)


@pytest.fixture
def data():
    random = np.random.default_rng(0)
    vectors = random.normal(size=(20, 4)).astype(np.float32)
    known = (random.random((20, 4)) > 0.3).astype(np.float32)
    known[:, 0] = 1
    weights = random.normal(size=(6, 4)).astype(np.float32)
    return vectors * known, known, weights


def shares(kind, squared, sigma):
    if kind == "bubble":
        return (squared <= sigma**2 + 1e-4).astype(float)
    x = squared / (2 * sigma**2)
    return (1 - x) * np.exp(-x) if kind == "mexican-hat" else np.exp(-x)


def online(vectors, known, weights, kind, sigmas, alphas):
    w = weights.astype(float)
    for x, k, sigma, alpha in zip(vectors, known, sigmas, alphas, strict=True):
        best = np.argmin((k * (x - w) ** 2).sum(1))
        w = w + alpha * shares(kind, GRID.squared[best], sigma)[:, None] * k * (x - w)
        if kind == "mexican-hat":
            w = np.clip(w, vectors.min(0), vectors.max(0))
    return w


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("kind", ["gaussian", "bubble", "mexican-hat"])
def test_online_training_is_the_five_steps(data, kind, masked):
    vectors, known, weights = data
    known = known if masked else np.ones_like(known)
    settings = setting(
        training="online", neighbourhood=kind, sigma_decay="exponential", alpha_decay="linear"
    )
    model = Model(settings, GRID, 4, masked=masked)
    model.put(weights)
    progress = np.linspace(0, 1, 20).astype(np.float32)
    model.learn(vectors, known, progress)
    sigmas, alphas = 1.5 * (0.5 / 1.5) ** progress, 0.5 + (0.01 - 0.5) * progress
    wanted = online(vectors, known, weights, kind, sigmas, alphas)
    np.testing.assert_allclose(model.read(), wanted, atol=2e-5)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("kind", ["gaussian", "bubble"])
def test_batch_training_is_the_weighted_mean(data, kind, masked):
    vectors, known, weights = data
    known = known if masked else np.ones_like(known)
    model = Model(setting(neighbourhood=kind, sigma_decay="inverse"), GRID, 4, masked=masked)
    model.put(weights)
    before, winners, _ = model.learn(vectors, known, np.array([0.5], np.float32))
    np.testing.assert_array_equal(before, weights)
    best = ((known[:, None] * (vectors[:, None] - weights) ** 2).sum(2)).argmin(1)
    np.testing.assert_array_equal(winners, best)
    share = shares(kind, GRID.squared[:, best], 1.5 / (1 + (3 - 1) * 0.5))
    mass = share @ known
    wanted = np.where(mass > 0, share @ (known * vectors) / np.maximum(mass, 1e-12), weights)
    np.testing.assert_allclose(model.read(), wanted, atol=1e-5)


def test_distances_count_what_is_known(data):
    vectors, known, weights = data
    model = Model(setting(), GRID, 4, masked=True)
    model.put(weights)
    squares = (known[:, None] * (vectors[:, None] - weights) ** 2).sum(2)
    wanted = np.sqrt(squares * 4 / known.sum(1, keepdims=True))
    np.testing.assert_allclose(model.distances(vectors, known), wanted, atol=1e-4)
    _, errors = model.map(vectors, known)
    np.testing.assert_allclose(errors, wanted.min(1), atol=1e-5)
    np.testing.assert_array_equal(model.best_two(vectors, known), np.argsort(wanted, 1)[:, :2])
