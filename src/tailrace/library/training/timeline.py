"""Traces of runs as Chrome and Perfetto read them.

Source: TF 1.15 python/client/timeline.py; the trace event format.
"""

from __future__ import annotations

import json
import re
from typing import Any

_LABEL = re.compile(r"^(?P<name>.*?) = (?P<op>\w+)(\((?P<inputs>.*)\))?")


class Timeline:
    """The steps of a run, from `RunMetadata.step_stats`; one process for each device."""

    def __init__(self, step_stats: Any, graph: Any = None) -> None:
        self._step_stats = step_stats

    def generate_chrome_trace_format(
        self, show_dataflow: bool = True, show_memory: bool = False
    ) -> str:
        """The trace as JSON.

        `show_dataflow` gives each step the names of its inputs. There are no figures of memory in
        the statistics of a run, so `show_memory` adds nothing.
        """
        events: list[dict[str, Any]] = []
        for pid, device in enumerate(self._step_stats.dev_stats):
            name = f"{device.device} Compute"
            events.append({"name": "process_name", "ph": "M", "pid": pid, "args": {"name": name}})
            events.extend(_event(stats, pid, show_dataflow) for stats in device.node_stats)
        return json.dumps({"traceEvents": events}, indent=4)


def _event(stats: Any, pid: int, show_inputs: bool) -> dict[str, Any]:
    label = _LABEL.match(stats.timeline_label)
    kind = label["op"] if label else stats.node_name
    args = {"name": stats.node_name, "op": kind}
    if label and show_inputs:
        names = [text.strip() for text in (label["inputs"] or "").split(",") if text.strip()]
        args.update({f"input{i}": name for i, name in enumerate(names)})
    return {
        "ph": "X",
        "cat": "Op",
        "name": kind,
        "pid": pid,
        "tid": stats.thread_id,
        "ts": stats.all_start_micros,
        "dur": stats.all_end_rel_micros,
        "args": args,
    }
