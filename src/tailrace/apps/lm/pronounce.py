"""Has the model learnt to spell? After "App" a next letter that nobody can say is unlikely."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tailrace.apps.common.vocabulary import Vocabulary
from tailrace.apps.lm.generate import begin
from tailrace.apps.lm.reading import Reader

# beginnings of words, and the letters that can be said after them in English
STEMS = {"App": "aeiourlys", "str": "aeiouy", "qu": "aeioy", "th": "aeiouyrw"}


class Spelling(NamedTuple):
    """What a model expects after a stem; parts of the probability of all small letters."""

    stem: str
    sayable: float
    unsayable: float
    by_chance: float  # unsayable, were all letters alike
    likeliest: list[tuple[str, float]]


def spellings(reader: Reader, vocabulary: Vocabulary) -> list[Spelling]:
    """The test for each stem that the vocabulary can write; none for models of words."""
    if vocabulary.level != "char":
        return []
    letters = [c for c in "abcdefghijklmnopqrstuvwxyz" if c in vocabulary]
    found = []
    for stem, sayable in STEMS.items():
        text = f" {stem}" if " " in vocabulary else stem
        if vocabulary.unknown_in(text) or not set(sayable) & set(letters):
            continue
        probabilities, _ = begin(reader, vocabulary, text)
        weights = probabilities[vocabulary.encode(letters)]
        weights = weights / weights.sum()
        can = np.array([letter in sayable for letter in letters])
        order = np.argsort(-weights, kind="stable")[:5]
        found.append(
            Spelling(
                stem,
                float(weights[can].sum()),
                float(weights[~can].sum()),
                float((~can).mean()),
                [(letters[i], float(weights[i])) for i in order],
            )
        )
    return found
