"""`input_layer`: columns side by side as one tensor; `linear_model`: their weighted sum.

Source: TF 1.15 python/feature_column/feature_column.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import Tensor
from tailrace.library import array, sparse
from tailrace.library.collections import GraphKeys, add_to_collection, get_collection
from tailrace.library.embedding_safe import safe_embedding_lookup_sparse
from tailrace.library.feature_columns.base import (
    CategoricalColumn,
    DenseColumn,
    Features,
    normalized,
)
from tailrace.library.initializers import Zeros
from tailrace.library.layers.base import Layer
from tailrace.library.linalg import matmul
from tailrace.library.nn.activations import bias_add
from tailrace.library.reductions import add_n
from tailrace.library.scopes import name_scope
from tailrace.library.variable_scope import get_variable_scope, variable_scope


def _collections(given: Any) -> list[Any]:
    collections = list(given or [])
    wanted = (GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES)
    return collections + [each for each in wanted if each not in collections]


def sorted_by_name(columns: list[Any]) -> list[Any]:
    """The columns in the order that their numbers stand side by side."""
    return sorted(columns, key=lambda column: column.name)


def flat(column: Any, tensor: Tensor) -> Tensor:
    """[B, all of the column's numbers]."""
    sizes: Any = array.shape(tensor)
    return array.reshape(tensor, (sizes[0], column.variable_shape.num_elements()))


def check_batch_sizes(tensors: list[Tensor], columns: list[Any]) -> None:
    """Raises: ValueError for columns of different numbers of rows."""
    known = [
        (tensor.get_shape().as_list()[0], column.name)
        for tensor, column in zip(tensors, columns, strict=True)
        if tensor.get_shape().as_list()[0] is not None
    ]
    for size, name in known:
        if size != known[0][0]:
            raise ValueError(
                "Batch size (first dimension) of each feature must be same. Batch size of columns "
                f"({known[0][1]}, {name}): ({known[0][0]}, {size})"
            )


def input_layer(
    features: dict[str, Any],
    feature_columns: Any,
    weight_collections: Any = None,
    trainable: bool = True,
    cols_to_vars: dict[Any, Any] | None = None,
    cols_to_output_tensors: dict[Any, Any] | None = None,
) -> Tensor:
    """The dense columns side by side, in the order of their names.

    `cols_to_vars` and `cols_to_output_tensors` take, by column, its variables and its part.

    Shapes: features [B, ...] -> [B, all numbers]. Raises: ValueError for a column that is not
    dense, two of one name, and batch sizes that differ.
    """
    columns = normalized(feature_columns)
    for column in columns:
        if not isinstance(column, DenseColumn):
            raise ValueError(
                "Items of feature_columns must be a DenseColumn. You can wrap a categorical "
                f"column with an embedding_column or indicator_column. Given: {column}"
            )
    collections = _collections(weight_collections)
    with variable_scope(None, default_name="input_layer"):
        inputs = Features(features)
        tensors = []
        for column in sorted_by_name(columns):
            with variable_scope(None, default_name=column._var_scope_name):
                value = column._get_dense_tensor(inputs, collections, trainable)
                tensors.append(flat(column, value))
                if cols_to_vars is not None:
                    scope = get_variable_scope().name
                    cols_to_vars[column] = get_collection(GraphKeys.GLOBAL_VARIABLES, scope)
                if cols_to_output_tensors is not None:
                    cols_to_output_tensors[column] = tensors[-1]
        check_batch_sizes(tensors, sorted_by_name(columns))
        return array.concat(tensors, 1)


# -- a linear model --------------------------------------------------------------------------------


def _add_to_collections(variable: Any, collections: list[Any]) -> None:
    for collection in collections:
        if collection != GraphKeys.GLOBAL_VARIABLES:
            for part in _parts(variable):
                add_to_collection(collection, part)


def _parts(variable: Any) -> list[Any]:
    return list(variable) if hasattr(variable, "_variable_list") else [variable]


class _ColumnWeights(Layer):
    """The weighted sum of one column."""

    def __init__(
        self, column: Any, units: int, combiner: str, collections: Any, trainable: bool, name: str
    ) -> None:
        super().__init__(trainable=trainable, name=name)
        self._use_resource_variables = True  # TF: the model is Keras's
        self.column = column
        self._units, self._combiner, self._collections = units, combiner, collections

    def build(self, input_shape: Any, /) -> None:
        categorical = isinstance(self.column, CategoricalColumn)
        rows = self.column.num_buckets if categorical else self.column.variable_shape.num_elements()
        self._weights = self.add_variable(
            "weights", shape=[rows, self._units], initializer=Zeros(), trainable=self.trainable
        )
        _add_to_collections(self._weights, self._collections)
        self.built = True

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Tensor:
        if not isinstance(self.column, CategoricalColumn):
            value = self.column._get_dense_tensor(inputs, self._collections, self.trainable)
            return matmul(flat(self.column, value), self._weights, name="weighted_sum")
        ids, weights = self.column._get_sparse_tensors(inputs, self._collections, self.trainable)
        ids = as_matrix(ids)
        if weights is not None:
            weights = as_matrix(weights)
        return safe_embedding_lookup_sparse(
            self._weights, ids, sparse_weights=weights, combiner=self._combiner, name="weighted_sum"
        )


def as_matrix(tensor: Any) -> Any:
    """A sparse tensor [B, ...] as [B, all]."""
    sizes: Any = array.shape(tensor)
    return sparse.sparse_reshape(tensor, [sizes[0], -1])


class _Bias(Layer):
    """The bias of all columns together."""

    def __init__(self, units: int, collections: Any, trainable: bool) -> None:
        super().__init__(trainable=trainable, name="bias_layer")
        self._use_resource_variables = True
        self._units, self._collections = units, collections

    def build(self, input_shape: Any, /) -> None:
        self.bias = self.add_variable(
            "bias_weights", shape=[self._units], initializer=Zeros(), trainable=self.trainable
        )
        _add_to_collections(self.bias, self._collections)
        self.built = True

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        return self.bias


def _last(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def linear_model(
    features: dict[str, Any],
    feature_columns: Any,
    units: int = 1,
    sparse_combiner: str = "sum",
    weight_collections: Any = None,
    trainable: bool = True,
    cols_to_vars: dict[Any, Any] | None = None,
) -> Tensor:
    """The weighted sum of all columns and a bias; an id of a categorical column has a weight.

    `sparse_combiner` ("sum", "mean", "sqrtn") puts the ids of a row together; `cols_to_vars` takes
    the variables by column, and those of "bias".

    Shapes: features [B, ...] -> [B, units]. Raises: ValueError for what is no dense or categorical
    column, two of one name, and batch sizes that differ.
    """
    with variable_scope(None, "linear_model") as scope:
        model_name = _last(scope.name)
    collections = _collections(weight_collections)
    layers = []
    for column in sorted_by_name(normalized(feature_columns)):
        with variable_scope(None, default_name=column._var_scope_name) as scope:
            name = _last(scope.name)
        layers.append(_ColumnWeights(column, units, sparse_combiner, collections, trainable, name))
    bias = _Bias(units, collections, trainable)
    found: dict[Any, Any] = {}
    with name_scope(model_name), variable_scope(model_name):
        for layer in layers:
            if not isinstance(layer.column, (DenseColumn, CategoricalColumn)):
                raise ValueError(
                    "Items of feature_columns must be either a DenseColumn or CategoricalColumn. "
                    f"Given: {layer.column}"
                )
        inputs = Features(features)
        layers.sort(key=lambda layer: layer.name)
        sums = []
        for layer in layers:
            sums.append(layer(inputs))
            found[layer.column] = get_collection(GraphKeys.GLOBAL_VARIABLES, layer.scope_name)
        check_batch_sizes(sums, [layer.column for layer in layers])
        total = add_n(sums, name="weighted_sum_no_bias")
        shift = bias(inputs, scope=get_variable_scope())
        result = bias_add(total, shift, name="weighted_sum")
        found["bias"] = _parts(bias.bias)
    if cols_to_vars is not None:
        cols_to_vars.update(found)
    return result
