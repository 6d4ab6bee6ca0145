"""`tf.summary.FileWriter`: summaries, graphs and traces on their way to TensorBoard.

Source: TF 1.15 python/summary/writer/writer.py, writer_cache.py.
"""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Iterator
from typing import Any, ClassVar

from tailrace.formats import protos
from tailrace.formats.events import EventFileWriter
from tailrace.formats.tf_record import read_records
from tailrace.graph import Graph, get_default_graph
from tailrace.library import logging
from tailrace.library.meta_graph_export import create_meta_graph_def


class FileWriter:
    """Writes event files into a folder.

    A graph given here is written at once, for TensorBoard's page of graphs. `max_queue` events
    wait, at most `flush_secs` seconds, before they are on the disk. A context manager that closes
    at the end.
    """

    def __init__(
        self,
        logdir: Any,
        graph: Any = None,
        max_queue: int = 10,
        flush_secs: float = 120,
        graph_def: Any = None,
        filename_suffix: str | None = None,
        session: Any = None,
    ) -> None:
        if session is not None:
            raise NotImplementedError(
                "FileWriter(session=...) shares its file with tf.contrib.summary, which is not "
                "supported: leave `session` out"
            )
        self.event_writer = EventFileWriter(logdir, max_queue, flush_secs, filename_suffix)
        self._closed = False
        self._run_tags: set[str] = set()
        self._seen_tags: set[str] = set()
        if graph is not None or graph_def is not None:
            self.add_graph(graph=graph, graph_def=graph_def)
            shown = graph.as_graph_def(add_shapes=True) if isinstance(graph, Graph) else graph
            self.add_meta_graph(create_meta_graph_def(graph_def=graph_def or shown))

    def __enter__(self) -> FileWriter:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def get_logdir(self) -> str:
        """The folder."""
        return self.event_writer.get_logdir()

    def add_summary(self, summary: Any, global_step: Any = None) -> None:
        """Adds a `Summary`, or the bytes a summary node gave, for a step."""
        if isinstance(summary, bytes):
            summary = protos.Summary.FromString(summary)
        for value in summary.value:
            # TF: what plugins want to know of a tag is written once.
            if value.tag in self._seen_tags:
                value.ClearField("metadata")
            self._seen_tags.add(value.tag)
        self._add(protos.Event(summary=summary), global_step)

    def add_session_log(self, session_log: Any, global_step: Any = None) -> None:
        """Adds a `SessionLog`: that a session started, stopped or wrote a checkpoint."""
        self._add(protos.Event(session_log=session_log), global_step)

    def add_graph(self, graph: Any, global_step: Any = None, graph_def: Any = None) -> None:
        """Adds a graph. Raises: ValueError for two of them, TypeError for something else."""
        if graph is not None and graph_def is not None:
            raise ValueError("Please pass only graph, or graph_def (deprecated), but not both.")
        given: Any = graph_def if graph is None else graph
        if isinstance(given, Graph):
            given = given.as_graph_def(add_shapes=True)
        elif isinstance(given, protos.GraphDef):
            logging.warning(
                "Passing a `GraphDef` to the SummaryWriter is deprecated. Pass a `Graph` object "
                "instead, such as `sess.graph`."
            )
        else:
            raise TypeError(
                "The passed graph must be an instance of `Graph` or the deprecated `GraphDef`"
            )
        self._add(protos.Event(graph_def=given.SerializeToString()), global_step)

    def add_meta_graph(self, meta_graph_def: Any, global_step: Any = None) -> None:
        """Adds a `MetaGraphDef`. Raises: TypeError for something else."""
        if not isinstance(meta_graph_def, protos.MetaGraphDef):
            raise TypeError(
                f"meta_graph_def must be type MetaGraphDef, saw type: {type(meta_graph_def)}"
            )
        self._add(protos.Event(meta_graph_def=meta_graph_def.SerializeToString()), global_step)

    def add_run_metadata(self, run_metadata: Any, tag: str, global_step: Any = None) -> None:
        """Adds the trace of a run. Raises: ValueError when the tag was used before."""
        if tag in self._run_tags:
            raise ValueError("The provided tag was already used for this event type")
        self._run_tags.add(tag)
        event = protos.Event()
        event.tagged_run_metadata.tag = tag
        event.tagged_run_metadata.run_metadata = run_metadata.SerializeToString()
        self._add(event, global_step)

    def add_event(self, event: Any) -> None:
        """Adds an `Event` as it is."""
        self._warn_if_closed()
        self.event_writer.add_event(event)

    def flush(self) -> None:
        """Hands what was added to the operating system."""
        self._warn_if_closed()
        self.event_writer.flush()

    def close(self) -> None:
        """Finishes the file. What is added later is lost, with a warning."""
        self.event_writer.close()
        self._closed = True

    def reopen(self) -> None:
        """Goes on, in another file, after `close`."""
        self.event_writer.reopen()
        self._closed = False

    def _add(self, event: Any, step: Any) -> None:
        event.wall_time = time.time()
        if step is not None:
            event.step = int(step)
        self.add_event(event)

    def _warn_if_closed(self) -> None:
        if self._closed:
            warnings.warn(
                "Attempting to use a closed FileWriter. The operation will be a noop unless the "
                "FileWriter is explicitly reopened.",
                stacklevel=4,
            )


def summary_iterator(path: Any) -> Iterator[Any]:
    """The `Event`s of an event file. Raises: as `tf_record_iterator`."""
    for record in read_records(os.fsdecode(path)):
        yield protos.Event.FromString(record)


class FileWriterCache:
    """One `FileWriter` for each folder."""

    _writers: ClassVar[dict[Any, FileWriter]] = {}
    _lock = threading.RLock()

    @staticmethod
    def get(logdir: Any) -> FileWriter:
        """The writer of a folder; a new one gets the default graph."""
        with FileWriterCache._lock:
            found = FileWriterCache._writers.get(logdir)
            if found is None:
                found = FileWriterCache._writers[logdir] = FileWriter(logdir, get_default_graph())
            return found

    @staticmethod
    def clear() -> None:
        """Closes and forgets all writers."""
        with FileWriterCache._lock:
            for writer in FileWriterCache._writers.values():
                writer.close()
            FileWriterCache._writers.clear()
