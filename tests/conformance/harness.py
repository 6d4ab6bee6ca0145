"""Runs a conformance case under whichever TensorFlow it is given, and notes down what happened.

This module is plain Python 3.7: `record.py` runs it with TensorFlow 1.15.5 on CPython 3.7,
`test_conformance.py` with Tailrace. What it hands back (`Outcome`) holds only text, numbers and
NumPy arrays, so that the two can be compared; README.md says how a case is written.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from nodes import Node, graph_nodes

SPECIAL = ("feed", "runs", "tolerance")

Value = Any  # an array, or a Python str, bytes, bool, int, float, None
Static = list  # kind, then name, dtype and shape as far as the kind has them


@dataclass(frozen=True)
class Outcome:
    """What a case did: an error or values, and the graph it built.

    `error` lists the class names of the exception, most derived first, and `stage` says whether
    it came while the case ran ("build") or in the session of the harness ("run"). `nodes` is the
    graph as the case left it, before the harness added initializers; after an error in the case
    itself there is none, as TensorFlow leaves half-made operations behind. `values[label][i]` is
    the value of the i-th run. `exception` stays in this process.
    """

    error: list[str] = field(default_factory=list)
    stage: str = ""
    nodes: list[Node] = field(default_factory=list)
    statics: dict[str, Static] = field(default_factory=dict)
    values: dict[str, list[Value]] = field(default_factory=dict)
    tolerance: dict[str, Any] = field(default_factory=dict)
    exception: BaseException | None = None


@dataclass
class Prepared:
    """A case that has been called: what it did so far, and what is left to run."""

    outcome: Outcome
    graph: Any = None
    fetched: list[tuple[str, Any]] = field(default_factory=list)
    feeds: list[Any] = field(default_factory=list)
    initializers: list[Any] | None = None


def run_case(tf: Any, function: Callable[[Any], dict[str, Any]]) -> Outcome:
    """Calls the case in a fresh default graph of `tf` and runs what it returns in a session."""
    return perform(tf, prepare(tf, function))


def prepare(tf: Any, function: Callable[[Any], dict[str, Any]]) -> Prepared:
    """Calls the case in a fresh default graph, which stays the default one."""
    tf.reset_default_graph()
    np.random.seed(0)
    random.seed(0)
    try:
        returned = dict(function(tf))
    except Exception as error:  # whatever a case raises is its result
        return Prepared(Outcome(error=_class_names(error), stage="build", exception=error))
    graph = tf.get_default_graph()
    nodes = graph_nodes(graph)
    feeds = returned.pop("feed", None)
    feeds = feeds if isinstance(feeds, list) else [feeds] * returned.pop("runs", 1)
    returned.pop("runs", None)
    tolerance = returned.pop("tolerance", {})
    leaves = [pair for label in returned for pair in _leaves(tf, label, returned[label])]
    statics = {label: _static(tf, leaf) for label, leaf in leaves}
    values = {label: [_plain(leaf)] for label, leaf in leaves if statics[label][0] == "value"}
    fetched = [(label, leaf) for label, leaf in leaves if statics[label][0] != "value"]
    outcome = Outcome(nodes=nodes, statics=statics, values=values, tolerance=tolerance)
    return Prepared(outcome, graph, fetched, feeds)


def perform(tf: Any, case: Prepared) -> Outcome:
    """Runs what is left of a case in a session of its own; may be done again."""
    if not case.fetched:
        return case.outcome
    try:
        values = {**case.outcome.values, **_run(tf, case)}
    except Exception as error:  # a failing run is a result as well
        return replace(case.outcome, error=_class_names(error), stage="run", exception=error)
    return replace(case.outcome, values=values)


def _run(tf: Any, case: Prepared) -> dict[str, Any]:
    """Label -> values of the runs, after initializing whatever the graph has to initialize."""
    if case.initializers is None:
        case.initializers = _initializers(tf, case.graph)
    with tf.Session(graph=case.graph) as session:
        for initializer in case.initializers:
            session.run(initializer)
        runs = [session.run([leaf for _, leaf in case.fetched], feed) for feed in case.feeds]
    return {label: [_plain(run[i]) for run in runs] for i, (label, _) in enumerate(case.fetched)}


def _initializers(tf: Any, graph: Any) -> list[Any]:
    keys = tf.GraphKeys
    initializers = []
    if graph.get_collection(keys.GLOBAL_VARIABLES):
        initializers.append(tf.global_variables_initializer())
    if graph.get_collection(keys.LOCAL_VARIABLES):
        initializers.append(tf.local_variables_initializer())
    if graph.get_collection(keys.TABLE_INITIALIZERS):
        initializers.append(tf.tables_initializer())
    return initializers


def _leaves(tf: Any, label: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Takes lists, tuples, dicts, IndexedSlices and SparseTensors apart: (label, leaf) pairs."""
    if isinstance(value, _classes(tf, "IndexedSlices", "SparseTensor")):
        for part in ("values", "indices", "dense_shape"):
            yield from _leaves(tf, f"{label}.{part}", getattr(value, part))
    elif isinstance(value, dict):
        for key in sorted(value):
            yield from _leaves(tf, f"{label}.{key}", value[key])
    elif isinstance(value, (list, tuple)) and not isinstance(value, _classes(tf, "TensorShape")):
        for i, part in enumerate(value):
            yield from _leaves(tf, f"{label}[{i}]", part)
    else:
        yield label, value


def _static(tf: Any, leaf: Any) -> Static:
    if isinstance(leaf, _classes(tf, "Operation")):
        return ["operation", leaf.name]
    if isinstance(leaf, _classes(tf, "Tensor", "Variable")):
        kind = "tensor" if isinstance(leaf, tf.Tensor) else "variable"
        shape = leaf.shape
        dims = None if shape.ndims is None else shape.as_list()
        return [kind, leaf.name, leaf.dtype.name, dims]
    return ["value"]


def _plain(value: Any) -> Value:
    """A fetched or returned value as an array or a Python scalar.

    dtypes and shapes become their text, extension types NumPy cannot store become float32.
    """
    if value is None or isinstance(value, (str, bytes, bool, int, float)):
        return value
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
        return array.astype(np.float32) if array.dtype.name == "bfloat16" else array
    if hasattr(value, "as_datatype_enum"):
        return value.name
    if hasattr(value, "ndims"):
        return "unknown" if value.ndims is None else str(value.as_list())
    raise TypeError(
        f"a case returned {value!r} ({type(value).__name__}): "
        "return tensors, operations, NumPy arrays or Python scalars"
    )


def _classes(tf: Any, *names: str) -> tuple[type, ...]:
    return tuple(getattr(tf, name) for name in names)


def _class_names(error: BaseException) -> list[str]:
    return [cls.__name__ for cls in type(error).__mro__ if issubclass(cls, Exception)]
