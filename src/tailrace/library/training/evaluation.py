"""Evaluation of checkpoints, once or whenever there is a new one.

Source: TF 1.15 python/training/evaluation.py, contrib/training/python/training/evaluation.py,
contrib/slim/python/slim/evaluation.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tailrace import dtypes
from tailrace.graph import g, get_default_graph
from tailrace.library import logging, summary
from tailrace.library.checkpoint_utils import checkpoints_iterator
from tailrace.library.collections import GraphKeys
from tailrace.library.global_step import get_or_create_global_step
from tailrace.library.global_step import global_step as value_of_step
from tailrace.library.initializers import Zeros
from tailrace.library.saver import Saver
from tailrace.library.state import assign_add
from tailrace.library.summary_writer import FileWriterCache
from tailrace.library.training.hooks import FinalOpsHook
from tailrace.library.training.monitored import ChiefSessionCreator, MonitoredSession
from tailrace.library.training.run_hook import (
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
)
from tailrace.library.training.scaffold import Scaffold
from tailrace.library.variable_scope import get_variable

_DEFAULT: Any = 0
_EVERY_EVALUATION = 20  # of fewer, each is logged


def get_or_create_eval_step() -> Any:
    """The counter of evaluated batches. Raises: ValueError when the graph has several."""
    found = get_default_graph().get_collection(GraphKeys.EVAL_STEP)
    if len(found) > 1:
        raise ValueError("Multiple tensors added to tf.GraphKeys.EVAL_STEP")
    if found:
        return found[0]
    return get_variable(
        "eval_step",
        shape=[],
        dtype=dtypes.int64,
        initializer=Zeros(),
        trainable=False,
        collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.EVAL_STEP],
    )


class StopAfterNEvalsHook(SessionRunHook):
    """Stops after so many batches, never for None."""

    def __init__(self, num_evals: int | None, log_progress: bool = True) -> None:
        self._count = num_evals
        self._completed: Any = None
        self._logs = log_progress
        few = num_evals is None or num_evals < _EVERY_EVALUATION
        self._log_every = 1 if few or num_evals is None else num_evals // 10

    def _set_evals_completed_tensor(self, updated_eval_step: Any) -> None:
        self._completed = updated_eval_step

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        """Asks for the number of batches."""
        return SessionRunArgs({"evals_completed": self._completed})

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Logs, and stops after the last."""
        done = run_values.results["evals_completed"]
        last = self._count is not None and done >= self._count
        if self._logs and (done % self._log_every == 0 or done == self._count):
            total = "" if self._count is None else f"/{self._count}"
            logging.info(f"Evaluation [{done}{total}]")
        if last:
            run_context.request_stop()


class SummaryAtEndHook(SessionRunHook):
    """Writes summaries at the end. Raises: ValueError without folder and writer."""

    def __init__(
        self,
        log_dir: Any = None,
        summary_writer: Any = None,
        summary_op: Any = None,
        feed_dict: Any = None,
    ) -> None:
        if log_dir is None and summary_writer is None:
            raise ValueError("One of log_dir or summary_writer should be used.")
        self._summary_op = summary_op
        self._merges = summary_op is None
        self._feed_dict = feed_dict
        self._summary_writer = summary_writer
        self._log_dir = log_dir

    def begin(self) -> None:
        """Finds the summaries and the step."""
        if self._merges:
            self._summary_op = summary.merge_all()
        self._step = get_or_create_global_step()

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Finds the writer."""
        if self._summary_writer is None:
            self._summary_writer = FileWriterCache.get(self._log_dir)

    def end(self, session: Any) -> None:
        """Writes them."""
        if self._summary_op is not None:
            step = value_of_step(session, self._step)
            values = session.run(self._summary_op, self._feed_dict)
            self._summary_writer.add_summary(values, step)
        self._summary_writer.flush()


def _with(eval_ops: Any, update: Any) -> Any:
    if isinstance(eval_ops, dict):
        eval_ops["update_eval_step"] = update
        return eval_ops
    listed = list(eval_ops) if isinstance(eval_ops, (tuple, list)) else [eval_ops]
    return [*listed, update]


def evaluate_once(
    checkpoint_path: Any,
    master: str = "",
    scaffold: Scaffold | None = None,
    eval_ops: Any = None,
    feed_dict: Any = None,
    final_ops: Any = None,
    final_ops_feed_dict: Any = None,
    hooks: Any = None,
    config: Any = None,
) -> Any:
    """Restores a checkpoint, runs `eval_ops` until a hook stops; gives `final_ops`."""
    eval_step = get_or_create_eval_step()
    hooks = list(hooks or [])
    if eval_ops is not None:
        eval_ops = _with(eval_ops, assign_add(eval_step, 1, use_locking=True))
        done = list(eval_ops.values()) if isinstance(eval_ops, dict) else eval_ops
        with g.control_dependencies(done):
            completed = g.Identity(get_or_create_eval_step().read_value())
        _tell(hooks, completed)
    creator = ChiefSessionCreator(
        scaffold=scaffold,
        checkpoint_filename_with_path=checkpoint_path,
        master=master,
        config=config,
    )
    final = FinalOpsHook(final_ops, final_ops_feed_dict)
    _evaluate(creator, [*hooks, final], eval_ops, feed_dict)
    return final.final_ops_values


def _tell(hooks: list[Any], completed: Any) -> None:
    for hook in hooks:
        if isinstance(hook, StopAfterNEvalsHook):
            hook._set_evals_completed_tensor(completed)


def _evaluate(creator: Any, hooks: list[Any], eval_ops: Any, feed_dict: Any) -> None:
    logging.info(f"Starting evaluation at {_now()}")
    with MonitoredSession(session_creator=creator, hooks=hooks) as session:
        while eval_ops is not None and not session.should_stop():
            session.run(eval_ops, feed_dict)
    logging.info(f"Finished evaluation at {_now()}")


def _now() -> str:
    return time.strftime("%Y-%m-%d-%H:%M:%S", time.localtime())


def evaluate_repeatedly(
    checkpoint_dir: Any,
    master: str = "",
    scaffold: Scaffold | None = None,
    eval_ops: Any = None,
    feed_dict: Any = None,
    final_ops: Any = None,
    final_ops_feed_dict: Any = None,
    eval_interval_secs: float = 60,
    hooks: Any = None,
    config: Any = None,
    max_number_of_evaluations: int | None = None,
    timeout: float | None = None,
    timeout_fn: Callable[[], bool] | None = None,
) -> Any:
    """As `evaluate_once`, of every new checkpoint of a folder; gives the last values."""
    eval_step = get_or_create_eval_step()
    hooks = hooks or []
    if eval_ops is not None:
        update = assign_add(eval_step, 1)
        _tell(hooks, update)
        eval_ops = _with(eval_ops, update)
    final = FinalOpsHook(final_ops, final_ops_feed_dict)
    found = checkpoints_iterator(checkpoint_dir, eval_interval_secs, timeout, timeout_fn)
    for count, path in enumerate(found, 1):
        creator = ChiefSessionCreator(
            scaffold=scaffold, checkpoint_filename_with_path=path, master=master, config=config
        )
        _evaluate(creator, [*hooks, final], eval_ops, feed_dict)
        if max_number_of_evaluations is not None and count >= max_number_of_evaluations:
            break
    return final.final_ops_values


# -- as tf.contrib.slim.evaluation has them --------------------------------------------------------


def _slim_hooks(
    count: int, logdir: Any, summary_op: Any, summary_feed: Any, hooks: Any
) -> list[Any]:
    if summary_op is _DEFAULT:
        summary_op = summary.merge_all()
    found: list[Any] = [StopAfterNEvalsHook(count)]
    if summary_op is not None:
        found.append(
            SummaryAtEndHook(log_dir=logdir, summary_op=summary_op, feed_dict=summary_feed)
        )
    return [*found, *(hooks or [])]


def slim_evaluate_once(
    master: str,
    checkpoint_path: Any,
    logdir: Any,
    num_evals: int = 1,
    initial_op: Any = None,
    initial_op_feed_dict: Any = None,
    eval_op: Any = None,
    eval_op_feed_dict: Any = None,
    final_op: Any = None,
    final_op_feed_dict: Any = None,
    summary_op: Any = _DEFAULT,
    summary_op_feed_dict: Any = None,
    variables_to_restore: Any = None,
    session_config: Any = None,
    hooks: Any = None,
) -> Any:
    """Restores a checkpoint, runs `eval_op` `num_evals` times, writes summaries into `logdir`.

    Gives the value of `final_op`.
    """
    all_hooks = _slim_hooks(num_evals, logdir, summary_op, summary_op_feed_dict, hooks)
    saver = None if variables_to_restore is None else Saver(variables_to_restore)
    return evaluate_once(
        checkpoint_path,
        master=master,
        scaffold=Scaffold(init_op=initial_op, init_feed_dict=initial_op_feed_dict, saver=saver),
        eval_ops=eval_op,
        feed_dict=eval_op_feed_dict,
        final_ops=final_op,
        final_ops_feed_dict=final_op_feed_dict,
        hooks=all_hooks,
        config=session_config,
    )


def slim_evaluation_loop(
    master: str,
    checkpoint_dir: Any,
    logdir: Any,
    num_evals: int = 1,
    initial_op: Any = None,
    initial_op_feed_dict: Any = None,
    init_fn: Callable[..., Any] | None = None,
    eval_op: Any = None,
    eval_op_feed_dict: Any = None,
    final_op: Any = None,
    final_op_feed_dict: Any = None,
    summary_op: Any = _DEFAULT,
    summary_op_feed_dict: Any = None,
    variables_to_restore: Any = None,
    eval_interval_secs: float = 60,
    max_number_of_evaluations: int | None = None,
    session_config: Any = None,
    timeout: float | None = None,
    timeout_fn: Callable[[], bool] | None = None,
    hooks: Any = None,
) -> Any:
    """As `slim_evaluate_once`, of every new checkpoint of a folder."""
    all_hooks = _slim_hooks(num_evals, logdir, summary_op, summary_op_feed_dict, hooks)
    saver = None if variables_to_restore is None else Saver(variables_to_restore)
    scaffold = Scaffold(
        init_op=initial_op, init_feed_dict=initial_op_feed_dict, init_fn=init_fn, saver=saver
    )
    return evaluate_repeatedly(
        checkpoint_dir,
        master=master,
        scaffold=scaffold,
        eval_ops=eval_op,
        feed_dict=eval_op_feed_dict,
        final_ops=final_op,
        final_ops_feed_dict=final_op_feed_dict,
        eval_interval_secs=eval_interval_secs,
        hooks=all_hooks,
        config=session_config,
        max_number_of_evaluations=max_number_of_evaluations,
        timeout=timeout,
        timeout_fn=timeout_fn,
    )
