"""Compares what TensorFlow did with a case and what Tailrace does, in words (Python 3.7)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

import numpy as np
from discovery import Case
from harness import Outcome
from nodes import Node

# dtype -> (relative, absolute); types that are not here are compared exactly
TOLERANCE = {
    "float16": (2e-3, 1e-3),
    "float32": (1e-5, 1e-6),
    "float64": (1e-10, 1e-12),
    "complex64": (1e-5, 1e-6),
    "complex128": (1e-10, 1e-12),
}
_BEFORE, _AFTER = 3, 4


def stale(case: Case, records: Mapping[str, Any]) -> list[str]:
    """Why the golden record does not belong to the case as it is now; empty when it does."""
    advice = f"run record.py {case.module}::{case.name} under TensorFlow 1.15.5"
    if case.name not in records:
        return ["never recorded: " + advice]
    if records[case.name].source != case.source:
        return ["the case changed since it was recorded: " + advice]
    return []


def differences(expected: Outcome, actual: Outcome, side: str = "Tailrace") -> list[str]:
    """What differs, one text per finding; `side` is what to call the second outcome."""
    if expected.error or actual.error:
        found = error_difference(expected, actual, side)
        if found or expected.stage == "build":
            return found
    found = node_difference(expected.nodes, actual.nodes, side)
    found += static_differences(expected.statics, actual.statics, side)
    if not expected.error:
        found += value_differences(expected, actual, side)
    return found


def error_difference(expected: Outcome, actual: Outcome, side: str) -> list[str]:
    """TensorFlow's class has to be among the bases of what is raised, and in the same stage."""
    if not expected.error:
        said = actual.exception or "(recorded)"
        return [f"{side} raises {actual.error[0]}: {said}; TensorFlow does not"]
    if not actual.error:
        return [f"TensorFlow raises {expected.error[0]}; {side} raises nothing"]
    if expected.error[0] not in actual.error:
        theirs, ours = expected.error[0], actual.error[0]
        return [f"TensorFlow raises {theirs}; {side} raises {ours}: {actual.exception}"]
    if expected.stage != actual.stage:
        return [f"TensorFlow raises in {expected.stage}, {side} in {actual.stage}"]
    return []


def node_difference(expected: list[Node], actual: list[Node], side: str) -> list[str]:
    """The first node that differs, with its neighbours on both sides."""
    pairs = enumerate(zip_longest(expected, actual))
    place = next(((i, *pair) for i, pair in pairs if pair[0] != pair[1]), None)
    if place is None:
        return []
    i, left, right = place
    lines = [f"node {i} of {len(expected)} differs ({side} has {len(actual)})"]
    lines += _detail(left, right, side)
    start = max(0, i - _BEFORE)
    for title, nodes in (("TensorFlow", expected), (side, actual)):
        lines.append(f"  {title}:")
        for j in range(start, min(i + _AFTER, len(nodes))):
            lines.append(f"  {'>' if j == i else ' '} {j:4d} {nodes[j]}")
        if i >= len(nodes):
            lines.append("  > (end)")
    return ["\n".join(lines)]


def _detail(left: Node | None, right: Node | None, side: str) -> list[str]:
    if left is None or right is None:
        return []
    lines = [
        f"  {field}: TensorFlow {getattr(left, field)}, {side} {getattr(right, field)}"
        for field in ("name", "op", "inputs", "device")
        if getattr(left, field) != getattr(right, field)
    ]
    if left.op != right.op:
        return lines
    for key in sorted(set(left.attrs) | set(right.attrs)):
        ours, theirs = right.attrs.get(key, "(absent)"), left.attrs.get(key, "(absent)")
        if ours != theirs:
            lines.append(f"  attr {key}: TensorFlow {theirs}, {side} {ours}")
    return lines


def static_differences(expected: dict[str, Any], actual: dict[str, Any], side: str) -> list[str]:
    """Names, dtypes and static shapes of what the case returned."""
    found = []
    for label in list(expected) + [label for label in actual if label not in expected]:
        theirs, ours = expected.get(label, "absent"), actual.get(label, "absent")
        if theirs != ours:
            found.append(f"{label}: TensorFlow {theirs}, {side} {ours}")
    return found


def value_differences(expected: Outcome, actual: Outcome, side: str) -> list[str]:
    """Values of every label and run, within the tolerance of the dtype or of the case."""
    found = []
    for label, runs in expected.values.items():
        if label not in actual.values:
            continue  # said by static_differences
        for i, (theirs, ours) in enumerate(zip_longest(runs, actual.values[label])):
            text = _value_difference(theirs, ours, actual.tolerance, side)
            if text:
                which = f" run {i}" if len(runs) > 1 else ""
                found.append(f"{label}{which}: {text}")
    return found


def _value_difference(theirs: Any, ours: Any, tolerance: Mapping[str, Any], side: str) -> str:
    if isinstance(theirs, float) and isinstance(ours, float):
        theirs, ours = np.asarray(theirs), np.asarray(ours)
    if not (isinstance(theirs, np.ndarray) and isinstance(ours, np.ndarray)):
        same = type(theirs) is type(ours) and bool(theirs == ours)
        return "" if same else f"TensorFlow gives {theirs!r}, {side} {ours!r}"
    if theirs.dtype != ours.dtype or theirs.shape != ours.shape:
        kinds = [f"{array.dtype}{list(array.shape)}" for array in (theirs, ours)]
        return f"TensorFlow gives {kinds[0]}, {side} {kinds[1]}"
    relative, absolute = TOLERANCE.get(theirs.dtype.name, (0, 0))
    relative = tolerance.get("rtol", relative)
    absolute = tolerance.get("atol", absolute)
    if theirs.dtype.kind not in "fc":
        wrong = np.asarray(theirs != ours)
    else:
        wrong = ~np.isclose(ours, theirs, rtol=relative, atol=absolute, equal_nan=True)
    if not wrong.any():
        return ""
    place = tuple(int(k) for k in np.argwhere(wrong)[0])
    limits = f"rtol {relative:g}, atol {absolute:g}"
    return (
        f"{int(wrong.sum())} of {wrong.size} values differ ({limits}), first at {list(place)}: "
        f"TensorFlow {theirs[place]!r}, {side} {ours[place]!r}"
    )
