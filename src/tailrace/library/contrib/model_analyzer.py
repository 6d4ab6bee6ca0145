"""How large a graph and its variables are, as tables: `tf.contrib.slim.model_analyzer`.

Source: TF 1.15 contrib/slim/python/slim/model_analyzer.py.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from tailrace.graph import Graph

_RULE = "---------"


def tensor_description(var: Any) -> str:
    """Type and shape of a tensor or variable, as in "(float32 1x8x8x1024)"."""
    return f"({var.dtype.name} {'x'.join(map(str, var.get_shape()))})"


def analyze_ops(graph: Graph, print_info: bool = False) -> int:
    """Elements in all outputs of the graph's operations, unknown shapes left out; printed
    operation by operation if asked."""
    lines = [_RULE, "Operations: name -> (type shapes) [size]", _RULE]
    total = 0
    for op in graph.get_operations():
        size = sum(output.get_shape().num_elements() or 0 for output in op.outputs)
        shapes = [tensor_description(output) for output in op.outputs if output.get_shape()]
        lines.append(f"{op.name} \t-> {', '.join(shapes)} [{size}]")
        total += size
    _print(lines, print_info)
    return total


def analyze_vars(variables: Iterable[Any], print_info: bool = False) -> tuple[int, int]:
    """Elements and bytes of the variables; printed variable by variable if asked."""
    lines = [_RULE, "Variables: name (type shape) [size]", _RULE]
    total = total_bytes = 0
    for var in variables:
        size = var.get_shape().num_elements() or 0
        count = size * var.dtype.size
        lines.append(f"{var.name} {tensor_description(var)} [{size}, bytes: {count}]")
        total += size
        total_bytes += count
    lines += [
        f"Total size of variables: {total}",
        f"Total bytes of variables: {total_bytes}",
    ]
    _print(lines, print_info)
    return total, total_bytes


def _print(lines: list[str], wanted: bool) -> None:
    if wanted:
        sys.stdout.write("\n".join(lines) + "\n")
