"""`tf.contrib.training`: examples of a kind, such as of a length, batched together through queues.

Source: TF 1.15 contrib/training/python/training/bucket_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.errors import CancelledError, OutOfRangeError
from tailrace.graph import Operation, Tensor, constant, convert_to_tensor, g
from tailrace.library import arithmetic, control_flow, indexing, reductions, summary
from tailrace.library import input_pipeline as pipeline
from tailrace.library.coordinator import QueueRunner, add_queue_runner
from tailrace.library.layers.tools import smart_cond
from tailrace.library.queues import FIFOQueue, PaddingFIFOQueue, QueueBase
from tailrace.library.sparse_batches import restore, store
from tailrace.shapes import TensorShape

_ENDS = (OutOfRangeError, CancelledError)


def bucket(
    tensors: Any,
    which_bucket: Any,
    batch_size: Any,
    num_buckets: int,
    num_threads: int = 1,
    capacity: int = 32,
    bucket_capacities: Sequence[int] | None = None,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    keep_input: Any = True,
    shared_name: str | None = None,
    name: str | None = None,
) -> tuple[Tensor, Any]:
    """The number of a bucket, and a batch of examples that are all from it.

    Each example goes to the queue `which_bucket`; full batches go to one queue from which they are
    taken. `batch_size` may differ by bucket; `dynamic_pad` pads examples of a batch to one size.

    Raises: ValueError when batch_size or bucket_capacities are not one for each bucket.
    """
    by_bucket = isinstance(batch_size, (list, tuple))
    sizes = list(batch_size) if by_bucket else [batch_size] * num_buckets
    if len(sizes) != num_buckets:
        raise ValueError("If batch_size is a list it must have num_buckets elements")
    capacities = [capacity] * num_buckets if bucket_capacities is None else bucket_capacities
    if len(capacities) != num_buckets:
        raise ValueError(
            f"The list bucket_capacities ({capacities}) must have exactly num_buckets "
            f"({num_buckets}) elements."
        )
    given = pipeline.tensor_list(tensors)
    with g.name_scope(name, "bucket"):
        values = pipeline.checked_tensors(given)
        keep = pipeline.checked_keep(keep_input, False)
        (values,), kept = store([values], False, keep)
        sizes = [_known_size(size) for size in sizes]
        types = pipeline.common_types([values])
        shapes = pipeline.element_shapes([values], shapes, False)
        which = convert_to_tensor(which_bucket, dtype=dtypes.int32, name="which_bucket")
        kind = PaddingFIFOQueue if dynamic_pad else FIFOQueue
        queues = [
            kind(
                capacities[i],
                types,
                shapes,
                shared_name=None if shared_name is None else f"{shared_name}_{i}",
                name=f"bucket_queue_{i}",
            )
            for i in range(num_buckets)
        ]
        fixed = not allow_smaller_final_batch and not by_bucket and isinstance(sizes[-1], int)
        batch_shape = TensorShape([sizes[-1] if fixed else None])
        top = PaddingFIFOQueue(
            capacity,
            [dtypes.int32, *types],
            [TensorShape([]), *(batch_shape.concatenate(s) for s in queues[0].shapes)],
            shared_name=shared_name,
            name="top_queue",
        )
        enqueue = _enqueue(queues, which, keep, values)
        _add_runners(queues, top, [enqueue] * num_threads, sizes, allow_smaller_final_batch)
        _summarize(queues, top, capacity)
        number, *batch = top.dequeue(name="dequeue_top")
        return number, _as_given(tensors, restore(batch, kept))


def _known_size(size: Any) -> Any:
    tensor = convert_to_tensor(size, dtype=dtypes.int32, name="batch_size")
    known = g.known(tensor)
    return tensor if known is None else int(known)


def _as_given(tensors: Any, batch: list[Tensor]) -> Any:
    if isinstance(tensors, dict):
        return dict(zip(sorted(tensors, key=str), batch, strict=True))
    return batch[0] if len(batch) == 1 else batch


def _enqueue(queues: list[Any], which: Tensor, keep: Tensor, values: list[Any]) -> Any:
    """The operation that puts an example into its queue, if it is kept."""

    def to_its_queue() -> Operation:
        made = [
            control_flow.cond(
                arithmetic.equal(which, i),
                lambda queue=queue: queue.enqueue(values),
                control_flow.no_op,
            )
            for i, queue in enumerate(queues)
        ]
        return control_flow.group(*made, name="group_enqueues")

    return smart_cond(keep, to_its_queue, control_flow.no_op)


def _add_runners(
    queues: list[Any], top: QueueBase, enqueues: list[Any], sizes: list[Any], smaller: bool
) -> None:
    """The threads that fill the buckets, and those that take full batches out of them."""
    to_top = []
    for i, (queue, size) in enumerate(zip(queues, sizes, strict=True)):
        number = constant(i)
        take = queue.dequeue_up_to if smaller else queue.dequeue_many
        batch = take(size, name=f"read_bucket_{i}")
        batch = batch if isinstance(batch, (list, tuple)) else [batch]
        to_top.append(top.enqueue([number, *batch], name=f"enqueue_from_bucket_{i}"))
    add_queue_runner(
        QueueRunner(
            queues[0],
            to_top,
            close_op=top.close(),
            cancel_op=top.close(cancel_pending_enqueues=True),
            queue_closed_exception_types=_ENDS,
        )
    )
    add_queue_runner(
        QueueRunner(
            top,
            enqueues,
            close_op=control_flow.group(*[queue.close() for queue in queues]),
            cancel_op=control_flow.group(
                *[queue.close(cancel_pending_enqueues=True) for queue in queues]
            ),
            queue_closed_exception_types=_ENDS,
        )
    )


def _summarize(queues: list[Any], top: QueueBase, capacity: int) -> None:
    for queue in queues:
        size = arithmetic.cast(top.size(), dtypes.float32)
        summary.scalar(f"bucket/{queue.name}/size", size)
    share = arithmetic.cast(top.size(), dtypes.float32) * (1.0 / capacity)
    summary.scalar(f"bucket/{top.name}/fraction_of_{capacity}_full", share)


def bucket_by_sequence_length(
    input_length: Any,
    tensors: Any,
    batch_size: Any,
    bucket_boundaries: Sequence[int],
    num_threads: int = 1,
    capacity: int = 32,
    bucket_capacities: Sequence[int] | None = None,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    keep_input: Any = True,
    shared_name: str | None = None,
    name: str | None = None,
) -> tuple[Tensor, Any]:
    """Lengths, and a batch of sequences, of which all lengths are between two of the boundaries.

    Raises: TypeError for boundaries that are no list of whole numbers, ValueError where there are
    none or they do not increase.
    """
    _check_boundaries(bucket_boundaries)
    given = pipeline.tensor_list(tensors)
    with g.name_scope(name, "bucket_by_sequence_length"):
        length = convert_to_tensor(input_length, dtype=dtypes.int32, name="input_length")
        limits = np.iinfo(np.int32)
        at_least = [int(limits.min), *bucket_boundaries]
        below = [*bucket_boundaries, int(limits.max)]
        inside = arithmetic.logical_and(
            arithmetic.less_equal(at_least, length), arithmetic.less(length, below)
        )
        which = reductions.reduce_min(indexing.where_v2(inside))
        which = arithmetic.cast(which, dtypes.int32)
        _, batch = bucket(
            [length, *given],
            which,
            batch_size,
            len(bucket_boundaries) + 1,
            num_threads,
            capacity,
            bucket_capacities,
            None if shapes is None else [TensorShape([]), *shapes],
            dynamic_pad,
            allow_smaller_final_batch,
            keep_input,
            shared_name,
        )
        if isinstance(tensors, dict):
            return batch[0], _as_given(tensors, batch[1:])
        return batch[0], batch[1:]


def _check_boundaries(boundaries: Any) -> None:
    if not isinstance(boundaries, (list, tuple)):
        raise TypeError(f"bucket_boundaries must be a list or tuple, but received: {boundaries}")
    if not boundaries:
        raise ValueError("bucket_boundaries must not be empty")
    for low, high in pairwise(boundaries):
        if not isinstance(low, int) or not isinstance(high, int):
            raise TypeError(f"bucket boundaries must be integers, but saw: {low} and {high}")
        if low >= high:
            raise ValueError(
                f"Buckets must contain sequential increasing lengths, but saw: {low} before {high}"
            )
