"""Asking a language model: what comes next, whole words letter by letter, texts."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common.settings import at_least
from tailrace.apps.common.vocabulary import UNKNOWN, Vocabulary
from tailrace.apps.errors import UserError
from tailrace.apps.lm.choice import Choice, draw_step_by_step
from tailrace.apps.lm.generation import draw
from tailrace.apps.lm.reading import Reader, Reading

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]

# the search for words reads on this many prefixes at a time, so often at most
BEAM = 32
LONGEST_WORD = 30
# what a text with no beginning is taken to begin after
START = "\n"


def begin(
    reader: Reader, vocabulary: Vocabulary, text: str, *, strict: bool = True
) -> tuple[Floats, Reading]:
    """What the model expects after `text`, [V], and where it is then.

    Raises: UserError where the text has symbols unknown to the model, unless not `strict`.
    """
    if strict:
        check_known(vocabulary, text)
    ids = vocabulary.encode(text if text else START)
    probabilities, reading = reader.read(reader.start(), ids[None])
    return probabilities[0], reading


def check_known(vocabulary: Vocabulary, text: str) -> None:
    """Raises UserError where the text has symbols unknown to the model."""
    unknown = vocabulary.unknown_in(text)
    if unknown:
        what = "characters" if vocabulary.level == "char" else "words"
        shown = ", ".join(repr(symbol) for symbol in unknown[:5])
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        raise UserError(f"unknown {what}: {shown}{more}; the training text has none of them")


def next_symbols(
    probabilities: Floats, vocabulary: Vocabulary, count: int
) -> list[tuple[str, float]]:
    """The `count` most likely symbols with their probabilities."""
    order = np.argsort(-probabilities, kind="stable")[:count]
    return [(vocabulary.symbols[i], float(probabilities[i])) for i in order]


def next_words(
    reader: Reader, vocabulary: Vocabulary, text: str, count: int
) -> list[tuple[str, float]]:
    """The `count` most likely words after `text` by a model of characters.

    If the text ends inside a word, these are its completions, else the words that begin next. The
    probability is that of the word's letters and of its end after them. The search reads on the
    most likely prefixes first, and ends when no open one can beat the words found.
    """
    probabilities, reading = begin(reader, vocabulary, text)
    letters = np.array([_in_word(symbol) for symbol in vocabulary.symbols])
    inside = bool(text) and _in_word(text[-1])
    stem = _last_word(text) if inside else ""
    found: list[tuple[float, str]] = []
    # open prefixes: minus their probability, their letters, what comes next, where they are
    ticket = iter(range(1 << 30))
    queue = [(-1.0, next(ticket), "", probabilities, reading)]
    for _ in range(LONGEST_WORD):
        batch = [heapq.heappop(queue) for _ in range(min(BEAM, len(queue)))]
        grown: list[tuple[float, str, Reading, int]] = []
        for negative, _, prefix, after, place in batch:
            if prefix or inside:
                found.append((-negative * float(after[~letters].sum()), stem + prefix))
            grown.extend(
                (-negative * float(after[i]), prefix + vocabulary.symbols[i], place, int(i))
                for i in np.flatnonzero(letters)
            )
        found = heapq.nlargest(count, found)
        least = found[-1][0] if len(found) == count else 0.0
        grown = [g for g in heapq.nlargest(BEAM, grown, key=lambda g: g[0]) if g[0] > least]
        for row in _read_on(reader, grown):
            heapq.heappush(queue, (-row[0], next(ticket), *row[1:]))
        if not queue or -queue[0][0] <= least:
            break
    return [(word, probability) for probability, word in found]


# where not even the likeliest word is likelier than this, no word is what comes next
LEAST_PROBABILITY = 0.01


def candidates(
    reader: Reader, vocabulary: Vocabulary, text: str, count: int
) -> list[tuple[str, float]]:
    """The likeliest next words whatever the level; none where something else is bound to come."""
    if vocabulary.level == "word":
        probabilities, _ = begin(reader, vocabulary, text)
        return next_symbols(probabilities, vocabulary, count)
    found = next_words(reader, vocabulary, text, count)
    return found if found and found[0][1] >= LEAST_PROBABILITY else []


def _read_on(
    reader: Reader, grown: list[tuple[float, str, Reading, int]]
) -> Iterator[tuple[float, str, Floats, Reading]]:
    """Reads the last letter of each prefix, all side by side."""
    if not grown:
        return
    places = [place for _, _, place, _ in grown]
    together = Reading(
        [np.concatenate(states) for states in zip(*(p.states for p in places), strict=True)],
        np.concatenate([place.tail for place in places]),
    )
    ids = np.array([[symbol] for *_, symbol in grown])
    probabilities, reading = reader.read(together, ids)
    for row, (probability, prefix, _, _) in enumerate(grown):
        yield probability, prefix, probabilities[row], reading.take([row])


def _in_word(symbol: str) -> bool:
    return symbol != UNKNOWN and (symbol.isalnum() or symbol in "_'")


def _last_word(text: str) -> str:
    begin = len(text)
    while begin and _in_word(text[begin - 1]):
        begin -= 1
    return text[begin:]


def sample(
    reader: Reader,
    vocabulary: Vocabulary,
    prime: str,
    length: int,
    choice: Choice | None = None,
    *,
    seed: int | None = None,
) -> Iterator[list[str]]:
    """`length` symbols drawn after `prime`, in pieces; the unknown symbol is never drawn.

    Raises: UserError for an unknown prime or an impossible length.
    """
    at_least("length", length, 1)
    check_known(vocabulary, prime)
    ids = vocabulary.encode(prime if prime else START)
    reading = reader.start()
    if len(ids) > 1:
        _, reading = reader.read(reading, ids[None, :-1])
    if seed is None:
        seed = int(np.random.default_rng().integers(1 << 31))
    draws = draw if reader.mixture is None else draw_step_by_step
    pieces = draws(reader, reading, ids, length, choice or Choice(), seed)
    return ([vocabulary.symbols[i] for i in piece] for piece in pieces)
