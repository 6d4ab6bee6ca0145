"""Texts from readings, and how wrong they are."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.apps.speech.baselines import Templates, most_frequent
from tailrace.apps.speech.decoding import (
    Alphabet,
    LetterModel,
    Reading,
    Rescoring,
    distance,
    judge,
)

TEXTS = st.text("abc", max_size=6)


def test_distance_by_hand():
    assert distance("kitten", "sitting") == 3
    assert distance("", "abc") == 3
    assert distance("abc", "abc") == 0


@given(TEXTS, TEXTS, TEXTS)
def test_distance_is_a_metric(a: str, b: str, c: str):
    assert distance(a, b) == distance(b, a)
    assert (distance(a, b) == 0) == (a == b)
    assert distance(a, c) <= distance(a, b) + distance(b, c)


def test_errors_are_counted_over_all_that_was_said():
    errors = judge(["one two", "tree"], ["one two", "three"])
    assert errors.letters == pytest.approx(1 / 12)
    assert errors.words == pytest.approx(1 / 3)
    assert errors.utterances == pytest.approx(1 / 2)


def test_a_letter_model_is_a_distribution():
    model = LetterModel(["ab", "ba", "ab"], "ab", 2)
    texts = [""]
    total = 0.0
    for _ in range(12):
        total += sum(math.exp(model.score(text)) for text in texts)
        texts = [text + letter for text in texts for letter in "ab"]
    assert total == pytest.approx(1, abs=0.05)
    assert model.score("ab") > model.score("aa")


def test_rescoring_prefers_what_is_written():
    model = LetterModel(["one", "one", "two"], "enotw", 3)
    readings = [Reading("onw", -1.0), Reading("one", -1.2), Reading("o", -4.0)]
    assert Rescoring(0.0).best(readings, model) == "onw"
    assert Rescoring(0.5).best(readings, model) == "one"
    assert Rescoring(0.5).best(readings, None) == "onw"
    assert Rescoring.tuned([readings], ["one"], model).best(readings, model) == "one"
    assert Rescoring.tuned([readings], ["onw"], model) == Rescoring(0.0, 0.0)


def test_an_alphabet_there_and_back():
    alphabet = Alphabet.of(["two", "one"])
    assert alphabet.characters == "enotw"
    assert alphabet.decode(np.array([*alphabet.encode("two", "x"), -1, -1])) == "two"


def _warped(times: list[int]) -> np.ndarray:
    return np.repeat(np.eye(4)[[0, 1, 2, 3]], times, axis=0)


def test_templates_forgive_another_tempo():
    templates = Templates([_warped([2, 2, 2, 2]), _warped([2, 2, 2, 2])[::-1]], ["up", "down"])
    slow = _warped([5, 1, 3, 4])
    assert templates.recognize(slow) == "up"
    assert templates.recognize(slow[::-1]) == "down"
    assert templates.distances(slow)[0] == 0


def test_warping_distance_by_hand():
    template, heard = np.array([[0.0], [1.0], [3.0]]), np.array([[0.0], [2.0]])
    # 0-0, then 1-2 and 3-2: 0 + 1 + 1, of 5 frames in all
    assert Templates([template], ["w"]).distances(heard)[0] == pytest.approx(2 / 5)


def test_the_most_frequent():
    assert most_frequent(["a", "b", "b"]) == "b"
