"""The passes in their order, and how to switch them off."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch

from tailrace.devices import Devices
from tailrace.graph import Operation, Tensor
from tailrace.plan.bundles import bundles
from tailrace.plan.cells import cells
from tailrace.plan.chains import chains
from tailrace.plan.clip import clip, norms
from tailrace.plan.control_flow import raise_control_flow
from tailrace.plan.cross_entropy import cross_entropy
from tailrace.plan.fold import fold
from tailrace.plan.fuse import fuse
from tailrace.plan.ir import Plan
from tailrace.plan.lift import lift
from tailrace.plan.loosen import loosen
from tailrace.plan.masks import masks
from tailrace.plan.one_call import one_call
from tailrace.plan.order import order
from tailrace.plan.packed import packed
from tailrace.plan.parts import parts
from tailrace.plan.patterns import patterns
from tailrace.plan.pieces import pieces
from tailrace.plan.place import place
from tailrace.plan.products import products
from tailrace.plan.prune import prune
from tailrace.plan.reuse import reuse
from tailrace.plan.rows import rows
from tailrace.plan.schedule import schedule
from tailrace.plan.segments import segments
from tailrace.plan.simplify import simplify
from tailrace.plan.sizes import telling
from tailrace.plan.state import order_state
from tailrace.plan.tables import tables
from tailrace.plan.twins import twins
from tailrace.plan.unneeded import unneeded
from tailrace.plan.updates import updates
from tailrace.plan.verify import verify

Pass = Callable[[Plan], Plan]

# What may be switched off (`TAILRACE_PASSES=-fold,-twins`): the plan computes the same without.
# `_EARLY` come before reads and writes of variables are put in order, `_LATE` after, `_LAST` when
# the steps are in a line.
_EARLY: dict[str, Pass] = {
    "fold": fold,
    "twins": twins,
    "order": order,
    "simplify": simplify,
    "unneeded": unneeded,
    "parts": parts,
    "packed": packed,
    "lift": lift,
    "masks": masks,
    "chains": chains,
    "cells": cells,
    "one_call": one_call,
    "tables": tables,
    "norms": norms,
    "cross_entropy": cross_entropy,
    "pieces": pieces,
}
_LATE: dict[str, Pass] = {
    "loosen": loosen,
    "products": products,
    "patterns": patterns,
    "rows": rows,
    "updates": updates,
    "clip": clip,
    "fuse": fuse,
    "bundles": bundles,
}
_LAST: dict[str, Pass] = {"reuse": reuse, "segments": segments}
OPTIONAL: dict[str, Pass] = {**_EARLY, **_LATE, **_LAST}
PASSES: dict[str, Pass] = {
    "control_flow": raise_control_flow,
    **_EARLY,
    "place": place,
    "state": order_state,
    **_LATE,
    "schedule": schedule,
    **_LAST,
}


# what these put in there are kernels for on the host alone, before it is known what goes where
_NATIVE = frozenset(("cells",))


def make_plan(
    fetches: list[Tensor],
    targets: Iterable[Operation],
    feeds: list[Tensor],
    known: Sequence[Any] | None = None,
    devices: Devices | None = None,
) -> Plan:
    """The plan that computes `fetches` and runs `targets`, given `feeds`.

    With `known`, the sizes (tuples) or values (tensors) of what is fed, the plan is for such feeds
    alone. `devices` are those that steps may be placed on, the host alone if not given.
    """
    plan = prune(fetches, targets, feeds)
    plan.devices = devices
    for value, fact in zip(plan.feeds, known or [t._dims for t in feeds], strict=True):
        if isinstance(fact, torch.Tensor):
            value.fix(fact)
            fact = tuple(fact.shape)
        value.dims = fact
    off = switched_off()
    checked = bool(os.environ.get("TAILRACE_CHECK_PLANS"))
    if devices is not None and devices.gpus:
        off |= _NATIVE
    for name, apply in PASSES.items():
        if name not in off:
            plan = apply(plan)
            if checked:
                verify(plan, name)
    return plan


def tells_sizes(
    fetches: list[Tensor], targets: Iterable[Operation], feeds: list[Tensor]
) -> list[bool]:
    """For each feed, whether it is a whole number that sizes are computed from."""
    return telling(feeds, prune(fetches, targets, feeds).steps)


def switched_off() -> set[str]:
    """The passes the environment switches off: `TAILRACE_PASSES=-fold`, or `none` for all optional
    ones.

    Raises: ValueError for a name that is no optional pass.
    """
    setting = os.environ.get("TAILRACE_PASSES", "")
    if setting == "none":
        return set(OPTIONAL)
    off = {item.strip().lstrip("-") for item in setting.split(",") if item.strip()}
    unknown = off - set(OPTIONAL)
    if unknown:
        raise ValueError(
            f"TAILRACE_PASSES={setting}: no pass {sorted(unknown)}; there are {sorted(OPTIONAL)}"
        )
    return off
