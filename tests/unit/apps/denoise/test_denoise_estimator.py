"""The class, and the parts it is made of."""

import numpy as np
import pytest

import tailrace as tf
from tailrace.apps import DenoisingAutoencoder
from tailrace.apps.denoise import baselines
from tailrace.apps.denoise.corruption import psnr, spoil
from tailrace.apps.denoise.denoiser import Lesson
from tailrace.apps.denoise.model import build
from tailrace.apps.denoise.patches import mend
from tailrace.apps.denoise.settings import Settings
from tailrace.apps.errors import UserError

from .conftest import stripes

TOY = {"hidden": 24, "epochs": 400, "patches": 400, "batch": 20, "patch": 6}


@pytest.fixture(scope="module")
def fitted() -> DenoisingAutoencoder:
    rows = np.stack([stripes(n, 5, 5).ravel() for n in range(60)])
    return DenoisingAutoencoder(**TOY).fit(rows)


def test_rows_are_mended_as_rows(fitted):
    clean = np.stack([stripes(n, 5, 5).ravel() for n in range(9)]).astype(np.float32)
    spoilt = spoil(clean, "salt-and-pepper", 0.2, np.random.default_rng(0))
    mended = fitted.transform(spoilt)
    assert mended.shape == spoilt.shape
    assert np.square(mended - clean).mean() < 0.6 * np.square(spoilt - clean).mean()
    assert fitted.encode(clean).shape == (9, 24)
    assert fitted.weights_.shape == (24, 5, 5)
    assert fitted.history_[-1]["error"] < fitted.history_[0]["error"]
    assert fitted.score(clean) > 10


def test_a_saved_model_gives_the_same(fitted, tmp_path):
    fitted.save(tmp_path / "m")
    again = DenoisingAutoencoder.load(tmp_path / "m")
    picture = stripes(3, 9, 11)
    np.testing.assert_array_equal(again.transform([picture])[0], fitted.transform([picture])[0])
    assert again.get_params() == fitted.get_params()


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (np.full((5, 4), 2.0), "must be from 0 to 1"),
        (np.full((5, 4), np.nan), "must be from 0 to 1"),
        (np.zeros(4), r"have shape \(4,\)"),
        ([np.zeros(3)], "must hold arrays"),
        (np.zeros((2, 9, 9)), "too few"),
    ],
)
def test_pictures_that_cannot_be(found, word):
    with pytest.raises(UserError, match=word):
        DenoisingAutoencoder(**TOY).fit(found)


def test_before_fit():
    with pytest.raises(UserError, match="not fitted yet"):
        DenoisingAutoencoder().transform(np.zeros((1, 64)))


@pytest.mark.parametrize("output", ["sigmoid", "linear"])
@pytest.mark.parametrize("tied", [True, False])
def test_the_network_is_that_of_the_equations(tied, output):
    random = np.random.default_rng(0)
    x = random.random((3, 6)).astype(np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        net = build(6, 9, tied=tied, activation="tanh", output=output, mean=0.3)
        session.run(tf.global_variables_initializer())
        names = {v.op.name: session.run(v) for v in tf.trainable_variables()}
        found, loss = session.run([net.output, net.loss], {net.spoilt: x, net.clean: x[::-1]})
    assert len(names) == (3 if tied else 4)
    w = names["encoder/weights"]
    back = w.T if tied else names["decoder/weights"]
    raw = np.tanh(x @ w + names["encoder/bias"]) @ back + names["decoder/bias"]
    y = 1 / (1 + np.exp(-raw)) if output == "sigmoid" else raw
    # sums of float32 that come near 0
    np.testing.assert_allclose(found, y, rtol=1e-5, atol=1e-6)
    t = x[::-1]
    crossed = (
        -(t * np.log(y) + (1 - t) * np.log(1 - y)) if output == "sigmoid" else (t - y) ** 2 / 2
    )
    assert loss == pytest.approx(crossed.sum(1).mean(), rel=1e-5)


def test_corruptions_do_what_they_say():
    grey = np.full((100, 100), 0.5)
    spoilt = spoil(grey, "masking", 0.3, np.random.default_rng(0))
    assert set(np.unique(spoilt)) == {0.0, 0.5}
    assert (spoilt == 0).mean() == pytest.approx(0.3, abs=0.02)
    spoilt = spoil(grey, "salt-and-pepper", 0.3, np.random.default_rng(0))
    assert [(spoilt == v).mean() for v in (0, 1)] == pytest.approx([0.15, 0.15], abs=0.02)
    spoilt = spoil(grey, "gaussian", 0.1, np.random.default_rng(0))
    assert spoilt.std() == pytest.approx(0.1, abs=0.005)
    assert psnr(0.01) == pytest.approx(20)


@pytest.mark.parametrize("sides", [(6, 6), (6, 9), (13, 7), (23, 31)])
def test_squares_that_change_nothing_make_the_picture_again(sides):
    picture = np.random.default_rng(0).random(sides).astype(np.float32)
    np.testing.assert_allclose(mend(picture, (6, 6), lambda rows: rows), picture, rtol=1e-5)


def test_the_number_of_components_is_the_best_one():
    pictures = [stripes(n, 6, 6).astype(np.float32) for n in range(60)]
    lesson = Lesson.of(Settings.of(patch=6, amount=0.3), pictures[:40], pictures[40:])
    best, method = baselines.principal(lesson)
    spoilt, clean = lesson.checks()
    axes = np.linalg.svd(lesson.squares(0) - (mean := lesson.squares(0).mean(0)))[2]
    errors = [
        np.square((spoilt - mean) @ axes[:k].T @ axes[:k] + mean - clean).mean()
        for k in range(1, 37)
    ]
    assert best == np.argmin(errors) + 1
    wanted = np.clip((spoilt - mean) @ axes[:best].T @ axes[:best] + mean, 0, 1)
    np.testing.assert_allclose(method(spoilt), wanted, atol=1e-4)


def test_the_median_is_that_of_nine():
    picture = np.zeros((5, 5), np.float32)
    picture[2, 2] = 1
    assert not baselines.median(picture).any()
    np.testing.assert_array_equal(baselines.median(np.ones((4, 7), np.float32)), np.ones((4, 7)))
