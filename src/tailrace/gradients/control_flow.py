"""Gradients through loops and conditionals: the state of one call of `gradients`.

Source: TF 1.15 python/ops/control_flow_state.py (_ControlFlowState).
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from tailrace import dtypes
from tailrace.gradients import control_flow_rules as control_flow_rules
from tailrace.gradients.control_flow_loop import GradLoopState
from tailrace.graph import Operation, Tensor, convert_to_tensor, g
from tailrace.graph.control_flow import (
    is_loop_exit,
    is_loop_switch,
    is_switch,
    next_iteration,
    switch,
    switch_ref_or_tensor,
    while_context,
)

if TYPE_CHECKING:
    from tailrace.gradients.walk import Walk

_TRAINABLE = frozenset((*dtypes.FLOATS, *dtypes.COMPLEX, dtypes.resource, dtypes.variant))


def state_for(between: list[Operation], colocate: bool) -> ControlFlowState | None:
    """The state of the loops among the operations, or None when there are none.

    All exits of these loops are added to `between`.
    """
    state = None
    members = set(between)
    for op in between:  # grows on the way
        if is_loop_exit(op):
            state = state or ControlFlowState()
            with g.colocate_with(op) if colocate else contextlib.nullcontext():
                for added in state.add_loop(op):
                    if added not in members:
                        members.add(added)
                        between.append(added)
    return state


class ControlFlowState:
    """The gradient loop of each forward loop."""

    def __init__(self) -> None:
        self._states: dict[Any, GradLoopState] = {}

    def add_loop(self, op: Operation) -> list[Operation]:
        """Add the gradient loop of the loop that `op` is an Exit of. Returns: the Exits of a new
        one."""
        forward = while_context(op)
        if forward in self._states:
            return []
        if forward is None:
            raise ValueError(
                "Failed to call gradients on a while loop without properly serializing graph via "
                f"MetaGraphDef: '{op.name}' has no context"
            )
        state = self._states[forward] = GradLoopState(forward, self._outer_state(forward))
        return [tensor.op for tensor in state.forward_loop_exits]

    def _outer_state(self, forward: Any) -> GradLoopState | None:
        outer = forward.outer_context
        loop = None if outer is None else outer.GetWhileContext()
        return self._states.get(loop)

    def _state_of(self, op: Operation, before: bool) -> GradLoopState | None:
        """The state of the loop an operation is in; before it is visited, an Exit is outside."""
        context = while_context(op)
        if before and is_loop_exit(op):
            outer = op._control_flow_context.outer_context
            context = None if outer is None else outer.GetWhileContext()
        return None if context is None else self._states.get(context)

    def enter_grad_while_context(self, op: Operation, before: bool) -> None:
        """Add nodes in the gradient loop of the loop an operation is in."""
        state = self._state_of(op, before)
        if state is not None:
            state.grad_context.Enter()

    def exit_grad_while_context(self, op: Operation, before: bool) -> None:
        """Go back to the context before `enter_grad_while_context`."""
        state = self._state_of(op, before)
        if state is not None:
            state.grad_context.Exit()

    # -- exits -------------------------------------------------------------------------------------

    def process_unused_loop_exits(
        self, pending: dict[Operation, int], to_ops: set[Operation], walk: Walk
    ) -> list[Operation]:
        """The Exits no gradient reaches, of loops of which that holds for all. They get zeros."""
        unused: list[Tensor] = []
        for state in self._states.values():
            for tensor in state.forward_loop_exits:
                if pending[tensor.op] == 0:
                    state.pending_exits_count -= 1
                    if tensor.op not in to_ops:
                        state.unused_exits.append(tensor)
                    if state.pending_exits_count == 0:
                        unused.extend(state.unused_exits)
            for tensor in state.forward_context.loop_enters:
                if pending[tensor.op] == 0:
                    pending[tensor.op] = 1
        ready = []
        for tensor in unused:
            if tensor.dtype.base_dtype in _TRAINABLE:
                walk.set_grad(tensor, self.zeros_like_for_exit(tensor))
                ready.append(tensor.op)
        return ready

    def exits_ready(self, tensor: Tensor, walk: Walk) -> list[Operation]:
        """Note that an Exit's gradients are there. Returns: all Exits of the loop once all are."""
        state = self._state_of(tensor.op, before=False)
        assert state is not None, "an exit of a loop without gradient is visited"
        state.deferred_exits.append(tensor)
        state.pending_exits_count -= 1
        if state.pending_exits_count:
            return []
        ready = []
        for given in state.deferred_exits:
            if walk.has_grads(given.op):
                ready.append(given.op)
            else:
                state.unused_exits.append(given)
        any_grads = bool(ready)
        for unused in state.unused_exits:
            if any_grads and unused.dtype.base_dtype in _TRAINABLE:
                walk.set_grad(unused, self.zeros_like_for_exit(unused))
            ready.append(unused.op)
        return ready

    def zeros_like_for_exit(self, val: Tensor) -> Tensor:
        """The gradient of an Exit that nothing uses, though the loop's other variables depend on
        it."""
        shape = val.get_shape()
        forward = val.op._control_flow_context
        outer = self._outer_state(forward)
        if outer is None:
            if shape.is_fully_defined():
                return g.zeros(shape.as_list(), val.dtype)
            return g.zeros_like(val, optimize=False)
        if shape.is_fully_defined():
            outer.grad_context.Enter()
            result = g.zeros(shape.as_list(), val.dtype)
            outer.grad_context.Exit()
            return result
        forward.outer_context.Enter()
        sizes = g.shape(val, optimize=False)
        forward.outer_context.Exit()
        history = outer.AddForwardAccumulator(sizes)
        outer.grad_context.Enter()
        result = g.zeros(outer.AddBackpropAccumulatedValue(history, sizes), val.dtype)
        outer.grad_context.Exit()
        return result

    # -- zeros in loops ----------------------------------------------------------------------------

    def zeros_like(self, op: Operation, index: int) -> Any:
        """Zeros for an output that no gradient reached; called in its gradient loop."""
        if is_loop_switch(op):
            return None
        state = self._states.get(while_context(op))
        if state is None:
            return zeros_like_outside_loop(op, index)
        val = convert_to_tensor(op.outputs[index], name="tensor")
        if val.get_shape().is_fully_defined():
            return self._known_zeros(state, op, val)
        return self._zeros_of_kept_shape(state, op, val)

    def _known_zeros(self, state: GradLoopState, op: Operation, val: Tensor) -> Tensor:
        result = g.constant(0, val.dtype, shape=val.get_shape().as_list())
        if is_switch(op):
            context = op._control_flow_context
            pred = state.history_map[context.pred]
            result = switch_ref_or_tensor(result, pred)[1 - context.branch]
        return result

    def _zeros_of_kept_shape(self, state: GradLoopState, op: Operation, val: Tensor) -> Tensor:
        """Zeros of the shape a value had in the forward loop's iteration."""
        context = op._control_flow_context
        dead_branch = is_switch(op)
        if dead_branch:
            context.outer_context.Enter()
            val = switch_ref_or_tensor(op.inputs[0], context.pred)[1 - context.branch]
            shape = g.shape(val, optimize=False)
            context.outer_context.Exit()
            val.op._control_flow_context = context
            shape.op._control_flow_context = context
        else:
            context.Enter()
            shape = g.shape(val, optimize=False)
            context.Exit()
        state.grad_context.Exit()
        history = state.AddForwardAccumulator(shape, dead_branch)
        state.grad_context.Enter()
        return g.zeros(state.AddBackpropAccumulatedValue(history, shape, dead_branch), val.dtype)

    # -- the end -----------------------------------------------------------------------------------

    def post_process(self) -> None:
        """Where a variable's next value does not depend on it, its gradient is zero after."""
        for state in self._states.values():
            for merged in state.switch_map.values():
                if merged.op.inputs[0] is merged.op.inputs[1]:
                    _add_zero_edge(state, merged.op)


def _add_zero_edge(state: GradLoopState, merge: Operation) -> None:
    first = merge.inputs[0]
    shape = first.get_shape()
    loop = state.grad_context
    if shape.is_fully_defined():
        loop.Enter()
        zeros = g.constant(0, first.dtype, shape=shape.as_list())
    else:
        with loop._outside():
            zeros = g.zeros(g.shape(first.op.inputs[0], optimize=False))
        loop.Enter()
    following = next_iteration(zeros)
    loop.Exit()
    merge._update_input(1, following)


def zeros_like_outside_loop(op: Operation, index: int) -> Any:
    """Zeros for an output that no gradient reached."""
    val = op.outputs[index]
    context = op._control_flow_context
    if not is_switch(op):
        if val.dtype is dtypes.resource:
            return g.zeros(g.VariableShape(val), _element_type(val))
        return g.zeros_like(val, optimize=False)
    if context is None:
        return g.zeros_like(val, optimize=False)
    taken = switch(op.inputs[0], context.pred)[1 - context.branch]
    pivot = g.Identity(taken)  # computed where the branch is taken, as a Switch is not
    if val.dtype is dtypes.resource:
        with g.control_dependencies([pivot]):
            return g.zeros(g.VariableShape(taken), _element_type(val))
    shape = g.shape(taken, optimize=False)
    with g.control_dependencies([pivot]):
        return g.zeros(shape, val.dtype)


def _element_type(handle: Tensor) -> dtypes.DType:
    return dtypes.float32 if handle._handle is None else handle._handle[0]
