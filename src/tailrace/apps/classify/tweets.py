"""Invented messages in the manner of tweets, made by rules, so that what is hard is known.

Nobody wrote any of them. A message is positive, negative or neutral as a whole, and of one kind:

    plain      the feeling is in a word: "the bus was dreadful"
    negation   turned around, or only seemingly: "not bad at all", "nothing but great",
               "no one told me how good it is"
    contrast   two feelings, the main clause counts: "A but B" is B, "A although B" is A
    change     what is now counts, not what was: "once great, now dull", "dull once, now great"
    irony      praise that is none, shown by a marker: "great, another delay", "#not", "said nobody
               ever"; and the same words meant honestly: "said everybody i know"
    question   asks, and so feels nothing: "is it any good?"
    report     states a fact

For contrast and change there are messages of the same words in another order that mean the
opposite, so that nothing that counts words can tell them apart. Words of feeling are drawn by
Zipf's law: many are seen seldom, or first in the test. A part of the labels is drawn anew, as
people disagree.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

NEGATIVE, NEUTRAL, POSITIVE = "negative", "neutral", "positive"
# part of all messages, by kind
KINDS = {
    "plain": 0.22,
    "negation": 0.2,
    "contrast": 0.16,
    "change": 0.12,
    "irony": 0.12,
    "question": 0.1,
    "report": 0.08,
}
COUNT = 4000
NOISE = 0.03
TYPO, EMOJI, EMOJI_HONEST = 0.02, 0.2, 0.75


def _several(text: str, between: str = " ") -> tuple[str, ...]:
    return tuple(text.split(between))


_GOOD = _several(
    "good great nice lovely brilliant amazing superb wonderful fantastic charming solid stunning "
    "fun pleasant excellent gorgeous fine perfect cool sweet impressive delightful splendid "
    "terrific smooth helpful friendly clever tasty fresh elegant reliable handy thrilling soothing "
    "flawless magical adorable classy refreshing"
)
_BAD = _several(
    "bad awful terrible horrible boring dreadful slow dull poor ugly broken useless annoying "
    "disappointing lousy sad messy weak nasty disgusting painful pathetic rude clumsy stale cheap "
    "shabby noisy clunky tedious bland filthy buggy overpriced miserable shoddy gloomy tacky "
    "laughable dire"
)
# cumulated weights of a list's words
_ZIPF = list(accumulate(1 / rank for rank in range(2, len(_GOOD) + 2)))
_LIKE = _several("love enjoy adore like recommend admire cherish trust")
_DISLIKE = _several("hate regret dislike despise loathe resent avoid detest")
_THINGS = _several(
    "the pizza;my new phone;the bus;this film;the concert;the support team;the update;the hotel;"
    "the coffee;the game;the book;the keynote;that album;the new season;the gym;my haircut;"
    "the museum;the train;this app;the burger place;the lecture;the weather;the soup;my landlord;"
    "the airport;the printer;the playlist;this jacket;the exam;the market",
    ";",
)
_TROUBLES = _several(
    "delay;queue;bug;power cut;price rise;flat tyre;monday;meeting;cold;rainy day", ";"
)
_TREATS = _several("gift;holiday;free ticket;sunny day;day off;upgrade;surprise party;friday", ";")
_DEGREES = _several(",,,,very,really,so,totally,pretty,quite,incredibly,a bit", ",")
_OPENINGS = _several(
    ",,,,,honestly ,omg ,ok so ,lol ,well ,@{name} ,@{name} ,rt @{name} ,hey ", ","
)
_NAMES = _several("mika_b jo77 thelarks planetkim dr_owl sam_of_york tallpaul nina")
_ENDS = _several(
    ",,,,,, #monday, #weekend, #travel, #cityhall, https://ex.ample/{code}, tbh,!, ...", ","
)
_SMILES, _FROWNS = ("😀", "❤️", ":)"), ("😡", "😞", ":(")

_NEGATED = (
    "{x} is not {d} {o}",
    "{x} was never {o}",
    "{x} is anything but {o}",
    "{x} is far from {o}",
    "{x} was not {o} at all",
    "{x} is hardly {o}",
    "i do not think {x} is {d} {o}",
    "nobody i know would call {x} {o}",
    "i did not {ov} {x}",
    "i would never {ov} {x} again",
    "there is no way {x} is {o}",
)
# a negation that turns nothing around
_HARMLESS = (
    "{x} is nothing but {f}",
    "no one told me how {f} {x} is",
    "{x} never fails to be {f}",
    "{x} is not only {f} , it is {f2}",
    "no doubt , {x} is {d} {f}",
    "why did nobody say that {x} is so {f}",
)
_PLAIN = (
    "{x} is {d} {f}",
    "{x} was {d} {f}",
    "i {fv} {x}",
    "i really {fv} {x} , so {f}",
    "how {f} {x} is !",
    "{f} , {f2} , {x} has it all",
    "what a {f} day , {x} was {f2}",
    "my whole family says {x} is {f}",
)
_CONTRAST = (
    "{x} was {o} but {y} is {f}",
    "{x} is {f} although {y} was {o}",
    "although {x} is {o} , {y} is {f}",
    "{o} {place} , but {d} {f} food",
    "{d} {f} food , even though it is a {o} {place}",
    "people say {x} is {o} , but i think it is {f}",
    "i think {x} is {f} , even if people say it is {o}",
    "{x} looked {o} , yet it was {f}",
    "{x} was {f} , though it looked {o}",
)
_CHANGE = (
    "{x} was {o} once , now it is {f}",
    "{x} is {f} now , it was {o} once",
    "{x} went from {o} to {f}",
    "{x} used to be {o} , it is {f} these days",
    "{x} is {f} these days , it used to be {o}",
    "they turned {x} from {o} into something {f}",
    "first {o} , then {f} : {x}",
)
_IRONIC = (
    "{x} is {d} {g} #not",
    "{g} , another {trouble}",
    "oh {g} , a {trouble} again",
    "yeah right , {x} is {g}",
    "{x} is so {g} , said nobody ever",
    "just what i needed , a {trouble}",
    "thanks for nothing , {x} , {g} work",
    "{x} {g} ? in your dreams",
    "i just {gv} a {trouble} in the morning",
    "wow , {x} was {g} 🙄",
)
_HONEST = (
    "{g} , another {treat}",
    "oh {g} , a {treat} again",
    "yeah , right on , {x} is {g}",
    "{x} is so {g} , said everybody i know",
    "just what i needed , a {treat}",
    "thanks for everything , {x} , {g} work",
    "i just {gv} a {treat} in the morning",
    "wow , {x} was {g} 😀",
)
_QUESTIONS = (
    "is {x} any {w} ?",
    "does anyone know if {x} is {w} ?",
    "is {x} {w} or {w2} ? need to know before friday",
    "who here would {wv} {x} ?",
    "asking for a friend : is {x} {d} {w} ?",
    "what is {x} like , {w} or {w2} ?",
)
_REPORTS = (
    "{x} opens at nine",
    "on my way to {x}",
    "{x} is next to {y}",
    "{x} starts on monday , {y} on friday",
    "a friend of mine works at {x}",
    "they moved {x} to the second floor",
    "reading about {x} and {y}",
)


@dataclass(frozen=True)
class Messages:
    """Texts with what they mean and which kind each is."""

    texts: list[str]
    labels: list[str]
    kinds: list[str]


def messages(count: int = COUNT, seed: int = 0, noise: float = NOISE) -> Messages:
    """Messages, each text once; `noise` is the part whose label is drawn anew."""
    writer = _Writer(random.Random(seed))
    found: dict[str, tuple[str, str]] = {}
    while len(found) < count:
        text, label, kind = writer.message()
        if writer.chance(noise):
            label = writer.one([NEGATIVE, NEUTRAL, POSITIVE])
        found.setdefault(text, (label, kind))
    labels, kinds = zip(*found.values(), strict=True)
    return Messages(list(found), list(labels), list(kinds))


class _Writer:
    def __init__(self, drawn: random.Random) -> None:
        self._random = drawn

    def chance(self, part: float) -> bool:
        """True in this part of the cases."""
        return self._random.random() < part

    def one(self, items: Sequence[str]) -> str:
        """One of some, all alike."""
        return items[int(self._random.random() * len(items))]

    def message(self) -> tuple[str, str, str]:
        """A text, its label and its kind."""
        kind = self._random.choices(list(KINDS), weights=list(KINDS.values()))[0]
        good = self.chance(0.5)
        felt = POSITIVE if good else NEGATIVE
        label = NEUTRAL if kind in ("question", "report") else felt
        return self._dressed(self._filled(self._pattern(kind, good), good), label), label, kind

    def _pattern(self, kind: str, good: bool) -> str:
        if kind == "negation":
            return self.one(_NEGATED if self.chance(0.7) else _HARMLESS)
        if kind == "irony":
            return self.one(_HONEST if good else _IRONIC)
        patterns = {
            "plain": _PLAIN,
            "contrast": _CONTRAST,
            "change": _CHANGE,
            "question": _QUESTIONS,
            "report": _REPORTS,
        }
        return self.one(patterns[kind])

    def _zipf(self, words: Sequence[str]) -> str:
        """A word of a list, its first ones most often."""
        return self._random.choices(words, cum_weights=_ZIPF[: len(words)])[0]

    def _filled(self, pattern: str, good: bool) -> str:
        felt, other = (_GOOD, _BAD) if good else (_BAD, _GOOD)
        felt_verbs, other_verbs = (_LIKE, _DISLIKE) if good else (_DISLIKE, _LIKE)
        either = self.one(["good", "bad"]) == "good"
        text = pattern.format(
            x=self.one(_THINGS),
            y=self.one(_THINGS),
            d=self.one(_DEGREES),
            f=self._zipf(felt),
            f2=self._zipf(felt),
            o=self._zipf(other),
            g=self._zipf(_GOOD),
            w=self._zipf(_GOOD if either else _BAD),
            w2=self._zipf(_BAD if either else _GOOD),
            fv=self._zipf(felt_verbs),
            ov=self._zipf(other_verbs),
            gv=self._zipf(_LIKE),
            wv=self._zipf(_LIKE if either else _DISLIKE),
            trouble=self.one(_TROUBLES),
            treat=self.one(_TREATS),
            place=self.one(["place", "bar", "corner cafe", "canteen"]),
        )
        return re.sub(" +", " ", text).strip()

    def _dressed(self, text: str, label: str) -> str:
        """With a beginning, an end, perhaps a smile, a stretched word and a slip of the finger."""
        if self.chance(0.1):
            text = text.replace(" so ", f" s{'o' * int(2 + 4 * self._random.random())} ")
        if self.chance(0.06):
            text = re.sub(r"\b(is|was) not\b", r"\1n't", text).replace("do not", "don't")
        text = " ".join(self._typed(word) for word in text.split(" "))
        text = self.one(_OPENINGS) + text + self.one(_ENDS)
        if label != NEUTRAL and self.chance(EMOJI):
            smile = (label == POSITIVE) == self.chance(EMOJI_HONEST)
            text += " " + self.one(_SMILES if smile else _FROWNS)
        code = "".join(self.one(list("abcdefghkmnpqr")) for _ in range(5))
        text = text.format(name=self.one(_NAMES), code=code)
        return re.sub(r" ([,?!]|: )", r"\1", text)

    def _typed(self, word: str) -> str:
        if len(word) < 5 or not word.isalpha() or not self.chance(TYPO):
            return word
        place = 1 + int(self._random.random() * (len(word) - 3))
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
