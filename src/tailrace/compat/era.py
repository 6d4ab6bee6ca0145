"""Names that Python and NumPy had when TensorFlow 1 programs were written, and have no more.

Put back for the process of `tailrace run` alone, under modules the program imports itself.

`np.array(x, copy=False)` copies again where it must: NumPy 2 raises ValueError there.

Sources: "What's New in Python" 3.8, 3.10, 3.11; release notes of NumPy 1.20, 1.24, 1.25 and 2.0.
"""

from __future__ import annotations

import collections
import collections.abc
import fractions
import functools
import inspect
import math
import time
from typing import Any

import numpy as np

_numpy_array = np.array


def _array(*args: Any, copy: Any = True, **options: Any) -> Any:
    """`np.array` to which `copy=False` is a wish."""
    return _numpy_array(*args, copy=None if copy is False else copy, **options)


def _argspec(function: Any) -> Any:
    """`inspect.getargspec`: arguments, *args, **kwargs and defaults."""
    return ArgSpec(*inspect.getfullargspec(function)[:4])


ArgSpec = collections.namedtuple("ArgSpec", "args varargs keywords defaults")

_NUMPY: dict[str, Any] = {
    "Inf": np.inf,
    "Infinity": np.inf,
    "NAN": np.nan,
    "NINF": -np.inf,
    "NaN": np.nan,
    "PINF": np.inf,
    "alltrue": np.all,
    "asfarray": lambda a, dtype=np.float64: np.asarray(a, dtype),
    "asscalar": lambda a: a.item(),
    "bool8": np.bool_,
    "complex": complex,
    "complex_": np.complex128,
    "cumproduct": np.cumprod,
    "float": float,
    "float_": np.float64,
    "infty": np.inf,
    "int": int,
    "int0": np.intp,
    "mat": np.asmatrix,
    "msort": lambda a: np.sort(a, axis=0),
    "object": object,
    "product": np.prod,
    "rank": np.ndim,
    "round_": np.round,
    "sometrue": np.any,
    "str": str,
    "string_": np.bytes_,
    "unicode": str,
    "unicode_": np.str_,
}


def restore() -> None:
    """Adds what is missing and prints numbers as before; names that are there are left alone."""
    _add(np, _NUMPY)
    np.array = functools.wraps(_numpy_array)(_array)
    abstract = {name: getattr(collections.abc, name) for name in collections.abc.__all__}
    _add(collections, abstract)
    _add(time, {"clock": time.process_time})
    _add(fractions, {"gcd": math.gcd})
    _add(inspect, {"getargspec": _argspec, "ArgSpec": ArgSpec})
    # numbers in printed lists and tuples read 2.0, not np.float32(2.0)
    np.set_printoptions(legacy="1.25")


def _add(module: Any, names: dict[str, Any]) -> None:
    # not hasattr: NumPy answers for some of these with a warning
    for name in names.keys() - vars(module).keys():
        setattr(module, name, names[name])
