"""`tf.custom_gradient`: a function that brings its own derivative.

Source: TF 1.15 python/ops/custom_gradient.py.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

from tailrace.gradients import RegisterGradient
from tailrace.graph import convert_to_tensor, g, get_default_graph, nest
from tailrace.library.variable_scope import get_variable_scope

_numbers = itertools.count()


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator of `f(*tensors) -> (result, grad)`: `grad(*dys)` gives the gradient per tensor.

    Raises: TypeError when `f` makes variables; ValueError for keyword arguments.
    """

    @functools.wraps(f)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            raise ValueError("A function with a custom gradient takes no keyword arguments.")
        inputs = [convert_to_tensor(x) for x in args]
        result, grad = _without_variables(f, inputs)
        outputs = nest.flatten(result)
        for output in outputs:
            g.Identity(output)  # TF: its search for variables leaves this node
        name = f"CustomGradient-{next(_numbers)}"
        _register(name, len(outputs), grad)
        with get_default_graph().gradient_override_map({"IdentityN": name}):
            passed = g.IdentityN(outputs + inputs)
        return nest.pack_sequence_as(result, passed[: len(outputs)])

    return decorated


def _without_variables(f: Callable[..., Any], inputs: list[Any]) -> Any:
    scope = get_variable_scope()
    before = set(scope.global_variables() + scope.local_variables())
    result = f(*inputs)
    made = set(scope.global_variables() + scope.local_variables()) - before
    if made:
        raise TypeError(
            f"A function with a custom gradient made the variable '{next(iter(made)).name}'. "
            "Make variables outside and pass them as arguments."
        )
    return result


def _register(name: str, outputs: int, grad: Callable[..., Any]) -> None:
    @RegisterGradient(name)
    def rule(_: Any, *dys: Any) -> list[Any]:
        # what is passed through are the outputs, then the inputs
        return [None] * outputs + nest.flatten(grad(*dys[:outputs]))


def grad_pass_through(f: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator of a function of one tensor whose gradient is handed on unchanged."""

    @custom_gradient
    def passed(*args: Any) -> Any:
        return f(*args), lambda *dys: dys[0] if len(dys) == 1 else dys

    return passed
