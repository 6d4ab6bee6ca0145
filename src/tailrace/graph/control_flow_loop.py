"""The context of a loop, and how a loop's nodes are built.

    enter -> merge -> switch (by LoopCond) -> body -> next iteration -> merge
                         \\-> exit

Source: TF 1.15 python/ops/control_flow_ops.py (WhileContext).
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import nest
from tailrace.graph.composite import (
    IndexedSlices,
    SparseTensor,
    convert_to_tensor_or_indexed_slices,
    convert_to_tensor_or_sparse_tensor,
)
from tailrace.graph.control_flow import (
    ControlFlowContext,
    as_indexed_slices,
    enter,
    flow_of,
    identity,
    is_loop_constant_enter,
    is_loop_exit,
    loop_exit,
    merge,
    next_iteration,
    output_context,
    switch_ref_or_tensor,
    while_context,
    with_flows,
)
from tailrace.graph.convert import convert_to_tensor
from tailrace.graph.idioms import g
from tailrace.graph.operation import Operation
from tailrace.graph.tensor import Tensor
from tailrace.shapes import TensorShape


class LoopContext(ControlFlowContext):
    """A loop: which tensors are known in it, and its variables."""

    def __init__(
        self,
        maximum_iterations: Tensor | None = None,
        parallel_iterations: int = 10,
        back_prop: bool = True,
        swap_memory: bool = False,
        name: str = "while_context",
        grad_state: Any = None,
    ) -> None:
        if not isinstance(parallel_iterations, int) or parallel_iterations <= 0:
            raise ValueError(
                f"`parallel_iterations` must be a positive integer: {parallel_iterations}"
            )
        super().__init__(name)
        self._maximum_iterations = maximum_iterations
        self._parallel_iterations = parallel_iterations
        self._back_prop = back_prop
        self._swap_memory = swap_memory
        self._grad_state = grad_state
        self._pivot: Tensor | None = None  # whether the loop goes on
        self._pivot_for_pred: Tensor | None = None  # what nodes of the condition wait for
        self._pivot_for_body: Tensor | None = None  # what nodes of the body wait for
        self._loop_enters: list[Tensor] = []
        self._loop_exits: list[Tensor] = []

    @property
    def maximum_iterations(self) -> Tensor | None:
        """The limit of iterations, if there is one."""
        return self._maximum_iterations

    @property
    def parallel_iterations(self) -> int:
        """How many iterations TensorFlow would run at once."""
        return self._parallel_iterations

    @property
    def back_prop(self) -> bool:
        """Whether gradients go through the loop."""
        return self._back_prop

    @property
    def swap_memory(self) -> bool:
        """Whether TensorFlow would keep values for the gradient on the host."""
        return self._swap_memory

    @property
    def pivot(self) -> Tensor | None:
        """Whether the loop goes on, a scalar in the loop."""
        return self._pivot

    @property
    def loop_enters(self) -> list[Tensor]:
        """The Enter of each loop variable."""
        return self._loop_enters

    @property
    def loop_exits(self) -> list[Tensor]:
        """The Exit of each loop variable."""
        return self._loop_exits

    @property
    def grad_state(self) -> Any:
        """The state of the gradient whose loop this is."""
        return self._grad_state

    def GetWhileContext(self) -> LoopContext:
        """The loop itself."""
        return self

    def GetControlPivot(self) -> Tensor | None:
        """What a node without inputs waits for."""
        return self._pivot_for_pred if self._pivot_for_body is None else self._pivot_for_body

    def IsWhileContext(self) -> bool:
        """Whether this is a loop."""
        return True

    # -- nodes added in the loop -------------------------------------------------------------------

    def AddValue(self, val: Tensor) -> Tensor:
        """An Enter of `val`, made on first use; in a gradient loop, what the forward loop kept
        of it."""
        if val in self._values or val.op._control_flow_context is self:
            return self._external_values.get(val, val)
        self._values.add(val)
        kept = self._kept_by_forward_loop(val)
        if kept is not None:
            self._external_values[val] = kept
            return kept
        result = val if self._outer_context is None else self._outer_context.AddValue(val)
        with g.control_dependencies(None):
            entered = self._enter(result, is_constant=True)
            self._graph.prevent_feeding(entered)
            if self._outer_context is not None:
                self._outer_context.AddInnerOp(entered.op)
        self._fix_control_inputs([entered])
        self._values.add(entered)
        self._external_values[val] = entered
        return entered

    def _enter(self, data: Tensor, is_constant: bool = False, **options: Any) -> Tensor:
        return enter(data, self._name, is_constant, self._parallel_iterations, **options)

    def _kept_by_forward_loop(self, val: Tensor) -> Tensor | None:
        state = self._current_grad_state()
        if state is None:
            return None
        forward = while_context(val.op)
        if is_loop_exit(val.op) and forward is not None:
            forward = forward.outer_context
            forward = None if forward is None else forward.GetWhileContext()
        return state.GetRealValue(val) if forward is state.forward_context else None

    def _current_grad_state(self) -> Any:
        """The state of the gradient loop that nodes are being added in."""
        context = self._graph._control_flow_context
        loop = None if context is None else context.GetWhileContext()
        return None if loop is None else loop.grad_state

    def AddOp(self, op: Operation) -> None:
        """A node was added; one that needs only a shape moves to the forward loop, which keeps the
        result.
        """
        if op.op_def.measures:
            state = self._current_grad_state()
            source = op.inputs[0].op
            if state is not None and while_context(source) is state.forward_context:
                op._control_flow_context = source._control_flow_context
                op._control_flow_context._add_op(op)
                return
        self._add_op(op)

    def _add_op(self, op: Operation) -> None:
        """Replace inputs from outside; control inputs from outside become data of the loop."""
        if op.inputs:
            for index, tensor in enumerate(list(op.inputs)):
                real = self.AddValue(tensor)
                if real is not tensor:
                    op._update_input(index, real)
            _, external = self._remove_external_control_edges(op)
            if not op.control_inputs and all(is_loop_constant_enter(t.op) for t in op.inputs):
                op._add_control_input(self._pivot_op())
        else:
            kept, external = self._remove_external_control_edges(op)
            if not kept:
                op._add_control_input(self._pivot_op())
        self._values.update(op.outputs)
        if external:
            self._wait_inside(op, external)
        if self._outer_context is not None or not is_loop_exit(op):
            self._graph.prevent_fetching(op)
            for tensor in op.outputs:
                self._graph.prevent_feeding(tensor)
        if self._outer_context is not None:
            self._outer_context.AddInnerOp(op)

    def _pivot_op(self) -> Operation:
        pivot = self.GetControlPivot()
        assert pivot is not None, "a node is added before the loop's variables"
        return pivot.op

    def _wait_inside(self, op: Operation, external: list[Operation]) -> None:
        with g.control_dependencies(None):
            self.Enter()
            inside = [g.Identity(source.outputs[0]).op for source in external if source.outputs]
            self.Exit()
        op._add_control_inputs(inside)

    def _fix_control_inputs(self, enters: list[Tensor]) -> None:
        """Put Enters into the loop, with those of the current control dependencies that lie
        around it."""
        outer = self._outer_context
        outer_loop = None if outer is None else outer.GetWhileContext()
        for entered in enters:
            op = entered.op
            around = [
                source
                for source in self._graph._control_dependencies_for_inputs([op.inputs[0]])
                if _lies_between(output_context(source), outer, outer_loop)
            ]
            op._control_flow_context = self
            op._add_control_inputs(around)
            for controller in self._graph._stack("control"):
                controller.add_op(op)

    # -- building the loop -------------------------------------------------------------------------

    def BuildLoop(
        self,
        pred: Any,
        body: Any,
        loop_vars: Any,
        shape_invariants: Any,
        return_same_structure: bool,
    ) -> Any:
        """Add a loop's nodes. Returns: its variables' last values, arranged as `body` returned
        them."""
        given = [as_loop_value(flow_of(v)) for v in nest.flatten(loop_vars)]
        if shape_invariants is None:
            shape_invariants = [shape_invariant(v) for v in given]
        tensors = nest.flatten(given, expand_composites=True)
        try:
            self.Enter()
            result, exits = self._build(pred, body, loop_vars, tensors, shape_invariants)
        finally:
            self.Exit()
        values = with_flows(nest.flatten(result, expand_composites=True), exits)
        packed = nest.pack_sequence_as(result, values, expand_composites=True)
        return packed[0] if len(exits) == 1 and not return_same_structure else packed

    def _build(
        self, pred: Any, body: Any, original: Any, loop_vars: list[Tensor], shape_invariants: Any
    ) -> tuple[Any, list[Tensor]]:
        flat = nest.flatten(original, expand_composites=True)
        enters = self._enter_variables(loop_vars, nest.flatten(shape_invariants))
        merges = [merge([x, x])[0] for x in enters]
        self._pivot_for_pred = merges[0]

        variables = nest.pack_sequence_as(
            original, with_flows(flat, merges), expand_composites=True
        )
        self._pivot = g.LoopCond(convert_to_tensor(pred(*variables)), name="LoopCond")
        switches = [switch_ref_or_tensor(x, self._pivot) for x in merges]

        inside = [identity(x[1]) for x in switches]
        self._pivot_for_body = inside[0]
        variables = nest.pack_sequence_as(
            original, with_flows(flat, inside), expand_composites=True
        )
        result = body(*variables)
        if not nest.is_sequence_or_composite(result):
            result = [result]
        nest.assert_same_structure(list(variables), list(result), expand_composites=True)
        values = [flow_of(v) for v in nest.flatten(result, expand_composites=True)]
        values = [as_loop_value(v) for v in values]
        if len(merges) != len(values):
            raise ValueError(
                "Number of inputs and outputs of body must match loop_vars: "
                f"{len(merges)}, {len(values)}"
            )
        for merged, value in zip(merges, values, strict=True):
            add_back_edge(merged, value)
        exits = [loop_exit(x[0]) for x in switches]
        self._loop_exits = exits
        self.ExitResult(exits)
        return result, exits

    def _enter_variables(self, loop_vars: list[Tensor], invariants: list[Any]) -> list[Tensor]:
        self._values = set(loop_vars)
        outer = self._outer_context
        reals = loop_vars if outer is None else [outer.AddValue(x) for x in loop_vars]
        with g.control_dependencies(None):
            enters = [self._enter(x, use_input_shape=False) for x in reals]
            for entered in enters:
                self._graph.prevent_feeding(entered)
                if outer is not None:
                    outer.AddInnerOp(entered.op)
        pivots = (context.GetControlPivot() for context in self._with_outer())
        pivot = next((p for p in pivots if p is not None), None)
        if pivot is not None:
            for entered in enters:
                if is_loop_constant_enter(entered.op.inputs[0].op):
                    entered.op._add_control_input(pivot.op)
        for real, entered, shape in zip(reals, enters, invariants, strict=True):
            _set_invariant(real, entered, shape)
        self._fix_control_inputs(enters)
        self._values = set(enters)
        self._loop_enters = enters
        return enters


def _lies_between(context: Any, outer: Any, outer_loop: Any) -> bool:
    """Whether a context is `outer` or around it, within the next loop around."""
    while outer is not context:
        if outer is None or outer is outer_loop:
            return False
        outer = outer.outer_context
    return True


def as_loop_value(value: Any) -> Any:
    """A loop variable or result of the body as tensor or composite."""
    if isinstance(value, (IndexedSlices, Tensor)):
        return value
    if isinstance(value, SparseTensor) or hasattr(value, "dense_shape"):
        return convert_to_tensor_or_sparse_tensor(value)
    return convert_to_tensor_or_indexed_slices(value)


def shape_invariant(value: Any, shape: Any = None) -> Any:
    """The shape a loop variable keeps; of a composite value, the shapes of its tensors."""
    if isinstance(value, SparseTensor):
        rank = (value.dense_shape.get_shape() if shape is None else TensorShape(shape))[0].value
        return [TensorShape([None, rank]), TensorShape([None]), TensorShape([rank])]
    if isinstance(value, IndexedSlices):
        return _slices_invariant(value, shape)
    return value.get_shape() if shape is None else getattr(shape, "shape", shape)


def _slices_invariant(value: IndexedSlices, shape: Any) -> list[TensorShape]:
    if shape is None:
        rows = value.indices.get_shape().merge_with(value.values.get_shape()[:1])
        full = value.shape
    else:
        rows = TensorShape(shape)[:1]
        full = TensorShape([None]).concatenate(TensorShape(shape)[1:])
    parts = [rows.concatenate(full[1:]), rows]
    return parts if value.dense_shape is None else [*parts, TensorShape([full.ndims])]


def _is_within(shape: TensorShape, wider: TensorShape) -> bool:
    if wider.dims is None:
        return True
    if shape.dims is None or shape.ndims != wider.ndims:
        return False
    pairs = zip(shape.as_list(), wider.as_list(), strict=True)
    return all(b is None or a == b for a, b in pairs)


def _set_invariant(given: Tensor, entered: Tensor, shape: Any) -> None:
    if not isinstance(shape, TensorShape):
        raise ValueError("`shapes` must be a (possibly nested) list of shapes.")
    if not _is_within(given.get_shape(), shape):
        raise ValueError(
            f"The shape invariant specified for {given.name} is not compatible with the initial "
            "shape of "
            f"the loop variable. It enters the loop with shape {given.get_shape()}, but the "
            "specified "
            f"shape invariant is {shape}."
        )
    entered.set_shape(shape)


def add_back_edge(merged: Any, value: Any, check_shape: bool = True) -> Any:
    """Make `value` what a loop variable is in the next iteration.

    Raises: ValueError when its shape is not within the variable's.
    """
    if isinstance(merged, Tensor):
        following = next_iteration(convert_to_tensor(value))
        if check_shape:
            _check_invariant(merged, following)
        merged.op._update_input(1, following)
        return following
    if isinstance(merged, IndexedSlices):
        value = as_indexed_slices(value)
    following = next_iteration(value)
    pairs = zip(
        nest.flatten(merged, expand_composites=True),
        nest.flatten(following, expand_composites=True),
        strict=True,
    )
    for part, new in pairs:
        part.op._update_input(1, new)
    return following


def _check_invariant(merged: Tensor, following: Tensor) -> None:
    if not _is_within(following.get_shape(), merged.get_shape()):
        given = merged.op.inputs[0].op.inputs[0]
        raise ValueError(
            f"Input tensor '{given.name}' enters the loop with shape {given.get_shape()}, but has "
            "shape "
            f"{following.get_shape()} after one iteration. To allow the shape to vary across "
            "iterations, "
            "use the `shape_invariants` argument of tf.while_loop to specify a less-specific shape."
        )
