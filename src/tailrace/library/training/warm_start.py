"""`tf.train.warm_start`: variables that start from a checkpoint of another model.

Source: TF 1.15 python/training/warm_starting_util.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import errors
from tailrace.formats.checkpoint_state import latest_checkpoint
from tailrace.library import logging
from tailrace.library.checkpoint_utils import init_from_checkpoint
from tailrace.library.collections import GraphKeys, get_collection
from tailrace.library.gfile import isdir
from tailrace.library.object_checkpoints import object_graph_key_mapping
from tailrace.library.saveables import op_list_to_dict
from tailrace.library.variables import Variable


def warm_start(
    ckpt_to_initialize_from: Any,
    vars_to_warm_start: Any = ".*",
    var_name_to_vocab_info: dict[str, Any] | None = None,
    var_name_to_prev_var_name: dict[str, str] | None = None,
) -> None:
    """Makes variables initialize themselves from a checkpoint or the latest one of a folder.

    `vars_to_warm_start` is a pattern of trainable variables' names (None: all), a list of patterns
    of all variables' names, or a list of variables. `var_name_to_prev_var_name` has the names in
    the checkpoint where they differ.

    Raises: ValueError for something else to start, for names that are not used and for variables
    that the checkpoint lacks; NotImplementedError for vocabularies that changed.
    """
    if var_name_to_vocab_info:
        raise NotImplementedError(
            "warm_start(var_name_to_vocab_info=...) does not move rows between vocabularies: read "
            "the old values with tf.train.load_variable, order them anew and assign them"
        )
    logging.info(f"Warm-starting from: {ckpt_to_initialize_from}")
    variables = _grouped(vars_to_warm_start)
    renamed = var_name_to_prev_var_name
    if not renamed:
        renamed = _keys_of_objects(ckpt_to_initialize_from, variables)
    sources = {
        renamed.get(name, name): group[0] if len(group) == 1 else group
        for name, group in variables.items()
    }
    if sources:
        init_from_checkpoint(ckpt_to_initialize_from, sources)
    logging.info(f"Warm-started {len(sources)} variables.")
    unused = sorted(set(renamed) - set(variables))
    if unused:
        raise ValueError(
            "You provided the following variables in var_name_to_prev_var_name that were not used: "
            f"{unused}.  Perhaps you misspelled them?  Here is the list of viable variable names: "
            f"{sorted(variables)}"
        )


def _grouped(chosen: Any) -> dict[str, list[Any]]:
    """The variables by the name they are saved under; slices of one tensor together."""
    if chosen is None or isinstance(chosen, str):
        logging.info("Warm-starting variables only in TRAINABLE_VARIABLES.")
        found = get_collection(GraphKeys.TRAINABLE_VARIABLES, chosen)
    elif not isinstance(chosen, list):
        raise ValueError(f"`vars_to_warm_start must be a `list` or `str`.  Given: {type(chosen)}")
    elif all(isinstance(item, str) for item in chosen):
        keys = GraphKeys.GLOBAL_VARIABLES
        found = [variable for scope in chosen for variable in get_collection(keys, scope)]
    elif all(isinstance(item, Variable) for item in chosen):
        found = chosen
    else:
        raise ValueError(
            "If `vars_to_warm_start` is a list, it must be all `Variable` or all `str`."
        )
    groups: dict[str, list[Any]] = {}
    for variable in found:
        groups.setdefault(next(iter(op_list_to_dict([variable]))), []).append(variable)
    return groups


def _keys_of_objects(path: Any, names: Any) -> dict[str, str]:
    """The keys of variables in a checkpoint of objects; none in others."""
    prefix = latest_checkpoint(path) if isdir(path) else path
    try:
        keys = object_graph_key_mapping(str(prefix))
    except errors.NotFoundError:
        return {}
    missing = sorted(set(names) - set(keys))
    if missing:
        raise ValueError(
            "Attempting to warm-start from an object-based checkpoint that does not contain all "
            f"variables. The following are missing: {missing}"
        )
    return {name: keys[name] for name in names}
