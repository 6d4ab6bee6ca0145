"""`optimize_loss`: a training step with its learning rate, clipping and summaries.

Source: TF 1.15 contrib/layers/python/layers/optimizers.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.graph import IndexedSlices, Tensor, convert_to_tensor, g
from tailrace.library import clip, initializers, random, summary
from tailrace.library.checks import assert_scalar
from tailrace.library.collections import GraphKeys, get_collection
from tailrace.library.global_step import assert_global_step, get_global_step
from tailrace.library.optimizers.adaptive import (
    AdagradOptimizer,
    AdamOptimizer,
    FtrlOptimizer,
    RMSPropOptimizer,
)
from tailrace.library.optimizers.base import Optimizer
from tailrace.library.optimizers.classic import GradientDescentOptimizer, MomentumOptimizer
from tailrace.library.variable_lists import trainable_variables
from tailrace.library.variable_scope import get_variable, variable_scope

Pairs = list[tuple[Any, Any]]
Clipping = float | Callable[[Pairs], Pairs] | None

OPTIMIZER_CLS_NAMES: dict[str, Callable[..., Any]] = {
    "Adagrad": AdagradOptimizer,
    "Adam": AdamOptimizer,
    "Ftrl": FtrlOptimizer,
    "Momentum": lambda learning_rate: MomentumOptimizer(learning_rate, momentum=0.9),
    "RMSProp": RMSPropOptimizer,
    "SGD": GradientDescentOptimizer,
}

OPTIMIZER_SUMMARIES = [
    "learning_rate",
    "loss",
    "gradients",
    "gradient_norm",
    "global_gradient_norm",
]


def optimize_loss(
    loss: Any,
    global_step: Any,
    learning_rate: Any,
    optimizer: Any,
    gradient_noise_scale: float | None = None,
    gradient_multipliers: dict[Any, Any] | None = None,
    clip_gradients: Any = None,
    learning_rate_decay_fn: Callable[[Any, Any], Any] | None = None,
    update_ops: Any = None,
    variables: list[Any] | None = None,
    name: str | None = None,
    summaries: list[str] | None = None,
    colocate_gradients_with_ops: bool = False,
    increment_global_step: bool = True,
) -> Tensor:
    """The loss, given after a step that changes the variables to lower it.

    `optimizer` is a name, an optimizer, its class, or a function of the learning rate;
    `clip_gradients` a global norm, or a function of pairs of gradient and variable. The updates of
    layers come first.

    Raises: ValueError for arguments not of these kinds.
    """
    loss = convert_to_tensor(loss)
    assert_scalar(loss)
    if global_step is None:
        global_step = get_global_step()
    else:
        assert_global_step(global_step)
    with variable_scope(name, "OptimizeLoss", [loss, global_step]):
        updates = set(get_collection(GraphKeys.UPDATE_OPS)) if update_ops is None else update_ops
        if updates:
            loss = g.with_dependencies(list(updates), loss)
        wanted = _wanted_summaries(summaries)
        rate = None if learning_rate is None else _learning_rate(learning_rate)
        if rate is not None and learning_rate_decay_fn is not None:
            rate = _decayed(rate, learning_rate_decay_fn, global_step, wanted)
        chosen = _optimizer(optimizer, rate)
        pairs = chosen.compute_gradients(
            loss,
            trainable_variables() if variables is None else variables,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
        )
        pairs = _changed(pairs, gradient_noise_scale, gradient_multipliers)
        pairs = _clipped(pairs, clip_gradients, loss, wanted)
        train = chosen.apply_gradients(
            pairs, global_step=global_step if increment_global_step else None, name="train"
        )
        return g.with_dependencies([train], loss)


def _wanted_summaries(summaries: list[str] | None) -> list[str]:
    if summaries is None:
        return ["loss", "learning_rate", "global_gradient_norm"]
    for kind in summaries:
        if kind not in OPTIMIZER_SUMMARIES:
            known = ", ".join(OPTIMIZER_SUMMARIES)
            raise ValueError(f"Summaries should be one of [{known}], you provided {kind}.")
    return summaries


def _learning_rate(learning_rate: Any) -> Any:
    if isinstance(learning_rate, Tensor) and learning_rate.get_shape().ndims == 0:
        return learning_rate
    if not isinstance(learning_rate, float):
        raise ValueError(
            f"Learning rate should be 0d Tensor or float. Got {learning_rate} of type "
            f"{type(learning_rate)}"
        )
    if learning_rate < 0:
        raise ValueError(f"Invalid learning_rate {learning_rate}.")
    start = initializers.Constant(learning_rate)
    return get_variable("learning_rate", [], trainable=False, initializer=start)


def _decayed(rate: Any, decay: Callable[[Any, Any], Any], step: Any, wanted: list[str]) -> Any:
    if step is None:
        raise ValueError("global_step is required for learning_rate_decay_fn.")
    rate = decay(rate, step)
    if "learning_rate" in wanted:
        summary.scalar("learning_rate", rate)
    return rate


def _optimizer(optimizer: Any, rate: Any) -> Any:
    make: Any
    if isinstance(optimizer, Optimizer):
        return optimizer
    if isinstance(optimizer, str):
        if optimizer not in OPTIMIZER_CLS_NAMES and rate is not None:
            known = ", ".join(OPTIMIZER_CLS_NAMES)
            raise ValueError(
                f"Optimizer name should be one of [{known}], you provided {optimizer}."
            )
        kind, make = "string", OPTIMIZER_CLS_NAMES.get(optimizer)
    elif isinstance(optimizer, type) and issubclass(optimizer, Optimizer):
        kind, make = "class", optimizer
    elif callable(optimizer):
        made = optimizer() if rate is None else optimizer(rate)
        if not isinstance(made, Optimizer):
            raise ValueError(
                f"Unrecognized optimizer: function should return subclass of Optimizer. Got {made}."
            )
        return made
    else:
        raise ValueError(
            "Unrecognized optimizer: should be string, subclass of Optimizer, instance of subclass "
            f"of Optimizer or function with one argument. Got {optimizer}."
        )
    if rate is None or make is None:
        raise ValueError(
            f"Learning rate is None, but should be specified if optimizer is {kind} ({optimizer})."
        )
    return make(learning_rate=rate)


def _scaled(grad: Any, factor: Any) -> Any:
    """A gradient times a factor; None stays None."""
    if isinstance(grad, IndexedSlices):
        return IndexedSlices(grad.values * factor, grad.indices, grad.dense_shape)
    return None if grad is None else grad * factor


def _changed(pairs: Pairs, noise: float | None, multipliers: dict[Any, Any] | None) -> Pairs:
    if noise is not None:
        pairs = [(_noisy(grad, noise), variable) for grad, variable in pairs]
    if multipliers is None:
        return pairs
    pairs = [(_multiplied(grad, variable, multipliers), variable) for grad, variable in pairs]
    if not pairs:
        raise ValueError(
            "Empty list of (gradient, var) pairs encountered. This is most likely to be caused by "
            "an improper value of gradient_multipliers."
        )
    return pairs


def _noisy(grad: Any, scale: float) -> Any:
    if grad is None:
        return None
    sparse = isinstance(grad, IndexedSlices)
    shape = grad.dense_shape if sparse else grad.get_shape()
    noise = random.truncated_normal(shape) * scale
    return (convert_to_tensor(grad) if sparse else grad) + noise


def _multiplied(grad: Any, variable: Any, multipliers: dict[Any, Any]) -> Any:
    factor = multipliers.get(variable, multipliers.get(variable.name))
    if grad is None or factor is None:
        return grad
    return _scaled(grad, factor if isinstance(grad, IndexedSlices) else g.cast(factor, grad.dtype))


def _clipped(pairs: Pairs, limit: Clipping, loss: Tensor, wanted: list[str]) -> Pairs:
    """Clip gradients, and write the summaries of loss and gradients."""
    norms = "global_gradient_norm" in wanted or "gradient_norm" in wanted
    if norms:
        _summarize_norm("gradient_norm", pairs)
    if isinstance(limit, float):
        grads, variables = zip(*pairs, strict=True)
        pairs = list(zip(clip.clip_by_global_norm(grads, limit)[0], variables, strict=True))
    elif callable(limit):
        pairs = limit(pairs)
    elif limit is not None:
        raise ValueError(f"Unknown type {type(limit)} for clip_gradients")
    if "loss" in wanted:
        summary.scalar("loss", loss)
    for grad, variable in pairs:
        _summarize_gradient(grad, variable.name.replace(":", "_"), wanted)
    if limit is not None and norms:
        _summarize_norm("clipped_gradient_norm", pairs)
    return pairs


def _summarize_norm(name: str, pairs: Pairs) -> None:
    summary.scalar(f"global_norm/{name}", clip.global_norm([grad for grad, _ in pairs]))


def _summarize_gradient(grad: Any, name: str, wanted: list[str]) -> None:
    values = grad.values if isinstance(grad, IndexedSlices) else grad
    if values is not None and "gradients" in wanted:
        summary.histogram(f"gradients/{name}", values)
    if values is not None and "gradient_norm" in wanted:
        summary.scalar(f"gradient_norm/{name}", clip.global_norm([values]))
