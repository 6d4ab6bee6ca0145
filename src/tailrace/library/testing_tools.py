"""The smaller parts of `tf.test`: comparing graphs, replacing attributes, folders, timing.

Source: TF 1.15 python/framework/test_util.py, python/platform/googletest.py, benchmark.py.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

from absl.testing import absltest

from tailrace.graph import get_default_session

# names TensorFlow gives the sharded files of a checkpoint differ from graph to graph
_RANDOM_NAMES = {"save/Const", "save/StringJoin/inputs_1"}


def assert_equal_graph_def(
    actual: Any, expected: Any, checkpoint_v2: bool = False, hash_table_shared_name: bool = False
) -> None:
    """Fails unless two GraphDefs have the same nodes, in whatever order.

    Raises: AssertionError naming the first difference, TypeError for anything but GraphDefs.
    """
    for name, graph_def in (("actual", actual), ("expected", expected)):
        if not hasattr(graph_def, "node"):
            message = f"Expected tf.GraphDef for {name}, got {type(graph_def).__name__}"
            raise TypeError(message)
    nodes = {node.name: node for node in actual.node}
    others = {node.name: node for node in expected.node}
    for name in sorted(nodes.keys() - others.keys()):
        raise AssertionError(f"Found unexpected node '{name}'")
    for name in sorted(others):
        if name not in nodes:
            raise AssertionError(f"Did not find expected node '{name}'")
        node, other = (_comparable(n) for n in (nodes[name], others[name]))
        if checkpoint_v2 and any(name.endswith(random) for random in _RANDOM_NAMES):
            node["value"] = other["value"]
        if hash_table_shared_name and node["op"].startswith("HashTable"):
            node["shared_name"] = other.get("shared_name")
        for key in sorted(node.keys() | other.keys()):
            if node.get(key) != other.get(key):
                found, wanted = node.get(key), other.get(key)
                message = f"Node named '{name}': {key} is {found}, expected {wanted}"
                raise AssertionError(message)


def _comparable(node: Any) -> dict[str, Any]:
    inputs = [name.removesuffix(":0") for name in node.input if not name.startswith("^")]
    controls = sorted(name for name in node.input if name.startswith("^"))
    attrs = {key: attr.SerializeToString(deterministic=True) for key, attr in node.attr.items()}
    return {"op": node.op, "input": [*inputs, *controls], "device": node.device, **attrs}


def get_temp_dir() -> str:
    """A folder for files of tests."""
    folder = absltest.get_default_test_tmpdir()
    Path(folder).mkdir(parents=True, exist_ok=True)
    return folder


def test_src_dir_path(relative_path: str) -> str:
    """`relative_path` below the current folder."""
    return str(Path.cwd() / relative_path)


class StubOutForTesting:
    """Replaces attributes for a while: `Set`, then `UnsetAll` (or leave the `with` block)."""

    def __init__(self) -> None:
        self._undo: list[tuple[Any, str, Any]] = []

    def Set(self, parent: Any, child_name: str, new_child: Any) -> None:
        """Replaces `parent.child_name`."""
        self._undo.append((parent, child_name, vars(parent).get(child_name, _ABSENT)))
        setattr(parent, child_name, new_child)

    SmartSet = Set

    def UnsetAll(self) -> None:
        """Takes the replacements back, the last one first."""
        while self._undo:
            parent, name, old = self._undo.pop()
            if old is _ABSENT:
                delattr(parent, name)
            else:
                setattr(parent, name, old)

    SmartUnsetAll = UnsetAll
    CleanUp = UnsetAll

    def __enter__(self) -> StubOutForTesting:
        return self

    def __exit__(self, *exception: object) -> None:
        self.UnsetAll()


_ABSENT = object()


class Benchmark:
    """Base class of timings of operations in a session."""

    def evaluate(self, tensors: Any) -> Any:
        """Values of tensors in the default session."""
        return get_default_session().run(tensors)

    def run_op_benchmark(
        self,
        sess: Any,
        op_or_tensor: Any,
        feed_dict: Any = None,
        burn_iters: int = 2,
        min_iters: int = 10,
        store_trace: bool = False,
        store_memory_usage: bool = True,
        name: str | None = None,
        extras: dict[str, Any] | None = None,
        mbs: float = 0,
    ) -> dict[str, Any]:
        """Median seconds of `min_iters` runs after `burn_iters` others; also printed."""
        del store_trace, store_memory_usage
        target = getattr(op_or_tensor, "op", op_or_tensor)
        for _ in range(burn_iters):
            sess.run(target, feed_dict=feed_dict)
        seconds = []
        for _ in range(min_iters):
            start = time.perf_counter()
            sess.run(target, feed_dict=feed_dict)
            seconds.append(time.perf_counter() - start)
        median = statistics.median(seconds)
        throughput = mbs / median if mbs else None
        self.report_benchmark(min_iters, None, median, throughput, extras, name)
        return {"iters": min_iters, "wall_time": median, "throughput": throughput, **(extras or {})}

    def report_benchmark(
        self,
        iters: int,
        cpu_time: float | None = None,
        wall_time: float | None = None,
        throughput: float | None = None,
        extras: dict[str, Any] | None = None,
        name: str | None = None,
        metrics: Any = None,
    ) -> None:
        """Prints one line of figures."""
        figures = {
            "iters": iters,
            "cpu_time": cpu_time,
            "wall_time": wall_time,
            "throughput": throughput,
            "metrics": metrics,
            **(extras or {}),
        }
        said = ", ".join(f"{key}: {value}" for key, value in figures.items() if value is not None)
        print(f"{name or type(self).__name__}: {said}")  # noqa: T201 (what a benchmark is for)
