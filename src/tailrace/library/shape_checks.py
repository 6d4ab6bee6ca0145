"""`tf.debugging.assert_shapes`: sizes that agree across tensors.

Source: TF 1.15 python/ops/check_ops.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tailrace.graph import Operation, Tensor, convert_to_tensor, g
from tailrace.library import array
from tailrace.library.checks import assert_rank, assert_rank_at_least, assert_rank_in
from tailrace.library.control_flow import Assert, cond, group


class _Sizes(NamedTuple):
    """A tensor, the sizes it has and those asked for, of its last axes alone or of all."""

    tensor: Tensor
    innermost: bool
    actual: Any
    wanted: tuple[Any, ...]


def assert_shapes(
    shapes: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Assert that tensors have the shapes given, a dict or pairs of tensor and shape.

    A size is a number, None or "." for any, or a name, which must mean the same size everywhere.
    A shape that begins with `...` or "*" speaks of the last axes only. A scalar counts as [1].

    Raises: ValueError for what is known to be wrong, InvalidArgumentError when run.
    """
    items = shapes.items() if isinstance(shapes, dict) else shapes
    message = message or ""
    with g.name_scope(name, "assert_shapes"):
        listed = [(convert_to_tensor(x), shape) for x, shape in items if shape is not None]
        sizes = [_sizes(tensor, shape, message) for tensor, shape in listed]
        ranks = [_rank_assertion(each, data, summarize, message, name) for each in sizes]
        checks = _size_assertions(sizes, data, summarize, message)
        with g.control_dependencies([check for check in ranks if check is not None]):
            return group(*checks)


def _sizes(tensor: Tensor, shape: Any, message: str) -> _Sizes:
    if not hasattr(shape, "__iter__"):
        raise ValueError(
            f"{message}.  Tensor {tensor.name}.  Specified shape must be an iterable.  "
            f"Received specified shape: {shape}"
        )
    wanted = tuple(shape)
    for axis, size in enumerate(wanted):
        if axis > 0 and (size is Ellipsis or size == "*"):
            raise ValueError(
                f"{message}.  Tensor {tensor.name} specified shape index {axis}.  Symbol `...` or "
                "`*` for a variable number of unspecified dimensions is only allowed as the first "
                "entry"
            )
    innermost = bool(wanted) and (wanted[0] is Ellipsis or wanted[0] == "*")
    actual = _actual(tensor)
    return _Sizes(tensor, innermost, actual, (wanted[1:] if innermost else wanted) or (1,))


def _actual(tensor: Tensor) -> Any:
    """The sizes of a tensor: numbers where they are known."""
    dynamic: Any = array.shape(tensor)
    dims = tensor._dims
    if dims is None:
        is_scalar = g.Equal(array.rank(tensor), 0)
        return cond(is_scalar, lambda: g.constant([1]), lambda: dynamic)
    return [dynamic[i] if size is None else size for i, size in enumerate(dims)] or [1]


def _rank_assertion(
    sizes: _Sizes, data: Any, summarize: int | None, message: str, name: str | None
) -> Operation | None:
    rank = len(sizes.wanted)
    settings: Any = {"data": data, "summarize": summarize, "message": message, "name": name}
    if sizes.innermost:
        return None if rank == 1 else assert_rank_at_least(sizes.tensor, rank, **settings)
    if rank == 1:
        return assert_rank_in(sizes.tensor, [0, 1], **settings)
    return assert_rank(sizes.tensor, rank, **settings)


def _known(size: Any) -> int | None:
    try:
        return int(size)
    except (TypeError, ValueError):
        return None


def _size_assertions(
    listed: list[_Sizes], data: Any, summarize: int | None, message: str
) -> list[Operation]:
    assertions = []
    named: dict[Any, tuple[Any, str]] = {}  # size and where it was first seen, by name
    for sizes in listed:
        for place, symbol in enumerate(sizes.wanted):
            if symbol is None or symbol == ".":
                continue
            axis = place - len(sizes.wanted) if sizes.innermost else place
            actual = sizes.actual[axis]
            if _known(symbol) is not None:
                wanted, source = _known(symbol), "Specified explicitly"
            elif symbol in named:
                wanted, source = named[symbol]
            else:
                source = f"Specified by tensor {sizes.tensor.name} dimension {axis}"
                named[symbol] = actual, source
                continue
            if _known(actual) is None or _known(wanted) is None:
                condition = g.Equal(convert_to_tensor(actual), convert_to_tensor(wanted))
                shown = data
                if data is None:
                    what = f"Tensor {sizes.tensor.name} dimension"
                    shown = [message, source, what, axis, "must have size", wanted]
                    shown += ["Received shape: ", array.shape(sizes.tensor)]
                assertions.append(Assert(condition, shown, summarize=summarize))
            elif actual != wanted:
                raise ValueError(
                    f"{message}.  {source}.  Tensor {sizes.tensor.name} dimension {axis} must have "
                    f"size {wanted}.  Received size {actual}, shape {sizes.tensor.get_shape()}"
                )
    return assertions
