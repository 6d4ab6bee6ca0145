"""How good texts are that a network wrote, beside the right ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tailrace.apps.common.vocabulary import tokenize


@dataclass(frozen=True)
class Quality:
    """Of N texts: per cent that are right to the last symbol; BLEU and chrF, 0 to 100.

    Sources: Papineni and others, "BLEU", 2002; Popović, "chrF", 2015; Post, "A Call for Clarity in
    Reporting BLEU Scores", 2018, whose sacrebleu computes both.
    """

    exact: float
    bleu: float
    chrf: float


def is_right(written: str, wanted: str, level: str) -> bool:
    """Whether two texts are the same symbols."""
    return tokenize(written.strip(), level) == tokenize(wanted.strip(), level)


def judge(written: Sequence[str], wanted: Sequence[str], level: str) -> Quality:
    """The quality of texts; BLEU counts characters where `level` is "char", words otherwise."""
    # a third of a second to load, wanted here only
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    right = [is_right(one, other, level) for one, other in zip(written, wanted, strict=True)]
    bleu = BLEU(tokenize="char" if level == "char" else "13a", force=True)
    references = [list(wanted)]
    return Quality(
        100 * sum(right) / len(right),
        bleu.corpus_score(list(written), references).score,
        CHRF().corpus_score(list(written), references).score,
    )
