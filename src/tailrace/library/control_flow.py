"""Conditionals, loops, and what orders nodes: `tf.cond`, `tf.case`, `tf.while_loop`, `tf.group`,
`tf.tuple`.

Source: TF 1.15 python/ops/control_flow_ops.py.
"""

from __future__ import annotations

import collections
import functools
from collections.abc import Callable
from typing import Any

from tailrace import dtypes
from tailrace.graph import IndexedSlices, Operation, Tensor, convert_to_tensor, g, nest
from tailrace.graph.control_flow import CondContext, merge, switch, with_flows
from tailrace.graph.control_flow_backprop import WhileContext
from tailrace.graph.control_flow_loop import shape_invariant
from tailrace.library.array import stack
from tailrace.library.collections import GraphKeys, add_to_collection
from tailrace.library.reductions import reduce_sum
from tailrace.shapes import TensorShape


def no_op(name: str | None = None) -> Operation:
    """An operation that does nothing, for its control inputs."""
    return g.NoOp(name=name)


def group(*inputs: Any, **kwargs: Any) -> Operation:
    """An operation that is done when all `inputs` are."""
    name = kwargs.pop("name", None)
    if kwargs:
        raise ValueError("Unknown keyword arguments: " + ", ".join(kwargs))
    for item in nest.flatten(inputs, expand_composites=True):
        if not hasattr(item, "device"):
            raise TypeError(
                f"Expected tf.group() expected Tensor arguments not '{item}' with type "
                f"'{type(item)}'"
            )
    return g.group(*inputs, name=name)


def tuple(tensors: Any, name: str | None = None, control_inputs: Any = None) -> list[Any]:
    """`tensors`, none of them given before all, and the `control_inputs`, are computed."""
    return g.tuple(list(tensors), name=name, control_inputs=control_inputs)


def with_dependencies(dependencies: Any, output_tensor: Any, name: str | None = None) -> Any:
    """`output_tensor`, given after `dependencies` have run."""
    return g.with_dependencies(list(dependencies), output_tensor, name=name)


def Assert(
    condition: Any, data: Any, summarize: int | None = None, name: str | None = None
) -> Operation:
    """An operation that fails, showing `data`, where `condition` is false.

    Raises (when run): InvalidArgumentError.
    """
    with g.name_scope(name, "Assert"):
        values = [convert_to_tensor(x) for x in data]
        if all(x.dtype in (dtypes.string, dtypes.int32) for x in values):
            return g.Assert(condition, data, summarize=summarize, name="Assert")
        condition = convert_to_tensor(condition, name="Condition")

        def failing() -> Operation:
            return g.Assert(condition, data, summarize=summarize, name="Assert")

        return cond(condition, no_op, failing, name="AssertGuard").op


# -- conditionals ----------------------------------------------------------------------------------


def cond(
    pred: Any,
    true_fn: Callable[[], Any] | None = None,
    false_fn: Callable[[], Any] | None = None,
    strict: bool = False,
    name: str | None = None,
    fn1: Callable[[], Any] | None = None,
    fn2: Callable[[], Any] | None = None,
) -> Any:
    """What `true_fn` builds where `pred` is true, else what `false_fn` builds; only that is
    computed.

    Both are called once and must give the same structure of the same types. A list or tuple of one
    is given as its element, unless `strict`.
    """
    true_fn = _branch_function("true_fn", true_fn, "fn1", fn1)
    false_fn = _branch_function("false_fn", false_fn, "fn2", fn2)
    with g.name_scope(name, "cond"):
        if isinstance(pred, bool):
            raise TypeError("pred must not be a Python bool")
        gate_false, gate_true = switch(pred, pred)
        pivot_true = g.Identity(gate_true, name="switch_t")
        pivot_false = g.Identity(gate_false, name="switch_f")
        pred = g.Identity(pred, name="pred_id")
        for tensor in (gate_true, gate_false, pivot_true, pivot_false, pred):
            tensor.graph.prevent_fetching(tensor.op)
        true = _Branch(CondContext(pred, pivot_true, branch=1), true_fn, "true_fn", strict)
        false = _Branch(CondContext(pred, pivot_false, branch=0), false_fn, "false_fn", strict)
        return _merged(true, false, strict)


def _branch_function(name: str, function: Any, old_name: str, old: Any) -> Callable[[], Any]:
    if old is not None:
        if function is not None:
            raise TypeError(f"cond(): {name} and {old_name} may not be set simultaneously.")
        function = old
    elif function is None:
        raise TypeError(f"cond(): {name} argument required")
    if not callable(function):
        raise TypeError(f"{name} must be callable.")
    return function


class _Branch:
    """One side of a conditional: its context, what its function returned, and that as tensors."""

    def __init__(
        self, context: CondContext, function: Callable[[], Any], name: str, strict: bool
    ) -> None:
        self.context = context
        context.Enter()
        try:
            returned, self.tensors = context.BuildCondBranch(function)
            if returned is None:
                raise ValueError(f"{name} must have a return value.")
            context.ExitResult(self.tensors)
        finally:
            context.Exit()
        self.returned = returned if strict else _unpacked(returned)


def _unpacked(value: Any) -> Any:
    return value[0] if isinstance(value, (list, _Tuple)) and len(value) == 1 else value


_Tuple = type(())


def _merged(true: _Branch, false: _Branch, strict: bool) -> Any:
    _same_index_types(true.returned, false.returned)
    _same_index_types(true.tensors, false.tensors)
    try:
        nest.assert_same_structure(true.returned, false.returned, expand_composites=True)
    except (TypeError, ValueError) as error:
        kind = "types" if isinstance(error, TypeError) else "values"
        raise type(error)(f"Incompatible return {kind} of true_fn and false_fn: {error}") from None
    if not true.tensors:
        raise ValueError("true_fn and false_fn must return at least one result.")
    pairs = [
        (no, yes)
        for yes, no in zip(
            nest.flatten(true.tensors, expand_composites=True),
            nest.flatten(false.tensors, expand_composites=True),
            strict=True,
        )
    ]
    for no, yes in pairs:
        if no.dtype.base_dtype is not yes.dtype.base_dtype:
            raise ValueError(
                "Outputs of true_fn and false_fn must have the same type: "
                f"{yes.dtype.name}, {no.dtype.name}"
            )
    merges = [merge(list(pair))[0] for pair in pairs]
    values = with_flows(nest.flatten(true.returned, expand_composites=True), merges)
    if true.context.outer_context is None:
        add_to_collection(GraphKeys.COND_CONTEXT, true.context)
        add_to_collection(GraphKeys.COND_CONTEXT, false.context)
    packed = nest.pack_sequence_as(true.returned, values, expand_composites=True)
    return packed if strict else _unpacked(packed)


def _same_index_types(true: Any, false: Any) -> None:
    """Make indices int64 where the branches' IndexedSlices differ in their type."""
    for a, b in zip(nest.flatten(true), nest.flatten(false), strict=False):
        sparse = isinstance(a, IndexedSlices) and isinstance(b, IndexedSlices)
        if sparse and a.indices.dtype is not b.indices.dtype:
            a._indices = g.cast(a.indices, dtypes.int64)
            b._indices = g.cast(b.indices, dtypes.int64)


def case(
    pred_fn_pairs: Any,
    default: Callable[[], Any] | None = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str = "case",
) -> Any:
    """What the function of the first true predicate builds, or `default`.

    Raises (when run): InvalidArgumentError when no predicate is true and there is no default, or
    when `exclusive` and more than one is.
    """
    predicates, actions = _checked_pairs(pred_fn_pairs)
    with g.name_scope(name, "case"):
        if default is None:
            default, predicates, actions = _last_as_default(predicates, actions)
        function: Any = default
        for predicate, action in reversed(list(zip(predicates, actions, strict=True))):
            function = functools.partial(
                cond, predicate, true_fn=action, false_fn=function, strict=strict
            )
        if not exclusive:
            return function()
        with g.control_dependencies([_at_most_true(predicates, 1, "Input error: exclusive=True")]):
            return function()


def _checked_pairs(pairs: Any) -> Any:
    if not isinstance(pairs, (list, _Tuple, dict)):
        raise TypeError("fns must be a list, tuple, or dict")
    if isinstance(pairs, collections.OrderedDict):
        pairs = list(pairs.items())
    elif isinstance(pairs, dict):
        pairs = sorted(pairs.items(), key=lambda item: item[0].name)
    for pair in pairs:
        if not isinstance(pair, _Tuple) or len(pair) != 2:
            raise TypeError("Each entry in pred_fn_pairs must be a 2-tuple")
        predicate, function = pair
        if not isinstance(predicate, Tensor):
            raise TypeError(f"pred must be a Tensor, got: {predicate}")
        if predicate.dtype is not dtypes.bool:
            raise TypeError(f"pred must be Tensor of type bool: {predicate.name}")
        if not callable(function):
            raise TypeError(f"fn for pred {predicate.name} must be callable.")
    return zip(*pairs, strict=True)


def _last_as_default(predicates: Any, actions: Any) -> Any:
    """The last action as default, which fails unless its predicate alone is true."""
    others, action = predicates[:-1], actions[-1]

    def default() -> Any:
        nothing = (
            "Input error: None of conditions evaluated as True:",
            stack(predicates, name="preds_c"),
        )
        message = (
            "Implementation error: selected default action "
            f"#{len(others)} was called, but some of other predicates are True: "
        )
        checks = [_at_most_true(others, 0, message), Assert(predicates[-1], data=nothing)]
        with g.control_dependencies(checks):
            return action()

    return default, others, actions[:-1]


def _at_most_true(predicates: Any, count: int, message: str) -> Operation:
    together = stack(predicates, name="preds_c")
    true = reduce_sum(g.cast(together, dtypes.int32), name="num_true_conds")
    condition = g.LessEqual(true, g.constant(count, name="n_true_conds"))
    names = ", ".join(getattr(p, "name", "?") for p in predicates)
    text = f"{message}: more than {count} conditions ({names}) evaluated as True:"
    return Assert(condition, data=[text, together], summarize=len(predicates))


# -- loops -----------------------------------------------------------------------------------------


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
    maximum_iterations: Any = None,
    return_same_structure: bool = False,
) -> Any:
    """The loop variables after `body` has been applied to them for as long as `cond` of them is
    true.

    Args: cond and body are called once, with the loop variables (tensors, tensor arrays, structures
    of them); shape_invariants, shapes that the variables keep, where they are not those of
    `loop_vars`; parallel_iterations and swap_memory are noted in the graph and change nothing else.
    Raises: TypeError for what cannot be called, ValueError without loop variables or for changing
    shapes.
    """
    if not callable(cond):
        raise TypeError("cond must be callable.")
    if not callable(body):
        raise TypeError("body must be callable.")
    if parallel_iterations < 1:
        raise TypeError("parallel_iterations must be a positive integer.")
    with g.name_scope(name, "while"):
        if not loop_vars:
            raise ValueError("No loop variables provided")
        single = len(loop_vars) == 1 and not return_same_structure
        if maximum_iterations is not None:
            maximum_iterations = _maximum(maximum_iterations)
            cond, body, loop_vars = _counted(cond, body, loop_vars, maximum_iterations, single)
        if shape_invariants is not None:
            if maximum_iterations is not None:
                shape_invariants = (TensorShape([]), shape_invariants)
            nest.assert_same_structure(loop_vars, shape_invariants)
            shape_invariants = nest.map_structure(shape_invariant, loop_vars, shape_invariants)
        context = WhileContext(maximum_iterations, parallel_iterations, back_prop, swap_memory)
        if context.outer_context is None:
            add_to_collection(GraphKeys.WHILE_CONTEXT, context)
        result = context.BuildLoop(cond, body, loop_vars, shape_invariants, return_same_structure)
        return result if maximum_iterations is None else result[1]


def _maximum(maximum_iterations: Any) -> Tensor:
    limit = convert_to_tensor(maximum_iterations, name="maximum_iterations")
    if limit.get_shape().ndims != 0:
        raise ValueError(f"maximum_iterations must be a scalar, saw shape: {limit.get_shape()}")
    return limit


def _counted(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, limit: Tensor, single: bool
) -> Any:
    """The loop with a counter as its first variable, and the others as its second."""
    counter = g.constant(0, limit.dtype, name="iteration_counter")
    if single:
        return (
            lambda i, v: g.LogicalAnd(i < limit, cond(v)),
            lambda i, v: (i + 1, body(v)),
            (counter, loop_vars[0]),
        )
    return (
        lambda i, v: g.LogicalAnd(i < limit, cond(*v)),
        lambda i, v: (i + 1, body(*v)),
        (counter, loop_vars),
    )
