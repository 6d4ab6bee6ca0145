"""Text in, tokens out: files, the built-in text, its parts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common import files
from tailrace.apps.common.parts import Split, in_order

DEFAULT_NAME = "pydoc_data.topics"
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


def split(tokens: T, held_out: float = 0.1) -> Split[T]:
    """First part for training; of the last `held_out`, half to choose by and half to test on."""
    parts = in_order(len(tokens), held_out)
    return Split(tokens[parts.train], tokens[parts.validation], tokens[parts.test])
