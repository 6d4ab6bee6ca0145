"""MetaGraphs written: a graph, or one scope of it, with its collections and its saver.

Source: TF 1.15 python/framework/meta_graph.py.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tailrace.formats import protos
from tailrace.graph import Graph, get_default_graph
from tailrace.library import collection_protos, context_protos, variable_protos, versions
from tailrace.library.collections import GraphKeys
from tailrace.library.graph_io import write_graph
from tailrace.library.op_list import strip_default_attrs as strip_defaults
from tailrace.library.op_list import stripped_op_list_for_graph
from tailrace.library.scope_names import prepend_name_scope, strip_name_scope

_log = logging.getLogger("tailrace")
_UNBOUND = "$unbound_inputs_"
UNBOUND_COLLECTION = "unbound_inputs"


def export_scoped_meta_graph(
    filename: str | None = None,
    graph_def: Any = None,
    graph: Graph | None = None,
    export_scope: str | None = None,
    as_text: bool = False,
    unbound_inputs_col_name: str | None = UNBOUND_COLLECTION,
    clear_devices: bool = False,
    saver_def: Any = None,
    clear_extraneous_savers: bool = False,
    strip_default_attrs: bool = False,
    save_debug_info: bool = False,
    meta_info_def: Any = None,
    collection_list: Iterable[str] | None = None,
) -> tuple[Any, dict[str, Any]]:
    """The MetaGraphDef of a graph, or of the scope `export_scope`, and its variables by name.

    Inputs from outside the scope are listed in the collection `unbound_inputs_col_name`.
    With `save_debug_info` a second file, ending in `.debug`, says where each node was made.
    """
    graph = graph or get_default_graph()
    exclude: set[str] = set()
    if export_scope or clear_extraneous_savers or clear_devices:
        whole = graph_def if graph_def is not None else graph.as_graph_def(add_shapes=True)
        if clear_extraneous_savers:
            exclude = _extraneous_saver_nodes(whole, saver_def)
        graph_def, unbound = _scoped_graph_def(whole, export_scope, exclude, clear_devices)
        if unbound_inputs_col_name:
            graph.get_collection_ref(unbound_inputs_col_name)[:] = unbound
    meta_graph_def = create_meta_graph_def(
        meta_info_def=meta_info_def,
        graph_def=graph_def,
        saver_def=saver_def,
        collection_list=collection_list,
        graph=graph,
        export_scope=export_scope,
        exclude_nodes=exclude,
        clear_extraneous_savers=clear_extraneous_savers,
        strip_default_attrs=strip_default_attrs,
    )
    if filename:
        folder, name = os.path.split(filename)
        write_graph(meta_graph_def, folder, name, as_text=as_text)
        if save_debug_info:
            info = _debug_info(meta_graph_def, graph, export_scope)
            write_graph(info, folder, Path(name).stem + ".debug", as_text=as_text)
    return meta_graph_def, _variables_of(graph, export_scope, exclude)


def _variables_of(graph: Graph, export_scope: str | None, exclude: set[str]) -> dict[str, Any]:
    """The variables exported, by their names in the MetaGraph."""
    variables = graph.get_collection(GraphKeys.GLOBAL_VARIABLES, scope=export_scope)
    return {
        strip_name_scope(variable.name, export_scope): variable
        for variable in variables
        if _included(variable.name, export_scope, exclude)
    }


def _debug_info(meta_graph_def: Any, graph: Graph, export_scope: str | None) -> Any:
    """The GraphDebugInfo: for each node the user's line that made it."""
    info = protos.GraphDebugInfo()
    places: dict[str, int] = {}
    for node in meta_graph_def.graph_def.node:
        op = graph.get_operation_by_name(prepend_name_scope(node.name, export_scope))
        trace = info.traces[f"{op.name}@"]
        for file, line, function, code in op.traceback:
            place = places.setdefault(file, len(places))
            trace.file_line_cols.add(file_index=place, line=line, func=function, code=code)
    info.files.extend(places)
    return info


def export_meta_graph(
    filename: str | None = None,
    meta_info_def: Any = None,
    graph_def: Any = None,
    saver_def: Any = None,
    collection_list: Iterable[str] | None = None,
    as_text: bool = False,
    graph: Graph | None = None,
    export_scope: str | None = None,
    clear_devices: bool = False,
    clear_extraneous_savers: bool = False,
    strip_default_attrs: bool = False,
    save_debug_info: bool = False,
    **kwargs: Any,
) -> Any:
    """The MetaGraphDef of a graph; written to `filename` where one is given."""
    meta_graph_def, _ = export_scoped_meta_graph(
        filename=filename,
        meta_info_def=meta_info_def,
        graph_def=graph_def,
        saver_def=saver_def,
        collection_list=collection_list,
        as_text=as_text,
        graph=graph,
        export_scope=export_scope,
        clear_devices=clear_devices,
        clear_extraneous_savers=clear_extraneous_savers,
        strip_default_attrs=strip_default_attrs,
        save_debug_info=save_debug_info,
        **kwargs,
    )
    return meta_graph_def


def create_meta_graph_def(
    meta_info_def: Any = None,
    graph_def: Any = None,
    saver_def: Any = None,
    collection_list: Iterable[str] | None = None,
    graph: Graph | None = None,
    export_scope: str | None = None,
    exclude_nodes: set[str] | None = None,
    clear_extraneous_savers: bool = False,
    strip_default_attrs: bool = False,
) -> Any:
    """Puts a MetaGraphDef together. Raises: TypeError for protos of the wrong kind."""
    for value, kind in (
        (graph, Graph),
        (meta_info_def, protos.MetaGraphDef.MetaInfoDef),
        (graph_def, protos.GraphDef),
        (saver_def, protos.SaverDef),
    ):
        if value is not None and not isinstance(value, kind):
            raise TypeError(f"{value!r} must be of type {kind.__name__}, not {type(value)}")
    graph = graph or get_default_graph()
    meta = protos.MetaGraphDef()
    if meta_info_def is not None:
        meta.meta_info_def.CopyFrom(meta_info_def)
    meta.meta_info_def.tensorflow_version = versions.VERSION
    meta.meta_info_def.tensorflow_git_version = versions.GIT_VERSION
    given = graph_def if graph_def is not None else graph.as_graph_def(add_shapes=True)
    meta.graph_def.CopyFrom(given)
    if not meta.meta_info_def.stripped_op_list.op:
        meta.meta_info_def.stripped_op_list.CopyFrom(stripped_op_list_for_graph(meta.graph_def))
    if strip_default_attrs:
        strip_defaults(meta.graph_def)
        meta.meta_info_def.stripped_default_attrs = True
    if saver_def is not None:
        meta.saver_def.CopyFrom(saver_def)
    keys = graph.get_all_collection_keys() if collection_list is None else collection_list
    for key in keys:
        contents = None
        if clear_extraneous_savers and key == GraphKeys.SAVERS:
            from_proto = collection_protos.get_from_proto_function(key)
            contents = [from_proto(saver_def)] if from_proto and saver_def else None
        add_collection_def(meta, key, graph, export_scope, exclude_nodes, contents)
    return meta


def add_collection_def(
    meta_graph_def: Any,
    key: Any,
    graph: Graph | None = None,
    export_scope: str | None = None,
    exclude_nodes: set[str] | None = None,
    override_contents: list[Any] | None = None,
) -> None:
    """Adds a collection; one whose items cannot be written is left out with a warning."""
    if not isinstance(key, (str, bytes)):
        _log.warning("Only collections with string keys are serialized; this key is %r", key)
        return
    graph = graph or get_default_graph()
    items = override_contents or graph.get_collection(key)
    exclude = exclude_nodes or set()
    kept = [item for item in items if _included(_name_of(item), export_scope, exclude)]
    if not kept:
        return
    name = key.decode() if isinstance(key, bytes) else key
    try:
        _fill_collection(meta_graph_def.collection_def[name], name, kept, export_scope)
    except (TypeError, ValueError, AttributeError) as error:
        _log.warning("Collection %s is left out of the MetaGraph: %s", name, error)
        del meta_graph_def.collection_def[name]


def _fill_collection(
    definition: Any, name: str, items: list[Any], export_scope: str | None
) -> None:
    to_proto = collection_protos.get_to_proto_function(name)
    if to_proto is not None:
        for item in items:
            proto = to_proto(item, export_scope=export_scope)
            if proto is not None:
                definition.bytes_list.value.append(proto.SerializeToString())
        return
    first = items[0]
    if isinstance(first, (str, bytes)):
        encoded = [item.encode() if isinstance(item, str) else item for item in items]
        definition.bytes_list.value.extend(encoded)
    elif isinstance(first, int):
        definition.int64_list.value.extend(items)
    elif isinstance(first, float):
        definition.float_list.value.extend(items)
    elif getattr(getattr(first, "DESCRIPTOR", None), "full_name", "") == "google.protobuf.Any":
        definition.any_list.value.extend(items)
    else:
        names = [item.name for item in items]
        definition.node_list.value.extend(
            strip_name_scope(each, export_scope)
            for each in names
            if not export_scope or each.startswith(export_scope)
        )


def _name_of(item: Any) -> str | None:
    return item if isinstance(item, str) else getattr(item, "name", None)


def _included(name: Any, export_scope: str | None, exclude: set[str]) -> bool:
    """Whether a node or collection item lies in the scope; items without a name always do."""
    if not isinstance(name, str):
        return True
    if name in exclude or name.partition(":")[0] in exclude:
        return False
    return name.startswith(_UNBOUND) or not export_scope or name.startswith(export_scope)


def _scoped_graph_def(
    graph_def: Any, export_scope: str | None, exclude: set[str], clear_devices: bool
) -> tuple[Any, list[str]]:
    """The nodes of a scope without its name, and their inputs from outside."""
    result, unbound = protos.GraphDef(), []
    result.versions.CopyFrom(graph_def.versions)
    result.library.CopyFrom(graph_def.library)
    for node in graph_def.node:
        if not _included(node.name, export_scope, exclude):
            continue
        new = result.node.add()
        new.CopyFrom(node)
        new.name = strip_name_scope(node.name, export_scope)
        for i, name in enumerate(node.input):
            if export_scope and not name.lstrip("^").startswith(export_scope):
                mark = "^" if name.startswith("^") else ""
                new.input[i] = mark + _UNBOUND + name.removeprefix("^")
                unbound.append(new.input[i])
            else:
                new.input[i] = strip_name_scope(name, export_scope)
        _strip_scope_of_attrs(new, export_scope)
        if clear_devices:
            new.device = ""
    return result, unbound


def _strip_scope_of_attrs(node: Any, export_scope: str | None) -> None:
    """Colocations and loop frames name scopes too."""
    if not export_scope:
        return
    if "_class" in node.attr:
        classes = [each.decode() for each in node.attr["_class"].list.s]
        inside = [c for c in classes if c.partition("@")[2].startswith(export_scope)]
        del node.attr["_class"].list.s[:]
        node.attr["_class"].list.s.extend(
            strip_name_scope(c, export_scope).encode() for c in inside
        )
    if "frame_name" in node.attr:
        frame = node.attr["frame_name"].s.decode()
        node.attr["frame_name"].s = strip_name_scope(frame, export_scope).encode()


def _scope_of(name: str) -> str:
    return name.removeprefix("^").rpartition("/")[0]


def _extraneous_saver_nodes(graph_def: Any, saver_def: Any) -> set[str]:
    """The nodes in the scopes of savers other than that of `saver_def`."""
    keep = set()
    if saver_def is not None:
        names = (saver_def.save_tensor_name, saver_def.restore_op_name)
        keep = {_scope_of(name.partition(":")[0]) + "/" for name in names}
    savers = {node.name for node in graph_def.node if _saves(node.op)}
    scopes = {_scope_of(name) for name in savers} - savers
    others = {scope + "/" for scope in scopes} - keep
    return {
        node.name for node in graph_def.node if any(node.name.startswith(scope) for scope in others)
    }


def _saves(op_type: str) -> bool:
    return op_type.startswith(("Save", "Restore", "LegacySave", "LegacyRestore"))


context_protos.register()
variable_protos.register()
