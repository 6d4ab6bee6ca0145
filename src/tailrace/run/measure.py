"""What a kernel call did, besides taking time: floating-point operations and bytes."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from tailrace.graph.inference import split_inputs
from tailrace.plan import Step
from tailrace.plan.ir import Fused
from tailrace.run.store import Cell
from tailrace.shapes import UNKNOWN, Shape, UnknownRank, product


def flops_of(step: Step, inputs: Sequence[Any], outputs: Sequence[Any]) -> int | None:
    """The floating-point operations of a call with these values; None where no rule tells.

    A product of [m, k] and [k, n] counts 2 m n k; an element-wise function one for each element,
    whatever it costs; of recurrent layers only products count.
    """
    taken, given = [_shape(v) for v in inputs], [_shape(v) for v in outputs]
    try:
        return _flops(step, taken, given)
    except UnknownRank:  # a rule asked for the sizes of what has none
        return None


def _flops(step: Step, taken: list[Shape], given: list[Shape]) -> int | None:
    definition = step.op_def
    if definition.flops_rule is not None:
        attrs = step.attrs
        grouped = split_inputs(definition, taken, attrs)
        named = {name: attrs[name] for name in definition.flops_attrs}
        return int(definition.flops_rule(given, *grouped, **named))
    if definition.elementwise and given:
        count = len(step.members) if isinstance(step, Fused) else 1
        return count * max(product(s) or 0 for s in (*given, *taken) if s.dims is not None)
    return None


def bytes_of(values: Iterable[Any]) -> int:
    """The bytes of the tensors among the values, each piece of memory once."""
    return sum({memory.data_ptr(): memory.nbytes() for memory in _memories(values)}.values())


class Live:
    """The memory that the values of a run hold: `now` and, at most, `peak`, in bytes.

    Variables, which outlive a run, do not count.
    """

    def __init__(self) -> None:
        self.now = 0
        self.peak = 0
        self._users: dict[int, int] = {}  # how many tensors hold each piece of memory

    def add(self, values: Iterable[Any]) -> None:
        """Values have come into being; that they are gone is noticed."""
        for tensor in _tensors(values):
            memory = tensor.untyped_storage()
            place, size = memory.data_ptr(), memory.nbytes()
            if size:
                held = self._users.get(place, 0)
                self._users[place] = held + 1
                self.now += 0 if held else size
                weakref.finalize(tensor, self._gone, place, size).atexit = False
        self.peak = max(self.peak, self.now)

    def _gone(self, place: int, size: int) -> None:
        self._users[place] -= 1
        if not self._users[place]:
            del self._users[place]
            self.now -= size


def _tensors(values: Iterable[Any]) -> Iterator[torch.Tensor]:
    for value in values:
        if isinstance(value, torch.Tensor) and value.layout is torch.strided:
            yield value


def _memories(values: Iterable[Any]) -> Iterator[torch.UntypedStorage]:
    for tensor in _tensors(values):
        yield tensor.untyped_storage()


def _shape(value: Any) -> Shape:
    if isinstance(value, Cell):
        value = value.value
    return Shape(value.shape) if isinstance(value, (torch.Tensor, np.ndarray)) else UNKNOWN
