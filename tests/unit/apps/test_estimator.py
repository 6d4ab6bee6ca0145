"""`tailrace.apps.LanguageModel`."""

from pathlib import Path

import numpy as np
import pytest

from tailrace.apps import LanguageModel, UserError
from tailrace.cli import main

from .conftest import TEXT

TOY = {
    "size": 24,
    "embedding": 12,
    "seq_len": 10,
    "batch": 4,
    "ngram_inputs": 2,
    "epochs": 3,
    "minutes": None,
    "learning_rate": 0.02,
    "dropout": 0.0,
    "recurrent_dropout": 0.0,
}


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    return LanguageModel(**TOY).fit(TEXT * 60)


def test_it_learns(model: LanguageModel):
    bits = [row["bits"] for row in model.history_]
    assert bits[-1] < bits[0] < np.log2(len(model.vocabulary_))
    assert model.score(TEXT) > -1.5
    assert model.score(TEXT[::-1]) < model.score(TEXT) - 1


def test_next_words_follow(model: LanguageModel):
    (best, probability), *others = model.next(TEXT + "the cat sat on the m", 3)
    assert best == "mat"
    assert probability > 0.5
    assert all(0 <= p <= probability for _, p in others)
    assert model.next(TEXT + "the cat sat on the m", 1, words=False)[0][0] == "a"


def test_a_words_probability_is_its_characters(model: LanguageModel):
    """The search's figure is that of the letters read one by one."""
    prompt = TEXT + "the cat sat on the m"
    word, probability = model.next(prompt, 1)[0]
    expected = 1.0
    text = prompt
    for letter in word[1:]:
        expected *= dict(model.next(text, 99, words=False))[letter]
        text += letter
    ends = dict(model.next(text, 99, words=False))
    expected *= sum(p for symbol, p in ends.items() if not symbol.isalnum())
    assert probability == pytest.approx(expected, rel=1e-4)


def test_same_seed_same_model(model: LanguageModel):
    again = LanguageModel(**TOY).fit(TEXT * 60)
    assert again.score(TEXT) == model.score(TEXT)
    other = LanguageModel(**{**TOY, "seed": 2}).fit(TEXT * 60)
    assert other.score(TEXT) != model.score(TEXT)


def test_samples(model: LanguageModel):
    text = model.sample(TEXT, 50, seed=1)
    assert len(text) == 50
    assert text == model.sample(TEXT, 50, seed=1)
    assert set(text) <= set(TEXT)
    assert text != model.sample(TEXT, 50, seed=1, repetition_penalty=1e6, repetition_window=20)
    likely = model.sample(TEXT, 20, temperature=0)
    assert likely == model.sample(TEXT, 20, top_k=1, seed=7)


def test_saved_and_loaded(model: LanguageModel, tmp_path: Path):
    folder = tmp_path / "model"
    model.save(folder)
    again = LanguageModel.load(folder)
    assert again.get_params() == model.get_params()
    assert again.next("the ") == model.next("the ")
    assert again.score(TEXT) == model.score(TEXT)
    assert main(["lm", "next", str(folder), "the "]) == 0
    with pytest.raises(UserError, match="holds something already"):
        model.save(folder)


def test_parameters():
    model = LanguageModel(size=10)
    assert model.get_params()["size"] == 10
    assert model.set_params(layers=2).get_params()["layers"] == 2
    assert repr(model) == "LanguageModel(size=10, layers=2)"
    with pytest.raises(UserError, match="no such setting: sise"):
        LanguageModel(sise=3)
    with pytest.raises(UserError, match="--size 0"):
        model.set_params(size=0)


def test_a_model_that_is_not_fitted():
    with pytest.raises(UserError, match="not fitted"):
        LanguageModel().next("a")


def test_a_text_that_is_too_short():
    with pytest.raises(UserError, match="too short"):
        LanguageModel(**TOY).fit("abc")


@pytest.mark.parametrize("cell", ["gru", "lstm-prototype"])
def test_other_cells(cell: str):
    other = {"cell": cell, "epochs": 1, "layers": 2, "match_length": 0}
    model = LanguageModel(**{**TOY, **other}).fit(TEXT * 30)
    assert model.score(TEXT) > -4
