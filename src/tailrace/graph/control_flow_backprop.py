"""What `gradients` adds to a loop and to the loop that runs it backwards: counters and sums.

Source: TF 1.15 python/ops/control_flow_ops.py (WhileContext.AddForwardLoopCounter, AddBackprop...).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from tailrace import dtypes
from tailrace.graph.composite import IndexedSlices
from tailrace.graph.control_flow import loop_exit, merge, next_iteration, switch
from tailrace.graph.control_flow_loop import LoopContext
from tailrace.graph.idioms import g
from tailrace.graph.operation import Operation
from tailrace.graph.tensor import Tensor
from tailrace.shapes import TensorShape


class WhileContext(LoopContext):
    """The context of a loop, as programs see it."""

    @contextlib.contextmanager
    def _outside(self) -> Iterator[None]:
        """Add nodes in the context around the loop."""
        outer = self._outer_context
        if outer is not None:
            outer.Enter()
        yield
        if outer is not None:
            outer.Exit()

    def _variable(self, initial: Tensor, name: str) -> tuple[Tensor, Tensor]:
        """Enter and Merge of a further loop variable."""
        self.AddName(initial)
        entered = self._enter(initial, name=name)
        self._loop_enters.append(entered)
        return entered, merge([entered, entered], name=name if name == "b_acc" else None)[0]

    def _leave(self, value: Tensor, name: str) -> Tensor:
        result = loop_exit(value, name=name)
        self._loop_exits.append(result)
        return result

    def AddForwardLoopCounter(self, outer_grad_state: Any) -> tuple[Tensor, Tensor]:
        """Count the loop's iterations: `n = 0; while ...: n += 1`.

        Returns: the count after the loop, and the counter's next value within it.
        """
        n = g.constant(0, name="f_count")
        if outer_grad_state is not None:
            # what one run of an inner loop keeps lies before what its next run keeps
            n.op._add_control_input(outer_grad_state.forward_index.op.inputs[0].op)
        self.Enter()
        _, merged = self._variable(n, "f_count")
        stay, go_on = switch(merged, self._pivot)
        following = next_iteration(g.Add(go_on, 1))
        merged.op._update_input(1, following)
        total = self._leave(stay, "f_count")
        self.ExitResult([total])
        self.Exit()
        return total, following

    def AddBackpropLoopCounter(self, count: Tensor, outer_grad_state: Any) -> Tensor:
        """Run as often as the forward loop: `n = count; while n >= 1: n -= 1`. Gives the next n."""
        one = g.constant(1, name="b_count")
        self.Enter()
        _, merged = self._variable(count, "b_count")
        self._pivot_for_pred = merged
        self._pivot = g.LoopCond(g.GreaterEqual(merged, one), name="b_count")
        stay, go_on = switch(merged, self._pivot)
        index = g.Sub(go_on, one)
        self._pivot_for_body = index
        following = next_iteration(index)
        merged.op._update_input(1, following)
        zero = self._leave(stay, "b_count")
        if outer_grad_state is not None:
            # what one run of an inner loop takes from the stacks lies before what its next run
            # takes
            outer_grad_state.grad_sync._add_control_input(zero.op)
        self.ExitResult([zero])
        self.Exit()
        return following

    def AddBackpropAccumulator(self, op: Operation, grad: Tensor) -> Tensor:
        """Sum the gradients of a loop constant: `acc = 0; while ...: acc += grad`. Returns: the
        sum."""
        self.Exit()
        shape = grad.get_shape()
        if shape.is_fully_defined():
            with self._outside():
                acc = g.constant(0, grad.dtype, shape=shape.as_list(), name="b_acc")
        else:
            acc = self._zeros_like_constant(op.inputs[0], grad)
        self.Enter()
        _, merged = self._variable(acc, "b_acc")
        stay, go_on = switch(merged, self._pivot)
        following = next_iteration(g.Add(go_on, grad))
        merged.op._update_input(1, following)
        result = self._leave(stay, "b_acc")
        self.ExitResult([result])
        return result

    def _zeros_like_constant(self, value: Tensor, grad: Tensor) -> Tensor:
        """Zeros of a loop constant's shape, which is known when the graph runs."""
        outer = self._outer_context
        if not isinstance(outer, WhileContext) or outer.grad_state is None:
            with self._outside():
                return g.zeros(g.shape(value, optimize=False), grad.dtype)
        forward = self.grad_state.forward_context
        with forward._outside():
            shape = g.shape(value, optimize=False)
        state = self.grad_state.outer_grad_state
        history = state.AddForwardAccumulator(shape)
        outer.Enter()
        zeros = g.zeros(state.AddBackpropAccumulatedValue(history, shape), grad.dtype)
        outer.Exit()
        return zeros

    def AddBackpropIndexedSlicesAccumulator(
        self, op: Operation, grad: IndexedSlices
    ) -> IndexedSlices:
        """Join the sparse gradients of a loop constant, one iteration's rows after another's."""
        self.Exit()
        with self._outside():
            initial = self._empty_slices(op, grad)
        self.Enter()
        for tensor in (initial[1], initial[0], *initial[2:]):
            self.AddName(tensor)
        enters = [self._enter(x, use_input_shape=False, name="b_acc") for x in initial]
        enters[0].set_shape([None])
        if initial[1]._dims is not None:
            enters[1].set_shape([None, *initial[1]._dims[1:]])
        self._loop_enters.extend(enters)
        merges = [merge([x, x], name="b_acc")[0] for x in enters]
        switches = [switch(x, self._pivot) for x in merges]
        sums = [
            g.ConcatV2([kept[1], new], 0, name="concat")
            for kept, new in zip(switches, (grad.indices, grad.values), strict=False)
        ]
        if grad.dense_shape is not None:
            sums.append(g.Maximum(grad.dense_shape, switches[2][1]))
        following = [next_iteration(x) for x in sums]
        for merged, value in zip(merges, following, strict=True):
            merged.op._update_input(1, value)
        results = [loop_exit(x[0], name="b_acc") for x in switches]
        self._loop_exits.extend(results)
        self.ExitResult(results)
        return IndexedSlices(results[1], results[0], results[2] if len(results) > 2 else None)

    def _empty_slices(self, op: Operation, grad: IndexedSlices) -> list[Tensor]:
        """What the rows start from: one row of zeros. Returns: indices, values, shape if there
        is one."""
        values, dense_shape = grad.values, grad.dense_shape
        dims = values._dims
        if dims is not None and None not in dims:
            shape = [1, *dims[1:]]
            with self._outside():
                rows = g.constant(0, values.dtype, shape=shape, name="b_acc")
        else:
            rows = g.zeros(_one_row(op.inputs[0]), values.dtype)
        parts = [g.constant([0], grad.indices.dtype), rows]
        if dense_shape is not None:
            parts.append(self._zero_shape(op, dense_shape))
        return parts

    def _zero_shape(self, op: Operation, dense_shape: Tensor) -> Tensor:
        dims = dense_shape._dims
        if dims is not None and None not in dims:
            with self._outside():
                return g.constant(0, dense_shape.dtype, shape=dims)
        shape = g.shape(op.inputs[0], optimize=False, out_type=dense_shape.dtype)
        return g.zeros_like(shape, optimize=False)


def _one_row(value: Tensor) -> Tensor:
    """The shape `[1, ...]` of one row of a loop constant, or of the variable it is a handle of."""
    if value.dtype is dtypes.resource:
        while value.op.inputs:
            value = value.op.inputs[0]
        shape = TensorShape(value.op.attrs["shape"])
        return g.ConcatV2([[1], shape.as_list()[1:]], 0, name="concat")
    whole = g.shape(value, optimize=False)
    with g.name_scope("strided_slice") as scope:
        ends = [g.constant([n], name=k) for k, n in (("stack", 1), ("stack_1", 0), ("stack_2", 1))]
        rest = g.StridedSlice(whole, *ends, end_mask=1, name=scope)
    return g.ConcatV2([[1], rest], 0, name="concat")
