"""Writing SavedModels.

Source: TF 1.15 python/saved_model/{builder_impl,simple_save,main_op_impl}.py.
"""

from __future__ import annotations

import filecmp
import logging
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tailrace.dtypes import string
from tailrace.formats import protos
from tailrace.formats.files import os_errors
from tailrace.formats.graph_def import write_proto
from tailrace.graph import Operation, Tensor, g
from tailrace.library.collections import GraphKeys, add_to_collection, get_collection
from tailrace.library.saved_model import constants
from tailrace.library.saved_model.signatures import predict_signature_def
from tailrace.library.saver import Saver
from tailrace.library.variable_lists import (
    _all_saveable_objects,
    global_variables_initializer,
    local_variables_initializer,
)

_log = logging.getLogger("tailrace")
_ASSET_TYPE_URL = "type.googleapis.com/tensorflow.AssetFileDef"


class SavedModelBuilder:
    """Writes a graph with variables, signatures and assets to a new folder.

    Raises: AssertionError when the folder is there and not empty.
    """

    def __init__(self, export_dir: Any) -> None:
        """Makes the folder."""
        self._export_dir = os.fsdecode(export_dir)
        self._saved_model = protos.SavedModel(
            saved_model_schema_version=constants.SAVED_MODEL_SCHEMA_VERSION
        )
        self._has_saved_variables = False
        folder = Path(self._export_dir)
        if folder.exists() and any(folder.iterdir()):
            raise AssertionError(
                "Export directory already exists, and isn't empty. Please choose a different "
                "export directory, or delete all the contents of the specified directory: "
                f"{self._export_dir}"
            )
        with os_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)

    def add_meta_graph_and_variables(
        self,
        sess: Any,
        tags: Iterable[str],
        signature_def_map: dict[str, Any] | None = None,
        assets_collection: Iterable[Tensor] | None = None,
        legacy_init_op: Operation | None = None,
        clear_devices: bool = False,
        main_op: Operation | None = None,
        strip_default_attrs: bool = False,
        saver: Saver | None = None,
    ) -> None:
        """Saves the variables of `sess` and adds the default graph under `tags`.

        `assets_collection` are constants with the names of files, which are copied along; `main_op`
        runs when the model is loaded.

        Raises: AssertionError the second time and for an incomplete signature, KeyError for a
        reserved signature key, TypeError for what is no operation or asset.
        """
        if self._has_saved_variables:
            raise AssertionError(
                "Graph state including variables and assets has already been saved. Please invoke "
                "`add_meta_graph()` instead."
            )
        signatures = _checked_signatures(signature_def_map)
        init_op = legacy_init_op if main_op is None else main_op
        self._add_collections(assets_collection, init_op)
        folder = Path(self._export_dir) / constants.VARIABLES_DIRECTORY
        with os_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        saver = saver or _default_saver()
        prefix = str(folder / constants.VARIABLES_FILENAME)
        saver.save(sess, prefix, write_meta_graph=False, write_state=False)
        self._add(saver, tags, signatures, clear_devices, strip_default_attrs)
        self._has_saved_variables = True

    def add_meta_graph(
        self,
        tags: Iterable[str],
        signature_def_map: dict[str, Any] | None = None,
        assets_collection: Iterable[Tensor] | None = None,
        legacy_init_op: Operation | None = None,
        clear_devices: bool = False,
        main_op: Operation | None = None,
        strip_default_attrs: bool = False,
        saver: Saver | None = None,
    ) -> None:
        """Adds another graph for the variables saved already.

        Raises: AssertionError before `add_meta_graph_and_variables`.
        """
        if not self._has_saved_variables:
            raise AssertionError(
                "Graph state including variables and assets has not been saved yet. Please invoke "
                "`add_meta_graph_and_variables()` first."
            )
        signatures = _checked_signatures(signature_def_map)
        init_op = legacy_init_op if main_op is None else main_op
        self._add_collections(assets_collection, init_op)
        saver = saver or _default_saver()
        self._add(saver, tags, signatures, clear_devices, strip_default_attrs)

    def _add(
        self,
        saver: Saver,
        tags: Iterable[str],
        signatures: dict[str, Any],
        clear_devices: bool,
        strip_default_attrs: bool,
    ) -> None:
        meta = saver.export_meta_graph(
            clear_devices=clear_devices, strip_default_attrs=strip_default_attrs
        )
        meta.meta_info_def.tags.extend(tags)
        for key, signature in signatures.items():
            meta.signature_def[key].CopyFrom(signature)
        self._saved_model.meta_graphs.append(meta)

    def _add_collections(self, assets: Iterable[Tensor] | None, main_op: Any) -> None:
        self._save_assets(assets)
        if main_op is None:
            return
        if not isinstance(main_op, Operation):
            raise TypeError(f"main_op needs to be an Operation: {main_op!r}")
        for key in (constants.MAIN_OP_KEY, constants.LEGACY_INIT_OP_KEY):
            if get_collection(key):
                raise ValueError(
                    f"Graph already contains one or more main ops under the collection {key}."
                )
        add_to_collection(constants.MAIN_OP_KEY, main_op)

    def _save_assets(self, assets: Iterable[Tensor] | None) -> None:
        """Copies the files and notes which tensors name them."""
        sources: dict[str, str] = {}
        for tensor in assets or ():
            source = _asset_path(tensor)
            name = _asset_name(source, sources)
            sources[name] = source
            _note_asset(name, tensor)
        if not sources:
            _log.info("No assets to write.")
            return
        folder = Path(self._export_dir) / constants.ASSETS_DIRECTORY
        with os_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            for name, source in sources.items():
                if not (folder / name).exists():
                    shutil.copyfile(source, folder / name)

    def save(self, as_text: bool = False) -> bytes:
        """Writes the SavedModel file, which makes the folder a model; gives its path."""
        name = constants.SAVED_MODEL_FILENAME_PB
        if as_text:
            name = constants.SAVED_MODEL_FILENAME_PBTXT
        path = str(Path(self._export_dir) / name)
        write_proto(self._saved_model, path, as_text)
        _log.info("SavedModel written to: %s", path)
        return path.encode()


def _default_saver() -> Saver:
    return Saver(_all_saveable_objects(), sharded=True, allow_empty=True)


def _checked_signatures(signatures: dict[str, Any] | None) -> dict[str, Any]:
    for signature in (signatures or {}).values():
        for info in (*signature.inputs.values(), *signature.outputs.values()):
            if info.WhichOneof("encoding") is None:
                raise AssertionError(
                    "All TensorInfo protos used in the SignatureDefs must have one of the "
                    f"'encoding' fields (e.g., name or coo_sparse) set: {info}"
                )
            if not info.dtype:
                raise AssertionError(
                    "All TensorInfo protos used in the SignatureDefs must have the dtype field "
                    f"set: {info}"
                )
    for key in (constants.INIT_OP_SIGNATURE_KEY, constants.TRAIN_OP_SIGNATURE_KEY):
        if key in (signatures or {}):
            raise KeyError(f'SignatureDef map key "{key}" is reserved. Please use a different key.')
    return dict(signatures or {})


def _asset_path(tensor: Any) -> str:
    if not isinstance(tensor, Tensor):
        raise TypeError("Asset path tensor must be a Tensor.")
    value = g.known(tensor)
    if tensor.op.inputs or value is None:
        raise TypeError("Asset path tensor must be of type constant.")
    if tensor.dtype is not string:
        raise TypeError("Asset path tensor must be of dtype string.")
    if value.size != 1:
        raise TypeError("Asset path tensor must be a scalar.")
    path = value.item().decode()
    if not path:
        raise ValueError(f"Invalid asset filepath tensor {tensor}")
    return path


def _asset_name(source: str, taken: dict[str, str]) -> str:
    """The file's name, numbered when another file has it."""
    base = name = Path(source).name
    number = 0
    while name in taken and taken[name] != source:
        if number == 0 and filecmp.cmp(source, taken[name], shallow=False):
            return name
        number += 1
        name = f"{base}_{number}"
    return name


def _note_asset(name: str, tensor: Tensor) -> None:
    from google.protobuf.any_pb2 import Any as AnyProto

    asset = protos.AssetFileDef(filename=name)
    asset.tensor_info.name = tensor.name
    packed = AnyProto(type_url=_ASSET_TYPE_URL, value=asset.SerializeToString())
    add_to_collection(constants.ASSETS_KEY, packed)


def simple_save(
    session: Any,
    export_dir: Any,
    inputs: dict[str, Tensor],
    outputs: dict[str, Tensor],
    legacy_init_op: Operation | None = None,
) -> None:
    """Writes a SavedModel for serving with one signature."""
    builder = SavedModelBuilder(export_dir)
    builder.add_meta_graph_and_variables(
        session,
        tags=[constants.SERVING],
        signature_def_map={
            constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY: predict_signature_def(inputs, outputs)
        },
        assets_collection=get_collection(GraphKeys.ASSET_FILEPATHS),
        main_op=legacy_init_op,
        clear_devices=True,
    )
    builder.save()


def main_op() -> Operation:
    """An operation that initializes variables and tables."""
    variables, local = global_variables_initializer(), local_variables_initializer()
    tables = g.group(*get_collection(GraphKeys.TABLE_INITIALIZERS), name="init_all_tables")
    return g.group(variables, local, tables)


def main_op_with_restore(restore_op_name: Any) -> Operation:
    """The same, then `restore_op_name`."""
    with g.control_dependencies([main_op()]):
        return g.group(restore_op_name)
