"""Makes the functions that add one operation and no more, as TensorFlow's generator does."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from tailrace.graph import SparseTensor, Tensor, g

UnaryFunction = Callable[..., Any]


def unary(op_type: str, name: str, doc: str, *, of_sparse: bool = False) -> UnaryFunction:
    """A function `f(x, name=None)` that adds an `op_type`.

    `of_sparse`: of a SparseTensor it gives a SparseTensor, as f(0) = 0.
    """

    def function(x: Any, name: str | None = None) -> Tensor:
        return getattr(g, op_type)(x, name=name)

    return _named(sparse_too(function, op_type) if of_sparse else function, name, doc)


def binary(op_type: str, name: str, doc: str) -> Callable[..., Tensor]:
    """A function `f(x, y, name=None)` that adds an `op_type`."""

    def function(x: Any, y: Any, name: str | None = None) -> Tensor:
        return getattr(g, op_type)(x, y, name=name)

    return _named(function, name, doc)


def sparse_too(function: UnaryFunction, op_type: str) -> UnaryFunction:
    """Let `function(x, name=None)` take a SparseTensor as well: it is applied to the values.

    TF: it tries the SparseTensor itself first, which takes the name of the operation.
    """

    @functools.wraps(function)
    def either(x: Any, name: str | None = None) -> Any:
        if isinstance(x, SparseTensor):
            with g.name_scope(name, op_type):
                pass
            values = function(x.values, name=name)
            return SparseTensor(x.indices, values, x.dense_shape)
        return function(x, name=name)

    return _named(either, function.__name__.lstrip("_"), function.__doc__ or "")


def _named(function: UnaryFunction, name: str, doc: str) -> UnaryFunction:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function
