"""`tf.contrib.layers`: batch and layer normalization.

Source: TF 1.15 contrib/layers/python/layers/layers.py.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, constant, convert_to_tensor, g
from tailrace.library import array
from tailrace.library.collections import GraphKeys, add_to_collections
from tailrace.library.contrib import tools
from tailrace.library.contrib.arg_scope import add_arg_scope
from tailrace.library.contrib.variables import model_variable
from tailrace.library.initializers import Ones, Zeros
from tailrace.library.layers.normalization import BatchNormalization
from tailrace.library.layers.tools import known_condition, smart_cond
from tailrace.library.moving_averages import assign_moving_average
from tailrace.library.nn import normalization as nn
from tailrace.library.variable_scope import get_variable_scope, variable_scope
from tailrace.shapes import TensorShape

_INITIALIZERS = {
    "beta": Zeros,
    "gamma": Ones,
    "moving_mean": Zeros,
    "moving_variance": Ones,
}


@dataclasses.dataclass
class Parameters:
    """How the variables of a batch normalization are made, of one shape and type."""

    shape: Any
    dtype: dtypes.DType
    initializers: dict[str, Any]
    regularizers: dict[str, Any]
    collections: Any
    trainable: bool

    def trained(self, name: str) -> Any:
        """beta or gamma."""
        return model_variable(
            name,
            shape=self.shape,
            dtype=self.dtype,
            initializer=self._initializer(name),
            regularizer=self.regularizers.get(name),
            collections=tools.collections_of(self.collections, name),
            trainable=self.trainable,
        )

    def averages(self) -> tuple[Any, Any]:
        """moving_mean and moving_variance, which are never partitioned."""
        with variable_scope(get_variable_scope()) as scope:
            scope.set_partitioner(None)
            mean, variance = (
                model_variable(
                    name,
                    shape=self.shape,
                    dtype=self.dtype,
                    initializer=self._initializer(name),
                    trainable=False,
                    collections=tools.collections_of(self.collections, name),
                )
                for name in ("moving_mean", "moving_variance")
            )
        return mean, variance

    def _initializer(self, name: str) -> Any:
        return self.initializers.get(name, _INITIALIZERS[name]())


@dataclasses.dataclass
class _Averages:
    """The running averages, and when and how they move."""

    mean: Any
    variance: Any
    decay: float
    zero_debias: bool
    collections: Any
    is_training: Any

    def moved(self, mean: Tensor, variance: Tensor) -> tuple[Any, Any]:
        """The operations that move both."""
        return (
            assign_moving_average(self.mean, mean, self.decay, zero_debias=self.zero_debias),
            assign_moving_average(self.variance, variance, self.decay, zero_debias=False),
        )

    def collect_moves(self, mean: Tensor, variance: Tensor) -> None:
        """The moves in the collections, where they do nothing when not training."""
        moves = smart_cond(
            self.is_training,
            lambda: self.moved(mean, variance),
            lambda: (self.mean, self.variance),
        )
        for move in moves:
            add_to_collections(self.collections, move)


@add_arg_scope
def batch_norm(
    inputs: Any,
    decay: float = 0.999,
    center: bool = True,
    scale: bool = False,
    epsilon: float = 0.001,
    activation_fn: Any = None,
    param_initializers: Any = None,
    param_regularizers: Any = None,
    updates_collections: Any = GraphKeys.UPDATE_OPS,
    is_training: Any = True,
    reuse: bool | None = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    batch_weights: Any = None,
    fused: bool | None = None,
    data_format: str = "NHWC",
    zero_debias_moving_mean: bool = False,
    scope: Any = None,
    renorm: bool = False,
    renorm_clipping: Any = None,
    renorm_decay: float = 0.99,
    adjustment: Any = None,
) -> Tensor:
    """Batch normalization, gamma (x - mean) / sqrt(variance + epsilon) + beta.

    The running averages move with the operations in `updates_collections`, or at once when that
    is None. Raises: ValueError for unknown ranks or channels.
    """
    inputs = convert_to_tensor(inputs)
    rank = inputs.shape.ndims
    tools.check_image_format(data_format)
    initializers, regularizers = param_initializers or {}, param_regularizers or {}
    special = zero_debias_moving_mean or updates_collections is not GraphKeys.UPDATE_OPS
    can_fuse = batch_weights is None and not renorm and rank in (2, 4) and adjustment is None
    facts = _Facts(
        decay=decay,
        center=center,
        scale=scale,
        epsilon=epsilon,
        activation_fn=activation_fn,
        initializers=initializers,
        regularizers=regularizers,
        updates_collections=updates_collections,
        is_training=is_training,
        reuse=reuse,
        variables_collections=variables_collections,
        outputs_collections=outputs_collections,
        trainable=trainable,
        data_format=data_format,
        zero_debias=zero_debias_moving_mean,
        scope=scope,
    )
    if fused is not False and can_fuse and (special or rank == 2):
        return _fused(inputs, facts)
    getter = tools.model_variable_getter()
    with variable_scope(scope, "BatchNorm", [inputs], reuse=reuse, custom_getter=getter) as opened:
        if batch_weights is None and not special:
            layer = BatchNormalization(
                axis=1 if data_format == "NCHW" else -1,
                momentum=decay,
                epsilon=epsilon,
                center=center,
                scale=scale,
                **{f"{k}_initializer": initializers.get(k, v()) for k, v in _INITIALIZERS.items()},
                beta_regularizer=regularizers.get("beta"),
                gamma_regularizer=regularizers.get("gamma"),
                trainable=trainable,
                renorm=renorm,
                renorm_clipping=renorm_clipping,
                renorm_momentum=renorm_decay,
                adjustment=adjustment,
                name=opened.name,
                _scope=opened,
                _reuse=reuse,
                fused=True if fused is None else fused,
            )
            return _applied(layer, inputs, facts, opened)
        if renorm:
            raise ValueError(
                "renorm is not supported with batch_weights, updates_collections or "
                "zero_debias_moving_mean"
            )
        return _plain(inputs, batch_weights, facts, opened)


@dataclasses.dataclass
class _Facts:
    """The arguments of `batch_norm` that its ways of doing it share."""

    decay: float
    center: bool
    scale: bool
    epsilon: float
    activation_fn: Any
    initializers: dict[str, Any]
    regularizers: dict[str, Any]
    updates_collections: Any
    is_training: Any
    reuse: bool | None
    variables_collections: Any
    outputs_collections: Any
    trainable: bool
    data_format: str
    zero_debias: bool
    scope: Any

    def parameters(self, shape: TensorShape, dtype: dtypes.DType, regularized: bool) -> Parameters:
        return Parameters(
            shape,
            dtype,
            self.initializers,
            self.regularizers if regularized else {},
            self.variables_collections,
            self.trainable,
        )

    def averages(self, mean: Any, variance: Any) -> _Averages:
        return _Averages(
            mean,
            variance,
            self.decay,
            self.zero_debias,
            self.updates_collections,
            self.is_training,
        )

    def finished(self, outputs: Tensor, name: str) -> Tensor:
        """The outputs activated and collected."""
        if self.activation_fn is not None:
            outputs = self.activation_fn(outputs)
        return tools.collected(self.outputs_collections, name, outputs)


def _applied(layer: BatchNormalization, inputs: Tensor, facts: _Facts, scope: Any) -> Tensor:
    outputs = layer.apply(inputs, training=facts.is_training)
    for name in ("moving_mean", "moving_variance", "beta", "gamma"):
        variable = getattr(layer, name)
        if variable is not None:
            tools.add_variable(variable, facts.variables_collections, name)
    return facts.finished(outputs, scope.name)


# -- in one operation ------------------------------------------------------------------------------


def _fused(inputs: Tensor, facts: _Facts) -> Tensor:
    """Of images, or of rows as images of one pixel."""
    with variable_scope(facts.scope, "BatchNorm", [inputs], reuse=facts.reuse) as opened:
        original = inputs
        inputs = _as_images(inputs, facts.data_format)
        shape = inputs.get_shape()
        sizes = shape[-1:] if facts.data_format == "NHWC" else shape[1:2]
        if not sizes.is_fully_defined():
            raise ValueError(f"Inputs {inputs.name} has undefined `C` dimension {sizes}.")
        parameters = facts.parameters(sizes, dtypes.float32, regularized=True)
        beta = parameters.trained("beta") if facts.center else _filled(0.0, sizes)
        gamma = parameters.trained("gamma") if facts.scale else _filled(1.0, sizes)
        averages = facts.averages(*parameters.averages())
        given = {"epsilon": facts.epsilon, "data_format": facts.data_format}

        def of_averages() -> Any:
            known = {"mean": averages.mean, "variance": averages.variance, "is_training": False}
            return nn.fused_batch_norm(inputs, gamma, beta, **known, **given)

        outputs, mean, variance = smart_cond(
            facts.is_training,
            lambda: nn.fused_batch_norm(inputs, gamma, beta, **given),
            of_averages,
        )
        outputs = _with_moves(outputs, mean, variance, averages)
        outputs.set_shape(shape)
        if original.shape.ndims == 2:
            outputs = array.reshape(outputs, array.shape(original))
        return facts.finished(outputs, opened.name)


def _as_images(inputs: Tensor, data_format: str) -> Tensor:
    if inputs.shape.ndims != 2:
        return inputs
    channels = inputs.shape[-1].value
    if channels is None:
        raise ValueError("`C` dimension must be known but is None")
    shape = [-1, channels, 1, 1] if data_format == "NCHW" else [-1, 1, 1, channels]
    return array.reshape(inputs, shape)


def _filled(value: float, shape: TensorShape) -> Tensor:
    return constant(value, dtypes.float32, shape)


def _with_moves(outputs: Tensor, mean: Tensor, variance: Tensor, averages: _Averages) -> Tensor:
    """The outputs, given after the averages have moved, or the moves collected."""
    if known_condition(averages.is_training) is False:
        return outputs
    if averages.collections is not None:
        averages.collect_moves(mean, variance)
        return outputs

    def after_moves() -> Tensor:
        with g.control_dependencies(averages.moved(mean, variance)):
            return array.identity(outputs)

    return smart_cond(averages.is_training, after_moves, lambda: outputs)


# -- in several operations -------------------------------------------------------------------------


def _plain(inputs: Tensor, batch_weights: Any, facts: _Facts, scope: Any) -> Tensor:
    shape = inputs.get_shape()
    rank = shape.ndims
    if rank is None:
        raise ValueError(f"Inputs {inputs.name} has undefined rank.")
    if batch_weights is not None:
        batch_weights = convert_to_tensor(batch_weights)
        shape[0:1].assert_is_compatible_with(batch_weights.get_shape())
        batch_weights = array.reshape(batch_weights, [-1] + [1] * (rank - 1))
    first = facts.data_format == "NCHW"
    sizes = shape[1:2] if first else shape[-1:]
    if not sizes.is_fully_defined():
        raise ValueError(f"Inputs {inputs.name} has undefined channels dimension {sizes}.")
    parameters = facts.parameters(sizes, inputs.dtype.base_dtype, regularized=False)
    beta = parameters.trained("beta") if facts.center else None
    gamma = parameters.trained("gamma") if facts.scale else None
    averages = facts.averages(*parameters.averages())
    mean, variance = averages.mean, averages.variance
    if known_condition(facts.is_training) is not False:
        mean, variance = _moments(inputs, batch_weights, first)
        mean, variance = _moments_with_moves(mean, variance, averages)
    if first:
        wide = [1, shape[1].value] + [1] * (rank - 2)
        mean, variance = array.reshape(mean, wide), array.reshape(variance, wide)
        beta = None if beta is None else array.reshape(beta, wide)
        gamma = None if gamma is None else array.reshape(gamma, wide)
    outputs = nn.batch_normalization(inputs, mean, variance, beta, gamma, facts.epsilon)
    outputs.set_shape(shape)
    return facts.finished(outputs, scope.name)


def _moments(inputs: Tensor, batch_weights: Any, channels_first: bool) -> tuple[Tensor, Tensor]:
    rank = len(inputs.shape)
    axes = [0, *range(2, rank)] if channels_first else list(range(rank - 1))
    if batch_weights is None:
        mean, variance = nn.moments(inputs, axes, keep_dims=channels_first)
    else:
        mean, variance = nn.weighted_moments(inputs, axes, batch_weights, keepdims=channels_first)
    if channels_first:
        return array.reshape(mean, [-1]), array.reshape(variance, [-1])
    return mean, variance


def _moments_with_moves(mean: Tensor, variance: Tensor, averages: _Averages) -> tuple[Any, Any]:
    training = averages.is_training
    if averages.collections is not None:
        averages.collect_moves(mean, variance)
        return smart_cond(
            training, lambda: (mean, variance), lambda: (averages.mean, averages.variance)
        )

    def after_moves() -> Any:
        with g.control_dependencies(averages.moved(mean, variance)):
            return array.identity(mean), array.identity(variance)

    return smart_cond(training, after_moves, lambda: (averages.mean, averages.variance))


# -- layer normalization ---------------------------------------------------------------------------


@add_arg_scope
def layer_norm(
    inputs: Any,
    center: bool = True,
    scale: bool = True,
    activation_fn: Any = None,
    reuse: bool | None = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    begin_norm_axis: int = 1,
    begin_params_axis: int = -1,
    scope: Any = None,
) -> Tensor:
    """gamma (x - mean) / sqrt(variance) + beta, with the statistics of each example (Ba, 2016).

    Raises: ValueError for unknown ranks or sizes, or axes there are not.
    """
    with variable_scope(scope, "LayerNorm", [inputs], reuse=reuse) as opened:
        inputs = convert_to_tensor(inputs)
        shape, rank = inputs.shape, inputs.shape.ndims
        if rank is None:
            raise ValueError(f"Inputs {inputs.name} has undefined rank.")
        first = rank + begin_norm_axis if begin_norm_axis < 0 else begin_norm_axis
        if begin_params_axis >= rank or first >= rank:
            raise ValueError(
                f"begin_params_axis ({begin_params_axis}) and begin_norm_axis ({first}) must be < "
                f"rank(inputs) ({rank})"
            )
        sizes = shape[begin_params_axis:]
        if not sizes.is_fully_defined():
            raise ValueError(
                f"Inputs {inputs.name}: shape(inputs)[{begin_params_axis}:] is not fully defined: "
                f"{shape}"
            )
        dtype = inputs.dtype.base_dtype
        parameters = Parameters(sizes, dtype, {}, {}, variables_collections, trainable)
        beta = parameters.trained("beta") if center else None
        gamma = parameters.trained("gamma") if scale else None
        mean, variance = nn.moments(inputs, list(range(first, rank)), keep_dims=True)
        epsilon = 1e-3 if dtype is dtypes.float16 else 1e-12
        outputs = nn.batch_normalization(inputs, mean, variance, beta, gamma, epsilon)
        outputs.set_shape(shape)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return tools.collected(outputs_collections, opened.name, outputs)
