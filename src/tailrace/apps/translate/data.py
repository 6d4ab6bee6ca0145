"""Pairs of texts: two aligned files, and their parts for learning, choosing and testing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tailrace.apps.common.files import read_text
from tailrace.apps.common.parts import Ids, Split, shuffled
from tailrace.apps.common.vocabulary import tokenize
from tailrace.apps.errors import UserError
from tailrace.apps.translate.settings import Settings


@dataclass(frozen=True)
class Pairs:
    """Sources and what they mean, each the same number of lines.

    `forms` says of each pair what kind it is, where that is known.
    """

    sources: list[str]
    targets: list[str]
    forms: list[str] | None = None

    def __len__(self) -> int:
        return len(self.sources)

    def rows(self, numbers: Sequence[int] | Ids) -> Pairs:
        """Some of the pairs."""
        forms = None if self.forms is None else [self.forms[i] for i in numbers]
        return Pairs([self.sources[i] for i in numbers], [self.targets[i] for i in numbers], forms)

    @property
    def fingerprint(self) -> str:
        """Tells two sets of pairs apart."""
        lines = [*self.sources, "", *self.targets]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def read_pairs(source: str | Path, target: str | Path) -> Pairs:
    """The pairs of two files, line by line; pairs with an empty side are left out.

    Raises: UserError where a file cannot be read, or they differ in their number of lines.
    """
    sides = [read_text(path).rstrip("\n").split("\n") for path in (source, target)]
    if len(sides[0]) != len(sides[1]):
        raise UserError(
            f"{source} has {len(sides[0]):,} lines and {target} {len(sides[1]):,}; "
            "line by line, they must be translations of each other"
        )
    return from_lists(*sides)


def from_lists(sources: Sequence[str], targets: Sequence[str]) -> Pairs:
    """Pairs of texts in memory, those with an empty side left out.

    Raises: UserError where there is not one target for each source, or all are empty.
    """
    if len(sources) != len(targets):
        raise UserError(f"{len(sources):,} sources, but {len(targets):,} targets")
    kept = [
        (source.strip(), target.strip())
        for source, target in zip(sources, targets, strict=True)
        if source.strip() and target.strip()
    ]
    if not kept:
        raise UserError("no line has both a source and a target")
    return Pairs([source for source, _ in kept], [target for _, target in kept])


def not_too_long(pairs: Pairs, settings: Settings) -> Pairs:
    """The pairs whose sides are at most `longest` symbols.

    Raises: UserError where none is.
    """
    rows = [
        row
        for row, texts in enumerate(zip(pairs.sources, pairs.targets, strict=True))
        if all(
            len(tokenize(text, level)) <= settings.longest
            for text, level in zip(texts, settings.levels, strict=True)
        )
    ]
    if not rows:
        raise UserError(f"every pair is longer than --longest {settings.longest} symbols")
    return pairs.rows(rows)


def divide(pairs: Pairs, settings: Settings) -> Split[Pairs]:
    """The parts of some pairs, drawn by lot.

    Pairs of the same target come into the same part, and what is held out has no source that is
    learnt from, so nothing in it was seen before in any form.

    Raises: UserError where a part would be empty.
    """
    targets = {target: number for number, target in enumerate(dict.fromkeys(pairs.targets))}
    drawn = shuffled(len(targets), settings.held_out, settings.seed)
    part = np.empty(len(targets), int)
    for number, members in enumerate((drawn.train, drawn.validation, drawn.test)):
        part[members] = number
    place = np.array([part[targets[target]] for target in pairs.targets])
    rows = [np.flatnonzero(place == number) for number in range(3)]
    learnt = {pairs.sources[row] for row in rows[0]}
    held_out = [[row for row in some if pairs.sources[row] not in learnt] for some in rows[1:]]
    if not all(held_out):
        raise UserError(f"{len(pairs):,} pairs are too few to be divided; give more of them")
    return Split(pairs.rows(rows[0]), *map(pairs.rows, held_out))
