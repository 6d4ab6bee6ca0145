"""Images of three or four dimensions, as far as that is known.

Source: TF 1.15 python/ops/image_ops_impl.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import Tensor
from tailrace.library import array, checks, control_flow
from tailrace.library.variables import Variable


def is_tensor(value: Any) -> bool:
    """Whether the value is known only when the graph runs."""
    return isinstance(value, (Tensor, Variable))


def check(condition: Any, message: str) -> list[Any]:
    """An assertion in the graph, or none when the condition is known to hold.

    Raises: ValueError when it is known not to.
    """
    if is_tensor(condition):
        return [control_flow.Assert(condition, [message])]
    if not condition:
        raise ValueError(message)
    return []


def checks_of_image(image: Tensor) -> list[Any]:
    """The assertions that an image has at least three dimensions, none of size 0.

    Raises: ValueError when that is known not to hold.
    """
    shape = image.get_shape()
    if shape.ndims is not None and shape.ndims < 3:
        raise ValueError("'image' must be at least three-dimensional.")
    sizes = [None] * 3 if shape.ndims is None else shape.as_list()
    if 0 in sizes:
        raise ValueError(f"all dims of 'image.shape' must be > 0: {shape}")
    if None not in sizes:
        return []
    return [
        checks.assert_positive(array.shape(image), ["all dims of 'image.shape' must be > 0."]),
        checks.assert_greater_equal(
            array.rank(image), 3, message="'image' must be at least three-dimensional."
        ),
    ]


def checked(image: Tensor) -> Tensor:
    """The image, given after its checks."""
    return control_flow.with_dependencies(checks_of_image(image), image)


def sizes_of(image: Tensor, rank: int) -> list[Any]:
    """The sizes, as numbers where they are known and as tensors where not."""
    shape = image.get_shape()
    if shape.is_fully_defined():
        return shape.as_list()
    known = shape.with_rank(rank).as_list()
    tensors = array.unstack(array.shape(image), rank)
    return [t if k is None else k for k, t in zip(known, tensors, strict=True)]


def as_batch(image: Tensor) -> tuple[Tensor, bool]:
    """The image as a batch, and whether it was one. Raises: ValueError for other ranks."""
    ndims = image.get_shape().ndims
    if ndims == 4:
        return image, True
    if ndims not in (3, None):
        raise ValueError("'image' must have either 3 or 4 dimensions.")
    batch = array.expand_dims(image, 0)
    if ndims is None:
        batch.set_shape([None] * 4)
    return batch, False


def three_or_four(image: Tensor) -> int:
    """The rank, 3 where it is not known. Raises: ValueError for others."""
    ndims = image.get_shape().ndims
    if ndims not in (None, 3, 4):
        raise ValueError("'image' must have either 3 or 4 dimensions.")
    return ndims or 3
