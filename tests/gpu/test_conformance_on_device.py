"""Conformance cases with everything placed on the device that is none: the values are the same, and
no kernel is given, or gives, a tensor of the wrong device.

Every tenth case is run, and all of the modules where most depends on the device.
"""

import compare
import golden
import pytest
import torch
from discovery import Case, all_cases
from fake_device import present
from harness import run_case

import tailrace as tf
from tailrace.plan import codegen
from tailrace.plan.device_kernels import device_kernel
from tailrace.plan.ir import Step

_ALL_OF = ("basics", "control_arrays", "control_while", "rnn_dynamic", "variables")
# NaN among extrema counts there as PyTorch has it (see `ordering`)
_OTHERWISE = ("math_nan",)


def _chosen() -> list[Case]:
    cases = [case for case in all_cases() if case.module not in _OTHERWISE]
    return [case for i, case in enumerate(cases) if i % 10 == 0 or case.module in _ALL_OF]


CASES = _chosen()


@pytest.fixture
def strays(monkeypatch: pytest.MonkeyPatch):
    """The operations placed on the device whose kernels give tensors of the host."""
    found: set[str] = set()

    def watched(step: Step, device):
        kernel = device_kernel(step, device)
        outputs = step.op_def.outputs

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


@pytest.mark.parametrize("case", CASES, ids=[f"{c.module}-{c.name}" for c in CASES])
def test_case(case: Case, strays: set[str]):
    with present():
        outcome = run_case(tf, case.function())
    found = compare.differences(golden.read(case.module)[case.name].outcome, outcome)
    if found:
        raise AssertionError("\n".join(found)) from outcome.exception
    assert not strays
