"""What one signature of `Session.run` calls: plans compiled for a session.

A plan knows more, and does it quicker, when it is made for feeds of certain sizes; so each size
that comes gets a plan of its own, and each number that sizes are computed from, as a batch size.
Where sizes keep changing that would cost more than it saves: from then on a size gets its own plan
when it comes back, and the others share one that fits all.
"""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any

import torch

from tailrace.devices import Devices
from tailrace.graph import Tensor
from tailrace.native import memory
from tailrace.plan import Plan, Step, Value, make_plan, tells_sizes
from tailrace.plan.codegen import Program, generate
from tailrace.run.fetches import Fetches

Sizes = tuple[Any, ...]

_AT_ONCE = 3  # sizes that get their own plan when they first come
_MOST = 32  # sizes that have a plan of their own


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """No search for garbage: a plan makes thousands of objects that all stay, and looking through
    them again and again takes a third of the time.
    """
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collected:
            gc.enable()


class Compiled:
    """A plan and its program."""

    def __init__(self, plan: Plan, context_of: Callable[[Step], Any]) -> None:
        self.plan = plan
        self.program: Program = generate(plan, context_of)
        self.copies = [_may_be_shared(v) for v in plan.fetches]


def _may_be_shared(value: Value) -> bool:
    """Whether a fetched value may share memory with something that lives on."""
    step = value.step
    return (
        step is None or value.known or value.is_ref or step.op_def.alias or bool(step.op_def.reads)
    )


class Executable:
    """The plans for some fetches and feeds, by the sizes of what is fed.

    `mutations` tells which state of the graph they are for.
    """

    def __init__(
        self,
        fetches: Fetches,
        feeds: list[Tensor],
        mutations: int,
        context_of: Callable[[Step], Any],
        devices: Devices | None = None,
    ) -> None:
        self._devices = devices
        self.fetches = fetches
        self.mutations = mutations
        self._feeds = feeds
        self._context_of = context_of
        self._lock = threading.Lock()
        self._general: Compiled | None = None
        self._by_sizes: dict[Sizes, Compiled] = {}
        self._seen: set[Sizes] = set()
        self._telling: list[bool] | None = None
        self._fixed = all(t._dims is not None and None not in t._dims for t in feeds) and not any(
            t._dims == () and t._dtype.is_integer for t in feeds
        )

    @property
    def general(self) -> Compiled:
        """The plan for feeds of any size."""
        if self._general is None:
            self._general = self._compile(None)
        return self._general

    def compiled(self, values: list[Any]) -> Compiled:
        """The plan to run on these values of the feeds."""
        if self._fixed:
            return self._general or self.general
        if self._telling is None:
            self._telling = tells_sizes(self.fetches.tensors, self.fetches.targets, self._feeds)
        sizes = tuple([v.shape for v in values])
        if True in self._telling:
            told = zip(values, self._telling, strict=True)
            sizes += tuple([v.item() for v, tells in told if tells])
        return self._by_sizes.get(sizes) or self._choose(sizes, values)

    def _choose(self, sizes: Sizes, values: list[Any]) -> Compiled:
        with self._lock:
            known = self._by_sizes.get(sizes)
            if known is not None:
                return known
            own = len(self._by_sizes) < _AT_ONCE or (
                sizes in self._seen and len(self._by_sizes) < _MOST
            )
            if own:
                facts = zip(values, self._telling or [], strict=True)
                known = [v.clone() if tells else v.shape for v, tells in facts]
                compiled = self._by_sizes[sizes] = self._compile(known)
                return compiled
            if len(self._seen) < 8 * _MOST:
                self._seen.add(sizes)
            return self.general

    def _compile(self, known: list[Any] | None) -> Compiled:
        memory.keep()
        with torch.inference_mode(), _no_collection():
            mapped = self.fetches
            plan = make_plan(mapped.tensors, mapped.targets, self._feeds, known, self._devices)
            return Compiled(plan, self._context_of)
