"""Session: runs parts of a graph and keeps its variables.

Source: TF 1.15 python/client/session.py.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from tailrace import arrays
from tailrace.devices import Devices, to_host
from tailrace.errors import InvalidArgumentError
from tailrace.graph import Graph, Tensor, default_sessions, get_default_graph
from tailrace.graph.graph import default_graphs
from tailrace.plan import Plan, Step
from tailrace.plan.codegen import Program
from tailrace.run import feeds as feeding
from tailrace.run import profile
from tailrace.run.executable import Compiled, Executable
from tailrace.run.failures import explain
from tailrace.run.fetches import Fetches, structure_key
from tailrace.run.functions import compile_function
from tailrace.run.partial import PartialRun
from tailrace.run.store import OpContext, Store


class BaseSession:
    """Runs operations of a graph. Several threads may share one session."""

    def __init__(self, target: str = "", graph: Graph | None = None, config: Any = None) -> None:
        if graph is not None and not isinstance(graph, Graph):
            raise TypeError(f"graph must be a tf.Graph, but got {type(graph)}")
        if config is not None and not hasattr(config, "allow_soft_placement"):
            raise TypeError(f"config must be a tf.ConfigProto, but got {type(config)}")
        if not isinstance(target, (str, bytes)):
            raise TypeError(f"target must be a string, but got {type(target)}")
        self._graph = get_default_graph() if graph is None else graph
        self._target = target if isinstance(target, bytes) else target.encode()
        self._config = config
        if config is not None and config.intra_op_parallelism_threads > 0:
            # TF: the threads inside operations belong to the process, too
            torch.set_num_threads(config.intra_op_parallelism_threads)
        self._devices = Devices.of(config)
        self._closed = False
        self._lock = threading.RLock()
        self._executables: dict[Any, Executable] = {}
        self._partial: dict[str, PartialRun] = {}
        self.store = Store(self._devices)

    @property
    def graph(self) -> Graph:
        return self._graph

    @property
    def graph_def(self) -> Any:
        return self._graph.as_graph_def()

    @property
    def sess_str(self) -> bytes:
        return self._target

    def run(
        self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None
    ) -> Any:
        """Compute `fetches` with the values of `feed_dict` in place of their tensors.

        Args: fetches, a Tensor, Operation, name, or any nesting of lists, tuples, dicts of them;
        options and run_metadata, protos, where a trace of the run is asked for and given.
        Returns: NumPy values in the structure of `fetches`; None for operations.
        Raises: RuntimeError when the session is closed, `tf.errors` when an operation fails.
        """
        if self._closed:
            raise RuntimeError("Attempted to use a closed Session.")
        if self._graph.version == 0:
            raise RuntimeError(
                "The Session graph is empty.  Add operations to the graph before calling run()."
            )
        fed = feeding.expand(self._graph, feed_dict) if feed_dict else {}
        executable = self._executable(fetches, list(fed))
        if not fed:
            values = []
        else:
            values = [feeding.convert(tensor, value) for tensor, value in fed.items()]
        compiled = executable.compiled(values)
        recorder = profile.recorder_for(self, options, run_metadata)
        if recorder is not None:
            results = recorder.run(compiled.plan, values)
        else:
            results = self._call(compiled.program, values)
        if not results:
            return executable.fetches.rebuild([])
        if self._devices.gpus:
            results = to_host(results)
        return executable.fetches.rebuild(
            [_as_result(v, c) for v, c in zip(results, compiled.copies, strict=True)]
        )

    def _call(self, program: Program, values: list[Any]) -> tuple[Any, ...]:
        try:
            with torch.inference_mode():
                return program.run(*values)
        except Exception as failure:
            raise explain(failure, program) from failure

    def _executable(self, fetches: Any, fed: list[Tensor]) -> Executable:
        try:
            key = (structure_key(fetches), tuple(fed))
            found = self._executables.get(key)
        except TypeError:  # an unhashable element; the mapper says what is wrong with it
            key = found = None
        if found is not None and found.mutations == self._graph._mutations:
            return found
        with self._lock:
            made = self._make(fetches, fed)
            if key is not None:
                self._executables[key] = made
            return made

    def _make(self, fetches: Any, fed: list[Tensor]) -> Executable:
        mapped = Fetches(self._graph, fetches)
        self._devices.check(self._graph)
        mutations = self._graph._mutations
        return Executable(mapped, fed, mutations, self._context_of, self._devices)

    def _context_of(self, step: Step) -> OpContext:
        return OpContext(step.op, self.store, compile_function)

    def plan(self, fetches: Any, feeds: Any = ()) -> Plan:
        """The plan by which `run` computes `fetches`, printable.

        `feeds` are the fed tensors; given as a dict with their values, as `run` takes it, the plan
        is the one for values of these sizes.
        """
        return self._compiled(fetches, feeds).plan

    def program(self, fetches: Any, feeds: Any = ()) -> str:
        """The Python function that a plan is run as; arguments as those of `plan`."""
        return self._compiled(fetches, feeds).program.source

    def _compiled(self, fetches: Any, feeds: Any) -> Compiled:
        given = feeds if isinstance(feeds, dict) else dict.fromkeys(feeds)
        fed = feeding.expand(self._graph, given)
        executable = self._executable(fetches, list(fed))
        if not isinstance(feeds, dict):
            return executable.general
        return executable.compiled([feeding.convert(t, v) for t, v in fed.items()])

    def make_callable(
        self, fetches: Any, feed_list: Any = None, accept_options: bool = False
    ) -> Callable[..., Any]:
        """A function of the values of `feed_list` that runs `fetches`."""
        keys = list(feed_list or [])

        def call(*args: Any, **kwargs: Any) -> Any:
            if len(args) != len(keys):
                raise TypeError(f"Expected {len(keys)} values to feed, got {len(args)}")
            return self.run(fetches, dict(zip(keys, args, strict=True)), **kwargs)

        return call

    def partial_run_setup(self, fetches: Any, feeds: Any = None) -> str:
        """Begins a run whose parts `partial_run` computes; gives the name it goes by.

        Args: all fetches and feeds of the run.
        Raises: InvalidArgumentError without fetches.
        """
        fed = feeding.expand(self._graph, dict.fromkeys(feeds or []))
        started = PartialRun(Fetches(self._graph, fetches), fed)
        with self._lock:
            handle = f"partial_run_{len(self._partial)}_{id(started)}"
            self._partial[handle] = started
        return handle

    def partial_run(self, handle: str, fetches: Any, feed_dict: Any = None) -> Any:
        """Compute more of the run `handle`, with more of its feeds; returns as `run` does.

        Raises: InvalidArgumentError for what was not set up, was fetched or fed before, or needs
        feeds that are still to come; UnimplementedError for effects that cannot be kept apart.
        """
        going = self._partial.get(handle)
        if going is None:
            raise InvalidArgumentError(
                None, None, "Must run 'setup' before performing partial runs!"
            )
        fed = feeding.expand(self._graph, feed_dict or {})
        wanted = Fetches(self._graph, fetches)
        going.check(wanted, fed)
        before = dict(going.kept)
        keep, targets = going.advance(wanted.tensors, fed)
        asked = [t for t in wanted.tensors if t not in before and t not in keep]
        if keep or targets or asked:
            parts = [*keep, *asked]
            values, _ = self.run((parts, targets), {**before, **fed})
            before.update(zip(parts, values, strict=True))
            going.kept.update((t, before[t]) for t in keep)
        if going.finished:
            del self._partial[handle]
        return wanted.rebuild([before.get(t, fed.get(t)) for t in wanted.tensors])

    def list_devices(self) -> list[Any]:
        """The devices operations may be placed on."""
        return [_Device(d.full_name, d.kind, d.memory_bytes) for d in self._devices.all]

    def as_default(self) -> Any:
        """A context in which this session is the default of `eval` and `run`."""
        return _Default(self)

    def reset(self) -> None:
        self.store.clear()

    def close(self) -> None:
        """Free what the session keeps; it cannot run any more."""
        self._closed = True
        self._executables.clear()
        self.store.clear()


def _as_result(value: Any, copy: bool) -> Any:
    if not isinstance(value, (torch.Tensor, np.ndarray)):
        return value
    array = arrays.to_numpy(value)
    if array.ndim == 0:
        return array[()]
    if copy:
        return array.copy()
    return array if array.flags.c_contiguous else np.ascontiguousarray(array)


class _Device:
    """A device as `Session.list_devices` tells of it."""

    def __init__(self, name: str, device_type: str, memory_limit_bytes: int) -> None:
        self.name = name
        self.device_type = device_type
        self.memory_limit_bytes = memory_limit_bytes

    def __repr__(self) -> str:
        return f"_DeviceAttributes({self.name}, {self.device_type}, {self.memory_limit_bytes})"


class _Default:
    def __init__(self, session: BaseSession) -> None:
        self._session = session

    def __enter__(self) -> BaseSession:
        default_sessions().append(self._session)
        return self._session

    def __exit__(self, *_: object) -> None:
        stack = default_sessions()
        for i in range(len(stack) - 1, -1, -1):
            if stack[i] is self._session:
                del stack[i]
                break


class Session(BaseSession):
    """`with tf.Session() as sess:` - inside, it and its graph are the defaults;
    it closes at the end.
    """

    def __enter__(self) -> Session:
        default_graphs().append(self._graph)
        default_sessions().append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _Default(self).__exit__()
        _remove_graph(self._graph)
        self.close()

    @staticmethod
    def reset(target: str, containers: Any = None, config: Any = None) -> None:  # type: ignore[override]
        """Nothing outlives a session here, so there is nothing to reset on a target."""


class InteractiveSession(BaseSession):
    """A session that is the default from when it is made until it is closed; for a shell."""

    def __init__(self, target: str = "", graph: Graph | None = None, config: Any = None) -> None:
        super().__init__(target, graph, config)
        default_sessions().append(self)
        self._explicit_graph = graph
        if graph is not None:
            default_graphs().append(graph)

    def close(self) -> None:
        super().close()
        _Default(self).__exit__()
        if self._explicit_graph is not None:
            _remove_graph(self._explicit_graph)


def _remove_graph(graph: Graph) -> None:
    stack = default_graphs()
    for i in range(len(stack) - 1, -1, -1):
        if stack[i] is graph:
            del stack[i]
            break
