"""Queues, as `tf.FIFOQueue` and its relatives.

Source: TF 1.15 python/ops/data_flow_ops.py.
"""

from __future__ import annotations

import functools
import hashlib
from typing import Any

from tailrace.dtypes import as_dtype
from tailrace.graph import Operation, Tensor, convert_to_tensor, g
from tailrace.library.random import get_seed
from tailrace.shapes import Dimension, TensorShape


def _as_types(dtypes: Any) -> list[Any]:
    return [as_dtype(d) for d in (dtypes if isinstance(dtypes, (list, tuple)) else [dtypes])]


def _as_shapes(shapes: Any, partial: bool = False) -> list[TensorShape] | None:
    if partial and (
        not isinstance(shapes, (list, tuple))
        or not shapes
        or any(s is None or isinstance(s, int) for s in shapes)
    ):
        raise ValueError("When providing partial shapes, a list of shapes must be provided.")
    if shapes is None:
        return None
    if isinstance(shapes, TensorShape):
        shapes = [shapes]
    if not isinstance(shapes, (list, tuple)):
        raise TypeError("shapes must be a TensorShape or a list or tuple of TensorShapes.")
    if all(s is None or isinstance(s, int) for s in shapes):
        shapes = [shapes]
    result = [TensorShape(s) for s in shapes]
    if not partial and not all(s.is_fully_defined() for s in result):
        raise ValueError(f"All shapes must be fully defined: {result}")
    if any(s.dims is None for s in result):
        raise ValueError(f"All shapes must have a defined rank: {result}")
    return result


def _as_names(names: Any, dtypes: list[Any]) -> list[Any] | None:
    if names is None:
        return None
    names = list(names) if isinstance(names, (list, tuple)) else [names]
    if len(names) != len(dtypes):
        raise ValueError("List of names must have the same length as the list of dtypes")
    return names


class QueueBase:
    """What queues have in common: elements of one or more tensors go in and come out.

    With `names`, elements are dicts. What finds no room or no element waits; other threads run the
    session meanwhile.
    """

    def __init__(self, dtypes: Any, shapes: Any, names: Any, queue_ref: Tensor) -> None:
        self._dtypes = _as_types(dtypes)
        if shapes is not None and len(shapes) != len(self._dtypes):
            raise ValueError("Queue shapes must have the same length as dtypes")
        if names is not None and len(names) != len(self._dtypes):
            raise ValueError("Queue names must have the same length as dtypes")
        given = [None] * len(self._dtypes) if shapes is None else shapes
        self._shapes = [TensorShape(s) for s in given]
        self._names = names
        self._queue_ref = queue_ref
        self._name = queue_ref.op.name.split("/")[-1]

    @staticmethod
    def from_list(index: Any, queues: list[QueueBase]) -> QueueBase:
        """The queue at `index`, which must be known as the graph is built.

        Raises: TypeError when the queues' elements differ, NotImplementedError for another index.
        """
        if not isinstance(queues, list) or not all(isinstance(q, QueueBase) for q in queues):
            raise TypeError("A list of queues expected")
        if any(q.dtypes != queues[0].dtypes for q in queues):
            raise TypeError("Queues do not have matching component dtypes.")
        if any(q.names != queues[0].names for q in queues):
            raise TypeError("Queues do not have matching component names.")
        known = g.known(convert_to_tensor(index))
        if known is None:
            raise NotImplementedError(
                "QueueBase.from_list takes an index that is known as the graph is built"
            )
        chosen = queues[int(known)]
        columns = zip(*(q.shapes for q in queues), strict=True)
        shapes = [functools.reduce(_common, column) for column in columns]
        return QueueBase(chosen.dtypes, shapes, chosen.names, chosen.queue_ref)

    @property
    def queue_ref(self) -> Tensor:
        """The queue's handle."""
        return self._queue_ref

    @property
    def name(self) -> str:
        """The name of the queue's operation."""
        return self._queue_ref.op.name

    @property
    def dtypes(self) -> list[Any]:
        """The types of an element's tensors."""
        return self._dtypes

    @property
    def shapes(self) -> list[TensorShape]:
        """The shapes of an element's tensors."""
        return self._shapes

    @property
    def names(self) -> list[Any] | None:
        """The keys of elements that are dicts."""
        return self._names

    def _components(self, vals: Any) -> list[Tensor]:
        if isinstance(vals, dict):
            if not self._names:
                raise ValueError("Queue must have names to enqueue a dictionary")
            if sorted(self._names, key=str) != sorted(vals, key=str):
                raise ValueError(
                    "Keys in dictionary to enqueue do not match names of Queue.  Dictionary: "
                    f"({sorted(vals)}), Queue: ({sorted(self._names)})"
                )
            vals = [vals[key] for key in self._names]
        else:
            if self._names:
                raise ValueError("You must enqueue a dictionary in a Queue with names")
            vals = vals if isinstance(vals, (list, tuple)) else [vals]
        pairs = enumerate(zip(vals, self._dtypes, strict=False))
        return [convert_to_tensor(v, dtype, name=f"component_{i}") for i, (v, dtype) in pairs]

    def enqueue(self, vals: Any, name: str | None = None) -> Operation:
        """An operation that puts one element in."""
        with g.name_scope(name, f"{self._name}_enqueue") as scope:
            tensors = self._components(vals)
            for tensor, shape in zip(tensors, self._shapes, strict=False):
                tensor.get_shape().assert_is_compatible_with(shape)
            return g.QueueEnqueueV2(self._queue_ref, tensors, name=scope)

    def enqueue_many(self, vals: Any, name: str | None = None) -> Operation:
        """An operation that puts an element in for each row of `vals`."""
        with g.name_scope(name, f"{self._name}_EnqueueMany") as scope:
            tensors = self._components(vals)
            rows = Dimension(None)
            for tensor, shape in zip(tensors, self._shapes, strict=False):
                rows = rows.merge_with(tensor.get_shape().with_rank_at_least(1)[0])
                tensor.get_shape()[1:].assert_is_compatible_with(shape)
            return g.QueueEnqueueManyV2(self._queue_ref, tensors, name=scope)

    def _element(self, tensors: list[Tensor]) -> Any:
        if self._names:
            return dict(zip(self._names, tensors, strict=True))
        return tensors[0] if len(tensors) == 1 else tensors

    def dequeue(self, name: str | None = None) -> Any:
        """One element: its tensor, tensors, or dict."""
        tensors = g.QueueDequeueV2(
            self._queue_ref,
            component_types=self._dtypes,
            name=name or f"{self._name}_Dequeue",
        )
        return self._shaped(tensors, None)

    def dequeue_many(self, n: Any, name: str | None = None) -> Any:
        """`n` elements, stacked."""
        tensors = g.QueueDequeueManyV2(
            self._queue_ref,
            n,
            component_types=self._dtypes,
            name=name or f"{self._name}_DequeueMany",
        )
        known = g.known(tensors[0].op.inputs[1])
        return self._shaped(tensors, [None if known is None else int(known)])

    def dequeue_up_to(self, n: Any, name: str | None = None) -> Any:
        """`n` elements, or those that are left in a closed queue, stacked."""
        tensors = g.QueueDequeueUpToV2(
            self._queue_ref,
            n,
            component_types=self._dtypes,
            name=name or f"{self._name}_DequeueUpTo",
        )
        return self._shaped(tensors, [None])

    def _shaped(self, tensors: list[Tensor], rows: list[int | None] | None) -> Any:
        for tensor, shape in zip(tensors, self._shapes, strict=True):
            tensor.set_shape(shape if rows is None else TensorShape(rows).concatenate(shape))
        return self._element(tensors)

    def close(self, cancel_pending_enqueues: bool = False, name: str | None = None) -> Operation:
        """An operation after which the queue takes no more elements."""
        return g.QueueCloseV2(
            self._queue_ref,
            cancel_pending_enqueues=cancel_pending_enqueues,
            name=name or f"{self._name}_Close",
        )

    def is_closed(self, name: str | None = None) -> Tensor:
        """Whether the queue is closed."""
        return g.QueueIsClosedV2(self._queue_ref, name=name or f"{self._name}_Is_Closed")

    def size(self, name: str | None = None) -> Tensor:
        """The number of elements."""
        return g.QueueSizeV2(self._queue_ref, name=name or f"{self._name}_Size")


def _common(a: TensorShape, b: TensorShape) -> TensorShape:
    if a.dims is None or b.dims is None or a.ndims != b.ndims:
        return TensorShape(None)
    pairs = zip(a.as_list(), b.as_list(), strict=True)
    return TensorShape([x if x == y else None for x, y in pairs])


class FIFOQueue(QueueBase):
    """A queue that gives its elements in the order they came."""

    def __init__(
        self,
        capacity: int,
        dtypes: Any,
        shapes: Any = None,
        names: Any = None,
        shared_name: str | None = None,
        name: str | None = "fifo_queue",
    ) -> None:
        types, sizes = _as_types(dtypes), _as_shapes(shapes)
        queue = g.FIFOQueueV2(
            component_types=types,
            shapes=sizes or [],
            capacity=capacity,
            shared_name=shared_name,
            name=name,
        )
        super().__init__(types, sizes, _as_names(names, types), queue)


class PaddingFIFOQueue(QueueBase):
    """A FIFO queue of elements of varying sizes, padded with zeros when several are taken."""

    def __init__(
        self,
        capacity: int,
        dtypes: Any,
        shapes: Any,
        names: Any = None,
        shared_name: str | None = None,
        name: str = "padding_fifo_queue",
    ) -> None:
        types, sizes = _as_types(dtypes), _as_shapes(shapes, partial=True) or []
        if len(types) != len(sizes):
            raise ValueError(
                "Shapes must be provided for all components, but received "
                f"{len(types)} dtypes and {len(sizes)} shapes."
            )
        queue = g.PaddingFIFOQueueV2(
            component_types=types,
            shapes=sizes,
            capacity=capacity,
            shared_name=shared_name,
            name=name,
        )
        super().__init__(types, sizes, _as_names(names, types), queue)


class RandomShuffleQueue(QueueBase):
    """A queue that gives its elements in random order, of at least `min_after_dequeue` others."""

    def __init__(
        self,
        capacity: int,
        min_after_dequeue: int,
        dtypes: Any,
        shapes: Any = None,
        names: Any = None,
        seed: int | None = None,
        shared_name: str | None = None,
        name: str = "random_shuffle_queue",
    ) -> None:
        types, sizes = _as_types(dtypes), _as_shapes(shapes)
        seed1, seed2 = get_seed(seed)
        if seed1 is None and seed2 is None:
            seed1, seed2 = 0, 0
        elif seed is None and shared_name is not None:
            # TF: with a shared name the seed depends on it, and not on the node's number.
            digest = hashlib.md5(f"{seed1}{shared_name}".encode()).hexdigest()
            seed2 = int(digest[:8], 16) & 0x7FFFFFFF
        queue = g.RandomShuffleQueueV2(
            component_types=types,
            shapes=sizes or [],
            capacity=capacity,
            min_after_dequeue=min_after_dequeue,
            seed=seed1,
            seed2=seed2,
            shared_name=shared_name,
            name=name,
        )
        super().__init__(types, sizes, _as_names(names, types), queue)
