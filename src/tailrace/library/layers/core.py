"""Fully connected layers, dropout and flattening.

Source: TF 1.15 python/layers/core.py, python/keras/layers/core.py.
"""

from __future__ import annotations

import math as numbers_of
from typing import Any

from tailrace.dtypes import as_dtype
from tailrace.graph import SparseTensor, Tensor, convert_to_tensor, g
from tailrace.library import array, linalg
from tailrace.library.initializers import Zeros
from tailrace.library.layers import tools
from tailrace.library.layers.base import InputSpec, Layer
from tailrace.library.nn.activations import bias_add
from tailrace.library.nn.dropout import dropout as nn_dropout
from tailrace.shapes import TensorShape


class Dense(Layer):
    """activation(inputs W + b), along the last dimension.

    Shapes: inputs [..., n] -> [..., units]; variables kernel [n, units] and bias [units].
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = Zeros(),  # noqa: B008 - has no state
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        """Initializers, regularizers and constraints are functions, activations names as well."""
        super().__init__(
            trainable=trainable, name=name, activity_regularizer=activity_regularizer, **kwargs
        )
        self.units = int(units)
        self.activation = tools.activation(activation)
        self.use_bias = use_bias
        self.kernel_initializer = tools.initializer(kernel_initializer)
        self.bias_initializer = tools.initializer(bias_initializer)
        self.kernel_regularizer = kernel_regularizer
        self.bias_regularizer = bias_regularizer
        self.kernel_constraint = kernel_constraint
        self.bias_constraint = bias_constraint
        self.input_spec = InputSpec(min_ndim=2)
        self.kernel: Any = None
        self.bias: Any = None

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias. Raises: ValueError when the last dimension is not known."""
        if self.dtype is not None and not _inexact(self.dtype):
            raise TypeError(
                f"Unable to build `Dense` layer with non-floating point dtype {self.dtype}"
            )
        last = TensorShape(input_shape)[-1].value
        if last is None:
            raise ValueError(
                "The last dimension of the inputs to `Dense` should be defined. Found `None`."
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: last})
        self.kernel = self.add_weight(
            "kernel",
            shape=[last, self.units],
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            dtype=self.dtype,
            trainable=True,
        )
        if self.use_bias:
            self.bias = self.add_weight(
                "bias",
                shape=[self.units],
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                dtype=self.dtype,
                trainable=True,
            )
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The product, with bias and activation."""
        outputs = self._product(inputs)
        if self.use_bias:
            outputs = bias_add(outputs, self.bias)
        return outputs if self.activation is None else self.activation(outputs)

    def _product(self, inputs: Any) -> Tensor:
        rank = inputs.shape.ndims
        if rank is None:
            raise ValueError("the rank of the inputs to `Dense` must be known")
        if rank > 2:
            outputs = linalg.tensordot(inputs, self.kernel, [[rank - 1], [0]])
            outputs.set_shape([*inputs.shape.as_list()[:-1], self.units])
            return outputs
        inputs = g.cast(inputs, self.dtype)
        if isinstance(inputs, SparseTensor):
            return g.SparseTensorDenseMatMul(
                inputs.indices, inputs.values, inputs.dense_shape, self.kernel
            )
        return g.MatMul(inputs, self.kernel)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Shapes: [..., n] -> [..., units]."""
        shape = TensorShape(input_shape).with_rank_at_least(2)
        if shape[-1].value is None:
            raise ValueError(
                f"The innermost dimension of input_shape must be defined, but saw: {shape}"
            )
        return shape[:-1].concatenate([self.units])


def _inexact(dtype: str) -> bool:
    return as_dtype(dtype).is_floating or as_dtype(dtype).is_complex


class Dropout(Layer):
    """Drops a share `rate` of the elements when training, and scales the others up."""

    def __init__(
        self,
        rate: Any = 0.5,
        noise_shape: Any = None,
        seed: int | None = None,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        """noise_shape has 1 where elements are dropped together, None for the inputs' size."""
        super().__init__(name=name, **kwargs)
        self.rate = rate
        self.noise_shape = noise_shape
        self.seed = seed
        self.supports_masking = True

    def _noise_shape(self, inputs: Tensor) -> Any:
        if self.noise_shape is None:
            return None
        sizes = array.shape(inputs)
        known = list(self.noise_shape)
        return convert_to_tensor([sizes[i] if n is None else n for i, n in enumerate(known)])

    def call(self, inputs: Any, training: Any = False) -> Any:
        """With elements dropped where `training` (a bool or a tensor) holds."""

        def dropped() -> Tensor:
            shape = self._noise_shape(inputs)
            return nn_dropout(inputs, noise_shape=shape, seed=self.seed, rate=self.rate)

        return tools.smart_cond(training, dropped, lambda: array.identity(inputs))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The inputs' shape."""
        return input_shape


class Flatten(Layer):
    """All dimensions but the first made one. Shapes: [B, ...] -> [B, n]."""

    def __init__(self, data_format: str = "channels_last", **kwargs: Any) -> None:
        """With channels first they are moved to the end."""
        super().__init__(**kwargs)
        self.data_format = tools.format_name(data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Tensor:
        """The flattened inputs."""
        rank = inputs.shape.ndims
        if self.data_format == "channels_first" and rank is not None and rank > 1:
            inputs = array.transpose(inputs, perm=[0, *range(2, rank), 1])
        batch = inputs.shape[0].value or array.shape(inputs)[0]
        outputs = array.reshape(inputs, (batch, -1))
        outputs.set_shape(self.compute_output_shape(inputs.shape))
        return outputs

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Shapes: [B, ...] -> [B, n]."""
        dims = TensorShape(input_shape).as_list()
        known = all(dims[1:])
        return TensorShape([dims[0], numbers_of.prod(dims[1:]) if known else None])


dense = tools.as_function(
    Dense,
    "dense",
    """activation(inputs W + b), in a new `Dense` layer.

    Shapes: inputs [..., n] -> [..., units].
    """,
)


def dropout(
    inputs: Any,
    rate: Any = 0.5,
    noise_shape: Any = None,
    seed: int | None = None,
    training: Any = False,
    name: str | None = None,
) -> Any:
    """Drops a share `rate` of the elements where `training` holds, and scales the others up."""
    return Dropout(rate, noise_shape=noise_shape, seed=seed, name=name).apply(
        inputs, training=training
    )


def flatten(inputs: Any, name: str | None = None, data_format: str = "channels_last") -> Tensor:
    """All dimensions but the first made one. Shapes: [B, ...] -> [B, n]."""
    return Flatten(name=name, data_format=data_format).apply(inputs)
