"""The estimators: linear and deep models and both together, for classes and for numbers.

Source: TF 1.15 tensorflow_estimator/python/estimator/canned/{linear,dnn,dnn_linear_combined,
optimizers}.py.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from tailrace.graph import Tensor, g
from tailrace.library.collections import GraphKeys, get_collection
from tailrace.library.control_flow import group
from tailrace.library.estimator.config import RunConfig
from tailrace.library.estimator.estimator import Estimator
from tailrace.library.estimator.models.classification import classification_head
from tailrace.library.estimator.models.head import Head
from tailrace.library.estimator.models.logits import add_summaries, deep_logits, linear_logits
from tailrace.library.estimator.models.regression import RegressionHead
from tailrace.library.estimator.spec import EstimatorSpec
from tailrace.library.global_step import get_global_step
from tailrace.library.losses import Reduction
from tailrace.library.nn.activations import relu
from tailrace.library.optimizers.adaptive import (
    AdagradOptimizer,
    AdamOptimizer,
    FtrlOptimizer,
    RMSPropOptimizer,
)
from tailrace.library.optimizers.base import Optimizer
from tailrace.library.optimizers.classic import GradientDescentOptimizer
from tailrace.library.partitioned import min_max_variable_partitioner
from tailrace.library.state import assign_add
from tailrace.library.training.sync_replicas import SyncReplicasOptimizer
from tailrace.library.variable_scope import variable_scope

_OPTIMIZERS = {
    "Adagrad": AdagradOptimizer,
    "Adam": AdamOptimizer,
    "Ftrl": FtrlOptimizer,
    "RMSProp": RMSPropOptimizer,
    "SGD": GradientDescentOptimizer,
}
_DEEP_RATE, _LINEAR_RATE = 0.05, 0.2
# of the two parts of a combined model
_DEEP_PART_RATE, _LINEAR_PART_RATE = 0.001, 0.005
# an input layer's variables are cut into parts of so many bytes
_SLICE_SIZE = 64 << 20


def _optimizer(given: Any, rate: float) -> Any:
    """An optimizer from its name, a function that makes it, or itself.

    Raises: ValueError for anything else.
    """
    if isinstance(given, str):
        if given not in _OPTIMIZERS:
            known = tuple(sorted(_OPTIMIZERS))
            raise ValueError(f"Unsupported optimizer name: {given}. Supported names are: {known}")
        return _OPTIMIZERS[given](learning_rate=rate)
    made = given() if callable(given) else given
    if not isinstance(made, Optimizer):
        raise ValueError(f"The given object is not an Optimizer instance. Given: {made}")
    return made


def _of_part(given: Any, rate: float) -> Any:
    made = _optimizer(given, rate)
    if isinstance(made, SyncReplicasOptimizer):
        raise ValueError(
            "SyncReplicasOptimizer does not support multi optimizers case. Use either a DNN or a "
            "Linear model."
        )
    return made


def _check_features(features: Any) -> None:
    if not isinstance(features, dict):
        raise ValueError(
            f"features should be a dictionary of `Tensor`s. Given type: {type(features)}"
        )


def _parts(config: RunConfig | None, **options: Any) -> Any:
    count = config.num_ps_replicas if config else 0
    return min_max_variable_partitioner(max_partitions=count, **options)


class _Deep(NamedTuple):
    """The deep part of a model."""

    columns: Any
    optimizer: Any
    hidden_units: Any
    activation_fn: Any
    dropout: Any
    partitioner: Any
    batch_norm: bool

    def logits(self, features: Any, mode: str, config: Any, units: int) -> Tensor:
        """Logits [B, units], made in the scope that is open."""
        return deep_logits(
            features,
            mode,
            units,
            self.hidden_units,
            self.columns,
            self.activation_fn,
            self.dropout,
            self.partitioner or _parts(config, min_slice_size=_SLICE_SIZE),
            self.batch_norm,
        )


class _Linear(NamedTuple):
    """The linear part of a model."""

    columns: Any
    optimizer: Any
    partitioner: Any
    sparse_combiner: str

    def scope(self, config: Any) -> Any:
        """The scope of its variables."""
        parts = self.partitioner or _parts(config, min_slice_size=_SLICE_SIZE)
        return variable_scope("linear", partitioner=parts)

    def logits(self, features: Any, units: int) -> Tensor:
        """Logits [B, units], made in the scope that is open."""
        return linear_logits(features, units, self.columns, self.sparse_combiner)


def _deep_model(head: Head, deep: _Deep) -> Any:
    """The model function of a deep network."""

    def model_fn(features: Any, labels: Any, mode: str, config: Any) -> EstimatorSpec:
        optimizer = _optimizer(deep.optimizer, _DEEP_RATE)
        _check_features(features)
        with variable_scope("dnn", partitioner=_parts(config)):
            logits = deep.logits(features, mode, config, head.logits_dimension)
            return head.create_estimator_spec(features, mode, logits, labels, optimizer)

    return model_fn


def _linear_model(head: Head, linear: _Linear) -> Any:
    """The model function of a linear model."""

    def model_fn(features: Any, labels: Any, mode: str, config: Any) -> EstimatorSpec:
        _check_features(features)
        with linear.scope(config):
            logits = linear.logits(features, head.logits_dimension)
            rate = min(_LINEAR_RATE, 1 / math.sqrt(len(linear.columns)))
            given = linear.optimizer or FtrlOptimizer(learning_rate=rate)
            optimizer = _optimizer(given, _LINEAR_RATE)
            return head.create_estimator_spec(features, mode, logits, labels, optimizer)

    return model_fn


def _combined_model(head: Head, linear: _Linear, deep: _Deep) -> Any:
    """The model function of both together: their logits are added, each has its optimizer."""

    def model_fn(features: Any, labels: Any, mode: str, config: Any) -> EstimatorSpec:
        _check_features(features)
        parts: list[tuple[Tensor, Any, str]] = []
        if deep.columns:
            optimizer = _of_part(deep.optimizer, _DEEP_PART_RATE)
            if not deep.hidden_units:
                raise ValueError(
                    "dnn_hidden_units must be defined when dnn_feature_columns is specified."
                )
            with variable_scope("dnn", partitioner=_parts(config)) as scope:
                logits = deep.logits(features, mode, config, head.logits_dimension)
            parts.append((logits, optimizer, scope.name))
        if linear.columns:
            rate = min(_LINEAR_PART_RATE, 1 / math.sqrt(len(linear.columns)))
            optimizer = _of_part(linear.optimizer, rate)
            with linear.scope(config) as scope:
                logits = linear.logits(features, head.logits_dimension)
                add_summaries(logits, scope.name)
            parts.append((logits, optimizer, scope.name))
        logits = parts[0][0] if len(parts) == 1 else parts[0][0] + parts[1][0]

        def train_op_fn(loss: Tensor) -> Any:
            return _step_of_parts(loss, parts)

        return head.create_estimator_spec(features, mode, logits, labels, train_op_fn=train_op_fn)

    return model_fn


def _step_of_parts(loss: Tensor, parts: list[tuple[Tensor, Any, str]]) -> Any:
    """Each part's optimizer on the variables of its scope, then the global step."""
    global_step = get_global_step()
    steps = [
        optimizer.minimize(loss, var_list=get_collection(GraphKeys.TRAINABLE_VARIABLES, scope=name))
        for _, optimizer, name in parts
    ]
    with g.control_dependencies([group(*steps)]):
        return assign_add(global_step, 1).op


def _check_columns(linear: Any, deep: Any) -> None:
    if not linear and not deep:
        raise ValueError("Either linear_feature_columns or dnn_feature_columns must be defined.")


class DNNClassifier(Estimator):
    """A deep network for classes.

    Layers of `hidden_units` units on dense columns; `optimizer` by name ("Adagrad", "Adam", "Ftrl",
    "RMSProp", "SGD"), as an object, or a function that makes one. Labels are the numbers of
    classes, or words of `label_vocabulary`; `weight_column` names the feature of weights.
    """

    def __init__(
        self,
        hidden_units: Any,
        feature_columns: Any,
        model_dir: Any = None,
        n_classes: int = 2,
        weight_column: Any = None,
        label_vocabulary: Any = None,
        optimizer: Any = "Adagrad",
        activation_fn: Any = relu,
        dropout: float | None = None,
        input_layer_partitioner: Any = None,
        config: RunConfig | None = None,
        warm_start_from: Any = None,
        loss_reduction: str = Reduction.SUM,
        batch_norm: bool = False,
    ) -> None:
        head = classification_head(n_classes, weight_column, label_vocabulary, loss_reduction)
        deep = _Deep(
            tuple(feature_columns or []),
            optimizer,
            hidden_units,
            activation_fn,
            dropout,
            input_layer_partitioner,
            batch_norm,
        )
        model_fn = _deep_model(head, deep)
        super().__init__(model_fn, model_dir, config, warm_start_from=warm_start_from)


class DNNRegressor(Estimator):
    """A deep network for numbers: `label_dimension` for each example. See `DNNClassifier`."""

    def __init__(
        self,
        hidden_units: Any,
        feature_columns: Any,
        model_dir: Any = None,
        label_dimension: int = 1,
        weight_column: Any = None,
        optimizer: Any = "Adagrad",
        activation_fn: Any = relu,
        dropout: float | None = None,
        input_layer_partitioner: Any = None,
        config: RunConfig | None = None,
        warm_start_from: Any = None,
        loss_reduction: str = Reduction.SUM,
        batch_norm: bool = False,
    ) -> None:
        head = RegressionHead(label_dimension, weight_column, loss_reduction)
        deep = _Deep(
            tuple(feature_columns or []),
            optimizer,
            hidden_units,
            activation_fn,
            dropout,
            input_layer_partitioner,
            batch_norm,
        )
        model_fn = _deep_model(head, deep)
        super().__init__(model_fn, model_dir, config, warm_start_from=warm_start_from)


class LinearClassifier(Estimator):
    """A weighted sum of columns for classes.

    A categorical column has a weight for each id; those of a row are put together by
    `sparse_combiner` ("sum", "mean", "sqrtn"). For the rest see `DNNClassifier`.
    """

    def __init__(
        self,
        feature_columns: Any,
        model_dir: Any = None,
        n_classes: int = 2,
        weight_column: Any = None,
        label_vocabulary: Any = None,
        optimizer: Any = "Ftrl",
        config: RunConfig | None = None,
        partitioner: Any = None,
        warm_start_from: Any = None,
        loss_reduction: str = Reduction.SUM,
        sparse_combiner: str = "sum",
    ) -> None:
        head = classification_head(n_classes, weight_column, label_vocabulary, loss_reduction)
        columns = tuple(feature_columns or [])
        linear = _Linear(columns, optimizer, partitioner, sparse_combiner)
        model_fn = _linear_model(head, linear)
        super().__init__(model_fn, model_dir, config, warm_start_from=warm_start_from)


class LinearRegressor(Estimator):
    """A weighted sum of columns for numbers. See `LinearClassifier`."""

    def __init__(
        self,
        feature_columns: Any,
        model_dir: Any = None,
        label_dimension: int = 1,
        weight_column: Any = None,
        optimizer: Any = "Ftrl",
        config: RunConfig | None = None,
        partitioner: Any = None,
        warm_start_from: Any = None,
        loss_reduction: str = Reduction.SUM,
        sparse_combiner: str = "sum",
    ) -> None:
        head = RegressionHead(label_dimension, weight_column, loss_reduction)
        columns = tuple(feature_columns or [])
        linear = _Linear(columns, optimizer, partitioner, sparse_combiner)
        model_fn = _linear_model(head, linear)
        super().__init__(model_fn, model_dir, config, warm_start_from=warm_start_from)


class DNNLinearCombinedClassifier(Estimator):
    """A deep network and a linear model ("wide and deep") for classes: their logits are added."""

    def __init__(
        self,
        model_dir: Any = None,
        linear_feature_columns: Any = None,
        linear_optimizer: Any = "Ftrl",
        dnn_feature_columns: Any = None,
        dnn_optimizer: Any = "Adagrad",
        dnn_hidden_units: Any = None,
        dnn_activation_fn: Any = relu,
        dnn_dropout: float | None = None,
        n_classes: int = 2,
        weight_column: Any = None,
        label_vocabulary: Any = None,
        input_layer_partitioner: Any = None,
        config: RunConfig | None = None,
        warm_start_from: Any = None,
        loss_reduction: str = Reduction.SUM,
        batch_norm: bool = False,
        linear_sparse_combiner: str = "sum",
    ) -> None:
        _check_columns(linear_feature_columns, dnn_feature_columns)
        head = classification_head(n_classes, weight_column, label_vocabulary, loss_reduction)
        partitioner = input_layer_partitioner
        linear = _Linear(
            linear_feature_columns, linear_optimizer, partitioner, linear_sparse_combiner
        )
        deep = _Deep(
            dnn_feature_columns,
            dnn_optimizer,
            dnn_hidden_units,
            dnn_activation_fn,
            dnn_dropout,
            partitioner,
            batch_norm,
        )
        model_fn = _combined_model(head, linear, deep)
        super().__init__(model_fn, model_dir, config, warm_start_from=warm_start_from)


class DNNLinearCombinedRegressor(Estimator):
    """A deep network and a linear model for numbers: their predictions are added."""

    def __init__(
        self,
        model_dir: Any = None,
        linear_feature_columns: Any = None,
        linear_optimizer: Any = "Ftrl",
        dnn_feature_columns: Any = None,
        dnn_optimizer: Any = "Adagrad",
        dnn_hidden_units: Any = None,
        dnn_activation_fn: Any = relu,
        dnn_dropout: float | None = None,
        label_dimension: int = 1,
        weight_column: Any = None,
        input_layer_partitioner: Any = None,
        config: RunConfig | None = None,
        warm_start_from: Any = None,
        loss_reduction: str = Reduction.SUM,
        batch_norm: bool = False,
        linear_sparse_combiner: str = "sum",
    ) -> None:
        _check_columns(linear_feature_columns, dnn_feature_columns)
        head = RegressionHead(label_dimension, weight_column, loss_reduction)
        partitioner = input_layer_partitioner
        linear = _Linear(
            linear_feature_columns, linear_optimizer, partitioner, linear_sparse_combiner
        )
        deep = _Deep(
            dnn_feature_columns,
            dnn_optimizer,
            dnn_hidden_units,
            dnn_activation_fn,
            dnn_dropout,
            partitioner,
            batch_norm,
        )
        model_fn = _combined_model(head, linear, deep)
        super().__init__(model_fn, model_dir, config, warm_start_from=warm_start_from)
