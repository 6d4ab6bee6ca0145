"""Measuring runs: the time of every step, as a table, a Chrome trace,
or TensorFlow's RunMetadata.
"""

from __future__ import annotations

import collections
import dataclasses
import json
import os
import time
from typing import TYPE_CHECKING, Any

from tailrace.plan.codegen import generate

if TYPE_CHECKING:
    from tailrace.plan import Plan, Step
    from tailrace.run.session import BaseSession

_HARDWARE_TRACE = 2


@dataclasses.dataclass
class Record:
    """One step of one run. Times in nanoseconds of `time.perf_counter_ns`."""

    name: str
    op_type: str
    start_ns: int
    end_ns: int


class Profiler:
    """Collects what all sessions run while it is active:
    `with Profiler() as p: ...; print(p.table())`.
    """

    active: Profiler | None = None

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.runs = 0

    def __enter__(self) -> Profiler:
        Profiler.active = self
        return self

    def __exit__(self, *_: object) -> None:
        Profiler.active = None

    def table(self, rows: int = 30) -> str:
        """Time by operation type: calls, milliseconds in all, microseconds a call, share."""
        total: dict[str, int] = collections.Counter()
        calls: dict[str, int] = collections.Counter()
        for record in self.records:
            total[record.op_type] += record.end_ns - record.start_ns
            calls[record.op_type] += 1
        overall = sum(total.values()) or 1
        lines = [f"{'operation type':<36}{'calls':>9}{'total ms':>12}{'us/call':>10}{'share':>8}"]
        for kind, ns in sorted(total.items(), key=lambda item: -item[1])[:rows]:
            share = 100 * ns / overall
            lines.append(
                f"{kind:<36}{calls[kind]:>9}{ns / 1e6:>12.3f}"
                f"{ns / 1e3 / calls[kind]:>10.2f}{share:>7.1f}%"
            )
        lines.append(
            f"{self.runs} runs, {len(self.records)} steps, {overall / 1e6:.3f} ms in kernels"
        )
        return "\n".join(lines)

    def chrome_trace(self) -> str:
        """The steps as a Chrome trace (JSON), for chrome://tracing or Perfetto."""
        events = [
            {
                "name": r.op_type,
                "cat": "op",
                "ph": "X",
                "ts": r.start_ns / 1e3,
                "dur": (r.end_ns - r.start_ns) / 1e3,
                "pid": os.getpid(),
                "tid": 0,
                "args": {"name": r.name},
            }
            for r in self.records
        ]
        return json.dumps({"traceEvents": events})


class Recorder:
    """Runs a plan with a clock between its steps."""

    def __init__(self, session: BaseSession, run_metadata: Any) -> None:
        self._session = session
        self._run_metadata = run_metadata

    def run(self, plan: Plan, values: list[Any]) -> tuple[Any, ...]:
        times: list[tuple[int, int]] = []
        clock = time.perf_counter_ns
        program = generate(
            plan, self._session._context_of, lambda index: times.append((index, clock()))
        )
        began = clock()
        results = self._session._call(program, values)
        records = self._records(program.steps, times, began)
        profiler = Profiler.active
        if profiler is not None:
            profiler.runs += 1
            profiler.records.extend(records)
        if self._run_metadata is not None:
            _fill(self._run_metadata, records)
        return results

    def _records(self, steps: list[Step], times: list[tuple[int, int]], began: int) -> list[Record]:
        records = []
        for index, end in times:
            step = steps[index]
            records.append(Record(step.op.name, step.op_def.name, began, end))
            began = end
        return records


def recorder_for(session: BaseSession, options: Any, run_metadata: Any) -> Recorder | None:
    """A recorder when this run is to be measured, else None."""
    if Profiler.active is not None:
        return Recorder(session, run_metadata)
    if options is not None and options.trace_level >= _HARDWARE_TRACE:
        return Recorder(session, run_metadata)
    return None


def _fill(run_metadata: Any, records: list[Record]) -> None:
    """Step statistics as TensorFlow's timeline reads them."""
    device = run_metadata.step_stats.dev_stats.add(
        device="/job:localhost/replica:0/task:0/device:CPU:0"
    )
    for record in records:
        device.node_stats.add(
            node_name=record.name,
            all_start_micros=record.start_ns // 1000,
            op_start_rel_micros=0,
            op_end_rel_micros=(record.end_ns - record.start_ns) // 1000,
            all_end_rel_micros=(record.end_ns - record.start_ns) // 1000,
            timeline_label=f"{record.name} = {record.op_type}",
        )
