"""What `tf.data.experimental` and `tf.contrib.data` add: functions for `Dataset.apply`.

Source: TF 1.15 python/data/experimental/ops/{batching,shuffle_ops,grouping}.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace import dtypes
from tailrace.graph import convert_to_tensor, g
from tailrace.library.data.dataset import Dataset, Leading, seed_tensors, types_of_captures
from tailrace.library.data.functions import Structure, element_function
from tailrace.library.data.iterator import Iterator

Transformation = Callable[[Dataset], Dataset]


def map_and_batch(
    map_func: Callable[..., Any],
    batch_size: Any,
    num_parallel_batches: int | None = None,
    drop_remainder: bool = False,
    num_parallel_calls: Any = None,
) -> Transformation:
    """A function of each element, then batches.

    Raises: ValueError for both `num_parallel_batches` and `num_parallel_calls`.
    """
    if num_parallel_calls is None:
        num_parallel_calls = batch_size * (num_parallel_batches or 1)
    elif num_parallel_batches is not None:
        raise ValueError(
            "The `num_parallel_batches` and `num_parallel_calls` arguments are mutually exclusive."
        )

    def apply(dataset: Dataset) -> Dataset:
        function, result = element_function(
            "tf_data_experimental_map_and_batch", map_func, dataset._structure
        )
        size = convert_to_tensor(batch_size, dtypes.int64, name="batch_size")
        calls = convert_to_tensor(num_parallel_calls, dtypes.int64, name="num_parallel_calls")
        drop = convert_to_tensor(drop_remainder, dtypes.bool, name="drop_remainder")
        structure = Structure.of(result).map_shapes(Leading(size, drop))
        variant = g.MapAndBatchDataset(
            dataset._variant_tensor,
            function.captured,
            size,
            calls,
            drop,
            f=function,
            preserve_cardinality=True,
            Targuments=types_of_captures(function),
            **structure.attrs(),
        )
        return Dataset(variant, structure)

    return apply


def ignore_errors() -> Transformation:
    """The elements that can be computed, without those that fail."""

    def apply(dataset: Dataset) -> Dataset:
        structure = dataset._structure
        variant = g.IgnoreErrorsDataset(dataset._variant_tensor, **structure.attrs())
        return Dataset(variant, structure)

    return apply


def shuffle_and_repeat(buffer_size: Any, count: Any = None, seed: Any = None) -> Transformation:
    """A random order, then repetition; an epoch's last elements mix with the next one's first."""

    def apply(dataset: Dataset) -> Dataset:
        size = convert_to_tensor(buffer_size, dtypes.int64, name="buffer_size")
        times = convert_to_tensor(-1 if count is None else count, dtypes.int64, name="count")
        variant = g.ShuffleAndRepeatDataset(
            dataset._variant_tensor,
            size,
            *seed_tensors(seed),
            times,
            **dataset._structure.attrs(),
        )
        return Dataset(variant, dataset._structure)

    return apply


def batch_and_drop_remainder(batch_size: Any) -> Transformation:
    """Full batches only."""
    return lambda dataset: dataset.batch(batch_size, drop_remainder=True)


def prefetch_to_device(device: str, buffer_size: Any = None) -> Transformation:
    """The same elements."""
    return lambda dataset: dataset.prefetch(buffer_size)


def unbatch() -> Transformation:
    """The rows of each element, one by one."""
    return lambda dataset: dataset.unbatch()


def parallel_interleave(
    map_func: Callable[..., Any],
    cycle_length: Any,
    block_length: Any = 1,
    sloppy: bool = False,
    buffer_output_elements: int | None = None,
    prefetch_input_elements: int | None = None,
) -> Transformation:
    """`Dataset.interleave`, in a fixed order also if `sloppy`."""

    def apply(dataset: Dataset) -> Dataset:
        function, structure = dataset._dataset_function(
            "tf_data_experimental_parallel_interleave", map_func
        )
        outputs, inputs = buffer_output_elements, prefetch_input_elements
        sizes = {
            "cycle_length": cycle_length,
            "block_length": block_length,
            "sloppy": sloppy,
            "buffer_output_elements": 2 * block_length if outputs is None else outputs,
            "prefetch_input_elements": 2 * cycle_length if inputs is None else inputs,
        }
        variant = g.ParallelInterleaveDataset(
            dataset._variant_tensor,
            function.captured,
            *(
                convert_to_tensor(
                    value, dtypes.bool if name == "sloppy" else dtypes.int64, name=name
                )
                for name, value in sizes.items()
            ),
            f=function,
            Targuments=types_of_captures(function),
            **structure.attrs(),
        )
        return Dataset(variant, structure)

    return apply


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
