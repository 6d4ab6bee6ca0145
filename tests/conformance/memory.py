"""What kernels do to memory, watched while they run.

The planner changes variables in place and hands values on without copying. That is right only if
no kernel changes an input that it does not declare in `_writes` or `_consumes`, and if an output
shares memory with an input only where `_alias` says so. What a program's own threads run, as savers
in the background do, is not watched: the variables change meanwhile.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
import torch

from tailrace.plan import codegen
from tailrace.plan.ir import Step


class Watch:
    """Until the patch is undone, plans are made of kernels that are watched.

    The pass `reuse`, which has fused steps write over inputs that are done with, is to be off.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.wrong: dict[str, str] = {}
        self._bound = codegen.bound_kernel
        patch.setattr(codegen, "bound_kernel", self._watched)

    def _watched(self, step: Step) -> Callable[..., Any]:
        kernel = self._bound(step)
        definition = step.op_def
        if definition.once or (definition.consumes and step.attrs["in_place"]):
            return kernel

        def watched(*args: Any) -> Any:
            if threading.current_thread() is not threading.main_thread():
                return kernel(*args)
            inputs = list(_tensors(args))
            before = [t.clone() for t in inputs]
            result = kernel(*args)
            if not all(_same(a, b) for a, b in zip(inputs, before, strict=True)):
                self.wrong[definition.name] = f"changes an input ('{step.op.name}')"
            outputs = _tensors(result if isinstance(result, (list, tuple)) else [result])
            owned = {_storage(t) for t in inputs} - {None}
            if not definition.alias and any(_storage(t) in owned for t in outputs):
                told = f"needs `_alias=True` or a copy ('{step.op.name}')"
                self.wrong[definition.name] = told
            return result

        return watched


def _tensors(values: Iterable[Any]) -> Iterator[torch.Tensor]:
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _tensors(value)


def _storage(tensor: torch.Tensor) -> int | None:
    return tensor.untyped_storage().data_ptr() if tensor.numel() else None


def _same(a: torch.Tensor, b: torch.Tensor) -> bool:
    return a.shape == b.shape and bool(((a == b) | ((a != a) & (b != b))).all())
