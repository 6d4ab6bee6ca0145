"""Marks of nodes that ask for compilation, as TensorFlow writes them; nothing here compiles.

Source: TF 1.15 python/compiler/xla/jit.py.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from tailrace.graph import get_default_graph

_SCOPES = ("__xla_scope",)


@dataclasses.dataclass
class _Scopes:
    """How many scopes a graph has had, and how many are open."""

    count: int = 0
    depth: int = 0


@contextlib.contextmanager
def experimental_jit_scope(
    compile_ops: bool | Callable[[Any], bool] = True, separate_compiled_gradients: bool = False
) -> Iterator[None]:
    """A context whose nodes carry `_XlaCompile`: true, false, or what `compile_ops(node)` says."""
    graph = get_default_graph()
    kept = graph.get_collection_ref(_SCOPES)
    if not kept:
        kept.append(_Scopes())
    scopes = kept[0]
    attrs: dict[str, Any] = {
        "_XlaCompile": compile_ops,
        "_XlaSeparateCompiledGradients": bool(separate_compiled_gradients),
    }
    if scopes.depth == 0:
        attrs["_XlaScope"] = f"jit_scope_{scopes.count}".encode()
        scopes.count += 1
    scopes.depth += 1
    try:
        with graph._attr_scope(attrs):
            yield
    finally:
        scopes.depth -= 1
