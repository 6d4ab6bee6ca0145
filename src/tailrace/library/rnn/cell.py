"""RNNCell: what every recurrent cell is, `cell(inputs, state) -> (output, new_state)`.

Source: TF 1.15 python/ops/rnn_cell_impl.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace import dtypes
from tailrace.dtypes import as_dtype
from tailrace.graph import Tensor, constant, convert_to_tensor, nest
from tailrace.graph.constants import evaluate
from tailrace.library import array
from tailrace.library.layers.base import Layer
from tailrace.library.linalg import matmul
from tailrace.library.math import sigmoid, tanh
from tailrace.library.nn import activations
from tailrace.library.scopes import name_scope
from tailrace.library.variable_lists import trainable_variables
from tailrace.library.variable_scope import get_variable_scope, variable_scope
from tailrace.shapes import TensorShape, as_tensor_shape

KERNEL = "kernel"
BIAS = "bias"

_ACTIVATIONS: dict[str, Callable[..., Tensor]] = {
    "tanh": tanh,
    "sigmoid": sigmoid,
    "relu": activations.relu,
    "elu": activations.elu,
    "selu": activations.selu,
    "softplus": activations.softplus,
    "softsign": activations.softsign,
    "softmax": activations.softmax,
    "linear": lambda x: x,
}


def activation_function(activation: Any) -> Callable[..., Any]:
    """A function given as such, by name, or tanh. Raises: ValueError for a name that is none."""
    if not activation:
        return tanh
    if callable(activation):
        return activation
    if activation not in _ACTIVATIONS:
        raise ValueError(
            f"Unknown activation function: {activation}; known are {sorted(_ACTIVATIONS)}"
        )
    return _ACTIVATIONS[activation]


def check_floating(*values: Any) -> None:
    """Raises: ValueError for values or types that are not floating point."""
    for value in nest.flatten(list(values)):
        dtype = getattr(value, "dtype", value)
        if dtype is not None and not (as_dtype(dtype).is_floating or as_dtype(dtype).is_complex):
            raise ValueError(
                "RNN cell only supports floating point inputs, but saw dtype: "
                f"{as_dtype(dtype).name}"
            )


def input_depth(inputs_shape: Any) -> int:
    """The size of the last dimension, which a cell has to know.

    Raises: ValueError when it is unknown.
    """
    depth = as_tensor_shape(inputs_shape).as_list()[-1]
    if depth is None:
        raise ValueError(f"Expected inputs.shape[-1] to be known, saw shape: {inputs_shape}")
    return depth


def assert_like_rnncell(name: str, cell: Any) -> None:
    """Raises: TypeError, saying what is missing, for what cannot serve as a cell."""
    wanted = {
        "'output_size' property is missing": hasattr(cell, "output_size"),
        "'state_size' property is missing": hasattr(cell, "state_size"),
        "either 'zero_state' or 'get_initial_state' method is required": hasattr(cell, "zero_state")
        or hasattr(cell, "get_initial_state"),
        "is not callable": callable(cell),
    }
    missing = [message for message, there in wanted.items() if not there]
    if missing:
        raise TypeError(f"The argument '{name}' ({cell}) is not an RNNCell: {', '.join(missing)}.")


def concat_sizes(prefix: Any, suffix: Any) -> Tensor:
    """`[*prefix, *suffix]` of sizes, tensors among them, as a vector."""
    p, s = _size_tensor(prefix, "prefix"), _size_tensor(suffix, "suffix")
    if p is None or s is None:
        raise ValueError(f"Provided a prefix or suffix of None: {prefix} and {suffix}")
    return array.concat((p, s), 0)


def _size_tensor(size: Any, what: str) -> Tensor | None:
    if isinstance(size, Tensor):
        if size._rank() == 0:
            return array.expand_dims(size, 0)
        if size._rank() != 1:
            raise ValueError(
                f"{what} tensor must be either a scalar or vector, but saw tensor: {size}"
            )
        return size
    shape = as_tensor_shape(size)
    return constant(shape.as_list(), dtypes.int32) if shape.is_fully_defined() else None


def static_sizes(prefix: Any, suffix: Any) -> list[int | None] | None:
    """What is known of `[*prefix, *suffix]`."""
    # TF: the tensors are made though only what is known of them is used; op ids count them.
    for size, what in ((prefix, "prefix"), (suffix, "suffix")):
        _size_tensor(size, what)
    shape = _static_size(prefix).concatenate(_static_size(suffix))
    return None if shape.ndims is None else shape.as_list()


def _static_size(size: Any) -> TensorShape:
    if not isinstance(size, Tensor):
        return as_tensor_shape(size)
    value = evaluate(size)
    return as_tensor_shape(None if value is None else value.tolist())


def zero_state_tensors(state_size: Any, batch_size: Any, dtype: Any) -> Any:
    """Zeros [batch_size, size] for every size of a structure."""

    def zeros(size: Any) -> Tensor:
        state = array.zeros(concat_sizes(batch_size, size), dtype=dtype)
        state.set_shape(static_sizes(batch_size, size))
        return state

    return nest.map_structure(zeros, state_size)


class RNNCell(Layer):
    """What cells share. A subclass gives `state_size`, `output_size` and `call(inputs, state)`.

    `state_size` is an int, a `TensorShape` or a nested tuple of them; the state has the same
    structure, each part [batch, size].
    """

    def __init__(
        self, trainable: bool = True, name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(trainable=trainable, name=name, dtype=dtype, **kwargs)
        self._cell_scope: Any = None

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        """(output, new state).

        The variables live in `scope`, or where the cell was first called.
        """
        if scope is not None:
            with variable_scope(scope, custom_getter=self._noted) as opened:
                return super().__call__(inputs, state, scope=opened)
        opened = self.__dict__.get("_cell_scope")
        if opened is None:
            opened = self._cell_scope = variable_scope(
                get_variable_scope(), custom_getter=self._noted
            )
        with opened:
            return super().__call__(inputs, state)

    def _noted(self, getter: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Make a variable and note it as the cell's."""
        variable = getter(*args, **kwargs)
        first = (
            next(iter(variable._variable_list)) if hasattr(variable, "_variable_list") else variable
        )
        trainable = any(first is v for v in trainable_variables())
        own = self._trainable_weights if trainable else self._non_trainable_weights
        if all(variable is not v for v in own):
            own.append(variable)
        return variable

    @property
    def state_size(self) -> Any:
        raise NotImplementedError("Abstract method")

    @property
    def output_size(self) -> Any:
        raise NotImplementedError("Abstract method")

    def build(self, input_shape: Any, /) -> None:
        """Cells that make their variables in `call` need no `build`."""

    def get_initial_state(
        self, inputs: Any = None, batch_size: Any = None, dtype: Any = None
    ) -> Any:
        """Zeros for a batch, whose size and type are given or those of `inputs`."""
        if inputs is not None:
            inputs = convert_to_tensor(inputs, name="inputs")
            self._check_agrees(inputs, batch_size, dtype)
            batch_size = inputs.get_shape().as_list()[0] or array.shape(inputs)[0]
            dtype = inputs.dtype
        if batch_size is None or dtype is None:
            raise ValueError(
                "batch_size and dtype cannot be None while constructing initial state: "
                f"batch_size={batch_size}, dtype={dtype}"
            )
        return self.zero_state(batch_size, dtype)

    def _check_agrees(self, inputs: Tensor, batch_size: Any, dtype: Any) -> None:
        if batch_size is not None:
            static = evaluate(batch_size) if isinstance(batch_size, Tensor) else batch_size
            if inputs.get_shape().as_list()[0] != static:
                raise ValueError(
                    "batch size from input tensor is different from the input param. Input tensor "
                    f"batch: {inputs.get_shape()[0]}, batch_size: {batch_size}"
                )
        if dtype is not None and inputs.dtype != dtype:
            raise ValueError(
                "dtype from input tensor is different from the input param. Input tensor dtype: "
                f"{inputs.dtype}, dtype: {dtype}"
            )

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Zeros of the state's structure, [batch_size, size] each."""
        with name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            return zero_state_tensors(self.state_size, batch_size, dtype)


class LayerRNNCell(RNNCell):
    """A cell that makes its variables in `build`, as layers do."""

    def __call__(
        self, inputs: Any, state: Any, scope: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        return Layer.__call__(self, inputs, state, *args, scope=scope, **kwargs)


def gate_inputs(inputs: Any, state: Tensor, kernel: Any, bias: Any) -> Tensor:
    """[inputs, state]·kernel + bias. Shapes: [B, I], [B, H], [I+H, G], [G] -> [B, G]."""
    return activations.bias_add(matmul(array.concat([inputs, state], 1), kernel), bias)
