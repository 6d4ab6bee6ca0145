"""A graph and a checkpoint as one graph whose variables are constants.

Source: TF 1.15 python/tools/freeze_graph.py.
"""

from __future__ import annotations

import argparse
import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tailrace.formats import protos
from tailrace.formats.checkpoint_state import checkpoint_exists
from tailrace.graph import get_default_graph
from tailrace.library.checkpoint_utils import NewCheckpointReader
from tailrace.library.graph_import import import_graph_def
from tailrace.library.graph_util import convert_variables_to_constants
from tailrace.library.meta_graph_import import import_meta_graph
from tailrace.library.saved_model import constants
from tailrace.library.saved_model.loader import load
from tailrace.library.saver import Saver
from tailrace.library.tools.saved_model_cli import get_meta_graph_def
from tailrace.run.session import Session

_log = logging.getLogger("tailrace")


def _names(text: str | None) -> list[str]:
    return text.replace(" ", "").split(",") if text else []


def freeze_graph_with_def_protos(
    input_graph_def: Any,
    input_saver_def: Any,
    input_checkpoint: str,
    output_node_names: str,
    restore_op_name: Any,
    filename_tensor_name: Any,
    output_graph: str,
    clear_devices: bool,
    initializer_nodes: str,
    variable_names_whitelist: str = "",
    variable_names_blacklist: str = "",
    input_meta_graph_def: Any = None,
    input_saved_model_dir: str | None = None,
    saved_model_tags: Any = None,
    checkpoint_version: int = 2,
) -> Any:
    """The GraphDef with the checkpoint's values, cut to what the outputs need.

    Names are separated by commas. The result is written to `output_graph` where that is given;
    `restore_op_name` and `filename_tensor_name` are not looked at. The graph goes into the default
    graph. Raises: ValueError without checkpoint, output names or variables.
    """
    if not input_saved_model_dir and not checkpoint_exists(input_checkpoint):
        raise ValueError(f"Input checkpoint '{input_checkpoint}' doesn't exist!")
    if not output_node_names:
        raise ValueError("You need to supply the name of a node to --output_node_names.")
    given = input_meta_graph_def.graph_def if input_meta_graph_def else input_graph_def
    if clear_devices and given is not None:
        for node in given.node:
            node.device = ""
    if input_graph_def is not None:
        import_graph_def(input_graph_def, name="")
    with Session() as session:
        if input_saver_def is not None:
            Saver(saver_def=input_saver_def).restore(session, input_checkpoint)
        elif input_meta_graph_def is not None:
            saver = import_meta_graph(input_meta_graph_def, clear_devices=True)
            assert saver is not None, "a MetaGraph of variables has a saver"
            saver.restore(session, input_checkpoint)
        elif input_saved_model_dir:
            load(session, saved_model_tags or [], input_saved_model_dir)
        else:
            _saver_of(input_checkpoint, checkpoint_version).restore(session, input_checkpoint)
        if initializer_nodes and not input_saved_model_dir and input_saver_def is None:
            session.run(_names(initializer_nodes))
        frozen = convert_variables_to_constants(
            session,
            given,
            _names(output_node_names),
            variable_names_whitelist=_names(variable_names_whitelist) or None,
            variable_names_blacklist=_names(variable_names_blacklist) or None,
        )
    if output_graph:
        Path(output_graph).write_bytes(frozen.SerializeToString())
    return frozen


def _saver_of(checkpoint: str, version: int) -> Saver:
    """What restores the variables of the default graph that the checkpoint has.

    Raises: ValueError for a graph without variables, or one with partitioned ones.
    """
    graph = get_default_graph()
    variables = {}
    for name in NewCheckpointReader(checkpoint).get_variable_to_shape_map():
        try:
            variables[name] = graph.get_tensor_by_name(f"{name}:0")
        except KeyError:
            _log.info("%s of the checkpoint is not in the graph", name)
    try:
        return Saver(var_list=variables, write_version=version)
    except TypeError:
        operations = graph.get_operations()
        parts = {op.name for op in operations if re.search(r"/part_\d+/", op.name)}
        if any(name in part for name in variables for part in parts):
            raise ValueError(
                "Models containing partition variables cannot be converted from checkpoint files. "
                "Please pass in a SavedModel using the flag --input_saved_model_dir."
            ) from None
        if not any(op.op_def.once or op.op_def.reads for op in operations):
            raise ValueError(
                "No variables were found in this model. It is likely the model was frozen "
                "previously. You cannot freeze a graph twice."
            ) from None
        raise


def _parsed(kind: str, message: Any, path: str, binary: bool) -> Any:
    """A message from a file. Raises: OSError when it is not there."""
    from google.protobuf import text_format

    if not Path(path).exists():
        raise OSError(f"Input {kind} file '{path}' does not exist!")
    if binary:
        message.ParseFromString(Path(path).read_bytes())
    else:
        text_format.Merge(Path(path).read_text(), message)
    return message


def freeze_graph(
    input_graph: str,
    input_saver: str,
    input_binary: bool,
    input_checkpoint: str,
    output_node_names: str,
    restore_op_name: Any,
    filename_tensor_name: Any,
    output_graph: str,
    clear_devices: bool,
    initializer_nodes: str,
    variable_names_whitelist: str = "",
    variable_names_blacklist: str = "",
    input_meta_graph: str | None = None,
    input_saved_model_dir: str | None = None,
    saved_model_tags: str = constants.SERVING,
    checkpoint_version: int = 2,
) -> Any:
    """The same from files: a GraphDef, MetaGraphDef or SavedModel; `input_binary` says whether the
    first two are binary or text.

    Raises: as `freeze_graph_with_def_protos`; OSError for a file that does not exist.
    """
    graph_def = meta_graph_def = saver_def = None
    if input_saved_model_dir:
        graph_def = get_meta_graph_def(input_saved_model_dir, saved_model_tags).graph_def
    elif input_graph:
        graph_def = _parsed("graph", protos.GraphDef(), input_graph, input_binary)
    if input_meta_graph:
        meta_graph_def = _parsed(
            "meta graph", protos.MetaGraphDef(), input_meta_graph, input_binary
        )
    if input_saver:
        saver_def = _parsed("saver", protos.SaverDef(), input_saver, input_binary)
    return freeze_graph_with_def_protos(
        graph_def,
        saver_def,
        input_checkpoint,
        output_node_names,
        restore_op_name,
        filename_tensor_name,
        output_graph,
        clear_devices,
        initializer_nodes,
        variable_names_whitelist,
        variable_names_blacklist,
        meta_graph_def,
        input_saved_model_dir,
        _names(saved_model_tags),
        checkpoint_version,
    )


_FLAGS = {
    "input_graph": "GraphDef file",
    "input_saver": "SaverDef file",
    "input_checkpoint": "checkpoint: the files' common prefix",
    "output_graph": "file to write",
    "output_node_names": "names of the outputs, separated by commas",
    "restore_op_name": "not used",
    "filename_tensor_name": "not used",
    "initializer_nodes": "operations to run before, separated by commas",
    "variable_names_whitelist": "the only variables to convert, separated by commas",
    "variable_names_blacklist": "variables to leave, separated by commas",
    "input_meta_graph": "MetaGraphDef file",
    "input_saved_model_dir": "folder of a SavedModel",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Gives its exit status."""
    parser = argparse.ArgumentParser(prog="freeze_graph", description=__doc__)
    for name, what in _FLAGS.items():
        parser.add_argument(f"--{name}", default="", help=what)
    for name, default in (("input_binary", False), ("clear_devices", True)):
        parser.add_argument(
            f"--{name}",
            nargs="?",
            const=True,
            type=lambda text: text.lower() == "true",
            default=default,
        )
    parser.add_argument("--saved_model_tags", default=constants.SERVING)
    parser.add_argument("--checkpoint_version", type=int, default=2, choices=(1, 2))
    freeze_graph(**vars(parser.parse_args(arguments)))
    return 0
