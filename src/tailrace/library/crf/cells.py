"""The recurrences of a linear-chain conditional random field, as cells for `dynamic_rnn`.

Source: TF 1.15 contrib/crf/python/ops/crf.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor
from tailrace.library import array
from tailrace.library.arithmetic import cast
from tailrace.library.indexing import gather_nd
from tailrace.library.math import range
from tailrace.library.reductions import argmax, reduce_logsumexp, reduce_max
from tailrace.library.rnn.cell import RNNCell
from tailrace.shapes import dimension_value


class _TransitionCell(RNNCell):
    """A cell over tags: its state and output have one number per tag."""

    def __init__(self, transition_params: Any) -> None:
        # TF: the base class is not initialised, so the cell has no name or variables
        self._transition_params = array.expand_dims(transition_params, 0)
        self._num_tags = dimension_value(transition_params.shape[0])

    @property
    def state_size(self) -> Any:
        """Number of tags."""
        return self._num_tags

    @property
    def output_size(self) -> Any:
        """Number of tags."""
        return self._num_tags

    def _transitions(self, state: Tensor) -> Tensor:
        """Scores of going from each tag to each other [B, tags, tags]."""
        return array.expand_dims(state, 2) + self._transition_params


class CrfForwardRnnCell(_TransitionCell):
    """Forward algorithm: α'[j] = u[j] + log Σ_i exp(α[i] + A[i, j])."""

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Tensor, Tensor]:
        """The new α [B, tags], as output and state."""
        alphas = inputs + reduce_logsumexp(self._transitions(state), [1])
        return alphas, alphas


class CrfDecodeForwardRnnCell(_TransitionCell):
    """Viterbi algorithm: δ'[j] = u[j] + max_i (δ[i] + A[i, j])."""

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Tensor, Tensor]:
        """The tag before each tag on its best path, and the new δ; both [B, tags]."""
        scores = self._transitions(state)
        new_state = inputs + reduce_max(scores, [1])
        return cast(argmax(scores, 1), dtype=dtypes.int32), new_state


class CrfDecodeBackwardRnnCell(RNNCell):
    """Follows the best path back from its last tag."""

    def __init__(self, num_tags: int | None) -> None:
        # TF: the base class is not initialised, so the cell has no name or variables
        self._num_tags = num_tags

    @property
    def state_size(self) -> int:
        """One: a tag."""
        return 1

    @property
    def output_size(self) -> int:
        """One: a tag."""
        return 1

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Tensor, Tensor]:
        """The tag [B, 1] before `state` [B, 1], which `inputs` [B, tags] tells for each tag."""
        state = array.squeeze(state, axis=[1])
        examples = range(array.shape(inputs)[0])
        places = array.stack([examples, state], axis=1)
        tags = array.expand_dims(gather_nd(inputs, places), axis=-1)
        return tags, tags
