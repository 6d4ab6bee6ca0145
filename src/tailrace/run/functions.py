"""Functions of a graph, planned and compiled like what a session runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.devices import to_host
from tailrace.graph import Function
from tailrace.plan import make_plan
from tailrace.plan.codegen import generate
from tailrace.run.failures import explain
from tailrace.run.store import OpContext, Store


def compile_function(function: Function, store: Store) -> Callable[..., tuple[Any, ...]]:
    """What computes the function's results from the values of its inputs, with a session's state.

    Operations with effects and without outputs run although no result needs them.
    """
    scope = f"{function.name}/"
    effects = [
        op
        for op in function.graph.get_operations()
        if function.inputs and op.op_def.stateful and not op.outputs
    ]
    # what reaches for no variable, as those of datasets, is done on the host
    reaches = any(op.op_def.reads or op.op_def.writes for op in function.graph.get_operations())
    devices = store.devices if reaches else None
    plan = make_plan(function.results, effects, function.inputs, devices=devices)
    program = generate(plan, lambda step: OpContext(step.op, store, compile_function, scope))

    def run(*values: Any) -> tuple[Any, ...]:
        try:
            results = program.run(*values)
            return to_host(results) if devices is not None and devices.gpus else results
        except Exception as failure:
            raise explain(failure, program) from failure

    return run
