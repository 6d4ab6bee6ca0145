"""Every conformance case under Tailrace, against what TensorFlow 1.15.5 did with it.

Then again without the planner's optional passes: without all, and without each that changes the
case's plans; and with kernels watched for what they do to memory. A case's graph is built once and
run by several sessions. Where a case runs sessions of its own, or goes on from where the last
session left something that is not the graph's, it is called again.

`pytest tests/conformance -k basics` runs one file of cases.
"""

import functools

import compare
import golden
import pytest
from changes import Changes
from discovery import Case, all_cases
from harness import Outcome, Prepared, perform, prepare, run_case
from memory import Watch

import tailrace as tf
from tailrace.gradients import registered

CASES = all_cases()

_records = functools.lru_cache(maxsize=4)(golden.read)


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


@pytest.mark.parametrize("case", CASES, ids=[f"{case.module}-{case.name}" for case in CASES])
def test_case(case: Case, monkeypatch: pytest.MonkeyPatch):
    assert not compare.stale(case, _records(case.module))
    with monkeypatch.context() as patch:
        patch.setattr(registered, "_registered", dict(registered._registered))
        changes = Changes(patch)
        prepared = prepare(tf, case.function())
        has_sessions = changes.plans
        outcome = perform(tf, prepared)
    found = _wrong(case, outcome)
    if found:
        raise AssertionError("\n".join(found)) from outcome.exception
    again = None if has_sessions else prepared
    for setting in ["none", *(f"-{name}" for name in sorted(changes.seen - {"reuse"}))]:
        monkeypatch.setenv("TAILRACE_PASSES", setting)
        _check(case, again, setting)
    monkeypatch.setenv("TAILRACE_PASSES", "-reuse")
    watch = Watch(monkeypatch)
    _check(case, again, "-reuse")
    assert not watch.wrong


def test_no_orphans():
    """Golden files hold the cases that there are, no others."""
    recorded = {path.name.split(".")[0] for path in golden.GOLDEN.glob("*.json.gz")}
    cases = {(case.module, case.name) for case in CASES}
    orphans = {(module, name) for module in recorded for name in golden.read(module)} - cases
    assert not orphans, "record.py on their files drops them"
