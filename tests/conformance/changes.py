"""Which of the planner's optional passes change the plans that are made."""

import pytest

from tailrace.plan import planner
from tailrace.plan.ir import Fused, Loop, Plan, Step


class Changes:
    """Notes whether a plan is made, and the optional passes that change one, until the patch is
    undone.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.plans = False
        self.seen: set[str] = set()
        for name, apply in planner.OPTIONAL.items():
            patch.setitem(planner.PASSES, name, self._watched(name, apply))

    def _watched(self, name: str, apply: planner.Pass) -> planner.Pass:
        def watched(plan: Plan) -> Plan:
            self.plans = True
            if name in self.seen:
                return apply(plan)
            before = _shown(plan.steps)
            plan = apply(plan)
            if _shown(plan.steps) != before:
                self.seen.add(name)
            return plan

        return watched


def _shown(steps: list[Step]) -> list:
    """All there is to a plan's steps, as it is now."""
    found = []
    for step in steps:
        known = [v.known for v in (*step.inputs, *step.outputs)]
        told = step.attributes.items() if isinstance(step, Fused) else ()
        attrs = [(k, v) for k, v in told if isinstance(v, (bool, int, tuple))]
        found.append(
            (step, [*step.inputs], [*step.after], [*step.detach], step.guards, known, attrs)
        )
        if isinstance(step, Loop):
            found.append([_shown(part) for part in step.parts()])
    return found
