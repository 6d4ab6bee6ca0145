"""Which TensorFlow names a piece of source uses, followed through imports and assignments."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

ROOT = "tensorflow"

# name in a scope -> dotted TensorFlow name, or None where it means something else
Scope = dict[str, str | None]


class Use(NamedTuple):
    """One mention: `name` is fully dotted (`tensorflow.nn.relu`), in an import or not.

    `is_set`: the program gives the name a value, and so has it whether TensorFlow does or not.
    """

    line: int
    name: str
    is_import: bool
    is_set: bool = False


def tensorflow_names(tree: ast.AST) -> list[Use]:
    """The names a parsed module uses, in the order of its lines, each line's names once."""
    visitor = _Visitor()
    visitor.visit(tree)
    return sorted(set(visitor.uses))


class _Visitor(ast.NodeVisitor):
    def __init__(self) -> None:
        self.uses: list[Use] = []
        self._scopes: list[Scope] = []

    def _enter(self, node: ast.AST, parameters: list[str]) -> None:
        """Visits the inside of a scope, having looked through what its names are bound to."""
        self._scopes.append(dict.fromkeys(parameters))
        # an alias may be of an alias: twice around settles the usual chain of two
        for _ in range(2):
            for name, value in _bindings(node):
                self._bind(name, value)
        self.generic_visit(node)
        self._scopes.pop()

    def _bind(self, name: str, value: ast.expr | str | None) -> None:
        scope = self._scopes[-1]
        meaning = value if value is None or isinstance(value, str) else self._dotted(value)
        if name in scope and scope[name] != meaning:
            # bound to different things in one scope: better silent than wrong
            meaning = None
        scope[name] = meaning

    def _dotted(self, node: ast.expr) -> str | None:
        """The TensorFlow name that an expression `a.b.c` is."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        for scope in reversed(self._scopes):
            if node.id in scope:
                base = scope[node.id]
                return base and ".".join([base, *reversed(parts)])
        return None

    def visit_Module(self, node: ast.Module) -> None:
        self._enter(node, [])

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in [*node.decorator_list, node.args, *filter(None, [node.returns])]:
            self.visit(part)
        self._enter(ast.Module(node.body, []), _parameters(node.args))

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.visit(node.args)
        self._enter(ast.Expression(node.body), _parameters(node.args))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        name = self._dotted(node)
        if name is None:
            self.generic_visit(node)
        else:
            self.uses.append(Use(node.lineno, name, False, isinstance(node.ctx, ast.Store)))

    def visit_Import(self, node: ast.Import) -> None:
        names = [alias.name for alias in node.names if _is_tensorflow(alias.name)]
        self.uses.extend(Use(node.lineno, name, True) for name in names)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if not node.level and node.module and _is_tensorflow(node.module):
            names = [
                node.module if a.name == "*" else f"{node.module}.{a.name}" for a in node.names
            ]
            self.uses.extend(Use(node.lineno, name, True) for name in names)


def _is_tensorflow(module: str) -> bool:
    return module.partition(".")[0] == ROOT


def _parameters(arguments: ast.arguments) -> list[str]:
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += filter(None, [arguments.vararg, arguments.kwarg])
    return [argument.arg for argument in every]


def _bindings(node: ast.AST) -> Iterator[tuple[str, ast.expr | str | None]]:
    """(name, value) of what one scope binds: an expression, a dotted module, or None for others."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Import():
                for alias in child.names:
                    whole = alias.name if alias.asname else alias.name.partition(".")[0]
                    yield alias.asname or whole, whole if _is_tensorflow(whole) else None
            case ast.ImportFrom():
                ours = not child.level and _is_tensorflow(child.module or "")
                for alias in child.names:
                    name = f"{child.module}.{alias.name}" if ours else None
                    yield alias.asname or alias.name, name
            case ast.Assign(targets=[ast.Name(id=name)]):
                yield name, child.value
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield child.name, None
            case ast.Name(ctx=ast.Store()):
                yield child.id, None
            case ast.Lambda():
                pass
            case _:
                yield from _bindings(child)
