"""Contexts: what is known, while a graph is built, of the loop or conditional that nodes belong to.

A context is told of every node added in it (`AddOp`) and replaces inputs from outside by what
stands for them inside: a Switch in a branch of a conditional, an Enter in a loop. Methods keep
TensorFlow's names, as programs and gradient functions call them.

Source: TF 1.15 python/ops/control_flow_ops.py (ControlFlowContext, CondContext),
control_flow_util.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tailrace import dtypes
from tailrace.graph import nest
from tailrace.graph.composite import IndexedSlices
from tailrace.graph.convert import convert_to_tensor
from tailrace.graph.graph import get_default_graph
from tailrace.graph.idioms import g
from tailrace.graph.operation import Operation
from tailrace.graph.tensor import Tensor

# -- what kind of node -----------------------------------------------------------------------------


def is_switch(op: Operation) -> bool:
    """Whether the node passes its input to one of two sides."""
    return op.op_def.region == "switch"


def is_merge(op: Operation) -> bool:
    """Whether the node takes the one input that was computed."""
    return op.op_def.region == "merge"


def is_loop_enter(op: Operation) -> bool:
    """Whether the node leads into a loop."""
    return op.op_def.region == "enter"


def is_loop_exit(op: Operation) -> bool:
    """Whether the node leads out of a loop."""
    return op.op_def.region == "exit"


def is_loop_constant_enter(op: Operation) -> bool:
    """Whether the node makes a constant of the loop known in it."""
    return is_loop_enter(op) and op.attrs["is_constant"]


def is_cond_switch(op: Operation) -> bool:
    """Whether all that uses a Switch lies in conditionals; the Switch itself is outside."""
    if not is_switch(op):
        return False
    for tensor in op.outputs:
        for user in tensor.consumers():
            context = user._control_flow_context
            if is_loop_enter(user):
                context = context.outer_context
            if context is None or not context.IsCondContext():
                return False
    return True


def is_loop_switch(op: Operation) -> bool:
    """Whether the node is the Switch of a loop variable."""
    context = op._control_flow_context
    return (
        is_switch(op)
        and context is not None
        and context.IsWhileContext()
        and not is_cond_switch(op)
    )


def loop_constant_enter(tensor: Tensor) -> Operation | None:
    """The Enter of the loop constant that a tensor is, if it is one."""
    op = tensor.op
    while is_switch(op) or op.op_def.passes:
        op = op.inputs[0].op
    return op if is_loop_constant_enter(op) else None


def output_context(op: Operation) -> Any:
    """The context that a node's outputs lie in: an Exit gives its value to the context around
    the loop."""
    context = op._control_flow_context
    return context.outer_context if context is not None and is_loop_exit(op) else context


def while_context(op: Operation) -> Any:
    """The innermost loop a node belongs to."""
    context = op._control_flow_context
    return None if context is None else context.GetWhileContext()


def contains(outer: Any, context: Any) -> bool:
    """Whether `context` is `outer` or within it; None is outside of all."""
    while context is not outer:
        if context is None:
            return False
        context = context.outer_context
    return True


def check_inputs(op: Operation) -> None:
    """Raises: ValueError when an input comes from within a loop that the node is not in."""
    for tensor in op._inputs:
        if tensor._op._control_flow_context is not None and not _may_use(op, tensor._op):
            there = f"'{tensor._op.name}' is in a while loop"
            inside = while_context(op)
            why = "they are in different while loops" if inside is not None else there
            raise ValueError(
                f"Cannot use '{tensor._op.name}' as input to '{op.name}' because {why}."
            )


def _may_use(op: Operation, source: Operation) -> bool:
    given = output_context(source)
    if given is None or given is op._control_flow_context:
        return True
    loop, source_loop = while_context(op), given.GetWhileContext()
    if loop is None:
        return source_loop is None or is_loop_enter(op) or is_switch(op)
    if contains(source_loop, loop):
        return True
    return _between_loop_and_gradient(loop, source_loop)


def _between_loop_and_gradient(loop: Any, source_loop: Any) -> bool:
    """Whether one loop computes the gradient of the other, or of one around it."""
    state = loop.grad_state
    if state is not None:
        forward = state.forward_context
        if contains(source_loop, forward) or (source_loop and forward is source_loop.outer_context):
            return True
    while source_loop is not None and source_loop.grad_state is not None:
        source_loop = source_loop.grad_state.forward_context
        if source_loop is loop:
            return True
    return False


# -- the nodes -------------------------------------------------------------------------------------


def as_value(value: Any) -> Any:
    """A tensor, reference or composite value."""
    return value if nest.is_sequence_or_composite(value) else convert_to_tensor(value, as_ref=True)


def _mapped(function: Any, value: Any) -> Any:
    return nest.map_structure(function, value, expand_composites=True)


def identity(data: Any, name: str | None = None) -> Any:
    """`data` as a new node."""
    data = as_value(data)
    return g.identity(data, name=name) if isinstance(data, Tensor) else _mapped(identity, data)


def next_iteration(data: Any, name: str | None = None) -> Any:
    """`data` for the next iteration."""
    data = as_value(data)
    if not isinstance(data, Tensor):
        return _mapped(next_iteration, data)
    node = g.RefNextIteration if data.dtype._is_ref_dtype else g.NextIteration
    return node(data, name=name)


def loop_exit(data: Any, name: str | None = None) -> Any:
    """`data` outside of the loop."""
    data = as_value(data)
    if not isinstance(data, Tensor):
        return _mapped(loop_exit, data)
    return (g.RefExit if data.dtype._is_ref_dtype else g.Exit)(data, name=name)


def enter(
    data: Any,
    frame_name: str,
    is_constant: bool = False,
    parallel_iterations: int = 10,
    use_input_shape: bool = True,
    name: str | None = None,
) -> Any:
    """`data` inside the loop of a frame."""
    data = as_value(data)
    frame = {
        "frame_name": frame_name,
        "is_constant": is_constant,
        "parallel_iterations": parallel_iterations,
    }
    if not isinstance(data, Tensor):
        return _mapped(lambda t: enter(t, **frame, use_input_shape=use_input_shape), data)
    node = g.RefEnter if data.dtype._is_ref_dtype else g.Enter
    result = node(data, **frame, name=name)
    if use_input_shape:
        result.set_shape(data.get_shape())
    return result


def switch(data: Any, pred: Any, name: str | None = None) -> Any:
    """`data` on the first output where `pred` is false, on the second where it is true."""
    with g.name_scope(name, "Switch") as scope:
        data = (
            data
            if nest.is_sequence_or_composite(data)
            else convert_to_tensor(data, name="data", as_ref=True)
        )
        pred = convert_to_tensor(pred, name="pred")
        if isinstance(data, Tensor):
            return g.Switch(data, pred, name=scope)
        pairs = [g.Switch(t, pred) for t in nest.flatten(data, expand_composites=True)]
        false, true = zip(*pairs, strict=True)
        return (
            nest.pack_sequence_as(data, false, expand_composites=True),
            nest.pack_sequence_as(data, true, expand_composites=True),
        )


def switch_ref_or_tensor(data: Any, pred: Any, name: str = "Switch") -> Any:
    """`switch` beside what gives `data`; of a reference the outputs are references."""
    data = data if nest.is_sequence_or_composite(data) else convert_to_tensor(data, name="data")
    with g.colocate_with(data.op, ignore_existing=True):
        if isinstance(data, Tensor) and data.dtype._is_ref_dtype:
            return g.RefSwitch(data, pred, name=name)
        return switch(data, pred, name=name)


def merge(inputs: list[Any], name: str | None = None) -> Any:
    """The input that was computed, and its index. Tensors join IndexedSlices as such."""
    if any(value is None for value in inputs):
        raise ValueError(f"At least one of the merge inputs is None: {inputs}")
    with g.name_scope(name, "Merge") as scope:
        inputs = [as_value(value) for value in inputs]
        if all(isinstance(value, Tensor) for value in inputs):
            is_ref = all(value.dtype._is_ref_dtype for value in inputs)
            return (g.RefMerge if is_ref else g.Merge)(inputs, name=scope)
        if all(isinstance(value, (IndexedSlices, Tensor)) for value in inputs):
            inputs = same_index_type([as_indexed_slices(value) for value in inputs])
        flat = [nest.flatten(value, expand_composites=True) for value in inputs]
        merged = [g.Merge(list(parts)) for parts in zip(*flat, strict=True)]
        values = nest.pack_sequence_as(inputs[0], [m[0] for m in merged], expand_composites=True)
        return values, merged[0][1]


def as_indexed_slices(value: Any) -> IndexedSlices:
    """All rows of a tensor, as IndexedSlices."""
    if isinstance(value, IndexedSlices):
        return value
    shape = g.shape(value, optimize=False)
    with g.name_scope("strided_slice") as scope:
        ends = [g.constant([n], name=k) for k, n in (("stack", 0), ("stack_1", 1), ("stack_2", 1))]
        rows = g.StridedSlice(shape, *ends, shrink_axis_mask=1, name=scope)
    return IndexedSlices(value, g.Range(0, rows, 1, name="range"), shape)


def same_index_type(slices: list[IndexedSlices]) -> list[IndexedSlices]:
    """Indices all int64 when they are not all int32."""
    if len({s.indices.dtype for s in slices}) == 1:
        return slices
    return [IndexedSlices(s.values, g.cast(s.indices, dtypes.int64), s.dense_shape) for s in slices]


def flow_of(value: Any) -> Any:
    """A tensor array's flow, which stands for it among loop variables; any other value itself."""
    return value.flow if hasattr(value, "_with_flow") else value


def with_flows(originals: list[Any], tensors: list[Any]) -> list[Any]:
    """`tensors`, those that stand for a tensor array made one again."""
    if len(originals) != len(tensors):
        raise ValueError(
            "Lengths of original Tensor list and new list do not match: "
            f"{len(originals)} vs. {len(tensors)}"
        )
    return [
        old._with_flow(new) if hasattr(old, "_with_flow") else new
        for old, new in zip(originals, tensors, strict=True)
    ]


# -- contexts --------------------------------------------------------------------------------------


class ControlFlowContext:
    """What conditionals and loops have in common."""

    def __init__(self, name: str) -> None:
        graph = get_default_graph()
        graph._context_check = check_inputs
        self._name = graph.unique_name(name)
        self._graph = graph
        self._outer_context: Any = graph._control_flow_context
        self._nested_contexts: list[ControlFlowContext] = []
        if self._outer_context is not None:
            self._outer_context._nested_contexts.append(self)
        self._context_stack: list[Any] = []
        self._values: set[Tensor] = set()  # tensors that may be used here as they are
        self._external_values: dict[
            Tensor, Tensor
        ] = {}  # what stands here for tensors from outside

    @property
    def name(self) -> str:
        """The context's name; a loop's frame has it."""
        return self._name

    @property
    def outer_context(self) -> Any:
        """The context around this one."""
        return self._outer_context

    @property
    def grad_state(self) -> Any:
        """The state of the gradient that this context is part of."""
        return None

    @property
    def back_prop(self) -> bool:
        """Whether gradients go through the loop."""
        return False

    def _with_outer(self) -> Iterator[ControlFlowContext]:
        context: Any = self
        while context is not None:
            yield context
            context = context._outer_context

    def Enter(self) -> None:
        """Make this the context that nodes are added in."""
        self._context_stack.append(self._graph._control_flow_context)
        self._graph._control_flow_context = self

    def Exit(self) -> None:
        """Go back to the context before `Enter`."""
        self._graph._control_flow_context = self._context_stack.pop()

    def AddName(self, tensor: Tensor) -> None:
        """A tensor that may be used here as it is."""
        self._values.add(tensor)

    def ExitResult(self, result: Any) -> None:
        """Let the context around use the tensors of `result`."""
        if self._outer_context is not None:
            for tensor in nest.flatten(result, expand_composites=True):
                self._outer_context.AddName(tensor)

    def AddInnerOp(self, op: Operation) -> None:
        """A node was added in a context within this one."""
        if self._outer_context is not None:
            self._outer_context.AddInnerOp(op)

    def AddValue(self, val: Tensor) -> Tensor:
        """What stands for a tensor in this context."""
        raise NotImplementedError

    def AddOp(self, op: Operation) -> None:
        """A node was added in this context."""
        self._add_op(op)

    def _add_op(self, op: Operation) -> None:
        """Let a node use what is known here, and nothing else."""
        raise NotImplementedError

    def GetWhileContext(self) -> Any:
        """The innermost loop around, this context included."""
        return None if self._outer_context is None else self._outer_context.GetWhileContext()

    def GetControlPivot(self) -> Tensor | None:
        """What a node without inputs waits for."""
        return None

    def IsWhileContext(self) -> bool:
        """Whether this is a loop."""
        return False

    def IsCondContext(self) -> bool:
        """Whether this is a branch of a conditional."""
        return False

    def IsXLAContext(self) -> bool:
        """Never: there is no XLA."""
        return False

    def _remove_external_control_edges(
        self, op: Operation
    ) -> tuple[list[Operation], list[Operation]]:
        """Keep the control inputs from within the loop. Returns: those kept and those removed."""
        loop = self.GetWhileContext()
        if loop is None:
            return list(op.control_inputs), []
        kept, removed = [], []
        for source in op.control_inputs:
            context = output_context(source)
            inside = context is not None and context.GetWhileContext() is loop
            (kept if inside else removed).append(source)
        if removed:
            op._remove_all_control_inputs()
            op._add_control_inputs(kept)
        return kept, removed

    def __str__(self) -> str:
        return self._name


class CondContext(ControlFlowContext):
    """A branch of a conditional."""

    def __init__(self, pred: Tensor, pivot: Tensor, branch: int, name: str = "cond_text") -> None:
        super().__init__(name)
        self._pred = pred
        self._pivot = pivot  # the predicate as it is known in the branch
        self._branch = branch  # 1 where the predicate is true
        self._values.update((pred, pivot))
        self._external_values[pred] = pred
        pivot.op._control_flow_context = self

    @property
    def pred(self) -> Tensor:
        """The conditional's predicate."""
        return self._pred

    @property
    def pivot(self) -> Tensor:
        """The predicate as it is known in the branch."""
        return self._pivot

    @property
    def branch(self) -> int:
        """1 where the predicate is true, else 0."""
        return self._branch

    @property
    def grad_state(self) -> Any:
        """The state of the gradient that the loop around is part of."""
        loop = self.GetWhileContext()
        return None if loop is None else loop.grad_state

    def GetControlPivot(self) -> Tensor:
        """What a node without inputs waits for."""
        return self._pivot

    def IsCondContext(self) -> bool:
        """Whether this is a branch of a conditional."""
        return True

    def AddValue(self, val: Tensor) -> Tensor:
        """The branch's side of a Switch of `val`, made on first use."""
        if val in self._values:
            return self._external_values.get(val, val)
        self._values.add(val)
        result = self._from_outer(val)
        with g.control_dependencies(None):
            result = switch_ref_or_tensor(result, self._pred)[self._branch]
            if self._outer_context is not None:
                self._outer_context.AddInnerOp(result.op)
        self._graph.prevent_fetching(result.op)
        result.op._control_flow_context = self
        for context in self._with_outer():
            context._values.add(result)
        self._external_values[val] = result
        return result

    def _from_outer(self, val: Tensor) -> Tensor:
        if self._outer_context is None:
            return val
        result = self._outer_context.AddValue(val)
        self._values.add(result)
        self._external_values[result] = result
        return result

    def _add_op(self, op: Operation) -> None:
        if op.inputs:
            for index, tensor in enumerate(list(op.inputs)):
                back_edge = is_merge(op) and tensor.op.op_def.region == "next"
                real = tensor if back_edge else self.AddValue(tensor)
                if real is not tensor:
                    op._update_input(index, real)
            self._remove_external_control_edges(op)
        else:
            self._remove_external_control_edges(op)
            if not any(
                contains(self, source._control_flow_context) for source in op.control_inputs
            ):
                op._add_control_input(self._pivot.op)
        for context in self._with_outer():
            context._values.update(op.outputs)
        if self._outer_context is not None or not is_loop_exit(op):
            self._graph.prevent_fetching(op)
        if self._outer_context is not None:
            self._outer_context.AddInnerOp(op)

    def BuildCondBranch(self, fn: Any) -> tuple[Any, Any]:
        """Add the branch's nodes.

        Returns: what `fn` returned, and the same as tensors of this context; None twice for None.
        """
        original = fn()
        if original is None:
            return None, None
        result = nest.map_structure(self._build_tensor, original, expand_composites=True)
        return original, result if isinstance(result, (list, tuple)) else [result]

    def _build_tensor(self, value: Any) -> Tensor:
        if isinstance(value, Operation):
            return g.with_dependencies([value], self._pivot)
        return self._output(convert_to_tensor(flow_of(value)))

    def _output(self, val: Tensor) -> Tensor:
        """A result of the branch; what was made outside goes through a Switch."""
        if val in self._values:
            return self._external_values.get(val, val)
        self._values.add(val)
        real = switch_ref_or_tensor(self._from_outer(val), self._pred)[self._branch]
        self._external_values[val] = real
        return real
