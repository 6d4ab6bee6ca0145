"""Texts as symbols, symbols as numbers: characters or words, vocabulary, padded batches."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]

LEVELS = ("char", "word")
# marks: what no vocabulary has, what fills short sequences up, where one begins and ends
UNKNOWN, PADDING, START, END = "<unk>", "<pad>", "<s>", "</s>"
# symbols seen less often than this are read as unknown, unless it is said otherwise
LEAST_COUNT = 2

# a word with inner apostrophes and hyphens, a line end, or any other sign by itself
_WORD = re.compile("\\w+(?:['\u2019\\-]\\w+)*|\\n|[^\\w\\s]")


def tokenize(text: str, level: str) -> str | list[str]:
    """A text as a sequence of symbols: its characters, or its words, signs and line ends."""
    return text if level == "char" else _WORD.findall(text)


def join(symbols: Sequence[str], level: str) -> str:
    """Symbols as text again; spaces between words are put where English puts them."""
    if level == "char":
        return "".join(symbols)
    text = " ".join(symbols)
    text = re.sub(r" ([,.;:!?)\]}])", r"\1", text)
    text = re.sub(r"([(\[{]) ", r"\1", text)
    return re.sub(r" *\n *", "\n", text)


def pad(
    sequences: Sequence[NDArray[np.integer]], padding: int = 0, longest: int | None = None
) -> tuple[Ids, Ids]:
    """Sequences [N_i] side by side, short ones filled up, those beyond `longest` cut off.

    Returns: numbers [B, T], and how many of each row are its own [B].
    """
    lengths = np.array([len(sequence) for sequence in sequences], np.int64)
    if longest is not None:
        lengths = np.minimum(lengths, longest)
    rows = np.full((len(sequences), int(lengths.max(initial=0))), padding, np.int64)
    for row, sequence, length in zip(rows, sequences, lengths, strict=True):
        row[:length] = sequence[:length]
    return rows, lengths


class Vocabulary:
    """Symbols and their numbers, marks such as `UNKNOWN` first.

    The others are numbered in order of their frequency, ties in order of their code.
    """

    def __init__(self, symbols: Sequence[str], level: str) -> None:
        self.level = level
        self.symbols = list(symbols)
        self._number = {symbol: i for i, symbol in enumerate(self.symbols)}
        # what stands for symbols that are not there
        self.unknown = self._number.get(UNKNOWN, 0)

    @classmethod
    def of(
        cls,
        tokens: str | Sequence[str],
        level: str,
        size: int | None = None,
        *,
        least: int = LEAST_COUNT,
        marks: Sequence[str] = (UNKNOWN,),
    ) -> Vocabulary:
        """The vocabulary of a training text: `marks`, then what it has at least `least` times.

        `size` is the most symbols that it may have, marks included.
        """
        counted = sorted(Counter(tokens).items(), key=lambda item: (-item[1], item[0]))
        known = [symbol for symbol, count in counted if count >= least and symbol not in marks]
        return cls([*marks, *known][:size], level)

    def __len__(self) -> int:
        return len(self.symbols)

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._number

    def number(self, symbol: str) -> int:
        """A symbol's number, the unknown one's where it is not there."""
        return self._number.get(symbol, self.unknown)

    def tokens(self, text: str) -> str | list[str]:
        """A text's symbols, known or not."""
        return tokenize(text, self.level)

    def join(self, symbols: Sequence[str]) -> str:
        """Symbols as text."""
        return join(symbols, self.level)

    def encode(self, text: str | Sequence[str]) -> Ids:
        """Numbers of a text's or a token sequence's symbols, [T]."""
        tokens = self.tokens(text) if isinstance(text, str) else text
        number, unknown = self._number, self.unknown
        return np.fromiter((number.get(token, unknown) for token in tokens), np.int64, len(tokens))

    def decode(self, numbers: Sequence[int] | Ids) -> str:
        """Text of symbol numbers."""
        return self.join([self.symbols[number] for number in numbers])

    def unknown_in(self, text: str) -> list[str]:
        """The symbols of a text that this vocabulary lacks, each once, in order."""
        return list(dict.fromkeys(t for t in self.tokens(text) if t not in self))
