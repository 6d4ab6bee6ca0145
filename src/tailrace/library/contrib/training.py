"""`tf.contrib.training`: training operations out of a loss and an optimizer, and their loop.

Source: TF 1.15 contrib/training/python/training/training.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.graph import IndexedSlices, convert_to_tensor, g
from tailrace.library import logging, summary
from tailrace.library.clip import clip_by_norm, global_norm
from tailrace.library.collections import GraphKeys, get_collection, get_collection_ref
from tailrace.library.control_flow import no_op, with_dependencies
from tailrace.library.debug import check_numerics as checked_numerics
from tailrace.library.global_step import get_or_create_global_step
from tailrace.library.optimizers import Optimizer
from tailrace.library.training.monitored import MonitoredTrainingSession
from tailrace.library.variable_lists import trainable_variables

GradsAndVars = list[tuple[Any, Any]]
USE_GLOBAL_STEP: Any = 0


def _map_values(gradient: Any, change: Callable[[Any], Any]) -> Any:
    """A gradient with its values changed; of IndexedSlices the values alone."""
    if isinstance(gradient, IndexedSlices):
        return IndexedSlices(change(gradient.values), gradient.indices, gradient.dense_shape)
    return change(gradient)


def clip_gradient_norms(gradients_to_variables: Any, max_norm: float) -> GradsAndVars:
    """The gradients, each with at most `max_norm` as its norm."""
    return [
        (grad if grad is None else _map_values(grad, lambda x: clip_by_norm(x, max_norm)), var)
        for grad, var in gradients_to_variables
    ]


def clip_gradient_norms_fn(max_norm: float) -> Callable[[Any], GradsAndVars]:
    """`clip_gradient_norms` as a function of the gradients alone."""

    def clip_norms(gradients_to_variables: Any) -> GradsAndVars:
        return clip_gradient_norms(gradients_to_variables, max_norm)

    return clip_norms


def multiply_gradients(grads_and_vars: Any, gradient_multipliers: Any) -> GradsAndVars:
    """The gradients, times the factors of their variables, given by variable or name.

    Raises: ValueError for other than a list and a dict that is not empty, and for a factor of no
    gradient.
    """
    if not isinstance(grads_and_vars, list):
        raise ValueError("`grads_and_vars` must be a list.")
    if not gradient_multipliers:
        raise ValueError("`gradient_multipliers` is empty.")
    if not isinstance(gradient_multipliers, dict):
        raise ValueError("`gradient_multipliers` must be a dict.")
    result = []
    for grad, var in grads_and_vars:
        key = var if var in gradient_multipliers else var.op.name
        if key in gradient_multipliers:
            if grad is None:
                raise ValueError("Requested multiple of `None` gradient.")
            factor = convert_to_tensor(gradient_multipliers[key], grad.dtype)
            grad = _map_values(grad, lambda x, factor=factor: x * factor)
        result.append((grad, var))
    return result


def summarize_gradients(grads_and_vars: Any, separator: str) -> list[Any]:
    """A histogram and the norm of every gradient."""
    summaries = []
    for grad, var in grads_and_vars:
        if grad is None:
            logging.info("Var %s has no gradient", var.op.name)
            continue
        values = grad.values if isinstance(grad, IndexedSlices) else grad
        name = f"{var.op.name}{separator}gradient"
        summaries.append(summary.histogram(name, values))
        summaries.append(summary.scalar(f"{name}_norm", global_norm([values])))
    return summaries


def add_gradients_summaries(grads_and_vars: Any) -> list[Any]:
    """A histogram and the norm of every gradient, as summaries."""
    return summarize_gradients(grads_and_vars, "_")


def _after_updates(total_loss: Any, update_ops: Any) -> Any:
    """The loss, computed after the updates."""
    collected = get_collection(GraphKeys.UPDATE_OPS)
    given = list(dict.fromkeys(collected if update_ops is None else update_ops))
    if not set(collected) <= set(given):
        logging.warning(
            "update_ops in create_train_op does not contain all the update_ops in "
            "GraphKeys.UPDATE_OPS"
        )
    if not given:
        return total_loss
    with g.control_dependencies(given):
        barrier = no_op(name="update_barrier")
    return with_dependencies([barrier], total_loss)


def create_train_op(
    total_loss: Any,
    optimizer: Any,
    global_step: Any = USE_GLOBAL_STEP,
    update_ops: Any = None,
    variables_to_train: Any = None,
    transform_grads_fn: Callable[[Any], Any] | None = None,
    summarize_gradients: bool = False,
    gate_gradients: int = Optimizer.GATE_OP,
    aggregation_method: Any = None,
    colocate_gradients_with_ops: bool = False,
    check_numerics: bool = True,
) -> Any:
    """A tensor with the loss; to compute it takes a step, after the updates of `UPDATE_OPS`.

    Raises (when run): InvalidArgumentError for a loss that is inf or nan.
    """
    step = get_or_create_global_step() if global_step is USE_GLOBAL_STEP else global_step
    total_loss = _after_updates(total_loss, update_ops)
    variables = trainable_variables() if variables_to_train is None else variables_to_train
    if not variables:
        raise ValueError("create_train_op: there are no variables to train")
    grads = optimizer.compute_gradients(
        total_loss,
        variables,
        gate_gradients=gate_gradients,
        aggregation_method=aggregation_method,
        colocate_gradients_with_ops=colocate_gradients_with_ops,
    )
    if transform_grads_fn:
        grads = transform_grads_fn(grads)
    if summarize_gradients:
        with g.name_scope("summarize_grads"):
            add_gradients_summaries(grads)
    updates = optimizer.apply_gradients(grads, global_step=step)
    with g.name_scope("train_op"):
        if check_numerics:
            total_loss = checked_numerics(total_loss, "LossTensor is inf or nan")
        train_op = with_dependencies([updates], total_loss)
    collected = get_collection_ref(GraphKeys.TRAIN_OP)
    if all(train_op is not known for known in collected):
        collected.append(train_op)
    return train_op


def train(
    train_op: Any,
    logdir: Any,
    master: str = "",
    is_chief: bool = True,
    scaffold: Any = None,
    hooks: Any = None,
    chief_only_hooks: Any = None,
    save_checkpoint_secs: Any = 600,
    save_summaries_steps: Any = 100,
    config: Any = None,
    max_wait_secs: float = 7200,
    run_metadata: Any = None,
) -> Any:
    """Runs `train_op` until a hook stops; gives the last loss.

    Raises: ValueError for something to write without a `logdir`.
    """
    if logdir is None and is_chief:
        for name, value in (
            ("save_summaries_steps", save_summaries_steps),
            ("save_checkpoint_secs", save_checkpoint_secs),
        ):
            if value:
                raise ValueError(f"logdir cannot be None when {name} is not None")
    loss = None
    with MonitoredTrainingSession(
        master=master,
        is_chief=is_chief,
        checkpoint_dir=logdir,
        scaffold=scaffold,
        hooks=hooks,
        chief_only_hooks=chief_only_hooks,
        save_checkpoint_secs=save_checkpoint_secs,
        save_summaries_steps=save_summaries_steps,
        config=config,
        max_wait_secs=max_wait_secs,
    ) as session:
        while not session.should_stop():
            loss = session.run(train_op, run_metadata=run_metadata)
    return loss
