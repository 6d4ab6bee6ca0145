"""The operations a Saver runs: `save/SaveV2`, `save/RestoreV2`, `save/Assign…`, `save/restore_all`.

Source: TF 1.15 python/training/saver.py (BaseSaverBuilder, BulkSaverBuilder).
"""

from __future__ import annotations

import uuid
from typing import Any

from tailrace.dtypes import as_dtype
from tailrace.formats import protos
from tailrace.graph import Operation, Tensor, g, get_default_graph
from tailrace.graph.devices import canonical_name
from tailrace.library.saveables import (
    ReferenceVariableSaveable,
    ResourceVariableSaveable,
    SaveableObject,
    SaveSpec,
    set_cpu0,
    validate_and_slice_inputs,
)
from tailrace.library.scopes import name_scope
from tailrace.shapes import TensorShape

V1, V2 = 1, 2  # SaverDef.CheckpointFormatVersion


class BaseSaverBuilder:
    """Builds the save and restore operations; each saveable is restored by an op of its own."""

    SaveSpec = SaveSpec
    SaveableObject = SaveableObject
    VariableSaveable = ReferenceVariableSaveable
    ResourceVariableSaveable = ResourceVariableSaveable

    def __init__(self, write_version: int = V2) -> None:
        """`write_version` is SaverDef.V1 or V2."""
        self._write_version = write_version

    def save_op(self, filename_tensor: Tensor, saveables: list[Any]) -> Operation:
        """The operation that writes all tensors of the saveables to one file or prefix."""
        specs = [spec for saveable in saveables for spec in saveable.specs]
        names = [spec.name for spec in specs]
        tensors = [spec.tensor for spec in specs]
        slices = [spec.slice_spec for spec in specs]
        if self._write_version == V1:
            return g.SaveSlices(filename_tensor, names, slices, tensors, name="save")
        if self._write_version == V2:
            return g.SaveV2(filename_tensor, names, slices, tensors)
        raise RuntimeError(f"Unexpected write_version: {self._write_version}")

    def bulk_restore(
        self,
        filename_tensor: Tensor,
        saveables: list[Any],
        preferred_shard: int,
        restore_sequentially: bool,
    ) -> list[Tensor]:
        """All tensors read, in the order of the saveables' specs."""
        tensors: list[Tensor] = []
        for saveable in saveables:
            device = set_cpu0(saveable.device) if saveable.device else None
            with get_default_graph().device(device):
                tensors.extend(self.restore_op(filename_tensor, saveable, preferred_shard))
        return tensors

    def restore_op(
        self, filename_tensor: Tensor, saveable: Any, preferred_shard: int
    ) -> list[Tensor]:
        """The tensors of one saveable, read."""
        tensors: list[Tensor] = []
        for spec in saveable.specs:
            tensors.extend(_restore(filename_tensor, [spec]))
        return tensors

    def sharded_filename(self, filename_tensor: Tensor, shard: int, num_shards: Tensor) -> Tensor:
        """The name of a shard's file."""
        return g.ShardedFilename(filename_tensor, shard, num_shards)

    def build(
        self,
        names_to_saveables: Any,
        reshape: bool = False,
        sharded: bool = False,
        max_to_keep: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000.0,
        name: str | None = None,
        restore_sequentially: bool = False,
        filename: str | None = "model",
    ) -> Any:
        """Adds the operations; gives the SaverDef. See `Saver` for the arguments.

        Raises: TypeError and ValueError for what cannot be saved.
        """
        saveables = validate_and_slice_inputs(names_to_saveables)
        with name_scope(name, "save", [saveable.op for saveable in saveables]):
            scalar = TensorShape([])
            given = g.PlaceholderWithDefault(filename or "model", shape=scalar, name="filename")
            filename_tensor = g.PlaceholderWithDefault(given, shape=scalar, name="Const")
            if sharded:
                groups = self._group_by_devices(saveables)
                save_tensor = self._add_sharded_save(filename_tensor, groups)
                restore_op = self._add_sharded_restore(
                    filename_tensor, groups, restore_sequentially, reshape
                )
            else:
                save_tensor = self._add_save(filename_tensor, saveables)
                restore_op = self._add_restore(
                    filename_tensor, saveables, restore_sequentially, reshape
                )
        _complete_partitioned()
        return protos.SaverDef(
            filename_tensor_name=filename_tensor.name,
            save_tensor_name=save_tensor.name,
            restore_op_name=restore_op.name,
            max_to_keep=max_to_keep or 0,
            sharded=sharded,
            keep_checkpoint_every_n_hours=keep_checkpoint_every_n_hours,
            version=self._write_version,
        )

    def _add_save(self, filename_tensor: Tensor, saveables: list[Any]) -> Tensor:
        save = self.save_op(filename_tensor, saveables)
        return g.with_dependencies([save], filename_tensor)

    def _add_sharded_save(self, filename_tensor: Tensor, groups: list[Any]) -> Tensor:
        graph = get_default_graph()
        prefix = filename_tensor
        if self._write_version == V2:
            # a folder of the save's own, so that nothing shows under the name until all shards are
            prefix = g.StringJoin([filename_tensor, f"_temp_{uuid.uuid4().hex}/part"])
        shards = g.constant(len(groups), name="num_shards")
        names, saves, place = [], [], ""
        for shard, (device, saveables) in enumerate(groups):
            place = set_cpu0(device) if self._write_version == V2 else device
            with graph.device(place):
                name = self.sharded_filename(prefix, shard, shards)
                names.append(name)
                saves.append(self._add_save(name, saveables))
        with graph.control_dependencies([save.op for save in saves]):
            if self._write_version == V1:
                return g.ShardedFilespec(filename_tensor, shards)
            with graph.device(place):
                merge = g.MergeV2Checkpoints(names, filename_tensor, delete_old_dirs=True)
                with graph.control_dependencies([merge]):
                    return g.Identity(filename_tensor)

    def _add_restore(
        self,
        filename_tensor: Tensor,
        saveables: list[Any],
        restore_sequentially: bool,
        reshape: bool,
        preferred_shard: int = -1,
        name: str = "restore_all",
    ) -> Operation:
        tensors = self.bulk_restore(
            filename_tensor, saveables, preferred_shard, restore_sequentially
        )
        restores = []
        for saveable in saveables:
            shapes = [_target_shape(spec.tensor) for spec in saveable.specs] if reshape else None
            own, tensors = tensors[: len(saveable.specs)], tensors[len(saveable.specs) :]
            restores.append(saveable.restore(own, shapes))
        return g.group(*restores, name=name)

    def _add_sharded_restore(
        self, filename_tensor: Tensor, groups: list[Any], restore_sequentially: bool, reshape: bool
    ) -> Operation:
        shards = []
        for shard, (device, saveables) in enumerate(groups):
            with get_default_graph().device(device):
                shards.append(
                    self._add_restore(
                        filename_tensor,
                        saveables,
                        restore_sequentially,
                        reshape,
                        preferred_shard=shard,
                        name="restore_shard",
                    )
                )
        return g.group(*shards, name="restore_all")

    def _group_by_devices(self, saveables: list[Any]) -> list[tuple[str, list[Any]]]:
        groups: dict[str, list[Any]] = {}
        for saveable in saveables:
            devices = {canonical_name(spec.device or "") for spec in saveable.specs}
            if len(devices) != 1:
                raise ValueError(
                    "All tensors of a saveable object must be on the same device: "
                    f"{saveable.name} has {sorted(devices)}"
                )
            groups.setdefault(devices.pop(), []).append(saveable)
        return sorted(groups.items(), key=lambda item: item[0])


class BulkSaverBuilder(BaseSaverBuilder):
    """Reads all tensors by one operation."""

    def bulk_restore(
        self,
        filename_tensor: Tensor,
        saveables: list[Any],
        preferred_shard: int,
        restore_sequentially: bool,
    ) -> list[Tensor]:
        """All tensors read, in the order of the saveables' specs."""
        specs = [spec for saveable in saveables for spec in saveable.specs]
        with get_default_graph().device("cpu:0"):
            return _restore(filename_tensor, specs)


def _restore(filename_tensor: Tensor, specs: list[Any]) -> list[Tensor]:
    return g.RestoreV2(
        filename_tensor,
        [spec.name for spec in specs],
        [spec.slice_spec for spec in specs],
        dtypes=[as_dtype(spec.dtype).base_dtype for spec in specs],
    )


def _target_shape(tensor: Any) -> Any:
    """The shape a restored value is brought to: static where known."""
    shape = tensor.get_shape()
    return shape if shape.is_fully_defined() else g.shape(tensor)


def _complete_partitioned() -> None:
    """Adds the concatenation of every partitioned variable, so that a MetaGraph can name it."""
    graph = get_default_graph()
    for key in graph.get_all_collection_keys():
        for element in graph.get_collection(key):
            if hasattr(element, "as_tensor") and element.name not in graph._nodes:
                element.as_tensor()
