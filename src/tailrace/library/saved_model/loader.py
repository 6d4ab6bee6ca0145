"""Reading SavedModels.

Source: TF 1.15 python/saved_model/loader_impl.py.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tailrace import errors
from tailrace.formats import protos
from tailrace.formats.graph_def import read_proto
from tailrace.graph import Graph
from tailrace.library.collections import get_collection
from tailrace.library.meta_graph_import import _import_meta_graph_with_return_elements
from tailrace.library.saved_model import constants
from tailrace.library.saved_model.signatures import get_element_from_tensor_info
from tailrace.library.saver import Saver
from tailrace.library.variable_lists import _all_saveable_objects

_log = logging.getLogger("tailrace")


def maybe_saved_model_directory(export_dir: Any) -> bool:
    """Whether a folder has a SavedModel file."""
    folder = Path(os.fsdecode(export_dir))
    names = (constants.SAVED_MODEL_FILENAME_PBTXT, constants.SAVED_MODEL_FILENAME_PB)
    return any((folder / name).exists() for name in names)


def parse_saved_model(export_dir: Any) -> Any:
    """The SavedModel proto of a folder. Raises: OSError."""
    folder = Path(os.fsdecode(export_dir))
    for name in (constants.SAVED_MODEL_FILENAME_PB, constants.SAVED_MODEL_FILENAME_PBTXT):
        path = folder / name
        if not path.exists():
            continue
        try:
            return read_proto(protos.SavedModel(), path, name.endswith(".pbtxt"))
        except errors.DataLossError as error:
            raise OSError(f"Cannot parse file {path}: {error.message}.") from error
    raise OSError(
        f"SavedModel file does not exist at: {folder}/{{{constants.SAVED_MODEL_FILENAME_PBTXT}|"
        f"{constants.SAVED_MODEL_FILENAME_PB}}}"
    )


def load(
    sess: Any,
    tags: Iterable[str],
    export_dir: Any,
    import_scope: str | None = None,
    **saver_kwargs: Any,
) -> Any:
    """Adds the graph of these tags to the session's, restores its variables, runs its init op.

    Gives the MetaGraphDef.

    Raises: OSError without a SavedModel, RuntimeError when it has no graph of these tags.
    """
    return SavedModelLoader(export_dir).load(sess, tags, import_scope, **saver_kwargs)


class SavedModelLoader:
    """A SavedModel's folder, read."""

    def __init__(self, export_dir: Any) -> None:
        """Reads the SavedModel file. Raises: OSError."""
        self._export_dir = os.fsdecode(export_dir)
        variables = Path(self._export_dir) / constants.VARIABLES_DIRECTORY
        self._variables_path = str(variables / constants.VARIABLES_FILENAME)
        self._saved_model = parse_saved_model(export_dir)

    @property
    def export_dir(self) -> str:
        """The folder."""
        return self._export_dir

    @property
    def variables_path(self) -> str:
        """The checkpoint's prefix."""
        return self._variables_path

    @property
    def saved_model(self) -> Any:
        """The SavedModel proto."""
        return self._saved_model

    def get_meta_graph_def_from_tags(self, tags: Iterable[str]) -> Any:
        """The graph that has exactly these tags. Raises: RuntimeError."""
        available = []
        for meta in self._saved_model.meta_graphs:
            if set(meta.meta_info_def.tags) == set(tags):
                return meta
            available.append(set(meta.meta_info_def.tags))
        listed = str(tags).strip("[]")
        raise RuntimeError(
            f"MetaGraphDef associated with tags {listed} could not be found in SavedModel. "
            f"To inspect available tag-sets in the SavedModel, please use the SavedModel CLI: "
            f"`saved_model_cli`\navailable_tags: {available}"
        )

    def load_graph(
        self,
        graph: Graph,
        tags: Iterable[str],
        import_scope: str | None = None,
        **saver_kwargs: Any,
    ) -> tuple[Saver | None, list[Any] | None]:
        """Adds the graph; gives its saver and the elements asked for."""
        meta = self.get_meta_graph_def_from_tags(tags)
        with graph.as_default():
            return _import_meta_graph_with_return_elements(
                meta, import_scope=import_scope, **saver_kwargs
            )

    def restore_variables(
        self, sess: Any, saver: Saver | None, import_scope: str | None = None
    ) -> None:
        """Restores the variables. Raises: ValueError for variables without a saver."""
        with sess.graph.as_default():
            if saver is None and not _all_saveable_objects(scope=import_scope):
                _log.info("The specified SavedModel has no variables; none were restored.")
            elif isinstance(saver, Saver):
                saver.restore(sess, self._variables_path)
            else:
                raise ValueError(
                    "No tf.train.Saver object was passed to the function "
                    "SavedModelLoader.restore_variables. Since there are variables in the graph, "
                    "a saver is required."
                )

    def run_init_ops(self, sess: Any, tags: Iterable[str], import_scope: str | None = None) -> None:
        """Runs the model's init op, the names of its assets fed."""
        meta = self.get_meta_graph_def_from_tags(tags)
        with sess.graph.as_default():
            assets = get_asset_tensors(self._export_dir, meta, import_scope)
            init_op = get_init_op(meta, import_scope)
            if init_op is not None:
                sess.run([init_op], feed_dict=assets)

    def load(
        self,
        sess: Any,
        tags: Iterable[str],
        import_scope: str | None = None,
        **saver_kwargs: Any,
    ) -> Any:
        """Graph, variables and init op; gives the MetaGraphDef."""
        saver, _ = self.load_graph(sess.graph, tags, import_scope, **saver_kwargs)
        self.restore_variables(sess, saver, import_scope)
        self.run_init_ops(sess, tags, import_scope)
        return self.get_meta_graph_def_from_tags(tags)


def get_asset_tensors(
    export_dir: str, meta_graph_def: Any, import_scope: str | None = None
) -> dict[str, str]:
    """Tensor's name -> path of the asset in the model's folder."""
    assets = list(meta_graph_def.asset_file_def)
    collections = meta_graph_def.collection_def
    if not assets and constants.ASSETS_KEY in collections:
        packed = collections[constants.ASSETS_KEY].any_list.value
        assets = [protos.AssetFileDef.FromString(each.value) for each in packed]
    folder = Path(os.fsdecode(export_dir)) / constants.ASSETS_DIRECTORY
    prefix = f"{import_scope}/" if import_scope else ""
    return {prefix + asset.tensor_info.name: str(folder / asset.filename) for asset in assets}


def get_init_op(meta_graph_def: Any, import_scope: str | None = None) -> Any:
    """The operation to run after loading, or None."""
    named = _from_signature(meta_graph_def, constants.INIT_OP_SIGNATURE_KEY, import_scope)
    if named is not None:
        return named
    main = _from_collection(meta_graph_def, constants.MAIN_OP_KEY)
    if main is not None:
        return main
    return _from_collection(meta_graph_def, constants.LEGACY_INIT_OP_KEY)


def get_train_op(meta_graph_def: Any, import_scope: str | None = None) -> Any:
    """The training operation, or None."""
    named = _from_signature(meta_graph_def, constants.TRAIN_OP_SIGNATURE_KEY, import_scope)
    return _from_collection(meta_graph_def, constants.TRAIN_OP_KEY) if named is None else named


def _from_signature(meta_graph_def: Any, key: str, import_scope: str | None) -> Any:
    if key not in meta_graph_def.signature_def:
        return None
    info = meta_graph_def.signature_def[key].outputs[key]
    try:
        return get_element_from_tensor_info(info, import_scope=import_scope)
    except KeyError as error:
        message = f"The {key} of the SavedModel is not in its graph: {info.name}"
        raise errors.NotFoundError(None, None, message) from error


def _from_collection(meta_graph_def: Any, key: str) -> Any:
    if key not in meta_graph_def.collection_def:
        return None
    names = meta_graph_def.collection_def[key].node_list.value
    if len(names) != 1:
        raise RuntimeError(f"Expected exactly one SavedModel init op. Found: {names}")
    return get_collection(key)[0]
