"""`tailrace check`: which TensorFlow names of programs Tailrace does not have, before they run."""

from __future__ import annotations

import ast
import bisect
import functools
import json
import re
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from tailrace.compat.era import restore
from tailrace.compat.errors import ProgramError
from tailrace.compat.hook import install
from tailrace.compat.program import describe_syntax_error
from tailrace.compat.symbols import ROOT, tensorflow_names

_SUFFIXES = (".py", ".ipynb")
# folders that hold no programs of the project
_SKIPPED = re.compile(r"^(\..+|__pycache__|node_modules|site-packages)$")
_MAGIC = re.compile(r"^(\s*)[%!?].*$", re.MULTILINE)


class Finding(NamedTuple):
    """Something that will not work: place ("train.py:12"), what, and whether it is a name."""

    place: str
    text: str
    is_name: bool = True


class Report(NamedTuple):
    """What was found in how many files, and how many different names they use."""

    findings: list[Finding]
    files: int
    names: int


def check(paths: Iterable[str]) -> Report:
    """Looks through programs, folders of programs and notebooks.

    Raises: ProgramError when a path does not exist.
    """
    install()
    restore()
    findings: list[Finding] = []
    files = [file for path in paths for file in _files(Path(path))]
    programs = [_parsed(file, findings) for file in files]
    uses = [(program, use) for program in programs for use in tensorflow_names(program.tree)]
    names = {use.name for _, use in uses}
    # what one file gives to TensorFlow's modules and classes, all of them find there
    own = {use.name.replace(ROOT, "tf", 1) for _, use in uses if use.is_set}
    for program, use in uses:
        missing = _missing(use.name)
        if missing and missing not in own:
            findings.append(Finding(program.place(use.line), missing))
    return Report(list(dict.fromkeys(findings)), len(files), len(names))


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise ProgramError(f"there is no file or folder {path}")
    found = (file for suffix in _SUFFIXES for file in path.rglob(f"*{suffix}"))
    inside = [file for file in found if not _is_skipped(file.relative_to(path))]
    return sorted(inside)


def _is_skipped(path: Path) -> bool:
    return any(_SKIPPED.match(part) for part in path.parts)


class _Program(NamedTuple):
    """A parsed file; of a notebook, all cells in a row, `starts` being their first lines."""

    file: Path
    tree: ast.Module
    starts: list[int]

    def place(self, line: int) -> str:
        """Where a line of the tree stands in the file."""
        if not self.starts:
            return f"{self.file}:{line}"
        cell = bisect.bisect_right(self.starts, line)
        return f"{self.file}: cell {cell}, line {line - self.starts[cell - 1] + 1}"


def _parsed(file: Path, findings: list[Finding]) -> _Program:
    """What of the file can be parsed; the rest is among the findings."""
    body: list[ast.stmt] = []
    starts: list[int] = []
    line = 0
    try:
        text = file.read_text(encoding="utf-8")
        is_notebook = file.suffix == ".ipynb"
        sources = _cells(json.loads(text)) if is_notebook else [text]
        for i, source in enumerate(sources):
            starts.append(line + 1)
            try:
                tree = ast.increment_lineno(ast.parse(source), line)
                body += tree.body
            except SyntaxError as error:
                said = describe_syntax_error(error)
                place = f"{file}: cell {i + 1}, line " if is_notebook else f"{file}:"
                findings.append(Finding(f"{place}{error.lineno}", said, is_name=False))
            line += source.count("\n") + 1
    except (OSError, ValueError) as error:
        findings.append(Finding(str(file), f"cannot be read: {error}", is_name=False))
    return _Program(file, ast.Module(body, []), starts if file.suffix == ".ipynb" else [])


def _cells(notebook: Any) -> list[str]:
    """Code cells of the present notebook format and of the one before it, which has sheets."""
    sheets = notebook.get("worksheets", [notebook])
    cells = [cell for sheet in sheets for cell in sheet.get("cells", [])]
    codes = [cell.get("source", cell.get("input", "")) for cell in cells if _is_code(cell)]
    return [_MAGIC.sub(r"\1pass", "".join(code)) for code in codes]


def _is_code(cell: Any) -> bool:
    return cell.get("cell_type") == "code"


@functools.cache
def _missing(name: str) -> str:
    """The part of a dotted name up to what Tailrace lacks; empty if it has all of it.

    What follows a function or object is its business: only modules and classes are looked into.
    """
    value: Any = import_module(ROOT)
    parts = name.split(".")
    for end in range(2, len(parts) + 1):
        if not isinstance(value, type | ModuleType):
            return ""
        try:
            value = getattr(value, parts[end - 1])
        except AttributeError:
            path = ".".join(parts[:end])
            try:
                value = import_module(path)
            except ModuleNotFoundError:
                return path.replace(ROOT, "tf", 1)
    return ""
