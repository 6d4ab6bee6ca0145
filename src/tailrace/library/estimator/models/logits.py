"""Logits of features: by a deep network, by weighted sums of columns.

Source: TF 1.15 tensorflow_estimator/python/estimator/canned/{dnn,linear}.py,
python/feature_column/{dense_features,feature_column_v2}.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, g, get_default_graph
from tailrace.library import array, reductions, summary
from tailrace.library.arithmetic import cast, equal, to_float
from tailrace.library.control_flow import cond
from tailrace.library.embedding_safe import safe_embedding_lookup_sparse
from tailrace.library.estimator.spec import ModeKeys
from tailrace.library.feature_columns.base import (
    CategoricalColumn,
    DenseColumn,
    Features,
    normalized,
)
from tailrace.library.feature_columns.dense import SharedEmbeddingColumn
from tailrace.library.feature_columns.layers import (
    as_matrix,
    check_batch_sizes,
    flat,
    input_layer,
    sorted_by_name,
)
from tailrace.library.initializers import GlorotUniform, Zeros
from tailrace.library.layers.core import Dense, Dropout
from tailrace.library.layers.normalization import BatchNormalization
from tailrace.library.linalg import matmul
from tailrace.library.nn.activations import bias_add
from tailrace.library.nn.normalization import zero_fraction
from tailrace.library.variable_scope import get_variable, variable_scope


def add_summaries(value: Tensor, tag: str) -> None:
    """How many are zero, and how they are spread."""
    summary.scalar(f"{tag}/fraction_of_zero_values", zero_fraction(value))
    summary.histogram(f"{tag}/activation", value)


def _variable(name: str, shape: Any, initializer: Any, trainable: bool = True) -> Any:
    return get_variable(
        name,
        shape=shape,
        dtype=dtypes.float32,
        initializer=initializer,
        trainable=trainable,
        use_resource=True,
    )


def _scope(name: str) -> Any:
    """A scope of variables alone."""
    return variable_scope(name, auxiliary_name_scope=False)


def _input_layer(features: dict[str, Any], feature_columns: Any) -> Tensor:
    """The dense columns side by side: [B, all numbers]. The variables are made first."""
    columns = sorted_by_name(normalized(feature_columns))
    for column in columns:
        if not isinstance(column, DenseColumn):
            raise ValueError(
                "Items of feature_columns must be a DenseColumn. You can wrap a categorical "
                f"column with an embedding_column or indicator_column. Given: {column}"
            )
    if any(isinstance(column, SharedEmbeddingColumn) for column in columns):
        # TF: those are of the older kind, which an older layer takes
        return input_layer(features, columns)
    inputs = Features(features)
    with _scope("input_layer"):
        for column in columns:
            with _scope(column.name):
                inputs.prepare(column, _variable)
    with g.name_scope("input_layer"):
        tensors = []
        for column in columns:
            with g.name_scope(column.name):
                tensors.append(flat(column, column._get_dense_tensor(inputs, None, True)))
        check_batch_sizes(tensors, columns)
        return array.concat(tensors, -1)


def deep_logits(
    features: dict[str, Any],
    mode: str,
    units: int,
    hidden_units: Any,
    feature_columns: Any,
    activation_fn: Any,
    dropout: float | None,
    input_layer_partitioner: Any,
    batch_norm: bool,
) -> Tensor:
    """Layers of `hidden_units` on the columns, and one of `units` on them: [B, units]."""
    is_training = mode == ModeKeys.TRAIN
    layers = [
        _Hidden(index, size, activation_fn, dropout, batch_norm)
        for index, size in enumerate(hidden_units)
    ]
    with variable_scope("logits") as scope:
        last = _dense(units, None, scope)
    # TF: the model enters a scope of its name, and leaves it for the one around it
    around = get_default_graph().get_name_scope()
    with g.name_scope("dnn"), g.name_scope(f"{around}/"):
        with variable_scope("input_from_feature_columns", partitioner=input_layer_partitioner):
            net = _input_layer(features, feature_columns)
        for layer in layers:
            net = layer(net, is_training)
        logits = last(net)
        add_summaries(logits, scope.name)
        return logits


def _dense(units: int, activation: Any, scope: Any) -> Dense:
    layer = Dense(
        units,
        activation=activation,
        kernel_initializer=GlorotUniform(),
        name=scope,
        _scope=scope,
    )
    layer._use_resource_variables = True
    return layer


class _Hidden:
    """A layer with its dropout and normalization."""

    def __init__(
        self, index: int, units: int, activation: Any, dropout: float | None, batch_norm: bool
    ) -> None:
        self._dropout = self._normalization = None
        with variable_scope(f"hiddenlayer_{index}") as scope:
            self._name = scope.name
            self._dense = _dense(units, activation, scope)
            if dropout is not None:
                self._dropout = Dropout(rate=dropout)
            if batch_norm:
                name = f"batchnorm_{index}"
                self._normalization = BatchNormalization(momentum=0.999, name=name, _scope=name)
                self._normalization._use_resource_variables = True

    def __call__(self, net: Tensor, is_training: bool) -> Tensor:
        net = self._dense(net)
        if self._dropout is not None and is_training:
            net = self._dropout(net, training=True)
        if self._normalization is not None:
            net = self._normalization(net, training=is_training)
        add_summaries(net, self._name)
        return net


# -- linear ----------------------------------------------------------------------------------------


def linear_logits(
    features: dict[str, Any], units: int, feature_columns: Any, sparse_combiner: str
) -> Tensor:
    """The weighted sum of all columns and a bias: [B, units].

    Raises: ValueError for what is no dense or categorical column.
    """
    columns = sorted_by_name(normalized(feature_columns))
    for column in columns:
        if not isinstance(column, (DenseColumn, CategoricalColumn)):
            raise ValueError(
                "Items of feature_columns must be either a DenseColumn or CategoricalColumn. "
                f"Given: {column}"
            )
    inputs = Features(features)
    weights, variables = [], []
    with _scope("linear_model"):
        for column in columns:
            with _scope(column.name):
                inputs.prepare(column, _variable)
                categorical = isinstance(column, CategoricalColumn)
                rows = column.num_buckets if categorical else column.variable_shape.num_elements()
                weights.append(_variable("weights", (rows, units), Zeros()))
                variables += [*inputs.prepared(column), weights[-1]]
        bias = _variable("bias_weights", [units], Zeros())
    # TF: a model, its layer and the layer's call each enter a scope of that name
    name = "linear_model"
    with g.name_scope(name), g.name_scope(name), g.name_scope(name):
        sums = []
        for column, weight in zip(columns, weights, strict=True):
            with g.name_scope(column.name):
                sums.append(_weighted_sum(column, inputs, weight, sparse_combiner))
        check_batch_sizes(sums, columns)
        total = reductions.add_n(sums, name="weighted_sum_no_bias")
        logits = bias_add(total, bias, name="weighted_sum")
    _summarise(bias, variables, units)
    return logits


def _weighted_sum(column: Any, inputs: Features, weight: Any, combiner: str) -> Tensor:
    if not isinstance(column, CategoricalColumn):
        value = column._get_dense_tensor(inputs, None, True)
        return matmul(flat(column, value), weight, name="weighted_sum")
    ids, factors = column._get_sparse_tensors(inputs)
    ids = as_matrix(ids)
    factors = None if factors is None else as_matrix(factors)
    return safe_embedding_lookup_sparse(
        weight, ids, sparse_weights=factors, combiner=combiner, name="weighted_sum"
    )


def _parts(variable: Any) -> list[Any]:
    return list(variable) if hasattr(variable, "_variable_list") else [variable]


def _summarise(bias: Any, variables: list[Any], units: int) -> None:
    parts = _parts(bias)
    if units > 1:
        summary.histogram("bias", parts)
    else:
        summary.scalar("bias", parts[0][0])
    weights = [part for variable in variables for part in _parts(variable)]
    summary.scalar("fraction_of_zero_weights", _fraction_of_zero(weights))


def _fraction_of_zero(variables: list[Any]) -> Tensor:
    with g.name_scope("zero_fraction"):
        with g.name_scope("total_size"):
            sizes = [array.size(variable, out_type=dtypes.int64) for variable in variables]
            count = reductions.add_n(sizes)
        with g.name_scope("total_zero"):
            zeros = [_count_zero(*each) for each in zip(variables, sizes, strict=True)]
            total = reductions.add_n(zeros)
        with g.name_scope("compute"):
            fraction = total / cast(count, dtypes.float32, name="float32_size")
        return array.identity(fraction, name="zero_fraction_or_nan")


def _count_zero(variable: Any, size: Tensor) -> Tensor:
    return cond(
        equal(size, g.constant(0, dtypes.int64)),
        lambda: g.constant(0, dtypes.float32),
        lambda: zero_fraction(variable) * to_float(size),
        name="zero_count",
    )
