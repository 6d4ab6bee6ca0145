"""Measuring runs: time, operations and memory of every step, as tables, a Chrome trace, or
TensorFlow's RunMetadata.

A region is what the planner put together: an element-wise group, a recurrent layer with its
products; or a loop that stayed a loop.
"""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from tailrace.plan.codegen import generate
from tailrace.plan.ir import Fused, Loop, Segment
from tailrace.run.measure import Live, bytes_of, flops_of

if TYPE_CHECKING:
    from tailrace.plan import Plan, Step
    from tailrace.run.session import BaseSession

_HARDWARE_TRACE = 2


@dataclasses.dataclass(frozen=True)
class Region:
    """Steps that the planner made, or left, together: `members` are the names of the operations of
    the graph they stand for, `types` those of their types; `stays` says why a loop is one."""

    name: str
    members: tuple[str, ...]
    types: tuple[str, ...]
    stays: str = ""
    loop: bool = False


@dataclasses.dataclass
class Record:
    """One step of one run. Times in nanoseconds of `time.perf_counter_ns`, `bytes` of its outputs;
    `flops` is None where it is not known what a step costs."""

    name: str
    op_type: str
    start_ns: int
    end_ns: int
    flops: int | None = None
    bytes: int = 0
    region: Region | None = None

    @property
    def ns(self) -> int:
        return self.end_ns - self.start_ns


class Profiler:
    """Collects what all sessions run while it is active:
    `with Profiler() as p: ...; print(p.table())`.
    """

    active: Profiler | None = None

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.runs = 0
        self.peak = 0  # bytes that the values of a run held at most
        self.notes: dict[str, None] = {}  # what plans tell of what was not fused

    def __enter__(self) -> Profiler:
        Profiler.active = self
        return self

    def __exit__(self, *_: object) -> None:
        Profiler.active = None

    def table(self, rows: int = 30) -> str:
        """Tables by operation type and by region, the longest first."""
        from tailrace.run import profile_tables  # rich is only for this: 2 MiB

        return profile_tables.tables(self, rows)

    def chrome_trace(self) -> str:
        """The steps as a Chrome trace (JSON), for chrome://tracing or Perfetto."""
        events = [
            {
                "name": r.op_type,
                "cat": "op",
                "ph": "X",
                "ts": r.start_ns / 1e3,
                "dur": r.ns / 1e3,
                "pid": os.getpid(),
                "tid": 0,
                "args": {
                    "name": r.name,
                    "flops": r.flops,
                    "GFLOP/s": None if not r.flops else round(r.flops / (r.ns or 1), 3),
                    "bytes": r.bytes,
                    "region": r.region and r.region.name,
                },
            }
            for r in self.records
        ]
        regions = dict.fromkeys(r.region for r in self.records if r.region)
        told = {
            "regions": [dataclasses.asdict(region) for region in regions],
            "notes": list(self.notes),
            "peak_bytes": self.peak,
        }
        return json.dumps({"traceEvents": events, "otherData": told})


class Recorder:
    """Runs a plan with a clock between its steps."""

    def __init__(self, session: BaseSession, run_metadata: Any) -> None:
        self._session = session
        self._run_metadata = run_metadata

    def run(self, plan: Plan, values: list[Any]) -> tuple[Any, ...]:
        self._regions = dict(_regions(plan.steps))
        self._records: list[Record] = []
        self._live = Live()
        program = generate(plan, self._session._context_of, self._tick)
        self._steps = program.steps
        self._began = time.perf_counter_ns()
        results = self._session._call(program, values)
        profiler = Profiler.active
        if profiler is not None:
            profiler.runs += 1
            profiler.records.extend(self._records)
            profiler.peak = max(profiler.peak, self._live.peak)
            profiler.notes.update(dict.fromkeys(plan.notes))
        if self._run_metadata is not None:
            _fill(self._run_metadata, self._records)
        return results

    def _tick(self, index: int, inputs: tuple[Any, ...], outputs: tuple[Any, ...]) -> None:
        """A step is over; the time from here to the end of this counts for nobody."""
        end = time.perf_counter_ns()
        step = self._steps[index]
        self._live.add(outputs)
        self._records.append(
            Record(
                step.op.name,
                step.op_def.name,
                self._began,
                end,
                flops_of(step, inputs, outputs),
                bytes_of(outputs),
                self._regions.get(step),
            )
        )
        self._began = time.perf_counter_ns()


def _regions(steps: Iterable[Step], around: Region | None = None) -> Iterator[tuple[Step, Region]]:
    """The region of each step that is in one; of a loop's, the outermost loop."""
    for step in steps:
        if isinstance(step, Segment):
            yield from _regions(step.steps, around)
        elif isinstance(step, Loop):
            ops = [leaf.op for leaf in step.leaves()]
            region = around or Region(
                step.op.name,
                tuple(op.name for op in ops),
                tuple(op.type for op in ops),
                step.stays or "the pass `lift` is off",
                loop=True,
            )
            yield from _regions(step.steps(), region)
        elif around is not None:
            yield step, around
        elif isinstance(step, Fused) and len(step.members) > 1:
            members = tuple(op.name for op in step.members)
            yield step, Region(step.op.name, members, tuple(op.type for op in step.members))


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
            op_end_rel_micros=record.ns // 1000,
            all_end_rel_micros=record.ns // 1000,
            timeline_label=f"{record.name} = {record.op_type}",
        )
