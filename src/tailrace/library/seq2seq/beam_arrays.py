"""Arrays that cells kept during a beam search, put in the order of the beams at the end.

Source: TF 1.15 contrib/seq2seq/python/ops/beam_search_decoder.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, g
from tailrace.library import array
from tailrace.library.arithmetic import cast, equal, logical_and, logical_or
from tailrace.library.array_more import sequence_mask
from tailrace.library.control_flow import Assert
from tailrace.library.indexing import gather_nd, where
from tailrace.library.math import range as range_
from tailrace.library.reductions import reduce_max


def gather_tree(
    step_ids: Any,
    parent_ids: Any,
    max_sequence_lengths: Any,
    end_token: Any,
    name: str | None = None,
) -> Tensor:
    """The symbols [T, B, K] of whole sequences, from the steps' symbols and parents."""
    return g.GatherTree(step_ids, parent_ids, max_sequence_lengths, end_token, name=name)


def gather_tree_from_array(t: Tensor, parent_ids: Tensor, sequence_length: Tensor) -> Tensor:
    """`t` [T, B·K, …] or [T, B, K, …] with each beam's own history."""
    steps, batch, width = (
        parent_ids.shape[axis].value or array.shape(parent_ids)[axis] for axis in range(3)
    )
    beams = array.expand_dims(array.expand_dims(range_(width), 0), 0)
    beams = array.tile(beams, [steps, batch, 1])
    longest = cast(reduce_max(sequence_length, axis=1), dtypes.int32)
    ordered = gather_tree(beams, parent_ids, longest, width + 1)
    mask = sequence_mask(sequence_length, maxlen=steps)
    ordered = where(array.transpose(mask, perm=[2, 0, 1]), x=ordered, y=beams)
    times = array.tile(array.reshape(range_(steps), [-1, 1, 1]), [1, batch, width])
    batches = array.tile(array.reshape(range_(batch), [-1, 1, 1]), [1, steps, width])
    batches = array.transpose(batches, perm=[1, 0, 2])
    indices = array.stack([times, batches, ordered], -1)
    shape = array.shape(t)
    gathered = gather_nd(array.reshape(t, [steps, batch, width, -1]), indices)
    return array.reshape(gathered, shape)


def check_batch_beam(t: Tensor, batch_size: Any, beam_width: int) -> Any:
    """An assertion that elements are [B·K, …] or [B, K, …]."""
    message = (
        "TensorArray reordering expects elements to be reshapable to [batch_size, beam_size, -1] "
        f"which is incompatible with the dynamic shape of {t.name} elements. Consider setting "
        "reorder_tensor_arrays to False to disable TensorArray reordering during the beam search."
    )
    shape: Any = array.shape(t)
    if t.shape.ndims == 2:
        right = equal(shape[1], batch_size * beam_width)
    else:
        merged = equal(shape[1], batch_size * beam_width)
        split = logical_and(equal(shape[1], batch_size), equal(shape[2], beam_width))
        right = logical_or(merged, split)
    return Assert(right, [message])
