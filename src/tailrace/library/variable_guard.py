"""Initial values that depend on other variables.

`b = tf.Variable(a * 2)` where `a` is a variable itself: the initializer of `b` uses the value of
`a` if it has one, else the initial value of `a`, so that one run can initialize both in any order.

Source: TF 1.15 python/ops/variables.py (_try_guard_against_uninitialized_dependencies).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tailrace.graph import Operation, Tensor, get_default_graph
from tailrace.library.collections import GraphKeys


def guarded_initial_value(name: str, value: Tensor) -> Tensor:
    """`value` computed from the initialized values of the variables it depends on.

    Itself when it depends on none, or when its graph has a cycle.
    """
    if _has_cycle(value.op, {}):
        return value
    return _Guard(name).tensor(value)


def _before(op: Operation) -> Iterator[Operation]:
    yield from (t.op for t in op.inputs)
    yield from op.control_inputs


def _has_cycle(root: Operation, finished: dict[Operation, bool]) -> bool:
    """Depth first, without recursion: initial values may hang on long chains."""
    stack = [(root, _before(root))]
    finished[root] = False
    while stack:
        op, rest = stack[-1]
        following = next(rest, None)
        if following is None:
            finished[op] = True
            stack.pop()
        elif following not in finished:
            finished[following] = False
            stack.append((following, _before(following)))
        elif not finished[following]:
            return True
    return False


class _Guard:
    """Copies the operations between the initial value and the variables it depends on."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._done: dict[Operation, Operation] = {}

    def tensor(self, tensor: Tensor) -> Tensor:
        op = tensor.op
        if op not in self._done:
            self._done[op] = self._guarded(op)
        return self._done[op].outputs[tensor.value_index]

    def _guarded(self, op: Operation) -> Operation:
        if op.op_def.reads:  # it asks whether there is a value, or reads a handle
            return op
        if op.op_def.once:
            initialized = _initialized_value_of(op)
            return op if initialized is None else initialized.op
        inputs = [self.tensor(t) for t in op.inputs]
        if all(a is b for a, b in zip(inputs, op.inputs, strict=True)):
            return op
        name = f"{op.name}_{self._name}".replace(":", "_")
        return get_default_graph().create_op(
            op.op_def.by_value or op.type, inputs, name=name, attrs=op.attrs
        )


def _initialized_value_of(op: Operation) -> Any:
    graph = get_default_graph()
    names = (op.name, op.name + ":0")
    for key in (GraphKeys.GLOBAL_VARIABLES, GraphKeys.LOCAL_VARIABLES):
        for variable in graph.get_collection(key):
            if variable.name in names:
                return variable.initialized_value()
    return None
