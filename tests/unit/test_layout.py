"""Imports between the pieces of the package go one way; this reads every module and checks."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "tailrace"

WORDS = {"errors", "dtypes", "shapes"}
CHAIN = [
    "arrays",
    "ordering",
    "registry",
    "graph",
    "devices",
    "gradients",
    "plan",
    "run",
    "library",
    "tf",
]
# the root package is the public API: `import tailrace as tf`
PUBLIC = {"tailrace", "tf"}


def _allowed() -> dict[str, set[str]]:
    """Piece -> the other pieces its modules may import."""
    table = dict.fromkeys(WORDS, WORDS)
    before = set(WORDS)
    for piece in CHAIN:
        beside = {"registry": set(), "graph": {"formats"}}.get(piece, {"formats", "native"})
        loads_ops = {"ops"} if piece in {"run", "library", "tf"} else set()
        table[piece] = before | beside | loads_ops
        before = before | {piece}
    table["ops"] = WORDS | {"arrays", "ordering", "registry", "native", "formats"}
    table["formats"] = WORDS | {"native"}
    table["native"] = WORDS
    table["apps"] = PUBLIC
    table["compat"] = PUBLIC
    table["cli"] = {"apps", "compat"}
    table["__main__"] = {"cli"}
    table["tailrace"] = {*WORDS, *CHAIN, "ops", "native"}
    return table


ALLOWED = _allowed()


def _module_name(path: Path) -> list[str]:
    parts = list(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    return parts[:-1] if parts[-1] == "__init__" else parts


def _imports(source: str, package: list[str]) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of everything imported, at any depth of the source.

    `package` is the package that relative imports start from.
    """
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import():
                yield from ((node.lineno, alias.name) for alias in node.names)
            case ast.ImportFrom():
                start = package[: len(package) - node.level + 1] if node.level else []
                base = ".".join([*start, *([node.module] if node.module else [])])
                yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
            case (
                ast.Call(func=ast.Name(id="__import__" | "import_module"))
                | ast.Call(func=ast.Attribute(attr="import_module"))
            ):
                if node.args and isinstance(node.args[0], ast.Constant):
                    yield node.lineno, str(node.args[0].value)


def _piece(dotted: str) -> str | None:
    """The piece of the package that a dotted name lies in; None outside the package."""
    head, *rest = dotted.split(".")
    if head != "tailrace":
        return None
    return rest[0] if rest and rest[0] in ALLOWED else "tailrace"


def _ops_family(dotted: str) -> str | None:
    parts = dotted.split(".")
    return parts[2] if parts[:2] == ["tailrace", "ops"] and len(parts) > 2 else None


def violations(source: str, name: list[str], *, is_package: bool = False) -> list[str]:
    """Imports in `source` (module `name`) that the direction forbids, one sentence each."""
    own, own_family = _piece(".".join(name)), _ops_family(".".join(name))
    assert own is not None
    found = []
    for line, dotted in _imports(source, name if is_package else name[:-1]):
        piece, family = _piece(dotted), _ops_family(dotted)
        where = f"{'.'.join(name)}:{line} imports {dotted}"
        if piece is None:
            continue
        if piece != own and piece not in ALLOWED[own]:
            found.append(f"{where}: {own} may not import {piece}")
        elif own == "ops" and own_family and family not in (None, own_family):
            found.append(f"{where}: op families do not import one another")
        elif own != "ops" and family:
            found.append(f"{where}: import the ops package as a whole")
    return found


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=[".".join(_module_name(p)) for p in MODULES])
def test_imports_follow_the_direction(path: Path):
    name = _module_name(path)
    found = violations(path.read_text(), name, is_package=path.name == "__init__.py")
    assert not found, "\n".join(found)


def test_every_piece_is_known():
    pieces = {
        p.stem for p in PACKAGE.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()
    }
    assert pieces - {"__init__"} <= set(ALLOWED)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("tailrace.dtypes", "from tailrace.registry import op"),
        ("tailrace.registry", "def f():\n    from tailrace import dtypes, tf"),
        ("tailrace.ops.math", "import importlib\nimportlib.import_module('tailrace.tf')"),
        ("tailrace.ops.math", "from tailrace.ops import random"),
        ("tailrace.ops.math", "from . import random"),
        ("tailrace.apps.lm", "from ..native import random"),
        ("tailrace.compat.hook", "import tailrace.errors"),
    ],
)
def test_wrong_arrows_are_found(module: str, source: str):
    """The checker sees imports in functions, relative ones and those by string."""
    assert violations(source, module.split("."))
