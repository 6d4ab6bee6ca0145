"""`tf.image`: flips, quarter turns, transposition.

Source: TF 1.15 python/ops/image_ops_impl.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import arithmetic, array, control_flow, math, random
from tailrace.library.image.checked import checked, three_or_four


def flip_left_right(image: Any) -> Tensor:
    """The image, or each image of a batch, mirrored left to right."""
    return _flip(image, 1, "flip_left_right")


def flip_up_down(image: Any) -> Tensor:
    """The image, or each image of a batch, mirrored top to bottom."""
    return _flip(image, 0, "flip_up_down")


def _flip(image: Any, axis: int, name: str) -> Tensor:
    with g.name_scope(None, name):
        image = checked(convert_to_tensor(image, name="image"))
        if three_or_four(image) == 4:
            return array.reverse(image, [axis + 1])
        return _shaped(array.reverse(image, [axis]), image)


def _shaped(result: Tensor, image: Tensor) -> Tensor:
    shape = image.get_shape()
    result.set_shape([None, None, None] if shape.ndims is None else shape)
    return result


def random_flip_left_right(image: Any, seed: int | None = None) -> Tensor:
    """The image mirrored left to right with probability 1/2; each of a batch by itself."""
    return _random_flip(image, 1, seed, "random_flip_left_right")


def random_flip_up_down(image: Any, seed: int | None = None) -> Tensor:
    """The image mirrored top to bottom with probability 1/2; each of a batch by itself."""
    return _random_flip(image, 0, seed, "random_flip_up_down")


def _random_flip(image: Any, axis: int, seed: int | None, name: str) -> Tensor:
    with g.name_scope(None, name) as scope:
        image = checked(convert_to_tensor(image, name="image"))
        if three_or_four(image) == 3:
            flips = arithmetic.less(random.random_uniform([], 0, 1.0, seed=seed), 0.5)
            result = control_flow.cond(
                flips, lambda: array.reverse(image, [axis]), lambda: image, name=scope
            )
            return _shaped(result, image)
        count = array.shape(image)[0]
        uniform = random.random_uniform([count], 0, 1.0, seed=seed)
        flips = math.round(array.reshape(uniform, [count, 1, 1, 1]))
        flips = arithmetic.cast(flips, image.dtype)
        flipped = array.reverse(image, [axis + 1])
        return flips * flipped + (1 - flips) * image


def rot90(image: Any, k: Any = 1, name: str | None = None) -> Tensor:
    """The image turned counter-clockwise k times by 90 degrees."""
    with g.name_scope(name, "rot90") as scope:
        image = checked(convert_to_tensor(image, name="image"))
        k = convert_to_tensor(k, dtypes.int32, name="k")
        k.get_shape().assert_has_rank(0)
        k = arithmetic.mod(k, 4)
        if three_or_four(image) == 4:
            result = _turned(image, k, 1, [0, 2, 1, 3], scope)
            shape = result.get_shape()
            result.set_shape([shape[0], None, None, shape[3]])
            return result
        result = _turned(image, k, 0, [1, 0, 2], scope)
        result.set_shape([None, None, image.get_shape()[2]])
        return result


def _turned(image: Tensor, k: Tensor, first: int, order: list[int], name: str) -> Tensor:
    def once() -> Tensor:
        return array.transpose(array.reverse(image, [first + 1]), order)

    def twice() -> Tensor:
        return array.reverse(image, [first, first + 1])

    def thrice() -> Tensor:
        return array.reverse(array.transpose(image, order), [first + 1])

    turns: list[Callable[[], Tensor]] = [once, twice, thrice]
    cases = [(arithmetic.equal(k, i + 1), turn) for i, turn in enumerate(turns)]
    return control_flow.case(cases, default=lambda: image, exclusive=True, name=name)


def transpose(image: Any, name: str | None = None) -> Tensor:
    """Rows and columns exchanged."""
    with g.name_scope(name, "transpose"):
        image = checked(convert_to_tensor(image, name="image"))
        order = [1, 0, 2] if three_or_four(image) == 3 else [0, 2, 1, 3]
        return array.transpose(image, order, name=name)


transpose_image = transpose
