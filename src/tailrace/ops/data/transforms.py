"""Datasets made of datasets: batches, orders, selections.

Source: TF 1.15 core/ops/dataset_ops.cc, core/kernels/data/*_dataset_op.cc,
core/grappler/optimizers/data/shuffle_and_repeat_fusion.cc.
"""

from __future__ import annotations

import itertools
import secrets
from typing import Any

import numpy as np
import torch

from tailrace import errors
from tailrace.native.philox import Draws, Position
from tailrace.ops.data.element import (
    ELEMENT,
    SHAPES,
    STATEFUL,
    TYPES,
    Dataset,
    batched,
    declared,
    row,
    shape_of,
)
from tailrace.ops.data.functions import MAP, MAPPED, mapped
from tailrace.registry import Attr, op

_INPUT = "input_dataset: variant"
_HANDLE = "-> handle: variant"


# -- batches ---------------------------------------------------------------------------------------


class _Chunks:
    """Lists of `size` elements; no generator, so that the walk goes on after an element fails."""

    def __init__(self, elements, size, drop_remainder):
        self._elements, self._size = iter(elements), size
        self._least = size if drop_remainder else 1

    def __iter__(self):
        return self

    def __next__(self):
        chunk = list(itertools.islice(self._elements, self._size))
        if len(chunk) < self._least:
            raise StopIteration
        return chunk


def _batches(dataset, size, drop_remainder, stack):
    if size <= 0:
        raise errors.invalid("Batch size must be greater than zero.")

    def elements(pass_):
        if dataset.mapping is None or not pass_.fuses:
            return map(stack, _Chunks(dataset.elements(pass_), size, drop_remainder))
        # TF: mapping and batching are one; an element that fails takes its whole batch along
        source, function = dataset.mapping

        def together(chunk):
            return stack([function(element) for element in chunk])

        return map(together, _Chunks(source.elements(pass_), size, drop_remainder))

    return Dataset(elements)


@op(
    "BatchDatasetV2",
    f"{_INPUT}, batch_size: int64, drop_remainder: bool {_HANDLE}",
    parallel_copy=False,
    **ELEMENT,
    _host=("batch_size", "drop_remainder"),
    **STATEFUL,
)
def batch_dataset(input_dataset, batch_size, drop_remainder):
    """`batch_size` elements stacked; the last ones too unless `drop_remainder`."""
    return _batches(input_dataset, batch_size, drop_remainder, batched)


declared(batch_dataset)


@op(
    "MapAndBatchDataset",
    f"{MAPPED}, batch_size: int64, num_parallel_calls: int64, drop_remainder: bool {_HANDLE}",
    f=Attr("func"),
    preserve_cardinality=False,
    _host=("batch_size", "drop_remainder"),
    **MAP,
)
def map_and_batch_dataset(
    ctx, input_dataset, other_arguments, batch_size, num_parallel_calls, drop_remainder, *, f
):
    """A function's results for each element, stacked."""
    results = mapped(ctx.function(f), input_dataset, other_arguments)
    return _batches(results, batch_size, drop_remainder, batched)


declared(map_and_batch_dataset)


@op("UnbatchDataset", f"{_INPUT} {_HANDLE}", **ELEMENT, **STATEFUL)
def unbatch_dataset(input_dataset):
    """The rows of each element, one by one. Raises: InvalidArgumentError for unequal numbers."""

    def elements(pass_):
        for element in input_dataset.elements(pass_):
            if any(len(part) != len(element[0]) for part in element):
                raise errors.invalid(
                    "Input element must have the same batch size in each component. Component 0 "
                    f"had size {len(element[0])}; the sizes are {[len(part) for part in element]}."
                )
            for i in range(len(element[0])):
                yield [row(part, i) for part in element]

    return Dataset(elements)


declared(unbatch_dataset)


@op(
    "PaddedBatchDatasetV2",
    f"{_INPUT}, batch_size: int64, padded_shapes: N*int64, "
    f"padding_values: list(Toutput_types), drop_remainder: bool {_HANDLE}",
    parallel_copy=False,
    Toutput_types=TYPES,
    output_shapes=SHAPES,
    _host=("batch_size", "padded_shapes", "drop_remainder"),
    **STATEFUL,
)
def padded_batch_dataset(input_dataset, batch_size, padded_shapes, padding_values, drop_remainder):
    """Elements stacked after they were filled up to one shape; -1 is the largest in the batch."""

    def stack(chunk):
        columns = zip(zip(*chunk, strict=True), padded_shapes, padding_values, strict=True)
        return [_padded(values, shape, filler) for values, shape, filler in columns]

    return _batches(input_dataset, batch_size, drop_remainder, stack)


declared(padded_batch_dataset)


def _padded(values, shape, filler):
    if any(len(value.shape) != len(shape) for value in values):
        raise errors.invalid(
            "All elements in a batch must have the same rank as the padded shape for component: "
            f"expected rank {len(shape)}, got {shape_of(values[0])}"
        )
    largest = [max(sizes) for sizes in zip(*(v.shape for v in values), strict=True)]
    for size, wanted in zip(largest, shape, strict=True):
        if wanted >= 0 and size > wanted:
            raise errors.invalid(
                f"Attempted to pad to a smaller size than the input element: {size} to {wanted}"
            )
    dims = [wanted if wanted >= 0 else size for size, wanted in zip(largest, shape, strict=True)]
    if isinstance(filler, torch.Tensor):
        result = filler.expand(len(values), *dims).clone()
    else:
        result = np.full([len(values), *dims], filler[()], dtype=object)
    for i, value in enumerate(values):
        result[(i, *(slice(size) for size in value.shape))] = value
    return result


@op(
    "WindowDataset",
    f"{_INPUT}, size: int64, shift: int64, stride: int64, drop_remainder: bool {_HANDLE}",
    **ELEMENT,
    _host=("size", "shift", "stride", "drop_remainder"),
    **STATEFUL,
)
def window_dataset(input_dataset, size, shift, stride, drop_remainder):
    """Each element a dataset for every component: `size` elements, `stride` apart."""

    def elements(pass_):
        everything = list(input_dataset.elements(pass_))
        for start in range(0, len(everything), shift):
            window = everything[start : start + size * stride : stride]
            if len(window) < size and drop_remainder:
                return
            columns = zip(*window, strict=True)
            yield [_dataset_of([[value] for value in column]) for column in columns]

    return Dataset(elements)


declared(window_dataset)


def _dataset_of(elements):
    return Dataset(lambda pass_: iter(elements))


# -- order -----------------------------------------------------------------------------------------


class _Shuffle:
    """Draws elements from a buffer. Several epochs share it, one after the other."""

    def __init__(self, seeds, size):
        self._draws = Draws(Position.from_seeds(*seeds))
        self._size = size

    def order(self, epochs):
        """`epochs` gives iterators; the elements of one all come before those of the next."""
        buffer: list[Any] = [None] * self._size
        slices, count = [[0, 0]], 0
        source = next(epochs, None)
        produced = False
        while True:
            while source is not None and count < self._size:
                element = next(source, None)
                if element is not None:
                    buffer[slices[-1][1] % self._size] = element
                    slices[-1][1] += 1
                    count += 1
                    produced = True
                    continue
                source = next(epochs, None) if produced else None
                if source is not None:
                    slices.append([slices[-1][1]] * 2)
            if not count:
                return
            while slices[0][0] == slices[0][1]:
                slices.pop(0)
            start, end = slices[0]
            at = (start + self._draws.word() % (end - start)) % self._size
            yield buffer[at]
            buffer[at] = buffer[start % self._size]
            slices[0][0] += 1
            count -= 1


class _Seeds:
    """Two seeds for each new walk over a dataset that is shuffled anew."""

    def __init__(self, seeds):
        self._draws = Draws(Position.from_seeds(*seeds))

    def pair(self):
        return self._draws.word(), self._draws.word()


def _chosen(seed, seed2):
    """The seeds; for two zeros some that nobody can foresee."""
    return (seed, seed2) if seed or seed2 else (secrets.randbits(63), secrets.randbits(63))


@op(
    "ShuffleDataset",
    f"{_INPUT}, buffer_size: int64, seed: int64, seed2: int64 {_HANDLE}",
    reshuffle_each_iteration=True,
    **ELEMENT,
    _host=("buffer_size", "seed", "seed2"),
    **STATEFUL,
)
def shuffle_dataset(input_dataset, buffer_size, seed, seed2, *, reshuffle_each_iteration):
    """The elements in a random order, drawn from the next `buffer_size` ones."""
    if buffer_size <= 0:
        raise errors.invalid("buffer_size must be greater than zero.")
    seeds = _chosen(seed, seed2)

    def elements(pass_):
        own = seeds
        if reshuffle_each_iteration:
            own = pass_.remember(dataset, lambda: _Seeds(seeds)).pair()
        return _Shuffle(own, buffer_size).order(iter([input_dataset.elements(pass_)]))

    fusible = (input_dataset, seeds, buffer_size) if reshuffle_each_iteration else None
    dataset = Dataset(elements, fusible)
    return dataset


declared(shuffle_dataset)


def _times(count):
    return itertools.repeat(None) if count < 0 else itertools.repeat(None, count)


@op("RepeatDataset", f"{_INPUT}, count: int64 {_HANDLE}", **ELEMENT, _host="count", **STATEFUL)
def repeat_dataset(input_dataset, count):
    """The elements again and again, `count` times; without end if it is negative."""

    def repeated(pass_):
        for _ in _times(count):
            empty = True
            for element in input_dataset.elements(pass_):
                empty = False
                yield element
            if empty and count < 0:
                return

    def elements(pass_):
        shuffle = input_dataset.shuffle
        if shuffle is None or not pass_.fuses:
            return repeated(pass_)
        return _shuffled_and_repeated(*shuffle, count=count).elements(pass_)

    return Dataset(elements)


declared(repeat_dataset)


def _shuffled_and_repeated(dataset, seeds, size, count):
    def elements(pass_):
        epochs = (dataset.elements(pass_) for _ in _times(count))
        return _Shuffle(seeds, size).order(epochs)

    return Dataset(elements)


@op(
    "ShuffleAndRepeatDataset",
    f"{_INPUT}, buffer_size: int64, seed: int64, seed2: int64, count: int64 {_HANDLE}",
    **ELEMENT,
    _host=("buffer_size", "seed", "seed2", "count"),
    **STATEFUL,
)
def shuffle_and_repeat_dataset(input_dataset, buffer_size, seed, seed2, count):
    """Shuffled and repeated, the buffer filled from the next epoch while the last one empties."""
    return _shuffled_and_repeated(input_dataset, _chosen(seed, seed2), buffer_size, count)


declared(shuffle_and_repeat_dataset)


@op(
    "OptimizeDataset",
    f"{_INPUT}, optimizations: string {_HANDLE}",
    **ELEMENT,
    optimization_configs=Attr("list(string)", []),
    **STATEFUL,
)
def optimize_dataset(input_dataset, optimizations):
    """The dataset, in which a shuffle and the repetition after it become one operation.

    Only that changes what comes out: the elements' order. TF: so it is in 1.15.
    """

    def elements(pass_):
        pass_.fuses = True
        return input_dataset.elements(pass_)

    return Dataset(elements)


declared(optimize_dataset)


@op("ModelDataset", f"{_INPUT} {_HANDLE}", algorithm=0, cpu_budget=0, **ELEMENT, **STATEFUL)
def model_dataset(input_dataset):
    """The dataset itself; TensorFlow tunes its threads here."""
    return input_dataset


declared(model_dataset)


@op(
    "PrefetchDataset",
    f"{_INPUT}, buffer_size: int64 {_HANDLE}",
    **ELEMENT,
    slack_period=0,
    legacy_autotune=True,
    **STATEFUL,
)
def prefetch_dataset(input_dataset, buffer_size):
    """The dataset itself: elements are made when they are asked for."""
    return input_dataset


declared(prefetch_dataset)


# -- selections ------------------------------------------------------------------------------------


@op("TakeDataset", f"{_INPUT}, count: int64 {_HANDLE}", **ELEMENT, _host="count", **STATEFUL)
def take_dataset(input_dataset, count):
    """The first `count` elements; all if it is negative."""
    limit = None if count < 0 else count
    return Dataset(lambda pass_: itertools.islice(input_dataset.elements(pass_), limit))


declared(take_dataset)


@op("SkipDataset", f"{_INPUT}, count: int64 {_HANDLE}", **ELEMENT, _host="count", **STATEFUL)
def skip_dataset(input_dataset, count):
    """The elements after the first `count`; none if it is negative."""
    if count < 0:
        return _dataset_of([])
    return Dataset(lambda pass_: itertools.islice(input_dataset.elements(pass_), count, None))


declared(skip_dataset)


@op(
    "ShardDataset",
    f"{_INPUT}, num_shards: int64, index: int64 {_HANDLE}",
    require_non_empty=False,
    **ELEMENT,
    _host=("num_shards", "index"),
    **STATEFUL,
)
def shard_dataset(input_dataset, num_shards, index):
    """Every `num_shards`-th element from the `index`-th on."""
    if not 0 <= index < num_shards:
        raise errors.invalid(
            f"index must be between 0 and {num_shards - 1} (currently index = {index}, num_shards "
            f"= {num_shards})."
        )
    return Dataset(
        lambda pass_: itertools.islice(input_dataset.elements(pass_), index, None, num_shards)
    )


declared(shard_dataset)


@op("IgnoreErrorsDataset", f"{_INPUT} {_HANDLE}", **ELEMENT, **STATEFUL)
def ignore_errors_dataset(input_dataset):
    """The elements that can be computed.

    Raises: the error after all, where the walk cannot go on behind the element that failed.
    """

    def elements(pass_):
        walk = iter(input_dataset.elements(pass_))
        while True:
            try:
                yield next(walk)
            except StopIteration:
                return
            except (errors.KernelError, errors.OpError):
                # a generator that failed has ended
                if getattr(walk, "gi_frame", walk) is None:
                    raise

    return Dataset(elements)


declared(ignore_errors_dataset)


@op("CacheDataset", f"{_INPUT}, filename: string {_HANDLE}", **ELEMENT, **STATEFUL)
def cache_dataset(input_dataset, filename):
    """The elements, kept when they were walked over once. Files are not used: memory is."""

    def elements(pass_):
        kept = pass_.remember(dataset, dict)
        if "all" in kept:
            yield from kept["all"]
            return
        seen = []
        for element in input_dataset.elements(pass_):
            seen.append(element)
            yield element
        kept["all"] = seen

    dataset = Dataset(elements)
    return dataset


declared(cache_dataset)


@op("ZipDataset", "input_datasets: N*variant -> handle: variant", **ELEMENT, **STATEFUL)
def zip_dataset(input_datasets):
    """Elements side by side, until one dataset ends."""

    def elements(pass_):
        walks = [dataset.elements(pass_) for dataset in input_datasets]
        for together in zip(*walks, strict=False):
            yield [value for element in together for value in element]

    return Dataset(elements)


declared(zip_dataset)


@op(
    "ConcatenateDataset",
    f"{_INPUT}, another_dataset: variant {_HANDLE}",
    **ELEMENT,
    **STATEFUL,
)
def concatenate_dataset(input_dataset, another_dataset):
    """The elements of one dataset, then those of another."""
    return Dataset(
        lambda pass_: itertools.chain(
            input_dataset.elements(pass_), another_dataset.elements(pass_)
        )
    )


declared(concatenate_dataset)
