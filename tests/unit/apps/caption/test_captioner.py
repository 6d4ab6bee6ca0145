"""Scenes say what they show; writing and learning agree; the class; measures of texts."""

import re
from pathlib import Path

import numpy as np
import pytest

from tailrace.apps import Captioner, UserError
from tailrace.apps.caption.comparison import most_frequent, nearest
from tailrace.apps.caption.data import Album
from tailrace.apps.caption.learner import Learner
from tailrace.apps.caption.model import grid
from tailrace.apps.caption.scenes import COLOURS, scenes
from tailrace.apps.caption.settings import Settings
from tailrace.apps.common.quality import is_right, judge

from .conftest import SIDE, halves


def _middle(picture: np.ndarray, colour: str) -> np.ndarray:
    """Where a colour is in a scene: the median place, across and down, of pixels closest to it."""
    names = list(COLOURS)
    values = np.array([*COLOURS.values(), *[(g, g, g) for g in (0.5, 0.7, 0.9)]])
    # by hue: all colours are made equally bright
    scaled = values / values.max(axis=1, keepdims=True)
    pixels = picture / picture.max(axis=2, keepdims=True)
    own = ((pixels[..., None, :] - scaled) ** 2).sum(-1).argmin(-1) == names.index(colour)
    down, across = np.nonzero(own)
    return np.array([np.median(across), np.median(down)])


def test_captions_of_scenes_are_true():
    album = scenes(3, 300)
    assert album.pictures.shape == (300, 32, 32, 3)
    assert 0 <= album.pictures.min() < album.pictures.max() <= 1
    checked = 0
    for picture, (caption,) in zip(album.pictures, album.captions, strict=True):
        colours = re.findall("|".join(COLOURS), caption)
        if len(set(colours)) < len(colours) or len(colours) == 1:
            continue
        places = np.array([_middle(picture, colour) for colour in colours])
        down = "above" in caption
        assert (np.diff(places[:, int(down)]) > 0).all(), caption
        checked += 1
    assert checked > 150


def test_what_is_written_is_as_likely_as_learning_says():
    album = scenes(1, 40)
    settings = Settings(size=8, filters=2, embedding=4, batch=8, learning_rate=0.02)
    learner = Learner.new(album, settings)
    for batch in learner.batches(album)(0):
        learner.step(batch, 0.02)
    for row, some in enumerate(learner.describe(album.pictures[:4], beam=3, length_penalty=0.0)):
        assert [one.log_prob for one in some] == sorted((o.log_prob for o in some), reverse=True)
        for one in (one for one in some if 0 < len(one.words) < learner.longest + 2):
            batch = learner._batch(album, [(row, one.text)])
            loss = learner.session.run(learner.network.loss, learner._feed(batch))
            np.testing.assert_allclose(-loss * batch[-1].sum(), one.log_prob, rtol=1e-4, atol=1e-4)
            assert one.looks is not None
            assert one.looks.shape == (len(one.words), 8, 8)
            np.testing.assert_allclose(one.looks.sum(axis=(1, 2)), 1, rtol=1e-5)


@pytest.mark.parametrize(
    ("side", "regions"), [(8, 8), (16, 8), (30, 8), (32, 8), (48, 6), (100, 7)]
)
def test_pictures_are_halved_to_few_regions(side: int, regions: int):
    assert grid(side) == regions


def test_simple_methods():
    pictures, _ = halves(6)
    learnt = Album(pictures[:4], [["a"], ["b"], ["c"], ["b"]], list("0123"))
    noise = np.random.default_rng(0).normal(0, 0.01, pictures.shape).astype(np.float32)
    asked = Album(pictures[:3] + noise[:3], [["x"]] * 3, list("456"))
    assert nearest(learnt, asked) == ["a", "b", "c"]
    assert most_frequent(learnt, asked) == ["b"] * 3


def test_measures_of_texts():
    assert is_right("a b .", ["c", "a b."], "word")
    assert not is_right("a b .", ["a b."], "char")
    right = judge(
        ["a red dog sleeps here", "no"], [["a red dog sleeps here"], ["no", "yes"]], "word"
    )
    assert (right.exact, round(right.bleu, 6), right.chrf) == (100, 100, 100)
    # four of five words, three of four pairs, two of three, one of two; as long as what is wanted
    half = judge(["a red dog sleeps there"], [["a red dog sleeps here"]], "word")
    assert half.exact == 0
    assert half.bleu == pytest.approx(100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25)


def test_the_class(tmp_path: Path):
    pictures, captions = halves(120)
    model = Captioner(
        side=SIDE, filters=6, size=24, embedding=8, batch=8, epochs=8, learning_rate=0.02, beam=2
    )
    with pytest.raises(UserError, match="not fitted"):
        model.predict(pictures)
    model.fit(pictures, captions)
    assert model.score(pictures, captions) > 0.8
    model.save(tmp_path / "m")
    again = Captioner.load(tmp_path / "m")
    assert again.get_params() == model.get_params()
    assert again.predict(pictures[:9]) == model.predict(pictures[:9])
    best = again.descriptions(pictures[:1])[0][0]
    assert best.looks is not None
    for wrong, said in (
        ((pictures[:, :8], captions), "pictures must be an array"),
        ((pictures, captions[1:]), "120 pictures, but 119 captions"),
        ((pictures, [""] * 120), "a picture has no caption"),
    ):
        with pytest.raises(UserError, match=said):
            model.fit(*wrong)
