"""Datasets that choose among elements: `tf.data.experimental.sample_from_datasets` and its kin.

Source: TF 1.15 python/data/experimental/ops/{interleave_ops,random_ops,scan_ops,take_while_ops,
unique,counter,get_single_element}.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g, nest
from tailrace.library import arithmetic, array
from tailrace.library.data.dataset import (
    Dataset,
    common_shape,
    components_of,
    seed_tensors,
    types_of_captures,
)
from tailrace.library.data.functions import Structure, element_function
from tailrace.library.math import log
from tailrace.shapes import TensorShape

Transformation = Callable[[Dataset], Dataset]
_INTEGER = Structure(dtypes.int64, TensorShape([]))


class RandomDataset(Dataset):
    """Random integers below 2^32, without end."""

    def __init__(self, seed: Any = None) -> None:
        first, second = seed_tensors(seed)
        variant = g.RandomDataset(first, second, **_INTEGER.attrs())
        super().__init__(variant, _INTEGER)


def choose_from_datasets(datasets: Any, choice_dataset: Dataset) -> Dataset:
    """The next element of the dataset whose number `choice_dataset` gives.

    Raises: TypeError for choices that are no int64 scalars, and datasets of different types.
    """
    choices = choice_dataset._structure
    if choices.types is not dtypes.int64 or choices.shapes.ndims not in (None, 0):
        raise TypeError("`choice_dataset` must be a dataset of scalar `tf.int64` tensors.")
    return _directed(choice_dataset, datasets)


def _directed(selector: Dataset, datasets: Any) -> Dataset:
    listed = list(datasets)
    first = listed[0]._structure
    shapes = first.flat_shapes
    for dataset in listed[1:]:
        own = dataset._structure
        try:
            nest.assert_same_structure(first.types, own.types)
        except (TypeError, ValueError):
            raise TypeError("All datasets must have the same type and class.") from None
        if first.flat_types != own.flat_types:
            raise TypeError("All datasets must have the same type and class.")
        shapes = [common_shape(a, b) for a, b in zip(shapes, own.flat_shapes, strict=True)]
    structure = Structure(first.types, first.pack(shapes))
    variant = g.DirectedInterleaveDataset(
        selector._variant_tensor,
        [dataset._variant_tensor for dataset in listed],
        **structure.attrs(),
    )
    return Dataset(variant, structure)


def sample_from_datasets(datasets: Any, weights: Any = None, seed: Any = None) -> Dataset:
    """Elements of the datasets in a random order, each dataset as often as its weight says.

    `weights` is a vector, or a dataset of them. Raises: TypeError and ValueError for other weights.
    """
    count = len(datasets)
    if isinstance(weights, Dataset):
        logits = weights.map(lambda *p: log(p, name="logits"))
        seeds = RandomDataset(seed).batch(2)

        def select_dataset_varying_logits(logits: Any, seed: Any) -> Tensor:
            return _choice(logits, seed)

        both = Dataset.zip((logits, seeds))
        return _directed(both._map(select_dataset_varying_logits, inter_op=False), datasets)
    fixed: Any = [[1.0] * count]
    if weights is not None:
        weights = convert_to_tensor(weights, name="weights")
        if weights.dtype not in (dtypes.float32, dtypes.float64):
            raise TypeError(
                "`weights` must be convertible to a tensor of `tf.float32` or `tf.float64` "
                "elements."
            )
        if not weights.get_shape().is_compatible_with([count]):
            raise ValueError("`weights` must be a vector of length `len(datasets)`.")
        fixed = array.expand_dims(log(weights, name="logits"), 0)
    if count == 1:
        return datasets[0]

    def select_dataset_constant_logits(seed: Any) -> Tensor:
        return _choice(fixed, seed)

    selector = RandomDataset(seed).batch(2)._map(select_dataset_constant_logits, inter_op=False)
    return _directed(selector, datasets)


def _choice(logits: Any, seed: Any) -> Tensor:
    return array.squeeze(g.StatelessMultinomial(logits, 1, seed), axis=[0, 1])


def scan(initial_state: Any, scan_func: Callable[..., Any]) -> Transformation:
    """`scan_func(state, element)` gives the next state and what comes out.

    Raises: TypeError where it gives no pair, or a state of another type.
    """

    def apply(dataset: Dataset) -> Dataset:
        state = components_of(initial_state)
        structure = Structure.of(state)
        while True:
            own = dataset._structure
            both = Structure((structure.types, own.types), (structure.shapes, own.shapes))
            function, result = element_function("tf_data_experimental_scan", scan_func, both)
            if not isinstance(result, tuple) or len(result) != 2:
                raise TypeError(
                    "The scan function must return a pair comprising the new state and the output "
                    "value."
                )
            new, output = Structure.of(result[0]), Structure.of(result[1])
            if structure.flat_types != new.flat_types:
                raise TypeError(
                    "The element types for the new state must match the initial state. Expected "
                    f"{structure.types}; got {new.types}."
                )
            pairs = zip(structure.flat_shapes, new.flat_shapes, strict=True)
            wider = [common_shape(a, b) for a, b in pairs]
            if [str(s) for s in wider] == [str(s) for s in structure.flat_shapes]:
                break
            structure = Structure(structure.types, structure.pack(wider))
        variant = g.ScanDataset(
            dataset._variant_tensor,
            nest.flatten(state),
            function.captured,
            f=function,
            Tstate=structure.flat_types,
            Targuments=types_of_captures(function),
            preserve_cardinality=True,
            **output.attrs(),
        )
        return Dataset(variant, output)

    return apply


def Counter(start: Any = 0, step: Any = 1, dtype: Any = dtypes.int64) -> Dataset:
    """Numbers from `start` on, `step` apart, without end."""
    with g.name_scope("counter"):
        first = convert_to_tensor(start, dtype, name="start")
        distance = convert_to_tensor(step, dtype, name="step")
        counted = scan(first, lambda state, _: (arithmetic.add(state, distance), state))
        return counted(Dataset.from_tensors(0).repeat(None))


def enumerate_dataset(start: Any = 0) -> Transformation:
    """Each element with its number, from `start` on."""

    def apply(dataset: Dataset) -> Dataset:
        largest = dtypes.int64.max
        return Dataset.zip((Dataset.range(start, largest), dataset))

    return apply


def take_while(predicate: Callable[..., Any]) -> Transformation:
    """The elements before the first for which `predicate` is false.

    Raises: ValueError for a predicate that gives no scalar bool.
    """

    def apply(dataset: Dataset) -> Dataset:
        function, result = element_function(
            "tf_data_experimental_take_while", predicate, dataset._structure
        )
        if getattr(result, "dtype", None) is not dtypes.bool or result._dims not in (None, ()):
            raise ValueError("`predicate` must return a scalar boolean tensor.")
        variant = g.TakeWhileDataset(
            dataset._variant_tensor,
            function.captured,
            predicate=function,
            Targuments=types_of_captures(function),
            **dataset._structure.attrs(),
        )
        return Dataset(variant, dataset._structure)

    return apply


def unique() -> Transformation:
    """Each element the first time it comes. Raises: TypeError for no integers or strings."""

    def apply(dataset: Dataset) -> Dataset:
        if dataset.output_types not in (dtypes.int32, dtypes.int64, dtypes.string):
            raise TypeError(
                "`tf.data.experimental.unique()` only supports inputs with a single `tf.int32`, "
                "`tf.int64`, or `tf.string` component."
            )
        variant = g.UniqueDataset(dataset._variant_tensor, **dataset._structure.attrs())
        return Dataset(variant, dataset._structure)

    return apply


def get_single_element(dataset: Any) -> Any:
    """The only element of a dataset. Raises: TypeError for something else."""
    if not isinstance(dataset, Dataset):
        raise TypeError("`dataset` must be a `tf.data.Dataset` object.")
    structure = dataset._structure
    found = g.DatasetToSingleElement(dataset._variant_tensor, **structure.attrs())
    return structure.pack(found if isinstance(found, list) else list(found))
