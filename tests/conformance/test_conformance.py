"""Every conformance case under Tailrace, against what TensorFlow 1.15.5 did with it.

`pytest tests/conformance -k basics` runs one file of cases.
"""

import functools

import compare
import golden
import pytest
from discovery import Case, all_cases
from harness import run_case

import tailrace as tf

CASES = all_cases()


@functools.cache
def _records(module: str) -> dict[str, golden.Record]:
    return golden.read(module)


@pytest.mark.parametrize("case", CASES, ids=[f"{case.module}-{case.name}" for case in CASES])
def test_case(case: Case):
    records = _records(case.module)
    assert not compare.stale(case, records)
    outcome = run_case(tf, case.function())
    found = compare.differences(records[case.name].outcome, outcome)
    if found:
        raise AssertionError("\n".join(found)) from outcome.exception


def test_no_orphans():
    """Golden files hold the cases that there are, no others."""
    recorded = {path.name.split(".")[0] for path in golden.GOLDEN.glob("*.json.gz")}
    cases = {(case.module, case.name) for case in CASES}
    orphans = {(module, name) for module in recorded for name in _records(module)} - cases
    assert not orphans, "record.py on their files drops them"
