"""Files, tokens, vocabulary, parts."""

from pathlib import Path

import numpy as np
import pytest

from tailrace.apps import UserError
from tailrace.apps.common.vocabulary import UNKNOWN, Vocabulary, join, pad, tokenize
from tailrace.apps.lm.corpus import default_text, read_text, split


def test_files_follow_one_another_with_plain_line_ends(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfone\r\ntwo")
    (tmp_path / "b").write_bytes("drei\rvier é".encode())
    assert read_text([tmp_path / "a", tmp_path / "b"]) == "one\ntwo\ndrei\nvier é"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"abc\0def", "is a binary file (byte 0 at 3)"),
        (b"abc\ndef\nsch\xf6n", "is not UTF-8 text (byte 0xf6 in line 3)"),
    ],
)
def test_bad_files_are_named(tmp_path: Path, content: bytes | None, message: str):
    path = tmp_path / "text.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_text([path])
    assert str(caught.value).startswith(f"{path}: {message}")


def test_a_folder_is_no_text(tmp_path: Path):
    with pytest.raises(UserError, match="is a folder"):
        read_text([tmp_path])


def test_the_built_in_text():
    text = default_text()
    assert 300_000 < len(text) < 500_000
    assert text == default_text()
    assert text.startswith('The "assert" statement\n')
    paragraphs = [" ".join(p.split()) for p in text.split("\n\n")]
    assert len(set(paragraphs)) == len(paragraphs)
    assert "\n****" not in text


def test_words_and_back():
    text = "It's (not) well-known,\nis it? Yes: 3.5!"
    tokens = tokenize(text, "word")
    assert tokens[:8] == ["It's", "(", "not", ")", "well-known", ",", "\n", "is"]
    assert join(tokens, "word") == "It's (not) well-known,\nis it? Yes: 3. 5!"
    assert tokenize(text, "char") == text
    assert join(list(text), "char") == text


def test_parts_are_contiguous_and_complete():
    parts = split("abcdefghijklmnopqrst", 0.2)
    assert (parts.train, parts.validation, parts.test) == ("abcdefghijklmnop", "qr", "st")


def test_vocabulary_numbers_by_frequency():
    vocabulary = Vocabulary.of("abbcccd", "char")
    # a and d come once only
    assert vocabulary.symbols == [UNKNOWN, "c", "b"]
    assert vocabulary.encode("abcx").tolist() == [0, 2, 1, 0]
    assert vocabulary.decode(np.array([2, 1])) == "bc"
    assert vocabulary.unknown_in("axbax") == ["a", "x"]


def test_vocabulary_has_a_size():
    tokens = tokenize("a a a b b b c c d d", "word")
    assert Vocabulary.of(tokens, "word", size=3).symbols == [UNKNOWN, "a", "b"]


def test_marks_come_first():
    vocabulary = Vocabulary.of("aab<", "char", marks=("<pad>", UNKNOWN), least=1)
    assert vocabulary.symbols == ["<pad>", UNKNOWN, "a", "<", "b"]
    assert vocabulary.unknown == 1
    assert vocabulary.encode("abx").tolist() == [2, 4, 1]
    assert [vocabulary.number(symbol) for symbol in ("a", "x")] == [2, 1]


def test_padding():
    rows, lengths = pad([np.array([1, 2, 3]), np.array([4]), np.array([], np.int64)], 9)
    assert rows.tolist() == [[1, 2, 3], [4, 9, 9], [9, 9, 9]]
    assert lengths.tolist() == [3, 1, 0]
    rows, lengths = pad([np.array([1, 2, 3]), np.array([4])], longest=2)
    assert rows.tolist() == [[1, 2], [4, 0]]
    assert lengths.tolist() == [2, 1]
