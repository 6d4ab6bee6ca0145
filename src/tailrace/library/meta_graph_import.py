"""MetaGraphs read: nodes, collections and saver added to a graph.

Source: TF 1.15 python/framework/meta_graph.py, python/training/saver.py (import_meta_graph).
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tailrace import errors
from tailrace.formats import protos
from tailrace.formats.graph_def import read_proto
from tailrace.graph import Graph, get_default_graph
from tailrace.library import collection_protos
from tailrace.library.collections import GraphKeys
from tailrace.library.graph_import import import_graph_def
from tailrace.library.meta_graph_export import UNBOUND_COLLECTION, export_scoped_meta_graph
from tailrace.library.saver import Saver
from tailrace.library.scope_names import prepend_name_scope, strip_name_scope
from tailrace.library.variable_lists import _all_saveable_objects

_log = logging.getLogger("tailrace")
_TRAINABLE = GraphKeys.TRAINABLE_VARIABLES
_FIRST_WITH_TRAINABLE = (1, 9)  # VariableDefs of older versions do not say


def read_meta_graph_file(filename: Any) -> Any:
    """The MetaGraphDef in a file, binary or text. Raises: OSError."""
    path = os.fsdecode(filename)
    if not Path(path).exists():
        raise OSError(f"File {path} does not exist.")
    try:
        return read_proto(protos.MetaGraphDef(), path)
    except errors.DataLossError as error:
        raise OSError(f"Cannot parse file {path}: {error.message}.") from error


def import_scoped_meta_graph(
    meta_graph_or_file: Any,
    clear_devices: bool = False,
    graph: Graph | None = None,
    import_scope: str | None = None,
    input_map: dict[str, Any] | None = None,
    unbound_inputs_col_name: str | None = UNBOUND_COLLECTION,
    restore_collections_predicate: Callable[[str], bool] = lambda _: True,
) -> dict[str, Any]:
    """Adds a MetaGraph to a graph; gives its variables by the names they had."""
    return import_scoped_meta_graph_with_return_elements(
        meta_graph_or_file,
        clear_devices,
        graph,
        import_scope,
        input_map,
        unbound_inputs_col_name,
        restore_collections_predicate,
    )[0]


def import_scoped_meta_graph_with_return_elements(
    meta_graph_or_file: Any,
    clear_devices: bool = False,
    graph: Graph | None = None,
    import_scope: str | None = None,
    input_map: dict[str, Any] | None = None,
    unbound_inputs_col_name: str | None = UNBOUND_COLLECTION,
    restore_collections_predicate: Callable[[str], bool] = lambda _: True,
    return_elements: list[str] | None = None,
) -> tuple[dict[str, Any], list[Any] | None]:
    """Also gives the elements named.

    Raises: ValueError for inputs the scope had from outside that `input_map` does not give.
    """
    meta = meta_graph_or_file
    if not isinstance(meta, protos.MetaGraphDef):
        meta = read_meta_graph_file(meta)
    if unbound_inputs_col_name:
        _check_bound(meta, unbound_inputs_col_name, input_map)
    graph = graph or get_default_graph()
    with graph.as_default():
        if clear_devices:
            for node in meta.graph_def.node:
                node.device = ""
        has_list = meta.meta_info_def.HasField("stripped_op_list")
        scope = graph.unique_name(import_scope or "", mark_as_used=False)
        elements = import_graph_def(
            meta.graph_def,
            name=import_scope or scope,
            input_map=input_map,
            producer_op_list=meta.meta_info_def.stripped_op_list if has_list else None,
            return_elements=return_elements,
        )
        reader = _CollectionReader(graph, meta, scope)
        for key in sorted(meta.collection_def, key=lambda k: (k != _TRAINABLE, k)):
            if key != unbound_inputs_col_name and restore_collections_predicate(key):
                reader.read(key, meta.collection_def[key])
        variables = graph.get_collection(GraphKeys.GLOBAL_VARIABLES, scope=scope)
    return {strip_name_scope(v.name, scope): v for v in variables}, elements


def _check_bound(meta: Any, collection: str, input_map: dict[str, Any] | None) -> None:
    if collection not in meta.collection_def:
        return
    definition = meta.collection_def[collection]
    kind = definition.WhichOneof("kind")
    values = [] if kind is None else getattr(definition, kind).value
    unbound = [v.decode() if isinstance(v, bytes) else v for v in values]
    if unbound and sorted(unbound) != sorted(input_map or {}):
        missing = ",".join(name for name in unbound if name not in (input_map or {}))
        raise ValueError(
            f"Graph contains unbound inputs: {missing}. Must provide these inputs through "
            "input_map."
        )


class _CollectionReader:
    """Fills the collections of a graph; a variable in several of them becomes one object."""

    def __init__(self, graph: Graph, meta: Any, scope: str) -> None:
        self.graph = graph
        self.scope = scope
        self.variables: dict[bytes, Any] = {}
        version = meta.meta_info_def.tensorflow_version
        numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
        self.knows_trainable = not version or numbers >= _FIRST_WITH_TRAINABLE

    def read(self, key: str, definition: Any) -> None:
        kind = definition.WhichOneof("kind")
        if kind is None:
            _log.error("Cannot identify data type for collection %s. Skipping.", key)
            return
        values = getattr(definition, kind).value
        functions = collection_protos.functions_of(key)
        if functions.from_proto is not None and kind == "bytes_list":
            items: Iterable[Any] = [self._object(key, functions, value) for value in values]
        elif kind == "node_list":
            names = [prepend_name_scope(value, self.scope) for value in values]
            items = [self.graph.as_graph_element(name) for name in names]
        elif kind == "int64_list":
            items = [int(value) for value in values]
        elif kind == "bytes_list" and self.scope:
            # TF: strings may be names, so they get the scope
            items = [prepend_name_scope(value.decode(), self.scope) for value in values]
        else:
            items = list(values)
        for item in items:
            self.graph.add_to_collection(key, item)

    def _object(self, key: str, functions: Any, value: bytes) -> Any:
        is_variable = key in GraphKeys._VARIABLE_COLLECTIONS
        if is_variable and value in self.variables:
            return self.variables[value]
        proto = collection_protos.get_collection_proto_type(key).FromString(value)
        if is_variable and not self.knows_trainable:
            proto.trainable = key == _TRAINABLE
        made = functions.from_proto(proto, import_scope=self.scope)
        if is_variable:
            self.variables[value] = made
        return made


def import_meta_graph(
    meta_graph_or_file: Any,
    clear_devices: bool = False,
    import_scope: str | None = None,
    **kwargs: Any,
) -> Any:
    """Adds a MetaGraph (or the file of one) to the default graph.

    Gives the Saver it describes, else one of its variables; None where it has no variables.
    """
    return _import_meta_graph_with_return_elements(
        meta_graph_or_file, clear_devices, import_scope, **kwargs
    )[0]


def _import_meta_graph_with_return_elements(
    meta_graph_or_file: Any,
    clear_devices: bool = False,
    import_scope: str | None = None,
    return_elements: list[str] | None = None,
    **kwargs: Any,
) -> tuple[Any, list[Any] | None]:
    meta = meta_graph_or_file
    if not isinstance(meta, protos.MetaGraphDef):
        meta = read_meta_graph_file(meta)
    variables, elements = import_scoped_meta_graph_with_return_elements(
        meta,
        clear_devices=clear_devices,
        import_scope=import_scope,
        return_elements=return_elements,
        **kwargs,
    )
    return _saver_of(meta, import_scope, variables), elements


def _saver_of(meta: Any, import_scope: str | None, variables: dict[str, Any]) -> Any:
    if meta.HasField("saver_def"):
        scope = import_scope
        for name, variable in variables.items():
            # the scope that was free may be another than the one asked for
            scope = variable.name[: -len(name)]
            break
        return Saver(saver_def=meta.saver_def, name=scope)
    if _all_saveable_objects(scope=import_scope):
        return Saver()
    _log.info("Saver not created because there are no variables in the graph to restore")
    return None


def copy_scoped_meta_graph(
    from_scope: str,
    to_scope: str,
    from_graph: Graph | None = None,
    to_graph: Graph | None = None,
) -> dict[str, Any]:
    """Copies a scope with its collections to another scope or graph.

    Raises: ValueError when that is the same place.
    """
    from_graph = from_graph or get_default_graph()
    to_graph = to_graph or get_default_graph()
    if from_graph is to_graph and from_scope == to_scope:
        raise ValueError(
            "'from_scope' and 'to_scope' need to be different when performing copy in the same "
            "graph."
        )
    meta, _ = export_scoped_meta_graph(export_scope=from_scope, graph=from_graph)
    return import_scoped_meta_graph(meta, graph=to_graph, import_scope=to_scope)
