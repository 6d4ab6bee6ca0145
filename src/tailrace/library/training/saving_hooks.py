"""The hooks that write files: checkpoints, summaries, traces.

Source: TF 1.15 python/training/basic_session_run_hooks.py.
"""

from __future__ import annotations

import os
from typing import Any

from tailrace.formats import protos
from tailrace.graph import get_default_graph
from tailrace.library import logging
from tailrace.library.collections import GraphKeys, get_collection
from tailrace.library.gfile import GFile
from tailrace.library.graph_io import write_graph
from tailrace.library.meta_graph_export import create_meta_graph_def
from tailrace.library.summary_writer import FileWriterCache
from tailrace.library.training.hooks import step_read_for
from tailrace.library.training.run_hook import (
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
)
from tailrace.library.training.timeline import Timeline
from tailrace.library.training.timers import SecondOrStepTimer


class CheckpointSaverListener:
    """Called around every checkpoint of a `CheckpointSaverHook`."""

    def begin(self) -> None:
        """Called before the graph is finalized."""

    def before_save(self, session: Any, global_step_value: int) -> None:
        """Called before a checkpoint is written."""

    def after_save(self, session: Any, global_step_value: int) -> Any:
        """Called after a checkpoint was written; True asks training to stop."""

    def end(self, session: Any, global_step_value: int) -> None:
        """Called at the end."""


class CheckpointSaverHook(SessionRunHook):
    """Writes checkpoints at first, every so many seconds or steps, and at the end.

    Raises: ValueError for both a saver and a scaffold.
    """

    def __init__(
        self,
        checkpoint_dir: Any,
        save_secs: float | None = None,
        save_steps: int | None = None,
        saver: Any = None,
        checkpoint_basename: str = "model.ckpt",
        scaffold: Any = None,
        listeners: Any = None,
    ) -> None:
        logging.info("Create CheckpointSaverHook.")
        if saver is not None and scaffold is not None:
            raise ValueError("You cannot provide both saver and scaffold.")
        self._saver = saver
        self._folder = checkpoint_dir
        self._save_path = os.path.join(checkpoint_dir, checkpoint_basename)
        self._scaffold = scaffold
        self._timer = SecondOrStepTimer(every_secs=save_secs, every_steps=save_steps)
        self._listeners = listeners or []

    def begin(self) -> None:
        """Finds the writer and the step."""
        self._summary_writer = FileWriterCache.get(self._folder)
        self._step = step_read_for(self)
        for listener in self._listeners:
            listener.begin()

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Writes the graph and the first checkpoint."""
        step = session.run(self._step)
        graph = get_default_graph()
        graph_def = graph.as_graph_def(add_shapes=True)
        write_graph(graph_def, self._folder, "graph.pbtxt")
        saver = self._find_saver()
        meta_graph = create_meta_graph_def(
            graph_def=graph_def, saver_def=saver.saver_def if saver else None
        )
        self._summary_writer.add_graph(graph)
        self._summary_writer.add_meta_graph(meta_graph)
        self._save(session, step)
        self._timer.update_last_triggered_step(step)

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        """Asks for the step."""
        return SessionRunArgs(self._step)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Writes a checkpoint when it is time."""
        if not self._timer.should_trigger_for_step(run_values.results + 1):
            return
        step = run_context.session.run(self._step)
        if self._timer.should_trigger_for_step(step):
            self._timer.update_last_triggered_step(step)
            if self._save(run_context.session, step):
                run_context.request_stop()

    def end(self, session: Any) -> None:
        """Writes the last checkpoint, unless it is written."""
        last = session.run(self._step)
        if last != self._timer.last_triggered_step():
            self._save(session, last)
        for listener in self._listeners:
            listener.end(session, last)

    def _save(self, session: Any, step: int) -> bool:
        """Whether a listener wants training to stop."""
        logging.info(f"Saving checkpoints for {step} into {self._save_path}.")
        for listener in self._listeners:
            listener.before_save(session, step)
        self._find_saver().save(session, self._save_path, global_step=step)
        log = protos.SessionLog
        self._summary_writer.add_session_log(
            log(status=log.CHECKPOINT, checkpoint_path=self._save_path), step
        )
        stops = False
        for listener in self._listeners:
            if listener.after_save(session, step):
                logging.info(
                    "A CheckpointSaverListener requested that training be stopped. "
                    f"listener: {listener}"
                )
                stops = True
        return stops

    def _find_saver(self) -> Any:
        if self._saver is not None:
            return self._saver
        if self._scaffold is not None:
            return self._scaffold.saver
        savers = get_collection(GraphKeys.SAVERS)
        if len(savers) != 1:
            found = "More than one item" if savers else "No items"
            raise RuntimeError(
                f"{found} in collection {GraphKeys.SAVERS}. Please provide a saver or scaffold."
            )
        self._saver = savers[0]
        return self._saver


class SummarySaverHook(SessionRunHook):
    """Writes summaries at first and every so many seconds or steps.

    Raises: ValueError unless exactly one of `scaffold` and `summary_op` is given.
    """

    def __init__(
        self,
        save_steps: int | None = None,
        save_secs: float | None = None,
        output_dir: Any = None,
        summary_writer: Any = None,
        scaffold: Any = None,
        summary_op: Any = None,
    ) -> None:
        if (scaffold is None) == (summary_op is None):
            raise ValueError("Exactly one of scaffold or summary_op must be provided.")
        self._summary_op = summary_op
        self._summary_writer = summary_writer
        self._output_dir = output_dir
        self._scaffold = scaffold
        self._timer = SecondOrStepTimer(every_secs=save_secs, every_steps=save_steps)

    def begin(self) -> None:
        """Finds the writer and the step."""
        if self._summary_writer is None and self._output_dir:
            self._summary_writer = FileWriterCache.get(self._output_dir)
        self._next_step: int | None = None
        self._step = step_read_for(self)

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        """Asks for the step, and for the summaries when it is time."""
        next_step = self._next_step
        self._due = next_step is None or self._timer.should_trigger_for_step(next_step)
        requests: dict[str, Any] = {"global_step": self._step}
        summaries = self._summaries()
        if self._due and summaries is not None:
            requests["summary"] = summaries
        return SessionRunArgs(requests)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Writes them."""
        if not self._summary_writer:
            return
        step = run_values.results["global_step"] + 1
        if self._due:
            step = run_context.session.run(self._step)
        if self._next_step is None:
            log = protos.SessionLog
            self._summary_writer.add_session_log(log(status=log.START), step)
        if self._due:
            self._timer.update_last_triggered_step(step)
            for value in run_values.results.get("summary", []):
                self._summary_writer.add_summary(value, step)
        self._next_step = step + 1

    def end(self, session: Any = None) -> None:
        """Flushes the writer."""
        if self._summary_writer:
            self._summary_writer.flush()

    def _summaries(self) -> list[Any] | None:
        found = self._summary_op
        if found is None and self._scaffold is not None:
            found = self._scaffold.summary_op
        return found if found is None or isinstance(found, list) else [found]


class ProfilerHook(SessionRunHook):
    """Writes a trace, `timeline-<step>.json`, every so many seconds or steps."""

    def __init__(
        self,
        save_steps: int | None = None,
        save_secs: float | None = None,
        output_dir: Any = "",
        show_dataflow: bool = True,
        show_memory: bool = False,
    ) -> None:
        self._output_file = os.path.join(output_dir, "timeline-{}.json")
        self._file_writer = FileWriterCache.get(output_dir)
        self._show = (show_dataflow, show_memory)
        self._timer = SecondOrStepTimer(every_secs=save_secs, every_steps=save_steps)

    def begin(self) -> None:
        """Finds the step."""
        self._next_step: int | None = None
        self._step = step_read_for(self)

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        """Asks for the step, and for a trace when it is time."""
        next_step = self._next_step
        self._due = next_step is not None and self._timer.should_trigger_for_step(next_step)
        options = None
        if self._due:
            options = protos.RunOptions(trace_level=protos.RunOptions.FULL_TRACE)
        return SessionRunArgs({"global_step": self._step}, options=options)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Writes the trace."""
        seen = run_values.results["global_step"]
        if self._next_step is None:
            self._timer.update_last_triggered_step(seen)
        step = seen + 1
        if self._due:
            step = run_context.session.run(self._step)
            self._timer.update_last_triggered_step(step)
            self._save(step, run_values.run_metadata.step_stats)
            self._file_writer.add_run_metadata(run_values.run_metadata, f"step_{step}")
        self._next_step = step + 1

    def _save(self, step: int, step_stats: Any) -> None:
        path = self._output_file.format(step)
        logging.info(f"Saving timeline for {step} into '{path}'.")
        dataflow, memory = self._show
        with GFile(path, "w") as file:
            file.write(Timeline(step_stats).generate_chrome_trace_format(dataflow, memory))
