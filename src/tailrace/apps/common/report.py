"""A page that stands alone: `report.html`, its pictures inside it and as files beside it."""

from __future__ import annotations

import base64
import html
import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tailrace.apps.common.display import Table
from tailrace.apps.common.files import write_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REPORT = "report.html"
# colours of pictures: what is measured, what it is compared with, what is beside the point
MAIN, OTHER, FAINT = "#0b6e99", "#b3541e", "#9aa5b1"

_TYPES = {".png": "image/png", ".gif": "image/gif", ".svg": "image/svg+xml"}
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
       color: #222; background: #fff }
h1, h2 { line-height: 1.2 } h2 { margin-top: 2rem }
table { border-collapse: collapse; margin: 1rem 0 }
td, th { padding: .25rem .9rem .25rem 0; text-align: left; border-bottom: 1px solid #ddd;
         vertical-align: top }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
tr.best td { font-weight: bold }
pre { background: #f5f5f2; padding: .8rem 1rem; white-space: pre-wrap; overflow-wrap: anywhere }
img { max-width: 100% } code { background: #f5f5f2; padding: 0 .2rem }
"""


class Report:
    """A page put together piece by piece, top to bottom; all text is given plain."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._parts = [f"<h1>{html.escape(title)}</h1>"]
        self._images: dict[str, bytes] = {}

    def heading(self, text: str, *, level: int = 2) -> None:
        """A heading of a section (level 2) or of a part of one (3)."""
        self._parts.append(f"<h{level}>{html.escape(text)}</h{level}>")

    def text(self, text: str, *, code: str = "", after: str = "") -> None:
        """A paragraph; `code` follows in type-writer letters, then `after`."""
        shown = f" <code>{html.escape(code)}</code>" if code else ""
        self._parts.append(f"<p>{html.escape(text)}{shown}{html.escape(after)}</p>")

    def listing(self, text: str) -> None:
        """Text shown letter by letter, its lines kept."""
        self._parts.append(f"<pre>{html.escape(text)}</pre>")

    def table(self, table: Table) -> None:
        """A table; its best row is bold."""

        rows = [_row(table.columns, "th", table.left)] if any(table.columns) else []
        for number, cells in enumerate(table.rows):
            mark = ' class="best"' if number == table.best else ""
            rows.append(_row(cells, "td", table.left, mark))
        self._parts.append(f"<table>{''.join(rows)}</table>")

    def shaded(self, pieces: Sequence[tuple[str, float]], *, before: str = "") -> None:
        """A paragraph of words, each on a ground from -1 (brown) over 0 (none) to 1 (blue)."""
        shown = [_shaded(word, value) for word, value in pieces]
        start = f"<b>{html.escape(before)}</b> " if before else ""
        self._parts.append(f"<p>{start}{' '.join(shown)}</p>")

    def settings(self, settings: dict[str, Any], heading: str = "Settings") -> None:
        """A section with settings by name."""
        self.heading(heading)
        self.table(
            Table(["", ""], [[k.replace("_", " "), _plain(v)] for k, v in settings.items()], 2)
        )

    def image(self, name: str, data: bytes, text: str) -> None:
        """A picture, kept beside the page under `name` (.png, .gif, .svg); `text` describes it."""
        kind = _TYPES[Path(name).suffix]
        inside = base64.b64encode(data).decode()
        self._parts.append(f'<img alt="{html.escape(text)}" src="data:{kind};base64,{inside}">')
        self._images[name] = data

    def render(self) -> str:
        """The page."""
        body = "\n".join(self._parts)
        return (
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f"<title>{html.escape(self._title)}</title><style>{_STYLE}</style></head>"
            f"<body>\n{body}\n</body></html>\n"
        )

    def write(self, folder: Path) -> Path:
        """Writes the pictures, then the page; returns the page's path.

        Raises: UserError where the folder cannot be written.
        """
        for name, data in self._images.items():
            write_file(folder / name, data)
        path = folder / REPORT
        write_file(path, self.render().encode())
        return path


def _plain(value: Any) -> str:
    """A setting's value for people who do not know Python."""
    if value is None or value == "":
        return "none"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _shaded(word: str, value: float) -> str:
    """A word on its ground; what it stands for is said when the mouse rests on it."""
    colour = MAIN if value > 0 else OTHER
    strength = round(min(abs(value), 1.0) * 200)
    return (
        f'<span title="{value:+.2f}" style="background:{colour}{strength:02x};'
        f'padding:0 .15em;border-radius:.2em">{html.escape(word)}</span>'
    )


def _row(cells: Sequence[str], tag: str, left: int, mark: str = "") -> str:
    """A table's row; the cells behind the first `left` are figures."""
    figures = ' class="n"'
    inner = "".join(
        f"<{tag}{figures if i >= left else ''}>{html.escape(cell)}</{tag}>"
        for i, cell in enumerate(cells)
    )
    return f"<tr{mark}>{inner}</tr>"


def new_figure(width: float = 8, height: float = 4.5) -> Figure:
    """An empty figure, inches, which no window knows of."""
    # half a second to load, wanted here only
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=120, layout="constrained")


def png(figure: Figure) -> bytes:
    """A figure as PNG."""
    image = io.BytesIO()
    with warnings.catch_warnings():
        # signs that the font lacks are boxes; nothing can be done about that here
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        figure.savefig(image, format="png")
    return image.getvalue()
