"""Hooks: what is called around every run of a monitored session.

Source: TF 1.15 python/training/session_run_hook.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class SessionRunHook:
    """Called before the graph is finalized, when a session is made, around runs, at the end."""

    def begin(self) -> None:
        """Called once; may add to the graph, which is finalized afterwards."""

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Called with every new session and its coordinator."""

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Called before a run; what it returns is fetched and fed along."""
        return None

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Called after a run, with the values of what was asked for."""

    def end(self, session: Any) -> None:
        """Called before the session is closed, unless an exception ends it."""


class SessionRunArgs(NamedTuple):
    """What a hook adds to a run."""

    fetches: Any
    feed_dict: Any = None
    options: Any = None


class SessionRunContext:
    """A run, for hooks: what the caller asked for, the session, a way to stop."""

    def __init__(self, original_args: SessionRunArgs, session: Any) -> None:
        self._original_args = original_args
        self._session = session
        self._stop_requested = False

    @property
    def original_args(self) -> SessionRunArgs:
        """What the caller fetches and feeds."""
        return self._original_args

    @property
    def session(self) -> Any:
        """The session, without hooks."""
        return self._session

    @property
    def stop_requested(self) -> bool:
        """Whether a hook wants this run to be the last."""
        return self._stop_requested

    def request_stop(self) -> None:
        """Let this run be the last."""
        self._stop_requested = True


class SessionRunValues(NamedTuple):
    """What a run gave a hook."""

    results: Any
    options: Any
    run_metadata: Any
