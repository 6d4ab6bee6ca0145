import logging
from pathlib import Path

import numpy as np
import pytest

from tailrace.native import library, loader, random
from tailrace.native.philox import Generator, Position


@pytest.fixture(autouse=True)
def fresh():
    loader.library.cache_clear()
    yield
    loader.library.cache_clear()


def test_missing_library_is_said_once(monkeypatch, caplog, tmp_path: Path):
    monkeypatch.delenv("TAILRACE_NATIVE", raising=False)
    monkeypatch.setattr(loader, "_folders", lambda: [tmp_path])
    with caplog.at_level(logging.INFO, "tailrace"):
        assert library() is None
        assert library() is None
    assert len(caplog.records) == 1
    assert "no C++ compiler" in caplog.text


def test_left_out_on_request(monkeypatch):
    monkeypatch.setenv("TAILRACE_NATIVE", "0")
    assert library() is None


def test_counter_carries_into_its_high_half():
    """Native and NumPy blocks and the plain one agree where the low 64 bits overflow."""
    start = Position(0x0123456789ABCDEF, (1 << 127) + (1 << 64) - 3)
    blocks = start.blocks(np.arange(8, dtype=np.uint64))
    np.testing.assert_array_equal(start.words(32), blocks.reshape(-1))
    assert [start.skip(i).block() for i in range(8)] == [tuple(row) for row in blocks.tolist()]


def test_published_vectors():
    """The known answers of the authors' Random123 library for philox4x32-10."""
    ones = (1 << 64) - 1
    known = {
        Position(0, 0): "6627e8d5 e169c58d bc57ac4c 9b00dbd8",
        Position(ones, ones << 64 | ones): "408f276d 41c83b0e a20bc7c6 6d5451fd",
    }
    for start, words in known.items():
        assert " ".join(f"{word:08x}" for word in start.block()) == words


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65])
def test_counts_around_a_batch(count: int):
    start = Position.from_seeds(5, 6)
    want = random.uniform(start, 200, np.float32)[:count]
    np.testing.assert_array_equal(random.uniform(start, count, np.float32), want)
    assert random.truncated_normal(start, count, np.float64).shape == (count,)
    assert sorted(random.permutation(start, count)) == list(range(count))


def test_unseeded_streams_differ():
    assert Generator().reserve(1) != Generator().reserve(1)
    generator = Generator(1, 2)
    assert generator.reserve(7).skip(7) == generator.reserve(1)
