"""Adding up the gradients that meet at a tensor.

Source: TF 1.15 python/ops/gradients_util.py (_AggregatedGrads), python/eager/backprop.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import IndexedSlices, Tensor, g, get_default_graph


class AggregationMethod:
    """How gradients that meet are added; results do not depend on it."""

    ADD_N = 0
    DEFAULT = ADD_N
    EXPERIMENTAL_TREE = 1
    EXPERIMENTAL_ACCUMULATE_N = 2


def aggregated(grads: list[Any], method: int | None = None) -> Any:
    """The sum of gradients; sparse when all are. None for none.

    Raises: ValueError for a method that is not one.
    """
    if method not in (None, 0, 1, 2):
        raise ValueError(f"Invalid aggregation_method specified {method}.")
    present = [grad for grad in grads if grad is not None]
    if len(present) < 2:
        return present[0] if present else None
    if all(isinstance(grad, Tensor) for grad in present):
        if method == AggregationMethod.EXPERIMENTAL_TREE:
            return _tree_sum(present)
        return _device_sum(present)
    if any(isinstance(grad, Tensor) for grad in present):
        return g.AddN(present)
    return _sum_slices(present)


def _device_sum(grads: list[Tensor]) -> Tensor:
    """One AddN per device, then one of their sums."""
    by_device: dict[str, list[Tensor]] = {}
    for grad in grads:
        by_device.setdefault(grad.device, []).append(grad)
    sums = []
    for device in sorted(by_device):
        with g.colocate_with(by_device[device][0].op, ignore_existing=True):
            sums.append(_add_n(by_device[device]))
    return _add_n(sums)


def _add_n(tensors: list[Tensor]) -> Tensor:
    return tensors[0] if len(tensors) == 1 else g.AddN(tensors)


def _tree_sum(grads: list[Tensor]) -> Tensor:
    with get_default_graph().name_scope(grads[0].op.name + "_gradient_sum"):
        total = grads[0]
        for grad in grads[1:]:
            total = g.AddN([total, grad])
        return total


def _sum_slices(slices: list[Any]) -> IndexedSlices:
    """Sparse gradients are added by putting their rows one after another."""
    if any(s.indices.dtype is dtypes.int64 for s in slices):
        slices = [
            IndexedSlices(s.values, g.cast(s.indices, dtypes.int64), s.dense_shape) for s in slices
        ]
    values = g.ConcatV2([s.values for s in slices], 0, name="concat")
    indices = g.ConcatV2([s.indices for s in slices], 0, name="concat")
    return IndexedSlices(values, indices, slices[0].dense_shape)
