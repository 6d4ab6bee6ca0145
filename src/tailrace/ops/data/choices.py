"""Datasets that choose among elements: at random, by a condition, by another dataset.

Source: TF 1.15 core/ops/experimental_dataset_ops.cc, core/kernels/data/experimental/
{random_dataset,directed_interleave_dataset,scan_dataset,take_while_dataset,unique_dataset}_op.cc,
core/kernels/data/iterator_ops.cc.
"""

from __future__ import annotations

import secrets

import torch

from tailrace import errors
from tailrace.native.philox import Draws, Position
from tailrace.ops.data.element import ELEMENT, NO_GRADIENT, STATEFUL, TYPES, Dataset, Pass, declared
from tailrace.registry import Attr, op

_HANDLE = "-> handle: variant"
_INPUT = "input_dataset: variant"
_ARGUMENTS = Attr("list(type)")


@op(
    "RandomDataset",
    f"seed: int64, seed2: int64 {_HANDLE}",
    **ELEMENT,
    _host=("seed", "seed2"),
    **STATEFUL,
)
def random_dataset(seed, seed2):
    """Random integers below 2^32, without end; from two zeros others in each run."""
    seeds = (seed, seed2) if seed or seed2 else (secrets.randbits(63), secrets.randbits(63))

    def elements(pass_):
        draws = Draws(Position.from_seeds(*seeds))
        while True:
            yield [torch.tensor(int(draws.word()), dtype=torch.int64)]

    return Dataset(elements)


declared(random_dataset)


@op(
    "DirectedInterleaveDataset",
    f"selector_input_dataset: variant, data_input_datasets: N*variant {_HANDLE}",
    **ELEMENT,
    **STATEFUL,
)
def directed_interleave_dataset(selector_input_dataset, data_input_datasets):
    """The next element of the dataset whose number the selector gives; empty ones are passed over.

    Raises: InvalidArgumentError for a number that is none.
    """

    def elements(pass_):
        sources = [dataset.elements(pass_) for dataset in data_input_datasets]
        left = len(sources)
        for (chosen,) in selector_input_dataset.elements(pass_):
            number = int(chosen)
            if not 0 <= number < len(sources):
                raise errors.invalid(f"Selector index out of range: {number} >= {len(sources)}")
            element = next(sources[number], None)
            if element is not None:
                yield element
                continue
            left -= sources[number] is not _ENDED
            sources[number] = _ENDED
            if not left:
                return

    return Dataset(elements)


_ENDED = iter(())
declared(directed_interleave_dataset)


@op(
    "ScanDataset",
    f"{_INPUT}, initial_state: list(Tstate), other_arguments: list(Targuments) {_HANDLE}",
    f=Attr("func"),
    Tstate=TYPES,
    Targuments=_ARGUMENTS,
    preserve_cardinality=False,
    _context=True,
    **ELEMENT,
    **STATEFUL,
)
def scan_dataset(ctx, input_dataset, initial_state, other_arguments, *, f, Tstate):
    """A function of state and element gives the next state and what comes out."""
    run = ctx.function(f)

    def elements(pass_):
        state = list(initial_state)
        for element in input_dataset.elements(pass_):
            results = list(run(*state, *element, *other_arguments))
            state = results[: len(Tstate)]
            yield results[len(Tstate) :]

    return Dataset(elements)


declared(scan_dataset)


@op(
    "TakeWhileDataset",
    f"{_INPUT}, other_arguments: list(Targuments) {_HANDLE}",
    predicate=Attr("func"),
    Targuments=_ARGUMENTS,
    _context=True,
    **ELEMENT,
    **STATEFUL,
)
def take_while_dataset(ctx, input_dataset, other_arguments, *, predicate):
    """The elements before the first for which a function is false."""
    run = ctx.function(predicate)

    def elements(pass_):
        for element in input_dataset.elements(pass_):
            if not run(*element, *other_arguments)[0].item():
                return
            yield element

    return Dataset(elements)


declared(take_while_dataset)


@op("UniqueDataset", f"{_INPUT} {_HANDLE}", **ELEMENT, **STATEFUL)
def unique_dataset(input_dataset):
    """Each element the first time it comes."""

    def elements(pass_):
        seen = set()
        for element in input_dataset.elements(pass_):
            value = element[0].item()
            if value not in seen:
                seen.add(value)
                yield element

    return Dataset(elements)


declared(unique_dataset)


@op(
    "DatasetToSingleElement",
    "dataset: variant -> components: list(output_types)",
    **ELEMENT,
    **STATEFUL,
)
def dataset_to_single_element(dataset):
    """The only element. Raises: InvalidArgumentError for none, or more than one."""
    source = dataset.elements(Pass())
    element = next(source, None)
    if element is None:
        raise errors.invalid("Dataset was empty.")
    if next(source, None) is not None:
        raise errors.invalid("Dataset had more than one element.")
    return element


@dataset_to_single_element.shape
def dataset_to_single_element_shape(dataset, *, output_shapes):
    return output_shapes


dataset_to_single_element.missing_gradient(NO_GRADIENT)
