"""`tf.switch_case`: one of several functions, chosen by a number.

Source: TF 1.15 python/ops/control_flow_ops.py, python/ops/cond_v2.py (indexed_case).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.gradients import RegisterGradient, gradients
from tailrace.gradients.walk import is_trainable
from tailrace.graph import (
    Function,
    FunctionGraph,
    Graph,
    Operation,
    Tensor,
    convert_to_tensor,
    function_name,
    g,
    get_default_graph,
    nest,
)
from tailrace.shapes import TensorShape


def switch_case(
    branch_index: Any, branch_fns: Any, default: Any = None, name: str = "switch_case"
) -> Any:
    """What the function of number `branch_index` builds; only that is computed.

    `branch_fns` are functions in order, or pairs of number and function. `default`, else the last
    one, serves for other numbers. All must give the same structure of the same types.

    Raises: TypeError for an index that is no integer tensor and for what are no functions,
    ValueError for numbers with gaps and results that do not agree.
    """
    functions = _ordered(branch_index, branch_fns, default)
    with g.name_scope(name, "case"), g.name_scope("indexed_case") as scope:
        index = convert_to_tensor(branch_index, name="branch_index")
        branches = [_Branch(function) for function in functions]
        return _built(index, branches, scope)


def _ordered(branch_index: Any, branch_fns: Any, default: Any) -> list[Callable[[], Any]]:
    if not isinstance(branch_index, Tensor):
        raise TypeError(f"branch_index must a Tensor, got {type(branch_index)}")
    if not branch_index.dtype.is_integer:
        raise TypeError(f"branch_index must an integer Tensor, got {branch_index.dtype}")
    if not branch_fns:
        raise ValueError("Must provide at least one item in branch_fns")
    if not isinstance(branch_fns, (list, tuple, dict)):
        raise TypeError("branch_fns must be a list, tuple, or dict")
    pairs = list(branch_fns.items() if isinstance(branch_fns, dict) else branch_fns)
    if all(callable(each) for each in pairs):
        pairs = list(enumerate(pairs))
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError("Each entry in branch_fns must be a 2-tuple")
        if not isinstance(pair[0], int):
            raise TypeError(f"key must be a Python `int`, got {type(pair[0])}")
        if not callable(pair[1]):
            raise TypeError(f"fn for key {pair[0]} must be callable.")
    numbers = sorted(number for number, _ in pairs)
    if numbers != list(range(len(numbers))):
        raise ValueError(
            f"branch indices (keys) must form contiguous range of [0 to {len(numbers)}) but found "
            f"{{{','.join(map(str, numbers))}}}"
        )
    functions = [function for _, function in sorted(pairs, key=lambda pair: pair[0])]
    return functions if default is None else [*functions, default]


class _Branch:
    """A branch's graph, what its function returned, and that as tensors of the graph."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self.graph = FunctionGraph(get_default_graph())
        with self.graph.as_default():
            self.returned = nest.map_structure(convert_to_tensor, function())
            flat = nest.flatten(self.returned, expand_composites=True)
            self.results = [self.graph.capture(tensor) for tensor in flat]


def _function(
    name: str, graph: FunctionGraph, given: list[Tensor], results: list[Tensor]
) -> Function:
    """A function of the tensors given, which may be more than it captures."""
    captured = dict(graph.captures)
    parameters = []
    for tensor in given:
        inside = captured.get(tensor)
        if inside is None:
            shape = TensorShape(tensor._dims)
            inside = graph.parameter(tensor.dtype.base_dtype, shape, tensor.op.name)
        parameters.append(inside)
    graph.captures = {}
    return Function(name, graph, parameters, results)


def _built(index: Tensor, branches: list[_Branch], scope: str) -> Any:
    first = branches[0]
    for branch in branches[1:]:
        _check_agrees(first, branch)
    given = list(dict.fromkeys(tensor for b in branches for tensor in b.graph.captures))
    prefix = scope.replace("/", "_")
    functions = [
        _function(_name(f"{prefix}branch{i}"), branch.graph, given, branch.results)
        for i, branch in enumerate(branches)
    ]
    outputs = _case(index, given, functions, [b.results for b in branches], scope)
    return nest.pack_sequence_as(first.returned, outputs, expand_composites=True)


def _name(what: str) -> str:
    return function_name(what).removeprefix("__inference_")


def _check_agrees(first: _Branch, other: _Branch) -> None:
    try:
        nest.assert_same_structure(first.returned, other.returned, expand_composites=True)
    except (TypeError, ValueError) as error:
        raise TypeError(f"branches must return the same structure: {error}") from None
    for a, b in zip(first.results, other.results, strict=True):
        if a.dtype.base_dtype is not b.dtype.base_dtype:
            raise TypeError(
                f"branches must return tensors of the same types: {a.dtype.name}, {b.dtype.name}"
            )


def _common_shape(tensors: tuple[Tensor, ...]) -> TensorShape:
    shapes = [tensor.get_shape() for tensor in tensors]
    ranks = {shape.ndims for shape in shapes}
    if None in ranks or len(ranks) > 1:
        return TensorShape(None)
    sizes = zip(*(shape.as_list() for shape in shapes), strict=True)
    return TensorShape([each[0] if len(set(each)) == 1 else None for each in sizes])


def _case(
    index: Tensor,
    given: list[Tensor],
    functions: list[Function],
    results: list[list[Tensor]],
    name: str,
) -> list[Tensor]:
    outputs = g.Case(
        index,
        given,
        Tout=[tensor.dtype.base_dtype for tensor in results[0]],
        branches=functions,
        output_shapes=[_common_shape(each) for each in zip(*results, strict=True)],
        name=name,
    )
    outputs = outputs if isinstance(outputs, list) else list(outputs)
    made = outputs[0].op
    made._set_attr("_lower_using_switch_merge", True)
    made.graph.prevent_fetching(made)
    return [g.Identity(tensor) for tensor in outputs]


# -- gradients -------------------------------------------------------------------------------------


@RegisterGradient("Case")
def _case_gradient(op: Operation, *dys: Any) -> list[Any]:
    """The gradient's branch of the same number. It computes the branch once more: TensorFlow's
    takes over what the branch computed."""
    given = list(op.inputs[1:])
    wanted = [i for i, tensor in enumerate(given) if is_trainable(tensor)]
    if not wanted:
        return [None] * (1 + len(given))
    flowing = [i for i, dy in enumerate(dys) if dy is not None and is_trainable(op.outputs[i])]
    functions, results = [], []
    for branch in op.attrs["branches"]:
        function, slopes = _gradient_branch(op.graph, branch, wanted, flowing)
        functions.append(function)
        results.append(slopes)
    inputs = [*given, *(dys[i] for i in flowing)]
    found = iter(_case(op.inputs[0], inputs, functions, results, "gradient"))
    return [None, *(next(found) if i in wanted else None for i in range(len(given)))]


def _gradient_branch(
    outer: Graph, branch: Function, wanted: list[int], flowing: list[int]
) -> tuple[Function, list[Tensor]]:
    """The function that gives the slopes of a branch's inputs, from these and the gradients.

    Raises: NotImplementedError for a branch with a loop.
    """
    graph = FunctionGraph(outer)
    copies: dict[Tensor, Tensor] = {}
    parameters = []
    for tensor in branch.inputs:
        copy = graph.parameter(tensor.dtype, tensor.get_shape(), tensor.op.name)
        copy._handle = tensor._handle
        copies[tensor] = copy
        parameters.append(copy)
    with graph.as_default():
        for node in branch.graph.get_operations():
            if node.outputs and node.outputs[0] in copies:
                continue
            if any(tensor not in copies for tensor in node.inputs):
                raise NotImplementedError(
                    f"The gradient of switch_case with a loop in a branch ({node.name}) is not "
                    "supported: use tf.case"
                )
            inputs = [copies[tensor] for tensor in node.inputs]
            made = graph._add(node.op_def, inputs, dict(node.attrs), node.name)
            copies.update(zip(node.outputs, made.outputs, strict=True))
        dys = []
        for i in flowing:
            result = branch.results[i]
            dys.append(graph.parameter(result.dtype, result.get_shape(), f"grad_ys_{i}"))
        ys = [copies[branch.results[i]] for i in flowing]
        xs = [parameters[i] for i in wanted]
        slopes = [
            g.zeros_like(x) if slope is None else convert_to_tensor(slope)
            for x, slope in zip(xs, gradients(ys, xs, dys), strict=True)
        ]
    return Function(_name(f"{branch.name}_grad"), graph, [*parameters, *dys], slopes), slopes
