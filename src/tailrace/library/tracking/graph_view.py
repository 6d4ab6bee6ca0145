"""What a checkpoint by objects holds: the objects below a root, and a key for each value.

A key is the path from the root to the object, then `.ATTRIBUTES` and the value's name; of a slot,
the path to its variable, `.OPTIMIZER_SLOT`, the path to the optimizer and the slot's name.

Source: TF 1.15 python/training/tracking/graph_view.py.
"""

from __future__ import annotations

import collections
from dataclasses import dataclass
from typing import Any

from tailrace.formats import protos
from tailrace.library.saveables import (
    SaveableObject,
    op_list_to_dict,
    saveable_objects_for_op,
)
from tailrace.library.tracking.base import Trackable
from tailrace.library.variables import Variable


def _escaped(name: str) -> str:
    return name.replace(".", "..").replace("/", ".S")


@dataclass
class View:
    """Objects by their number, the path of each, and the slots: optimizer -> references."""

    objects: list[Any]
    paths: list[str]
    slots: dict[int, list[Any]]


class ObjectGraphView:
    """The objects below `root`, and the saveables made for them so far."""

    def __init__(self, root: Any) -> None:
        self.root = root
        # object's id -> (object, attribute -> saveables): nodes are made once
        self.saveables: dict[int, tuple[Any, dict[str, list[SaveableObject]]]] = {}

    def cached(self, trackable: Any) -> dict[str, list[SaveableObject]]:
        """The saveables of an object's values, by their names."""
        return self.saveables.setdefault(id(trackable), (trackable, {}))[1]

    def view(self) -> View:
        """The objects, nearest to the root first, then slots."""
        objects, paths = [self.root], [""]
        seen = {id(self.root)}
        queue = collections.deque([(self.root, "")])
        while queue:
            owner, path = queue.popleft()
            for name, dependency in owner._checkpoint_dependencies:
                if id(dependency) in seen:
                    continue
                seen.add(id(dependency))
                own = f"{path}/{_escaped(name)}" if path else _escaped(name)
                objects.append(dependency)
                paths.append(own)
                queue.append((dependency, own))
        view = View(objects, paths, {})
        _add_slots(view)
        return view

    def objects(self) -> list[Any]:
        """The root and all that it depends on."""
        return self.view().objects

    def serialized(self) -> tuple[list[SaveableObject], Any]:
        """The saveables under their keys, and the graph of objects as a proto."""
        view = self.view()
        graph = protos.TrackableObjectGraph()
        numbers = {id(each): i for i, each in enumerate(view.objects)}
        for i, trackable in enumerate(view.objects):
            node = graph.nodes.add()
            node.slot_variables.extend(view.slots.get(i, ()))
            for name, dependency in trackable._checkpoint_dependencies:
                node.children.add(node_id=numbers[id(dependency)], local_name=name)
        saveables = []
        for trackable, path, node in zip(view.objects, view.paths, graph.nodes, strict=True):
            saveables += self._attributes(trackable, path, node)
        return saveables, graph

    def _attributes(self, trackable: Any, path: str, node: Any) -> list[SaveableObject]:
        found: list[SaveableObject] = []
        cache = self.cached(trackable)
        for name, value in trackable._gather_saveables_for_checkpoint().items():
            key = f"{path}/.ATTRIBUTES/{_escaped(name)}"
            if any(key not in each.name for each in cache.get(name, ())):
                del cache[name]
            if name not in cache:
                cache[name] = _made(value, key)
            own = cache[name]
            full = next((each.full_name for each in own), "")
            optional = bool(own) and all(each.optional_restore for each in own)
            node.attributes.add(
                name=name, checkpoint_key=key, full_name=full, optional_restore=optional
            )
            found += own
        return found


def _made(value: Any, key: str) -> list[SaveableObject]:
    """What saves a value under a key; of a variable it also knows the variable's name."""
    made = value(name=key) if callable(value) and not isinstance(value, Trackable) else value
    if isinstance(made, SaveableObject):
        return [made]
    (full_name,) = op_list_to_dict([made], convert_variable_to_tensor=False)
    saveables = list(saveable_objects_for_op(made, key))
    for saveable in saveables:
        saveable.full_name = full_name
    return saveables


def _add_slots(view: View) -> None:
    """The slots of the variables among the objects, of the optimizers among them."""
    listed = list(zip(view.objects, view.paths, strict=True))
    known = {id(each) for each in view.objects}
    for number, (optimizer, optimizer_path) in enumerate(listed):
        if not hasattr(optimizer, "_create_or_restore_slot_variable"):
            continue
        for slot_name in optimizer.get_slot_names():
            for original, (variable, path) in enumerate(listed):
                slot = _slot_of(optimizer, variable, slot_name)
                if slot is None:
                    continue
                if id(slot) in known:
                    raise NotImplementedError(
                        f"The slot {slot!r} is tracked by another object as well. Save it by one "
                        "of them alone."
                    )
                known.add(id(slot))
                view.slots.setdefault(number, []).append(
                    protos.SlotVariableReference(
                        slot_name=slot_name,
                        original_variable_node_id=original,
                        slot_variable_node_id=len(view.objects),
                    )
                )
                view.objects.append(slot)
                view.paths.append(f"{path}/.OPTIMIZER_SLOT/{optimizer_path}/{_escaped(slot_name)}")


def _slot_of(optimizer: Any, variable: Any, slot_name: str) -> Any:
    return optimizer.get_slot(variable, slot_name) if isinstance(variable, Variable) else None
