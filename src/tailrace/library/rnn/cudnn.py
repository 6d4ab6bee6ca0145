"""`tf.contrib.cudnn_rnn`: recurrent networks in one operation, and cells that compute the same.

Source: TF 1.15 contrib/cudnn_rnn/python/layers/cudnn_rnn.py, ops/cudnn_rnn_ops.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import array, linalg, logging
from tailrace.library.collections import GraphKeys, add_to_collection
from tailrace.library.initializers import Constant, GlorotUniform, Zeros
from tailrace.library.layers.base import InputSpec, Layer
from tailrace.library.math import sigmoid
from tailrace.library.nn.activations import bias_add
from tailrace.library.random import get_seed
from tailrace.library.rnn.block import LSTMBlockCell
from tailrace.library.rnn.cell import BIAS, KERNEL
from tailrace.library.rnn.cells import GRUCell, gate_inputs, input_depth
from tailrace.library.rnn.cudnn_params import (
    BIDIRECTIONAL,
    LINEAR,
    UNIDIRECTIONAL,
    CudnnGRUSaveable,
    CudnnLSTMSaveable,
    CudnnOpaqueParamsSaveable,
    CudnnRNNReluSaveable,
    CudnnRNNTanhSaveable,
)
from tailrace.library.variable_scope import get_variable, get_variable_scope, variable_scope
from tailrace.shapes import TensorShape

_INPUT_MODES = (LINEAR, "skip_input", "auto_select")
_DTYPES = (dtypes.float16, dtypes.float32, dtypes.float64)


class CudnnCompatibleLSTMCell(LSTMBlockCell):
    """An LSTM cell without forget bias, as in `CudnnLSTM`."""

    def __init__(self, num_units: int, reuse: bool | None = None) -> None:
        super().__init__(
            num_units,
            forget_bias=0,
            cell_clip=None,
            use_peephole=False,
            reuse=reuse,
            name="cudnn_compatible_lstm_cell",
        )


class CudnnCompatibleGRUCell(GRUCell):
    """r, u = σ([x, h]·gate_kernel + gate_bias);  c = tanh(x·W + b + r⊙(h·R + d))

    h' = (1−u)⊙c + u⊙h: the reset gate applies after the product with the state.
    """

    def __init__(
        self, num_units: int, reuse: bool | None = None, kernel_initializer: Any = None
    ) -> None:
        super().__init__(
            num_units, activation=None, reuse=reuse, kernel_initializer=kernel_initializer
        )

    def build(self, inputs_shape: Any) -> None:
        """Make the variables."""
        depth, units = input_depth(inputs_shape), self._num_units
        dtype = self.dtype or dtypes.float32
        kernel, own = self._kernel_initializer, self._bias_initializer
        self._gate_kernel = self.add_variable(
            f"gates/{KERNEL}", shape=[depth + units, 2 * units], initializer=kernel
        )
        self._gate_bias = self.add_variable(
            f"gates/{BIAS}",
            shape=[2 * units],
            initializer=Constant(1.0, dtype) if own is None else own,
        )
        parts = (("input", depth), ("hidden", units))
        self._projections = [
            self.add_variable(
                f"candidate/{name}_projection/{KERNEL}", shape=[rows, units], initializer=kernel
            )
            for name, rows in parts
        ]
        self._projection_biases = [
            self.add_variable(
                f"candidate/{name}_projection/{BIAS}",
                shape=[units],
                initializer=Zeros(dtype) if own is None else own,
            )
            for name, _ in parts
        ]

    def call(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """One step: the output and the new state, which are the same."""
        gates = sigmoid(gate_inputs(inputs, state, self._gate_kernel, self._gate_bias))
        r, u = array.split(value=gates, num_or_size_splits=2, axis=1)
        (w, hidden), (b, d) = self._projections, self._projection_biases
        candidate = bias_add(linalg.matmul(inputs, w), b)
        candidate += r * bias_add(linalg.matmul(state, hidden), d)
        candidate = self._activation(candidate)
        new_h = (1 - u) * candidate + u * state
        return new_h, new_h


class CudnnRNN(Layer):
    """What the networks share: `layer(inputs, initial_state)` gives outputs and final states.

    Shapes: inputs [T, B, I] -> outputs [T, B, H], twice H if bidirectional; states
    [layers * directions, B, H].
    """

    _rnn_mode: str
    _num_params_per_layer: int
    _saveable_cls: type[CudnnOpaqueParamsSaveable]

    def __init__(
        self,
        num_layers: int,
        num_units: int,
        input_mode: str = LINEAR,
        direction: str = UNIDIRECTIONAL,
        dropout: float = 0.0,
        seed: int | None = None,
        dtype: Any = dtypes.float32,
        kernel_initializer: Any = None,
        bias_initializer: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(dtype=dtype, name=name)
        if direction not in (UNIDIRECTIONAL, BIDIRECTIONAL):
            raise ValueError(
                f"Invalid direction: {direction}, expecting {UNIDIRECTIONAL} or {BIDIRECTIONAL}"
            )
        if input_mode not in _INPUT_MODES:
            raise ValueError(f"Invalid input_mode: {input_mode}, expect one of {_INPUT_MODES}")
        if dtype not in _DTYPES:
            raise ValueError(f"Only support float16, float32, float64, provided {dtype}")
        self._plain_dtype = dtype
        self._num_layers = num_layers
        self._num_units = num_units
        self._input_mode = input_mode
        self._direction = direction
        self._dropout = dropout
        self._seed = seed
        self._kernel_initializer = kernel_initializer
        self._bias_initializer = bias_initializer
        self._input_size: int | None = None
        self._saveable: Any = None

    @property
    def num_layers(self) -> int:
        return self._num_layers

    @property
    def num_units(self) -> int:
        return self._num_units

    @property
    def input_mode(self) -> str:
        """Whether the inputs are multiplied by a matrix."""
        return self._input_mode

    @property
    def input_size(self) -> int:
        """The size of a step's input. Raises: ValueError before the layer is built."""
        if not self._input_size:
            raise ValueError("'input_size' is unknown since layer has not been built.")
        return self._input_size

    @property
    def rnn_mode(self) -> str:
        """lstm, gru, rnn_tanh or rnn_relu."""
        return self._rnn_mode

    @property
    def direction(self) -> str:
        """unidirectional or bidirectional."""
        return self._direction

    @property
    def num_dirs(self) -> int:
        return 1 if self._direction == UNIDIRECTIONAL else 2

    @property
    def saveable(self) -> Any:
        """What checkpoints hold of it."""
        return self._saveable

    @property
    def canonical_weight_shapes(self) -> list[tuple[int, int]]:
        """The shapes of all matrices. Raises: RuntimeError before the layer is built."""
        if not self._input_size:
            raise RuntimeError(
                f"{type(self).__name__}.canonical_weight_shapes invoked before input shape is known"
            )
        gates, units = self._num_params_per_layer // 2, self._num_units
        shapes: list[tuple[int, int]] = []
        for layer in range(self._num_layers):
            width = self.num_dirs * units if layer else self._input_size
            shapes += ([(units, width)] * gates + [(units, units)] * gates) * self.num_dirs
        return shapes

    @property
    def canonical_bias_shapes(self) -> list[list[int]]:
        """The shapes of all biases."""
        count = self.num_dirs * self._num_params_per_layer * self._num_layers
        return [[self._num_units]] * count

    def _note(self, getter: Any, *args: Any, **kwargs: Any) -> Any:
        variable = getter(*args, **kwargs)
        kept = self._trainable_weights
        if not kwargs.get("trainable", True):
            kept = self._non_trainable_weights
        if not any(variable is other for other in kept):
            kept.append(variable)
        return variable

    def build(self, input_shape: Any) -> None:
        """Make the variable. Raises: ValueError unless the inputs are [T, B, I] with I known."""
        if self.built:
            return
        shape = TensorShape(input_shape)
        if shape.ndims != 3:
            raise ValueError(f"Expecting input_shape with 3 dims, got {shape.ndims}")
        self._input_size = shape[-1].value
        if self._input_size is None:
            raise ValueError(
                "The last dimension of the inputs to `CudnnRNN` should be defined. Found `None`."
            )
        self.input_spec = InputSpec(ndim=3, axes={-1: self._input_size})
        self._set_scope(None)
        with variable_scope(self._scope, reuse=self.built, custom_getter=self._note):
            self.kernel = get_variable(
                "opaque_kernel",
                dtype=self._plain_dtype,
                initializer=self._initial_params(),
                validate_shape=False,
            )
        if get_variable_scope().reuse is not True:
            self._create_saveable()
        self.built = True

    def _initial_params(self) -> Tensor:
        dtype = self._plain_dtype
        if self._kernel_initializer is None:
            self._kernel_initializer = GlorotUniform(seed=self._seed, dtype=dtype)
        if self._bias_initializer is None:
            self._bias_initializer = Constant(0.0, dtype)
        weights = [self._kernel_initializer(s, dtype=dtype) for s in self.canonical_weight_shapes]
        biases = [self._bias_initializer(s, dtype=dtype) for s in self.canonical_bias_shapes]
        if get_variable_scope().partitioner is not None:
            logging.warn("Partitioner is not supported for Cudnn RNN layer variables.")
        with g.device("/gpu:0"):
            return g.CudnnRNNCanonicalToParams(
                self._num_layers,
                self._num_units,
                self.input_size,
                weights,
                biases,
                **self._facts(),
            )

    def _facts(self) -> dict[str, Any]:
        seed, seed2 = get_seed(self._seed)
        return {
            "rnn_mode": self._rnn_mode,
            "input_mode": self._input_mode,
            "direction": self._direction,
            "dropout": self._dropout,
            "seed": seed or 0,
            "seed2": seed2 or 0,
        }

    def _create_saveable(self) -> None:
        if self._saveable is not None:
            raise RuntimeError("Cudnn saveable already created.")
        params = self.trainable_variables[0]
        self._saveable = self._saveable_cls(
            opaque_params=params,
            num_layers=self.num_layers,
            num_units=self.num_units,
            input_size=self.input_size,
            input_mode=self.input_mode,
            direction=self.direction,
            scope=get_variable_scope(),
            name=f"{params.name.split(':')[0]}_saveable",
        )
        params[0]
        add_to_collection(GraphKeys.SAVEABLE_OBJECTS, self._saveable)

    def call(
        self,
        inputs: Any,
        initial_state: Any = None,
        sequence_lengths: Any = None,
        time_major: bool = True,
        training: bool = True,
    ) -> Any:
        """Outputs and a tuple of final states. Raises: TypeError for a state that is no tuple."""
        if initial_state is not None and not isinstance(initial_state, tuple):
            raise TypeError(f"Invalid initial_state type: {initial_state}, expecting tuple.")
        inputs = convert_to_tensor(inputs, dtype=self._plain_dtype)
        batch = array.shape(inputs)[1]
        if initial_state is None:
            initial_state = self._zero_state(batch)
        states = [convert_to_tensor(state, dtype=self._plain_dtype) for state in initial_state]
        if len(states) == 1:
            states.append(g.constant([], self._plain_dtype))
        outputs, *ends = self._network(inputs, states, sequence_lengths, time_major, training)
        return outputs, tuple(ends[: len(initial_state)])

    def _network(
        self, inputs: Tensor, states: list[Tensor], lengths: Any, time_major: bool, training: bool
    ) -> list[Tensor]:
        facts = {**self._facts(), "is_training": training}
        if lengths is None and time_major:
            return g.CudnnRNN(inputs, *states, self.kernel, **facts)[:3]
        if lengths is None:
            batch, steps = array.shape(inputs)[0], array.shape(inputs)[1]
            lengths = array.fill([batch], steps)
        facts.update(time_major=time_major, num_proj=0)
        return g.CudnnRNNV3(inputs, *states, self.kernel, lengths, **facts)[:3]

    def state_shape(self, batch_size: Any) -> tuple[list[Any], ...]:
        """The shapes of the states."""
        return ([self.num_layers * self.num_dirs, batch_size, self.num_units],)

    def _zero_state(self, batch_size: Any) -> tuple[Tensor, ...]:
        return tuple(
            array.zeros(shape, dtype=self._plain_dtype) for shape in self.state_shape(batch_size)
        )


class CudnnLSTM(CudnnRNN):
    """i, f, o = σ(W x + b + R h + d), c' = f⊙c + i⊙tanh(...), h' = o⊙tanh(c'); states (h, c)."""

    _rnn_mode = "lstm"
    _num_params_per_layer = 8
    _saveable_cls = CudnnLSTMSaveable

    def state_shape(self, batch_size: Any) -> tuple[list[Any], ...]:
        """The shapes of h and c."""
        return super().state_shape(batch_size) * 2


class CudnnGRU(CudnnRNN):
    """r, u = σ(W x + b + R h + d), h' = (1−u)⊙tanh(W x + b + r⊙(R h + d)) + u⊙h."""

    _rnn_mode = "gru"
    _num_params_per_layer = 6
    _saveable_cls = CudnnGRUSaveable


class CudnnRNNTanh(CudnnRNN):
    """h' = tanh(W x + b + R h + d)."""

    _rnn_mode = "rnn_tanh"
    _num_params_per_layer = 2
    _saveable_cls = CudnnRNNTanhSaveable


class CudnnRNNRelu(CudnnRNN):
    """h' = max(0, W x + b + R h + d)."""

    _rnn_mode = "rnn_relu"
    _num_params_per_layer = 2
    _saveable_cls = CudnnRNNReluSaveable
