"""Gradient functions that programs register: `tf.RegisterGradient`, `tf.NotDifferentiable`.

Source: TF 1.15 python/framework/ops.py (RegisterGradient, get_gradient_function).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.graph import Operation, OpView, g

# by op type, or by the name that gradient_override_map gives; None where no gradient flows
_registered: dict[str, Callable[..., Any] | None] = {}


class RegisterGradient:
    """Decorator: `@tf.RegisterGradient("MyGradient") def grad(op, *grads)`.

    The function gets the Operation and the gradient of each output, and returns one per input.
    """

    def __init__(self, op_type: str) -> None:
        if not isinstance(op_type, str):
            raise TypeError("op_type must be a string")
        self._op_type = op_type

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if self._op_type in _registered:
            raise KeyError(f"Registering two gradient with name '{self._op_type}'!")
        _registered[self._op_type] = function
        return function


def no_gradient(op_type: str) -> None:
    """Declare that no gradient flows through operations of a type."""
    if not isinstance(op_type, str):
        raise TypeError("op_type must be a string")
    _registered[op_type] = None


def is_registered(op_type: str) -> bool:
    """Whether a function was registered for the gradient of a type, beside its declaration."""
    return _registered.get(op_type) is not None


def gradient_function(op: Operation) -> Callable[..., Any] | None:
    """The function `(op, *grads)` that gives an operation's gradient; None where none flows.

    Raises: LookupError when the type has no gradient.
    """
    override = op.attrs.get("_gradient_op_type")
    if override is not None:
        name = override.decode()
        if name not in _registered:
            raise LookupError(f"gradient registry has no entry for: {name}")
        return _registered[name]
    if op.type in _registered:
        return _registered[op.type]
    definition = op.op_def
    if definition.gradient_rule is not None:
        rule = definition.gradient_rule
        return lambda node, *grads: rule(g, OpView(node), *grads)
    if definition.no_gradient_reason is not None:
        return None
    reason = definition.missing_gradient_reason
    raise LookupError(
        f"No gradient defined for operation '{op.name}' (op type: {op.type})"
        + (f": {reason}" if reason else "")
    )
