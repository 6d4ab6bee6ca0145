"""A weight matrix kept as several variables, rows below each other.

Source: TF 1.15 contrib/rnn/python/ops/rnn_cell.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import get_default_graph
from tailrace.library import array
from tailrace.library.collections import GraphKeys
from tailrace.library.variable_scope import get_variable, get_variable_scope


def concat_variable(name: str, shape: list[int], dtype: Any, num_shards: int) -> Any:
    """The matrix of `num_shards` variables `name_0`, `name_1`…, joined once per scope.

    Raises: ValueError for more shards than rows.
    """
    shards = _shards(name, shape, dtype, num_shards)
    if len(shards) == 1:
        return shards[0]
    graph, joined_name = get_default_graph(), f"{name}/concat"
    full_name = f"{get_variable_scope().name}/{joined_name}:0"
    for value in graph.get_collection(GraphKeys.CONCATENATED_VARIABLES):
        if value.name == full_name:
            return value
    joined = array.concat(shards, 0, name=joined_name)
    graph.add_to_collection(GraphKeys.CONCATENATED_VARIABLES, joined)
    return joined


def _shards(name: str, shape: list[int], dtype: Any, num_shards: int) -> list[Any]:
    rows = shape[0]
    if num_shards > rows:
        raise ValueError(f"Too many shards: shape={shape}, num_shards={num_shards}")
    size, longer = divmod(rows, num_shards)
    sizes = [size + (i < longer) for i in range(num_shards)]
    return [
        get_variable(f"{name}_{i}", [part, *shape[1:]], dtype=dtype) for i, part in enumerate(sizes)
    ]
