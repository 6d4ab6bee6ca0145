"""Vocabulary processors in files."""

from pathlib import Path

import pytest

import tailrace as tf


def characters(texts):
    """A tokenizer that can be found again."""
    return (list(text) for text in texts)


def test_saved_processor_gives_the_same_rows(tmp_path: Path) -> None:
    path = str(tmp_path / "vocabulary")
    processor = tf.contrib.learn.preprocessing.VocabularyProcessor(5, 1)
    processor.fit(["a b a", "b c ü ü"])
    processor.save(path)
    restored = tf.contrib.learn.preprocessing.VocabularyProcessor.restore(path)
    rows = [list(row) for row in restored.transform(["ü c a new b"])]
    assert rows == [list(row) for row in processor.transform(["ü c a new b"])]
    assert restored.max_document_length == 5
    assert list(restored.reverse(rows)) == list(processor.reverse(rows))


def test_saved_processor_knows_its_tokenizer(tmp_path: Path) -> None:
    path = str(tmp_path / "vocabulary")
    processor = tf.contrib.learn.preprocessing.VocabularyProcessor(3, tokenizer_fn=characters)
    processor.fit(["xyz"]).save(path)
    restored = tf.contrib.learn.preprocessing.VocabularyProcessor.restore(path)
    assert [list(row) for row in restored.transform(["zx"])] == [[3, 1, 0]]


def test_tokenizer_that_cannot_be_found_again(tmp_path: Path) -> None:
    processor = tf.contrib.learn.preprocessing.VocabularyProcessor(3, tokenizer_fn=lambda t: t)
    with pytest.raises(ValueError, match="make it a function of a module"):
        processor.save(str(tmp_path / "vocabulary"))


@pytest.mark.parametrize("content", [b"", b"\x80\x03c", b"[1]", b'{"format": "else"}'])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "vocabulary"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is no vocabulary processor"):
        tf.contrib.learn.preprocessing.VocabularyProcessor.restore(str(path))
