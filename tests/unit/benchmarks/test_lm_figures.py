"""The table of language models, and the text that nothing was tuned on."""

import pytest

from benchmarks import lm


def _run(network: float, weights: str) -> dict:
    scores = [
        {"name": "lstm, 1 x 8", "validation_bits": network + 0.5, "test_bits": network},
        {"name": "5-gram, Kneser-Ney", "validation_bits": 3.0, "test_bits": 2.0},
        {"name": f"lstm and n-gram, mixed {weights}", "validation_bits": 1.0, "test_bits": 1.0},
    ]
    return {"scores": scores, "steps": 1000, "processor_seconds": 200}


def test_a_table_over_seeds():
    table = lm.table("reference", {"1": _run(1.7, "60:40"), "2": _run(1.8, "55:45")})
    assert "| lstm, 1 x 8 | 2.250 ± 0.071 | 1.750 ± 0.071 |" in table
    assert "| 5-gram, Kneser-Ney | 3.000 | 2.000 |" in table
    assert "| lstm and n-gram, mixed | 1.000 | 1.000 |" in table
    assert "2 seeds; 1,000 steps, 200 processor seconds" in table


def test_words_are_counted_in_perplexity():
    table = lm.table("words", {"1": _run(2.0, "60:40")})
    assert "| lstm, 1 x 8 | 5.7 | 4.0 |" in table
    assert "1 seed; " in table


def test_the_text_of_docstrings():
    text = lm.docstrings()
    assert len(text) == lm.LENGTH + 1
    paragraphs = text.split("\n\n")
    assert len(paragraphs) > 1000


def test_a_run_of_the_command(monkeypatch: pytest.MonkeyPatch):
    """At toy size, by the command itself."""
    monkeypatch.setattr(lm, "docstrings", lambda: "the cat sat on the mat.\n" * 80)
    monkeypatch.setattr(lm, "OPTIONS", ["--size", "8", "--seq-len", "10", "--batch", "4"])
    result = lm.run("docstrings", 1, 1)
    assert result["settings"]["seed"] == 1
    assert result["steps"] > 10
    assert result["scores"][0]["name"] == "lstm, 1 x 8"
    assert result["processor_seconds"] > 0
