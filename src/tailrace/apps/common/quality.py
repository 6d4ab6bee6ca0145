"""How good texts are that a network wrote, beside the right ones; tables and curves of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tailrace.apps.common.display import Table
from tailrace.apps.common.report import FAINT, MAIN, OTHER, new_figure, png
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


@dataclass(frozen=True)
class Entry:
    """What one method comes to; `seconds` for all texts."""

    name: str
    quality: Quality
    seconds: float


def is_right(written: str, wanted: Sequence[str], level: str) -> bool:
    """Whether a text is, symbol by symbol, one of those wanted."""
    symbols = tokenize(written.strip(), level)
    return any(symbols == tokenize(one.strip(), level) for one in wanted)


def judge(written: Sequence[str], wanted: Sequence[Sequence[str]], level: str) -> Quality:
    """The quality of texts; `wanted` has the right ones for each, one or several.

    BLEU counts characters where `level` is "char", words otherwise.
    """
    # a third of a second to load, wanted here only
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    right = [is_right(one, several, level) for one, several in zip(written, wanted, strict=True)]
    # a row for each way to say it; where there are fewer, the last one again changes nothing
    most = max(map(len, wanted))
    rows = [[several[min(i, len(several) - 1)] for several in wanted] for i in range(most)]
    bleu = BLEU(tokenize="char" if level == "char" else "13a", force=True)
    return Quality(
        100 * sum(right) / len(right),
        bleu.corpus_score(list(written), rows).score,
        CHRF().corpus_score(list(written), rows).score,
    )


def table(entries: Sequence[Entry], count: int, what: str) -> Table:
    """A row for each method; the one that is right most often is the best."""
    rows = [
        [
            entry.name,
            f"{entry.quality.exact:.2f} %",
            f"{entry.quality.bleu:.1f}",
            f"{entry.quality.chrf:.1f}",
            f"{1000 * entry.seconds / count:.1f}",
        ]
        for entry in entries
    ]
    best = max(range(len(rows)), key=lambda row: entries[row].quality.exact)
    return Table(
        [f"{count:,} held-out {what}", "right", "BLEU", "chrF", "ms each"], rows, best=best
    )


def groups_table(head: str, what: str, groups: Sequence[tuple[str, list[bool]]]) -> Table:
    """How many are right in each group."""
    rows = [
        [name, f"{len(right):,}", f"{100 * sum(right) / len(right):.1f} %"]
        for name, right in groups
        if right
    ]
    return Table([head, what, "right"], rows)


def curves(history: Sequence[dict[str, float]]) -> bytes:
    """Loss and part of right texts over epochs, as PNG.

    A row has "loss", of what was learnt, "nats" and "right %", of what was held out.
    """
    figure = new_figure(8, 3.2)
    left, right = figure.subplots(1, 2)
    epochs = [row["epoch"] for row in history]
    for name, label, colour in (("loss", "learnt", FAINT), ("nats", "held out", MAIN)):
        left.plot(epochs, [row[name] for row in history], color=colour, marker=".", label=label)
    left.set(xlabel="epoch", ylabel="nats per symbol", yscale="log")
    left.legend()
    right.plot(epochs, [row["right %"] for row in history], color=OTHER, marker=".")
    right.set(xlabel="epoch", ylabel="right, %", ylim=(0, 102))
    for axes in (left, right):
        axes.set_xlim(0, max(epochs, default=1) + 0.5)
        axes.locator_params(axis="x", integer=True)
    return png(figure)
