"""`tf.contrib.slim.parallel_reader`: several readers that fill one queue.

Source: TF 1.15 contrib/slim/python/slim/data/parallel_reader.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes as types
from tailrace.graph import Tensor, g
from tailrace.library import gfile, summary
from tailrace.library.coordinator import QueueRunner, add_queue_runner
from tailrace.library.input_pipeline import string_input_producer
from tailrace.library.queues import FIFOQueue, QueueBase, RandomShuffleQueue
from tailrace.library.readers import ReaderBase
from tailrace.library.reductions import add_n


class ParallelReader(ReaderBase):
    """Records, each a key and a value, that several readers put into `common_queue`.

    Raises: TypeError when the queue's elements are not two strings.
    """

    def __init__(
        self,
        reader_class: Any,
        common_queue: QueueBase,
        num_readers: int = 4,
        reader_kwargs: dict[str, Any] | None = None,
    ) -> None:
        kinds = common_queue.dtypes
        if len(kinds) != 2 or any(kind.base_dtype is not types.string for kind in kinds):
            raise TypeError("common_queue.dtypes must be [tf.string, tf.string]")
        self._readers = [reader_class(**reader_kwargs or {}) for _ in range(num_readers)]
        self._common_queue = common_queue

    @property
    def num_readers(self) -> int:
        """How many readers there are."""
        return len(self._readers)

    @property
    def common_queue(self) -> QueueBase:
        """The queue of the records."""
        return self._common_queue

    def read(self, queue: Any, name: str | None = None) -> Any:
        """The next record of the common queue; `queue` holds the names of the files."""
        self._fill_from(queue)
        return self._common_queue.dequeue(name=name)

    def read_up_to(self, queue: Any, num_records: Any, name: str | None = None) -> Any:
        """The next records, at most `num_records`. Raises: as the queue's `dequeue_up_to`."""
        self._fill_from(queue)
        return self._common_queue.dequeue_up_to(num_records, name)

    def _fill_from(self, queue: Any) -> None:
        puts = [self._common_queue.enqueue(reader.read(queue)) for reader in self._readers]
        add_queue_runner(QueueRunner(self._common_queue, puts))

    def num_records_produced(self, name: str | None = None) -> Tensor:
        """How many records all readers gave."""
        return add_n([reader.num_records_produced() for reader in self._readers], name=name)

    def num_work_units_completed(self, name: str | None = None) -> Tensor:
        """How many files all readers read to their end."""
        return add_n([reader.num_work_units_completed() for reader in self._readers], name=name)


def parallel_read(
    data_sources: Any,
    reader_class: Any,
    num_epochs: int | None = None,
    num_readers: int = 4,
    reader_kwargs: dict[str, Any] | None = None,
    shuffle: bool = True,
    dtypes: Any = None,
    capacity: int = 256,
    min_after_dequeue: int = 128,
    seed: int | None = None,
    scope: str | None = None,
) -> Any:
    """The next record (key, value) of files that `num_readers` readers read, shuffled or not."""
    files = get_data_files(data_sources)
    with g.name_scope(scope, "parallel_read"):
        names = string_input_producer(files, num_epochs, shuffle, seed, name="filenames")
        kinds = dtypes or [types.string, types.string]
        if shuffle:
            queue = RandomShuffleQueue(
                capacity, min_after_dequeue, kinds, seed=seed, name="common_queue"
            )
        else:
            queue = FIFOQueue(capacity, kinds, name="common_queue")
        size: Any = g.cast(queue.size(), types.float32)
        summary.scalar(f"fraction_of_{capacity}_full", size * (1.0 / capacity))
        return ParallelReader(reader_class, queue, num_readers, reader_kwargs).read(names)


def single_pass_read(
    data_sources: Any,
    reader_class: Any,
    reader_kwargs: dict[str, Any] | None = None,
    scope: str | None = None,
) -> Any:
    """The next record (key, value) of files that are read once and in order."""
    files = get_data_files(data_sources)
    with g.name_scope(scope, "single_pass_read"):
        names = string_input_producer(
            files, num_epochs=1, shuffle=False, capacity=1, name="filenames"
        )
        return reader_class(**reader_kwargs or {}).read(names)


def get_data_files(data_sources: Any) -> list[Any]:
    """The files that a name, a pattern, or a list of those stand for.

    Raises: ValueError when there are none.
    """
    if isinstance(data_sources, (list, tuple)):
        files = [name for source in data_sources for name in get_data_files(source)]
    elif any(mark in data_sources for mark in "*?["):
        files = gfile.glob(data_sources)
    else:
        files = [data_sources]
    if not files:
        raise ValueError(f"No data files found in {data_sources}")
    return files
