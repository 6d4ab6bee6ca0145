"""Learning and writing agree; copies; baselines; parts; the class."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tailrace.apps import Translator, UserError
from tailrace.apps.common.sentences import Sentence
from tailrace.apps.translate.baselines import Dictionary, MostFrequent, Nearest
from tailrace.apps.translate.data import Pairs, divide, from_lists
from tailrace.apps.translate.learner import Learner
from tailrace.apps.translate.settings import Settings

from .conftest import sentences

SMALL: dict[str, Any] = {"size": 8, "embedding": 6, "layers": 2, "seed": 3, "epochs": 1}


@pytest.mark.parametrize("attention", ["luong", "bahdanau", "none"])
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_what_is_written_is_as_likely_as_learning_says(attention: str, cell: str):
    """Beam search and teacher forcing are two graphs of one network: -log p(text) is its loss."""
    pairs = from_lists(*sentences())
    learner = Learner.new(pairs, Settings(**SMALL, attention=attention, cell=cell))
    for batch in list(learner.batches(pairs)(0))[:4]:
        learner.step(batch, 0.02)
    asked = pairs.sources[:5]
    found = learner.translate(asked, beam=3, length_penalty=0.0)
    for source, some in zip(asked, found, strict=True):
        # the longest ones were cut off, without an end
        for one in (one for one in some if len(one.symbols) < learner.longest + 2):
            batch = learner._batch(Pairs([source], [one.text]))
            assert learner.target.tokens(one.text) == one.symbols
            loss = learner.session.run(learner.network.loss, learner._feed(batch))
            np.testing.assert_allclose(
                -loss * batch[3].sum(), one.sentence.log_prob, rtol=1e-4, atol=1e-4
            )
            attended = one.sentence.attention
            if attention == "none":
                assert attended is None
            else:
                assert attended is not None
                places = len(one.source)
                np.testing.assert_allclose(attended[:, :places].sum(axis=1), 1, rtol=1e-5)
                assert not attended[:, places:].any()


def test_a_wider_beam_finds_nothing_less_likely():
    pairs = from_lists(*sentences())
    learner = Learner.new(pairs, Settings(**SMALL))
    for batch in list(learner.batches(pairs)(0))[:4]:
        learner.step(batch, 0.02)
    best = [
        learner.translate(pairs.sources[:8], beam=width, length_penalty=0.0) for width in (1, 30)
    ]
    for narrow, wide in zip(*best, strict=True):
        assert wide[0].sentence.log_prob >= narrow[0].sentence.log_prob - 1e-5
        assert len({one.text for one in wide}) > 1


def test_unknown_words_are_copied_from_where_the_network_looked():
    pairs = from_lists(*sentences())
    learner = Learner.new(pairs, Settings(**SMALL))
    looks = np.array([[0.1, 0.7, 0.2, 0.9], [0.8, 0.1, 0.1, 0.0]], np.float32)
    sentence = Sentence(["der", "<unk>"], -1.0, looks[::-1])
    source = ["the", "Ærøskøbing", "x"]
    assert learner._translation(source, sentence, copy=True).text == "der Ærøskøbing"
    assert learner._translation(source, sentence, copy=False).text == "der <unk>"


def test_batches_have_every_pair_once():
    pairs = from_lists(*sentences())
    learner = Learner.new(pairs, Settings(**SMALL, batch=50))
    first, again, second = (list(learner.batches(pairs)(epoch)) for epoch in (0, 0, 1))
    assert sum(len(batch[0]) for batch in first) == 300
    rows = {tuple(row) for batch in first for row in batch[2].tolist()}
    assert len(rows) == 300
    for one, other in zip(first, again, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert not all(np.array_equal(a[0], b[0]) for a, b in zip(first, second, strict=True))


def test_nothing_held_out_was_learnt():
    pairs = from_lists(
        [f"{n % 7} {n}" for n in range(90)] + ["same"] * 10,
        [str(n // 3) for n in range(90)] + [f"t{n}" for n in range(10)],
    )
    parts = divide(pairs, Settings(held_out=0.4))
    for held_out in (parts.validation, parts.test):
        assert len(held_out)
        assert not set(held_out.targets) & set(parts.train.targets)
        assert not set(held_out.sources) & set(parts.train.sources)


def test_simple_methods():
    learnt = from_lists(
        ["one dog", "two dog", "one cat", "two cat"], ["un c", "deux c", "un h", "deux h"]
    )
    settings = Settings()
    assert Dictionary(learnt, settings).translate(["two one dog cat bird"]) == ["deux un c h bird"]
    assert Nearest(learnt, settings).translate(["two cats"]) == ["deux h"]
    more = from_lists([*learnt.sources, "x"], [*learnt.targets, "un h"])
    assert MostFrequent(more, settings).translate(["a", "b"]) == ["un h", "un h"]


def test_the_class(tmp_path: Path):
    english, german = sentences()
    model = Translator(size=24, embedding=12, batch=16, epochs=8, learning_rate=0.02, beam=2)
    assert "epochs=8" in repr(model)
    with pytest.raises(UserError, match="not fitted"):
        model.predict(english)
    model.fit(english, german)
    assert model.score(english, german) > 0.7
    assert model.quality(english, german).bleu > 80
    model.save(tmp_path / "m")
    again = Translator.load(tmp_path / "m")
    assert again.get_params() == model.get_params()
    assert again.predict(english[:9]) == model.predict(english[:9])
    assert again.history_ == model.history_
    best, *_ = again.translations(english[:1])[0]
    assert best.sentence.attention is not None
    with pytest.raises(UserError, match="1 sources, but 2 targets"):
        model.fit(["a"], ["b", "c"])
