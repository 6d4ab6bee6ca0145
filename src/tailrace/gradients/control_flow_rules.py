"""Gradients of the nodes of loops and conditionals. They depend on the contexts the nodes were
built in.

Source: TF 1.15 python/ops/control_flow_grad.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.gradients.registered import RegisterGradient
from tailrace.graph import IndexedSlices, Operation, Tensor, g, get_default_graph
from tailrace.graph.control_flow import (
    CondContext,
    enter,
    loop_exit,
    merge,
    output_context,
    switch,
    switch_ref_or_tensor,
)
from tailrace.graph.control_flow_backprop import WhileContext
from tailrace.graph.control_flow_loop import add_back_edge


@RegisterGradient("RefSwitch")
@RegisterGradient("Switch")
def switch_grad(op: Operation, *grads: Any) -> tuple[Any, None]:
    """A Merge of the gradients of both sides.

    A loop variable's Switch is visited twice: for the gradient from behind the loop, which starts
    the gradient's loop variable, and for that of the body, which becomes its next value.
    """
    context = op._control_flow_context
    if isinstance(context, WhileContext):
        return _loop_switch_grad(op, grads), None
    if isinstance(context, CondContext):
        if grads[1 - context.branch] is None:
            if op.inputs[0].dtype is dtypes.resource:
                return merge([grads[context.branch]] * 2, name="cond_resource_grad")[0], None
            return None, None
        return merge(list(grads), name="cond_grad")[0], None
    false = switch(grads[0], op.inputs[1])[0]
    true = switch(grads[1], op.inputs[1])[1]
    return merge([false, true])[0], None


def _loop_switch_grad(op: Operation, grads: tuple[Any, ...]) -> Any:
    state = get_default_graph()._control_flow_context.grad_state
    merged = state.switch_map.get(op)
    if merged is not None:
        if grads[1] is not None:
            add_back_edge(merged, grads[1], check_shape=False)
        return None
    if grads[0] is None:
        return None
    merged = state.switch_map[op] = merge([grads[0], grads[0]], name="b_switch")[0]
    return merged


@RegisterGradient("RefMerge")
@RegisterGradient("Merge")
def merge_grad(op: Operation, grad: Any, _: Any) -> Any:
    """A Switch of the gradient, by what decided which input was taken."""
    current = get_default_graph()._control_flow_context
    context = output_context(op.inputs[0].op)
    if isinstance(context, WhileContext):
        return switch_ref_or_tensor(grad, current.pivot)
    if isinstance(context, CondContext):
        pred = context.pred
        if current is not None and current.grad_state is not None:
            pred = _kept_pred(current.grad_state, pred)
        return switch_ref_or_tensor(grad, pred, name="cond_grad")
    count = len(op.inputs)
    chosen = [g.Equal(op.outputs[1], i) for i in range(count)]
    return [switch_ref_or_tensor(grad, chosen[i])[1] for i in range(count)]


def _kept_pred(state: Any, pred: Tensor) -> Tensor:
    """The predicate of a conditional within a loop, as it was in each iteration."""
    kept = state.history_map.get(pred)
    if kept is None:
        state.grad_context.Exit()
        history = state.AddForwardAccumulator(pred)
        state.grad_context.Enter()
        kept = state.history_map[pred] = state.AddBackpropAccumulatedValue(history, pred)
    return kept


@RegisterGradient("RefExit")
@RegisterGradient("Exit")
def exit_grad(op: Operation, grad: Any) -> Any:
    """An Enter into the gradient loop.

    Raises: TypeError for the gradient of a gradient loop.
    """
    current = get_default_graph()._control_flow_context
    if not current.back_prop:
        return None
    if op._control_flow_context.grad_state is not None:
        raise TypeError("Second-order gradient for while loops not supported.")
    if isinstance(grad, Tensor):
        current.AddName(grad)
    elif isinstance(grad, IndexedSlices):
        for part in (grad.values, grad.indices, grad.dense_shape):
            if part is not None:
                current.AddName(part)
    else:
        raise TypeError(f"Type {type(grad)} not supported")
    current.Enter()
    result = enter(
        grad, current.name, parallel_iterations=current.parallel_iterations, name="b_exit"
    )
    current.loop_enters.append(result)
    current.Exit()
    return result


@RegisterGradient("RefNextIteration")
@RegisterGradient("NextIteration")
def next_iteration_grad(_: Operation, grad: Any) -> Any:
    """The gradient itself: the Switch's gradient adds the NextIteration."""
    return grad


@RegisterGradient("RefEnter")
@RegisterGradient("Enter")
def enter_grad(op: Operation, grad: Any) -> Any:
    """An Exit from the gradient loop; the gradients of a loop constant are summed."""
    current = get_default_graph()._control_flow_context
    if not current.back_prop or current.grad_state is None:
        return grad
    if op.attrs["is_constant"]:
        if isinstance(grad, Tensor):
            return current.AddBackpropAccumulator(op, grad)
        if isinstance(grad, IndexedSlices):
            return current.AddBackpropIndexedSlicesAccumulator(op, grad)
        raise TypeError(f"Type {type(grad)} not supported")
    result = loop_exit(grad)
    current.loop_exits.append(result)
    current.ExitResult([result])
    return result


@RegisterGradient("LoopCond")
def loop_cond_grad(_: Operation, __: Any = None) -> None:
    """No gradient passes through the predicate of a loop."""
