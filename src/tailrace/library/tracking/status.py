"""What `Checkpoint.restore` gives: it runs the restoring operations and says what they cover.

Source: TF 1.15 python/training/tracking/util.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import get_default_graph
from tailrace.library.saver import Saver
from tailrace.library.tracking.graph_view import ObjectGraphView
from tailrace.library.tracking.restoring import Restoration, next_number, node_names
from tailrace.library.tracking.structures import TrackedDict, TrackedList


def session_or_default(session: Any) -> Any:
    """The session given, or the default one. Raises: ValueError without either."""
    return get_default_graph()._default_session(session, "save or restore objects")


def _initializers(objects: list[Any], before: int) -> list[Any]:
    """The initializers of objects that no restoration since number `before` has set."""
    return [
        each.initializer
        for each in objects
        if getattr(each, "initializer", None) is not None and each._tracking.restored_by < before
    ]


class CheckpointLoadStatus:
    """A checkpoint that is being restored from."""

    def __init__(self, restoration: Restoration, feeds: dict[Any, Any]) -> None:
        self._checkpoint = restoration
        self._feed_dict = feeds

    def assert_consumed(self) -> CheckpointLoadStatus:
        """Raises: AssertionError if an object has no value, or a value of the checkpoint no
        object."""
        self.assert_existing_objects_matched()
        restoration = self._checkpoint
        names = node_names(restoration.graph)
        for i, node in enumerate(restoration.graph.nodes):
            if i not in restoration.objects:
                raise AssertionError(f"Unresolved object in checkpoint {names[i]}: {node}")
        if restoration.slots:
            raise AssertionError(f"Unresolved slot restorations: {restoration.slots}")
        unused = [
            f"{names[i]} ({restoration.objects[i]}): {attributes}"
            for i, attributes in restoration.unused.attributes.items()
        ]
        if unused:
            raise AssertionError(
                "Unused attributes in these objects (the attributes exist in the checkpoint but "
                "were not restored):\n" + "\n".join(unused)
            )
        return self

    def assert_existing_objects_matched(self) -> CheckpointLoadStatus:
        """Raises: AssertionError if an object that exists has no value in the checkpoint."""
        restoration = self._checkpoint
        for i, node in enumerate(restoration.graph.nodes):
            found = restoration.objects.get(i)
            if found is not None and found._tracking.restored_by < restoration.number:
                raise AssertionError(f"Object not assigned a value from checkpoint: {node}")
        for each in restoration.view.objects():
            empty = isinstance(each, (TrackedList, TrackedDict))
            if not empty or each._checkpoint_dependencies:
                restoration.seen[id(each)] = each
        unbound = self._unbound()
        if unbound:
            raise AssertionError(
                "Some Python objects were not bound to checkpointed values, likely due to changes "
                f"in the Python program: {unbound}"
            )
        return self

    def _unbound(self) -> list[Any]:
        bound = {id(each) for each in self._checkpoint.objects.values()}
        return [each for number, each in self._checkpoint.seen.items() if number not in bound]

    def assert_nontrivial_match(self) -> CheckpointLoadStatus:
        """Raises: AssertionError if nothing but the root was found in the checkpoint."""
        restoration = self._checkpoint
        restoration.seen.update((id(each), each) for each in restoration.view.objects())
        if len(restoration.objects) > 1:
            return self
        unbound = self._unbound()
        if unbound:
            raise AssertionError(
                "Nothing except the root object matched a checkpointed value: the checkpoint does "
                f"not match the Python program. Objects without a value: {unbound}"
            )
        raise AssertionError(
            f"Nothing to load. No dependencies have been added to {restoration.view.root} yet."
        )

    def run_restore_ops(self, session: Any = None) -> None:
        """Restore what has been matched so far."""
        session_or_default(session).run(self._checkpoint.operations, self._feed_dict)

    def initialize_or_restore(self, session: Any = None) -> None:
        """Restore what has been matched, and initialize the other variables."""
        restoration = self._checkpoint
        bound = {id(each) for each in restoration.objects.values()}
        others = [each for each in restoration.view.objects() if id(each) not in bound]
        initializers = _initializers(others, restoration.number)
        self.run_restore_ops(session)
        session_or_default(session).run(initializers)

    def expect_partial(self) -> CheckpointLoadStatus:
        """Say nothing about values that find no object."""
        self._checkpoint.unused.partial = True
        return self


class InitializationOnlyStatus:
    """What restoring from None gives: variables are initialized."""

    def __init__(self, view: ObjectGraphView) -> None:
        self._view = view
        self._number = next_number()

    def _nothing(self) -> Any:
        raise AssertionError("No checkpoint specified (save_path=None); nothing is being restored.")

    def assert_consumed(self) -> Any:
        """Raises: AssertionError, always."""
        return self._nothing()

    def assert_existing_objects_matched(self) -> Any:
        """Raises: AssertionError, always."""
        return self._nothing()

    def assert_nontrivial_match(self) -> Any:
        """Raises: AssertionError, always."""
        return self._nothing()

    def run_restore_ops(self, session: Any = None) -> Any:
        """Raises: AssertionError, always: `initialize_or_restore` does both."""
        return self._nothing()

    def initialize_or_restore(self, session: Any = None) -> None:
        """Initialize the variables that no later checkpoint restores."""
        initializers = _initializers(self._view.objects(), self._number)
        session_or_default(session).run(initializers)

    def expect_partial(self) -> InitializationOnlyStatus:
        """Nothing is restored, so nothing is left over."""
        return self


class NameBasedSaverStatus:
    """A checkpoint of a `Saver`, restored by the variables' names."""

    def __init__(self, save_path: str, view: ObjectGraphView) -> None:
        self._path = save_path
        self._view = view
        self._number = next_number()

    def assert_consumed(self) -> NameBasedSaverStatus:
        """Raises: AssertionError if an object has not been restored yet."""
        for each in self._view.objects():
            if each._tracking.restored_by < self._number:
                raise AssertionError(f"Object not restored: {each}")
        return self

    def assert_existing_objects_matched(self) -> NameBasedSaverStatus:
        """As `assert_consumed`."""
        return self.assert_consumed()

    def assert_nontrivial_match(self) -> NameBasedSaverStatus:
        """As `assert_consumed`."""
        return self.assert_consumed()

    def _saveables(self) -> list[Any]:
        found: list[Any] = []
        for each in self._view.objects():
            if each._tracking.restored_by >= self._number:
                continue
            each._tracking.restored_by = self._number
            found += [
                value() if callable(value) and value is not each else value
                for value in each._gather_saveables_for_checkpoint().values()
            ]
        return found

    def run_restore_ops(self, session: Any = None) -> None:
        """Restore every object's variables by their names."""
        session = session_or_default(session)
        with get_default_graph().device("/cpu:0"):
            Saver(self._saveables()).restore(session, self._path)

    def initialize_or_restore(self, session: Any = None) -> None:
        """As `run_restore_ops`."""
        self.run_restore_ops(session)

    def expect_partial(self) -> NameBasedSaverStatus:
        """Values without an object are never spoken of here."""
        return self
