"""Files of word vectors, in all the forms they come in."""

import gzip
import re
from pathlib import Path

import numpy as np
import pytest

from tailrace.apps import UserError
from tailrace.apps.common.vectors import Vectors, read_vectors, write_vectors

WORDS = ["the", "cat", "ice_cream"]
MATRIX = np.array([[0.5, -1.25, 3.0], [1e-3, 2.0, 0.0], [7.0, 8.5, -9.0]], np.float32)
LINES = [
    f"{word} {' '.join(map(str, row))}" for word, row in zip(WORDS, MATRIX.tolist(), strict=True)
]


def check(found: Vectors, words: list[str] = WORDS) -> None:
    assert found.words == words
    np.testing.assert_array_equal(found.matrix, MATRIX[: len(words)])
    assert found.size == 3


def test_glove(tmp_path: Path):
    path = tmp_path / "glove.txt"
    path.write_text("\n".join(LINES) + "\n")
    check(read_vectors(path))
    check(read_vectors(path, most=2), WORDS[:2])


def test_word2vec_text_and_compressed(tmp_path: Path):
    path = tmp_path / "vectors.txt.gz"
    with gzip.open(path, "wt") as file:
        file.write("\n".join(["3 3", *LINES]) + "\n")
    check(read_vectors(path))


@pytest.mark.parametrize("between", [b"", b"\n"])
def test_word2vec_binary(tmp_path: Path, between: bytes):
    path = tmp_path / "vectors.bin"
    rows = [
        word.encode() + b" " + row.astype("<f4").tobytes() + between
        for word, row in zip(WORDS, MATRIX, strict=True)
    ]
    path.write_bytes(b"3 3\n" + b"".join(rows))
    check(read_vectors(path))
    path.write_bytes(b"3 3\n" + b"".join(rows)[:-9])
    with pytest.raises(UserError, match="word 3 of 3 cannot be read with its 3 numbers"):
        read_vectors(path)


def test_conceptnet(tmp_path: Path):
    path = tmp_path / "numberbatch.txt"
    lines = ["4 3", "/c/de/katze 1 2 3", *(f"/c/en/{line}" for line in LINES)]
    path.write_text("\n".join(lines))
    check(read_vectors(path))
    assert read_vectors(path, language="de").words == ["katze"]
    with pytest.raises(UserError, match="has no word vectors of the language fr"):
        read_vectors(path, language="fr")


def test_words_with_blanks_and_twice(tmp_path: Path):
    path = tmp_path / "glove.txt"
    path.write_text("the 1 2 3\n. . . 4 5 6\nthe 7 8 9\n1990 1 1 1\n")
    found = read_vectors(path)
    assert found.words == ["the", ". . .", "1990"]
    assert found.matrix[0].tolist() == [1, 2, 3]


def test_what_is_written_is_read(tmp_path: Path):
    write_vectors(tmp_path / "v.txt", Vectors(WORDS, MATRIX))
    check(read_vectors(tmp_path / "v.txt"))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "has no word vectors"),
        (b"this is a book\n", "line 1 is not a word and its vector"),
        (b"the 1 2 3\ncat 1 2\n", "line 2 is not a word and its vector of 3 numbers"),
        (b"the 1 2 3\ncat 1 nan 2\n", "line 2 is not"),
        (b"\x00\x01\x02\xff" * 50, "line 1 is not"),
        (b"2 3\n\x00\x01", "word 1 of 2 cannot be read"),
    ],
)
def test_other_files(tmp_path: Path, data: bytes, said: str):
    path = tmp_path / "vectors"
    path.write_bytes(data)
    with pytest.raises(UserError, match=re.escape(said)):
        read_vectors(path)


def test_files_that_are_none(tmp_path: Path):
    for path, said in ((tmp_path / "none", "no such file"), (tmp_path, "is a folder")):
        with pytest.raises(UserError, match=said):
            read_vectors(path)
    path = tmp_path / "broken.gz"
    path.write_bytes(b"not compressed")
    with pytest.raises(UserError, match="cannot be read"):
        read_vectors(path)
