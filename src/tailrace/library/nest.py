"""Nested structures as `tf.contrib.framework.nest` has them: `graph.nest`, and functions of paths.

Source: TF 1.15 python/util/nest.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.graph.nest import (
    assert_same_structure,
    assert_shallow_structure,
    flatten,
    flatten_dict_items,
    flatten_up_to,
    flatten_with_joined_string_paths,
    flatten_with_tuple_paths,
    get_traverse_shallow_structure,
    is_nested,
    is_sequence,
    map_structure,
    map_structure_up_to,
    pack_sequence_as,
    yield_flat_paths,
)

__all__ = [
    "assert_same_structure",
    "assert_shallow_structure",
    "flatten",
    "flatten_dict_items",
    "flatten_up_to",
    "flatten_with_joined_string_paths",
    "flatten_with_tuple_paths",
    "flatten_with_tuple_paths_up_to",
    "get_traverse_shallow_structure",
    "is_nested",
    "is_sequence",
    "map_structure",
    "map_structure_up_to",
    "map_structure_with_paths",
    "map_structure_with_tuple_paths",
    "map_structure_with_tuple_paths_up_to",
    "pack_sequence_as",
    "yield_flat_paths",
]


def flatten_with_tuple_paths_up_to(
    shallow_tree: Any,
    input_tree: Any,
    check_types: bool = True,
    expand_composites: bool = False,
    check_subtrees_length: bool = True,
) -> list[tuple[Any, Any]]:
    """Path and part of `input_tree` for each leaf of `shallow_tree`."""
    options = check_types, expand_composites, check_subtrees_length
    parts = flatten_up_to(shallow_tree, input_tree, *options)
    return list(zip(yield_flat_paths(shallow_tree, expand_composites), parts, strict=True))


def map_structure_with_tuple_paths_up_to(
    shallow_tree: Any, func: Callable[..., Any], *inputs: Any, **kwargs: Any
) -> Any:
    """`func(path, *parts)` of the parts of `inputs` at the leaves of `shallow_tree`."""
    if not inputs:
        raise ValueError("Cannot map over no sequences")
    check_types = kwargs.pop("check_types", True)
    columns = [flatten_up_to(shallow_tree, tree, check_types) for tree in inputs]
    paths = yield_flat_paths(shallow_tree)
    results = [func(*each, **kwargs) for each in zip(paths, *columns, strict=True)]
    return pack_sequence_as(shallow_tree, results)


def map_structure_with_tuple_paths(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """`func(path, *leaves)` for the leaves at each place; a path is a tuple of keys."""
    return map_structure_with_tuple_paths_up_to(structure[0], func, *structure, **kwargs)


def map_structure_with_paths(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """`func(path, *leaves)` for the leaves at each place; a path is the keys joined by `/`."""

    def with_text(path: Any, *leaves: Any, **options: Any) -> Any:
        return func("/".join(map(str, path)), *leaves, **options)

    return map_structure_with_tuple_paths(with_text, *structure, **kwargs)
