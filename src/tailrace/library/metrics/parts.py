"""What metrics share: their variables, and weights in the shape of what they weight.

Source: TF 1.15 python/ops/metrics_impl.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor
from tailrace.library import arithmetic, array, control_flow
from tailrace.library.collections import GraphKeys, add_to_collections
from tailrace.library.variables import Variable, VariableAggregation, VariableSynchronization
from tailrace.library.weights import remove_squeezable_dimensions


def metric_variable(shape: Any, dtype: dtypes.DType, name: str, validate_shape: bool = True) -> Any:
    """A local variable of zeros, collected as a metric's."""
    return Variable(
        lambda: array.zeros(shape, dtype),
        trainable=False,
        collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES],
        validate_shape=validate_shape,
        synchronization=VariableSynchronization.ON_READ,
        aggregation=VariableAggregation.SUM,
        name=name,
    )


def collect(collections: Any, value: Any) -> Any:
    """The value, in the collections if there are any."""
    if collections:
        add_to_collections(collections, value)
    return value


def fitted(predictions: Any, labels: Any, weights: Any) -> tuple[Tensor, Any, Any]:
    """Predictions, labels and weights without a last dimension of size 1 that not all have.

    Raises: ValueError when the shapes of predictions and labels differ.
    """
    predictions = convert_to_tensor(predictions)
    if labels is not None:
        labels, predictions = remove_squeezable_dimensions(labels, predictions)
        predictions.get_shape().assert_is_compatible_with(labels.get_shape())
    if weights is None:
        return predictions, labels, None
    return predictions, labels, _fitted_weights(predictions, convert_to_tensor(weights))


def _fitted_weights(predictions: Tensor, weights: Tensor) -> Tensor:
    rank, wanted = weights.shape.ndims, predictions.shape.ndims
    if rank == 0:
        return weights
    if rank is not None and wanted is not None:
        if rank - wanted == 1:
            return array.squeeze(weights, [-1])
        return array.expand_dims(weights, [-1]) if wanted - rank == 1 else weights
    rank_tensor = array.rank(weights)
    difference = rank_tensor - array.rank(predictions)
    cannot_squeeze = rank is not None and not weights.shape[-1].is_compatible_with(1)

    def expanded() -> Tensor:
        return control_flow.cond(
            arithmetic.equal(difference, -1),
            lambda: array.expand_dims(weights, [-1]),
            lambda: weights,
        )

    def squeezed() -> Tensor:
        return weights if cannot_squeeze else array.squeeze(weights, [-1])

    def adjusted() -> Tensor:
        return control_flow.cond(arithmetic.equal(difference, 1), squeezed, expanded)

    is_scalar = arithmetic.equal(rank_tensor, 0)
    return control_flow.cond(is_scalar, lambda: weights, adjusted)
