"""Loops over the rows of tensors: `tf.map_fn`, `tf.scan`, `tf.foldl`, `tf.foldr`.

Source: TF 1.15 python/ops/functional_ops.py, map_fn.py.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from tailrace.graph import SparseTensor, Tensor, convert_to_tensor, g, nest
from tailrace.library.array import shape
from tailrace.library.control_flow import while_loop
from tailrace.library.tensor_array import TensorArray
from tailrace.library.variable_scope import get_variable_scope
from tailrace.shapes import TensorShape


class _Structure:
    """How to take a value apart and put it together like an example of it."""

    def __init__(self, example: Any) -> None:
        self.example = example
        self.nested = nest.is_sequence(example)

    def flatten(self, value: Any) -> list[Any]:
        return nest.flatten(value) if self.nested else [value]

    def pack(self, leaves: list[Any]) -> Any:
        return nest.pack_sequence_as(self.example, leaves) if self.nested else leaves[0]


@contextlib.contextmanager
def _variables_read_once() -> Iterator[None]:
    """TF: variables made in the function are cached where they are used."""
    scope = get_variable_scope()
    if scope.caching_device is not None:
        yield
        return
    scope.set_caching_device(lambda op: op.device)
    yield
    scope.set_caching_device(None)


def _check_callable(fn: Any) -> None:
    if not callable(fn):
        raise TypeError("fn must be callable.")


def _first_dimension(tensor: Tensor) -> int | None:
    dims = tensor._dims
    return None if dims is None else dims[0]


def _rows(tensor: Tensor) -> Any:
    """The number of rows, known when the graph runs."""
    sizes: Any = shape(tensor)
    return sizes[0]


def _set_first_dimension(results: list[Tensor], elems: list[Tensor]) -> None:
    count = elems[0].get_shape().with_rank_at_least(1)[0]
    for elem in elems[1:]:
        count.merge_with(elem.get_shape().with_rank_at_least(1)[0])
    for result in results:
        result.set_shape(TensorShape([count]).concatenate(result.get_shape()[1:]))


def map_fn(
    fn: Callable[[Any], Any],
    elems: Any,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
) -> Any:
    """`fn` of each row of `elems`, stacked. `elems` may be a structure of tensors, whose rows go
    together.

    `dtype` gives the types, and the structure, of what `fn` returns where they are not those of
    `elems`.
    """
    _check_callable(fn)
    if isinstance(elems, SparseTensor):
        raise TypeError(
            "To perform a map on the values of a sparse tensor use either "
            " SparseTensor(input.indices, fn(input.values), input.dense_shape) or "
            " SparseTensor(input.indices, map_fn(fn, input.values), input.dense_shape)"
        )
    rows = _Structure(elems)
    result = rows if dtype is None else _Structure(dtype)
    with g.name_scope(name, "map"), _variables_read_once():
        flat = [convert_to_tensor(elem, name="elem") for elem in rows.flatten(elems)]
        types = dtype or rows.pack([elem.dtype for elem in flat])
        if flat[0]._dims == ():
            raise ValueError("elems must be a 1+ dimensional Tensor, not a scalar")
        n = _first_dimension(flat[0]) or _rows(flat[0])
        arrays = [TensorArray(e.dtype, n, dynamic_size=False, infer_shape=True) for e in flat]
        arrays = [array.unstack(elem) for array, elem in zip(arrays, flat, strict=True)]
        i = g.constant(0)
        sums = [
            TensorArray(t, n, dynamic_size=False, infer_shape=infer_shape)
            for t in result.flatten(types)
        ]

        def compute(i: Any, written: list[TensorArray]) -> Any:
            values = fn(rows.pack([array.read(i) for array in arrays]))
            nest.assert_same_structure(types, values)
            pairs = zip(written, result.flatten(values), strict=True)
            written = [array.write(i, value) for array, value in pairs]
            return i + 1, written

        _, written = while_loop(
            lambda i, _: i < n,
            compute,
            (i, sums),
            parallel_iterations=parallel_iterations or 10,
            back_prop=back_prop,
            swap_memory=swap_memory,
            maximum_iterations=n,
        )
        results = [array.stack() for array in written]
        _set_first_dimension(results, flat)
    return result.pack(results)


def foldl(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """`fn(... fn(fn(initializer, row 0), row 1) ..., last row)`; the first row begins without
    initializer."""
    _check_callable(fn)
    with g.name_scope(name, "foldl"), _variables_read_once():
        n, arrays = _unstacked(elems)
        if initializer is None:
            start = nest.map_structure(lambda array: array.read(0), arrays)
            i = g.constant(1)
        else:
            start = initializer
            i = g.constant(0)

        def compute(i: Any, a: Any) -> list[Any]:
            a = fn(a, nest.map_structure(lambda array: array.read(i), arrays))
            return [i + 1, a]

        return while_loop(
            lambda i, a: i < n,
            compute,
            [i, start],
            parallel_iterations=parallel_iterations,
            back_prop=back_prop,
            swap_memory=swap_memory,
            maximum_iterations=n,
        )[1]


def foldr(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """`fn(fn(... fn(initializer, last row) ...), row 0)`; the last row may be the initializer."""
    _check_callable(fn)
    with g.name_scope(name, "foldr"), _variables_read_once():
        n, arrays = _unstacked(elems)
        if initializer is None:
            i = n - 1
            start = nest.map_structure(lambda array: array.read(i), arrays)
        else:
            i = n
            start = initializer

        def compute(i: Any, a: Any) -> list[Any]:
            i = i - 1
            return [i, fn(a, nest.map_structure(lambda array: array.read(i), arrays))]

        return while_loop(
            lambda i, a: i > 0,
            compute,
            [i, start],
            parallel_iterations=parallel_iterations,
            back_prop=back_prop,
            swap_memory=swap_memory,
            maximum_iterations=n,
        )[1]


def _unstacked(elems: Any) -> tuple[Any, Any]:
    """The number of rows, and a tensor array of rows for each tensor."""
    flat = [convert_to_tensor(elem, name="elem") for elem in nest.flatten(elems)]
    n = _first_dimension(flat[0]) or _rows(flat[0])

    def rows(elem: Any) -> TensorArray:
        return TensorArray(elem.dtype, n, dynamic_size=False, infer_shape=True).unstack(elem)

    return n, nest.map_structure(rows, elems)


def scan(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """All values that `foldl` goes through, stacked; with `reverse`, those from the last row to
    the first."""
    _check_callable(fn)
    rows = _Structure(elems)
    state = rows if initializer is None else _Structure(initializer)
    with g.name_scope(name, "scan"), _variables_read_once():
        flat = [convert_to_tensor(elem, name="elem") for elem in rows.flatten(elems)]
        n = _first_dimension(flat[0])
        n = _rows(flat[0]) if n is None else n
        arrays = [
            TensorArray(e.dtype, n, dynamic_size=False, element_shape=e.get_shape()[1:])
            for e in flat
        ]
        arrays = [array.unstack(elem) for array, elem in zip(arrays, flat, strict=True)]
        if initializer is None:
            start = [array.read(n - 1 if reverse else 0) for array in arrays]
            i: Any = 1
        else:
            start = [convert_to_tensor(value) for value in state.flatten(initializer)]
            i = 0
        kept = [
            TensorArray(
                value.dtype,
                n,
                element_shape=value.get_shape() if infer_shape else None,
                dynamic_size=False,
                infer_shape=infer_shape,
            )
            for value in start
        ]
        if initializer is None:
            pairs = zip(kept, start, strict=True)
            kept = [array.write(n - 1 if reverse else 0, value) for array, value in pairs]

        def compute(i: Any, a: list[Any], kept: list[TensorArray]) -> Any:
            row = rows.pack([array.read(i) for array in arrays])
            out = fn(state.pack(a), row)
            nest.assert_same_structure(state.example, out)
            out = state.flatten(out)
            kept = [array.write(i, value) for array, value in zip(kept, out, strict=True)]
            return i - 1 if reverse else i + 1, out, kept

        _, _, kept = while_loop(
            (lambda i, a, b: i >= 0) if reverse else (lambda i, a, b: i < n),
            compute,
            (n - 1 - i if reverse else i, start, kept),
            parallel_iterations=parallel_iterations,
            back_prop=back_prop,
            swap_memory=swap_memory,
            maximum_iterations=n,
        )
        results = [array.stack() for array in kept]
        _set_first_dimension(results, flat)
    return state.pack(results)
