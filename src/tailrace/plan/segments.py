"""Let steps in a row on one device be recorded, and done again by one call (`record.Recorded`).

Comes when the steps are in a line. Steps in loops and conditionals are left as they are: a segment
around one would have to know which way it goes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from tailrace.plan.ir import Plan, Segment, Step, Value

_FEWEST = 3  # steps from which one call is cheaper than theirs


def segments(plan: Plan) -> Plan:
    """Put segments in the place of steps; `TAILRACE_RECORD=0` leaves them alone."""
    if plan.devices is None or not plan.devices.gpus or os.environ.get("TAILRACE_RECORD") == "0":
        return plan
    asked: dict[Value, set[Step]] = {}
    for step in plan.steps:
        for value in (*step.inputs, *(pred for pred, _ in step.guards)):
            asked.setdefault(value, set()).add(step)
    fetched = {*plan.fetches, *(pred for guards in plan.fetch_guards for pred, _ in guards)}
    together: list[Step] = []
    for row in _rows(plan.steps):
        together.extend(row if len(row) < _FEWEST else [_segment(row, asked, fetched)])
    plan.steps = together
    return plan


def _rows(steps: list[Step]) -> Iterator[list[Step]]:
    """The steps in their order, those in one list that one segment may hold."""
    row: list[Step] = []
    for step in steps:
        if row and not (step.recordable and row[-1].recordable and step.device == row[-1].device):
            yield row
            row = []
        row.append(step)
    if row:
        yield row


def _segment(row: list[Step], asked: dict[Value, set[Step]], fetched: set[Value]) -> Segment:
    inside = set(row)
    made = [value for step in row for value in step.outputs]
    within = set(made)
    taken = dict.fromkeys(v for step in row for v in step.inputs if not v.known)
    outputs = [v for v in made if v in fetched or asked.get(v, set()) - inside]
    return Segment(
        row[-1].op,
        [v for v in taken if v not in within],
        outputs,
        [],
        device=row[0].device,
        steps=row,
    )
