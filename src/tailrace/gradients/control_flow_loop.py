"""The gradient of one loop: a loop that runs backwards over what the forward loop kept on stacks.

Source: TF 1.15 python/ops/control_flow_state.py (_GradLoopState).
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Operation, Tensor, g, get_default_graph
from tailrace.graph.constants import evaluate
from tailrace.graph.control_flow import (
    CondContext,
    loop_constant_enter,
    output_context,
    switch_ref_or_tensor,
)
from tailrace.graph.control_flow_backprop import WhileContext


class GradLoopState:
    """A forward loop and the loop that computes its gradient."""

    def __init__(self, forward: WhileContext, outer: GradLoopState | None) -> None:
        self.outer_grad_state = outer
        self.forward_context = forward
        self.history_map: dict[
            Tensor, Tensor
        ] = {}  # forward tensors, as they are in the gradient loop
        self.switch_map: dict[
            Operation, Any
        ] = {}  # forward Switches, and the Merge of their gradient
        self.unused_exits: list[Tensor] = []
        self.deferred_exits: list[Tensor] = []
        self.forward_loop_exits = list(forward.loop_exits)
        self.pending_exits_count = len(forward.loop_exits)
        self._forward_sync: Operation | None = None
        self._grad_sync: Operation | None = None
        around = forward.outer_context if outer is None else outer.forward_context
        count = self._add_forward_counter(around)
        if outer is None:
            self._add_grad_loop(around, lambda: count)
        else:
            around.AddName(count)
            history = outer.AddForwardAccumulator(count)
            self._add_grad_loop(
                outer.grad_context, lambda: outer.AddBackpropAccumulatedValue(history, count)
            )

    def _add_forward_counter(self, around: Any) -> Tensor:
        if around is not None:
            around.Enter()
        counted = self.forward_context.AddForwardLoopCounter(self.outer_grad_state)
        if around is not None:
            around.Exit()
        count, self.forward_index = counted
        return count

    def _add_grad_loop(self, around: Any, count: Any) -> None:
        forward = self.forward_context
        if around is not None:
            around.Enter()
        self.grad_context = WhileContext(
            maximum_iterations=forward.maximum_iterations,
            parallel_iterations=forward.parallel_iterations,
            back_prop=forward.back_prop,
            swap_memory=forward.swap_memory,
            name=forward.name,
            grad_state=self,
        )
        self.grad_index = self.grad_context.AddBackpropLoopCounter(count(), self.outer_grad_state)
        if around is not None:
            around.Exit()

    @property
    def forward_sync(self) -> Operation:
        """What the forward loop's next iteration waits for: all that is put on stacks in this."""
        if self._forward_sync is None:
            self._forward_sync = _trigger("f_sync", self.forward_context)
            self.forward_index.op._add_control_input(self._forward_sync)
        return self._forward_sync

    @property
    def grad_sync(self) -> Operation:
        """What the gradient loop's next iteration waits for: everything taken from stacks in
        this one."""
        if self._grad_sync is None:
            self._grad_sync = _trigger("b_sync", self.grad_context)
            self.grad_index.op._add_control_input(self._grad_sync)
            if self.grad_context.outer_context is not None:
                self.grad_context.outer_context.AddInnerOp(self._grad_sync)
        return self._grad_sync

    def AddForwardAccumulator(self, value: Tensor, dead_branch: bool = False) -> Tensor:
        """Have the forward loop push `value` on a stack in every iteration. Returns: the stack.

        `dead_branch` says that the value belongs to the side of a Switch not taken.
        """
        current = get_default_graph()._control_flow_context
        forward = self.forward_context
        with g.control_dependencies(None):
            if current is not None:
                current.Enter()
            with g.colocate_with(value.op):
                limit = g.constant(-1, dtypes.int32)
                stack = g.StackV2(limit, elem_type=value.dtype.base_dtype, name="f_acc")
            if current is not None:
                current.Exit()
            entered = forward.AddValue(stack)
            context = output_context(value.op)
            if context is forward:
                push = self._push(forward, entered, value)
                self.forward_index.op._add_control_input(push)
            else:
                if not isinstance(context, CondContext):
                    raise TypeError(f"value_ctxt is not a CondContext: {context}")
                push = self._push(context.outer_context if dead_branch else context, entered, value)
                if dead_branch:
                    push._control_flow_context = context
                self.forward_sync._add_control_input(push)
            push._add_control_input(self.forward_index.op.inputs[0].op)
        return stack

    def _push(self, context: Any, stack: Tensor, value: Tensor) -> Operation:
        context.Enter()
        push = g.StackPushV2(stack, value, swap_memory=self.forward_context.swap_memory)
        context.Exit()
        return push.op

    def AddBackpropAccumulatedValue(
        self, history_value: Tensor, value: Tensor, dead_branch: bool = False
    ) -> Tensor:
        """Have the gradient loop pop what the forward loop pushed of `value`. Returns: the
        popped value."""
        conditional = _conditional_around(value.op, history_value.op._control_flow_context)
        with g.control_dependencies(None):
            self.grad_context.Enter()
            if conditional is not None:
                branch = 1 - conditional.branch if dead_branch else conditional.branch
                pred = self._kept_pred(conditional)
                history_value = switch_ref_or_tensor(history_value, pred)[branch]
            pop = g.StackPopV2(history_value, elem_type=value.dtype.base_dtype)
            pop.set_shape(value.get_shape())
            self.grad_context.Exit()
        if self.grad_context.parallel_iterations > 1:
            self.grad_sync._add_control_input(pop.op)
        return pop

    def _kept_pred(self, conditional: CondContext) -> Tensor:
        """A conditional's predicate as the gradient loop knows it."""
        state: GradLoopState | None = self
        while state is not None:
            pred = state.history_map.get(conditional.pred)
            if pred is not None:
                return pred
            state = state.outer_grad_state
        return conditional.pred

    def GetRealValue(self, value: Tensor) -> Tensor:
        """A tensor of the forward loop as the gradient loop knows it.

        A loop constant is entered, a constant made again, all else kept on a stack.
        """
        found = self.history_map.get(value)
        if found is not None:
            return found
        current, state = value, self
        enter = loop_constant_enter(current)
        while enter is not None:
            current = enter.inputs[0]
            if state.outer_grad_state is None:
                return self._remember(value, self.grad_context.AddValue(current))
            state = state.outer_grad_state
            enter = loop_constant_enter(current)
        if current.op.op_def.constant:
            return self._remember(value, g.constant(evaluate(current), current.dtype))
        self.grad_context.Exit()
        history = state.AddForwardAccumulator(current)
        self.grad_context.Enter()
        real = state.AddBackpropAccumulatedValue(history, current)
        if state is not self:
            real = self.grad_context.AddValue(real)
        return self._remember(value, real)

    def _remember(self, value: Tensor, real: Tensor) -> Tensor:
        self.history_map[value] = real
        return real


def _trigger(name: str, context: WhileContext) -> Operation:
    with g.control_dependencies(None):
        trigger = g.ControlTrigger(name=name)
    trigger._control_flow_context = context
    return trigger


def _conditional_around(op: Operation, stop: Any) -> CondContext | None:
    """The innermost conditional around a node, within the context `stop`."""
    context = op._control_flow_context
    while context is not None and context is not stop:
        if isinstance(context, CondContext):
            return context
        context = context.outer_context
    return None
