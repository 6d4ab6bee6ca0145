"""Batch normalization layers.

Source: TF 1.15 python/layers/normalization.py, python/keras/layers/normalization.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, constant, convert_to_tensor, g
from tailrace.library import arithmetic, array, math, reductions, state
from tailrace.library.initializers import Ones, Zeros
from tailrace.library.layers import renorm as renormalization
from tailrace.library.layers import tools
from tailrace.library.layers.base import InputSpec, Layer
from tailrace.library.nn import normalization as nn
from tailrace.library.nn.activations import relu
from tailrace.library.variable_scope import variable_creator_scope
from tailrace.library.variables import VariableAggregation, VariableSynchronization
from tailrace.shapes import TensorShape

_FUSED_AXES = (-3, -1, 1, 3)


class BatchNormalization(Layer):
    """gamma (x - mean) / sqrt(variance + epsilon) + beta, with the statistics of the batch.

    When not training, running averages take their place: moving = momentum * moving
    + (1 - momentum) * batch's, which the operations in `UPDATE_OPS` compute.
    Variables: gamma, beta, moving_mean, moving_variance, each [size of the axis].
    """

    def __init__(
        self,
        axis: Any = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = Zeros(),  # noqa: B008 - has no state
        gamma_initializer: Any = Ones(),  # noqa: B008 - has no state
        moving_mean_initializer: Any = Zeros(),  # noqa: B008 - has no state
        moving_variance_initializer: Any = Ones(),  # noqa: B008 - has no state
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        fused: bool | None = None,
        trainable: bool = True,
        virtual_batch_size: int | None = None,
        adjustment: Any = None,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        """See the class; `renorm` corrects towards the running averages while training.

        Raises: TypeError for an axis that is neither a number nor a list.
        """
        super().__init__(name=name, trainable=trainable, **kwargs)
        if not isinstance(axis, (int, list)):
            raise TypeError(f"axis must be int or list, type given: {type(axis)}")
        self.axis: Any = list(axis) if isinstance(axis, list) else axis
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.initializers = {
            "beta": tools.initializer(beta_initializer),
            "gamma": tools.initializer(gamma_initializer),
            "moving_mean": tools.initializer(moving_mean_initializer),
            "moving_variance": tools.initializer(moving_variance_initializer),
        }
        self.regularizers = {"beta": beta_regularizer, "gamma": gamma_regularizer}
        self.constraints = {"beta": beta_constraint, "gamma": gamma_constraint}
        self.renorm = renorm
        self.virtual_batch_size = virtual_batch_size
        self.adjustment = adjustment
        self.fused = True if fused is None else fused
        self.supports_masking = True
        self.renorm_clipping = renormalization.clipping(renorm_clipping) if renorm else {}
        self.renorm_momentum = renorm_momentum

    def _can_be_fused(self) -> bool:
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        plain = self.virtual_batch_size is None and self.adjustment is None and not self.renorm
        return plain and len(axes) == 1 and axes[0] in _FUSED_AXES

    def _type(self) -> dtypes.DType:
        """The variables' type: float32 for inputs of half precision."""
        given = dtypes.as_dtype(self.dtype or dtypes.float32)
        return dtypes.float32 if given in (dtypes.float16, dtypes.bfloat16) else given

    # -- variables ---------------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Make the variables.

        Raises: ValueError for axes there are not, or of unknown size.
        """
        shape = TensorShape(input_shape)
        if not shape.ndims:
            raise ValueError("Input has undefined rank:", shape)
        ndims = shape.ndims
        self._set_axes(ndims)
        if self.fused:
            self.fused = ndims == 4 and self._can_be_fused()
        if self.fused:
            self._data_format = "NCHW" if self.axis == [1] else "NHWC"
        sizes = {axis: shape[axis].value for axis in self.axis}
        if None in sizes.values():
            raise ValueError("Input has undefined `axis` dimension. Input shape: ", shape)
        self.input_spec = InputSpec(ndim=ndims, axes=sizes)
        self._shape = self._parameter_shape(sizes, ndims)
        self.gamma = self._parameter("gamma") if self.scale else None
        if self.fused and not self.scale:
            self._gamma_constant = constant(1.0, self._type(), self._shape)
        self.beta = self._parameter("beta") if self.center else None
        if self.fused and not self.center:
            self._beta_constant = constant(0.0, self._type(), self._shape)
        self._add_averages()
        self.built = True

    def _set_axes(self, ndims: int) -> None:
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        self.axis = [ndims + axis if axis < 0 else axis for axis in axes]
        for axis in self.axis:
            if not 0 <= axis < ndims:
                raise ValueError(f"Invalid axis: {axis}")
        if len(set(self.axis)) != len(self.axis):
            raise ValueError(f"Duplicate axis: {self.axis}")
        size = self.virtual_batch_size
        if size is None:
            return
        if size <= 0:
            raise ValueError(
                "virtual_batch_size must be a positive integer that divides the true batch size "
                "of the input Tensor"
            )
        if 0 in self.axis:
            raise ValueError(
                "When using virtual_batch_size, the batch dimension must be 0 and thus axis cannot "
                "include 0"
            )
        if self.adjustment is not None:
            raise ValueError("When using virtual_batch_size, adjustment cannot be specified")

    def _parameter_shape(self, sizes: dict[int, Any], ndims: int) -> list[int]:
        if len(sizes) == 1 and self.virtual_batch_size is None:
            return list(sizes.values())
        shape = [sizes.get(i, 1) for i in range(ndims)]
        if self.virtual_batch_size is not None:
            shape.insert(1, 1)
            self.axis = [axis + 1 for axis in self.axis]
        return shape

    def _parameter(self, name: str) -> Any:
        return self.add_weight(
            name,
            shape=self._shape,
            dtype=self._type(),
            initializer=self.initializers[name],
            regularizer=self.regularizers[name],
            constraint=self.constraints[name],
            trainable=True,
        )

    def _average(self, name: str, initializer: Any) -> Any:
        return self.add_weight(
            name,
            shape=self._shape,
            dtype=self._type(),
            initializer=initializer,
            synchronization=VariableSynchronization.ON_READ,
            trainable=False,
            aggregation=VariableAggregation.MEAN,
        )

    def _add_averages(self) -> None:
        """The running averages, which are never partitioned."""
        scope = self._scope
        assert scope is not None
        partitioner = scope.partitioner
        scope.set_partitioner(None)
        try:
            of_mean = self.initializers["moving_mean"]
            of_variance = self.initializers["moving_variance"]
            self.moving_mean = self._average("moving_mean", of_mean)
            self.moving_variance = self._average("moving_variance", of_variance)
            if self.renorm:

                def of_stddev(*args: Any, **kwargs: Any) -> Tensor:
                    return math.sqrt(of_variance(*args, **kwargs))

                with variable_creator_scope(_beside(self.moving_variance)):
                    self.moving_stddev = self._average("moving_stddev", of_stddev)
                with variable_creator_scope(_beside(self.moving_mean)):
                    self.renorm_mean = self._average("renorm_mean", of_mean)
                with variable_creator_scope(_beside(self.moving_stddev)):
                    self.renorm_stddev = self._average("renorm_stddev", of_stddev)
        finally:
            if partitioner:
                scope.set_partitioner(partitioner)

    # -- updates -----------------------------------------------------------------------------------

    def _move(self, variable: Any, value: Any, momentum: Any) -> Any:
        """variable -= (variable - value) * (1 - momentum)."""
        with g.name_scope("AssignMovingAvg") as scope, g.colocate_with(variable):
            decay = convert_to_tensor(1.0 - momentum, name="decay")
            decay = arithmetic.cast(decay, variable.dtype.base_dtype)
            value = arithmetic.cast(value, variable.dtype.base_dtype)
            return state.assign_sub(variable, (variable - value) * decay, name=scope)

    def _move_variance(self, variance: Any, momentum: Any) -> Any:
        if not self.renorm:
            return self._move(self.moving_variance, variance, momentum)
        stddev = self._move(self.moving_stddev, math.sqrt(variance + self.epsilon), momentum)
        squared = relu(stddev * stddev - self.epsilon)
        with g.name_scope("AssignNewValue") as scope, g.colocate_with(self.moving_variance):
            return state.assign(self.moving_variance, squared, name=scope)

    # -- the result --------------------------------------------------------------------------------

    def call(self, inputs: Any, training: Any = False) -> Any:
        """Normalized by the batch where `training` (a bool or a tensor), else by the averages."""
        batches = self.virtual_batch_size
        whole = [-1, *inputs.shape.as_list()[1:]]
        if batches is not None:
            inputs = array.reshape(inputs, [batches, -1, *whole[1:]])
        outputs = self._fused(inputs, training) if self.fused else self._plain(inputs, training)
        return outputs if batches is None else array.reshape(outputs, whole)

    def _fused(self, inputs: Tensor, training: Any) -> Tensor:
        beta = self.beta if self.center else self._beta_constant
        gamma = self.gamma if self.scale else self._gamma_constant
        facts = {"epsilon": self.epsilon, "data_format": self._data_format}

        def of_batch() -> Any:
            return nn.fused_batch_norm(inputs, gamma, beta, **facts)

        def of_averages() -> Any:
            averages = {"mean": self.moving_mean, "variance": self.moving_variance}
            return nn.fused_batch_norm(inputs, gamma, beta, **averages, is_training=False, **facts)

        output, mean, variance = tools.smart_cond(training, of_batch, of_averages)
        known = tools.known_condition(training)
        momentum: Any
        if known is None:
            momentum = tools.smart_cond(training, lambda: self.momentum, lambda: 1.0)
        else:
            momentum = convert_to_tensor(self.momentum)
        if known is not False:
            self.add_update(lambda: self._move(self.moving_mean, mean, momentum))
            self.add_update(lambda: self._move_variance(variance, momentum))
        return output

    def _plain(self, inputs: Tensor, training: Any) -> Tensor:
        shape = inputs.shape
        scale, offset = self._broadcast(inputs, self.gamma), self._broadcast(inputs, self.beta)
        if tools.known_condition(training) is False:
            mean, variance = self.moving_mean, self.moving_variance
        else:
            mean, variance, scale, offset = self._statistics(inputs, training, scale, offset)
        mean = arithmetic.cast(mean, inputs.dtype)
        variance = arithmetic.cast(variance, inputs.dtype)
        offset = None if offset is None else arithmetic.cast(offset, inputs.dtype)
        scale = None if scale is None else arithmetic.cast(scale, inputs.dtype)
        outputs = nn.batch_normalization(
            inputs,
            self._broadcast(inputs, mean),
            self._broadcast(inputs, variance),
            offset,
            scale,
            self.epsilon,
        )
        outputs.set_shape(shape)
        return outputs

    def _reduced(self, inputs: Tensor) -> list[int]:
        """The axes that the statistics go over."""
        axes = [i for i in range(len(inputs.shape)) if i not in self.axis]
        if self.virtual_batch_size is not None:
            del axes[1]
        return axes

    def _broadcast(self, inputs: Tensor, vector: Any) -> Any:
        """A vector in the shape that it has along the axis; as it is where that is the last."""
        ndims = len(inputs.shape)
        last = self._reduced(inputs) == list(range(ndims - 1))
        if vector is None or last or len(vector.shape) == ndims:
            return vector
        shape: list[Any] = [1] * ndims
        shape[self.axis[0]] = inputs.shape[self.axis[0]].value
        return array.reshape(vector, shape)

    def _statistics(
        self, inputs: Tensor, training: Any, scale: Any, offset: Any
    ) -> tuple[Any, Any, Any, Any]:
        """Mean, variance, scale and offset of a batch, whose averages are to be updated."""
        if self.adjustment:
            scale, offset = self._adjusted(inputs, training, scale, offset)
        keep = self.virtual_batch_size is not None or len(self.axis) > 1
        exact = arithmetic.cast(inputs, self._type())
        mean, variance = nn.moments(exact, self._reduced(inputs), keep_dims=keep)
        mean = self._while_training(training, mean, self.moving_mean)
        variance = self._while_training(training, variance, self.moving_variance)
        new_mean, new_variance = mean, variance
        if self.virtual_batch_size is not None:
            new_mean = reductions.reduce_mean(mean, axis=1, keepdims=True)
            new_variance = reductions.reduce_mean(variance, axis=1, keepdims=True)
        if self.renorm:
            r, d, new_mean, new_variance = renormalization.correction(
                self, new_mean, new_variance, training
            )
            r = self._broadcast(inputs, array.stop_gradient(r, name="renorm_r"))
            d = self._broadcast(inputs, array.stop_gradient(d, name="renorm_d"))
            scale, offset = _composed(r, d, scale, offset)
        self._update(training, self.moving_mean, lambda: self._move(
            self.moving_mean, new_mean, self.momentum
        ))  # fmt: skip
        self._update(training, self.moving_variance, lambda: self._move_variance(
            new_variance, self.momentum
        ))  # fmt: skip
        return mean, variance, scale, offset

    def _update(self, training: Any, variable: Any, move: Callable[[], Any]) -> None:
        self.add_update(lambda: tools.smart_cond(training, move, lambda: variable))

    def _while_training(self, training: Any, value: Tensor, variable: Any) -> Any:
        return tools.smart_cond(training, lambda: value, lambda: convert_to_tensor(variable))

    def _adjusted(self, inputs: Tensor, training: Any, scale: Any, offset: Any) -> Any:
        adj_scale, adj_bias = self.adjustment(array.shape(inputs))
        ones, zeros = array.ones_like, array.zeros_like
        adj_scale = tools.smart_cond(training, lambda: adj_scale, lambda: ones(adj_scale))
        adj_bias = tools.smart_cond(training, lambda: adj_bias, lambda: zeros(adj_bias))
        return _composed(adj_scale, adj_bias, scale, offset)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The inputs' shape."""
        return input_shape


def _beside(variable: Any) -> Callable[..., Any]:
    """A creator of variables that places them where `variable` is."""

    def create(next_creator: Callable[..., Any], **kwargs: Any) -> Any:
        with g.colocate_with(variable):
            return next_creator(**kwargs)

    return create


def _composed(scale: Any, offset: Any, then_scale: Any, then_offset: Any) -> tuple[Any, Any]:
    """Scale and offset that do what the two pairs do one after the other."""
    if then_scale is not None:
        scale, offset = scale * then_scale, offset * then_scale
    if then_offset is not None:
        offset = offset + then_offset
    return scale, offset


def batch_normalization(
    inputs: Any,
    axis: Any = -1,
    momentum: float = 0.99,
    epsilon: float = 1e-3,
    center: bool = True,
    scale: bool = True,
    beta_initializer: Any = Zeros(),  # noqa: B008 - has no state
    gamma_initializer: Any = Ones(),  # noqa: B008 - has no state
    moving_mean_initializer: Any = Zeros(),  # noqa: B008 - has no state
    moving_variance_initializer: Any = Ones(),  # noqa: B008 - has no state
    beta_regularizer: Any = None,
    gamma_regularizer: Any = None,
    beta_constraint: Any = None,
    gamma_constraint: Any = None,
    training: Any = False,
    trainable: bool = True,
    name: str | None = None,
    reuse: bool | None = None,
    renorm: bool = False,
    renorm_clipping: Any = None,
    renorm_momentum: float = 0.99,
    fused: bool | None = None,
    virtual_batch_size: int | None = None,
    adjustment: Any = None,
) -> Any:
    """Batch normalization in a new `BatchNormalization` layer; its updates are in `UPDATE_OPS`."""
    layer = BatchNormalization(
        axis=axis,
        momentum=momentum,
        epsilon=epsilon,
        center=center,
        scale=scale,
        beta_initializer=beta_initializer,
        gamma_initializer=gamma_initializer,
        moving_mean_initializer=moving_mean_initializer,
        moving_variance_initializer=moving_variance_initializer,
        beta_regularizer=beta_regularizer,
        gamma_regularizer=gamma_regularizer,
        beta_constraint=beta_constraint,
        gamma_constraint=gamma_constraint,
        renorm=renorm,
        renorm_clipping=renorm_clipping,
        renorm_momentum=renorm_momentum,
        fused=fused,
        trainable=trainable,
        virtual_batch_size=virtual_batch_size,
        adjustment=adjustment,
        name=name,
        _reuse=reuse,
        _scope=name,
    )
    return layer.apply(inputs, training=training)
