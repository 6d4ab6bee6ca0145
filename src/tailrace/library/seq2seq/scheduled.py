"""Helpers that sometimes read what was sampled instead of the given inputs.

Source: TF 1.15 contrib/seq2seq/python/ops/helper.py. Bengio et al. 2015.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g, nest
from tailrace.library import array
from tailrace.library.arithmetic import cast, logical_not, logical_or
from tailrace.library.array_more import scatter_nd
from tailrace.library.control_flow import cond
from tailrace.library.indexing import gather_nd, where
from tailrace.library.reductions import reduce_all, reduce_any
from tailrace.library.rnn.loops import transpose_batch_time
from tailrace.library.scopes import name_scope
from tailrace.library.seq2seq.helper import TrainingHelper, embedding_function, unstacked
from tailrace.library.seq2seq.sampling import bernoulli_sample, categorical_sample


def _probability(value: Any) -> Tensor:
    tensor = convert_to_tensor(value, name="sampling_probability")
    if tensor.get_shape().ndims not in (0, 1):
        raise ValueError(
            "sampling_probability must be either a scalar or a vector. saw shape: "
            f"{tensor.get_shape()}"
        )
    return tensor


def _put_together(
    base: Tensor, sampled_at: Tensor, sampled: Tensor, others_at: Tensor, others: Tensor
) -> Tensor:
    """Rows from two sources at their places, in the shape of `base`."""
    shape = array.shape(base)
    return scatter_nd(indices=sampled_at, updates=sampled, shape=shape) + scatter_nd(
        indices=others_at, updates=others, shape=shape
    )


class ScheduledEmbeddingTrainingHelper(TrainingHelper):
    """Reads the embedding of a drawn symbol with `sampling_probability`, else the given input.

    What is sampled is -1 where nothing is drawn.
    """

    def __init__(
        self,
        inputs: Any,
        sequence_length: Any,
        embedding: Any,
        sampling_probability: Any,
        time_major: bool = False,
        seed: int | None = None,
        scheduling_seed: int | None = None,
        name: str | None = None,
    ) -> None:
        values = [embedding, sampling_probability]
        with name_scope(name, "ScheduledEmbeddingSamplingWrapper", values):
            self._embedding_fn = embedding_function(embedding)
            self._sampling_probability = _probability(sampling_probability)
            self._seed = seed
            self._scheduling_seed = scheduling_seed
            super().__init__(inputs, sequence_length, time_major=time_major, name=name)

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:  # type: ignore[override]
        """A symbol drawn for some of the sequences, -1 for the others [B]."""
        values = [time, outputs, state]
        with name_scope(name, "ScheduledEmbeddingTrainingHelperSample", values):
            chosen = bernoulli_sample(
                probs=self._sampling_probability,
                dtype=dtypes.bool,
                sample_shape=self.batch_size,
                seed=self._scheduling_seed,
            )
            drawn = categorical_sample(logits=outputs, seed=self._seed)
            return where(chosen, drawn, g.Fill([self.batch_size], -1))

    def next_inputs(  # type: ignore[override]
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> tuple[Any, Any, Any]:
        """The given inputs, or the embeddings of what was drawn."""
        values = [time, outputs, state, sample_ids]
        with name_scope(name, "ScheduledEmbeddingTrainingHelperNextInputs", values):
            finished, given, state = super().next_inputs(
                time=time, outputs=outputs, state=state, sample_ids=sample_ids, name=name
            )

            def mixed() -> Tensor:
                drawn_at = cast(where(sample_ids > -1), dtypes.int32)
                others_at = cast(where(sample_ids <= -1), dtypes.int32)
                drawn = gather_nd(sample_ids, drawn_at)
                others = gather_nd(given, others_at)
                return _put_together(given, drawn_at, self._embedding_fn(drawn), others_at, others)

            return finished, cond(reduce_all(finished), lambda: given, mixed), state


class ScheduledOutputTrainingHelper(TrainingHelper):
    """Reads the outputs (through `next_inputs_fn`) with `sampling_probability`, else the inputs.

    Args: auxiliary_inputs, joined with whatever is read.
    """

    def __init__(
        self,
        inputs: Any,
        sequence_length: Any,
        sampling_probability: Any,
        time_major: bool = False,
        seed: int | None = None,
        next_inputs_fn: Callable[[Any], Any] | None = None,
        auxiliary_inputs: Any = None,
        name: str | None = None,
    ) -> None:
        values = [inputs, auxiliary_inputs, sampling_probability]
        with name_scope(name, "ScheduledOutputTrainingHelper", values):
            self._sampling_probability = _probability(sampling_probability)
            self._auxiliary_arrays = None
            if auxiliary_inputs is not None:
                inputs = convert_to_tensor(inputs, name="inputs")
                auxiliary = convert_to_tensor(auxiliary_inputs, name="auxiliary_inputs")
                inputs = nest.map_structure(_side_by_side, inputs, auxiliary)
                if not time_major:
                    auxiliary = nest.map_structure(transpose_batch_time, auxiliary)
                self._auxiliary_arrays = nest.map_structure(unstacked, auxiliary)
            self._seed = seed
            self._next_inputs_fn = next_inputs_fn
            super().__init__(inputs, sequence_length, time_major=time_major, name=name)

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:  # type: ignore[override]
        """1 for sequences that read their output, else 0 [B]."""
        values = [time, outputs, state]
        with name_scope(name, "ScheduledOutputTrainingHelperSample", values):
            return bernoulli_sample(
                probs=self._sampling_probability, sample_shape=self.batch_size, seed=self._seed
            )

    def next_inputs(  # type: ignore[override]
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> tuple[Any, Any, Any]:
        """The given inputs, or the outputs."""
        values = [time, outputs, state, sample_ids]
        with name_scope(name, "ScheduledOutputTrainingHelperNextInputs", values):
            finished, given, state = super().next_inputs(
                time=time, outputs=outputs, state=state, sample_ids=sample_ids, name=name
            )
            chosen = cast(sample_ids, dtypes.bool)
            all_finished = reduce_all(finished)
            none_chosen = logical_not(reduce_any(chosen))
            following = cond(
                logical_or(all_finished, none_chosen),
                lambda: given,
                lambda: self._mixed(time, outputs, given, chosen),
            )
            return finished, following, state

    def _mixed(self, time: Any, outputs: Any, given: Any, chosen: Any) -> Any:
        if self._next_inputs_fn is None:
            return where(chosen, self._with_auxiliary(time, outputs), given)
        chosen_at = cast(where(chosen), dtypes.int32)
        others_at = cast(where(logical_not(chosen)), dtypes.int32)
        own = gather_nd(outputs, chosen_at)
        others = gather_nd(given, others_at)
        own = self._with_auxiliary(time, self._next_inputs_fn(own), chosen_at)
        return _put_together(given, chosen_at, own, others_at, others)

    def _with_auxiliary(self, time: Any, outputs: Any, places: Any = None) -> Any:
        if self._auxiliary_arrays is None:
            return outputs
        next_time = time + 1
        auxiliary = nest.map_structure(lambda a: a.read(next_time), self._auxiliary_arrays)
        if places is not None:
            auxiliary = gather_nd(auxiliary, places)
        return nest.map_structure(_side_by_side, outputs, auxiliary)


def _side_by_side(x: Any, y: Any) -> Tensor:
    return array.concat((x, y), -1)
