"""Conformance cases with everything placed on the device that is none: the values are the same, no
kernel is given, or gives, a tensor of the wrong device, and nothing is there that asks for the CPU.

Run are the smallest graphs in which each type of operation is there several times, and all of the
modules where most depends on the device.
"""

import collections
import functools

import compare
import golden
import pytest
import torch
from discovery import Case, all_cases
from fake_device import present
from harness import run_case

import tailrace as tf
from tailrace.graph.devices import DeviceSpec
from tailrace.plan import codegen
from tailrace.plan.device_kernels import device_kernel
from tailrace.plan.ir import Fused, Step

_ALL_OF = ("basics", "control_arrays", "control_while", "rnn_cells", "rnn_dynamic", "variables")
_OFTEN = 4
# NaN among extrema counts there as PyTorch has it (see `ordering`); whether there is a GPU
_OTHERWISE = ("math_nan", "names_of_old-machine_questions")

_records = functools.cache(golden.read)


def _chosen() -> list[Case]:
    types = {
        case: {node.op for node in record.outcome.nodes}
        for case in all_cases()
        if (record := _records(case.module).get(case.name)) is not None
    }
    sizes = {case: len(_records(case.module)[case.name].outcome.nodes) for case in types}
    seen: collections.Counter[str] = collections.Counter()
    chosen = []
    for case in sorted(types, key=lambda c: (sizes[c], c.module, c.name)):
        if case.module in _OTHERWISE or f"{case.module}-{case.name}" in _OTHERWISE:
            continue
        if case.module in _ALL_OF or any(seen[name] < _OFTEN for name in types[case]):
            seen.update(types[case])
            chosen.append(case)
    return chosen


CASES = _chosen()


@pytest.fixture
def strays(monkeypatch: pytest.MonkeyPatch):
    """The operations placed on the device that ask for another, or whose kernels give tensors of
    the host.
    """
    found: set[str] = set()

    def watched(step: Step, device):
        kernel = device_kernel(step, device)
        outputs = step.op_def.outputs
        asked = DeviceSpec.from_string(step.op._device).device_type
        # steps that are no nodes of the graph, as copies to the device, have the name of one
        if asked == "CPU" and not isinstance(step, Fused):
            found.add(f"{step.op.name} asks for {step.op._device}")

        def run(*args):
            result = kernel(*args)
            given = result if isinstance(result, (list, tuple)) else [result]
            for i, value in enumerate(given):
                passed = i < len(outputs) and outputs[i].name in step.op_def.anywhere
                if isinstance(value, torch.Tensor) and value.is_cpu and not passed:
                    found.add(step.op_def.name)
            return result

        return run

    monkeypatch.setattr(codegen, "device_kernel", watched)
    return found


def test_most_types_of_operations_are_there():
    types = {node.op for c in CASES for node in _records(c.module)[c.name].outcome.nodes}
    modules = {case.module for case in CASES}
    assert len(types) > 600
    assert len(modules) > 80


@pytest.mark.parametrize("case", CASES, ids=[f"{c.module}-{c.name}" for c in CASES])
def test_case(case: Case, strays: set[str]):
    with present():
        outcome = run_case(tf, case.function())
    found = compare.differences(_records(case.module)[case.name].outcome, outcome)
    if found:
        raise AssertionError("\n".join(found)) from outcome.exception
    assert not strays
