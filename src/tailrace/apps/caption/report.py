"""The page about a captioner: figures, pictures with what was looked at, what is wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.caption.comparison import Comparison
from tailrace.apps.caption.learner import Description
from tailrace.apps.common.display import Table
from tailrace.apps.common.quality import curves
from tailrace.apps.common.report import Report, new_figure, png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# pictures with attention, examples, wrong captions that are shown
LOOKS, EXAMPLES, WRONG = 4, 12, 20
# panels side by side
ACROSS = 7
# of a picture, the part of its light that is left where the network did not look
LEAST_LIGHT = 0.25


def write_report(
    folder: Path, comparison: Comparison, text: str, history: Sequence[dict[str, float]]
) -> Path:
    """Writes `report.html` and its pictures; returns the page's path."""
    learner, test = comparison.learner, comparison.test
    report = Report("Captions by a network that looks at regions")
    report.text(text)
    report.heading("On pictures that nothing was learnt from")
    report.table(comparison.table())
    report.text(
        "Right: one of the picture's captions, to the last word. BLEU counts words, chrF groups of "
        "characters (sacrebleu). Nearest learnt picture: the caption of the one whose pixels are "
        "closest by the sum of squares."
    )
    report.table(comparison.groups())
    rows = _varied(comparison)
    report.heading("Examples")
    report.image("examples.png", examples(comparison, rows), "held-out pictures and captions")
    if learner.settings.attention != "none":
        report.heading("Where the network looked")
        report.text("For each word, the picture is lit where the attention was.")
        shown = rows[:LOOKS]
        drawn = attention_picture(
            test.pictures[shown], [comparison.descriptions[row] for row in shown]
        )
        report.image("attention.png", drawn, "the attention at each word of some captions")
    report.heading("Wrong ones")
    wrong = [row for row, right in enumerate(comparison.right) if not right]
    if wrong:
        cells = [
            [test.names[row], test.captions[row][0], comparison.descriptions[row].text]
            for row in wrong[:WRONG]
        ]
        report.table(Table(["picture", "wanted", "written"], cells, left=3))
    else:
        report.text("None of the held-out pictures.")
    report.heading("Training")
    report.image("training.png", curves(history), "loss and share of right ones over epochs")
    report.settings(learner.settings.to_json())
    return report.write(folder)


def _varied(comparison: Comparison) -> list[int]:
    """Pictures to show: right and wrong ones by turns of their number, captions of all lengths."""
    lengths = [len(found.words) for found in comparison.descriptions]
    first = {length: row for row, length in reversed(list(enumerate(lengths)))}
    rows = sorted(first.values(), key=lambda row: -lengths[row])
    wrong = [row for row, right in enumerate(comparison.right) if not right][:2]
    others = [row for row in range(len(lengths)) if row not in rows and row not in wrong]
    return [*rows[: EXAMPLES - 2], *[row for row in wrong if row not in rows], *others][:EXAMPLES]


def examples(comparison: Comparison, rows: Sequence[int]) -> bytes:
    """Pictures with the captions that were written; wrong ones say what was wanted, as PNG."""
    across = min(4, len(rows))
    down = math.ceil(len(rows) / across)
    figure = new_figure(2.9 * across, 3.3 * down)
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for axes in panels:
        axes.set_axis_off()
    for axes, row in zip(panels, rows, strict=False):
        found, wanted = comparison.descriptions[row].text, comparison.test.captions[row][0]
        axes.imshow(comparison.test.pictures[row])
        right = comparison.right[row]
        text = _wrapped(found) if right else f"{_wrapped(found)}\nwanted: {_wrapped(wanted)}"
        axes.set_title(text, fontsize=8, color="black" if right else "firebrick")
    return png(figure)


def attention_picture(pictures: NDArray[np.float32], found: Sequence[Description]) -> bytes:
    """For each picture a panel for every word, lit where the network looked for it, as PNG."""
    counts = [1 + len(one.words) for one in found]
    rows = [math.ceil(count / ACROSS) for count in counts]
    figure = new_figure(1.55 * ACROSS, 1.8 * sum(rows))
    panels = figure.subplots(sum(rows), ACROSS, squeeze=False)
    for axes in panels.ravel():
        axes.set_axis_off()
    begin = 0
    for picture, one, count in zip(pictures, found, rows, strict=True):
        own = list(panels[begin : begin + count].ravel())
        begin += count
        own[0].imshow(picture)
        own[0].set_title("the picture", fontsize=8)
        assert one.looks is not None
        for axes, word, look in zip(own[1:], one.words, one.looks, strict=False):
            _lit(axes, picture, look)
            axes.set_title(word, fontsize=9)
    return png(figure)


def _lit(axes: Axes, picture: NDArray[np.float32], look: NDArray[np.float32]) -> None:
    """A picture with light where the attention was, regions blended into one another."""
    # loaded with matplotlib's users only
    from PIL import Image

    side = picture.shape[0]
    grown = Image.fromarray(look / look.max()).resize((side, side), Image.Resampling.BILINEAR)
    light = LEAST_LIGHT + (1 - LEAST_LIGHT) * np.clip(np.asarray(grown), 0, 1)
    axes.imshow(picture * light[..., None])


def _wrapped(text: str, width: int = 36) -> str:
    """Text in lines of about that many characters."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    # a dollar sign would begin a formula
    return "\n".join(lines).replace("$", r"\$")
