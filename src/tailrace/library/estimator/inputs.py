"""Inputs of arrays and tables, through a queue that a thread fills.

Source: TF 1.15 tensorflow_estimator/python/estimator/inputs/{numpy_io,pandas_io}.py,
inputs/queues/{feeding_functions,feeding_queue_runner}.py.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from typing import Any

import numpy as np

from tailrace import errors
from tailrace.dtypes import as_dtype, float32
from tailrace.graph import g
from tailrace.library import array, logging, summary
from tailrace.library.arithmetic import cast
from tailrace.library.coordinator import QueueRunner, add_queue_runner
from tailrace.library.queues import FIFOQueue, RandomShuffleQueue

Columns = dict[str, np.ndarray]


class FeedingQueueRunner(QueueRunner):
    """Fills a queue with what functions give: one for each enqueue operation."""

    def __init__(
        self, queue: Any, enqueue_ops: list[Any], feed_fns: list[Callable[[], Any]]
    ) -> None:
        ends = (errors.OutOfRangeError, errors.CancelledError)
        super().__init__(queue, enqueue_ops, queue_closed_exception_types=ends)
        self._feed_fns = dict(zip(enqueue_ops, feed_fns, strict=True))

    def _feeds(self, enqueue_op: Any) -> dict[Any, Any]:
        return self._feed_fns[enqueue_op]()

    def to_proto(self, export_scope: str | None = None) -> Any:
        """Raises: TypeError; functions of Python have no proto."""
        raise TypeError(f"{type(self).__name__} does not support serialization to proto.")


class _Batches:
    """Feeds for the rows of columns of one length, batch after batch, round and round.

    TF: a shuffled input begins anywhere; an epoch ends before the row it began with.
    """

    def __init__(
        self,
        placeholders: list[Any],
        columns: list[np.ndarray],
        batch_size: int,
        anywhere: bool,
        num_epochs: int | None,
    ) -> None:
        self._placeholders = placeholders
        self._columns = columns
        self._batch_size = batch_size
        count = len(columns[0])
        self._next = random.randrange(count) if anywhere else 0
        self._left = None if num_epochs is None else num_epochs * count

    def __call__(self) -> dict[Any, Any]:
        """The next feeds. Raises: OutOfRangeError after the last epoch."""
        if self._left == 0:
            raise errors.OutOfRangeError(None, None, "Already emitted all epochs.")
        size = self._batch_size if self._left is None else min(self._batch_size, self._left)
        count = len(self._columns[0])
        rows = (self._next + np.arange(size)) % count
        self._next = (self._next + size) % count
        if self._left is not None:
            self._left -= size
        values = [column[rows] for column in self._columns]
        return dict(zip(self._placeholders, values, strict=True))


def _enqueue(
    columns: list[np.ndarray],
    capacity: int,
    shuffle: bool,
    num_threads: int,
    enqueue_size: int,
    num_epochs: int | None,
    min_after_dequeue: float | None = None,
) -> Any:
    """A queue of the rows of columns, the first of which is the row's index."""
    if num_threads > 1 and (num_epochs is not None or not shuffle):
        logging.warning(
            f"{num_threads} threads each read all rows: epochs are counted for each of them, and "
            "rows come in no order"
        )
    with g.name_scope("enqueue_input"):
        types = [as_dtype(column.dtype) for column in columns]
        shapes = [column.shape[1:] for column in columns]
        kept = 0
        queue: Any
        if shuffle:
            kept = int(capacity / 4 if min_after_dequeue is None else min_after_dequeue)
            queue = RandomShuffleQueue(capacity, kept, dtypes=types, shapes=shapes)
        else:
            queue = FIFOQueue(capacity, dtypes=types, shapes=shapes)
        enqueue_ops, feeds = [], []
        for _ in range(num_threads):
            placeholders = [array.placeholder(dtype) for dtype in types]
            enqueue_ops.append(queue.enqueue_many(placeholders))
            feeds.append(_Batches(placeholders, columns, enqueue_size, shuffle, num_epochs))
        add_queue_runner(FeedingQueueRunner(queue, enqueue_ops, feeds))
        room = capacity - kept
        full = cast(g.Maximum(0, queue.size() - kept), float32) * (1.0 / room)
        summary.scalar(f"queue/{queue.name}fraction_over_{kept}_of_{room}_full", full)
    return queue


def _dequeued(queue: Any, batch_size: int, num_epochs: int | None) -> list[Any]:
    take = queue.dequeue_many if num_epochs is None else queue.dequeue_up_to
    return list(take(batch_size))[1:]


def _check_shuffle(shuffle: Any) -> None:
    if not isinstance(shuffle, bool):
        raise ValueError(
            "shuffle must be provided and explicitly set as boolean (it is recommended to set it "
            f"as True for training); got {shuffle}"
        )


def numpy_input_fn(
    x: Any,
    y: Any = None,
    batch_size: int = 128,
    num_epochs: int | None = 1,
    shuffle: bool | None = None,
    queue_capacity: int = 1000,
    num_threads: int = 1,
) -> Callable[[], Any]:
    """A function that gives features, and targets if there are some, in batches.

    `x` is an array or arrays by name, all with as many rows; so is `y`. The function gives tensors
    [batch, ...] in the same form, for ever without `num_epochs`.

    Raises: ValueError when `shuffle` is not said or rows do not match, TypeError for another `x`;
    from the function all but the first.
    """
    _check_shuffle(shuffle)

    def input_fn() -> Any:
        features = _checked_features(x)
        targets = _checked_targets(y, features)
        columns = list({**features, **targets}.values())
        if len({len(column) for column in columns}) != 1:
            shapes = {name: column.shape for name, column in features.items()}
            wanted = {name: np.shape(column) for name, column in targets.items()}
            raise ValueError(
                "Length of tensors in x and y is mismatched. All elements in x and y must have the "
                f"same length.\nShapes in x: {shapes}\nShapes in y: {wanted}\n"
            )
        index = np.arange(len(columns[0]))
        queue = _enqueue(
            [index, *columns], queue_capacity, bool(shuffle), num_threads, batch_size, num_epochs
        )
        batch = _dequeued(queue, batch_size, num_epochs)
        found = dict(zip([*features, *targets], batch, strict=True))
        taken: Any = {name: found[name] for name in features}
        if isinstance(x, np.ndarray):
            taken = batch[0]
        if y is None:
            return taken
        return taken, ({key: found[key] for key in targets} if isinstance(y, dict) else batch[-1])

    return input_fn


def _checked_features(x: Any) -> Columns:
    if isinstance(x, np.ndarray):
        if x.size == 0:
            raise ValueError("x cannot be an empty array")
        return {"__direct_np_input__": x}
    if not isinstance(x, dict):
        raise TypeError(f"x must be a dict or array; got {type(x).__name__}")
    if not x:
        raise ValueError("x cannot be an empty dict")
    return dict(sorted(x.items()))


def _checked_targets(y: Any, features: Columns) -> Columns:
    if y is None:
        return {}
    if not isinstance(y, dict):
        return {"__target_key__" + "_n" * len(features): y}
    if not y:
        raise ValueError("y cannot be empty dict, use None instead.")
    both = features.keys() & y.keys()
    if both:
        raise ValueError(f"{len(both)} duplicate keys are found in both x and y: {both}")
    return dict(sorted(y.items()))


def pandas_input_fn(
    x: Any,
    y: Any = None,
    batch_size: int = 128,
    num_epochs: int | None = 1,
    shuffle: bool | None = None,
    queue_capacity: int | None = 1000,
    num_threads: int = 1,
    target_column: str = "target",
) -> Callable[[], Any]:
    """As `numpy_input_fn`, of a DataFrame and a Series or DataFrame of the same index.

    Features come by the names of their columns, as tensors [batch].
    Raises: ValueError when `shuffle` is not said or the indices do not match.
    """
    _check_shuffle(shuffle)
    if not isinstance(target_column, str):
        raise TypeError("target_column must be a string type")
    if y is not None:
        if target_column in x:
            raise ValueError(
                f"Cannot use name {target_column} for target column: DataFrame already has a "
                f"column with that name: {x.columns}"
            )
        if not np.array_equal(x.index, y.index):
            raise ValueError(
                f"Index for x and y are mismatched.\nIndex for x: {x.index}\n"
                f"Index for y: {y.index}\n"
            )
    table = x.copy()
    targets: dict[str, str] = {}
    if y is not None and y.ndim == 2:
        targets = {name: f"{name}_{uuid.uuid4()}" if name in x else name for name in y.columns}
        for name, column in targets.items():
            table[column] = y[name]
    elif y is not None:
        table[target_column] = y
    capacity = queue_capacity
    if capacity is None:
        capacity = 4 * len(table) if shuffle else len(table)

    def input_fn() -> Any:
        columns = [table.index.to_numpy(), *(table[name].to_numpy() for name in table.columns)]
        queue = _enqueue(
            columns,
            capacity,
            bool(shuffle),
            num_threads,
            batch_size,
            num_epochs,
            min_after_dequeue=max(capacity / 4, 1),
        )
        batch = _dequeued(queue, batch_size, num_epochs)
        features = dict(zip(table.columns, batch, strict=True))
        if y is None:
            return features
        if targets:
            return features, {name: features.pop(column) for name, column in targets.items()}
        return features, features.pop(target_column)

    return input_fn
