"""Graphs from files: GraphDef, MetaGraphDef, SavedModel and event files, binary or text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.protobuf import text_format
from google.protobuf.message import DecodeError

import tailrace as tf
from tailrace.apps.common.files import read_bytes, read_text
from tailrace.apps.errors import UserError

SAVED_MODEL = "saved_model.pb"
EVENTS = ".tfevents."
KINDS = ".meta, .pb, .pbtxt, a SavedModel's folder, an event file, or a program .py"


def read_graph(name: str) -> Any:
    """The GraphDef in a file, or in a SavedModel's folder.

    Raises: UserError where there is none, or it cannot be read.
    """
    path = Path(name)
    if path.is_dir() or path.name == SAVED_MODEL:
        return _saved_model(path if path.is_dir() else path.parent)
    if EVENTS in path.name:
        return _event_file(path)
    if path.suffix == ".meta":
        return _parsed(path, tf.MetaGraphDef()).graph_def
    if path.suffix in (".pb", ".pbtxt"):
        return _parsed(path, tf.GraphDef())
    raise UserError(f"{path}: what kind of graph is it? Give {KINDS}")


def _parsed(path: Path, message: Any) -> Any:
    try:
        if path.suffix == ".pbtxt":
            text_format.Parse(read_text(path), message)
        else:
            data = read_bytes(path)
            message.ParseFromString(data)
    except text_format.ParseError as error:
        raise UserError(f"{path}: is not a graph as text: {error}") from None
    except DecodeError:
        raise UserError(f"{path}: is not a graph, or is damaged") from None
    found = getattr(message, "graph_def", message)
    if not found.node:
        raise UserError(f"{path}: holds no operations; is it another kind of file?")
    return message


def _saved_model(folder: Path) -> Any:
    if not (folder / SAVED_MODEL).is_file():
        raise UserError(f"{folder}: is not a SavedModel (it has no {SAVED_MODEL})")
    with tf.Graph().as_default(), tf.Session() as session:
        try:
            return tf.saved_model.loader.load(
                session, [tf.saved_model.tag_constants.SERVING], str(folder)
            ).graph_def
        except (tf.errors.OpError, RuntimeError, OSError, ValueError) as error:
            raise UserError(f"{folder}: cannot be loaded: {_first_line(error)}") from None


def _event_file(path: Path) -> Any:
    # says it if it is missing
    read_bytes(path)
    found = None
    try:
        for event in tf.train.summary_iterator(str(path)):
            if event.graph_def:
                found = tf.GraphDef.FromString(event.graph_def)
    except (tf.errors.OpError, DecodeError) as error:
        raise UserError(f"{path}: is damaged: {_first_line(error)}") from None
    if found is None:
        raise UserError(f"{path}: holds no graph; FileWriter(folder, graph) writes one")
    return found


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def output_shapes(graph_def: Any) -> dict[str, list[str]]:
    """The static shape of every output by the node's name, as far as it can be told."""
    found = {node.name: _written_shapes(node) for node in graph_def.node}
    plain = tf.GraphDef()
    plain.CopyFrom(graph_def)
    for node in plain.node:
        node.attr.pop("_output_shapes", None)
    with tf.Graph().as_default() as graph:
        try:
            tf.import_graph_def(plain, name="")
        except (ValueError, tf.errors.OpError, TypeError):
            # an operation that is not known here: what the file itself says has to do
            return found
    return {**found, **shapes_of(graph)}


def shapes_of(graph: tf.Graph) -> dict[str, list[str]]:
    """The static shape of every output of a graph by the operation's name."""
    return {
        operation.name: [
            _text(None if one.shape.ndims is None else one.shape.as_list(), one.dtype.name)
            for one in operation.outputs
        ]
        for operation in graph.get_operations()
    }


def _written_shapes(node: Any) -> list[str]:
    shapes = node.attr["_output_shapes"].list.shape if "_output_shapes" in node.attr else ()
    return [
        _text(None if one.unknown_rank else [d.size if d.size >= 0 else None for d in one.dim])
        for one in shapes
    ]


def _text(sizes: list[int | None] | None, dtype: str = "") -> str:
    shown = "?" if sizes is None else f"[{', '.join('?' if s is None else str(s) for s in sizes)}]"
    return f"{dtype.removesuffix('_ref')} {shown}".strip()
