"""Datasets whose elements a function of the graph makes.

Source: TF 1.15 core/ops/dataset_ops.cc, core/kernels/data/{map,filter,flat_map,interleave,
parallel_interleave,reduce}_dataset_op.cc.
"""

from __future__ import annotations

import itertools
import os
from typing import Any

from tailrace import errors
from tailrace.ops.data.element import (
    ELEMENT,
    NO_GRADIENT,
    STATEFUL,
    TYPES,
    Dataset,
    Pass,
    declared,
)
from tailrace.registry import Attr, op

MAPPED = "input_dataset: variant, other_arguments: list(Targuments)"
MAP: dict[str, Any] = {
    "Targuments": Attr("list(type)"),
    **ELEMENT,
    "_context": True,
    **STATEFUL,
}
_HANDLE = "-> handle: variant"
_AUTOTUNE = -1


def mapped(run, dataset, arguments):
    """The results of a function for each element. After one that fails the walk goes on."""

    def result(element):
        return list(run(*element, *arguments))

    def elements(pass_):
        return map(result, dataset.elements(pass_))

    return Dataset(elements, mapping=(dataset, result))


@op(
    "MapDataset",
    f"{MAPPED} {_HANDLE}",
    f=Attr("func"),
    use_inter_op_parallelism=True,
    preserve_cardinality=False,
    **MAP,
)
def map_dataset(ctx, input_dataset, other_arguments, *, f):
    """A function's results for each element."""
    return mapped(ctx.function(f), input_dataset, other_arguments)


declared(map_dataset)


@op(
    "ParallelMapDataset",
    f"{MAPPED}, num_parallel_calls: int32 {_HANDLE}",
    f=Attr("func"),
    use_inter_op_parallelism=True,
    sloppy=False,
    preserve_cardinality=False,
    **MAP,
)
def parallel_map_dataset(ctx, input_dataset, other_arguments, num_parallel_calls, *, f):
    """A function's results for each element, in the elements' order."""
    return mapped(ctx.function(f), input_dataset, other_arguments)


declared(parallel_map_dataset)


@op("FilterDataset", f"{MAPPED} {_HANDLE}", predicate=Attr("func"), **MAP)
def filter_dataset(ctx, input_dataset, other_arguments, *, predicate):
    """The elements for which a function is true."""
    run = ctx.function(predicate)

    def wanted(element):
        return run(*element, *other_arguments)[0].item()

    return Dataset(lambda pass_: filter(wanted, input_dataset.elements(pass_)))


declared(filter_dataset)


@op("FlatMapDataset", f"{MAPPED} {_HANDLE}", f=Attr("func"), **MAP)
def flat_map_dataset(ctx, input_dataset, other_arguments, *, f):
    """The elements of the datasets a function makes of the elements."""
    run = ctx.function(f)

    def elements(pass_):
        for element in input_dataset.elements(pass_):
            yield from run(*element, *other_arguments)[0].elements(Pass())

    return Dataset(elements)


declared(flat_map_dataset)


def _interleaved(run, dataset, arguments, cycle_length, block_length):
    """Blocks from `cycle_length` datasets at a time, taken in turn."""
    if cycle_length == _AUTOTUNE:
        cycle_length = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    if cycle_length < 1 or block_length < 1:
        raise errors.invalid("cycle_length and block_length must be greater than zero.")

    def elements(pass_):
        source = dataset.elements(pass_)
        open_: list[Any] = [None] * cycle_length
        ended = False
        for slot in itertools.cycle(range(cycle_length)):
            if open_[slot] is None and not ended:
                element = next(source, None)
                if element is None:
                    ended = True
                else:
                    open_[slot] = run(*element, *arguments)[0].elements(Pass())
            if open_[slot] is not None:
                block = list(itertools.islice(open_[slot], block_length))
                yield from block
                if len(block) < block_length:
                    open_[slot] = None
            elif ended and not any(open_):
                return

    return Dataset(elements)


@op(
    "InterleaveDataset",
    f"{MAPPED}, cycle_length: int64, block_length: int64 {_HANDLE}",
    f=Attr("func"),
    _host=("cycle_length", "block_length"),
    **MAP,
)
def interleave_dataset(ctx, input_dataset, other_arguments, cycle_length, block_length, *, f):
    """Elements of several datasets, which a function makes of the elements, in turn."""
    run = ctx.function(f)
    return _interleaved(run, input_dataset, other_arguments, cycle_length, block_length)


declared(interleave_dataset)


@op(
    "ParallelInterleaveDatasetV2",
    f"{MAPPED}, cycle_length: int64, block_length: int64, num_parallel_calls: int64 {_HANDLE}",
    f=Attr("func"),
    sloppy=False,
    _host=("cycle_length", "block_length"),
    **MAP,
)
def parallel_interleave_dataset(
    ctx, input_dataset, other_arguments, cycle_length, block_length, num_parallel_calls, *, f
):
    """Elements of several datasets in turn, in a fixed order."""
    run = ctx.function(f)
    return _interleaved(run, input_dataset, other_arguments, cycle_length, block_length)


declared(parallel_interleave_dataset)


@op(
    "ParallelInterleaveDataset",
    f"{MAPPED}, cycle_length: int64, block_length: int64, sloppy: bool, "
    f"buffer_output_elements: int64, prefetch_input_elements: int64 {_HANDLE}",
    f=Attr("func"),
    _host=("cycle_length", "block_length"),
    **MAP,
)
def old_parallel_interleave_dataset(
    ctx,
    input_dataset,
    other_arguments,
    cycle_length,
    block_length,
    sloppy,
    buffer_output_elements,
    prefetch_input_elements,
    *,
    f,
):
    """Elements of several datasets in turn, in a fixed order even if `sloppy`."""
    run = ctx.function(f)
    return _interleaved(run, input_dataset, other_arguments, cycle_length, block_length)


declared(old_parallel_interleave_dataset)


@op(
    "ReduceDataset",
    "input_dataset: variant, initial_state: list(Tstate), other_arguments: list(Targuments) "
    "-> components: list(output_types)",
    f=Attr("func"),
    Tstate=TYPES,
    use_inter_op_parallelism=True,
    **MAP,
)
def reduce_dataset(ctx, input_dataset, initial_state, other_arguments, *, f):
    """The last state: a function of state and element gives the next one."""
    run = ctx.function(f)
    state = list(initial_state)
    for element in input_dataset.elements(Pass()):
        state = list(run(*state, *element, *other_arguments))
    return state


@reduce_dataset.shape
def reduce_dataset_shape(input_dataset, initial_state, other_arguments, *, output_shapes):
    return output_shapes


reduce_dataset.no_gradient(NO_GRADIENT)
