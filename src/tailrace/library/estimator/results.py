"""What an estimator's evaluations and predictions come to.

Source: TF 1.15 tensorflow_estimator/python/estimator/estimator.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tailrace.formats import protos
from tailrace.formats.tensor_proto import make_tensor_proto
from tailrace.graph import Tensor, get_default_graph
from tailrace.library import logging, nest
from tailrace.library.collections import GraphKeys
from tailrace.library.control_flow import group
from tailrace.library.data.iterator import is_element
from tailrace.library.estimator.spec import LOSS_METRIC_KEY, EstimatorSpec
from tailrace.library.metrics.means import mean
from tailrace.library.training.evaluation import get_or_create_eval_step
from tailrace.library.training.scaffold import Scaffold


def metrics_of(spec: EstimatorSpec) -> tuple[Any, dict[str, Any]]:
    """One operation that updates all metrics, and their values by name."""
    for name in (LOSS_METRIC_KEY, GraphKeys.GLOBAL_STEP):
        if name in spec.eval_metric_ops:
            raise ValueError(
                f'Metric with name "{name}" is not allowed, because Estimator already defines a '
                "default metric with the same name."
            )
    pairs = {**spec.eval_metric_ops, LOSS_METRIC_KEY: mean(spec.loss)}
    updates = [update for _, (_, update) in sorted(pairs.items())]
    return group(*updates), {name: value for name, (value, _) in sorted(pairs.items())}


def evaluation_scaffold(scaffold: Scaffold) -> Scaffold:
    """With the local initialization of metrics beside the scaffold's own."""
    if scaffold.local_init_op is None:
        return scaffold
    get_or_create_eval_step()
    both = group(scaffold.local_init_op, Scaffold.default_local_init_op())
    return Scaffold(local_init_op=both, copy_from_scaffold=scaffold)


def as_summary(results: dict[str, Any]) -> Any:
    """The Summary of an evaluation: numbers, arrays, summaries."""
    found = protos.Summary()
    for key, value in results.items():
        if value is None or key == GraphKeys.GLOBAL_STEP:
            continue
        if isinstance(value, (bool, int, float, np.floating, np.integer)):
            found.value.add(tag=key, simple_value=float(value))
        elif isinstance(value, bytes):
            inner = protos.Summary.FromString(value)
            for i, each in enumerate(inner.value):
                each.tag = f"{key}/{i}"
            found.value.extend(inner.value)
        elif isinstance(value, np.ndarray):
            found.value.add(tag=key, node_name=key, tensor=make_tensor_proto(value))
        else:
            logging.warning(f"Skipping summary for {key}, must be a number, an array or a summary.")
    return found


def ends(features: Any) -> bool:
    """Whether an input can come to its end: of a dataset, or a queue."""
    tensors = [part for part in nest.flatten(features) if isinstance(part, Tensor)]
    if any(map(is_element, tensors)):
        return True
    return bool(get_default_graph().get_collection(GraphKeys.QUEUE_RUNNERS))


def chosen(predictions: Any, keys: Any) -> Any:
    """The predictions by these names. Raises: ValueError for names that are not there."""
    if not keys:
        return predictions
    if not isinstance(predictions, dict):
        raise ValueError("predict_keys argument is not valid in case of non-dict predictions.")
    found = {key: value for key, value in predictions.items() if key in keys}
    if not found:
        raise ValueError(
            f"Expected to run at least one output from {list(predictions)}, provided {keys}."
        )
    return found


def examples(values: Any) -> Iterator[Any]:
    """What each example has of a batch. Raises: ValueError for parts of different lengths."""
    if not isinstance(values, dict):
        yield from values
        return
    lengths = {key: len(value) for key, value in values.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"Batch length of predictions should be same: {lengths}")
    for i in range(next(iter(lengths.values()), 0)):
        yield {key: value[i] for key, value in values.items()}
