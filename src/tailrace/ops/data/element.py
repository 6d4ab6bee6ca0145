"""What a dataset is while a session runs, and what the dataset operations share.

An element is a list of values, one for each component. `Dataset.elements(pass_)` starts a walk
over the elements; a `Pass` is the walk from the iterator's point of view and keeps what datasets
remember when they are walked again, as the seeds of a shuffle that is new in every epoch.

Source: TF 1.15 core/framework/dataset.h.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from tailrace import errors
from tailrace.registry import Attr

NO_GRADIENT = "elements of datasets are data"
TYPES = Attr("list(type)", minimum=1)
SHAPES = Attr("list(shape)", minimum=1)
ELEMENT: dict[str, Any] = {"output_types": TYPES, "output_shapes": SHAPES}
# TF declares few of them stateful, but never computes one before the run.
STATEFUL: dict[str, Any] = {"_stateful": True}

Element = list[Any]


class Pass:
    """An iterator's walk over a dataset."""

    def __init__(self) -> None:
        self.fuses = False  # whether a shuffle and its repetition are one
        self._remembered: dict[Any, Any] = {}

    def remember(self, dataset: Dataset, make: Callable[[], Any]) -> Any:
        """What belongs to a dataset for as long as the iterator is not initialized again."""
        found = self._remembered.get(dataset)
        return self._remembered.setdefault(dataset, make()) if found is None else found


class Dataset:
    """Elements that can be walked over again and again.

    `shuffle` is what a repetition of a shuffled dataset has to know: what is shuffled, the seeds
    and the size of the buffer. `mapping` is what batches of a function's results have to know: the
    dataset and the function.
    """

    def __init__(
        self,
        elements: Callable[[Pass], Iterator[Element]],
        shuffle: tuple[Dataset, tuple[int, int], int] | None = None,
        mapping: tuple[Dataset, Callable[[Element], Element]] | None = None,
    ) -> None:
        self.elements = elements
        self.shuffle = shuffle
        self.mapping = mapping


def scalar_shape(*_: Any, **__: Any) -> list[Any]:
    """The shape of a dataset as a tensor."""
    return [[]]


def declared(definition: Any) -> Any:
    """An operation that gives a dataset."""
    definition.shape(scalar_shape)
    definition.missing_gradient(NO_GRADIENT)
    return definition


def shape_of(value: Any) -> str:
    """A value's shape in words."""
    return f"[{','.join(str(d) for d in value.shape)}]"


def stacked(values: list[Any], component: int) -> Any:
    """The values of one component as a batch. Raises: InvalidArgumentError for unequal shapes."""
    first = values[0]
    for i, value in enumerate(values):
        if tuple(value.shape) != tuple(first.shape):
            raise errors.invalid(
                f"Cannot batch tensors with different shapes in component {component}. First "
                f"element had shape {shape_of(first)} and element {i} had shape {shape_of(value)}."
            )
    return torch.stack(values) if isinstance(first, torch.Tensor) else np.stack(values)


def batched(elements: list[Element]) -> Element:
    """Elements stacked component by component."""
    return [stacked(list(values), i) for i, values in enumerate(zip(*elements, strict=True))]


def row(component: Any, i: int) -> Any:
    """Row `i` of a tensor or an array of strings."""
    if isinstance(component, torch.Tensor):
        return component[i]
    return string(component[i]) if component.ndim == 1 else component[i]


def string(value: bytes) -> np.ndarray:
    """One string as a value."""
    array = np.empty((), dtype=object)
    array[()] = value
    return array
