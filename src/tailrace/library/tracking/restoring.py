"""A checkpoint by objects on its way into objects: which of them stands for which node of its
graph, and the operations that restore them.

An object that does not exist yet, or is not tracked yet, is restored when it comes.

Source: TF 1.15 python/training/tracking/{base,util}.py (CheckpointPosition,
_CheckpointRestoreCoordinator), python/training/saving/functional_saver.py.
"""

from __future__ import annotations

import collections
import itertools
import logging
import uuid
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

from tailrace.graph import Operation, Tensor, g, get_default_graph
from tailrace.library.saveables import SaveableObject, set_cpu0, validate_and_slice_inputs
from tailrace.library.scopes import init_scope
from tailrace.library.tracking.graph_view import ObjectGraphView

_log = logging.getLogger("tailrace")
_numbers = itertools.count()


def next_number() -> int:
    """The number of a restoration: later ones are greater."""
    return next(_numbers)


# -- files -----------------------------------------------------------------------------------------


def _by_device(saveables: list[SaveableObject]) -> list[tuple[str, list[SaveableObject]]]:
    found: dict[str, list[SaveableObject]] = {}
    for saveable in saveables:
        found.setdefault(saveable.device, []).append(saveable)
    return sorted(found.items())


def save_nodes(saveables: list[SaveableObject], prefix: Tensor) -> Operation:
    """The operation that writes the saveables, a shard for each device."""
    graph = get_default_graph()
    with graph.device("cpu:0"):
        # a folder of the save's own, so that nothing shows under the name until all shards are
        temporary = g.StringJoin([prefix, f"_temp_{uuid.uuid4().hex}/part"])
    groups = _by_device(saveables)
    shards = g.constant(len(groups), name="num_shards")
    prefixes, saves, place = [], [], ""
    for shard, (device, own) in enumerate(groups):
        place = set_cpu0(device)
        with graph.device(place):
            prefixes.append(g.ShardedFilename(temporary, shard, shards))
        with graph.device(device):
            specs = [spec for saveable in own for spec in saveable.specs]
            tensors = [spec.tensor for spec in specs]
            with graph.device("cpu:0"):
                saves.append(
                    g.SaveV2(
                        prefixes[-1],
                        [spec.name for spec in specs],
                        [spec.slice_spec for spec in specs],
                        tensors,
                    )
                )
    with graph.control_dependencies(saves), graph.device(place):
        return g.MergeV2Checkpoints(prefixes, prefix, delete_old_dirs=True)


def _restore_nodes(saveables: list[SaveableObject], prefix: Tensor) -> dict[str, Any]:
    """An operation for each saveable that takes over what is read, by its name."""
    graph = get_default_graph()
    restored = {}
    for device, own in _by_device(saveables):
        with graph.device(device):
            specs = [spec for saveable in own for spec in saveable.specs]
            with graph.device("cpu:0"):
                tensors = list(
                    g.RestoreV2(
                        prefix,
                        [spec.name for spec in specs],
                        [spec.slice_spec for spec in specs],
                        dtypes=[spec.dtype.base_dtype for spec in specs],
                    )
                )
            for saveable in own:
                count = len(saveable.specs)
                restored[saveable.name] = saveable.restore(tensors[:count], None)
                tensors = tensors[count:]
    return restored


# -- a restoration ---------------------------------------------------------------------------------


class _Slot(NamedTuple):
    """A slot in a checkpoint: the nodes of optimizer and slot, and the slot's name."""

    optimizer: int
    node: int
    name: str


class _WaitingSlot(NamedTuple):
    """A slot whose variable is there but not its optimizer."""

    variable: Any
    node: int
    name: str


class _Unused:
    """What of a checkpoint has found no object; said when the restoration is gone."""

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self.matched: set[int] = set()
        self.attributes: dict[int, list[str]] = {}  # values that their object does not have
        self.partial = False

    def warn(self) -> None:
        names = node_names(self.graph)
        missing = [i for i in range(len(self.graph.nodes)) if i not in self.matched]
        if self.partial or not (missing or self.attributes):
            return
        for i in missing:
            _log.warning("Unresolved object in checkpoint: %s", names[i])
        for i, attributes in self.attributes.items():
            _log.warning("Unused attribute in object %s: %s", names[i], attributes)
        _log.warning(
            "A checkpoint was restored but not all of its values were used, as listed above. "
            "expect_partial() of what restore() gives silences this, assert_consumed() makes it "
            "an error."
        )


def node_names(graph: Any) -> list[str]:
    """A name for each node of the graph of objects: the path to it from the root."""
    names = {0: "(root)"}
    queue = collections.deque([0])
    while queue:
        node = queue.popleft()
        for child in graph.nodes[node].children:
            if child.node_id not in names:
                names[child.node_id] = f"{names[node]}.{child.local_name}"
                queue.append(child.node_id)
    for i, node in enumerate(graph.nodes):
        for slot in node.slot_variables:
            names[slot.slot_variable_node_id] = (
                f"{names[i]}'s state '{slot.slot_name}' for {names[slot.original_variable_node_id]}"
            )
    return [names[i] for i in range(len(graph.nodes))]


class Restoration:
    """A checkpoint that objects are restored from."""

    def __init__(
        self,
        graph: Any,
        save_path: str,
        prefix: Tensor,
        made: dict[str, Any],
        view: ObjectGraphView,
    ) -> None:
        """`made` are the restoring operations of earlier restorations, by key."""
        self.graph = graph
        self.save_path = save_path
        self.prefix = prefix
        self.number = next_number()
        self.view = view
        self.objects: dict[int, Any] = {}  # node -> object
        self.seen: dict[int, Any] = {}  # every object met, by id
        self.operations: list[Any] = []
        self.made = made
        self.on_new_operations: Callable[[list[Any]], None] | None = None
        self.unused = _Unused(graph)
        self.slots: dict[int, list[_Slot]] = {}  # of variables that have not come
        self.waiting_slots: dict[int, list[_WaitingSlot]] = {}  # of optimizers that have not
        for i, node in enumerate(graph.nodes):
            for slot in node.slot_variables:
                reference = _Slot(i, slot.slot_variable_node_id, slot.slot_name)
                self.slots.setdefault(slot.original_variable_node_id, []).append(reference)
        weakref.finalize(self, self.unused.warn)

    def add_operations(self, operations: list[Any]) -> None:
        self.operations += operations
        if self.on_new_operations is not None:
            self.on_new_operations(operations)

    def restore_saveables(self, saveables: dict[str, Any]) -> list[Any]:
        """New operations that restore the saveables, by their keys."""
        if not saveables:
            return []
        restored = _restore_nodes(validate_and_slice_inputs(saveables), self.prefix)
        self.made.update(restored)
        return [operation for _, operation in sorted(restored.items())]


class Position:
    """A node of a checkpoint's graph of objects."""

    def __init__(self, restoration: Restoration, node: int) -> None:
        self.restoration = restoration
        self.node = node

    @property
    def _proto(self) -> Any:
        return self.restoration.graph.nodes[self.node]

    def restore(self, trackable: Any) -> None:
        """Make the object, and all below it, take the checkpoint's values."""
        with init_scope():
            if self.bind(trackable):
                operations = self._restore_all()
                if operations:
                    self.restoration.add_operations(operations)

    def bind(self, trackable: Any) -> bool:
        """Let the object stand for the node; False when one does already."""
        restoration = self.restoration
        restoration.seen[id(trackable)] = trackable
        restoration.unused.matched.add(self.node)
        current = restoration.objects.get(self.node)
        if current is None:
            restoration.objects[self.node] = trackable
            self._restore_slots(trackable)
            return True
        if current is not trackable:
            _log.warning(
                "Inconsistent references when loading the checkpoint into this object graph: two "
                "references of the checkpoint lead to different objects (%s and %s).",
                current,
                trackable,
            )
        return False

    def _restore_slots(self, trackable: Any) -> None:
        """Restore the slots that only waited for this object, their optimizer or variable."""
        restoration = self.restoration
        for slot in restoration.waiting_slots.pop(self.node, ()):
            position = Position(restoration, slot.node)
            trackable._create_or_restore_slot_variable(position, slot.name, slot.variable)
        for slot in restoration.slots.pop(self.node, ()):
            optimizer = restoration.objects.get(slot.optimizer)
            if optimizer is None:
                waiting = restoration.waiting_slots.setdefault(slot.optimizer, [])
                waiting.append(_WaitingSlot(trackable, slot.node, slot.name))
            else:
                position = Position(restoration, slot.node)
                optimizer._create_or_restore_slot_variable(position, slot.name, trackable)

    def _restore_all(self) -> list[Any]:
        """The operations that restore the object and what it depends on, nearest first."""
        queue: collections.deque[Position] = collections.deque([self])
        operations: list[Any] = []
        saveables: dict[str, Any] = {}
        while queue:
            position = queue.popleft()
            existing, new = position._restore_one(queue)
            operations += existing
            saveables.update(new)
        return operations + self.restoration.restore_saveables(saveables)

    def _restore_one(self, queue: collections.deque[Position]) -> tuple[list[Any], dict[str, Any]]:
        trackable = self.restoration.objects[self.node]
        state = trackable._tracking
        existing: list[Any] = []
        new: dict[str, Any] = {}
        if self.restoration.number > state.restored_by:
            existing, new = self._values(trackable)
            state.restored_by = self.restoration.number
        for child in self._proto.children:
            position = Position(self.restoration, child.node_id)
            dependency = trackable._lookup_dependency(child.local_name)
            if dependency is None:
                state.deferred.setdefault(child.local_name, []).append(position)
            elif position.bind(dependency):
                queue.append(position)
        return existing, new

    def _values(self, trackable: Any) -> tuple[list[Any], dict[str, Any]]:
        """Operations there already for the object's values, and saveables for the others."""
        own = trackable._gather_saveables_for_checkpoint()
        cache = self.restoration.view.cached(trackable)
        existing: list[Any] = []
        new: dict[str, Any] = {}
        for attribute in self._proto.attributes:
            key = attribute.checkpoint_key
            if key in self.restoration.made:
                existing.append(self.restoration.made[key])
                continue
            kept = cache.get(attribute.name, [])
            if len(kept) == 1 and key in kept[0].name:
                new[key] = kept[0]
            elif attribute.name in own:
                value = own[attribute.name]
                is_factory = callable(value) and value is not trackable
                new[key] = value(name=key) if is_factory else value
            elif not attribute.optional_restore:
                self.restoration.unused.attributes.setdefault(self.node, []).append(attribute.name)
        return existing, new
