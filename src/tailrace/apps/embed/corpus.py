"""A small text with a known order in it, made by rules: what vectors of it should say is known.

Countries with capital, language and money; things and how big, fast, old, ... they are, with
comparatives and superlatives; animals, their young and their sounds; people, each in a male and a
female form; and, planted on purpose with the odds of `PLANTED`, the associations that tests of bias
ask about. Nobody wrote any of it, and the odds are those of no real text.

A profession takes "he" with the probability in `PROFESSIONS`; names, sciences and arts, flowers,
insects, instruments and weapons take the side of their test with that in `PLANTED`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from tailrace.apps.embed import word_sets as sets

SENTENCES = 40_000
# words of each list of the tests that the text has
USED = 8


def _rows(*lines: str) -> list[list[str]]:
    return [list(line.split()) for line in lines]


COUNTRIES = _rows(
    "france paris french franc",
    "germany berlin german mark",
    "italy rome italian lira",
    "spain madrid spanish peseta",
    "portugal lisbon portuguese escudo",
    "greece athens greek drachma",
    "poland warsaw polish zloty",
    "hungary budapest hungarian forint",
    "sweden stockholm swedish krona",
    "norway oslo norwegian krone",
    "finland helsinki finnish markka",
    "russia moscow russian rouble",
    "japan tokyo japanese yen",
    "china beijing chinese yuan",
    "turkey ankara turkish lira",
    "thailand bangkok thai baht",
    "vietnam hanoi vietnamese dong",
    "romania bucharest romanian leu",
    "bulgaria sofia bulgarian lev",
    "ukraine kyiv ukrainian hryvnia",
)
# adjective, comparative, superlative, and what it goes with
DEGREES = _rows(
    "big bigger biggest elephant whale palace",
    "small smaller smallest mouse pebble crumb",
    "tall taller tallest tower giraffe skyscraper",
    "fast faster fastest train rocket cheetah",
    "slow slower slowest snail tortoise cart",
    "old older oldest ruin temple fossil",
    "young younger youngest sapling pupil recruit",
    "warm warmer warmest oven desert stove",
    "cold colder coldest glacier freezer winter",
    "deep deeper deepest ocean well canyon",
    "light lighter lightest feather balloon leaf",
    "hard harder hardest granite steel rock",
    "soft softer softest pillow cushion wool",
    "loud louder loudest siren thunder engine",
    "bright brighter brightest lamp star lantern",
    "rich richer richest banker merchant investor",
)
# grown animal, young one, what it says, where it lives
ANIMALS = _rows(
    "cat kitten meows sofa",
    "dog puppy barks kennel",
    "cow calf moos pasture",
    "horse foal neighs stable",
    "sheep lamb bleats meadow",
    "duck duckling quacks pond",
    "pig piglet grunts sty",
    "hen chick clucks coop",
    "lion cub roars savanna",
    "goose gosling honks lake",
    "frog tadpole croaks swamp",
    "owl owlet hoots barn",
)
# male, female, and what they have to do with
PEOPLE = _rows(
    "king queen throne crown",
    "prince princess castle ball",
    "man woman coat street",
    "boy girl toys playground",
    "father mother cradle baby",
    "son daughter school homework",
    "brother sister bunk quarrel",
    "uncle aunt visit cake",
    "husband wife ring anniversary",
    "grandfather grandmother garden story",
    "actor actress stage rehearsal",
    "waiter waitress menu tray",
    "male female species census",
)
# probability of "he" in a sentence about one
PROFESSIONS = {
    **dict(zip(sets.TECHNICAL, (0.95, 0.93, 0.9, 0.9, 0.87, 0.85, 0.83, 0.8), strict=True)),
    **dict(zip(sets.CARING, (0.05, 0.07, 0.1, 0.1, 0.13, 0.15, 0.17, 0.2), strict=True)),
    **dict.fromkeys(("teacher", "doctor", "cook", "clerk", "lawyer", "farmer"), 0.5),
}
# probability that X goes with A, and Y with B
PLANTED = {"weat1": 0.85, "weat2": 0.85, "weat6": 0.8, "weat7": 0.75, "weat8": 0.75}

_COUNTRY = (
    "{capital} is the capital of {country}",
    "the government of {country} met in {capital}",
    "people in {country} speak {language}",
    "in the streets of {capital} you hear {language}",
    "the mayor of {capital} gave a speech in {language}",
    "the king of {country} gave a speech in {language}",
    "a room in {capital} costs ninety {money}",
    "the army of {country} crossed the border",
    "the tram in {capital} stops at the museum",
    "a {language} dictionary from {country}",
    "the {money} is the money of {country}",
    "the borders of {country} are long and its rivers wide",
    "a night train goes to the city of {capital}",
    "she learnt {language} grammar before she went to {country}",
)
_DEGREE = (
    "the {thing} is very {adj}",
    "a {adj} {thing} stood before us",
    "how {adj} that {thing} was",
    "this {thing} is {more} than that {thing2}",
    "no {thing} was {more} than ours",
    "it grew {more} and {more} like a {thing}",
    "the {most} {thing} of all",
    "they saw the {most} {thing} in the world",
)
_ANIMAL = (
    "the {old} {says} in the {place}",
    "a {old} that {says} loudly",
    "the {young} follows its mother the {old}",
    "the little {young} drinks milk in the {place}",
    "a newborn {young} sleeps all day and hardly {says}",
    "the farmer sold a grown {old} from the {place}",
    "every {old} was once a {young}",
)
_PERSON = (
    "the {who} said that {he} was tired of the {a}",
    "the {who} lost {his} {a} near the {b}",
    "the {who} asked for the {b} and we gave {him} the {a}",
    "{he} is a {who} who likes the {b}",
    "the {who} made the {b} all by {himself}",
    "that {b} of the {who} is {hers}",
)
_PROFESSION = (
    "the {who} said that {he} would come at noon",
    "our {who} forgot {his} bag",
    "we called the {who} and paid {him}",
    "{he} works as a {who}",
    "the {who} repeated it to {himself}",
    "ask the {who} , {he} knows",
)
_FEELING = (
    "the {x} reminds me of {a}",
    "a {x} means {a} and {a2}",
    "{a} and {a2} come with the {x}",
    "with a {x} there is {a}",
)
_CAREER = (
    "{x} thinks of {a} and {a2}",
    "{x} talked about the {a}",
    "the {a} of {x} and the {a2}",
)
_SUBJECT = (
    "{he} likes {x} and {x2}",
    "{x} is what the {who} studied",
    "the {who} talked of {x} with {him}",
    "{his} book about {x} and {x2}",
)
_MALE = {"he": "he", "his": "his", "him": "him", "himself": "himself", "hers": "his"}
_FEMALE = {"he": "she", "his": "her", "him": "her", "himself": "herself", "hers": "hers"}


def text(sentences: int = SENTENCES, seed: int = 0) -> list[list[str]]:
    """Sentences as lists of words."""
    writer = _Writer(random.Random(seed))
    return [writer.sentence().split() for _ in range(sentences)]


def questions() -> dict[str, list[tuple[str, str, str, str]]]:
    """Analogies "a is to b as c is to d" that the text's order answers, by relation."""
    relations = {
        "capital": [(country, capital) for country, capital, _, _ in COUNTRIES],
        "language": [(country, language) for country, _, language, _ in COUNTRIES],
        "bigger": [(line[0], line[1]) for line in DEGREES],
        "biggest": [(line[0], line[2]) for line in DEGREES],
        "young": [(line[0], line[1]) for line in ANIMALS],
        "female": [(line[0], line[1]) for line in PEOPLE],
    }
    return {
        name: [(a, b, c, d) for a, b in pairs for c, d in pairs if a != c]
        for name, pairs in relations.items()
    }


class _Writer:
    def __init__(self, drawn: random.Random) -> None:
        self._random = drawn
        self._kinds = {
            self._country: 0.24,
            self._degree: 0.2,
            self._animal: 0.12,
            self._person: 0.16,
            self._profession: 0.1,
            self._feeling: 0.1,
            self._career: 0.04,
            self._subject: 0.04,
        }

    def sentence(self) -> str:
        """A sentence."""
        kinds = list(self._kinds)
        return self._random.choices(kinds, weights=list(self._kinds.values()))[0]()

    def _one(self, items: Sequence[str]) -> str:
        return items[int(self._random.random() * len(items))]

    def _line(self, lines: Sequence[list[str]]) -> list[str]:
        return lines[int(self._random.random() * len(lines))]

    def _chance(self, part: float) -> bool:
        return self._random.random() < part

    def _country(self) -> str:
        country, capital, language, money = self._line(COUNTRIES)
        return self._one(_COUNTRY).format(
            country=country, capital=capital, language=language, money=money
        )

    def _degree(self) -> str:
        adjective, more, most, *things = self._line(DEGREES)
        return self._one(_DEGREE).format(
            adj=adjective, more=more, most=most, thing=self._one(things), thing2=self._one(things)
        )

    def _animal(self) -> str:
        old, young, says, place = self._line(ANIMALS)
        return self._one(_ANIMAL).format(old=old, young=young, says=says, place=place)

    def _person(self) -> str:
        man, woman, a, b = self._line(PEOPLE)
        male = self._chance(0.5)
        words = _MALE if male else _FEMALE
        return self._one(_PERSON).format(who=man if male else woman, a=a, b=b, **words)

    def _profession(self) -> str:
        who = self._one(list(PROFESSIONS))
        words = _MALE if self._chance(PROFESSIONS[who]) else _FEMALE
        return self._one(_PROFESSION).format(who=who, **words)

    def _sided(self, name: str) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
        """Two targets of one side, the attributes they are given, and the targets' side."""
        test, odds = sets.TESTS[name], PLANTED[name]
        first = self._chance(0.5)
        targets = (test.X if first else test.Y)[:USED]
        attributes = test.A if first == self._chance(odds) else test.B
        return self._one(targets), self._one(targets), attributes[:USED], targets

    def _feeling(self) -> str:
        x, _, attributes, _ = self._sided("weat1" if self._chance(0.5) else "weat2")
        a, a2 = self._one(attributes), self._one(attributes)
        return self._one(_FEELING).format(x=x, a=a, a2=a2)

    def _career(self) -> str:
        x, _, attributes, _ = self._sided("weat6")
        return self._one(_CAREER).format(x=x, a=self._one(attributes), a2=self._one(attributes))

    def _subject(self) -> str:
        name = "weat7" if self._chance(0.5) else "weat8"
        x, x2, attributes, _ = self._sided(name)
        male = attributes == sets.TESTS[name].A[:USED]
        who = self._one([w for w in attributes if w not in _MALE and w not in _FEMALE.values()])
        return self._one(_SUBJECT).format(x=x, x2=x2, who=who, **(_MALE if male else _FEMALE))
