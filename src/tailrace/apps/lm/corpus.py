"""Text in, symbol numbers out: files, the built-in text, tokens, vocabulary, parts."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common import files
from tailrace.apps.common.parts import Split, in_order

UNKNOWN = "<unk>"
LEVELS = ("char", "word")
DEFAULT_NAME = "pydoc_data.topics"
# symbols seen less often than this in the training part are read as unknown
LEAST_COUNT = {"char": 2, "word": 2}

# a word with inner apostrophes and hyphens, a line end, or any other sign by itself
_WORD = re.compile("\\w+(?:['\u2019\\-]\\w+)*|\\n|[^\\w\\s]")
_RULE_LINE = re.compile(r"(?m)^[ \t]*([*=~^\-])\1{2,}[ \t]*\n")
# quotation marks and dashes, left ones first
_TYPOGRAPHIC = str.maketrans("\u2018\u2019\u201c\u201d\u2013\u2014", "''\"\"--")

Ids = NDArray[np.int64]
T = TypeVar("T", str, list[str], str | list[str], Ids)


def default_text() -> str:
    """The language reference that every CPython carries, as plain paragraphs.

    Topics come in alphabetical order, every paragraph once: many sections appear under several
    topics, and text held out for the test would be found among the training text word for word.
    Rows of asterisks and dashes under headings are dropped, typographic quotes made plain.
    """
    # a data module of half a megabyte, wanted here only
    from pydoc_data.topics import topics

    seen: set[str] = set()
    kept = []
    for topic in sorted(topics):
        text = _RULE_LINE.sub("", topics[topic].translate(_TYPOGRAPHIC))
        for paragraph in re.split(r"\n\s*\n", re.sub(r"[ \t]+\n", "\n", text.strip("\n"))):
            words = " ".join(paragraph.split())
            if words and words not in seen:
                seen.add(words)
                kept.append(paragraph)
    return "\n\n".join(kept) + "\n"


def read_text(paths: Sequence[str | Path]) -> str:
    """The files' text, one after the other, line ends made `\\n`.

    Raises: UserError for a file that is missing, unreadable, empty, binary or not UTF-8.
    """
    return "\n".join(map(files.read_text, paths))


def load_text(paths: Sequence[str | Path]) -> tuple[str, str]:
    """Text and its name: the files', or the built-in one where none is given."""
    if not paths:
        return default_text(), DEFAULT_NAME
    return read_text(paths), ", ".join(Path(path).name for path in paths)


def fingerprint(text: str) -> str:
    """Tells two texts apart."""
    return hashlib.sha256(text.encode()).hexdigest()


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


def split(tokens: T, held_out: float = 0.1) -> Split[T]:
    """First part for training; of the last `held_out`, half to choose by and half to test on."""
    parts = in_order(len(tokens), held_out)
    return Split(tokens[parts.train], tokens[parts.validation], tokens[parts.test])


class Vocabulary:
    """Symbols and their numbers; number 0 is the unknown symbol.

    Symbols are numbered in order of their frequency, ties in order of their code.
    """

    def __init__(self, symbols: Sequence[str], level: str) -> None:
        self.level = level
        self.symbols = list(symbols)
        self._number = {symbol: i for i, symbol in enumerate(self.symbols)}

    @classmethod
    def of(cls, tokens: str | list[str], level: str, size: int | None = None) -> Vocabulary:
        """The vocabulary of a training text, at most `size` symbols."""
        counted = sorted(Counter(tokens).items(), key=lambda item: (-item[1], item[0]))
        known = [symbol for symbol, count in counted if count >= LEAST_COUNT[level]]
        return cls([UNKNOWN, *known[: None if size is None else size - 1]], level)

    def __len__(self) -> int:
        return len(self.symbols)

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._number

    def tokens(self, text: str) -> str | list[str]:
        """A text's symbols, known or not."""
        return tokenize(text, self.level)

    def join(self, symbols: Sequence[str]) -> str:
        """Symbols as text."""
        return join(symbols, self.level)

    def encode(self, text: str | Sequence[str]) -> NDArray[np.int64]:
        """Numbers of a text's or a token sequence's symbols, [T]."""
        tokens = self.tokens(text) if isinstance(text, str) else text
        number = self._number
        return np.fromiter((number.get(token, 0) for token in tokens), np.int64, len(tokens))

    def decode(self, numbers: Sequence[int] | NDArray[np.int64]) -> str:
        """Text of symbol numbers."""
        return self.join([self.symbols[number] for number in numbers])

    def unknown_in(self, text: str) -> list[str]:
        """The symbols of a text that this vocabulary lacks, each once, in order."""
        return list(dict.fromkeys(t for t in self.tokens(text) if t not in self))
