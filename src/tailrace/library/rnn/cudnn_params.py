"""The parameters of cuDNN's networks as those of cells, and how checkpoints hold them.

A network keeps all of them in one vector. In checkpoints they are what `MultiRNNCell` of the
matching cells would have, so that either can be restored from the other. cuDNN has two biases where
a cell has one: their sum; they are restored as its halves.

Source: TF 1.15 contrib/cudnn_rnn/python/ops/cudnn_rnn_ops.py.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from tailrace.graph import Tensor, g
from tailrace.library import array
from tailrace.library.saveables import SaveableObject, SaveSpec

UNIDIRECTIONAL = "unidirectional"
BIDIRECTIONAL = "bidirectional"
LINEAR = "linear_input"
_Parts = Sequence[Any]


def split_evenly(items: _Parts, count: int) -> list[_Parts]:
    """Equal parts of a list."""
    size = len(items) // count
    return [items[i * size : (i + 1) * size] for i in range(count)]


class CudnnParamsFormatConverter:
    """Between the vector and the matrices and biases of the cells."""

    _rnn_mode: str
    _num_params_per_layer: int

    def __init__(
        self,
        num_layers: int,
        num_units: int,
        input_size: int,
        num_proj: int | None = None,
        input_mode: str = LINEAR,
        direction: str = UNIDIRECTIONAL,
    ) -> None:
        if num_proj:
            raise NotImplementedError("projections of the state (num_proj)")
        self._num_layers = num_layers
        self._num_units = num_units
        self._input_size = input_size
        self._kind = {"rnn_mode": self._rnn_mode, "input_mode": input_mode, "direction": direction}
        self._num_dirs = 1 if direction == UNIDIRECTIONAL else 2

    def tf_canonical_to_opaque(self, tf_canonicals: _Parts, weights_proj: Any = None) -> Tensor:
        """The vector, from the matrices of all cells and then their biases."""
        weights, biases = split_evenly(tf_canonicals, 2)
        pseudo_layers = self._num_layers * self._num_dirs
        cu_weights: list[Any] = []
        cu_biases: list[Any] = []
        each = zip(
            split_evenly(weights, pseudo_layers), split_evenly(biases, pseudo_layers), strict=True
        )
        for i, (weight, bias) in enumerate(each):
            width = self._input_size
            if i >= self._num_dirs:
                width = self._num_units * self._num_dirs
            cu_weights += self._weights_from_cell(width, *weight)
            cu_biases += self._biases_from_cell(*bias)
        flat = [array.reshape(w, [-1]) for w in cu_weights]
        with g.device("/gpu:0"):
            return g.CudnnRNNCanonicalToParams(
                self._num_layers, self._num_units, self._input_size, flat, cu_biases, **self._kind
            )

    def opaque_to_tf_canonical(self, opaque_param: Any) -> tuple[list[Tensor], list[Tensor]]:
        """The matrices and the biases of the cells, layer by layer, forward before backward."""
        pseudo_layers = self._num_layers * self._num_dirs
        with g.device("/gpu:0"):
            weights, biases = g.CudnnRNNParamsToCanonical(
                self._num_layers,
                self._num_units,
                self._input_size,
                opaque_param,
                num_params=self._num_params_per_layer * pseudo_layers,
                **self._kind,
            )
        tf_weights: list[Tensor] = []
        tf_biases: list[Tensor] = []
        each = zip(
            split_evenly(weights, pseudo_layers), split_evenly(biases, pseudo_layers), strict=True
        )
        for weight, bias in each:
            tf_weights += self._weights_of_cell(*weight)
            tf_biases += self._biases_of_cell(*bias)
        return tf_weights, tf_biases

    def _weights_of_cell(self, *weights: Any) -> list[Tensor]:
        raise NotImplementedError

    def _biases_of_cell(self, *biases: Any) -> list[Tensor]:
        raise NotImplementedError

    def _weights_from_cell(self, width: int, *weights: Any) -> list[Tensor]:
        raise NotImplementedError

    def _biases_from_cell(self, *biases: Any) -> list[Tensor]:
        raise NotImplementedError


class CudnnParamsFormatConverterLSTM(CudnnParamsFormatConverter):
    """The gates i, f, c, o, which the cell has as i, c, f, o."""

    _rnn_mode = "lstm"
    _num_params_per_layer = 8

    @staticmethod
    def _swapped(parts: _Parts) -> list[Any]:
        first, second, third, last = parts
        return [first, third, second, last]

    def _weights_of_cell(self, *weights: Any) -> list[Tensor]:
        both = [array.concat([weights[i], weights[4 + i]], axis=1) for i in range(4)]
        return [array.transpose(array.concat(self._swapped(both), axis=0))]

    def _weights_from_cell(self, width: int, *weights: Any) -> list[Tensor]:
        gates = self._swapped(array.split(array.transpose(weights[0]), 4, axis=0))
        # TF: takes the gates apart in the order i, c, f, o
        parts: list[Any] = [None] * 4
        for i in (0, 2, 1, 3):
            parts[i] = array.split(gates[i], [width, self._num_units], axis=1)
        return [w for w, _ in parts] + [r for _, r in parts]

    def _biases_of_cell(self, *biases: Any) -> list[Tensor]:
        sums = [biases[i] + biases[4 + i] for i in range(4)]
        return [array.concat(self._swapped(sums), axis=0)]

    def _biases_from_cell(self, *biases: Any) -> list[Tensor]:
        gates = self._swapped(array.split(biases[0], 4, axis=0))
        return [gate * 0.5 for gate in gates] * 2


class CudnnParamsFormatConverterGRU(CudnnParamsFormatConverter):
    """The gates r, u in one matrix, the candidate in two; its biases stay two."""

    _rnn_mode = "gru"
    _num_params_per_layer = 6

    def _weights_of_cell(self, *weights: Any) -> list[Tensor]:
        both = [array.concat([weights[i], weights[3 + i]], axis=1) for i in range(2)]
        gates = array.transpose(array.concat(both, axis=0))
        return [gates, array.transpose(weights[2]), array.transpose(weights[5])]

    def _weights_from_cell(self, width: int, *weights: Any) -> list[Tensor]:
        gates, w_c, r_c = (array.transpose(w) for w in weights)
        reset, update = array.split(gates, 2, axis=0)
        w_r, r_r = array.split(reset, [width, self._num_units], axis=1)
        w_u, r_u = array.split(update, [width, self._num_units], axis=1)
        return [w_r, w_u, w_c, r_r, r_u, r_c]

    def _biases_of_cell(self, *biases: Any) -> list[Tensor]:
        inputs = array.concat(biases[:2], axis=0)
        return [inputs + array.concat(biases[3:5], axis=0), biases[2], biases[5]]

    def _biases_from_cell(self, *biases: Any) -> list[Tensor]:
        gates, b_c, d_c = biases
        halves = gates * 0.5, gates * 0.5
        b_r, b_u = array.split(halves[0], 2, axis=0)
        d_r, d_u = array.split(halves[1], 2, axis=0)
        return [b_r, b_u, b_c, d_r, d_u, d_c]


class CudnnParamsFormatConverterBasic(CudnnParamsFormatConverter):
    """One matrix for inputs and state."""

    _num_params_per_layer = 2

    def _weights_of_cell(self, *weights: Any) -> list[Tensor]:
        return [array.transpose(array.concat(weights, axis=1))]

    def _weights_from_cell(self, width: int, *weights: Any) -> list[Tensor]:
        return array.split(array.transpose(weights[0]), [width, self._num_units], axis=1)

    def _biases_of_cell(self, *biases: Any) -> list[Tensor]:
        return [biases[0] + biases[1]]

    def _biases_from_cell(self, *biases: Any) -> list[Tensor]:
        return [biases[0] * 0.5, biases[0] * 0.5]


class CudnnParamsFormatConverterTanh(CudnnParamsFormatConverterBasic):
    """That of tanh networks."""

    _rnn_mode = "rnn_tanh"


class CudnnParamsFormatConverterRelu(CudnnParamsFormatConverterBasic):
    """That of ReLU networks."""

    _rnn_mode = "rnn_relu"


class CudnnOpaqueParamsSaveable(SaveableObject):
    """The vector, saved as the variables that the cells would have."""

    _format_converter_cls: type[CudnnParamsFormatConverter]
    _rnn_cell_name: str
    _weight_names: tuple[str, ...] = ("kernel",)
    _bias_names: tuple[str, ...] = ("bias",)

    def __init__(
        self,
        opaque_params: Any,
        num_layers: int,
        num_units: int,
        input_size: int,
        input_mode: str = LINEAR,
        direction: str = UNIDIRECTIONAL,
        scope: Any = None,
        name: str = "cudnn_rnn_saveable",
    ) -> None:
        """`scope`, a name or a variable scope, comes before the names in checkpoints."""
        scope = scope if scope is None or isinstance(scope, str) else scope.name
        self._variables = opaque_params
        self.format_converter = self._format_converter_cls(
            num_layers, num_units, input_size, input_mode=input_mode, direction=direction
        )
        weights, biases = self.format_converter.opaque_to_tf_canonical(opaque_params)
        cells = list(self._cells(num_layers, direction))
        names = [
            f"{cell}/{name}"
            for group in (self._weight_names, self._bias_names)
            for cell, name in itertools.product(cells, group)
        ]
        specs = [
            SaveSpec(tensor, "", f"{scope}/{name}" if scope else name)
            for tensor, name in zip(weights + biases, names, strict=True)
        ]
        super().__init__(array.identity(opaque_params), specs, name)

    def _cells(self, num_layers: int, direction: str) -> list[str]:
        """Where the variables of each pseudo-layer would be."""
        if direction == UNIDIRECTIONAL:
            return [f"rnn/multi_rnn_cell/cell_{i}/{self._rnn_cell_name}" for i in range(num_layers)]
        return [
            f"stack_bidirectional_rnn/cell_{i}/bidirectional_rnn/{way}/{self._rnn_cell_name}"
            for i in range(num_layers)
            for way in ("fw", "bw")
        ]

    def restore(self, restored_tensors: Any, restored_shapes: Any) -> Any:
        """Assigns the vector made of what was read."""
        params = self.format_converter.tf_canonical_to_opaque(restored_tensors)
        return g.Assign(self._variables, params, validate_shape=False)


class CudnnLSTMSaveable(CudnnOpaqueParamsSaveable):
    """Of LSTM networks."""

    _format_converter_cls = CudnnParamsFormatConverterLSTM
    _rnn_cell_name = "cudnn_compatible_lstm_cell"


class CudnnGRUSaveable(CudnnOpaqueParamsSaveable):
    """Of GRU networks."""

    _format_converter_cls = CudnnParamsFormatConverterGRU
    _rnn_cell_name = "cudnn_compatible_gru_cell"
    _weight_names = (
        "gates/kernel",
        "candidate/input_projection/kernel",
        "candidate/hidden_projection/kernel",
    )
    _bias_names = (
        "gates/bias",
        "candidate/input_projection/bias",
        "candidate/hidden_projection/bias",
    )


class CudnnRNNTanhSaveable(CudnnOpaqueParamsSaveable):
    """Of tanh networks."""

    _format_converter_cls = CudnnParamsFormatConverterTanh
    _rnn_cell_name = "basic_rnn_cell"


class CudnnRNNReluSaveable(CudnnOpaqueParamsSaveable):
    """Of ReLU networks."""

    _format_converter_cls = CudnnParamsFormatConverterRelu
    _rnn_cell_name = "basic_rnn_cell"
