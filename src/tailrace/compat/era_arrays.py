"""Methods that NumPy's arrays had when TensorFlow 1 programs were written.

TFRecord writers say `image.tostring()`. Put back for the process of `tailrace run` alone.

Sources: release notes of NumPy 2.0 and 2.3.
"""

from __future__ import annotations

import ctypes
import gc
from typing import Any

import numpy as np


def _itemset(array: np.ndarray, *args: Any) -> None:
    """Set the element at a place, `(i, j)`, `i, j` or a number into the flat array."""
    *place, value = args
    if len(place) == 1 and not isinstance(place[0], tuple):
        array.flat[place[0]] = value
    else:
        array[place[0] if len(place) == 1 else tuple(place)] = value


def _newbyteorder(array: np.ndarray, new_order: str = "S") -> np.ndarray:
    """The same bytes, read in another order."""
    return array.view(array.dtype.newbyteorder(new_order))  # pyright: ignore[reportArgumentType]


_METHODS: dict[type, dict[str, Any]] = {
    np.ndarray: {
        "itemset": _itemset,
        "newbyteorder": _newbyteorder,
        "ptp": np.ptp,
        "tostring": np.ndarray.tobytes,
    },
    np.generic: {"tostring": np.generic.tobytes},
}


def restore_arrays() -> None:
    """From here on arrays have these methods; those that are there are left alone."""
    for kind, methods in _METHODS.items():
        # a type of an extension takes no attributes from Python; its dictionary does
        (attributes,) = gc.get_referents(vars(kind))
        for name, method in methods.items():
            # NumPy 2 has some of the names as properties, which say that the method is gone
            if not callable(attributes.get(name)):
                attributes[name] = method
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))
