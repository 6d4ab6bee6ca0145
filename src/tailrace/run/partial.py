"""`Session.partial_run`: one run in several calls, each with some of the feeds and fetches.

After each call all that can be computed has been, once: random numbers that an early fetch saw are
those a late one sees. What later calls need is kept and fed to them.

Source: TF 1.15 core/common_runtime/direct_session.cc (PRunSetup, PRun).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tailrace import errors
from tailrace.graph import Operation, Tensor
from tailrace.run.fetches import Fetches


class PartialRun:
    """What is left of one run: `fetches` not given yet, `feeds` not fed, values kept."""

    def __init__(self, fetches: Fetches, feeds: Iterable[Tensor]) -> None:
        if not fetches.tensors and not fetches.targets:
            raise errors.InvalidArgumentError(
                None, None, "Must specify at least one target to fetch or execute."
            )
        self._wanted = dict.fromkeys(fetches.tensors, True)
        self._unfed = dict.fromkeys(feeds, True)
        self._targets = list(fetches.targets)
        self._ops = _needed([t.op for t in fetches.tensors] + self._targets, set(self._unfed))
        self._done: set[Operation] = set()
        self.kept: dict[Tensor, Any] = {}

    @property
    def finished(self) -> bool:
        """Whether everything was fetched and fed."""
        return not any(self._wanted.values()) and not any(self._unfed.values())

    def check(self, fetches: Fetches, fed: Iterable[Tensor]) -> None:
        """Raises: RuntimeError for operations, InvalidArgumentError for what was not set up."""
        if fetches.targets:
            raise RuntimeError("partial_run() requires empty target_list.")
        for tensors, left, noun, past in (
            (fed, self._unfed, "feed", "fed"),
            (fetches.tensors, self._wanted, "fetch", "fetched"),
        ):
            for tensor in tensors:
                if tensor not in left:
                    raise errors.InvalidArgumentError(
                        None,
                        None,
                        f"The {noun} {tensor.name} was not specified in partial_run_setup.",
                    )
                if not left[tensor]:
                    raise errors.InvalidArgumentError(
                        None, None, f"The {noun} {tensor.name} has already been {past}."
                    )
        unfed = {t for t, waits in self._unfed.items() if waits} - set(fed)
        blocked = self._blocked(unfed)
        for tensor in fetches.tensors:
            reason = tensor if tensor in unfed else blocked.get(tensor.op)
            if reason is not None and tensor not in self.kept:
                raise errors.InvalidArgumentError(
                    None,
                    None,
                    f"Fetch {reason.name} can't be computed from the feeds that have been fed so "
                    "far.",
                )

    def advance(
        self, fetched: Iterable[Tensor], fed: dict[Tensor, Any]
    ) -> tuple[list[Tensor], list[Operation]]:
        """Takes note of a call; gives the tensors to keep and the operations to run in it."""
        for tensor in fed:
            self._unfed[tensor] = False
        for tensor in fetched:
            self._wanted[tensor] = False
        self.kept.update(fed)
        blocked = self._blocked({t for t, waits in self._unfed.items() if waits})
        ready = [op for op in self._ops if op not in blocked and op not in self._done]
        for op in ready:
            _check_effects(op, blocked)
        self._done.update(ready)
        keep = [t for op in ready for t in op.outputs if self._is_needed(t, blocked)]
        return keep, [op for op in self._targets if op in set(ready)]

    def _is_needed(self, tensor: Tensor, blocked: dict[Operation, Tensor]) -> bool:
        if tensor in self.kept or not _can_be_kept(tensor):
            return False
        return self._wanted.get(tensor, False) or any(op in blocked for op in tensor.consumers())

    def _blocked(self, unfed: set[Tensor]) -> dict[Operation, Tensor]:
        """The operations that wait for a feed, and one feed that each waits for."""
        waiting: dict[Operation, Tensor] = {}
        before = -1
        while len(waiting) > before:
            before = len(waiting)
            for op in self._ops:
                reason = self._reason(op, unfed, waiting)
                if reason is not None:
                    waiting[op] = reason
        return waiting

    def _reason(
        self, op: Operation, unfed: set[Tensor], waiting: dict[Operation, Tensor]
    ) -> Tensor | None:
        for tensor in op.inputs:
            if tensor in unfed:
                return tensor
            if tensor not in self._unfed and tensor.op in waiting:
                return waiting[tensor.op]
        return next((waiting[source] for source in op.control_inputs if source in waiting), None)


def _needed(roots: list[Operation], feeds: set[Tensor]) -> list[Operation]:
    """The operations that are run for `roots`, each after its inputs where there is no loop."""
    found: dict[Operation, None] = {}
    stack = list(roots)
    while stack:
        op = stack.pop()
        if op in found:
            continue
        found[op] = None
        stack.extend(t.op for t in op.inputs if t not in feeds)
        stack.extend(op.control_inputs)
    return sorted(found, key=lambda op: op._id)


def _check_effects(op: Operation, blocked: dict[Operation, Tensor]) -> None:
    """Raises: UnimplementedError when a later call would run an operation with effects again."""
    if not op.op_def.writes:
        return
    later = [user for output in op.outputs for user in output.consumers()]
    after = [user for user in blocked if op in user.control_inputs]
    references = any(output.dtype._is_ref_dtype for output in op.outputs)
    if after or (references and any(user in blocked for user in later)):
        raise errors.UnimplementedError(
            op.node_def,
            op,
            f"partial_run: {op.name} changes a variable, and {(after or later)[0].name} waits for "
            "it and for feeds of a later call. Feed these in the same call.",
        )


def _can_be_kept(tensor: Tensor) -> bool:
    """References follow their variable, and what is inside a loop has no one value."""
    op = tensor.op
    context = op._get_control_flow_context()
    if op.op_def.region == "exit" and context is not None:
        context = context.outer_context
    return context is None and not tensor.dtype._is_ref_dtype
