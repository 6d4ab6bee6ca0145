"""`tf.contrib.slim.learning`: a training loop with a supervisor.

Source: TF 1.15 contrib/slim/python/slim/learning.py.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

from tailrace import errors
from tailrace.formats import protos
from tailrace.graph import g, get_default_graph
from tailrace.library import logging, summary
from tailrace.library.arithmetic import equal, floormod, greater_equal
from tailrace.library.contrib.training import (
    USE_GLOBAL_STEP,
    clip_gradient_norms,
    multiply_gradients,
)
from tailrace.library.contrib.training import create_train_op as _create_train_op
from tailrace.library.contrib.training import (
    summarize_gradients as _summaries_of,
)
from tailrace.library.control_flow import group
from tailrace.library.gfile import GFile
from tailrace.library.global_step import get_or_create_global_step
from tailrace.library.global_step import global_step as value_of_step
from tailrace.library.lookup import tables_initializer
from tailrace.library.optimizers import Optimizer
from tailrace.library.saver import Saver
from tailrace.library.training.supervisor import Supervisor
from tailrace.library.training.timeline import Timeline
from tailrace.library.variable_lists import (
    global_variables_initializer,
    local_variables_initializer,
    report_uninitialized_variables,
)

_DEFAULT: Any = 0


def add_gradients_summaries(grads_and_vars: Any) -> list[Any]:
    """A histogram and the norm of every gradient, as summaries."""
    return _summaries_of(grads_and_vars, "/")


def create_train_op(
    total_loss: Any,
    optimizer: Any,
    global_step: Any = USE_GLOBAL_STEP,
    update_ops: Any = None,
    variables_to_train: Any = None,
    clip_gradient_norm: float = 0,
    summarize_gradients: bool = False,
    gate_gradients: int = Optimizer.GATE_OP,
    aggregation_method: Any = None,
    colocate_gradients_with_ops: bool = False,
    gradient_multipliers: Any = None,
    check_numerics: bool = True,
) -> Any:
    """A tensor with the loss; to compute it takes a step. As `tf.contrib.training`'s, and clips."""

    def transform(grads: Any) -> Any:
        if gradient_multipliers:
            with g.name_scope("multiply_grads"):
                grads = multiply_gradients(grads, gradient_multipliers)
        if clip_gradient_norm > 0:
            with g.name_scope("clip_grads"):
                grads = clip_gradient_norms(grads, clip_gradient_norm)
        return grads

    # TF: slim's own names of gradients' summaries are used only when a program adds them itself.
    return _create_train_op(
        total_loss,
        optimizer,
        global_step=global_step,
        update_ops=update_ops,
        variables_to_train=variables_to_train,
        transform_grads_fn=transform,
        summarize_gradients=summarize_gradients,
        gate_gradients=gate_gradients,
        aggregation_method=aggregation_method,
        colocate_gradients_with_ops=colocate_gradients_with_ops,
        check_numerics=check_numerics,
    )


# -- steps -----------------------------------------------------------------------------------------


def train_step(sess: Any, train_op: Any, global_step: Any, train_step_kwargs: Any) -> Any:
    """One step: (loss, whether to stop).

    `train_step_kwargs` may have the tensors `should_log`, `should_stop` and `should_trace`, and for
    the last `logdir` and `summary_writer`.

    Raises: ValueError for `should_trace` without `logdir`.
    """
    settings, start_s = train_step_kwargs, time.time()
    options = metadata = None
    if "should_trace" in settings:
        if "logdir" not in settings:
            raise ValueError(
                "logdir must be present in train_step_kwargs when should_trace is present"
            )
        if sess.run(settings["should_trace"]):
            options = protos.RunOptions(trace_level=protos.RunOptions.FULL_TRACE)
            metadata = protos.RunMetadata()
    loss, step = sess.run([train_op, global_step], options=options, run_metadata=metadata)
    elapsed_s = time.time() - start_s
    if metadata is not None:
        _write_trace(metadata, step, settings)
    if "should_log" in settings and sess.run(settings["should_log"]):
        logging.info(f"global step {step}: loss = {loss:.4f} ({elapsed_s:.3f} sec/step)")
    stops = sess.run(settings["should_stop"]) if "should_stop" in settings else False
    return loss, stops


def _write_trace(metadata: Any, step: int, settings: Any) -> None:
    path = os.path.join(settings["logdir"], f"tf_trace-{step}.json")
    logging.info("Writing trace to %s", path)
    with GFile(path, "w") as file:
        file.write(Timeline(metadata.step_stats).generate_chrome_trace_format())
    if settings.get("summary_writer") is not None:
        settings["summary_writer"].add_run_metadata(metadata, f"run_metadata-{step}")


def _step_settings(step: Any, count: int | None, log_every: int, trace_every: Any) -> Any:
    """The tensors that `train_step` asks."""
    with g.name_scope("train_step"):
        stop = greater_equal(step, count) if count else g.constant(False)
        settings = {"should_stop": stop}
        if log_every > 0:
            settings["should_log"] = equal(floormod(step, log_every), 0)
        if trace_every is not None:
            settings["should_trace"] = equal(floormod(step, trace_every), 0)
    return settings


def _check_train(train_op: Any, logdir: Any, needs_logdir: dict[str, bool], count: Any) -> None:
    if train_op is None:
        raise ValueError("train_op cannot be None.")
    for name, given in needs_logdir.items():
        if logdir is None and given:
            raise ValueError(f"Cannot provide {name} because logdir=None")
    if count is not None and count <= 0:
        raise ValueError("`number_of_steps` must be either None or a positive number.")


def _initializers(init_op: Any, ready_op: Any, local_init_op: Any) -> tuple[Any, Any, Any]:
    """The operations that are given, or TensorFlow's."""
    with g.name_scope("init_ops"):
        if init_op is _DEFAULT:
            init_op = global_variables_initializer()
        if ready_op is _DEFAULT:
            ready_op = report_uninitialized_variables()
        if local_init_op is _DEFAULT:
            local_init_op = group(local_variables_initializer(), tables_initializer())
    return init_op, ready_op, local_init_op


def train(
    train_op: Any,
    logdir: Any,
    train_step_fn: Callable[..., Any] = train_step,
    train_step_kwargs: Any = _DEFAULT,
    log_every_n_steps: int = 1,
    graph: Any = None,
    master: str = "",
    is_chief: bool = True,
    global_step: Any = None,
    number_of_steps: int | None = None,
    init_op: Any = _DEFAULT,
    init_feed_dict: Any = None,
    local_init_op: Any = _DEFAULT,
    init_fn: Callable[[Any], Any] | None = None,
    ready_op: Any = _DEFAULT,
    summary_op: Any = _DEFAULT,
    save_summaries_secs: float = 600,
    summary_writer: Any = _DEFAULT,
    startup_delay_steps: int = 0,
    saver: Any = None,
    save_interval_secs: float = 600,
    sync_optimizer: Any = None,
    session_config: Any = None,
    session_wrapper: Callable[[Any], Any] | None = None,
    trace_every_n_steps: int | None = None,
    ignore_live_threads: bool = False,
) -> Any:
    """Trains until `number_of_steps`, the end of data or a stop; gives the last loss.

    With a `logdir` it is restored from there, and saves checkpoints and summaries.

    Raises: ValueError for arguments that do not go together; NotImplementedError for a
    `sync_optimizer`, as there is one process.
    """
    needs_logdir = {
        "summary_op": summary_op is not _DEFAULT,
        "saver": saver is not None,
        "trace_every_n_steps": trace_every_n_steps is not None,
    }
    _check_train(train_op, logdir, needs_logdir, number_of_steps)
    if sync_optimizer is not None:
        raise NotImplementedError(
            "slim.learning.train(sync_optimizer=...) needs several processes: train with the "
            "optimizer it wraps"
        )
    graph = graph or get_default_graph()
    with graph.as_default():
        step = get_or_create_global_step() if global_step is None else global_step
        saver = saver or Saver()
        init_op, ready_op, local_init_op = _initializers(init_op, ready_op, local_init_op)
        if summary_op is _DEFAULT:
            summary_op = summary.merge_all()
        settings = train_step_kwargs
        if settings is _DEFAULT:
            every = trace_every_n_steps if is_chief else None
            settings = _step_settings(step, number_of_steps, log_every_n_steps, every)
            if every is not None:
                settings["logdir"] = logdir
    supervisor = Supervisor(
        graph=graph,
        is_chief=is_chief,
        logdir=logdir,
        init_op=init_op,
        init_feed_dict=init_feed_dict,
        local_init_op=local_init_op,
        ready_for_local_init_op=None,
        ready_op=ready_op,
        summary_op=summary_op,
        summary_writer=summary_writer,
        global_step=step,
        saver=saver,
        save_summaries_secs=save_summaries_secs,
        save_model_secs=save_interval_secs,
        init_fn=init_fn,
    )
    if summary_writer is not None:
        settings["summary_writer"] = supervisor.summary_writer
    loop = _Loop(supervisor, train_op, step, train_step_fn, settings)
    loop.start_after = min(startup_delay_steps, number_of_steps or sys.maxsize)
    loop.ignore_live_threads = ignore_live_threads
    while True:
        try:
            return loop.run(master, session_config, session_wrapper, logdir)
        except errors.AbortedError:
            logging.info("Retrying training!")


class _Loop:
    """Training steps in a supervisor's session."""

    start_after = 0
    ignore_live_threads = False

    def __init__(
        self,
        supervisor: Supervisor,
        train_op: Any,
        step: Any,
        train_step_fn: Callable[..., Any],
        settings: Any,
    ) -> None:
        self._supervisor = supervisor
        self._train_op = train_op
        self._step = step
        self._call = train_step_fn
        self._settings = settings
        self._loss: Any = None

    def run(self, master: str, config: Any, wrapper: Any, logdir: Any) -> Any:
        """The last loss."""
        sv = self._supervisor
        managed = sv.managed_session(master, start_standard_services=False, config=config)
        with managed as session:
            logging.info("Starting Session.")
            if wrapper is not None:
                logging.info("Wrapping session with wrapper function: %s", wrapper)
                session = wrapper(session)
            if sv.is_chief and logdir:
                sv.start_standard_services(session)
            elif not sv.is_chief:
                self._wait(session)
            threads = sv.start_queue_runners(session)
            logging.info("Starting Queues.")
            self._steps(session)
            if logdir and sv.is_chief:
                logging.info("Finished training! Saving model to disk.")
                sv.saver.save(session, sv.save_path, global_step=sv.global_step)
                sv.stop(
                    threads,
                    close_summary_writer=True,
                    ignore_live_threads=self.ignore_live_threads,
                )
        return self._loss

    def _wait(self, session: Any) -> None:
        while value_of_step(session, self._step) < self.start_after:
            time.sleep(1.0)

    def _steps(self, session: Any) -> None:
        sv = self._supervisor
        try:
            while not sv.should_stop():
                self._loss, stops = self._call(session, self._train_op, self._step, self._settings)
                if stops:
                    logging.info("Stopping Training.")
                    sv.request_stop()
        except errors.OutOfRangeError as error:
            logging.info("Caught OutOfRangeError. Stopping Training. %s", error)
