"""The page about a translator: figures, attention, what is right and what is wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tailrace.apps.common.display import Table
from tailrace.apps.common.quality import curves
from tailrace.apps.common.report import Report, new_figure, png
from tailrace.apps.translate.comparison import Comparison
from tailrace.apps.translate.learner import Translation

# wrong translations that are listed, pictures of the attention that are drawn
WRONG, DRAWN = 20, 6
# from so many symbols on, they are written smaller
CROWDED = 24


def write_report(
    folder: Path, comparison: Comparison, text: str, history: Sequence[dict[str, float]]
) -> Path:
    """Writes `report.html` and its pictures; returns the page's path."""
    learner, found = comparison.learner, comparison.translations
    report = Report("Translation by an encoder and a decoder")
    report.text(text)
    report.heading("On pairs that nothing was learnt from")
    report.table(comparison.table())
    report.text(_explained(learner.settings.levels[1]))
    report.heading("Right, by form" if comparison.test.forms else "Right, by length")
    report.table(comparison.groups())
    if learner.settings.attention != "none":
        report.heading("Where the network looked")
        report.text(
            "Rows: symbols as they were written, from top to bottom; columns: the source. "
            "The darker a place, the more of the attention it had."
        )
        drawn = [found[row] for row in comparison.examples()[:DRAWN]]
        report.image("attention.png", attention_picture(drawn), "attention while translating")
    report.heading("Wrong ones")
    wrong = _wrong(comparison)
    if wrong.rows:
        report.table(wrong)
    else:
        report.text("None of the held-out pairs.")
    report.heading("Training")
    report.image("training.png", curves(history), "loss and share of right ones over epochs")
    report.settings(learner.settings.to_json())
    return report.write(folder)


def _explained(level: str) -> str:
    counted = "characters" if level == "char" else "words"
    return (
        f"Right: to the last symbol. BLEU counts {counted}, chrF groups of characters (sacrebleu). "
        "No held-out target was learnt from in any form. Nearest learnt source: the target of the "
        "source that shares most groups of characters; dictionary: the likeliest target symbol of "
        "each source symbol, in the source's order (IBM's model 1)."
    )


def _wrong(comparison: Comparison) -> Table:
    rows = [
        [source, wanted, found.text]
        for source, wanted, found, right in zip(
            comparison.test.sources,
            comparison.test.targets,
            comparison.translations,
            comparison.right,
            strict=True,
        )
        if not right
    ]
    return Table(["source", "wanted", "written"], rows[:WRONG], left=3)


def attention_picture(translations: Sequence[Translation]) -> bytes:
    """The attention of some translations, one panel each, as PNG."""
    shown = [one for one in translations if one.sentence.attention is not None]
    columns = 1 if len(shown) == 1 else 2
    rows = math.ceil(len(shown) / columns)
    tallest = max(len(one.symbols) for one in shown)
    figure = new_figure(11 if columns == 2 else 7, rows * (1.4 + 0.17 * tallest))
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in panels[len(shown) :]:
        axes.set_axis_off()
    for axes, one in zip(panels, shown, strict=False):
        places, steps = len(one.source), len(one.symbols)
        assert one.sentence.attention is not None
        axes.imshow(one.sentence.attention[:, :places], cmap="Blues", vmin=0, vmax=1, aspect="auto")
        size = 8 if max(places, steps) < CROWDED else 6
        wide = any(len(symbol) > 1 for symbol in one.source)
        turned: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
        labels = [_visible(symbol) for symbol in one.source]
        axes.set_xticks(range(places), labels, fontsize=size, **(turned if wide else {}))
        axes.set_yticks(range(steps), [_visible(s) for s in one.symbols], fontsize=size)
        axes.tick_params(length=0)
        axes.set_title(one.text, fontsize=9, loc="left")
    return png(figure)


def _visible(symbol: str) -> str:
    """A symbol as a label; a dollar sign would begin a formula."""
    return {" ": "\u2423", "$": r"\$", "\t": "\u21e5"}.get(symbol, symbol)
