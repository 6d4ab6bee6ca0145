"""Sessions with hooks, which initialize or restore themselves and close themselves.

Source: TF 1.15 python/training/monitored_session.py.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from tailrace import errors
from tailrace.formats import protos
from tailrace.graph import get_default_graph
from tailrace.library import logging
from tailrace.library.collections import GraphKeys, get_collection
from tailrace.library.coordinator import Coordinator, start_queue_runners
from tailrace.library.training.hooks import StepCounterHook
from tailrace.library.training.run_hook import (
    SessionRunArgs,
    SessionRunContext,
    SessionRunValues,
)
from tailrace.library.training.saving_hooks import CheckpointSaverHook, SummarySaverHook
from tailrace.library.training.scaffold import Scaffold
from tailrace.library.training.session_manager import SessionManager

_LOST: tuple[type[errors.OpError], ...] = (errors.AbortedError, errors.UnavailableError)
USE_DEFAULT: Any = object()


# -- how sessions are made -------------------------------------------------------------------------


class SessionCreator:
    """Makes sessions."""

    def create_session(self) -> Any:
        """A session that is ready."""
        raise NotImplementedError(f"create_session is not implemented for {self}.")


class _ScaffoldCreator(SessionCreator):
    """Makes sessions with a scaffold's operations."""

    def __init__(self, scaffold: Scaffold | None, master: str, config: Any) -> None:
        self._scaffold = scaffold or Scaffold()
        self._master = master
        self._config = config
        self._made_manager: SessionManager | None = None

    def _manager(self) -> SessionManager:
        if self._made_manager is None:
            self._made_manager = SessionManager(
                local_init_op=self._scaffold.local_init_op,
                ready_op=self._scaffold.ready_op,
                ready_for_local_init_op=self._scaffold.ready_for_local_init_op,
                graph=get_default_graph(),
            )
        return self._made_manager


class ChiefSessionCreator(_ScaffoldCreator):
    """Makes sessions that are restored from a checkpoint or, without one, initialized."""

    def __init__(
        self,
        scaffold: Scaffold | None = None,
        master: str = "",
        config: Any = None,
        checkpoint_dir: Any = None,
        checkpoint_filename_with_path: Any = None,
    ) -> None:
        super().__init__(scaffold, master, config)
        self._folder = checkpoint_dir
        self._path = checkpoint_filename_with_path

    def create_session(self) -> Any:
        """A session that is ready; the graph is finalized."""
        scaffold = self._scaffold.finalize()
        return self._manager().prepare_session(
            self._master,
            saver=scaffold.saver,
            checkpoint_dir=self._folder,
            checkpoint_filename_with_path=self._path,
            config=self._config,
            init_op=scaffold.init_op,
            init_feed_dict=scaffold.init_feed_dict,
            init_fn=scaffold.init_fn,
        )


class WorkerSessionCreator(_ScaffoldCreator):
    """Makes sessions of a model that somebody else initializes."""

    def __init__(
        self,
        scaffold: Scaffold | None = None,
        master: str = "",
        config: Any = None,
        max_wait_secs: float = 30 * 60,
    ) -> None:
        super().__init__(scaffold, master, config)
        self._max_wait_s = max_wait_secs

    def create_session(self) -> Any:
        """A session that is ready. Raises: DeadlineExceededError when it does not become so."""
        self._scaffold.finalize()
        return self._manager().wait_for_session(
            self._master, config=self._config, max_wait_secs=self._max_wait_s
        )


class _CoordinatedCreator(SessionCreator):
    """Starts queue runners and tells hooks of every new session."""

    def __init__(self, creator: SessionCreator, hooks: list[Any], grace_s: float) -> None:
        self._creator = creator
        self._hooks = hooks
        self._grace_s = grace_s
        self.coord: Coordinator | None = None
        self.session: Any = None

    def create_session(self) -> _CoordinatedSession:
        self.session = self._creator.create_session()
        # the hooks decide what the end of data means
        self.coord = Coordinator(clean_stop_exception_types=[])
        if get_collection(GraphKeys.QUEUE_RUNNERS):
            start_queue_runners(sess=self.session, coord=self.coord)
        for hook in self._hooks:
            hook.after_create_session(self.session, self.coord)
        hooked = _HookedSession(self.session, self._hooks)
        return _CoordinatedSession(hooked, self.coord, self._grace_s)


# -- layers around a session -----------------------------------------------------------------------


class StepContext:
    """What a step function gets: the session, and a way to run it with hooks."""

    def __init__(self, session: Any, run_with_hooks_fn: Callable[..., Any]) -> None:
        self._session = session
        self._run = run_with_hooks_fn

    @property
    def session(self) -> Any:
        """The session, without hooks."""
        return self._session

    def run_with_hooks(self, *args: Any, **kwargs: Any) -> Any:
        """As `MonitoredSession.run`."""
        return self._run(*args, **kwargs)

    def request_stop(self) -> None:
        """End the loop: leaves the step function by StopIteration."""
        raise StopIteration("step_fn has requested the iterations to stop.")


class _WrappedSession:
    """A layer around a session or another layer."""

    def __init__(self, session: Any) -> None:
        self._session: Any = session

    @property
    def graph(self) -> Any:
        return self._session.graph

    @property
    def sess_str(self) -> Any:
        return self._session.sess_str

    def should_stop(self) -> bool:
        if self._stops() or self._session is None:
            return True
        return isinstance(self._session, _WrappedSession) and self._session.should_stop()

    def _stops(self) -> bool:
        return False

    def close(self) -> None:
        if self._session is None:
            return
        try:
            self._session.close()
        except _LOST as error:
            logging.warning(f"An error occurred when attempting to close the session: {error}")
        finally:
            self._session = None

    def run(self, *args: Any, **kwargs: Any) -> Any:
        return self._session.run(*args, **kwargs)

    def run_step_fn(
        self, step_fn: Callable[..., Any], raw_session: Any, run_with_hooks: Any
    ) -> Any:
        return step_fn(StepContext(raw_session, run_with_hooks or self.run))


class _HookedSession(_WrappedSession):
    """Calls hooks around runs."""

    def __init__(self, session: Any, hooks: list[Any]) -> None:
        super().__init__(session)
        self._hooks = hooks
        self._stop_requested = False

    def _stops(self) -> bool:
        return self._stop_requested

    def run(
        self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None
    ) -> Any:
        if self.should_stop():
            raise RuntimeError("Run called even after should_stop requested.")
        fetched: dict[Any, Any] = {"caller": fetches}
        context = SessionRunContext(SessionRunArgs(fetches, feed_dict), self._session)
        options = options or protos.RunOptions()
        run_metadata = run_metadata or protos.RunMetadata()
        feed_dict = self._asked(context, fetched, feed_dict, options)
        outputs = self._session.run(
            fetched, feed_dict=feed_dict, options=options, run_metadata=run_metadata
        )
        for hook in self._hooks:
            hook.after_run(context, SessionRunValues(outputs.get(hook), options, run_metadata))
        self._stop_requested = self._stop_requested or context.stop_requested
        return outputs["caller"]

    def _asked(self, context: Any, fetched: dict[Any, Any], feeds: Any, options: Any) -> Any:
        """Asks the hooks; gives what is fed in all."""
        hook_feeds: dict[Any, Any] = {}
        for hook in self._hooks:
            request = hook.before_run(context)
            if request is None:
                continue
            if request.fetches is not None:
                fetched[hook] = request.fetches
            if request.feed_dict:
                _check_disjoint(hook_feeds, request.feed_dict, "Same tensor is fed by two hooks.")
                hook_feeds.update(request.feed_dict)
            if request.options:
                _merge_options(options, request.options)
        if not hook_feeds:
            return feeds
        if feeds:
            message = "Same tensor is fed by a SessionRunHook and user."
            _check_disjoint(feeds, hook_feeds, message)
            hook_feeds.update(feeds)
        return hook_feeds


def _check_disjoint(first: Any, second: Any, message: str) -> None:
    common = set(first) & set(second)
    if common:
        raise RuntimeError(f"{message} Conflict(s): {list(common)}")


def _merge_options(options: Any, others: Any) -> None:
    for field in ("trace_level", "timeout_in_ms", "inter_op_thread_pool"):
        setattr(options, field, max(getattr(options, field), getattr(others, field)))
    for field in ("output_partition_graphs", "report_tensor_allocations_upon_oom"):
        setattr(options, field, getattr(options, field) or getattr(others, field))
    watches = others.debug_options.debug_tensor_watch_opts
    options.debug_options.debug_tensor_watch_opts.extend(watches)


class _CoordinatedSession(_WrappedSession):
    """Stops along with the threads of a coordinator, and prefers what they raise."""

    def __init__(self, session: Any, coord: Coordinator, grace_s: float) -> None:
        super().__init__(session)
        self._coord = coord
        self._grace_s = grace_s

    def _stops(self) -> bool:
        self._coord.raise_requested_exception()
        return self._coord.should_stop()

    def close(self) -> None:
        self._coord.request_stop()
        try:
            self._coord.join(stop_grace_period_secs=self._grace_s, ignore_live_threads=True)
        finally:
            super().close()

    def run(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return self._session.run(*args, **kwargs)
        except _LOST:
            raise
        except Exception as failure:
            try:
                self._coord.raise_requested_exception()
            except _LOST:
                raise
            except Exception as reported:
                # TF: what the threads reported matters only when it means a lost session
                raise failure from reported
            raise


class _RecoverableSession(_WrappedSession):
    """Makes a new session when one is lost."""

    def __init__(self, creator: SessionCreator) -> None:
        self._creator = creator
        super().__init__(self._created())

    def _created(self) -> Any:
        while True:
            try:
                return self._creator.create_session()
            except _LOST as error:
                logging.info(f"A session could not be created and is tried again: {error}")

    def _stops(self) -> bool:
        if self._session is None:
            return True
        try:
            return self._session._stops()
        except _LOST as error:
            self._lose(error)
            self._session = self._created()
            return False
        except Exception as error:
            logging.debug(f"A session stops because of {error!r}")
            return True

    def _lose(self, error: Exception) -> None:
        logging.info(f"A session is lost and made anew: {error}")
        self.close()

    def run(self, *args: Any, **kwargs: Any) -> Any:
        return self._again(lambda session: session.run(*args, **kwargs))

    def run_step_fn(
        self, step_fn: Callable[..., Any], raw_session: Any, run_with_hooks: Any
    ) -> Any:
        return self._again(lambda session: session.run_step_fn(step_fn, raw_session, session.run))

    def _again(self, call: Callable[[Any], Any]) -> Any:
        while True:
            try:
                if self._session is None:
                    self._session = self._created()
                return call(self._session)
            except _LOST as error:
                self._lose(error)


# -- the sessions programs use ---------------------------------------------------------------------


class _MonitoredSession:
    """A session with hooks. As a context it closes itself and takes the end of data for an end."""

    def __init__(
        self,
        session_creator: SessionCreator | None,
        hooks: Any,
        should_recover: bool,
        stop_grace_period_secs: float = 120,
    ) -> None:
        self._graph_was_finalized = get_default_graph().finalized
        self._hooks = list(hooks or [])
        for hook in self._hooks:
            hook.begin()
        self._coordinated_creator = _CoordinatedCreator(
            session_creator or ChiefSessionCreator(), self._hooks, stop_grace_period_secs
        )
        self._sess: _WrappedSession | None
        if should_recover:
            self._sess = _RecoverableSession(self._coordinated_creator)
        else:
            self._sess = self._coordinated_creator.create_session()

    @property
    def graph(self) -> Any:
        """The graph; None once the session is closed."""
        session = self._tf_sess()
        return None if session is None else session.graph

    def run(
        self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None
    ) -> Any:
        """As `Session.run`, with what the hooks add.

        Raises: RuntimeError when a hook has asked to stop or the session is closed.
        """
        return self._open_session().run(
            fetches, feed_dict=feed_dict, options=options, run_metadata=run_metadata
        )

    def run_step_fn(self, step_fn: Callable[..., Any]) -> Any:
        """Calls a function of one `step_context`, which runs the session with or without hooks.

        Raises: ValueError for a function of other arguments.
        """
        names = tuple(inspect.signature(step_fn).parameters)
        if names not in (("step_context",), ("self", "step_context")):
            raise ValueError(
                "`step_fn` may either have one `step_context` argument, or `self` and "
                f"`step_context` arguments if it's an instance method. Got {names} instead."
            )
        return self._open_session().run_step_fn(step_fn, self._tf_sess(), run_with_hooks=None)

    StepContext = StepContext

    def _open_session(self) -> _WrappedSession:
        if self._sess is None:
            raise RuntimeError("Session is already closed.")
        return self._sess

    def should_stop(self) -> bool:
        """Whether a hook has asked to stop, or a thread has failed."""
        return self._sess is None or self._sess.should_stop()

    def close(self) -> None:
        """Lets the hooks end, stops threads, closes the session."""
        self._close_internal()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, exception_type: Any, exception: Any, traceback: Any) -> bool:
        if exception_type in (errors.OutOfRangeError, StopIteration):
            exception_type = None
        self._close_internal(exception_type)
        return exception_type is None

    def _close_internal(self, exception_type: Any = None) -> None:
        try:
            if not exception_type:
                for hook in self._hooks:
                    hook.end(self._coordinated_creator.session)
        finally:
            try:
                self._open_session().close()
            finally:
                self._sess = None
                self._coordinated_creator.session = None
                self._coordinated_creator.coord = None
                if not self._graph_was_finalized:
                    get_default_graph()._unsafe_unfinalize()

    def _is_closed(self) -> bool:
        return self._coordinated_creator.session is None

    def _tf_sess(self) -> Any:
        return self._coordinated_creator.session


class MonitoredSession(_MonitoredSession):
    """A session with hooks that is made anew when it is lost (AbortedError, UnavailableError)."""

    def __init__(
        self,
        session_creator: SessionCreator | None = None,
        hooks: Any = None,
        stop_grace_period_secs: float = 120,
    ) -> None:
        super().__init__(session_creator, hooks, True, stop_grace_period_secs)


class SingularMonitoredSession(_MonitoredSession):
    """A session with hooks that is not made anew."""

    def __init__(
        self,
        hooks: Any = None,
        scaffold: Scaffold | None = None,
        master: str = "",
        config: Any = None,
        checkpoint_dir: Any = None,
        stop_grace_period_secs: float = 120,
        checkpoint_filename_with_path: Any = None,
    ) -> None:
        creator = ChiefSessionCreator(
            scaffold, master, config, checkpoint_dir, checkpoint_filename_with_path
        )
        super().__init__(creator, hooks, False, stop_grace_period_secs)

    def raw_session(self) -> Any:
        """The session, without hooks."""
        return self._tf_sess()


def _positive(value: Any) -> bool:
    return bool(value and value > 0)


def _seconds_and_steps(secs: Any, steps: Any, default: tuple[Any, Any]) -> tuple[Any, Any]:
    """What is given, the other None; `default` where nothing is."""
    if secs is USE_DEFAULT and steps is USE_DEFAULT:
        return default
    return (None if secs is USE_DEFAULT else secs), (None if steps is USE_DEFAULT else steps)


def MonitoredTrainingSession(
    master: str = "",
    is_chief: bool = True,
    checkpoint_dir: Any = None,
    scaffold: Scaffold | None = None,
    hooks: Any = None,
    chief_only_hooks: Any = None,
    save_checkpoint_secs: Any = USE_DEFAULT,
    save_summaries_steps: Any = USE_DEFAULT,
    save_summaries_secs: Any = USE_DEFAULT,
    config: Any = None,
    stop_grace_period_secs: float = 120,
    log_step_count_steps: int | None = 100,
    max_wait_secs: float = 7200,
    save_checkpoint_steps: Any = USE_DEFAULT,
    summary_dir: Any = None,
) -> MonitoredSession:
    """A monitored session for training.

    With a `checkpoint_dir` it is restored from there, and saves checkpoints (every 10 minutes
    unless told), summaries (every 100 steps) and steps per second.
    """
    scaffold = scaffold or Scaffold()
    if not is_chief:
        worker = WorkerSessionCreator(scaffold, master, config, max_wait_secs)
        return MonitoredSession(worker, hooks or [], stop_grace_period_secs)
    all_hooks = list(chief_only_hooks or [])
    chief = ChiefSessionCreator(scaffold, master, config, checkpoint_dir)
    summary_dir = summary_dir or checkpoint_dir
    secs, steps = _seconds_and_steps(save_summaries_secs, save_summaries_steps, (None, 100))
    if summary_dir and _positive(log_step_count_steps):
        all_hooks.append(StepCounterHook(log_step_count_steps, output_dir=summary_dir))
    if summary_dir and (_positive(steps) or _positive(secs)):
        all_hooks.append(
            SummarySaverHook(
                scaffold=scaffold, save_steps=steps, save_secs=secs, output_dir=summary_dir
            )
        )
    secs, steps = _seconds_and_steps(save_checkpoint_secs, save_checkpoint_steps, (600, None))
    if checkpoint_dir and (_positive(secs) or _positive(steps)):
        all_hooks.append(CheckpointSaverHook(checkpoint_dir, secs, steps, scaffold=scaffold))
    all_hooks.extend(hooks or [])
    return MonitoredSession(chief, all_hooks, stop_grace_period_secs)
