"""The report of a comparison: the table, seconds, losses, and where the gradient fades."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common.display import Table
from tailrace.apps.common.report import Report, new_figure, png
from tailrace.apps.compare.race import Race

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# norms by the state of each layer after each step, before and after learning, of each cell
Flows = dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]

CELL_COLOURS = {"rnn": "#8a6bb1", "lstm": "#0b6e99", "gru": "#5b8c3e"}
ENGINE_COLOURS = {"tailrace": "#0b6e99", "torch": "#b3541e", "tensorflow": "#9aa5b1"}
ENGINE_LINES = {"tailrace": "-", "torch": "--", "tensorflow": ":"}
# batches a loss is averaged over
SMOOTH = 10


def table(race: Race, simple: dict[str, float]) -> Table:
    """Seconds and held-out losses of every cell on every engine, then what counting comes to."""
    rows = []
    characters = race.settings.batch * race.settings.steps
    for (cell, _), entry in race.entries.items():
        ours = race.entries[cell, "tailrace"].quartiles()[1]
        low, middle, high = entry.quartiles()
        rows.append(
            [
                f"{cell}, {entry.title}",
                f"{1000 * middle:.1f}",
                f"{1000 * low:.1f}-{1000 * high:.1f}",
                f"{middle / ours:.2f}",
                f"{characters / middle:,.0f}",
                _spread(entry.held_out),
            ]
        )
    rows += [[name, "", "", "", "", f"{nats:.3f}"] for name, nats in simple.items()]
    columns = ["", "ms/batch", "quartiles", "x ours", "chars/s", "held out, nats"]
    return Table(columns, rows)


def _spread(values: list[float]) -> str:
    mean = f"{np.mean(values):.3f}"
    return mean if len(values) < 2 else f"{mean} ± {np.std(values, ddof=1):.3f}"


def write_report(folder: Path, race: Race, found: Table, flows: Flows) -> Path:
    """Writes report.html and its pictures; returns the page's path."""
    settings = race.settings
    report = Report("RNN, LSTM and GRU side by side")
    report.text(
        f"{race.data.name}: {race.data.vocabulary} different characters; each network learns from "
        f"{settings.updates} batches of {settings.batch} texts x {settings.steps} characters, all "
        "the same ones, from the same initial weights."
    )
    report.table(found)
    report.text(
        "A batch is a whole training step: forward, backward, gradients clipped, Adam. Every cell "
        "on every engine has a process of its own; they take turns of ten batches, so that what "
        "else the machine does falls on all alike. Median and quartiles of all batches but the "
        "first three. PyTorch's GRU resets the state behind the candidate's product, TensorFlow's "
        "before it: a slightly different network. Below, what counting single characters and "
        "pairs in the same batches comes to."
    )
    report.heading("Seconds per batch")
    report.image("seconds.png", seconds(race), "Seconds per batch")
    report.heading("Loss over time")
    report.image("loss.png", losses(race), "Loss by batches and by seconds")
    report.heading("Where the gradient fades")
    report.text(
        "The norm of the gradient of the last character's loss with respect to each layer's state, "
        "the further left the more steps before; dashed before learning, solid after it. Where it "
        "falls, what was read then no longer teaches the network anything."
    )
    report.image("gradients.png", gradients(flows), "Gradient norms by step and layer")
    report.settings(settings.to_json())
    return report.write(folder)


def seconds(race: Race) -> bytes:
    """Median milliseconds with quartiles, engines beside one another for each cell."""
    cells = race.settings.names_of_cells
    engines = list(dict.fromkeys(engine for _, engine in race.entries))
    figure = new_figure(8, 3.6)
    axes = figure.subplots()
    width = 0.8 / len(engines)
    for i, engine in enumerate(engines):
        entries = [race.entries[cell, engine] for cell in cells]
        low, middle, high = 1000 * np.array([entry.quartiles() for entry in entries]).T
        places = np.arange(len(cells)) + (i - (len(engines) - 1) / 2) * width
        colour, title = ENGINE_COLOURS[engine], entries[0].title
        axes.bar(places, middle, 0.9 * width, color=colour, label=title)
        axes.vlines(places, low, high, color="black", lw=1.5)
    axes.set_xticks(range(len(cells)), cells)
    axes.set(ylabel="ms per batch")
    # above the bars, of which any may be the longest
    axes.legend(fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=4, frameon=False)
    return png(figure)


def losses(race: Race) -> bytes:
    """Losses of the first seed by batches and by seconds, each batch taking the median ones.

    So a moment in which the machine did something else does not push the rest of a line aside.
    """
    figure = new_figure(11, 4)
    by_batches, by_seconds = figure.subplots(1, 2, sharey=True)
    for entry in race.entries.values():
        values = _smoothed(entry.losses[0])
        style = {
            "color": CELL_COLOURS[entry.cell],
            "ls": ENGINE_LINES[entry.engine],
            "lw": 1.8 if entry.engine == "tailrace" else 1.1,
        }
        by_batches.plot(values, **style, label=f"{entry.cell}, {entry.title}")
        seconds = entry.quartiles()[1] * np.arange(1, len(values) + 1)
        by_seconds.plot(seconds, values, **style)
    by_batches.set(xlabel="batch", ylabel="loss, nats per character")
    by_seconds.set(xlabel="seconds of learning, at the median per batch")
    by_batches.legend(fontsize=7)
    return png(figure)


def _smoothed(values: list[float]) -> NDArray[np.float64]:
    """Means of each value with those before it."""
    sums = np.cumsum([0.0, *values])
    ends = np.arange(1, len(values) + 1)
    begins = np.maximum(0, ends - SMOOTH)
    return (sums[ends] - sums[begins]) / (ends - begins)


def gradients(flows: Flows) -> bytes:
    """A panel for each cell: norms by step, a line for each layer, on a common scale."""
    figure = new_figure(11, 3.8)
    panels = figure.subplots(1, len(flows), sharey=True, squeeze=False)[0]
    for axes, (cell, (before, after)) in zip(panels, flows.items(), strict=True):
        _flow(axes, before, "--")
        _flow(axes, after, "-")
        axes.set(title=cell, xlabel="steps before the last", yscale="log")
    panels[0].set_ylabel("gradient norm")
    panels[-1].legend(fontsize=8)
    return png(figure)


def _flow(axes: Axes, norms: NDArray[np.float32], line: str) -> None:
    when = "before" if line == "--" else "after"
    for layer, row in enumerate(norms):
        steps = np.arange(1 - len(row), 1)
        shown = np.where(row > 0, row, np.nan)
        label = f"layer {layer + 1}, {when} learning"
        axes.plot(steps, shown, ls=line, color=f"C{layer}", lw=1.5, label=label)
