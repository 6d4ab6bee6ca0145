"""Texts as rows of word or byte numbers: `VocabularyProcessor`, `ByteProcessor`, `tokenizer`.

Source: TF 1.15 contrib/learn/python/learn/preprocessing/text.py. A processor is saved as
JSON, where TensorFlow writes a pickle.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from tailrace.library.gfile import GFile
from tailrace.library.preprocessing.vocabulary import CategoricalVocabulary

Tokenizer = Callable[[Iterable[str]], Iterable[Iterable[Any]]]

_FORMAT = "tailrace vocabulary processor"
# runs of capitals, words of a CamelCase name, other words
TOKENIZER_RE = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z][a-z]+(?=[A-Z])|[\'\w\-]+", re.UNICODE)


def tokenizer(iterator: Iterable[str]) -> Iterator[list[str]]:
    """The words of each text."""
    for text in iterator:
        yield TOKENIZER_RE.findall(text)


class ByteProcessor:
    """Texts as rows of their UTF-8 bytes, cut and padded with 0 to one length."""

    def __init__(self, max_document_length: int) -> None:
        self.max_document_length = max_document_length

    def fit(self, x: Any) -> None:
        """Nothing is learned. TF: and nothing returned."""

    def fit_transform(self, x: Iterable[str | bytes]) -> Iterator[np.ndarray]:
        """The rows of the texts."""
        return self.transform(x)

    def transform(self, x: Iterable[str | bytes]) -> Iterator[np.ndarray]:
        """The row of each text, uint8 [max_document_length]."""
        for text in x:
            data = text.encode() if isinstance(text, str) else text
            row = np.frombuffer(data[: self.max_document_length], dtype=np.uint8)
            yield np.pad(row, (0, self.max_document_length - len(row)), "constant")

    @staticmethod
    def reverse(x: Iterable[np.ndarray]) -> Iterator[str]:
        """The text of each row, whose padding is dropped."""
        for row in x:
            yield np.asarray(row, dtype=np.uint8).tobytes().rstrip(b"\0").decode("utf-8")


class VocabularyProcessor:
    """Texts as rows of word numbers, cut and padded with 0 to one length."""

    def __init__(
        self,
        max_document_length: int,
        min_frequency: int = 0,
        vocabulary: CategoricalVocabulary | None = None,
        tokenizer_fn: Tokenizer | None = None,
    ) -> None:
        self.max_document_length = max_document_length
        self.min_frequency = min_frequency
        self.vocabulary_ = vocabulary or CategoricalVocabulary()
        self._tokenizer = tokenizer_fn or tokenizer

    def fit(self, raw_documents: Iterable[str], unused_y: Any = None) -> VocabularyProcessor:
        """Learn the words of the texts."""
        for words in self._tokenizer(raw_documents):
            for word in words:
                self.vocabulary_.add(word)
        if self.min_frequency > 0:
            self.vocabulary_.trim(self.min_frequency)
        self.vocabulary_.freeze()
        return self

    def fit_transform(
        self, raw_documents: Iterable[str], unused_y: Any = None
    ) -> Iterator[np.ndarray]:
        """Learn the words, then give the rows."""
        self.fit(raw_documents)
        return self.transform(raw_documents)

    def transform(self, raw_documents: Iterable[str]) -> Iterator[np.ndarray]:
        """The row of each text, int64 [max_document_length]."""
        for words in self._tokenizer(raw_documents):
            row = np.zeros(self.max_document_length, np.int64)
            # no further than the length: a word more would be learned while not frozen
            for place, word in zip(range(self.max_document_length), words, strict=False):
                row[place] = self.vocabulary_.get(word)
            yield row

    def reverse(self, documents: Iterable[Iterable[int]]) -> Iterator[str]:
        """The words of each row, with spaces between them."""
        for row in documents:
            yield " ".join(self.vocabulary_.reverse(number) for number in row)

    def save(self, filename: str) -> None:
        """Write the processor to a file.

        Raises: ValueError when the tokenizer is not a function of a module, so that it could not
        be found again.
        """
        fields = {
            "format": _FORMAT,
            "max_document_length": self.max_document_length,
            "min_frequency": self.min_frequency,
            "tokenizer": _place_of(self._tokenizer),
            "vocabulary": self.vocabulary_.to_json(),
        }
        with GFile(filename, "w") as file:
            file.write(json.dumps(fields))

    @classmethod
    def restore(cls, filename: str) -> VocabularyProcessor:
        """The processor that `save` wrote.

        Raises: ValueError for another file.
        """
        with GFile(filename, "rb") as file:
            fields = _fields_of(file.read())
        if fields is None:
            raise ValueError(
                f"{filename} is no vocabulary processor that Tailrace saved (TensorFlow's are "
                "pickles, which are not read): fit it again"
            )
        vocabulary = CategoricalVocabulary.from_json(fields["vocabulary"])
        module, name = fields["tokenizer"]
        return cls(
            fields["max_document_length"],
            fields["min_frequency"],
            vocabulary,
            getattr(importlib.import_module(module), name),
        )


def _fields_of(content: bytes) -> dict[str, Any] | None:
    try:
        fields = json.loads(content)
    except ValueError:
        return None
    return fields if isinstance(fields, dict) and fields.get("format") == _FORMAT else None


def _place_of(function: Any) -> tuple[str, str]:
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    if module is None or not name.isidentifier():
        raise ValueError(
            f"the tokenizer {function!r} cannot be saved: make it a function of a module"
        )
    return module, name
