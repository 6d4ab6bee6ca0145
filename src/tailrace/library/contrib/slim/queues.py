"""`tf.contrib.slim.queues`: queue runners for as long as a context lasts.

Source: TF 1.15 contrib/slim/python/slim/queues.py.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tailrace.graph import get_default_graph
from tailrace.library.collections import GraphKeys
from tailrace.library.coordinator import Coordinator

_PATIENCE_S = 120
_running = threading.Lock()


class NestedQueueRunnerError(Exception):
    """A context of queue runners within another."""


@contextmanager
def QueueRunners(session: Any) -> Iterator[None]:  # TF's spelling
    """Run the graph's queue runners in the context.

    Raises: NestedQueueRunnerError within another such context.
    """
    if not _running.acquire(blocking=False):
        raise NestedQueueRunnerError("QueueRunners cannot be nested")
    coord = Coordinator()
    threads = []
    for runner in get_default_graph().get_collection(GraphKeys.QUEUE_RUNNERS):
        threads.extend(runner.create_threads(session, coord=coord, daemon=True, start=True))
    try:
        yield
    finally:
        coord.request_stop()
        try:
            coord.join(threads, stop_grace_period_secs=_PATIENCE_S)
        except RuntimeError:
            session.close()
        _running.release()
