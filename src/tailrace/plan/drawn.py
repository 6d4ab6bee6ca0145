"""Random numbers that are drawn in some runs only, for steps that are done in all of them."""

from __future__ import annotations

from typing import Any

import torch

from tailrace import arrays, dtypes
from tailrace.plan.codegen import bound_kernel
from tailrace.plan.ir import Fused, Guards, Step, Value
from tailrace.registry import Arg, OpDef


def may_be_conditional(step: Step) -> bool:
    """Whether `conditional` can write a step down."""
    d = step.op_def
    dims = step.outputs[0].dims if len(step.outputs) == 1 else None
    return d.draws and not any(arg.is_list for arg in d.inputs) and None not in (dims or (None,))


def conditional(step: Step, conditions: Guards) -> Fused:
    """A step that draws where all conditions are so, and otherwise gives zeros.

    TF: where nothing is drawn the stream stays where it is, for the next run.
    """
    inner, kernel = step.op_def, bound_kernel(step)
    dims = step.outputs[0].dims
    dtype = arrays.torch_dtype(step.outputs[0].tensor._dtype.base_dtype)
    wanted, context = tuple(yes for _, yes in conditions), int(inner.context)

    def run(*values: Any) -> Any:
        told, own = values[context : context + len(wanted)], values[context + len(wanted) :]
        if tuple(map(bool, told)) == wanted:
            return kernel(*values[:context], *own)
        return torch.zeros(dims, dtype=dtype)  # type: ignore[arg-type]

    told = [Arg(f"condition_{i}", dtypes.bool) for i in range(len(wanted))]
    inputs = [Arg(a.name, a.dtype or step.attrs[a.type_attr or ""]) for a in inner.inputs]
    output = Arg(inner.outputs[0].name, step.outputs[0].tensor._dtype.base_dtype)
    flags = {
        "context": inner.context,
        "stateful": inner.stateful,
        "draws": True,
        "host": inner.host | {arg.name for arg in told},
    }
    name = f"{inner.name} where conditions are so"
    definition = OpDef(name, (*told, *inputs), (output,), {}, run, flags)
    made = Fused(
        step.op,
        [*(pred for pred, _ in conditions), *step.inputs],
        [],
        step.after,
        guards=tuple(g for g in step.guards if g not in conditions),
        definition=definition,
        members=(step.op,),
    )
    value = Value(step.outputs[0].tensor, made)
    value.dims = dims
    made.outputs = [value]
    return made
