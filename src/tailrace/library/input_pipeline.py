"""Input through queues: producers of file names or slices, and batches of what they lead to.

Source: TF 1.15 python/training/input.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import (
    Operation,
    Tensor,
    convert_to_tensor,
    convert_to_tensor_or_indexed_slices,
    g,
)
from tailrace.library import summary
from tailrace.library.array_more import dynamic_partition
from tailrace.library.collections import GraphKeys
from tailrace.library.control_flow import Assert, no_op
from tailrace.library.coordinator import QueueRunner, add_queue_runner
from tailrace.library.indexing import gather
from tailrace.library.layers.tools import smart_cond
from tailrace.library.math import range as range_of
from tailrace.library.queues import FIFOQueue, PaddingFIFOQueue, QueueBase, RandomShuffleQueue
from tailrace.library.random import random_shuffle
from tailrace.library.sparse_batches import restore, store
from tailrace.library.variables import Variable

# -- producers -------------------------------------------------------------------------------------


def limit_epochs(tensor: Any, num_epochs: int | None = None, name: str | None = None) -> Any:
    """`tensor`, which may be had `num_epochs` times.

    Raises (when run): OutOfRangeError after that.
    """
    if num_epochs is None:
        return tensor
    if num_epochs <= 0:
        raise ValueError(f"num_epochs must be > 0 not {num_epochs}.")
    with g.name_scope(name, "limit_epochs") as scope:
        zero = g.constant(0, dtypes.int64)
        epochs = Variable(
            zero, name="epochs", trainable=False, collections=[GraphKeys.LOCAL_VARIABLES]
        )
        with g.control_dependencies([epochs.count_up_to(num_epochs)]):
            return g.Identity(tensor, name=scope)


def input_producer(
    input_tensor: Any,
    element_shape: Any = None,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    summary_name: str | None = None,
    name: str | None = None,
    cancel_op: Any = None,
) -> QueueBase:
    """A queue of the rows of a tensor, again and again or for some epochs; its runner is added."""
    with g.name_scope(name, "input_producer"):
        rows = convert_to_tensor(input_tensor, name="input_tensor")
        shape = rows.get_shape()[1:].merge_with(element_shape)
        if not shape.is_fully_defined():
            raise ValueError(
                "Either `input_tensor` must have a fully defined shape or `element_shape` must be "
                "specified"
            )
        if shuffle:
            rows = random_shuffle(rows, seed=seed)
        rows = limit_epochs(rows, num_epochs)
        types = [rows.dtype.base_dtype]
        queue = FIFOQueue(capacity, types, [shape], shared_name=shared_name, name=name)
        enqueue = queue.enqueue_many([rows])
        add_queue_runner(QueueRunner(queue, [enqueue], cancel_op=cancel_op))
        if summary_name is not None:
            _fullness(summary_name, queue.size(), capacity)
        return queue


def _fullness(name: str, size: Tensor, capacity: int) -> None:
    share: Any = g.cast(size, dtypes.float32)
    summary.scalar(name, share * (1.0 / capacity))


def string_input_producer(
    string_tensor: Any,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    name: str | None = None,
    cancel_op: Any = None,
) -> QueueBase:
    """A queue of strings, such as file names. Raises: ValueError when there are none."""
    missing = "string_input_producer requires a non-null input tensor"
    if not isinstance(string_tensor, Tensor) and not string_tensor:
        raise ValueError(missing)
    with g.name_scope(name, "input_producer") as scope:
        strings = convert_to_tensor(string_tensor, dtypes.string)
        with g.control_dependencies([Assert(g.Greater(g.size(strings), 0), [missing])]):
            strings = g.Identity(strings)
        return input_producer(
            strings,
            [],
            num_epochs,
            shuffle,
            seed,
            capacity,
            shared_name,
            f"fraction_of_{capacity}_full",
            scope,
            cancel_op,
        )


def range_input_producer(
    limit: Any,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    name: str | None = None,
) -> QueueBase:
    """A queue of the numbers below `limit`."""
    with g.name_scope(name, "input_producer") as scope:
        return input_producer(
            range_of(limit),
            [],
            num_epochs,
            shuffle,
            seed,
            capacity,
            shared_name,
            f"fraction_of_{capacity}_full",
            scope,
        )


def slice_input_producer(
    tensor_list: Any,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    name: str | None = None,
) -> list[Tensor]:
    """One row of each tensor of a list, all at the same place."""
    with g.name_scope(name, "input_producer"):
        tensors = [convert_to_tensor_or_indexed_slices(t) for t in tensor_list]
        if not tensors:
            raise ValueError("Expected at least one tensor in slice_input_producer().")
        sizes: Any = g.shape(tensors[0])
        queue = range_input_producer(sizes[0], num_epochs, shuffle, seed, capacity, shared_name)
        index = queue.dequeue()
        return [gather(t, index) for t in tensors]


# -- batches ---------------------------------------------------------------------------------------


def tensor_list(tensors: Any) -> list[Any]:
    """A list of tensors, those of a dict in the order of its keys."""
    if isinstance(tensors, dict):
        return [tensors[key] for key in sorted(tensors, key=str)]
    return list(tensors)


def checked_tensors(tensors: list[Any]) -> list[Any]:
    """The tensors of an example. Raises: ValueError for none."""
    converted = [convert_to_tensor_or_indexed_slices(t) for t in tensors]
    if not converted:
        raise ValueError("Expected at least one tensor in batch().")
    return converted


def checked_keep(keep_input: Any, enqueue_many: bool) -> Tensor:
    """Whether to keep an example, or each of many. Raises: ValueError for another rank."""
    keep = convert_to_tensor(keep_input)
    rank = keep.get_shape().ndims
    if rank is None:
        raise ValueError("`keep_input` dimensions must be known at graph construction.")
    if not enqueue_many and rank == 1:
        raise ValueError("`keep_input` cannot be a vector when `enqueue_many=False`.")
    if rank > 1:
        raise ValueError("`keep_input` must be 0 or 1 dimensions.")
    return keep


def common_types(lists: list[list[Any]]) -> list[Any]:
    """The types of the tensors, which are the same in all lists. Raises: TypeError if not."""
    types = [t.dtype for t in lists[0]]
    for other in lists[1:]:
        if [t.dtype for t in other] != types:
            raise TypeError(f"Expected types to be consistent: {types} vs. {other}.")
    return types


def element_shapes(lists: list[list[Any]], shapes: Any, enqueue_many: bool) -> Any:
    """The shapes of an example: those given, or those of the tensors, which must be compatible."""
    if shapes is not None:
        return shapes
    if any(len(tensors) != len(lists[0]) for tensors in lists):
        raise ValueError("Expected all sets of tensors to be of one length")
    found = []
    for column in zip(*lists, strict=True):
        shapes = [tensor.get_shape() for tensor in column]
        if any(shape.dims is None for shape in shapes):
            raise ValueError(f"Cannot infer Tensor's rank: {column[0]}")
        if enqueue_many:
            shapes = [shape.with_rank_at_least(1)[1:] for shape in shapes]
        for shape in shapes:
            shape.assert_is_compatible_with(shapes[0])
        found.append(shapes[0].as_list())
    return found


def _enqueue_op(queue: QueueBase, tensors: list[Any], many: bool, keep: Tensor) -> Operation:
    enqueue = queue.enqueue_many if many else queue.enqueue
    if keep.get_shape().ndims == 1:
        chosen = g.cast(keep, dtypes.int32)
        return enqueue([dynamic_partition(t, chosen, 2)[1] for t in tensors])
    return smart_cond(keep, lambda: enqueue(tensors), no_op)


class _Batches:
    """What the batch functions have in common; `lists` has the tensors of each thread."""

    def __init__(
        self, given: list[Any], scope: str, keep_input: Any, enqueue_many: bool, threads: int
    ) -> None:
        self.example = given[0]
        self.scope = scope
        self.many = enqueue_many
        self.threads = threads
        lists = [checked_tensors(tensor_list(tensors)) for tensors in given]
        self.keep = checked_keep(keep_input, enqueue_many)
        self.lists, self.kept = store(lists, enqueue_many, self.keep)
        self.types = common_types(self.lists)

    def fill(self, queue: QueueBase) -> None:
        """Add the runner that fills the queue."""
        ops = [_enqueue_op(queue, tensors, self.many, self.keep) for tensors in self.lists]
        add_queue_runner(QueueRunner(queue, ops * self.threads))

    def taken(self, queue: QueueBase, batch_size: Any, allow_smaller: bool) -> Any:
        take = queue.dequeue_up_to if allow_smaller else queue.dequeue_many
        result = restore(take(batch_size, name=self.scope), self.kept)
        if not isinstance(self.example, dict):
            return result
        tensors = [result] if len(self.example) == 1 else result
        return dict(zip(sorted(self.example, key=str), tensors, strict=True))

    def in_order(
        self,
        batch_size: Any,
        capacity: int,
        shapes: Any,
        dynamic_pad: bool,
        allow_smaller: bool,
        shared_name: str | None,
    ) -> Any:
        """Batches from a FIFO queue."""
        kind = PaddingFIFOQueue if dynamic_pad else FIFOQueue
        shapes = element_shapes(self.lists, shapes, self.many)
        queue = kind(capacity, self.types, shapes, shared_name=shared_name)
        self.fill(queue)
        _fullness(f"fraction_of_{capacity}_full", queue.size(), capacity)
        return self.taken(queue, batch_size, allow_smaller)

    def shuffled(
        self,
        batch_size: Any,
        capacity: int,
        reserve: int,
        seed: int | None,
        shapes: Any,
        allow_smaller: bool,
        shared_name: str | None,
    ) -> Any:
        """Batches from a queue in random order."""
        shapes = element_shapes(self.lists, shapes, self.many)
        queue = RandomShuffleQueue(
            capacity, reserve, self.types, shapes, seed=seed, shared_name=shared_name
        )
        self.fill(queue)
        size: Any = queue.size()
        over = g.Maximum(0, size - reserve)
        _fullness(f"fraction_over_{reserve}_of_{capacity - reserve}_full", over, capacity - reserve)
        return self.taken(queue, batch_size, allow_smaller)


def maybe_batch(
    tensors: Any,
    keep_input: Any,
    batch_size: Any,
    num_threads: int = 1,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """`batch` of those elements for which `keep_input` is true."""
    with g.name_scope(name, "batch") as scope:
        batches = _Batches([tensors], scope, keep_input, enqueue_many, num_threads)
        return batches.in_order(
            batch_size, capacity, shapes, dynamic_pad, allow_smaller_final_batch, shared_name
        )


def batch(
    tensors: Any,
    batch_size: Any,
    num_threads: int = 1,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """`batch_size` elements of `tensors`, a list or dict, computed one by one by queue runners."""
    return maybe_batch(
        tensors,
        True,
        batch_size,
        num_threads,
        capacity,
        enqueue_many,
        shapes,
        dynamic_pad,
        allow_smaller_final_batch,
        shared_name,
        name,
    )


def maybe_batch_join(
    tensors_list: Any,
    keep_input: Any,
    batch_size: Any,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """`batch_join` of those elements for which `keep_input` is true."""
    with g.name_scope(name, "batch_join") as scope:
        batches = _Batches(_several(tensors_list), scope, keep_input, enqueue_many, 1)
        return batches.in_order(
            batch_size, capacity, shapes, dynamic_pad, allow_smaller_final_batch, shared_name
        )


def _several(tensors_list: Any) -> list[Any]:
    if not tensors_list:
        raise ValueError("Expected at least one set of tensors")
    first = tensors_list[0]
    if isinstance(first, dict) and any(set(t) != set(first) for t in tensors_list):
        raise ValueError("All dictionaries in tensors_list must have the same keys")
    return list(tensors_list)


def batch_join(
    tensors_list: Any,
    batch_size: Any,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """`batch` of several lists or dicts of tensors, each with a thread of its own."""
    return maybe_batch_join(
        tensors_list,
        True,
        batch_size,
        capacity,
        enqueue_many,
        shapes,
        dynamic_pad,
        allow_smaller_final_batch,
        shared_name,
        name,
    )


def maybe_shuffle_batch(
    tensors: Any,
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    keep_input: Any,
    num_threads: int = 1,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Any = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """`shuffle_batch` of those elements for which `keep_input` is true."""
    with g.name_scope(name, "shuffle_batch") as scope:
        _check_reserve(capacity, min_after_dequeue)
        batches = _Batches([tensors], scope, keep_input, enqueue_many, num_threads)
        return batches.shuffled(
            batch_size,
            capacity,
            min_after_dequeue,
            seed,
            shapes,
            allow_smaller_final_batch,
            shared_name,
        )


def _check_reserve(capacity: int, min_after_dequeue: int) -> None:
    if capacity <= min_after_dequeue:
        raise ValueError(
            f"capacity {capacity} must be bigger than min_after_dequeue {min_after_dequeue}."
        )


def shuffle_batch(
    tensors: Any,
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    num_threads: int = 1,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Any = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """As `batch`, in random order, of at least `min_after_dequeue` further elements."""
    return maybe_shuffle_batch(
        tensors,
        batch_size,
        capacity,
        min_after_dequeue,
        True,
        num_threads,
        seed,
        enqueue_many,
        shapes,
        allow_smaller_final_batch,
        shared_name,
        name,
    )


def maybe_shuffle_batch_join(
    tensors_list: Any,
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    keep_input: Any,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Any = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """`shuffle_batch_join` of those elements for which `keep_input` is true."""
    with g.name_scope(name, "shuffle_batch_join") as scope:
        _check_reserve(capacity, min_after_dequeue)
        batches = _Batches(_several(tensors_list), scope, keep_input, enqueue_many, 1)
        return batches.shuffled(
            batch_size,
            capacity,
            min_after_dequeue,
            seed,
            shapes,
            allow_smaller_final_batch,
            shared_name,
        )


def shuffle_batch_join(
    tensors_list: Any,
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Any = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """`shuffle_batch` of several lists or dicts of tensors, each with a thread of its own."""
    return maybe_shuffle_batch_join(
        tensors_list,
        batch_size,
        capacity,
        min_after_dequeue,
        True,
        seed,
        enqueue_many,
        shapes,
        allow_smaller_final_batch,
        shared_name,
        name,
    )
