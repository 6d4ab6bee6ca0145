"""What `tf.data.experimental` and `tf.contrib.data` add: functions for `Dataset.apply`.

Source: TF 1.15 python/data/experimental/ops/{batching,shuffle_ops,grouping}.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.library.data.dataset import Dataset
from tailrace.library.data.iterator import Iterator

Transformation = Callable[[Dataset], Dataset]


def map_and_batch(
    map_func: Callable[..., Any],
    batch_size: Any,
    num_parallel_batches: int | None = None,
    drop_remainder: bool = False,
    num_parallel_calls: Any = None,
) -> Transformation:
    """A function of each element, then batches."""
    return lambda dataset: dataset.map(map_func).batch(batch_size, drop_remainder)


def shuffle_and_repeat(
    buffer_size: int, count: int | None = None, seed: int | None = None
) -> Transformation:
    """A random order, then repetition."""
    return lambda dataset: dataset.shuffle(buffer_size, seed).repeat(count)


def batch_and_drop_remainder(batch_size: Any) -> Transformation:
    """Full batches only."""
    return lambda dataset: dataset.batch(batch_size, drop_remainder=True)


def prefetch_to_device(device: str, buffer_size: Any = None) -> Transformation:
    """The same elements."""
    return lambda dataset: dataset.prefetch(buffer_size)


def unbatch() -> Transformation:
    """Elements of batches, one by one."""

    def apply(dataset: Dataset) -> Dataset:
        def rows(first: Any, *rest: Any) -> Dataset:
            return Dataset.from_tensor_slices((first, *rest) if rest else first)

        return dataset.flat_map(rows)

    return apply


def parallel_interleave(
    map_func: Callable[..., Any],
    cycle_length: Any,
    block_length: Any = 1,
    sloppy: bool = False,
    buffer_output_elements: int | None = None,
    prefetch_input_elements: int | None = None,
) -> Transformation:
    """`Dataset.interleave`, in a fixed order also if `sloppy`."""
    return lambda dataset: dataset.interleave(map_func, cycle_length, block_length)


def make_one_shot_iterator(dataset: Dataset) -> Iterator:
    """An iterator over all elements once."""
    return dataset.make_one_shot_iterator()


def make_initializable_iterator(dataset: Dataset, shared_name: str | None = None) -> Iterator:
    """An iterator that has to be initialized."""
    return dataset.make_initializable_iterator(shared_name)


def get_output_types(dataset_or_iterator: Any) -> Any:
    """The types of an element, nested like it."""
    return dataset_or_iterator.output_types


def get_output_shapes(dataset_or_iterator: Any) -> Any:
    """The static shapes of an element, nested like it."""
    return dataset_or_iterator.output_shapes


def get_output_classes(dataset_or_iterator: Any) -> Any:
    """The classes of an element's parts, nested like it."""
    return dataset_or_iterator.output_classes
