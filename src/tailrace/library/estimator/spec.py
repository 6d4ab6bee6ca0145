"""What a model function gives an estimator: operations and tensors for training, evaluation, use.

Source: TF 1.15 tensorflow_estimator/python/estimator/{mode_keys,model_fn}.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tailrace.graph import Operation, Tensor, get_default_graph
from tailrace.library import nest
from tailrace.library.array import reshape
from tailrace.library.estimator.export import export_outputs_of
from tailrace.library.training.run_hook import SessionRunHook
from tailrace.library.training.scaffold import Scaffold
from tailrace.library.variables import Variable

# the metric that each evaluation has
LOSS_METRIC_KEY = "loss"


class ModeKeys:
    """What a model is built for."""

    TRAIN = "train"
    EVAL = "eval"
    PREDICT = "infer"


class _Fields(NamedTuple):
    mode: str
    predictions: Any
    loss: Any
    train_op: Any
    eval_metric_ops: dict[str, Any]
    export_outputs: Any
    training_chief_hooks: tuple[SessionRunHook, ...]
    training_hooks: tuple[SessionRunHook, ...]
    scaffold: Scaffold
    evaluation_hooks: tuple[SessionRunHook, ...]
    prediction_hooks: tuple[SessionRunHook, ...]


class EstimatorSpec(_Fields):
    """What a model function returns.

    Training needs `loss` and `train_op`, evaluation `loss`, prediction `predictions` (a tensor or
    tensors by name). `eval_metric_ops` are pairs of a value and its update, by name;
    `export_outputs` are for `export_saved_model`.

    Raises: ValueError for what the mode lacks or what is of another graph, TypeError for what is
    of another kind.
    """

    __slots__ = ()

    def __new__(
        cls,
        mode: str,
        predictions: Any = None,
        loss: Any = None,
        train_op: Any = None,
        eval_metric_ops: dict[str, Any] | None = None,
        export_outputs: Any = None,
        training_chief_hooks: Any = None,
        training_hooks: Any = None,
        scaffold: Scaffold | None = None,
        evaluation_hooks: Any = None,
        prediction_hooks: Any = None,
    ) -> EstimatorSpec:
        """Checks what is given."""
        train_op = _checked_train_op(train_op, mode)
        loss = _checked_loss(loss, mode)
        predictions = _checked_predictions(predictions, mode)
        if mode == ModeKeys.PREDICT:
            export_outputs = export_outputs_of(export_outputs, predictions)
        scaffold = scaffold or Scaffold()
        if not isinstance(scaffold, Scaffold):
            raise TypeError(f"scaffold must be tf.train.Scaffold. Given: {scaffold}")
        return super().__new__(
            cls,
            mode=mode,
            predictions=predictions,
            loss=loss,
            train_op=train_op,
            eval_metric_ops=_checked_metrics(eval_metric_ops),
            export_outputs=export_outputs,
            training_chief_hooks=_checked_hooks(training_chief_hooks),
            training_hooks=_checked_hooks(training_hooks),
            scaffold=scaffold,
            evaluation_hooks=_checked_hooks(evaluation_hooks),
            prediction_hooks=_checked_hooks(prediction_hooks),
        )


def _of_this_graph(what: str, value: Any, shown: str = "") -> None:
    if value.graph is not get_default_graph():
        raise ValueError(
            f'{what} with "{shown or value.name}" must be from the default graph: it was made '
            "outside the last call of model_fn"
        )


def _is_tensor(value: Any) -> bool:
    return isinstance(value, (Tensor, Variable))


def _checked_tensor(value: Any, name: str) -> Any:
    if not _is_tensor(value):
        raise TypeError(f"{name} must be Tensor, given: {value}")
    return value


def _checked_train_op(train_op: Any, mode: str) -> Any:
    if train_op is None:
        if mode == ModeKeys.TRAIN:
            raise ValueError("Missing train_op.")
        return None
    if not (isinstance(train_op, Operation) or _is_tensor(train_op)):
        raise TypeError(f"train_op must be Operation or Tensor, given: {train_op}")
    if isinstance(train_op, Variable):
        train_op = train_op.op
    _of_this_graph("train_op", train_op)
    return train_op


def _checked_loss(loss: Any, mode: str) -> Any:
    if loss is None:
        if mode in (ModeKeys.TRAIN, ModeKeys.EVAL):
            raise ValueError("Missing loss.")
        return None
    shape = _checked_tensor(loss, "loss").get_shape()
    if shape.num_elements() not in (None, 1):
        raise ValueError(f"Loss must be scalar, given: {loss}")
    if not shape.is_compatible_with([]):
        loss = reshape(loss, [])
    _of_this_graph("loss", loss)
    return loss


def _checked_predictions(predictions: Any, mode: str) -> Any:
    if predictions is None:
        if mode == ModeKeys.PREDICT:
            raise ValueError("Missing predictions.")
        return {}
    if not isinstance(predictions, dict):
        _of_this_graph("prediction values", _checked_tensor(predictions, "predictions"))
        return predictions
    for key, value in predictions.items():
        _checked_tensor(value, f"predictions[{key}]")
        _of_this_graph("prediction values", value, f"{key}: {value.name}")
    return dict(predictions)


def _checked_metrics(metrics: dict[str, Any] | None) -> dict[str, Any]:
    if metrics is None:
        return {}
    if not isinstance(metrics, dict):
        raise TypeError(f"eval_metric_ops must be a dict, given: {metrics}")
    for key, value in metrics.items():
        if not isinstance(value, tuple) or len(value) != 2:
            raise TypeError(
                "Values of eval_metric_ops must be (metric_value, update_op) tuples, given: "
                f"{value} for key: {key}"
            )
        for part in nest.flatten(value):
            _of_this_graph("eval_metric_ops", part, f"{key}: {part.name}")
    return metrics


def _checked_hooks(hooks: Any) -> tuple[SessionRunHook, ...]:
    found = tuple(hooks or [])
    for hook in found:
        if not isinstance(hook, SessionRunHook):
            raise TypeError(f"All hooks must be SessionRunHook instances, given: {hook}")
    return found
