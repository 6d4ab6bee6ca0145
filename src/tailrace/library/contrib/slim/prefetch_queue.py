"""`tf.contrib.slim.prefetch_queue`: batches computed ahead.

Source: TF 1.15 contrib/slim/python/slim/data/prefetch_queue.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import g
from tailrace.library import summary
from tailrace.library.coordinator import QueueRunner, add_queue_runner
from tailrace.library.queues import FIFOQueue, PaddingFIFOQueue, QueueBase


def prefetch_queue(
    tensors: Any,
    capacity: int = 8,
    num_threads: int = 1,
    dynamic_pad: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> QueueBase:
    """A queue of at most `capacity` values of a list or dict of tensors; its runner is added."""
    names = sorted(tensors) if isinstance(tensors, dict) else None
    values = tensors if names is None else [tensors[key] for key in names]
    with g.name_scope(name, "prefetch_queue"):
        queue = (PaddingFIFOQueue if dynamic_pad else FIFOQueue)(
            capacity,
            [value.dtype for value in values],
            [value.get_shape() for value in values],
            names=names,
            shared_name=shared_name,
        )
        enqueue = queue.enqueue(tensors)
        add_queue_runner(QueueRunner(queue, [enqueue] * num_threads))
        size: Any = g.cast(queue.size(), dtypes.float32)
        summary.scalar(f"fraction_of_{capacity}_full", size * (1.0 / capacity))
        return queue
