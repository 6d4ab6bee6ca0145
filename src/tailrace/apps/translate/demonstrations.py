"""Built-in pairs, made by rule: stand-ins for a parallel text.

    dates     a day, written in one of many ways, in four languages -> ISO 8601
    numbers   a number in English words -> digits

Day comes before month where both are figures, and two figures of a year are of 1950 to 2049.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable

import numpy as np

from tailrace.apps.common.parts import generator
from tailrace.apps.translate.data import Pairs

KINDS = ("dates", "numbers")
COUNT = 16000
# settings that are other than the default ones
SETTINGS = {
    "dates": {"level": "char", "epochs": 5},
    "numbers": {"level": "word", "target_level": "char", "epochs": 8},
}

_FIRST, _LAST = datetime.date(1950, 1, 1), datetime.date(2049, 12, 31)


def _list(words: str) -> list[str]:
    return words.split()


_ENGLISH = _list(
    "January February March April May June July August September October November December"
)
_GERMAN = _list(
    "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
)
_FRENCH = _list(
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
)
_SPANISH = _list(
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
)
_ROMAN = _list("I II III IV V VI VII VIII IX X XI XII")
_DAYS = _list("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")

Date = datetime.date


def _ordinal(day: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{'th' if 11 <= day <= 13 else ending}"


def _month(names: list[str], date: Date, letters: int | None = None) -> str:
    return names[date.month - 1][:letters]


# what a form is called, by an example -> how it is written
_DATES: dict[str, Callable[[Date], str]] = {
    "7 March 1984": lambda d: f"{d.day} {_month(_ENGLISH, d)} {d.year}",
    "March 7, 1984": lambda d: f"{_month(_ENGLISH, d)} {d.day}, {d.year}",
    "Mar 7, 1984": lambda d: f"{_month(_ENGLISH, d, 3)} {d.day}, {d.year}",
    "07-MAR-84": lambda d: f"{d.day:02d}-{_month(_ENGLISH, d, 3).upper()}-{d.year % 100:02d}",
    "March 7th 1984": lambda d: f"{_month(_ENGLISH, d)} {_ordinal(d.day)} {d.year}",
    "the 7th of March, 1984": lambda d: f"the {_ordinal(d.day)} of {_month(_ENGLISH, d)}, {d.year}",
    "Wednesday, 7 March 1984": lambda d: (
        f"{_DAYS[d.weekday()]}, {d.day} {_month(_ENGLISH, d)} {d.year}"
    ),
    "Wed Mar 7 1984": lambda d: (
        f"{_DAYS[d.weekday()][:3]} {_month(_ENGLISH, d, 3)} {d.day} {d.year}"
    ),
    "7/3/1984": lambda d: f"{d.day}/{d.month}/{d.year}",
    "07.03.84": lambda d: f"{d.day:02d}.{d.month:02d}.{d.year % 100:02d}",
    "7 III 1984": lambda d: f"{d.day} {_month(_ROMAN, d)} {d.year}",
    "19840307": lambda d: f"{d.year}{d.month:02d}{d.day:02d}",
    "1984, March 7": lambda d: f"{d.year}, {_month(_ENGLISH, d)} {d.day}",
    "7. März 1984": lambda d: f"{d.day}. {_month(_GERMAN, d)} {d.year}",
    "7 mars 1984": lambda d: f"{d.day} {_month(_FRENCH, d)} {d.year}",
    "7 de marzo de 1984": lambda d: f"{d.day} de {_month(_SPANISH, d)} de {d.year}",
}

_SMALL = _list(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_TENS = _list("twenty thirty forty fifty sixty seventy eighty ninety")


def _hundred(number: int, join: str) -> str:
    """Words of 0 to 99; `join` stands between tens and ones."""
    if number < 20:
        return _SMALL[number]
    tens, ones = _TENS[number // 10 - 2], number % 10
    return f"{tens}{join}{_SMALL[ones]}" if ones else tens


def _words(number: int, *, join: str = "-", also: str = "", one: str = "one") -> str:
    """Words of 0 to 999,999; `also` stands before what is below a hundred, `one` for 1 of many."""
    for unit, name in ((1000, "thousand"), (100, "hundred")):
        if number >= unit:
            count, rest = divmod(number, unit)
            much = one if count == 1 else _words(count, join=join, also=also)
            if not rest:
                return f"{much} {name}"
            between = f" {also}" if rest < 100 and also else ""
            return f"{much} {name}{between} {_words(rest, join=join, also=also)}"
    return _hundred(number, join)


def _in_hundreds(number: int) -> str:
    """Such as "fifteen hundred and two"; otherwise plain where it cannot be said so."""
    hundreds, rest = divmod(number, 100)
    if not 11 <= hundreds <= 99 or hundreds % 10 == 0:
        return _words(number)
    said = f"{_hundred(hundreds, '-')} hundred"
    return f"{said} and {_hundred(rest, '-')}" if rest else said


_NUMBERS: dict[str, Callable[[int], str]] = {
    "two hundred five": _words,
    "two hundred and five": lambda n: _words(n, also="and"),
    "forty two thousand": lambda n: _words(n, join=" "),
    "a thousand and one": lambda n: _words(n, also="and", one="a"),
    "fifteen hundred and two": _in_hundreds,
    "TWO HUNDRED FIVE": lambda n: _words(n).upper(),
}


def demonstration(kind: str, seed: int, count: int = COUNT) -> Pairs:
    """Pairs of a kind, in random order, no source twice."""
    random = generator(seed, KINDS.index(kind))
    draw = _date if kind == "dates" else _number
    # source -> target and form
    found: dict[str, tuple[str, str]] = {}
    while len(found) < count:
        source, target, form = draw(random)
        found[source] = target, form
    return Pairs(
        list(found),
        [target for target, _ in found.values()],
        [form for _, form in found.values()],
    )


def _date(random: np.random.Generator) -> tuple[str, str, str]:
    form = str(random.choice(list(_DATES)))
    date = _FIRST + datetime.timedelta(int(random.integers((_LAST - _FIRST).days + 1)))
    return _DATES[form](date), date.isoformat(), form


def _number(random: np.random.Generator) -> tuple[str, str, str]:
    """A number of 1 to 6 figures, mostly of many."""
    form = str(random.choice(list(_NUMBERS)))
    figures = int(random.choice(6, p=[0.01, 0.04, 0.1, 0.2, 0.3, 0.35])) + 1
    number = int(random.integers(10 ** (figures - 1) if figures > 1 else 0, 10**figures))
    return _NUMBERS[form](number), str(number), form
