"""Steps that no node of the graph stands for: what passes put in place of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from tailrace import arrays, registry
from tailrace.dtypes import DType
from tailrace.graph import Operation
from tailrace.graph.inference import output_types
from tailrace.plan import sizes
from tailrace.plan.ir import Fused, Guards, Step, Value
from tailrace.registry import OpDef


class Made:
    """What a value made by a pass has in place of a tensor of the graph."""

    __slots__ = ("_dims", "_dtype", "_handle", "name")

    def __init__(self, name: str, dtype: DType, dims: sizes.Dims = None) -> None:
        self.name = name
        self._dtype = dtype
        self._dims = dims
        self._handle = None

    @property
    def dtype(self) -> DType:
        return self._dtype


class Builder:
    """Makes steps known by `op` in errors and profiles, under `guards`.

    `steps` are those made. `b.Reshape(x, b.constant([6, 4]))` adds a step by the type of a
    registered or fused operation; inputs are flat, one per tensor. The sizes of its outputs are
    inferred.
    """

    def __init__(
        self, op: Operation, guards: Guards = (), members: tuple[Operation, ...] = ()
    ) -> None:
        self.op = op
        self.guards = guards
        self.members = members
        self.steps: list[Step] = []

    def constant(self, value: Any, dtype: torch.dtype | None = None) -> Value:
        """A value that is the same in every run; Python's integers are int32, floats float32."""
        if not isinstance(value, torch.Tensor):
            value = torch.as_tensor(value, dtype=dtype)
            if dtype is None and value.dtype is torch.int64:
                value = value.to(torch.int32)
        return fixed(value)

    def add(self, definition: OpDef, inputs: Sequence[Value], **attrs: Any) -> list[Value]:
        """Add a step; gives its outputs."""
        attributes = {name: attr.default for name, attr in definition.attrs.items()}
        attributes.update(_implied(definition, inputs, attrs), **attrs)
        step = Fused(
            self.op,
            list(inputs),
            [],
            [],
            guards=self.guards,
            definition=definition,
            attributes=attributes,
            members=self.members,
        )
        name = f"{self.op.name}/{definition.name}"
        step.outputs = [
            Value(Made(f"{name}:{i}", dtype), step)  # type: ignore[arg-type]
            for i, dtype in enumerate(output_types(definition, attributes))
        ]
        sizes.infer(step, {})
        self.steps.append(step)
        return step.outputs

    def __getattr__(self, op_type: str) -> Any:
        definition = registry.FUSED.get(op_type) or registry.lookup(op_type)
        if definition is None:
            raise AttributeError(f"there is no operation of type {op_type}")

        def add(*inputs: Value, **attrs: Any) -> Any:
            outputs = self.add(definition, inputs, **attrs)
            return outputs[0] if len(outputs) == 1 else tuple(outputs)

        return add


def fixed(tensor: torch.Tensor) -> Value:
    """A value that is this tensor in every run."""
    made = Value(Made("constant", arrays.dtype_of(tensor)))  # type: ignore[arg-type]
    made.fix(tensor)
    made.dims = tuple(tensor.shape)
    return made


def _implied(
    definition: OpDef, inputs: Sequence[Value], given: Mapping[str, Any]
) -> dict[str, Any]:
    """The attributes that the inputs tell: element types, and how many there are.

    Of several lists, the lengths of all but one have to be `given`.
    """
    found: dict[str, Any] = {}
    counts = [given.get(arg.number_attr or "") if arg.is_list else 1 for arg in definition.inputs]
    assert counts.count(None) <= 1, f"how long are the lists of {definition.name}?"
    left = len(inputs) - sum(count or 0 for count in counts)
    position = 0
    for arg, known in zip(definition.inputs, counts, strict=True):
        count = left if known is None else known
        types = [v.tensor._dtype.base_dtype for v in inputs[position : position + count]]
        position += count
        if arg.number_attr:
            found[arg.number_attr] = count
        if arg.list_attr:
            found[arg.list_attr] = types
        elif arg.type_attr and types:
            found[arg.type_attr] = types[0]
    return found
