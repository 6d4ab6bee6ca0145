"""Threads that stop together: `tf.train.Coordinator`, and queue runners that fill queues.

Source: TF 1.15 python/training/coordinator.py, queue_runner_impl.py.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tailrace import errors
from tailrace.formats import protos
from tailrace.graph import get_default_graph, get_default_session
from tailrace.library import logging
from tailrace.library.collection_protos import register_proto_function
from tailrace.library.collections import GraphKeys, add_to_collection, get_collection
from tailrace.library.scope_names import prepend_name_scope, strip_name_scope


class Coordinator:
    """Tells threads to stop when one asks for it or fails, waits for them, and raises what failed.

    Exceptions of `clean_stop_exception_types` (the end of data, by default) stop without failing.
    """

    def __init__(self, clean_stop_exception_types: Iterable[type] | None = None) -> None:
        types = clean_stop_exception_types
        self._clean = (errors.OutOfRangeError,) if types is None else tuple(types)
        self._lock = threading.Lock()
        self._stop_event = threading.Event()
        self._failure: BaseException | None = None
        self._joined = False
        self._threads: set[threading.Thread] = set()

    def request_stop(self, ex: Any = None) -> None:
        """Ask all threads to stop; `ex`, an exception or `sys.exc_info()`, is raised by `join`."""
        failure = ex[1] if isinstance(ex, tuple) else ex
        if isinstance(failure, self._clean):
            failure = None
        with self._lock:
            if self._joined and failure is not None:
                raise failure
            if self._stop_event.is_set():
                return
            if failure is not None and self._failure is None:
                logging.info(f"Error reported to Coordinator: {type(failure)}, {failure}")
                self._failure = failure
            self._stop_event.set()

    def clear_stop(self) -> None:
        """Begin anew."""
        with self._lock:
            self._joined = False
            self._failure = None
            self._stop_event.clear()

    def should_stop(self) -> bool:
        """Whether threads are asked to stop."""
        return self._stop_event.is_set()

    @contextlib.contextmanager
    def stop_on_exception(self) -> Iterator[None]:
        """A context in which an exception asks all threads to stop."""
        try:
            yield
        except BaseException:  # it is raised by join
            self.request_stop(sys.exc_info())

    def wait_for_stop(self, timeout: float | None = None) -> bool:
        """Wait until threads are asked to stop, at most `timeout` seconds; whether they are."""
        return self._stop_event.wait(timeout)

    def register_thread(self, thread: threading.Thread) -> None:
        """A thread that `join` waits for."""
        with self._lock:
            self._threads.add(thread)

    def join(
        self,
        threads: Iterable[threading.Thread] | None = None,
        stop_grace_period_secs: float = 120,
        ignore_live_threads: bool = False,
    ) -> None:
        """Wait for the threads to end.

        Raises: what a thread reported; RuntimeError when some still run `stop_grace_period_secs`
        after they were asked to stop.
        """
        with self._lock:
            waited = list(self._threads.union(threads or ()))
        while any(t.is_alive() for t in waited) and not self.wait_for_stop(1.0):
            pass
        deadline = time.monotonic() + stop_grace_period_secs
        for thread in waited:
            thread.join(max(0.0, deadline - time.monotonic()))
        late = " ".join(t.name for t in waited if t.is_alive())
        with self._lock:
            self._joined = True
            self._threads = set()
            if self._failure is not None:
                raise self._failure
        if late and ignore_live_threads:
            logging.info(f"Coordinator stopped with threads still running: {late}")
        elif late:
            raise RuntimeError(f"Coordinator stopped with threads still running: {late}")

    @property
    def joined(self) -> bool:
        """Whether `join` has ended."""
        return self._joined

    def raise_requested_exception(self) -> None:
        """Raise what a thread reported, if any did."""
        with self._lock:
            if self._failure is not None:
                raise self._failure


class LooperThread(threading.Thread):
    """A thread that calls `target` again and again until its coordinator stops it.

    Every `timer_interval_secs` seconds, or without pause for None.
    """

    def __init__(
        self,
        coord: Coordinator,
        timer_interval_secs: float | None,
        target: Callable[..., Any] | None = None,
        args: Any = None,
        kwargs: Any = None,
    ) -> None:
        if not isinstance(coord, Coordinator):
            raise ValueError(f"'coord' argument must be a Coordinator: {coord}")
        if target is None and (args or kwargs):
            raise ValueError("'args' and 'kwargs' argument require that you also pass 'target'")
        super().__init__()
        self.daemon = True
        self._coord = coord
        self._interval = timer_interval_secs
        self._work = target
        self._work_args, self._work_kwargs = args or (), kwargs or {}
        coord.register_thread(self)

    @staticmethod
    def loop(
        coord: Coordinator,
        timer_interval_secs: float | None,
        target: Callable[..., Any],
        args: Any = None,
        kwargs: Any = None,
    ) -> LooperThread:
        """Start a thread that calls `target(*args, **kwargs)`."""
        looper = LooperThread(coord, timer_interval_secs, target, args, kwargs)
        looper.start()
        return looper

    def run(self) -> None:
        """The thread's work."""
        with self._coord.stop_on_exception():
            self.start_loop()
            if self._interval is None:
                while not self._coord.should_stop():
                    self.run_loop()
            else:
                due = time.time()
                while not self._coord.wait_for_stop(due - time.time()):
                    due += self._interval
                    self.run_loop()
            self.stop_loop()

    def start_loop(self) -> None:
        """Called before the first call."""

    def stop_loop(self) -> None:
        """Called after the last call."""

    def run_loop(self) -> None:
        """Called at every turn."""
        if self._work is not None:
            self._work(*self._work_args, **self._work_kwargs)


class QueueRunner:
    """Threads that run a queue's enqueue operations, one thread each, until it is closed.

    An exception of `queue_closed_exception_types` (the end of data, by default) ends a thread; the
    last of them closes the queue.
    """

    def __init__(
        self,
        queue: Any = None,
        enqueue_ops: Any = None,
        close_op: Any = None,
        cancel_op: Any = None,
        queue_closed_exception_types: Any = None,
        queue_runner_def: Any = None,
        import_scope: str | None = None,
    ) -> None:
        if queue_runner_def is not None:
            if queue or enqueue_ops:
                raise ValueError("queue_runner_def and queue are mutually exclusive.")
            self._read_proto(queue_runner_def, import_scope)
        else:
            if not queue or not enqueue_ops:
                raise ValueError("Must provide queue and enqueue_ops.")
            self._queue = queue
            self._enqueue_ops = enqueue_ops
            self._closed_types = _checked_types(queue_closed_exception_types)
            self._close_op = queue.close() if close_op is None else close_op
            if cancel_op is None:
                cancel_op = queue.close(cancel_pending_enqueues=True)
            self._cancel_op = cancel_op
        self._lock = threading.Lock()
        self._running: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._exceptions_raised: list[Exception] = []

    def _read_proto(self, proto: Any, scope: str | None) -> None:
        def element(name: str) -> Any:
            return get_default_graph().as_graph_element(prepend_name_scope(name, scope))

        self._queue = element(proto.queue_name)
        self._enqueue_ops = [element(name) for name in proto.enqueue_op_name]
        self._close_op = element(proto.close_op_name)
        self._cancel_op = element(proto.cancel_op_name)
        codes = proto.queue_closed_exception_types
        types = tuple(errors.exception_type_from_error_code(code) for code in codes)
        self._closed_types = types or (errors.OutOfRangeError,)

    @property
    def queue(self) -> Any:
        """The queue that is filled."""
        return self._queue

    @property
    def enqueue_ops(self) -> Any:
        """The operations, one for each thread."""
        return self._enqueue_ops

    @property
    def close_op(self) -> Any:
        """The operation that closes the queue."""
        return self._close_op

    @property
    def cancel_op(self) -> Any:
        """The operation that closes the queue and ends what waits for room."""
        return self._cancel_op

    @property
    def queue_closed_exception_types(self) -> tuple[type[errors.OpError], ...]:
        """The exceptions that mean the end of data."""
        return self._closed_types

    @property
    def exceptions_raised(self) -> list[Exception]:
        """What threads without a coordinator have raised."""
        return self._exceptions_raised

    @property
    def name(self) -> str:
        """The queue's name."""
        return self._queue.name

    def _run(self, sess: Any, enqueue_op: Any, coord: Coordinator | None) -> None:
        counted = True
        try:
            while coord is None or not coord.should_stop():
                try:
                    sess.run(enqueue_op, self._feeds(enqueue_op))
                except self._closed_types:
                    counted = False
                    self._ended(sess)
                    return
        except Exception as failure:
            if coord is None:
                logging.error(f"Exception in QueueRunner: {failure}")
                self._exceptions_raised.append(failure)
                raise
            coord.request_stop(failure)
        finally:
            if counted:
                with self._lock:
                    self._running[sess] -= 1

    def _feeds(self, enqueue_op: Any) -> dict[Any, Any] | None:
        """What an operation's next run is fed. Raises: an exception that ends the thread."""
        return None

    def _ended(self, sess: Any) -> None:
        """A thread has met the end of data; the last one closes the queue."""
        with self._lock:
            self._running[sess] -= 1
            if self._running[sess] == 0:
                _run_ignoring_failure(sess, self._close_op)

    def _close_on_stop(self, sess: Any, coord: Coordinator) -> None:
        coord.wait_for_stop()
        _run_ignoring_failure(sess, self._cancel_op)

    def create_threads(
        self,
        sess: Any,
        coord: Coordinator | None = None,
        daemon: bool = False,
        start: bool = False,
    ) -> list[threading.Thread]:
        """The threads that fill the queue in a session; none while those made before run."""
        with self._lock:
            if self._running.get(sess, 0) > 0:
                return []
            self._running[sess] = len(self._enqueue_ops)
            self._exceptions_raised = []
        name = f"QueueRunnerThread-{self.name}"
        threads = [
            threading.Thread(target=self._run, args=(sess, op, coord), name=f"{name}-{op.name}")
            for op in self._enqueue_ops
        ]
        if coord is not None:
            closing = threading.Thread(
                target=self._close_on_stop, args=(sess, coord), name=f"{name}-close_on_stop"
            )
            threads.append(closing)
        for thread in threads:
            if coord is not None:
                coord.register_thread(thread)
            thread.daemon = daemon or thread.daemon
            if start:
                thread.start()
        return threads

    def to_proto(self, export_scope: str | None = None) -> Any:
        """The QueueRunnerDef; None when the queue is not in `export_scope`."""
        if export_scope is not None and not self.name.startswith(export_scope):
            return None
        codes = [errors.error_code_from_exception_type(t) for t in self._closed_types]
        return protos.QueueRunnerDef(
            queue_name=strip_name_scope(self.name, export_scope),
            enqueue_op_name=[strip_name_scope(op.name, export_scope) for op in self.enqueue_ops],
            close_op_name=strip_name_scope(self.close_op.name, export_scope),
            cancel_op_name=strip_name_scope(self.cancel_op.name, export_scope),
            queue_closed_exception_types=codes,
        )

    @staticmethod
    def from_proto(queue_runner_def: Any, import_scope: str | None = None) -> QueueRunner:
        """The runner that a QueueRunnerDef describes, in the default graph."""
        return QueueRunner(queue_runner_def=queue_runner_def, import_scope=import_scope)


def _checked_types(types: Any) -> tuple[type[errors.OpError], ...]:
    if types is None:
        return (errors.OutOfRangeError,)
    if (
        not isinstance(types, tuple)
        or not types
        or not all(issubclass(t, errors.OpError) for t in types)
    ):
        raise TypeError(
            "queue_closed_exception_types, when provided, must be a tuple of tf.error types, "
            f"but saw: {types}"
        )
    return types


def _run_ignoring_failure(sess: Any, op: Any) -> None:
    """Close a queue whose session may be gone."""
    try:
        sess.run(op)
    except Exception as failure:
        logging.vlog(1, f"Ignored exception: {failure}")


def add_queue_runner(qr: QueueRunner, collection: str = GraphKeys.QUEUE_RUNNERS) -> None:
    """Add a runner to those that `start_queue_runners` starts."""
    add_to_collection(collection, qr)


def start_queue_runners(
    sess: Any = None,
    coord: Coordinator | None = None,
    daemon: bool = True,
    start: bool = True,
    collection: str = GraphKeys.QUEUE_RUNNERS,
) -> list[threading.Thread]:
    """Start the threads of all queue runners of a session's graph; gives the threads.

    Raises: ValueError without a session.
    """
    sess = get_default_session() if sess is None else sess
    if sess is None:
        raise ValueError(
            "Cannot start queue runners: No default session is registered. Use "
            "`with sess.as_default()` or pass an explicit session to "
            "tf.start_queue_runners(sess=sess)"
        )
    with sess.graph.as_default():
        runners = get_collection(collection)
        if not runners:
            logging.warning(
                "`tf.train.start_queue_runners()` was called when no queue runners were defined. "
                "You can safely remove the call to this deprecated function."
            )
        threads: list[threading.Thread] = []
        for runner in runners:
            threads.extend(runner.create_threads(sess, coord, daemon, start))
    return threads


register_proto_function(
    GraphKeys.QUEUE_RUNNERS,
    lambda: protos.QueueRunnerDef,
    QueueRunner.to_proto,
    QueueRunner.from_proto,
)
