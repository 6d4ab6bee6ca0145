"""`tf.estimator.train_and_evaluate`, and what exports a model after an evaluation.

Source: TF 1.15 tensorflow_estimator/python/estimator/{training,exporter}.py.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from typing import Any, NamedTuple

from tailrace.library import gfile, logging
from tailrace.library.collections import GraphKeys
from tailrace.library.estimator.estimator import Estimator
from tailrace.library.estimator.spec import LOSS_METRIC_KEY
from tailrace.library.summary_writer import summary_iterator
from tailrace.library.training.run_hook import SessionRunHook
from tailrace.library.training.saving_hooks import CheckpointSaverListener
from tailrace.library.training.timers import SecondOrStepTimer

# a folder named by the time in seconds has so many digits
_DIGITS = 10


class Exporter:
    """The base of what exports a model after an evaluation."""

    @property
    def name(self) -> str:
        """The name of its folder below `export`."""
        raise NotImplementedError

    def export(
        self,
        estimator: Estimator,
        export_path: str,
        checkpoint_path: str,
        eval_result: dict[str, Any],
        is_the_final_export: bool,
    ) -> Any:
        """The path of what was exported; None when nothing was."""
        raise NotImplementedError


class _SavedModelExporter(Exporter):
    """Writes SavedModels, of which it keeps the latest; without `keep`, all."""

    def __init__(
        self, name: str, receiver_fn: Any, assets_extra: Any, as_text: bool, keep: int | None
    ) -> None:
        if keep is not None and keep <= 0:
            raise ValueError(
                f"`exports_to_keep`, if provided, must be a positive number. Got {keep}"
            )
        self._name = name
        self._receiver_fn = receiver_fn
        self._assets_extra = assets_extra
        self._as_text = as_text
        self._keep = keep

    @property
    def name(self) -> str:
        return self._name

    def _write(self, estimator: Estimator, export_path: str, checkpoint_path: str) -> bytes:
        written = estimator.export_saved_model(
            export_path,
            self._receiver_fn,
            assets_extra=self._assets_extra,
            as_text=self._as_text,
            checkpoint_path=checkpoint_path,
        )
        if self._keep is not None:
            names = [each.rstrip("/") for each in gfile.listdir(export_path)]
            ours = sorted(each for each in names if len(each) == _DIGITS and each.isdigit())
            for old in ours[: -self._keep]:
                gfile.rmtree(os.path.join(export_path, old))
        return written


class LatestExporter(_SavedModelExporter):
    """Exports after each evaluation, and keeps the latest."""

    def __init__(
        self,
        name: str,
        serving_input_receiver_fn: Callable[[], Any],
        assets_extra: dict[str, str] | None = None,
        as_text: bool = False,
        exports_to_keep: int | None = 5,
    ) -> None:
        super().__init__(name, serving_input_receiver_fn, assets_extra, as_text, exports_to_keep)

    def export(
        self,
        estimator: Estimator,
        export_path: str,
        checkpoint_path: str,
        eval_result: dict[str, Any],
        is_the_final_export: bool,
    ) -> bytes:
        return self._write(estimator, export_path, checkpoint_path)


class FinalExporter(_SavedModelExporter):
    """Exports once, after training."""

    def __init__(
        self,
        name: str,
        serving_input_receiver_fn: Callable[[], Any],
        assets_extra: dict[str, str] | None = None,
        as_text: bool = False,
    ) -> None:
        super().__init__(name, serving_input_receiver_fn, assets_extra, as_text, None)

    def export(
        self,
        estimator: Estimator,
        export_path: str,
        checkpoint_path: str,
        eval_result: dict[str, Any],
        is_the_final_export: bool,
    ) -> bytes | None:
        if not is_the_final_export:
            return None
        logging.info("Performing the final export in the end of training.")
        return self._write(estimator, export_path, checkpoint_path)


def _loss_smaller(best_eval_result: dict[str, Any], current_eval_result: dict[str, Any]) -> bool:
    for what, result in (("best", best_eval_result), ("current", current_eval_result)):
        if not result or LOSS_METRIC_KEY not in result:
            raise ValueError(f"{what}_eval_result cannot be empty or no loss is found in it.")
    return best_eval_result[LOSS_METRIC_KEY] > current_eval_result[LOSS_METRIC_KEY]


class BestExporter(_SavedModelExporter):
    """Exports what is better than all evaluated before, those of earlier runs included.

    `compare_fn(best_eval_result, current_eval_result)` says whether the current one is better.
    """

    def __init__(
        self,
        name: str = "best_exporter",
        serving_input_receiver_fn: Callable[[], Any] | None = None,
        event_file_pattern: str | None = "eval/*.tfevents.*",
        compare_fn: Callable[..., bool] = _loss_smaller,
        assets_extra: dict[str, str] | None = None,
        as_text: bool = False,
        exports_to_keep: int | None = 5,
    ) -> None:
        super().__init__(name, serving_input_receiver_fn, assets_extra, as_text, exports_to_keep)
        if compare_fn is None:
            raise ValueError("`compare_fn` must not be None.")
        wanted = {"best_eval_result", "current_eval_result"}
        if set(inspect.signature(compare_fn).parameters) != wanted:
            raise ValueError(f"compare_fn ({compare_fn}) must take the arguments {sorted(wanted)}.")
        self._better = compare_fn
        self._pattern = event_file_pattern
        self._folder: str | None = None
        self._best: dict[str, Any] | None = None

    def export(
        self,
        estimator: Estimator,
        export_path: str,
        checkpoint_path: str,
        eval_result: dict[str, Any],
        is_the_final_export: bool,
    ) -> bytes | None:
        if self._folder != estimator.model_dir and self._pattern:
            self._folder = estimator.model_dir
            self._best = self._best_before(os.path.join(estimator.model_dir, self._pattern))
        better = self._best is None or self._better(
            best_eval_result=self._best, current_eval_result=eval_result
        )
        if not better:
            return None
        logging.info("Performing best model export.")
        self._best = eval_result
        return self._write(estimator, export_path, checkpoint_path)

    def _best_before(self, pattern: str) -> dict[str, Any] | None:
        best = None
        for path in gfile.glob(pattern):
            for event in summary_iterator(path):
                found = {
                    value.tag: value.simple_value
                    for value in event.summary.value
                    if value.HasField("simple_value")
                }
                if found and (best is None or self._better(best, found)):
                    best = found
        return best


class _Train(NamedTuple):
    input_fn: Callable[..., Any]
    max_steps: int | None
    hooks: tuple[SessionRunHook, ...]


class TrainSpec(_Train):
    """How `train_and_evaluate` trains. Raises: ValueError, TypeError for what cannot be."""

    __slots__ = ()

    def __new__(
        cls, input_fn: Callable[..., Any], max_steps: int | None = None, hooks: Any = None
    ) -> TrainSpec:
        """Checks what is given."""
        _check_function(input_fn)
        if max_steps is not None and max_steps <= 0:
            raise ValueError(f"Must specify max_steps > 0, given: {max_steps}")
        return super().__new__(cls, input_fn, max_steps, _checked(hooks, SessionRunHook))


class _Eval(NamedTuple):
    input_fn: Callable[..., Any]
    steps: int | None
    name: str | None
    hooks: tuple[SessionRunHook, ...]
    exporters: tuple[Exporter, ...]
    start_delay_secs: float
    throttle_secs: float


class EvalSpec(_Eval):
    """How `train_and_evaluate` evaluates, at most every `throttle_secs` seconds."""

    __slots__ = ()

    def __new__(
        cls,
        input_fn: Callable[..., Any],
        steps: int | None = 100,
        name: str | None = None,
        hooks: Any = None,
        exporters: Any = None,
        start_delay_secs: float = 120,
        throttle_secs: float = 600,
    ) -> EvalSpec:
        """Checks what is given."""
        _check_function(input_fn)
        if steps is not None and steps <= 0:
            raise ValueError(f"Must specify steps > 0, given: {steps}")
        if name is not None and not isinstance(name, str):
            raise TypeError(f"`name` must be string, given: {name}")
        for what, value in (("start_delay", start_delay_secs), ("throttle", throttle_secs)):
            if value < 0:
                raise ValueError(f"Must specify {what}_secs >= 0, given: {value}")
        given = [exporters] if isinstance(exporters, Exporter) else exporters
        found = _checked(given, Exporter)
        if len({exporter.name for exporter in found}) < len(found):
            raise ValueError("`exporters` must have unique names.")
        return super().__new__(
            cls,
            input_fn,
            steps,
            name,
            _checked(hooks, SessionRunHook),
            found,
            start_delay_secs,
            throttle_secs,
        )


def _check_function(input_fn: Any) -> None:
    if not callable(input_fn):
        raise TypeError(f"`input_fn` must be callable, given: {input_fn}")


def _checked(given: Any, kind: type) -> tuple[Any, ...]:
    found = tuple(given or [])
    for each in found:
        if not isinstance(each, kind):
            raise TypeError(f"All must be `{kind.__name__}` instances, given: {each}")
    return found


class _EvaluateWhenSaved(CheckpointSaverListener):
    """Evaluates new checkpoints, not more often than asked for, and the last one."""

    def __init__(self, estimator: Estimator, spec: EvalSpec, max_steps: int | None) -> None:
        self._estimator = estimator
        self._spec = spec
        self._max_steps = max_steps
        self.metrics: dict[str, Any] | None = None
        self.exported: list[Any] | None = None

    def begin(self) -> None:
        """Starts the clock; the checkpoint of the first step is not evaluated."""
        self._timer = SecondOrStepTimer(every_secs=self._spec.throttle_secs)
        self._first = True

    def after_save(self, session: Any, global_step_value: int) -> None:
        """Evaluates, if it is time."""
        if self._first:
            self._first = False
        elif self._timer.should_trigger_for_step(global_step_value):
            self._evaluate(global_step_value)
        else:
            logging.info(
                "Skip the current checkpoint eval due to throttle secs "
                f"({self._spec.throttle_secs} secs)."
            )

    def end(self, session: Any, global_step_value: int) -> None:
        """Evaluates the last checkpoint."""
        if global_step_value != self._timer.last_triggered_step():
            self._evaluate(global_step_value)

    def _evaluate(self, step: int) -> None:
        self._timer.update_last_triggered_step(step)
        path = self._estimator.latest_checkpoint()
        if path is None:
            raise RuntimeError("There was no new checkpoint after the training.")
        spec = self._spec
        self.metrics = self._estimator.evaluate(
            spec.input_fn, spec.steps, spec.hooks, checkpoint_path=path, name=spec.name
        )
        last = bool(self._max_steps) and self.metrics[GraphKeys.GLOBAL_STEP] >= self._max_steps
        self.exported = [
            exporter.export(
                self._estimator,
                os.path.join(self._estimator.model_dir, "export", exporter.name),
                path,
                self.metrics,
                last,
            )
            for exporter in spec.exporters
        ]


def train_and_evaluate(estimator: Estimator, train_spec: TrainSpec, eval_spec: EvalSpec) -> Any:
    """Trains, and evaluates and exports after checkpoints; gives the last metrics and exports.

    How often there is a checkpoint the estimator's `RunConfig` says.
    Raises: TypeError for arguments of other kinds.
    """
    for name, value, kind in (
        ("estimator", estimator, Estimator),
        ("train_spec", train_spec, TrainSpec),
        ("eval_spec", eval_spec, EvalSpec),
    ):
        if not isinstance(value, kind):
            raise TypeError(
                f"`{name}` must have type `tf.estimator.{kind.__name__}`. Got: {type(value)}"
            )
    config = estimator.config
    logging.info("Running training and evaluation locally (non-distributed).")
    logging.info(
        "Start train and evaluate loop. The evaluate will happen after every checkpoint. "
        "Checkpoint frequency is determined based on RunConfig arguments: save_checkpoints_steps "
        f"{config.save_checkpoints_steps} or save_checkpoints_secs {config.save_checkpoints_secs}."
    )
    listener = _EvaluateWhenSaved(estimator, eval_spec, train_spec.max_steps)
    estimator.train(
        train_spec.input_fn,
        max_steps=train_spec.max_steps,
        hooks=list(train_spec.hooks),
        saving_listeners=[listener],
    )
    return listener.metrics, listener.exported
