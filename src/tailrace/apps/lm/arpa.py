"""ARPA files: n-gram models as other tools write and read them.

    \\data\\
    ngram 1=...
    \\1-grams:
    log10 P(w | context) <tab> context w <tab> log10 of the weight given to shorter contexts

White space is written by name: `<space>`, `<newline>`, `<tab>`, others as `<U+00A0>`. A model of
Kneser-Ney written so says the same as before, since what an unseen n-gram gets from the shorter one
is the weight of its context.

Source: SRILM's ngram-format(5).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common.files import read_text, write_file
from tailrace.apps.common.vocabulary import UNKNOWN
from tailrace.apps.errors import UserError
from tailrace.apps.lm.ngram import KneserNey, look_up

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]

_NAMES = {" ": "<space>", "\n": "<newline>", "\t": "<tab>"}
_SYMBOLS = {name: symbol for symbol, name in _NAMES.items()}
_SECTION = re.compile(r"\\(\d+)-grams:")
# what tools write for the logarithm of nothing
_NEVER = -99.0


def write_arpa(path: Path, model: KneserNey, symbols: Sequence[str]) -> None:
    """Writes a model. Raises: UserError where the file cannot be written."""
    names = [_name(symbol) for symbol in symbols]
    levels = list(_levels(model))
    lines = ["\\data\\"]
    lines += [f"ngram {n}={len(rows)}" for n, (rows, _, _) in enumerate(levels, start=1)]
    for n, (rows, chances, weights) in enumerate(levels, start=1):
        lines += ["", f"\\{n}-grams:"]
        for row, chance, weight in zip(rows, chances, weights, strict=True):
            tail = "" if n == len(levels) else f"\t{_log(weight):.9g}"
            lines.append(f"{_log(chance):.9g}\t{' '.join(names[i] for i in row)}{tail}")
    lines += ["", "\\end\\", ""]
    write_file(path, "\n".join(lines).encode())


def _levels(model: KneserNey) -> Iterator[tuple[Ids, Floats, Floats]]:
    """Per length n: n-grams [N, n], their probabilities [N], weights of what is shorter [N]."""
    size = model.vocabulary_size
    keys = model.keys[0]
    # symbols that the text lacks are listed too
    chances = np.full(size, model.rest[0][0] / size)
    chances[keys] += model.own[0]
    weights = np.ones(size)
    if model.order > 1:
        weights[keys] = model.rest[1]
    rows = np.arange(size)[:, None]
    yield rows, chances, weights
    rows, chances = rows[keys], chances[keys]
    for level in range(1, model.order):
        keys = model.keys[level]
        rows = np.concatenate([rows[keys // size], (keys % size)[:, None]], 1)
        # the n-gram without its oldest symbol
        shorter = np.zeros(len(rows), np.int64)
        for depth in range(level):
            shorter = look_up(model.keys[depth], shorter, rows[:, depth + 1], size)
        chances = model.own[level] + model.rest[level][keys // size] * chances[shorter]
        last = level + 1 == model.order
        yield rows, chances, np.ones(len(rows)) if last else model.rest[level + 1]


class ArpaModel:
    """An n-gram model as an ARPA file has it; contexts that it lacks are shortened."""

    def __init__(self, tables: list[dict[tuple[str, ...], tuple[float, float]]]) -> None:
        self.order = len(tables)
        self._tables = tables

    @classmethod
    def read(cls, path: str | Path) -> ArpaModel:
        """A file's model. Raises: UserError where it is none, or is damaged."""
        lines = read_text(path).split("\n")
        promised: list[int] = []
        tables: list[dict[tuple[str, ...], tuple[float, float]]] = []
        ended = False
        for number, line in enumerate(lines, start=1):
            line = line.strip()
            if section := _SECTION.fullmatch(line):
                if int(section[1]) != len(tables) + 1:
                    raise UserError(f"{path}: line {number}: {line} comes out of turn")
                tables.append({})
            elif line == "\\end\\":
                ended = True
                break
            elif not tables:
                if line.startswith("ngram "):
                    promised.append(_count(path, number, line))
            elif line:
                ngram, values = _entry(path, number, line, len(tables))
                tables[-1][ngram] = values
        if not tables or not ended:
            raise UserError(f"{path}: is not a whole ARPA file (it has no \\1-grams: or \\end\\)")
        if promised != [len(table) for table in tables]:
            raise UserError(f"{path}: is damaged: it has not as many n-grams as it says")
        return cls(tables)

    @property
    def symbols(self) -> list[str]:
        """The symbols that the model knows."""
        return [ngram[0] for ngram in self._tables[0]]

    def probabilities(self, tokens: Sequence[str]) -> Floats:
        """P(symbol | all before it) per symbol.

        Raises: UserError for a symbol that is unknown, where the model knows no unknown one.
        """
        known = [self._known(token) for token in tokens]
        return np.array(
            [
                self._one(known[i], tuple(known[max(0, i - self.order + 1) : i]))
                for i in range(len(known))
            ]
        )

    def distribution(self, context: Sequence[str]) -> dict[str, float]:
        """P(symbol | context) for every symbol."""
        before = tuple(self._known(token) for token in context)[-self.order + 1 or len(context) :]
        return {symbol: self._one(symbol, before) for symbol in self.symbols}

    def _known(self, token: str) -> str:
        if (token,) in self._tables[0]:
            return token
        if (UNKNOWN,) in self._tables[0]:
            return UNKNOWN
        raise UserError(f"{token!r} is unknown to the model, which has no {UNKNOWN}")

    def _one(self, symbol: str, context: tuple[str, ...]) -> float:
        weight = 0.0
        for begin in range(len(context) + 1):
            before = context[begin:]
            found = self._tables[len(before)].get((*before, symbol))
            if found is not None:
                return 10 ** (weight + found[0])
            if before in self._tables[len(before) - 1]:
                weight += self._tables[len(before) - 1][before][1]
        raise AssertionError("every known symbol is a 1-gram")


def _count(path: str | Path, number: int, line: str) -> int:
    try:
        return int(line.split("=")[1])
    except (IndexError, ValueError):
        raise UserError(f"{path}: line {number}: {line!r} is no count of n-grams") from None


def _entry(
    path: str | Path, number: int, line: str, length: int
) -> tuple[tuple[str, ...], tuple[float, float]]:
    fields = line.split()
    try:
        if len(fields) not in (length + 1, length + 2):
            raise ValueError
        weight = float(fields[-1]) if len(fields) == length + 2 else 0.0
        chance = float(fields[0])
    except ValueError:
        raise UserError(f"{path}: line {number}: {line!r} is no {length}-gram") from None
    return tuple(_symbol(field) for field in fields[1 : length + 1]), (chance, weight)


def _name(symbol: str) -> str:
    if symbol in _NAMES:
        return _NAMES[symbol]
    return f"<U+{ord(symbol):04X}>" if len(symbol) == 1 and symbol.isspace() else symbol


def _symbol(name: str) -> str:
    if re.fullmatch(r"<U\+[0-9A-F]{4,6}>", name):
        return chr(int(name[3:-1], 16))
    return _SYMBOLS.get(name, name)


def _log(value: float) -> float:
    return math.log10(value) if value > 0 else _NEVER
