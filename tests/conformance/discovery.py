"""Finds the cases: public functions of the one parameter `tf` in cases/*.py (Python 3.7)."""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple

CASES = Path(__file__).parent / "cases"


class Case(NamedTuple):
    """A case as it stands in its file."""

    module: str
    name: str
    path: Path

    @property
    def source(self) -> str:
        """The hash of the case's code and its helpers'."""
        return _source_hash(self.name, self.path)

    def function(self) -> Callable[[Any], dict[str, Any]]:
        """Runs the case's module, as an import would (no TensorFlow is imported by it)."""
        module = ModuleType("cases_" + self.module)
        module.__file__ = str(self.path)
        exec(_code(self.path), module.__dict__)
        return getattr(module, self.name)


@functools.lru_cache(maxsize=1000)
def _code(path: Path) -> CodeType:
    return compile(path.read_bytes(), str(path), "exec", dont_inherit=True)


@functools.lru_cache(maxsize=2)
def _body(path: Path) -> list[ast.stmt]:
    return ast.parse(path.read_text(encoding="utf-8"), str(path)).body


@functools.lru_cache(maxsize=2)
def _definitions(path: Path) -> dict[str, ast.stmt]:
    return {name: statement for statement in _body(path) for name in _defined(statement)}


def find_cases(path: Path) -> list[Case]:
    """The cases of one file in the order they are written."""
    return [
        Case(path.stem, node.name, path)
        for node in _body(path)
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and [arg.arg for arg in node.args.args] == ["tf"]
    ]


def all_cases() -> list[Case]:
    """The cases of every file of the folder."""
    return [case for path in sorted(CASES.glob("*.py")) for case in find_cases(path)]


def select(spec: str) -> list[Case]:
    """Cases of `FILE` or `FILE::name`; the file may also be given by its bare name (`basics`)."""
    file, _, name = spec.partition("::")
    path = Path(file)
    if not path.exists():
        path = CASES / (path.stem + ".py")
    if not path.exists():
        raise SystemExit(f"no such file of cases: {file}")
    cases = [case for case in find_cases(path.resolve()) if name in ("", case.name)]
    if not cases:
        raise SystemExit(f"no case {name or '(function of `tf`)'} in {path}")
    return cases


def _defined(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        yield statement.name
    elif isinstance(statement, (ast.Assign, ast.AnnAssign)):
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def _source_hash(name: str, path: Path) -> str:
    """Of the case and of everything in its module that it names, directly or indirectly."""
    definitions = _definitions(path)
    reached: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in reached:
            continue
        reached.add(current)
        used = {n.id for n in ast.walk(definitions[current]) if isinstance(n, ast.Name)}
        waiting.extend(used & set(definitions))
    text = "\n".join(_canonical(definitions[reached_name]) for reached_name in sorted(reached))
    return hashlib.sha1(text.encode("utf-8")).hexdigest()[:16]


# the syntax trees of 3.7 and of later Pythons differ in these
_LITERALS = {"Num": "n", "Str": "s", "Bytes": "s", "NameConstant": "value", "Constant": "value"}
_SKIPPED = {"ctx", "kind", "type_comment", "type_ignores", "posonlyargs", "type_params"}


def _canonical(node: Any) -> str:
    """The code without formatting, comments and docstrings, the same under every Python."""
    if isinstance(node, list):
        items = ",".join(_canonical(item) for item in node if not _is_docstring(item))
        return f"[{items}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    kind = type(node).__name__
    if kind in _LITERALS:
        return repr(getattr(node, _LITERALS[kind]))
    if kind == "Ellipsis":
        return repr(...)
    if kind == "Index":
        return _canonical(node.value)  # type: ignore[attr-defined]
    if kind == "ExtSlice":
        return f"Tuple({_canonical(node.dims)})"  # type: ignore[attr-defined]
    fields = [_canonical(value) for key, value in ast.iter_fields(node) if key not in _SKIPPED]
    return kind + "({})".format(",".join(fields))


def _is_docstring(node: Any) -> bool:
    value = getattr(node, "value", None)
    return isinstance(node, ast.Expr) and (
        type(value).__name__ == "Str" or isinstance(getattr(value, "value", None), str)
    )
