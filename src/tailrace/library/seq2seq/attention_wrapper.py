"""AttentionWrapper: a cell that attends to one memory or several.

Source: TF 1.15 contrib/seq2seq/python/ops/attention_wrapper.py.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable
from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, g, nest
from tailrace.library import array
from tailrace.library.checks import assert_equal
from tailrace.library.layers.core import Dense
from tailrace.library.linalg import matmul
from tailrace.library.rnn.cell import RNNCell, assert_like_rnncell, zero_state_tensors
from tailrace.library.scopes import name_scope
from tailrace.library.seq2seq.attention import AttentionMechanism, known_size
from tailrace.library.seq2seq.shape_checks import with_same_shape
from tailrace.library.tensor_array import TensorArray
from tailrace.shapes import TensorShape

_FIELDS = (
    "cell_state",
    "attention",
    "time",
    "alignments",
    "alignment_history",
    "attention_state",
)


class AttentionWrapperState(collections.namedtuple("AttentionWrapperState", _FIELDS)):
    """The state of an `AttentionWrapper`."""

    __slots__ = ()

    def clone(self, **kwargs: Any) -> AttentionWrapperState:
        """A copy with other parts, which must have the shapes of those they replace."""

        def checked(old: Any, new: Any) -> Any:
            if isinstance(old, Tensor) and isinstance(new, Tensor):
                return with_same_shape(old, new)
            return new

        return nest.map_structure(checked, self, self._replace(**kwargs))


class AttentionWrapper(RNNCell):
    """A cell whose inputs are joined with what it attended to, and which attends by its output.

    y, s' = cell([x, a], s);  a' = attention_layer([y, Σ alignments⊙values]), or the sum itself
    without layer. The output is a', or y without `output_attention`.

    Args: attention_mechanism, one or a list; attention_layer_size or attention_layer, one for each;
    alignment_history keeps the alignments of all steps; cell_input_fn(x, a) joins them otherwise;
    attention_fn(mechanism, y, state, layer) gives (a', alignments, next state).
    Raises: TypeError for what is no mechanism, ValueError for layers that do not fit.
    """

    def __init__(
        self,
        cell: Any,
        attention_mechanism: Any,
        attention_layer_size: Any = None,
        alignment_history: bool = False,
        cell_input_fn: Callable[[Any, Any], Any] | None = None,
        output_attention: bool = True,
        initial_cell_state: Any = None,
        name: str | None = None,
        attention_layer: Any = None,
        attention_fn: Callable[..., Any] | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        assert_like_rnncell("cell", cell)
        self._is_multi = isinstance(attention_mechanism, (list, tuple))
        self._attention_mechanisms = _mechanisms(attention_mechanism)
        if cell_input_fn is not None and not callable(cell_input_fn):
            raise TypeError(
                f"cell_input_fn must be callable, saw type: {type(cell_input_fn).__name__}"
            )
        self._cell = cell
        self._cell_input_fn = cell_input_fn or _joined
        self._attention_fn = attention_fn or _attend
        self._output_attention = output_attention
        self._alignment_history = alignment_history
        self._set_layers(attention_layer_size, attention_layer)
        with name_scope(name, "AttentionWrapperInit"):
            self._initial_cell_state = None
            if initial_cell_state is not None:
                self._initial_cell_state = self._checked_initial(initial_cell_state)

    def _set_layers(self, sizes: Any, layers: Any) -> None:
        mechanisms = self._attention_mechanisms
        if sizes is not None and layers is not None:
            raise ValueError("Only one of attention_layer_size and attention_layer should be set")
        self._attention_layers: Any = None
        if sizes is not None:
            sizes = _as_tuple(sizes)
            self._check_count("attention_layer_size", "integer", sizes)
            self._attention_layers = tuple(
                Dense(size, name="attention_layer", use_bias=False, dtype=mechanism.dtype)
                for size, mechanism in zip(sizes, mechanisms, strict=True)
            )
            self._attention_layer_size = sum(sizes)
        elif layers is not None:
            self._attention_layers = _as_tuple(layers)
            self._check_count("attention_layer", "layer", self._attention_layers)
            self._attention_layer_size = sum(
                self._layer_size(layer, mechanism)
                for layer, mechanism in zip(self._attention_layers, mechanisms, strict=True)
            )
        else:
            self._attention_layer_size = sum(m.values.shape[-1].value for m in mechanisms)

    def _check_count(self, what: str, kind: str, given: Any) -> None:
        count = len(self._attention_mechanisms)
        if len(given) != count:
            raise ValueError(
                f"If provided, {what} must contain exactly one {kind} per attention_mechanism, "
                f"saw: {len(given)} vs {count}"
            )

    def _layer_size(self, layer: Any, mechanism: Any) -> int:
        depth = self._cell.output_size + mechanism.values.shape[-1].value
        return TensorShape(layer.compute_output_shape([None, depth]))[-1].value

    def _checked_initial(self, state: Any) -> Any:
        batch_size = known_size(nest.flatten(state)[-1], 0)
        message = (
            f"When constructing AttentionWrapper {self._base_name}: Non-matching batch sizes "
            "between the memory (encoder output) and initial_cell_state.  Are you using the "
            "BeamSearchDecoder?  You may need to tile your initial state via the "
            "tf.contrib.seq2seq.tile_batch function with argument multiple=beam_width."
        )
        with g.control_dependencies(self._batch_size_checks(batch_size, message)):
            return nest.map_structure(
                lambda s: array.identity(s, name="check_initial_cell_state"), state
            )

    def _batch_size_checks(self, batch_size: Any, message: str) -> list[Any]:
        return [
            assert_equal(batch_size, mechanism.batch_size, message=message)
            for mechanism in self._attention_mechanisms
        ]

    def _item_or_tuple(self, items: Iterable[Any]) -> Any:
        """A tuple, or its only item when there is one mechanism that was given alone."""
        items = tuple(items)
        return items if self._is_multi else items[0]

    @property
    def output_size(self) -> Any:
        """The size of what is attended to, or of the cell's output."""
        return self._attention_layer_size if self._output_attention else self._cell.output_size

    @property
    def state_size(self) -> AttentionWrapperState:
        """The sizes of the state's parts."""
        mechanisms = self._attention_mechanisms
        kept = self._alignment_history
        return AttentionWrapperState(
            cell_state=self._cell.state_size,
            time=TensorShape([]),
            attention=self._attention_layer_size,
            alignments=self._item_or_tuple(m.alignments_size for m in mechanisms),
            attention_state=self._item_or_tuple(m.state_size for m in mechanisms),
            alignment_history=self._item_or_tuple(
                m.alignments_size if kept else () for m in mechanisms
            ),
        )

    def zero_state(self, batch_size: Any, dtype: Any) -> AttentionWrapperState:
        """The state before the first step: zeros, or the cell state given to the constructor."""
        mechanisms = self._attention_mechanisms
        with name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            cell_state = self._initial_cell_state
            if cell_state is None:
                cell_state = self._cell.get_initial_state(batch_size=batch_size, dtype=dtype)
            message = (
                f"When calling zero_state of AttentionWrapper {self._base_name}: Non-matching "
                "batch sizes between the memory (encoder output) and the requested batch size.  "
                "Are you using the BeamSearchDecoder?  If so, make sure your encoder output has "
                "been tiled to beam_width via tf.contrib.seq2seq.tile_batch, and the batch_size= "
                "argument passed to zero_state is batch_size * beam_width."
            )
            with g.control_dependencies(self._batch_size_checks(batch_size, message)):
                cell_state = nest.map_structure(
                    lambda s: array.identity(s, name="checked_cell_state"), cell_state
                )
            alignments = [m.initial_alignments(batch_size, dtype) for m in mechanisms]
            return AttentionWrapperState(
                cell_state=cell_state,
                time=array.zeros([], dtype=dtypes.int32),
                attention=zero_state_tensors(self._attention_layer_size, batch_size, dtype),
                alignments=self._item_or_tuple(alignments),
                attention_state=self._item_or_tuple(
                    m.initial_state(batch_size, dtype) for m in mechanisms
                ),
                alignment_history=self._item_or_tuple(self._history(a, dtype) for a in alignments),
            )

    def _history(self, alignments: Tensor, dtype: Any) -> Any:
        if not self._alignment_history:
            return ()
        return TensorArray(dtype, size=0, dynamic_size=True, element_shape=alignments.shape)

    def call(self, inputs: Any, state: Any) -> tuple[Any, AttentionWrapperState]:
        """One step: what is attended to (or the cell's output), and the new state."""
        if not isinstance(state, AttentionWrapperState):
            raise TypeError(
                "Expected state to be instance of AttentionWrapperState. Received type "
                f"{type(state)} instead."
            )
        cell_inputs = self._cell_input_fn(inputs, state.attention)
        output, next_cell_state = self._cell(cell_inputs, state.cell_state)
        output = self._checked_output(output)
        states, histories = state.attention_state, state.alignment_history
        if not self._is_multi:
            states, histories = [states], [histories]
        attentions, alignments, next_states, next_histories = [], [], [], []
        for i, mechanism in enumerate(self._attention_mechanisms):
            layer = self._attention_layers[i] if self._attention_layers else None
            attention, alignment, next_state = self._attention_fn(
                mechanism, output, states[i], layer
            )
            kept = histories[i].write(state.time, alignment) if self._alignment_history else ()
            attentions.append(attention)
            alignments.append(alignment)
            next_states.append(next_state)
            next_histories.append(kept)
        attention = array.concat(attentions, 1)
        new_state = AttentionWrapperState(
            time=state.time + 1,
            cell_state=next_cell_state,
            attention=attention,
            attention_state=self._item_or_tuple(next_states),
            alignments=self._item_or_tuple(alignments),
            alignment_history=self._item_or_tuple(next_histories),
        )
        return attention if self._output_attention else output, new_state

    def _checked_output(self, output: Tensor) -> Tensor:
        message = (
            f"When applying AttentionWrapper {self.name}: Non-matching batch sizes between the "
            "memory (encoder output) and the query (decoder output).  Are you using the "
            "BeamSearchDecoder?  You may need to tile your memory input via the "
            "tf.contrib.seq2seq.tile_batch function with argument multiple=beam_width."
        )
        with g.control_dependencies(self._batch_size_checks(known_size(output, 0), message)):
            return array.identity(output, name="checked_cell_output")


def _mechanisms(given: Any) -> tuple[Any, ...]:
    mechanisms = _as_tuple(given)
    for mechanism in mechanisms:
        if not isinstance(mechanism, AttentionMechanism):
            raise TypeError(
                "attention_mechanism must be an AttentionMechanism or list of multiple "
                f"AttentionMechanism instances, saw type: {type(mechanism).__name__}"
            )
    return mechanisms


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def _joined(inputs: Tensor, attention: Tensor) -> Tensor:
    return array.concat([inputs, attention], -1)


def _attend(mechanism: Any, output: Tensor, state: Any, layer: Any) -> tuple[Any, Any, Any]:
    """What is attended to, the alignments, the next state of the mechanism."""
    alignments, next_state = mechanism(output, state=state)
    context = matmul(array.expand_dims(alignments, 1), mechanism.values)
    context = array.squeeze(context, [1])
    if layer is not None:
        context = layer(array.concat([output, context], 1))
    return context, alignments, next_state
