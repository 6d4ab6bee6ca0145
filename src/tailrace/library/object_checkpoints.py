"""Checkpoints that `tf.train.Checkpoint` or Keras wrote, read by variable name.

Source: TF 1.15 python/training/saver.py (saver_from_object_based_checkpoint).
"""

from __future__ import annotations

from typing import Any

from tailrace.errors import NotFoundError
from tailrace.formats import protos
from tailrace.formats.checkpoint import open_checkpoint
from tailrace.library.saveables import SaveableObject, validate_and_slice_inputs

_OBJECT_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"


def object_graph_key_mapping(checkpoint_path: str) -> dict[str, str]:
    """Variable name -> key in an object-based checkpoint.

    Raises: NotFoundError when the checkpoint is not object-based.
    """
    content = open_checkpoint(checkpoint_path).get(_OBJECT_GRAPH_KEY).item()
    graph = protos.TrackableObjectGraph.FromString(content)
    return {
        attribute.full_name: attribute.checkpoint_key
        for node in graph.nodes
        for attribute in node.attributes
    }


def remapped_saveables(var_list: Any, names_to_keys: dict[str, str]) -> list[SaveableObject]:
    """The saveables of the variables under the checkpoint's keys.

    Raises: NotFoundError for a variable the checkpoint has no key of.
    """
    saveables = validate_and_slice_inputs(var_list)
    specs = [spec for saveable in saveables for spec in saveable.specs]
    missing = sorted({spec.name for spec in specs} - set(names_to_keys))
    if missing:
        extra = sorted(set(names_to_keys) - {spec.name for spec in specs})
        message = (
            f"\n\nExisting variables not in the checkpoint: {', '.join(missing)}\n\n"
            f"Variables names when this checkpoint was written which don't exist now: "
            f"{', '.join(extra)}\n\n"
            "The checkpoint is object-based and is read by variable names. Give "
            "Saver(var_list={old name: variable}) where names have changed."
        )
        raise NotFoundError(None, None, message)
    for spec in specs:
        spec.name = names_to_keys[spec.name]
    return saveables
