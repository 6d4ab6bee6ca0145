"""`tf.train.Supervisor`: a session with threads that write checkpoints and summaries.

Source: TF 1.15 python/training/supervisor.py, basic_loops.py.
"""

from __future__ import annotations

import contextlib
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from tailrace import dtypes, errors
from tailrace.formats import protos
from tailrace.graph import Graph, get_default_graph
from tailrace.library import logging, summary
from tailrace.library.collections import GraphKeys, add_to_collection, get_collection
from tailrace.library.control_flow import group
from tailrace.library.coordinator import Coordinator, LooperThread
from tailrace.library.global_step import global_step as value_of_step
from tailrace.library.graph_io import write_graph
from tailrace.library.lookup import tables_initializer
from tailrace.library.meta_graph_export import create_meta_graph_def
from tailrace.library.saver import Saver
from tailrace.library.summary_writer import FileWriter
from tailrace.library.training.session_manager import SessionManager
from tailrace.library.variable_lists import (
    global_variables,
    global_variables_initializer,
    local_variables_initializer,
    report_uninitialized_variables,
)

_DEFAULT: Any = 0


def _first_of(key: str) -> Any:
    """The first element of a collection, or None."""
    found = get_collection(key)
    if len(found) > 1:
        logging.info(f"Found {len(found)} {key} operations. Returning the first one.")
    return found[0] if found else None


def _chosen(given: Any, key: str, make: Callable[[], Any] | None) -> Any:
    """What is given; else the first of a collection; else what is made, which is put there."""
    if given is not _DEFAULT:
        return given
    found = _first_of(key)
    if found is None and make is not None:
        found = make()
        if found is not None:
            add_to_collection(key, found)
    return found


def _saver_if_variables() -> Saver | None:
    return Saver() if global_variables() else None


def _local_init() -> Any:
    return group(local_variables_initializer(), tables_initializer())


def _step_by_name() -> Any:
    try:
        found = get_default_graph().get_tensor_by_name("global_step:0")
    except KeyError:
        return None
    if found.dtype.base_dtype in (dtypes.int32, dtypes.int64):
        return found
    logging.warning(f"Found 'global_step' is not an int type: {found.dtype}")
    return None


class Supervisor:
    """Prepares sessions and, with a `logdir`, writes checkpoints and summaries from threads.

    Operations that are not given come from collections or are made; None leaves them out. The graph
    is finalized. `save_summaries_secs` and `save_model_secs` are seconds between writes, 0 for
    none. Of several programs that share a model, the chief alone initializes and writes.
    """

    USE_DEFAULT = _DEFAULT

    def __init__(
        self,
        graph: Graph | None = None,
        ready_op: Any = USE_DEFAULT,
        ready_for_local_init_op: Any = USE_DEFAULT,
        is_chief: bool = True,
        init_op: Any = USE_DEFAULT,
        init_feed_dict: Any = None,
        local_init_op: Any = USE_DEFAULT,
        logdir: Any = None,
        summary_op: Any = USE_DEFAULT,
        saver: Any = USE_DEFAULT,
        global_step: Any = USE_DEFAULT,
        save_summaries_secs: float = 120,
        save_model_secs: float = 600,
        recovery_wait_secs: float = 30,
        stop_grace_secs: float = 120,
        checkpoint_basename: str = "model.ckpt",
        session_manager: Any = None,
        summary_writer: Any = USE_DEFAULT,
        init_fn: Callable[[Any], Any] | None = None,
        local_init_run_options: Any = None,
    ) -> None:
        self._graph = get_default_graph() if graph is None else graph
        keys = GraphKeys
        with self._graph.as_default():
            self._ready_op = _chosen(ready_op, keys.READY_OP, report_uninitialized_variables)
            self._ready_for_local_init_op = _chosen(
                ready_for_local_init_op, keys.READY_FOR_LOCAL_INIT_OP, None
            )
            self._init_op = _chosen(init_op, keys.INIT_OP, global_variables_initializer)
            self._local_init_op = _chosen(local_init_op, keys.LOCAL_INIT_OP, _local_init)
            self._saver = _chosen(saver, keys.SAVERS, _saver_if_variables)
            self._summary_op = _chosen(summary_op, keys.SUMMARY_OP, summary.merge_all)
            self._global_step = _chosen(global_step, keys.GLOBAL_STEP, _step_by_name)
        self._init_feed_dict = init_feed_dict
        self._init_fn = init_fn
        self._is_chief = is_chief
        self._coord = Coordinator()
        self._stop_grace_s = stop_grace_secs
        self._session_manager = session_manager or SessionManager(
            local_init_op=self._local_init_op,
            ready_op=self._ready_op,
            ready_for_local_init_op=self._ready_for_local_init_op,
            graph=self._graph,
            recovery_wait_secs=recovery_wait_secs,
            local_init_run_options=local_init_run_options,
        )
        self._set_writing(
            logdir, checkpoint_basename, summary_writer, save_summaries_secs, save_model_secs
        )
        self._graph.finalize()

    def _set_writing(
        self, logdir: Any, basename: str, writer: Any, summaries_s: float, model_s: float
    ) -> None:
        """What the chief writes, where and how often."""
        saver_def = self._saver.saver_def if self._saver else None
        graph_def = self._graph.as_graph_def(add_shapes=True)
        self._meta_graph_def = create_meta_graph_def(graph_def=graph_def, saver_def=saver_def)
        self._graph_is_written = False
        self._writer_is_open = True
        self._logdir = logdir if self._is_chief else None
        self._save_summaries_secs = summaries_s if self._is_chief else None
        self._save_model_secs = model_s if self._is_chief else None
        self._save_path = os.path.join(self._logdir, basename) if self._logdir else None
        self._summary_writer: Any = None
        if self._is_chief and writer is not _DEFAULT:
            self._summary_writer = writer
        elif self._logdir:
            self._summary_writer = FileWriter(self._logdir)

    # -- what there is -----------------------------------------------------------------------------

    @property
    def is_chief(self) -> bool:
        """Whether this program initializes and writes."""
        return self._is_chief

    @property
    def session_manager(self) -> Any:
        """What makes sessions."""
        return self._session_manager

    @property
    def coord(self) -> Coordinator:
        """The coordinator of the threads."""
        return self._coord

    @property
    def init_op(self) -> Any:
        """What initializes global variables."""
        return self._init_op

    @property
    def init_feed_dict(self) -> Any:
        """What is fed to `init_op`."""
        return self._init_feed_dict

    @property
    def ready_op(self) -> Any:
        """The names of variables without values."""
        return self._ready_op

    @property
    def ready_for_local_init_op(self) -> Any:
        """What has to be ready before local variables are initialized."""
        return self._ready_for_local_init_op

    @property
    def summary_writer(self) -> Any:
        """The writer of summaries; None without a `logdir`."""
        return self._summary_writer

    @property
    def summary_op(self) -> Any:
        """The summaries that are written."""
        return self._summary_op

    @property
    def save_summaries_secs(self) -> float | None:
        """Seconds between summaries."""
        return self._save_summaries_secs

    @property
    def global_step(self) -> Any:
        """The global step."""
        return self._global_step

    @property
    def saver(self) -> Any:
        """The saver of checkpoints."""
        return self._saver

    @property
    def save_model_secs(self) -> float | None:
        """Seconds between checkpoints."""
        return self._save_model_secs

    @property
    def save_path(self) -> str | None:
        """The beginning of the checkpoints' names."""
        return self._save_path

    # -- sessions ----------------------------------------------------------------------------------

    def prepare_or_wait_for_session(
        self,
        master: str = "",
        config: Any = None,
        wait_for_checkpoint: bool = False,
        max_wait_secs: float = 7200,
        start_standard_services: bool = True,
    ) -> Any:
        """A session that is ready, with its threads started."""
        self._coord.clear_stop()
        if self._summary_writer:
            self._summary_writer.reopen()
            self._writer_is_open = True
        if self._is_chief:
            session = self._session_manager.prepare_session(
                master,
                init_op=self.init_op,
                saver=self.saver,
                checkpoint_dir=self._logdir,
                wait_for_checkpoint=wait_for_checkpoint,
                max_wait_secs=max_wait_secs,
                config=config,
                init_feed_dict=self._init_feed_dict,
                init_fn=self._init_fn,
            )
            self._write_graph()
            if start_standard_services:
                logging.info("Starting standard services.")
                self.start_standard_services(session)
        else:
            session = self._session_manager.wait_for_session(
                master, config=config, max_wait_secs=max_wait_secs
            )
        if start_standard_services:
            logging.info("Starting queue runners.")
            self.start_queue_runners(session)
        return session

    @contextlib.contextmanager
    def managed_session(
        self,
        master: str = "",
        config: Any = None,
        start_standard_services: bool = True,
        close_summary_writer: bool = True,
    ) -> Iterator[Any]:
        """A context with a ready session, which is stopped and closed at the end.

        Raises: what the body or a thread raises, except for the end of data.
        """
        session = None
        try:
            session = self.prepare_or_wait_for_session(
                master=master, config=config, start_standard_services=start_standard_services
            )
            yield session
        except Exception as failure:  # stop raises it, unless it means the end of data
            self.request_stop(failure)
        finally:
            try:
                self.stop(close_summary_writer=close_summary_writer)
            finally:
                if session is not None:
                    session.close()

    def _write_graph(self) -> None:
        if self._logdir:
            graph_def = self._graph.as_graph_def(add_shapes=True)
            write_graph(graph_def, self._logdir, "graph.pbtxt")
        if self._summary_writer and not self._graph_is_written:
            self._summary_writer.add_graph(self._graph)
            self._summary_writer.add_meta_graph(self._meta_graph_def)
            self._graph_is_written = True

    # -- threads -----------------------------------------------------------------------------------

    def start_standard_services(self, sess: Any) -> list[threading.Thread] | None:
        """Start the threads that write checkpoints and summaries.

        Raises: RuntimeError when this is not the chief.
        """
        if not self._is_chief:
            raise RuntimeError("Only the chief's supervisor starts standard services: they write.")
        if not self._logdir:
            logging.warning("Standard services need a 'logdir' passed to the SessionManager")
            return None
        if self._global_step is not None and self._summary_writer:
            step = value_of_step(sess, self._global_step)
            log = protos.SessionLog
            self._summary_writer.add_session_log(log(status=log.START), step)
        threads: list[threading.Thread] = []
        if self._save_summaries_secs and self._summary_writer:
            if self._summary_op is not None:
                threads.append(SVSummaryThread(self, sess))
            if self._global_step is not None:
                threads.append(SVStepCounterThread(self, sess))
        if self.saver and self._save_model_secs:
            threads.append(SVTimerCheckpointThread(self, sess))
        for thread in threads:
            thread.start()
        return threads

    def start_queue_runners(self, sess: Any, queue_runners: Any = None) -> list[threading.Thread]:
        """Start the threads of queue runners, all of the graph by default."""
        if queue_runners is None:
            queue_runners = self._graph.get_collection(GraphKeys.QUEUE_RUNNERS)
        threads: list[threading.Thread] = []
        for runner in queue_runners:
            threads += runner.create_threads(sess, coord=self._coord, daemon=True, start=True)
        return threads

    def loop(
        self,
        timer_interval_secs: float | None,
        target: Callable[..., Any],
        args: Any = None,
        kwargs: Any = None,
    ) -> LooperThread:
        """Start a thread that calls a function every so many seconds."""
        return LooperThread.loop(self._coord, timer_interval_secs, target, args, kwargs)

    def stop(
        self,
        threads: Any = None,
        close_summary_writer: bool = True,
        ignore_live_threads: bool = False,
    ) -> None:
        """Stop all threads and wait for them. Raises: what a thread reported."""
        self._coord.request_stop()
        try:
            self._coord.join(
                threads,
                stop_grace_period_secs=self._stop_grace_s,
                ignore_live_threads=ignore_live_threads,
            )
        finally:
            if close_summary_writer and self._summary_writer and self._writer_is_open:
                log = protos.SessionLog
                self._summary_writer.add_session_log(log(status=log.STOP))
                self._summary_writer.close()
                self._writer_is_open = self._graph_is_written = False

    def request_stop(self, ex: Any = None) -> None:
        """Ask all threads to stop; `ex` is raised by `stop`."""
        self._coord.request_stop(ex=ex)

    def should_stop(self) -> bool:
        """Whether threads are asked to stop."""
        return self._coord.should_stop()

    def stop_on_exception(self) -> Any:
        """A context in which an exception asks all threads to stop."""
        return self._coord.stop_on_exception()

    def wait_for_stop(self) -> None:
        """Wait until threads are asked to stop."""
        self._coord.wait_for_stop()

    def summary_computed(self, sess: Any, summary: Any, global_step: Any = None) -> None:
        """Write a summary. Raises: RuntimeError without a writer."""
        if not self._summary_writer:
            raise RuntimeError("Writing a summary requires a summary writer.")
        if global_step is None and self.global_step is not None:
            global_step = value_of_step(sess, self.global_step)
        self._summary_writer.add_summary(summary, global_step)

    # TF: the names of the first releases
    PrepareSession = prepare_or_wait_for_session
    StartQueueRunners = start_queue_runners
    StartStandardServices = start_standard_services
    Stop = stop
    RequestStop = request_stop
    Loop = loop
    ShouldStop = should_stop
    StopOnException = stop_on_exception
    WaitForStop = wait_for_stop
    SummaryComputed = summary_computed


class SVSummaryThread(LooperThread):
    """Writes summaries."""

    def __init__(self, sv: Any, sess: Any) -> None:
        super().__init__(sv.coord, sv.save_summaries_secs)
        self._sv = sv
        self._sess = sess

    def run_loop(self) -> None:
        """Writes them once."""
        sv, step = self._sv, None
        if sv.global_step is None:
            values = self._sess.run(sv.summary_op)
        else:
            values, step = self._sess.run([sv.summary_op, sv.global_step])
        if sv.summary_writer:
            logging.info(f"Recording summary at step {step}.")
            sv.summary_writer.add_summary(values, step)


class SVStepCounterThread(LooperThread):
    """Writes steps per second."""

    def __init__(self, sv: Any, sess: Any, step_counter: Any = None) -> None:
        super().__init__(sv.coord, sv.save_summaries_secs)
        self._sv = sv
        self._sess = sess
        self._counter = sv.global_step if step_counter is None else step_counter
        self._tag = f"{self._counter.op.name}/sec"
        self._last_time, self._last_step = 0.0, 0

    def start_loop(self) -> None:
        """Begins to count."""
        self._last_time = time.time()
        self._last_step = value_of_step(self._sess, self._counter)

    def run_loop(self) -> None:
        """Writes them once."""
        step, now = value_of_step(self._sess, self._counter), time.time()
        steps, elapsed_s = step - self._last_step, now - self._last_time
        self._last_step, self._last_time = step, now
        rate = steps / elapsed_s if elapsed_s > 0 else math.inf
        if self._sv.summary_writer:
            value = protos.Summary.Value(tag=self._tag, simple_value=rate)
            self._sv.summary_writer.add_summary(protos.Summary(value=[value]), step)
        logging.log_first_n(logging.INFO, f"{self._tag}: {rate:g}", 10)


class SVTimerCheckpointThread(LooperThread):
    """Writes checkpoints."""

    def __init__(self, sv: Any, sess: Any) -> None:
        super().__init__(sv.coord, sv.save_model_secs)
        self._sv = sv
        self._sess = sess

    def run_loop(self) -> None:
        """Writes one."""
        sv = self._sv
        logging.info(f"Saving checkpoint to path {sv.save_path}")
        sv.saver.save(self._sess, sv.save_path, global_step=sv.global_step)
        if sv.summary_writer and sv.global_step is not None:
            log = protos.SessionLog
            sv.summary_writer.add_session_log(
                log(status=log.CHECKPOINT, checkpoint_path=sv.save_path),
                value_of_step(self._sess, sv.global_step),
            )


def basic_train_loop(
    supervisor: Supervisor,
    train_step_fn: Callable[..., Any],
    args: Any = None,
    kwargs: Any = None,
    master: str = "",
) -> None:
    """Calls `train_step_fn(session, *args, **kwargs)` until the supervisor stops.

    Begins again with a new session when one is lost (AbortedError).
    """
    while True:
        try:
            with supervisor.managed_session(master) as session:
                while not supervisor.should_stop():
                    train_step_fn(session, *(args or ()), **(kwargs or {}))
            return
        except errors.AbortedError as error:
            logging.info(f"The session is lost and made anew: {error}")
