"""Iterators over datasets.

Source: TF 1.15 python/data/ops/iterator_ops.py.
"""

from __future__ import annotations

import contextlib
from typing import Any

from tailrace import dtypes
from tailrace.graph import Operation, Tensor, convert_to_tensor, g, get_default_graph, nest
from tailrace.library.array import as_list
from tailrace.library.data.functions import Structure
from tailrace.shapes import TensorShape


class Iterator:
    """A place in a dataset; `get_next` gives tensors that are another element in every run."""

    def __init__(
        self,
        iterator_resource: Tensor,
        initializer: Any,
        output_types: Any,
        output_shapes: Any = None,
        output_classes: Any = None,
    ) -> None:
        """Structures of types and shapes, as the properties of the same names give them.

        `output_classes` are dense tensors always.
        """
        self._iterator_resource = iterator_resource
        self._initializer = initializer
        self._structure = _structure(output_types, output_shapes)
        self._string_handle = g.IteratorToStringHandle(iterator_resource)

    @staticmethod
    def from_structure(
        output_types: Any,
        output_shapes: Any = None,
        shared_name: str | None = None,
        output_classes: Any = None,
    ) -> Iterator:
        """An iterator for every dataset of a structure: see `make_initializer`."""
        structure = _structure(output_types, output_shapes)
        with _on_cpu():
            resource = g.IteratorV2(
                container="", shared_name=shared_name or "", **structure.attrs()
            )
        return Iterator(resource, None, structure.types, structure.shapes)

    @staticmethod
    def from_string_handle(
        string_handle: Any,
        output_types: Any,
        output_shapes: Any = None,
        output_classes: Any = None,
    ) -> Iterator:
        """The iterator whose `string_handle()` is fed."""
        structure = _structure(output_types, output_shapes)
        handle = convert_to_tensor(string_handle, dtypes.string)
        with _on_cpu():
            resource = g.IteratorFromStringHandleV2(handle, **structure.attrs())
        return Iterator(resource, None, structure.types, structure.shapes)

    @property
    def initializer(self) -> Operation:
        """The operation that starts it. Raises: ValueError when it needs none."""
        if self._initializer is None:
            raise ValueError("Iterator does not have an initializer.")
        return self._initializer

    def make_initializer(self, dataset: Any, name: str | None = None) -> Operation:
        """An operation that starts the iterator on a dataset. Raises: TypeError when it differs."""
        ours, theirs = self._structure, dataset._structure
        nest.assert_same_structure(ours.types, theirs.types)
        for expected, found in zip(ours.flat_types, theirs.flat_types, strict=True):
            if expected is not found:
                raise TypeError(
                    f"Expected output types {ours.types!r} but got dataset with output types "
                    f"{theirs.types!r}."
                )
        for expected, found in zip(ours.flat_shapes, theirs.flat_shapes, strict=True):
            if not expected.is_compatible_with(found):
                raise TypeError(
                    f"Expected output shapes compatible with {ours.shapes!r} but got dataset with "
                    f"output shapes {theirs.shapes!r}."
                )
        with (
            g.name_scope(name, "make_initializer") as scope,
            g.colocate_with(self._iterator_resource.op),
        ):
            return g.MakeIterator(dataset._variant_tensor, self._iterator_resource, name=scope)

    def get_next(self, name: str | None = None) -> Any:
        """Tensors of the next element; a run fails with OutOfRangeError after the last."""
        found = g.IteratorGetNext(self._iterator_resource, name=name, **self._structure.attrs())
        return self._structure.pack(as_list(found))

    def string_handle(self, name: str | None = None) -> Tensor:
        """What stands for this iterator when it is fed."""
        if name is None:
            return self._string_handle
        return g.IteratorToStringHandle(self._iterator_resource, name=name)

    @property
    def output_types(self) -> Any:
        return self._structure.types

    @property
    def output_shapes(self) -> Any:
        return self._structure.shapes

    @property
    def output_classes(self) -> Any:
        return nest.map_structure(lambda _: Tensor, self._structure.types)


def is_element(tensor: Tensor) -> bool:
    """Whether an iterator gives the tensor."""
    return tensor.op.op_def.element


def _on_cpu() -> Any:
    """TF: an iterator is on the CPU when the program says nothing."""
    graph = get_default_graph()
    return contextlib.nullcontext() if graph._stack("devices") else graph.device("/cpu:0")


def _structure(output_types: Any, output_shapes: Any) -> Structure:
    types = nest.map_structure(dtypes.as_dtype, output_types)
    if output_shapes is None:
        return Structure(types, nest.map_structure(lambda _: TensorShape(None), types))
    shapes = nest.flatten_up_to(types, output_shapes)
    flat = [TensorShape(shape) for shape in shapes]
    return Structure(types, nest.pack_sequence_as(types, flat))
