"""`tf.gradients`: walk back from `ys` to `xs`, call each operation's rule, add up what meets.

The nodes it adds, and their order, are TensorFlow's.

Source: TF 1.15 python/ops/gradients_util.py.
"""

from __future__ import annotations

import collections
import contextlib
from collections.abc import Iterable
from typing import Any

from tailrace import dtypes
from tailrace.gradients import control_flow
from tailrace.gradients.aggregate import aggregated
from tailrace.gradients.registered import gradient_function
from tailrace.graph import (
    IndexedSlices,
    Operation,
    Tensor,
    convert_to_tensor,
    convert_to_tensor_or_indexed_slices,
    g,
    get_default_graph,
)
from tailrace.graph.control_flow import is_loop_exit, is_loop_switch, is_switch

_TRAINABLE = frozenset(
    (*dtypes.FLOATS, *dtypes.COMPLEX, dtypes.resource, dtypes.variant)
)  # what a gradient can be of


class UnconnectedGradients:
    """What `tf.gradients` gives for an x that no y depends on."""

    NONE = "none"
    ZERO = "zero"


def gradients(
    ys: Any,
    xs: Any,
    grad_ys: Any = None,
    name: str = "gradients",
    colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False,
    aggregation_method: int | None = None,
    stop_gradients: Any = None,
    unconnected_gradients: Any = UnconnectedGradients.NONE,
) -> list[Any]:
    """The sums over `ys` of the derivatives with respect to each of `xs`, as new nodes of the
    graph.

    Args: grad_ys are weights of the ys (ones by default); the walk does not pass `stop_gradients`.
    Returns: a Tensor, IndexedSlices or None (no y depends on it) per x.
    Raises: LookupError when an operation between has no gradient, ValueError for grad_ys that do
    not fit.
    """
    ys, xs = _as_list(ys), _as_list(xs)
    stops = [] if stop_gradients is None else _as_list(stop_gradients)
    weights = [None] * len(ys) if grad_ys is None else _as_list(grad_ys)
    graph = get_default_graph()
    with graph.name_scope(name):
        graph.unique_name("uid")  # TF: a name it takes for the gradient's id
        targets = [convert_to_tensor_or_indexed_slices(y, name="y") for y in ys]
        sources = [_source(x, "x") for x in xs]
        initial = _initial_gradients(targets, weights, colocate_gradients_with_ops)
        walk = Walk(
            targets, sources, stops, colocate_gradients_with_ops, gate_gradients, aggregation_method
        )
        for y, grad in zip(targets, initial, strict=True):
            walk.set_grad(y, grad)
        walk.run()
    # TF: what is left is named outside of the scope
    walk.finish()
    return [walk.result(x, unconnected_gradients) for x in sources]


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _source(x: Any, name: str) -> Any:
    handle = getattr(x, "handle", None)
    if isinstance(handle, Tensor):
        return handle
    if isinstance(x, IndexedSlices):
        return x
    return convert_to_tensor(x, name=name, as_ref=True)


def is_trainable(tensor: Any) -> bool:
    """Whether a gradient of the tensor means anything."""
    return tensor.dtype.base_dtype in _TRAINABLE


class Walk:
    """One call of `gradients`: which operations lie between, and the gradients so far."""

    def __init__(
        self,
        ys: list[Any],
        xs: list[Any],
        stops: list[Any],
        colocate: bool,
        gate: bool,
        aggregation_method: int | None,
    ) -> None:
        self.ys, self.xs = ys, xs
        self.colocate = colocate
        self.gate = gate
        self.aggregation_method = aggregation_method
        self.to_ops = list(dict.fromkeys(y.op for y in ys))
        self.reachable: set[Operation] = set()  # of to_ops
        self.grads: dict[Operation, list[list[Any]]] = {}
        self.loops: Any = None
        from_ops = list(dict.fromkeys(x.op for x in xs))
        between = self._between(from_ops)
        self.loops = control_flow.state_for(between, colocate)
        self.pending = self._pending_counts(between)
        self.from_ops = set(from_ops)
        self.stop_ops = self._stop_ops(from_ops, stops)

    def _between(self, from_ops: list[Operation]) -> list[Operation]:
        """The operations on paths from xs to ys, found from the ys back, breadth first."""
        reached = _reached_from(from_ops)
        self.reachable = {op for op in self.to_ops if op in reached}
        between: list[Operation] = []
        queue = collections.deque(self.to_ops)
        while queue:
            op = queue.popleft()
            if op in reached:
                reached.discard(op)
                between.append(op)
                queue.extend(t.op for t in op.inputs)
        return between

    def _pending_counts(self, between: list[Operation]) -> dict[Operation, int]:
        """How many consumers' gradients an operation waits for."""
        members = set(between)
        pending: dict[Operation, int] = collections.defaultdict(int)
        for op in between:
            for tensor in op.inputs:
                if tensor.op in members:
                    pending[tensor.op] += 1
        return pending

    def _stop_ops(self, from_ops: list[Operation], stops: list[Any]) -> set[Operation]:
        """Where the walk ends: the sources nothing between leads to, and the stops."""
        pending = self.pending
        ends = {op for op in from_ops if all(pending.get(t.op, 0) <= 0 for t in op.inputs)}
        return ends | {s.op for s in stops}

    # -- gradients so far --------------------------------------------------------------------------

    def set_grad(self, tensor: Any, grad: Any) -> None:
        lists = self.grads.get(tensor.op)
        if lists is None:
            lists = self.grads[tensor.op] = [[] for _ in tensor.op.outputs]
        index = tensor._value_index if isinstance(tensor, Tensor) else tensor.values._value_index
        entry = lists[index]
        if isinstance(entry, list):
            entry.append(grad)
        else:
            # the switch of a loop is visited twice and keeps one gradient
            assert self.loops is not None
            assert is_loop_switch(tensor.op)
            lists[index] = grad

    def grads_of(self, op: Operation) -> list[Any]:
        return self.grads.get(op) or [[] for _ in op.outputs]

    def result(self, x: Any, unconnected: Any) -> Any:
        lists = self.grads.get(x.op)
        index = x._value_index if isinstance(x, Tensor) else x.values._value_index
        grad = None if lists is None else lists[index]
        if isinstance(grad, list):
            grad = self._merged(grad)
        if grad is None and unconnected in ("zero", getattr(unconnected, "ZERO", None)):
            return g.zeros_like(x)
        return grad

    def _merged(self, grads: list[Any]) -> Any:
        assert len(grads) <= 1, "a source's gradients were not added up"
        return grads[0] if grads else None

    # -- the walk ----------------------------------------------------------------------------------

    def run(self) -> None:
        queue: collections.deque[Operation] = collections.deque()
        ready = [op for op in self.to_ops if op in self.reachable and not self.pending.get(op, 0)]
        queue.extend(ready)
        if self.loops is not None:
            queue.extend(self.loops.process_unused_loop_exits(self.pending, set(ready), self))
        while queue:
            op = queue.popleft()
            with _colocated(op, self.colocate):
                self._visit(op)
            self._enqueue_ready(op, queue)

    def finish(self) -> None:
        """Complete the loops that the walk has built."""
        if self.loops is not None:
            self.loops.post_process()

    def _visit(self, op: Operation) -> None:
        loops = self.loops
        if loops is not None:
            loops.enter_grad_while_context(op, before=True)
        out_grads = self._aggregate(op)
        if loops is not None:
            loops.exit_grad_while_context(op, before=True)
        flows = any(isinstance(grad, Tensor) or grad for grad in out_grads)
        function = gradient_function(op) if flows and op not in self.stop_ops else None
        if loops is not None:
            loops.enter_grad_while_context(op, before=False)
        self._refuse_loop_variable(op)
        if function is not None:
            self._pass_on(op, self._in_grads(op, function, out_grads))
        if loops is not None:
            loops.exit_grad_while_context(op, before=False)

    def _refuse_loop_variable(self, op: Operation) -> None:
        """Raises: ValueError when the walk, begun inside a loop,
        arrives at the loop's variables.
        """
        context = op._control_flow_context
        if (
            context is None
            or not is_switch(op)
            or not context.IsWhileContext()
            or context is not op.graph._control_flow_context
        ):
            return
        queue, visited = collections.deque([op]), set()
        while queue:
            current = queue.popleft()
            if current in self.from_ops:
                raise ValueError(
                    "Cannot compute gradient inside while loop with respect to op "
                    f"'{current.name}'. We do not support taking the gradient wrt or through the "
                    "initial value of a loop variable. Gradients can be computed through loop "
                    "invariants or wrt the input parameters to the loop body."
                )
            if current not in visited:
                visited.add(current)
                queue.extend(t.op for t in current.inputs)

    def has_grads(self, op: Operation) -> bool:
        """Whether any gradient has arrived at an operation."""
        return any(
            any(grad is not None for grad in entry)
            if isinstance(entry, list)
            else entry is not None
            for entry in self.grads_of(op)
        )

    def _aggregate(self, op: Operation) -> list[Any]:
        lists = self.grads_of(op)
        for i, entry in enumerate(lists):
            if not isinstance(entry, list):
                continue  # the switch of a loop
            lists[i] = aggregated(entry, self.aggregation_method)
        if op in self.grads:
            self.grads[op] = lists
        return list(lists)

    def _in_grads(self, op: Operation, function: Any, out_grads: list[Any]) -> list[Any]:
        for i, grad in enumerate(out_grads):
            if not isinstance(grad, Tensor) and not grad and is_trainable(op.outputs[i]):
                out_grads[i] = (
                    self.loops.zeros_like(op, i)
                    if self.loops is not None
                    else control_flow.zeros_like_outside_loop(op, i)
                )
        graph = op.graph
        with graph.name_scope(op.name + "_grad"), graph._attribute("_original_op", op):
            in_grads = function(op, *out_grads)
            in_grads = list(in_grads) if isinstance(in_grads, (list, tuple)) else [in_grads]
            if len(in_grads) != len(op.inputs):
                raise ValueError(
                    f"Num gradients {len(in_grads)} generated for op {op.node_def} do not match "
                    f"num inputs {len(op.inputs)}"
                )
            if self.gate and sum(grad is not None for grad in in_grads) > 1:
                with graph.device(None), g.colocate_with(None, ignore_existing=True):
                    in_grads = g.tuple(in_grads)
        return in_grads

    def _pass_on(self, op: Operation, in_grads: list[Any]) -> None:
        for i, (tensor, grad) in enumerate(zip(op.inputs, in_grads, strict=True)):
            if grad is None:
                continue
            if isinstance(grad, Tensor) and tensor.dtype is not dtypes.resource:
                try:
                    grad.set_shape(tensor.get_shape())
                except ValueError:
                    raise ValueError(
                        "Incompatible shapes between op input and calculated input gradient. "
                        f"Forward operation: {op.name}. Input index: {i}. Original input shape: "
                        f"{tensor.get_shape()}. Calculated input gradient shape: {grad.get_shape()}"
                    ) from None
            self.set_grad(tensor, grad)

    def _enqueue_ready(self, op: Operation, queue: collections.deque[Operation]) -> None:
        for tensor in op.inputs:
            source = tensor.op
            self.pending[source] -= 1
            ready = self.pending[source] == 0
            if self.loops is not None and not ready:
                ready = self.pending[source] > 0 and is_loop_switch(source)
            if not ready:
                continue
            if self.loops is not None and is_loop_exit(source):
                queue.extend(self.loops.exits_ready(tensor, self))
            else:
                queue.append(source)


def _colocated(op: Operation, wanted: bool) -> Any:
    return g.colocate_with(op) if wanted else contextlib.nullcontext()


def _initial_gradients(ys: list[Any], weights: list[Any], colocate: bool) -> list[Any]:
    """The gradients the walk starts from: the weights given, or ones."""
    if len(weights) != len(ys):
        raise ValueError(f"Passed {len(weights)} grad_ys for {len(ys)} ys")
    initial = []
    for i, (y, weight) in enumerate(zip(ys, weights, strict=True)):
        with _colocated(y.op, colocate):
            if weight is not None:
                initial.append(_checked_weight(i, y, weight))
                continue
            if y.dtype.is_complex:
                raise TypeError(
                    f"Gradients of complex tensors must set grad_ys (y.dtype = {y.dtype!r})"
                )
            initial.append(
                g.Fill(g.shape(y), g.constant(1, y.dtype.base_dtype, name=f"grad_ys_{i}"))
            )
    return initial


def _reached_from(ops: Iterable[Operation]) -> set[Operation]:
    reached: set[Operation] = set()
    queue = collections.deque(ops)
    while queue:
        op = queue.popleft()
        if op in reached:
            continue
        reached.add(op)
        for output in op.outputs:
            if output.dtype.base_dtype in _TRAINABLE:
                queue.extend(output._consumers)
    return reached


def _checked_weight(i: int, y: Any, weight: Any) -> Any:
    weight = convert_to_tensor_or_indexed_slices(weight, name=f"grad_y_{i}")
    if y.dtype.is_floating or y.dtype.is_integer or y.dtype.is_complex:
        same_kind = (
            weight.dtype.is_floating or weight.dtype.is_integer
            if not y.dtype.is_complex
            else weight.dtype.is_complex
        )
        if not same_kind:
            raise TypeError(
                f"Gradient type {weight.dtype.name} generated for y {y} with type {y.dtype.name} "
                "must be of the same kind: real for real, complex for complex"
            )
    if isinstance(weight, Tensor) and isinstance(y, Tensor):
        # TF: a weight of another shape is left to the gradient rules, which may broadcast it
        return g.Identity(weight, name=f"grad_ys_{i}")
    if isinstance(weight, IndexedSlices):
        return IndexedSlices(
            g.Identity(weight.values, name=f"grad_ys_{i}_values"),
            g.Identity(weight.indices, name=f"grad_ys_{i}_indices"),
            None
            if weight.dense_shape is None
            else g.Identity(weight.dense_shape, name=f"grad_ys_{i}_shape"),
        )
    return weight
