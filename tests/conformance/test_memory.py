"""What kernels do to memory, watched while every conformance case runs.

The planner changes variables in place and hands values on without copying. That is right only if
no kernel changes an input that it does not declare in `_writes` or `_consumes`, and if an output
shares memory with an input only where `_alias` says so. What a program's own threads run, as savers
in the background do, is not watched: the variables change meanwhile. The pass `reuse`, which has
fused steps write over inputs that are done with, is left out.
"""

import threading

import pytest
import torch
from discovery import all_cases
from harness import run_case

import tailrace as tf
from tailrace.gradients import registered
from tailrace.plan import codegen


def _tensors(values):
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _tensors(value)


def _storage(tensor):
    return tensor.untyped_storage().data_ptr() if tensor.numel() else None


def _same(a, b):
    return a.shape == b.shape and bool(((a == b) | ((a != a) & (b != b))).all())


class _Watch:
    """Kernels wrapped so that what they break is noted."""

    def __init__(self):
        self.sharing = {}
        self.changing = {}
        self._bound = codegen.bound_kernel

    def bound_kernel(self, step):
        kernel = self._bound(step)
        definition = step.op_def
        if definition.once or (definition.consumes and step.attrs["in_place"]):
            return kernel

        def watched(*args):
            if threading.current_thread() is not threading.main_thread():
                return kernel(*args)
            inputs = list(_tensors(args))
            before = [t.clone() for t in inputs]
            result = kernel(*args)
            if not all(_same(a, b) for a, b in zip(inputs, before, strict=True)):
                self.changing[definition.name] = step.op.name
            outputs = _tensors(result if isinstance(result, (list, tuple)) else [result])
            owned = {_storage(t) for t in inputs} - {None}
            if not definition.alias and any(_storage(t) in owned for t in outputs):
                self.sharing[definition.name] = step.op.name
            return result

        return watched


@pytest.fixture(scope="module")
def watch():
    """All cases run once with watched kernels."""
    watch = _Watch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codegen, "bound_kernel", watch.bound_kernel)
        patch.setenv("TAILRACE_PASSES", "-reuse")
        patch.setattr(registered, "_registered", dict(registered._registered))
        for case in all_cases():
            run_case(tf, case.function())
    return watch


def test_outputs_share_memory_only_where_declared(watch):
    names = ", ".join(f"{kind} ({op})" for kind, op in sorted(watch.sharing.items()))
    assert not names, "these need `_alias=True` or a copy"


def test_kernels_leave_their_inputs_alone(watch):
    assert not watch.changing
