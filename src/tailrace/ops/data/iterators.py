"""Iterators: where a session stands in a dataset.

Source: TF 1.15 core/ops/dataset_ops.cc, core/kernels/data/iterator_ops.cc.
"""

from __future__ import annotations

import threading

import numpy as np

from tailrace import errors
from tailrace.ops.data.element import ELEMENT, NO_GRADIENT, STATEFUL, Pass, scalar_shape
from tailrace.registry import Attr, op

_KIND = "iterator"


class Iterator:
    """A place in a dataset; runs of several threads may share it."""

    def __init__(self, name):
        self.name = name
        self._elements = None
        self._lock = threading.Lock()

    def start(self, dataset, fuses=False):
        """Goes to the beginning of a dataset; `fuses` as `OptimizeDataset` does."""
        pass_ = Pass()
        pass_.fuses = fuses
        with self._lock:
            self._elements = dataset.elements(pass_)

    @property
    def started(self):
        """Whether it has been given a dataset."""
        return self._elements is not None

    def next(self):
        """The next element. Raises: OutOfRangeError after the last, FailedPreconditionError."""
        if self._elements is None:
            raise errors.KernelError(
                errors.FailedPreconditionError,
                "GetNext() failed because the iterator has not been initialized. Ensure that you "
                "have run the initializer operation for this iterator before getting the next "
                "element.",
            )
        with self._lock:
            element = next(self._elements, None)
        if element is None:
            raise errors.KernelError(errors.OutOfRangeError, "End of sequence")
        return element


@op(
    "IteratorV2",
    "-> handle: resource",
    shared_name=Attr("string"),
    container=Attr("string"),
    **ELEMENT,
    _context=True,
    **STATEFUL,
)
def iterator(ctx):
    """An iterator that `MakeIterator` starts."""
    return ctx.resource(_KIND, Iterator)


iterator.shape(scalar_shape)
iterator.no_gradient(NO_GRADIENT)


@op(
    "OneShotIterator",
    "-> handle: resource",
    dataset_factory=Attr("func"),
    **ELEMENT,
    container="",
    shared_name="",
    _context=True,
    **STATEFUL,
)
def one_shot_iterator(ctx, *, dataset_factory):
    """An iterator that goes over the dataset of a function once."""
    found = ctx.resource(_KIND, Iterator)
    if not found.started:
        found.start(ctx.function(dataset_factory)()[0], fuses=True)
    return found


one_shot_iterator.shape(scalar_shape)
one_shot_iterator.no_gradient(NO_GRADIENT)


@op("MakeIterator", "dataset: variant, iterator: resource ->", **STATEFUL)
def make_iterator(dataset, iterator):
    """Puts an iterator at the beginning of a dataset."""
    iterator.start(dataset)


@make_iterator.shape
def make_iterator_shape(dataset, iterator):
    return []


make_iterator.no_gradient(NO_GRADIENT)


def _shapes(*_, output_shapes):
    return output_shapes


def _get_next(name):
    definition = op(
        name,
        "iterator: resource -> components: list(output_types)",
        **ELEMENT,
        _alias=True,
        _element=True,
        **STATEFUL,
    )(_next_element)
    definition.shape(_shapes)
    definition.missing_gradient(NO_GRADIENT)
    return definition


def _next_element(iterator):
    """The next element. Raises: OutOfRangeError after the last one."""
    return iterator.next()


iterator_get_next = _get_next("IteratorGetNext")
iterator_get_next_sync = _get_next("IteratorGetNextSync")


@op(
    "IteratorToStringHandle",
    "resource_handle: resource -> string_handle: string",
    _context=True,
    **STATEFUL,
)
def iterator_to_string_handle(ctx, resource_handle):
    """A name that stands for an iterator in a feed."""
    handle = f"tailrace iterator {resource_handle.name}".encode()
    ctx.store.resource("iterator handle", "", handle.decode(), lambda: resource_handle)
    result = np.empty((), dtype=object)
    result[()] = handle
    return result


iterator_to_string_handle.shape(scalar_shape)
iterator_to_string_handle.no_gradient(NO_GRADIENT)


@op(
    "IteratorFromStringHandleV2",
    "string_handle: string -> resource_handle: resource",
    output_types=Attr("list(type)", []),
    output_shapes=Attr("list(shape)", []),
    _context=True,
    **STATEFUL,
)
def iterator_from_string_handle(ctx, string_handle):
    """The iterator a name stands for. Raises: InvalidArgumentError for another string."""
    name = string_handle[()].decode("utf-8", "replace")

    def unknown():
        raise errors.invalid(f"{name!r} is no handle of an iterator of this session")

    return ctx.store.resource("iterator handle", "", name, unknown)


iterator_from_string_handle.shape(scalar_shape)
iterator_from_string_handle.no_gradient(NO_GRADIENT)
