"""The hooks of training loops: stop, log, feed, watch.

Source: TF 1.15 python/training/basic_session_run_hooks.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from tailrace import errors
from tailrace.formats import protos
from tailrace.graph import Tensor, get_default_graph
from tailrace.library import logging
from tailrace.library.global_step import get_global_step, get_or_create_global_step_read
from tailrace.library.summary_writer import FileWriterCache
from tailrace.library.training.run_hook import (
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
)
from tailrace.library.training.timers import NeverTriggerTimer, SecondOrStepTimer


def step_read_for(hook: SessionRunHook) -> Tensor:
    """The global step's value. Raises: RuntimeError without a global step."""
    step = get_or_create_global_step_read()
    if step is None:
        raise RuntimeError(f"Global step should be created to use {type(hook).__name__}.")
    return step


def _as_graph_element(value: Any) -> Any:
    """A tensor or operation of the default graph, or the only tensor of a named operation."""
    graph = get_default_graph()
    if not isinstance(value, str):
        if getattr(value, "graph", None) is not graph:
            raise ValueError(f"Passed {value} should be of the current graph {graph}.")
        return value
    if ":" in value:
        return graph.as_graph_element(value)
    element = graph.as_graph_element(f"{value}:0")
    if len(element.op.outputs) > 1:
        raise ValueError(f"Name {value} is ambiguous: this operation has several outputs.")
    return element


class LoggingTensorHook(SessionRunHook):
    """Logs tensors every `every_n_iter` runs, every `every_n_secs` seconds, or at the end.

    `tensors` is a dict from tags to tensors or names, or a list of those; `formatter` makes the
    text out of a dict of values.

    Raises: ValueError unless it is said when.
    """

    def __init__(
        self,
        tensors: Any,
        every_n_iter: int | None = None,
        every_n_secs: float | None = None,
        at_end: bool = False,
        formatter: Callable[[Any], str] | None = None,
    ) -> None:
        only_at_end = at_end and every_n_iter is None and every_n_secs is None
        if not only_at_end and (every_n_iter is None) == (every_n_secs is None):
            raise ValueError(
                "either at_end and/or exactly one of every_n_iter and every_n_secs must be "
                "provided."
            )
        if every_n_iter is not None and every_n_iter <= 0:
            raise ValueError(f"invalid every_n_iter={every_n_iter}.")
        self._tags = sorted(tensors) if isinstance(tensors, dict) else list(tensors)
        self._tensors = tensors if isinstance(tensors, dict) else {t: t for t in tensors}
        self._formatter = formatter
        self._at_end = at_end
        self._timer = (
            NeverTriggerTimer() if only_at_end else SecondOrStepTimer(every_n_secs, every_n_iter)
        )

    def begin(self) -> None:
        """Finds the tensors."""
        self._timer.reset()
        self._runs = 0
        self._fetched = {tag: _as_graph_element(t) for tag, t in self._tensors.items()}

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Asks for the tensors when it is time."""
        self._due = self._timer.should_trigger_for_step(self._runs)
        return SessionRunArgs(self._fetched) if self._due else None

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Logs them."""
        if self._due:
            self._log(run_values.results)
        self._runs += 1

    def end(self, session: Any) -> None:
        """Logs them at the end, if wanted."""
        if self._at_end:
            self._log(session.run(self._fetched))

    def _log(self, values: Any) -> None:
        elapsed_s, _ = self._timer.update_last_triggered_step(self._runs)
        with np.printoptions(suppress=True):
            if self._formatter:
                logging.info(self._formatter(values))
                return
            text = ", ".join(f"{tag} = {values[tag]}" for tag in self._tags)
        logging.info("%s", text if elapsed_s is None else f"{text} ({elapsed_s:.3f} sec)")


class StopAtStepHook(SessionRunHook):
    """Stops after `num_steps` steps, or at the global step `last_step`.

    Raises: ValueError unless exactly one is given.
    """

    def __init__(self, num_steps: int | None = None, last_step: int | None = None) -> None:
        if num_steps is None and last_step is None:
            raise ValueError("One of num_steps or last_step must be specified.")
        if num_steps is not None and last_step is not None:
            raise ValueError("Only one of num_steps or last_step can be specified.")
        self._num_steps = num_steps or 0
        self._last_step = last_step

    def begin(self) -> None:
        """Finds the global step."""
        self._step = step_read_for(self)

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Sets the last step, once."""
        if self._last_step is None:
            self._last_step = session.run(self._step) + self._num_steps

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        """Asks for the step."""
        return SessionRunArgs(self._step)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Stops at the last step. What the run gave may be the step before it."""
        last: Any = self._last_step
        if run_values.results + 1 >= last and run_context.session.run(self._step) >= last:
            run_context.request_stop()


class StepCounterHook(SessionRunHook):
    """Logs steps per second and writes them as a summary."""

    def __init__(
        self,
        every_n_steps: int | None = 100,
        every_n_secs: float | None = None,
        output_dir: Any = None,
        summary_writer: Any = None,
    ) -> None:
        if (every_n_steps is None) == (every_n_secs is None):
            raise ValueError("exactly one of every_n_steps and every_n_secs should be provided.")
        self._timer = SecondOrStepTimer(every_steps=every_n_steps, every_secs=every_n_secs)
        self._summary_writer = summary_writer
        self._output_dir = output_dir
        self._last_seen: int | None = None

    def begin(self) -> None:
        """Finds the writer and the step."""
        if self._summary_writer is None and self._output_dir:
            self._summary_writer = FileWriterCache.get(self._output_dir)
        self._step = step_read_for(self)
        self._tag = f"{get_global_step().op.name}/sec"

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        """Asks for the step."""
        return SessionRunArgs(self._step)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Logs when it is time."""
        seen = run_values.results
        if self._timer.should_trigger_for_step(seen + 1):
            step = run_context.session.run(self._step)
            if self._timer.should_trigger_for_step(step):
                elapsed_s, steps = self._timer.update_last_triggered_step(step)
                if elapsed_s is not None and steps is not None:
                    self._log_and_record(steps, elapsed_s, step)
        if seen == self._last_seen:
            logging.log_first_n(
                logging.WARN,
                "It seems that global step (tf.train.get_global_step) has not been increased: it "
                f"is {seen}. Pass tf.train.get_global_step() to Optimizer.minimize or "
                "apply_gradients.",
                5,
            )
        self._last_seen = seen

    def _log_and_record(self, elapsed_steps: int, elapsed_time: float, global_step: int) -> None:
        rate = elapsed_steps / elapsed_time
        if self._summary_writer is not None:
            value = protos.Summary.Value(tag=self._tag, simple_value=rate)
            self._summary_writer.add_summary(protos.Summary(value=[value]), global_step)
        logging.info(f"{self._tag}: {rate:g}")


class NanLossDuringTrainingError(RuntimeError):
    """The loss is not a number."""

    def __str__(self) -> str:
        return "NaN loss during training."


class NanTensorHook(SessionRunHook):
    """Stops when the loss is NaN; with NanLossDuringTrainingError unless told not to."""

    def __init__(self, loss_tensor: Any, fail_on_nan_loss: bool = True) -> None:
        self._loss = loss_tensor
        self._fails = fail_on_nan_loss

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        """Asks for the loss."""
        return SessionRunArgs(self._loss)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Stops or fails."""
        if not np.isnan(run_values.results):
            return
        message = "Model diverged with loss = NaN."
        if self._fails:
            logging.error(message)
            raise NanLossDuringTrainingError
        logging.warning(message)
        run_context.request_stop()


class GlobalStepWaiterHook(SessionRunHook):
    """Lets the first run wait until the global step, which others increase, has a value."""

    def __init__(self, wait_until_step: int) -> None:
        self._wanted = wait_until_step
        self._started = False

    def begin(self) -> None:
        """Finds the step."""
        self._started = False
        self._step = step_read_for(self)

    def before_run(self, run_context: SessionRunContext) -> None:
        """Waits."""
        if self._started or self._wanted <= 0:
            self._started = True
            return
        logging.info(f"Waiting for global step {self._wanted} before starting training.")
        while run_context.session.run(self._step) < self._wanted:
            time.sleep(0.5)
        self._started = True


class FinalOpsHook(SessionRunHook):
    """Computes something at the end."""

    def __init__(self, final_ops: Any, final_ops_feed_dict: Any = None) -> None:
        self._final_ops = final_ops
        self._feed_dict = final_ops_feed_dict
        self._values: Any = None

    @property
    def final_ops_values(self) -> Any:
        """What was computed; None before the end."""
        return self._values

    def end(self, session: Any) -> None:
        """Computes it. Raises: what the operations raise."""
        if self._final_ops is None:
            return
        try:
            self._values = session.run(self._final_ops, feed_dict=self._feed_dict)
        except (errors.OutOfRangeError, StopIteration):
            logging.warning(
                "FinalOpsHook: the operations to run at the end read input, which has ended; they "
                "should only read variables, as the value operations of metrics do."
            )
            raise


class FeedFnHook(SessionRunHook):
    """Feeds what a function gives, in every run."""

    def __init__(self, feed_fn: Callable[[], Any]) -> None:
        self.feed_fn = feed_fn

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        """Feeds."""
        return SessionRunArgs(fetches=None, feed_dict=self.feed_fn())
