"""Nested structures: lists, tuples, named tuples and dicts of values, in one order.

Dicts are visited by sorted key. With `expand_composites`, `IndexedSlices` and `SparseTensor` count
as tuples of their tensors.

Source: TF 1.15 python/util/nest.py.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tailrace.graph.composite import IndexedSlices, SparseTensor


def is_sequence(seq: Any) -> bool:
    """Whether the value is a structure: a list, tuple, dict or attrs object, no string."""
    if isinstance(seq, (list, tuple, Mapping)):
        return True
    if isinstance(seq, (str, bytes)):
        return False
    return isinstance(seq, Sequence) or hasattr(type(seq), "__attrs_attrs__")


is_nested = is_sequence


def is_sequence_or_composite(value: Any) -> bool:
    """Whether the value is a structure or made of several tensors."""
    return is_sequence(value) or isinstance(value, (IndexedSlices, SparseTensor))


def _is_node(value: Any, expand_composites: bool) -> bool:
    return is_sequence_or_composite(value) if expand_composites else is_sequence(value)


def _keys(mapping: Mapping[Any, Any]) -> list[Any]:
    try:
        return sorted(mapping)
    except TypeError:
        raise TypeError("nest only supports dicts with sortable keys.") from None


def _items(structure: Any) -> Iterator[tuple[Any, Any]]:
    """Key and value of the parts of one level, in order."""
    kind: Any = type(structure)
    if isinstance(structure, Mapping):
        yield from ((key, structure[key]) for key in _keys(structure))
    elif isinstance(structure, tuple) and hasattr(structure, "_fields"):
        yield from zip(structure._fields, structure, strict=True)  # type: ignore[attr-defined]
    elif isinstance(structure, IndexedSlices):
        parts = [structure.values, structure.indices]
        yield from enumerate(
            parts if structure.dense_shape is None else [*parts, structure.dense_shape]
        )
    elif isinstance(structure, SparseTensor):
        yield from enumerate([structure.indices, structure.values, structure.dense_shape])
    elif hasattr(kind, "__attrs_attrs__"):
        yield from ((a.name, getattr(structure, a.name)) for a in kind.__attrs_attrs__)
    else:
        yield from enumerate(structure)


def _parts(structure: Any) -> list[Any]:
    return [value for _, value in _items(structure)]


def _rebuilt(structure: Any, parts: list[Any]) -> Any:
    """A level like `structure` with other parts."""
    if isinstance(structure, Mapping):
        by_key = dict(zip(_keys(structure), parts, strict=True))
        if isinstance(structure, collections.defaultdict):
            result = collections.defaultdict(structure.default_factory)
            result.update((key, by_key[key]) for key in structure)
            return result
        return type(structure)((key, by_key[key]) for key in structure)  # type: ignore[call-arg]
    named = isinstance(structure, tuple) and hasattr(structure, "_fields")
    if (
        named
        or isinstance(structure, (IndexedSlices, SparseTensor))
        or hasattr(type(structure), "__attrs_attrs__")
    ):
        return type(structure)(*parts)
    return list(parts) if isinstance(structure, range) else type(structure)(parts)


def flatten(structure: Any, expand_composites: bool = False) -> list[Any]:
    """The leaves in order; a value that is no structure gives itself alone."""
    if not _is_node(structure, expand_composites):
        return [structure]
    return [leaf for part in _parts(structure) for leaf in flatten(part, expand_composites)]


def pack_sequence_as(structure: Any, flat_sequence: Any, expand_composites: bool = False) -> Any:
    """The leaves of `flat_sequence` arranged like `structure`. Raises: ValueError when the
    counts differ."""
    if not is_sequence(flat_sequence):
        raise TypeError("flat_sequence must be a sequence")
    leaves = list(flat_sequence)
    if not _is_node(structure, expand_composites):
        if len(leaves) != 1:
            raise ValueError(f"Structure is a scalar but len(flat_sequence) == {len(leaves)} > 1")
        return leaves[0]
    count = len(flatten(structure, expand_composites))
    if count != len(leaves):
        raise ValueError(
            f"Could not pack sequence. Structure had {count} elements, but flat_sequence had "
            f"{len(leaves)} "
            f"elements.  Structure: {structure}, flat_sequence: {leaves}."
        )
    return _packed(structure, iter(leaves), expand_composites)


def _packed(structure: Any, leaves: Iterator[Any], expand_composites: bool) -> Any:
    if not _is_node(structure, expand_composites):
        return next(leaves)
    return _rebuilt(
        structure, [_packed(part, leaves, expand_composites) for part in _parts(structure)]
    )


def map_structure(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """`func` applied to the leaves of structures that are alike, arranged like the first."""
    if not callable(func):
        raise TypeError(f"func must be callable, got: {func}")
    if not structure:
        raise ValueError("Must provide at least one structure")
    check_types = kwargs.pop("check_types", True)
    expand = kwargs.pop("expand_composites", False)
    if kwargs:
        raise ValueError("Only valid keyword arguments are `check_types` and `expand_composites`")
    for other in structure[1:]:
        assert_same_structure(
            structure[0], other, check_types=check_types, expand_composites=expand
        )
    columns = zip(*(flatten(s, expand) for s in structure), strict=True)
    return pack_sequence_as(structure[0], [func(*leaves) for leaves in columns], expand)


def assert_same_structure(
    nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False
) -> None:
    """Raises: ValueError when the nesting differs, TypeError when the types of sequences do."""
    try:
        _compare(nest1, nest2, check_types, expand_composites)
    except (ValueError, TypeError) as error:
        raise type(error)(
            "The two structures don't have the same nested structure.\n\nFirst structure: "
            f"{nest1}\n\n"
            f"Second structure: {nest2}\n\nMore specifically: {error}\n"
        ) from None


def _compare(a: Any, b: Any, check_types: bool, expand: bool) -> None:
    node_a, node_b = _is_node(a, expand), _is_node(b, expand)
    if node_a != node_b:
        inner, leaf = (a, b) if node_a else (b, a)
        raise ValueError(
            f'Substructure "{inner}" is a sequence, while substructure "{leaf}" is not'
        )
    if not node_a:
        return
    if check_types:
        _compare_types(a, b)
    parts_a, parts_b = _parts(a), _parts(b)
    if len(parts_a) != len(parts_b):
        raise ValueError(f"The two structures don't have the same number of elements: {a} and {b}")
    for x, y in zip(parts_a, parts_b, strict=True):
        _compare(x, y, check_types, expand)


def _compare_types(a: Any, b: Any) -> None:
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        if set(a) != set(b):
            raise ValueError(
                f"The two dictionaries don't have the same set of keys: {list(a)} and {list(b)}"
            )
        return
    if isinstance(a, list) and isinstance(b, list):
        return
    same_names = (
        hasattr(a, "_fields")
        and type(a).__name__ == type(b).__name__
        and getattr(a, "_fields", None) == getattr(b, "_fields", None)
    )
    if type(a) is not type(b) and not same_names:
        raise TypeError(
            f"sequence types differ: {a} is a {type(a).__name__}, {b} is a {type(b).__name__}"
        )


def flatten_dict_items(dictionary: Mapping[Any, Any]) -> dict[Any, Any]:
    """A dict whose keys and values are structures, as a dict of their leaves."""
    if not isinstance(dictionary, Mapping):
        raise TypeError("input must be a dictionary")
    flat: dict[Any, Any] = {}
    for keys, values in dictionary.items():
        if not is_sequence(keys):
            pairs: Iterable[Any] = [(keys, values)]
        else:
            flat_keys, flat_values = flatten(keys), flatten(values)
            if len(flat_keys) != len(flat_values):
                raise ValueError(
                    f"Could not flatten dictionary: {keys} has other leaves than {values}."
                )
            pairs = zip(flat_keys, flat_values, strict=True)
        for key, value in pairs:
            if key in flat:
                raise ValueError(f"Could not flatten dictionary: key {key} is not unique.")
            flat[key] = value
    return flat


def assert_shallow_structure(
    shallow_tree: Any,
    input_tree: Any,
    check_types: bool = True,
    expand_composites: bool = False,
    check_subtrees_length: bool = True,
) -> None:
    """Raises: TypeError or ValueError when `input_tree` does not begin like `shallow_tree`.

    Without `check_subtrees_length` it may have more parts, which count for nothing.
    """
    if not _is_node(shallow_tree, expand_composites):
        return
    if not _is_node(input_tree, expand_composites):
        raise TypeError(
            "If shallow structure is a sequence, input must also be a sequence. "
            f"Input has type: {type(input_tree)}."
        )
    if check_types:
        try:
            _compare_types(shallow_tree, input_tree)
        except TypeError:
            raise TypeError(
                "The two structures don't have the same sequence type. Input structure has type "
                f"{type(input_tree)}, while shallow structure has type {type(shallow_tree)}."
            ) from None
    shallow_parts, parts = _parts(shallow_tree), _parts(input_tree)
    if len(parts) < len(shallow_parts) or (
        check_subtrees_length and len(parts) != len(shallow_parts)
    ):
        raise ValueError(
            "The two structures don't have the same sequence length. Input structure has length "
            f"{len(parts)}, while shallow structure has length {len(shallow_parts)}."
        )
    options = check_types, expand_composites, check_subtrees_length
    for shallow, branch in zip(shallow_parts, parts, strict=False):
        assert_shallow_structure(shallow, branch, *options)


def flatten_up_to(
    shallow_tree: Any,
    input_tree: Any,
    check_types: bool = True,
    expand_composites: bool = False,
    check_subtrees_length: bool = True,
) -> list[Any]:
    """The parts of `input_tree` at the leaves of `shallow_tree`."""
    options = check_types, expand_composites, check_subtrees_length
    assert_shallow_structure(shallow_tree, input_tree, *options)
    return list(_up_to(shallow_tree, input_tree, expand_composites))


def _up_to(shallow: Any, tree: Any, expand_composites: bool) -> Iterator[Any]:
    if not _is_node(shallow, expand_composites):
        yield tree
        return
    for part, branch in zip(_parts(shallow), _parts(tree), strict=False):
        yield from _up_to(part, branch, expand_composites)


def map_structure_up_to(
    shallow_tree: Any, func: Callable[..., Any], *inputs: Any, **kwargs: Any
) -> Any:
    """`func` applied to the parts of `inputs` at the leaves of `shallow_tree`.

    `kwargs` are `check_types`, `expand_composites` and `check_subtrees_length`.
    """
    if not inputs:
        raise ValueError("Cannot map over no sequences")
    expand = kwargs.get("expand_composites", False)
    columns = zip(*(flatten_up_to(shallow_tree, tree, **kwargs) for tree in inputs), strict=True)
    return pack_sequence_as(shallow_tree, [func(*parts) for parts in columns], expand)


def yield_flat_paths(nest: Any, expand_composites: bool = False) -> Iterator[tuple[Any, ...]]:
    """The keys that lead to each leaf."""
    if not _is_node(nest, expand_composites):
        yield ()
        return
    for key, part in _items(nest):
        for path in yield_flat_paths(part, expand_composites):
            yield (key, *path)


def flatten_with_tuple_paths(
    structure: Any, expand_composites: bool = False
) -> list[tuple[Any, Any]]:
    """Path and value of each leaf."""
    paths = yield_flat_paths(structure, expand_composites)
    return list(zip(paths, flatten(structure, expand_composites), strict=True))


def flatten_with_joined_string_paths(
    structure: Any, separator: str = "/", expand_composites: bool = False
) -> list[tuple[str, Any]]:
    """As `flatten_with_tuple_paths`, the paths as strings."""
    pairs = flatten_with_tuple_paths(structure, expand_composites)
    return [(separator.join(map(str, path)), value) for path, value in pairs]


def get_traverse_shallow_structure(
    traverse_fn: Callable[[Any], Any], structure: Any, expand_composites: bool = False
) -> Any:
    """A structure of bools, as deep as `traverse_fn` says to go: True where it wants a branch or
    leaf.

    Raises: TypeError when `traverse_fn` gives neither a bool nor a structure of them.
    """
    wanted = traverse_fn(structure)
    if not _is_node(structure, expand_composites):
        if not isinstance(wanted, bool):
            raise TypeError(
                f"traverse_fn returned structure: {wanted} for non-structure: {structure}"
            )
        return wanted
    parts = _parts(structure)
    if isinstance(wanted, bool):
        wanted_parts = [wanted] * len(parts)
        if not wanted:
            return False
    elif is_sequence(wanted):
        assert_shallow_structure(wanted, structure, expand_composites=expand_composites)
        wanted_parts = _parts(wanted)
    else:
        raise TypeError(f"traverse_fn returned {wanted}, neither a bool nor a structure of them")
    levels = [
        get_traverse_shallow_structure(traverse_fn, part, expand_composites) if keep else False
        for keep, part in zip(wanted_parts, parts, strict=True)
    ]
    return _rebuilt(structure, levels)
