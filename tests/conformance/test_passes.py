"""Every conformance case without the planner's optional passes: without all, and without each that
changes the case's plans.

A case's graph is built once and run by several sessions. Where a case runs sessions of its own, or
goes on from where the last session left something that is not the graph's, it is called again.
"""

import functools

import compare
import golden
import pytest
from discovery import Case, all_cases
from harness import Outcome, Prepared, perform, prepare, run_case

import tailrace as tf
from tailrace.gradients import registered
from tailrace.plan import planner
from tailrace.plan.ir import Fused, Loop, Plan, Step

CASES = all_cases()
IDS = [f"{case.module}-{case.name}" for case in CASES]


@functools.cache
def _records(module: str) -> dict[str, golden.Record]:
    return golden.read(module)


class _Changes:
    """Notes the optional passes that change any plan made."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.seen: set[str] = set()
        for name, apply in planner.OPTIONAL.items():
            patch.setitem(planner.PASSES, name, self._watched(name, apply))

    def _watched(self, name: str, apply: planner.Pass) -> planner.Pass:
        def watched(plan: Plan) -> Plan:
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


def _wrong(case: Case, outcome: Outcome) -> list[str]:
    return compare.differences(_records(case.module)[case.name].outcome, outcome)


def _check(case: Case, prepared: Prepared | None, setting: str) -> None:
    if prepared is not None and not _wrong(case, perform(tf, prepared)):
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registered, "_registered", dict(registered._registered))
        outcome = run_case(tf, case.function())
    found = _wrong(case, outcome)
    if found:
        said = f"with TAILRACE_PASSES={setting}: "
        raise AssertionError(said + "\n".join(found)) from outcome.exception


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_case(case: Case, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patch:
        patch.setattr(registered, "_registered", dict(registered._registered))
        changes = _Changes(patch)
        prepared = prepare(tf, case.function())
        has_sessions = bool(changes.seen)
        perform(tf, prepared)
    for setting in ["none", *(f"-{name}" for name in sorted(changes.seen))]:
        monkeypatch.setenv("TAILRACE_PASSES", setting)
        _check(case, None if has_sessions else prepared, setting)
