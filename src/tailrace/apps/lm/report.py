"""What a training run leaves to look at: `curve.png`, and a `report.html` that stands alone."""

from __future__ import annotations

import base64
import html
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tailrace.apps.lm.folder import Contents, write_file

CURVE = "curve.png"
REPORT = "report.html"

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
       color: #222; background: #fff }
h1, h2 { line-height: 1.2 } h2 { margin-top: 2rem }
table { border-collapse: collapse } td, th { padding: .25rem .9rem .25rem 0; text-align: left;
        border-bottom: 1px solid #ddd; vertical-align: top }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
tr.best td { font-weight: bold }
pre { background: #f5f5f2; padding: .8rem 1rem; white-space: pre-wrap; overflow-wrap: anywhere }
img { max-width: 100% } code { background: #f5f5f2; padding: 0 .2rem }
"""


@dataclass(frozen=True)
class Score:
    """One row of the comparison; bits per symbol."""

    name: str
    validation_bits: float
    test_bits: float


@dataclass(frozen=True)
class Extras:
    """What the report shows besides the figures."""

    samples: list[tuple[str, str]] = field(default_factory=list)  # heading, text
    next_symbols: list[tuple[str, list[tuple[str, float]]]] = field(default_factory=list)


def unit(level: str) -> str:
    """What the figures of a level are counted in."""
    return "bits per character" if level == "char" else "bits per word"


def draw_curve(contents: Contents, scores: list[Score]) -> bytes:
    """The training and validation curves with the baselines, as PNG."""
    # half a second to load, wanted here only
    from matplotlib.figure import Figure

    history = contents.progress.history
    figure = Figure(figsize=(8, 4.5), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    minutes = [row["seconds"] / 60 for row in history]
    axes.plot(minutes, [r["train_bits"] for r in history], color="#9aa5b1", label="training")
    axes.plot(
        minutes,
        [r["validation_bits"] for r in history],
        color="#0b6e99",
        linewidth=2,
        marker="o",
        markersize=3,
        label="validation",
    )
    # the uniform distribution is so far off that it would squeeze the curves
    for score, style in zip(scores[1:3], ("--", ":"), strict=False):
        axes.axhline(score.validation_bits, color="#b3541e", linestyle=style, linewidth=1.2)
        axes.annotate(
            score.name,
            (1, score.validation_bits),
            xycoords=("axes fraction", "data"),
            xytext=(-4, 3),
            textcoords="offset points",
            ha="right",
            fontsize=8,
            color="#b3541e",
        )
    axes.set_xlabel("minutes of training")
    axes.set_ylabel(unit(contents.settings.level))
    axes.set_title(f"{contents.settings.cell} language model of {contents.text_name}", fontsize=10)
    axes.legend(frameon=False)
    axes.grid(alpha=0.25)
    image = io.BytesIO()
    figure.savefig(image, format="png")
    return image.getvalue()


def write_report(folder: Path, contents: Contents, scores: list[Score], extras: Extras) -> None:
    """Writes both files into the model folder."""
    curve = draw_curve(contents, scores)
    write_file(folder / CURVE, curve)
    write_file(folder / REPORT, render(contents, scores, extras, curve).encode())


def render(contents: Contents, scores: list[Score], extras: Extras, curve: bytes) -> str:
    """The report's HTML."""
    settings, progress = contents.settings, contents.progress
    title = f"Language model of {contents.text_name}"
    image = base64.b64encode(curve).decode()
    head = (
        f"{settings.layers} {settings.cell} layer{'s' * (settings.layers > 1)} of "
        f"{settings.size} units, trained on {settings.level}s for {progress.seconds / 60:.1f} "
        f"minutes ({progress.step} steps, {progress.epoch} whole passes over the text)"
    )
    parts = [
        f"<h1>{html.escape(title)}</h1><p>{html.escape(head)}.</p>",
        f"<h2>On held-out text</h2>{_scores(settings.level, scores)}",
        "<p>Lower is better. The models saw neither part while they learnt; the validation part "
        "chose the best moment of the network and the order of the n-gram models, the test part "
        "chose nothing in this run.</p>",
        f'<h2>Training</h2><img alt="training curves" src="data:image/png;base64,{image}">',
        "<h2>What comes next</h2>" + "".join(_next(*example) for example in extras.next_symbols),
        "<h2>Samples</h2>"
        + "".join(
            f"<h3>{html.escape(name)}</h3><pre>{html.escape(text)}</pre>"
            for name, text in extras.samples
        ),
        "<h2>Settings</h2>" + _table(settings.to_json()),
    ]
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body>\n{body}\n</body></html>\n"
    )


def _scores(level: str, scores: list[Score]) -> str:
    best = min(score.test_bits for score in scores)
    perplexity = level == "word"
    heads = "".join(
        f'<th class="n">{name}</th>'
        for name in ("validation", "test", *(["test perplexity"] if perplexity else []))
    )
    rows = []
    for score in scores:
        mark = ' class="best"' if score.test_bits == best else ""
        cells = [f"{score.validation_bits:.3f}", f"{score.test_bits:.3f}"]
        if perplexity:
            cells.append(f"{2**score.test_bits:.1f}")
        figures = "".join(f'<td class="n">{cell}</td>' for cell in cells)
        rows.append(f"<tr{mark}><td>{html.escape(score.name)}</td>{figures}</tr>")
    return f"<table><tr><th>{unit(level)}</th>{heads}</tr>{''.join(rows)}</table>"


def _next(text: str, candidates: list[tuple[str, float]]) -> str:
    rows = "".join(
        f'<tr><td><code>{html.escape(repr(symbol)[1:-1])}</code></td><td class="n">'
        f"{100 * probability:.1f} %</td></tr>"
        for symbol, probability in candidates
    )
    return f"<p>After <code>{html.escape(text)}</code>:</p><table>{rows}</table>"


def _table(data: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(name.replace('_', ' '))}</td><td>{html.escape(str(value))}</td></tr>"
        for name, value in data.items()
    )
    return f"<table>{rows}</table>"
