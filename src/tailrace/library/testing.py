"""`tf.test.TestCase`: a fresh seeded graph for each test, sessions, and threads that report.

Source: TF 1.15 python/framework/test_util.py.
"""

from __future__ import annotations

import os
import random
import re
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from absl.testing import absltest

from tailrace import errors
from tailrace.graph import get_default_graph, get_default_session, reset_default_graph
from tailrace.graph.graph import default_graphs
from tailrace.library.testing_assertions import ArrayAssertions
from tailrace.run import Session

_GRAPH_SEED = 87654321


class CapturedWrites:
    """What was written to a stream while it was captured."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def contents(self) -> str:
        """Everything written so far."""
        return self._path.read_text()


class CheckedThread:
    """A thread of a test, which fails the test when its target raises or it is never joined."""

    def __init__(
        self, test: TestCase, target: Callable[..., Any], args: Any = None, kwargs: Any = None
    ) -> None:
        self._test = test
        self._target = target
        self._args = args or ()
        self._kwargs = kwargs or {}
        self._error: Exception | None = None
        self._joined = False
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self._target(*self._args, **self._kwargs)
        except Exception as error:  # reported by join, in the test's own thread
            self._error = error

    def start(self) -> None:
        """Starts the thread, once."""
        self._thread.start()

    def join(self) -> None:
        """Waits for the thread; fails the test if the target raised."""
        self._joined = True
        self._thread.join()
        if self._error is not None:
            self._test.fail(f"Error in checkedThread: {self._error}")

    def is_alive(self) -> bool:
        """Whether the thread is still running."""
        return self._thread.is_alive()

    def check_termination(self) -> None:
        """Fails the test if the thread was not joined."""
        if not self._joined:
            self._test.fail("A checked thread was not joined.")
        if self.is_alive():
            raise RuntimeError("A joined thread still runs when the test finished.")


class TestCase(ArrayAssertions):
    """Base class of tests of graphs: `with self.session(): self.assertAllClose(x.eval(), ...)`."""

    # pytest would take the method `test_session` for a test, as unittest does
    __test__ = True

    def __init__(self, methodName: str = "runTest") -> None:
        super().__init__(methodName)
        self._threads: list[CheckedThread] = []
        self._tempdir: str | None = None
        self._cached_session: Session | None = None
        self._cached_arguments: tuple[Any, ...] = ()

    def setUp(self) -> None:
        """Seeds Python's, NumPy's and the graph's random numbers and starts a fresh graph."""
        super().setUp()
        self._close_cached_session()
        random.seed(_GRAPH_SEED)
        np.random.seed(_GRAPH_SEED)
        default_graphs().clear()
        reset_default_graph()
        get_default_graph().seed = _GRAPH_SEED

    def tearDown(self) -> None:
        """Checks the test's threads and closes its session."""
        for thread in self._threads:
            thread.check_termination()
        self._close_cached_session()
        super().tearDown()

    def _close_cached_session(self) -> None:
        if self._cached_session is not None:
            self._cached_session.close()
            self._cached_session = None

    def get_temp_dir(self) -> str:
        """A folder of this test alone."""
        if self._tempdir is None:
            self._tempdir = tempfile.mkdtemp(dir=absltest.get_default_test_tmpdir())
        return self._tempdir

    @contextmanager
    def captureWritesToStream(self, stream: Any) -> Iterator[CapturedWrites]:
        """Catches what is written to a stream that has a file descriptor, by anybody."""
        stream.flush()
        saved = os.dup(stream.fileno())
        with tempfile.NamedTemporaryFile(dir=self.get_temp_dir(), delete=False) as file:
            os.dup2(file.fileno(), stream.fileno())
            try:
                yield CapturedWrites(file.name)
            finally:
                stream.flush()
                os.dup2(saved, stream.fileno())
                os.close(saved)

    def evaluate(self, tensors: Any) -> Any:
        """Values of tensors, in the default session or one of this test."""
        session = get_default_session()
        if session is not None:
            return session.run(tensors)
        with self.cached_session() as cached:
            return cached.run(tensors)

    @contextmanager
    def session(
        self, graph: Any = None, config: Any = None, use_gpu: bool = False, force_gpu: bool = False
    ) -> Iterator[Session]:
        """A new session, the default one inside the block, with its graph the default graph."""
        with Session(graph=graph, config=config) as session, _placed(session, use_gpu, force_gpu):
            yield session

    @contextmanager
    def cached_session(
        self, graph: Any = None, config: Any = None, use_gpu: bool = False, force_gpu: bool = False
    ) -> Iterator[Session]:
        """The session of this test, the same one each time."""
        arguments = (graph, config, force_gpu)
        session = self._cached_session
        if session is None:
            session = self._cached_session = Session(graph=graph, config=config)
            self._cached_arguments = arguments
        elif arguments != self._cached_arguments:
            message = "The cached session of a test was asked for again with other arguments."
            raise ValueError(message)
        with (
            session.graph.as_default(),
            session.as_default(),
            _placed(session, use_gpu, force_gpu),
        ):
            yield session

    @contextmanager
    def test_session(
        self, graph: Any = None, config: Any = None, use_gpu: bool = False, force_gpu: bool = False
    ) -> Iterator[Any]:
        """`cached_session`, or `session` if a graph is given (the name that old tests use)."""
        if self.id().endswith(".test_session"):
            self.skipTest("Not a test.")
        chosen = self.cached_session if graph is None else self.session
        with chosen(graph, config, use_gpu, force_gpu) as session:
            yield session

    def checkedThread(
        self, target: Callable[..., Any], args: Any = None, kwargs: Any = None
    ) -> CheckedThread:
        """A thread whose failure is the test's failure; the test has to join it."""
        thread = CheckedThread(self, target, args, kwargs)
        self._threads.append(thread)
        return thread

    @contextmanager
    def assertRaisesWithPredicateMatch(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, exception_type: Any, expected_err_re_or_predicate: Any
    ) -> Iterator[None]:
        """The block raises such an exception, whose text matches the pattern or predicate."""
        try:
            yield
        except exception_type as error:
            if not _matches(error, expected_err_re_or_predicate):
                raise AssertionError(f"Exception of type {type(error)}: {error}") from error
            return
        raise self.failureException(f"{exception_type} not raised")


@contextmanager
def _placed(session: Session, use_gpu: bool, force_gpu: bool) -> Iterator[None]:
    """Pins operations to the CPU unless the test wants a GPU."""
    if use_gpu and not force_gpu:
        yield
        return
    with session.graph.device("/device:GPU:0" if force_gpu else "/device:CPU:0"):
        yield


def _matches(error: BaseException, expected: Any) -> bool:
    if callable(expected):
        return bool(expected(error))
    text = error.message if isinstance(error, errors.OpError) else str(error)
    origin = error.op if isinstance(error, errors.OpError) else None
    lines = [text] if origin is None else [text, f"Caused by op: {origin.name}"]
    return re.search(expected, "\n".join(lines)) is not None


def main(argv: list[str] | None = None) -> None:
    """Runs the tests of the program and exits."""
    absltest.main(argv=argv)
