"""A generator of Python as a source of elements.

Source: TF 1.15 python/data/ops/dataset_ops.py (from_generator).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import function_name, nest
from tailrace.library.data.functions import Structure
from tailrace.shapes import TensorShape


class Yields:
    """A generator of Python as the attribute of an operation: it checks what is yielded."""

    def __init__(self, generator: Callable[..., Any], structure: Structure) -> None:
        self.name = function_name("generator")
        self._generator = generator
        self._structure = structure

    def elements(self, *args: np.ndarray) -> Any:
        """The elements as lists of arrays. Raises: TypeError, ValueError where one does not fit."""
        for value in self._generator(*args):
            yield [
                _checked(part, dtype, shape)
                for part, dtype, shape in zip(
                    self._flat(value),
                    self._structure.flat_types,
                    self._structure.flat_shapes,
                    strict=True,
                )
            ]

    def _flat(self, value: Any) -> list[Any]:
        try:
            return nest.flatten_up_to(self._structure.types, value)
        except (TypeError, ValueError) as error:
            raise TypeError(
                "`generator` yielded an element that did not match the expected structure. The "
                f"expected structure was {self._structure.types}, but the yielded element was "
                f"{value}."
            ) from error


def _checked(value: Any, dtype: Any, shape: TensorShape) -> np.ndarray:
    try:
        if dtype is dtypes.string:
            array = np.array(value, dtype=object)
            if not all(isinstance(item, (str, bytes)) for item in array.reshape(-1).tolist()):
                raise TypeError("no string")
        else:
            array = np.asarray(value, dtype=dtype.as_numpy_dtype)
    except (TypeError, ValueError) as error:
        raise TypeError(
            "`generator` yielded an element that could not be converted to the expected type. The "
            f"expected type was {dtype.name}, but the yielded element was {value}."
        ) from error
    if not shape.is_compatible_with(array.shape):
        raise ValueError(
            f"`generator` yielded an element of shape {array.shape} where an element of shape "
            f"{shape} was expected."
        )
    return array
