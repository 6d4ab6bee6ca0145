"""Queues: first in first out, padded to one shape, or in random order.

A queue lives in the session's store and is used by several threads at once: what finds it full or
empty waits until that changes or the queue is closed.

Source: TF 1.15 core/ops/data_flow_ops.cc, core/kernels/queue_base.cc, fifo_queue.cc,
padding_fifo_queue.cc, random_shuffle_queue_op.cc.
"""

from __future__ import annotations

import collections
import secrets
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from tailrace.errors import CancelledError, KernelError, OutOfRangeError, invalid
from tailrace.native.philox import Position
from tailrace.registry import REQUIRED, Attr, op
from tailrace.shapes import UNKNOWN, Shape, with_rank

Element = tuple[Any, ...]
_ENDLESS = 1 << 62


class Queue:
    """Elements, each a tuple of tensors, in the order they came."""

    kind = "FIFOQueue"

    def __init__(self, name: str, shapes: list[Shape], count: int, capacity: int) -> None:
        self.name = name
        self.shapes = shapes or [UNKNOWN] * count
        self.capacity = _ENDLESS if capacity < 0 else capacity
        self.closed = False
        self.cancelled = False
        self._changed = threading.Condition()
        self._elements: collections.deque[Element] = collections.deque()

    # what other orders do otherwise

    def _put(self, element: Element) -> None:
        self._elements.append(element)

    def _take(self) -> Element:
        return self._elements.popleft()

    def _available(self) -> int:
        return len(self._elements)

    def _stacked(self, columns: list[list[Any]]) -> list[Any]:
        return [_stack(values) for values in columns]

    # what operations do

    def size(self) -> int:
        """The number of elements."""
        with self._changed:
            return len(self._elements)

    def close(self, cancel: bool) -> None:
        """Take no more elements; with `cancel` those that wait for room are refused as well."""
        with self._changed:
            self.closed = True
            self.cancelled = self.cancelled or cancel
            self._changed.notify_all()

    def enqueue(self, elements: list[Element]) -> None:
        """Put elements in, one after another, each as soon as there is room.

        Raises: KernelError (Cancelled) when the queue is or becomes closed.
        """
        with self._changed:
            if self.closed:
                raise self._closed_error()
            for element in elements:
                self._changed.wait_for(lambda: self.cancelled or self._room())
                if self.cancelled:
                    raise self._closed_error()
                self._put(element)
                self._changed.notify_all()

    def _room(self) -> bool:
        return len(self._elements) < self.capacity

    def _closed_error(self) -> KernelError:
        return KernelError(CancelledError, f"{self.kind} '{self.name}' is closed.")

    def dequeue(self, count: int, at_least: int) -> list[Element]:
        """Take `count` elements, waiting for them; of a closed queue `at_least` so many.

        Raises: KernelError (OutOfRange) when the queue is closed and has fewer.
        """
        if count > self.capacity:
            raise invalid(
                f"{self.kind} '{self.name}': requested {count} elements, capacity {self.capacity}"
            )
        with self._changed:
            self._changed.wait_for(lambda: self.closed or self._available() >= count)
            found = min(count, self._available())
            if found < min(count, at_least):
                raise KernelError(
                    OutOfRangeError,
                    f"{self.kind} '{self.name}' is closed and has insufficient elements "
                    f"(requested {count}, current size {len(self._elements)})",
                )
            taken = [self._take() for _ in range(found)]
            self._changed.notify_all()
            return taken

    def dequeue_many(self, count: int, at_least: int) -> list[Any]:
        """As `dequeue`, the elements stacked: a tensor per component."""
        if count == 0:
            return [_empty(shape) for shape in self.shapes]
        elements = self.dequeue(count, at_least)
        return self._stacked([list(values) for values in zip(*elements, strict=True)])

    def check(self, element: Element) -> None:
        """Raises: KernelError when a component has another shape than the queue's."""
        for i, (value, shape) in enumerate(zip(element, self.shapes, strict=True)):
            if not _fits(tuple(value.shape), shape):
                raise invalid(
                    f"Shape mismatch in tuple component {i}. Expected {shape}, "
                    f"got {list(value.shape)}"
                )


class PaddingQueue(Queue):
    """A queue whose elements are padded with zeros when several are taken at once."""

    kind = "PaddingFIFOQueue"

    def _stacked(self, columns: list[list[Any]]) -> list[Any]:
        return [_padded(values) for values in columns]


class ShuffleQueue(Queue):
    """A queue that gives a random one of its elements, keeping `reserve` of them to choose from."""

    kind = "RandomShuffleQueue"

    def __init__(
        self,
        name: str,
        shapes: list[Shape],
        count: int,
        capacity: int,
        reserve: int,
        seeds: tuple[int, int],
    ) -> None:
        super().__init__(name, shapes, count, capacity)
        self._reserve = reserve
        self._list: list[Element] = []
        self._elements = self._list  # type: ignore[assignment] - indexed, and shrinks at its end
        if seeds == (0, 0):
            seeds = (secrets.randbits(64), secrets.randbits(64))
        self._position = Position.from_seeds(*seeds)
        self._words: list[int] = []

    def _available(self) -> int:
        kept = 0 if self.closed else self._reserve
        return max(0, len(self._list) - kept)

    def _take(self) -> Element:
        if not self._words:
            self._words = list(reversed(self._position.block()))
            self._position = self._position.skip(1)
        index = self._words.pop() % len(self._list)
        self._list[index], self._list[-1] = self._list[-1], self._list[index]
        return self._list.pop()


def _fits(shape: tuple[int, ...], wanted: Shape) -> bool:
    dims = wanted.dims
    if dims is None:
        return True
    return len(dims) == len(shape) and all(d in (None, n) for d, n in zip(dims, shape, strict=True))


def _stack(values: list[Any]) -> Any:
    return torch.stack(values) if isinstance(values[0], torch.Tensor) else np.stack(values)


def _padded(values: list[Any]) -> Any:
    sizes = [max(sizes) for sizes in zip(*(v.shape for v in values), strict=True)]
    first = values[0]
    if isinstance(first, torch.Tensor):
        result: Any = torch.zeros((len(values), *sizes), dtype=first.dtype)
    else:
        result = np.full((len(values), *sizes), b"", dtype=object)
    for i, value in enumerate(values):
        result[(i, *(slice(n) for n in value.shape))] = value
    return result


def _empty(shape: Shape) -> Any:
    return torch.zeros((0, *(d or 0 for d in shape.dims or ())))


def _own(value: Any) -> Any:
    """A copy: the queue outlives the run, whose buffers may change."""
    return value.clone() if isinstance(value, torch.Tensor) else value.copy()


# -- the queues ------------------------------------------------------------------------------------

_QUEUE: dict[str, Any] = {
    "component_types": Attr("list(type)", REQUIRED, minimum=1),
    "shapes": Attr("list(shape)", []),
    "capacity": -1,
    "container": "",
    "shared_name": "",
    "_stateful": True,
    "_context": True,
    "_once": True,
}


def _made(ctx: Any, make: Callable[..., Queue], *more: Any) -> Queue:
    shapes = [Shape(s._dims) for s in ctx.attr("shapes")]
    count, capacity = len(ctx.attr("component_types")), ctx.attr("capacity")
    return ctx.resource("queue", lambda name: make(name, shapes, count, capacity, *more))


@op("FIFOQueueV2", "-> handle: resource", **_QUEUE)
def fifo_queue(ctx):
    """A queue that gives its elements in the order they came."""
    return _made(ctx, Queue)


@op("PaddingFIFOQueueV2", "-> handle: resource", **_QUEUE)
def padding_fifo_queue(ctx):
    """A FIFO queue that pads elements of different shapes when it gives several."""
    return _made(ctx, PaddingQueue)


@op(
    "RandomShuffleQueueV2",
    "-> handle: resource",
    min_after_dequeue=0,
    seed=0,
    seed2=0,
    **_QUEUE,
)
def random_shuffle_queue(ctx):
    """A queue that gives its elements in random order."""
    seeds = ctx.attr("seed"), ctx.attr("seed2")
    return _made(ctx, ShuffleQueue, ctx.attr("min_after_dequeue"), seeds)


for _definition in (fifo_queue, padding_fifo_queue, random_shuffle_queue):
    _definition.shape(lambda: [[]])


# -- elements --------------------------------------------------------------------------------------

_ELEMENTS: dict[str, Any] = {"timeout_ms": -1, "_stateful": True}


@op("QueueEnqueueV2", "handle: resource, components: list(Tcomponents) ->", **_ELEMENTS)
def queue_enqueue(handle, components):
    """Put one element in, waiting for room."""
    element = tuple(_own(value) for value in components)
    handle.check(element)
    handle.enqueue([element])


@op("QueueEnqueueManyV2", "handle: resource, components: list(Tcomponents) ->", **_ELEMENTS)
def queue_enqueue_many(handle, components):
    """Put the rows of the components in, an element for each."""
    rows = {value.shape[0] if value.ndim else -1 for value in components}
    if len(rows) > 1 or -1 in rows:
        raise invalid("All input tensors must have the same size in the 0th dimension")
    columns = [_rows(_own(value)) for value in components]
    elements = list(zip(*columns, strict=True))
    for element in elements[:1]:
        handle.check(element)
    handle.enqueue(elements)


def _rows(value):
    if isinstance(value, torch.Tensor):
        return value.unbind(0)
    return [value[i : i + 1].reshape(value.shape[1:]) for i in range(len(value))]


@op(
    "QueueDequeueV2",
    "handle: resource -> components: list(component_types)",
    **_ELEMENTS,
)
def queue_dequeue(handle):
    """Take one element, waiting for it."""
    return list(handle.dequeue(1, 1)[0])


@op(
    "QueueDequeueManyV2",
    "handle: resource, n: int32 -> components: list(component_types)",
    _host="n",
    **_ELEMENTS,
)
def queue_dequeue_many(handle, n):
    """Take `n` elements, waiting for them, stacked."""
    return handle.dequeue_many(n, n)


@op(
    "QueueDequeueUpToV2",
    "handle: resource, n: int32 -> components: list(component_types)",
    _host="n",
    **_ELEMENTS,
)
def queue_dequeue_up_to(handle, n):
    """Take `n` elements, or those that are left when the queue is closed, stacked."""
    return handle.dequeue_many(n, 1)


@queue_dequeue.shape
def queue_dequeue_shape(handle, *, component_types):
    return [UNKNOWN] * len(component_types)


@queue_dequeue_many.shape
def queue_dequeue_many_shape(handle, n, *, component_types):
    with_rank(n, 0, "n")
    return [UNKNOWN] * len(component_types)


queue_dequeue_up_to.shape(queue_dequeue_many_shape)


@op("QueueCloseV2", "handle: resource ->", cancel_pending_enqueues=False, _stateful=True)
def queue_close(handle, *, cancel_pending_enqueues):
    """Take no more elements; what waits for room may still come in, unless it is cancelled."""
    handle.close(cancel_pending_enqueues)


@op("QueueIsClosedV2", "handle: resource -> is_closed: bool", _stateful=True)
def queue_is_closed(handle):
    """Whether the queue is closed."""
    return torch.tensor(handle.closed)


@op("QueueSizeV2", "handle: resource -> size: int32", _stateful=True)
def queue_size(handle):
    """The number of elements."""
    return torch.tensor(handle.size(), dtype=torch.int32)


queue_is_closed.shape(lambda handle: [[]])
queue_size.shape(lambda handle: [[]])
