"""`tf.train.SessionManager`: sessions that come ready, initialized or restored from a checkpoint.

Source: TF 1.15 python/training/session_manager.py.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from tailrace import errors
from tailrace.formats.checkpoint_state import get_checkpoint_state
from tailrace.graph import Graph, get_default_graph
from tailrace.library import logging
from tailrace.run.session import Session

Checked = tuple[bool, str | None]


class SessionManager:
    """Makes sessions of a graph and waits until their variables have values.

    `ready_op` gives the names of variables without values; it and `ready_for_local_init_op`, after
    which `local_init_op` may run, count as ready when that is empty.

    Raises: ValueError for a `ready_for_local_init_op` without a `local_init_op`.
    """

    def __init__(
        self,
        local_init_op: Any = None,
        ready_op: Any = None,
        ready_for_local_init_op: Any = None,
        graph: Graph | None = None,
        recovery_wait_secs: float = 30,
        local_init_run_options: Any = None,
    ) -> None:
        if ready_for_local_init_op is not None and local_init_op is None:
            raise ValueError(
                "If you pass a ready_for_local_init_op you must also pass a local_init_op, "
                f"ready_for_local_init_op [{ready_for_local_init_op}]"
            )
        self._local_init_op = local_init_op
        self._ready_op = ready_op
        self._ready_for_local_init_op = ready_for_local_init_op
        self._graph = get_default_graph() if graph is None else graph
        self._wait_s = recovery_wait_secs
        self._local_init_run_options = local_init_run_options

    def _restored(
        self,
        master: str,
        saver: Any,
        checkpoint_dir: Any,
        checkpoint_path: Any,
        wait: bool,
        max_wait_s: float,
        config: Any,
    ) -> tuple[Session, bool]:
        """A session, and whether it was restored from a checkpoint."""
        session = Session(master, graph=self._graph, config=config)
        if checkpoint_dir and checkpoint_path:
            raise ValueError(
                "Can not provide both checkpoint_dir and checkpoint_filename_with_path."
            )
        if not saver or not (checkpoint_dir or checkpoint_path):
            return session, False
        if checkpoint_path:
            saver.restore(session, checkpoint_path)
            return session, True
        waited_s = 0.0
        state = get_checkpoint_state(checkpoint_dir)
        while not state or not state.model_checkpoint_path:
            if not wait or waited_s >= max_wait_s:
                return session, False
            logging.info("Waiting for checkpoint to be available.")
            time.sleep(self._wait_s)
            waited_s += self._wait_s
            state = get_checkpoint_state(checkpoint_dir)
        saver.restore(session, state.model_checkpoint_path)
        saver.recover_last_checkpoints(state.all_model_checkpoint_paths)
        return session, True

    def prepare_session(
        self,
        master: str,
        init_op: Any = None,
        saver: Any = None,
        checkpoint_dir: Any = None,
        checkpoint_filename_with_path: Any = None,
        wait_for_checkpoint: bool = False,
        max_wait_secs: float = 7200,
        config: Any = None,
        init_feed_dict: Any = None,
        init_fn: Callable[[Any], Any] | None = None,
    ) -> Session:
        """A session with the values of a checkpoint; without one, with those of `init_op`.

        Raises: RuntimeError when it is not ready then.
        """
        session, loaded = self._restored(
            master,
            saver,
            checkpoint_dir,
            checkpoint_filename_with_path,
            wait_for_checkpoint,
            max_wait_secs,
            config,
        )
        if not loaded:
            if init_op is None and not init_fn and self._local_init_op is None:
                raise RuntimeError(
                    "Model is not initialized and no init_op or init_fn or local_init_op was given"
                )
            if init_op is not None:
                session.run(init_op, feed_dict=init_feed_dict)
            if init_fn:
                init_fn(session)
        init_name = getattr(init_op, "name", None)
        done, message = self._run_local_init(session)
        if not done:
            raise RuntimeError(
                "Init operations did not make model ready for local_init.  "
                f"Init op: {init_name}, init fn: {init_fn}, error: {message}"
            )
        ready, message = self._model_ready(session)
        if not ready:
            raise RuntimeError(
                f"Init operations did not make model ready.  Init op: {init_name}, init fn: "
                f"{init_fn}, local_init_op: {self._local_init_op}, error: {message}"
            )
        return session

    def recover_session(
        self,
        master: str,
        saver: Any = None,
        checkpoint_dir: Any = None,
        checkpoint_filename_with_path: Any = None,
        wait_for_checkpoint: bool = False,
        max_wait_secs: float = 7200,
        config: Any = None,
    ) -> tuple[Session, bool]:
        """A session, and whether a checkpoint made it ready; nothing is initialized otherwise."""
        session, loaded = self._restored(
            master,
            saver,
            checkpoint_dir,
            checkpoint_filename_with_path,
            wait_for_checkpoint,
            max_wait_secs,
            config,
        )
        done, message = self._run_local_init(session)
        if not loaded:
            return session, False
        source = checkpoint_dir or checkpoint_filename_with_path
        what = " for local init"
        if done:
            what = ""
            done, message = self._model_ready(session)
        if not done:
            logging.info(f"Restoring model from {source} did not make model ready{what}: {message}")
            return session, False
        logging.info("Restored model from %s", source)
        return session, True

    def wait_for_session(
        self, master: str, config: Any = None, max_wait_secs: float | None = math.inf
    ) -> Session:
        """A session once somebody else has initialized the model.

        Variables belong to their session here, so nobody else can have: a model that is not ready
        without initialization will not become so.

        Raises: DeadlineExceededError after `max_wait_secs`.
        """
        limit_s = math.inf if max_wait_secs is None else max_wait_secs
        deadline = time.time() + limit_s
        while True:
            session = Session(master, graph=self._graph, config=config)
            done, local_message = self._run_local_init(session)
            message = None
            if done:
                ready, message = self._model_ready(session)
                if ready:
                    return session
            session.close()
            if deadline - time.time() < self._wait_s:
                raise errors.DeadlineExceededError(
                    None, None, f"Session was not ready after waiting {limit_s:.0f} secs."
                )
            logging.info(
                "Waiting for model to be ready.  Ready_for_local_init_op:  "
                f"{local_message}, ready: {message}"
            )
            time.sleep(self._wait_s)

    def _model_ready(self, session: Any) -> Checked:
        return _ready(self._ready_op, session, "Model not ready")

    def _run_local_init(self, session: Any) -> Checked:
        if self._local_init_op is None:
            return True, None
        ready, message = _ready(
            self._ready_for_local_init_op, session, "Model not ready for local init"
        )
        if not ready:
            return False, message
        logging.info("Running local_init_op.")
        session.run(self._local_init_op, options=self._local_init_run_options)
        logging.info("Done running local_init_op.")
        return True, None


def _ready(op: Any, session: Any, what: str) -> Checked:
    """Whether an operation reports no variables, and what it reports."""
    if op is None:
        return True, None
    try:
        value = session.run(op)
    except errors.FailedPreconditionError as error:
        if "uninitialized" not in str(error):
            logging.warning(f"{what} : error [{error}]")
            raise
        return False, str(error)
    # TF: what asserts that variables are initialized gives an int32 and counts as ready.
    if value is None or value.dtype == np.int32 or value.size == 0:
        return True, None
    names = ", ".join(name.decode("utf-8") for name in value)
    return False, f"Variables not initialized: {names}"
