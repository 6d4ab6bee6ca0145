"""Names that Python and NumPy had when TensorFlow 1 programs were written, and have no more.

Put back for the process of `tailrace run` alone, under modules the program imports itself.

`np.array(x, copy=False)` copies again where it must: NumPy 2 raises ValueError there. Rows of
different lengths become an array of objects again.

Sources: "What's New in Python" 3.8 to 3.11; release notes of NumPy 1.20, 1.24, 1.25 and 2.0.
"""

from __future__ import annotations

import base64
import builtins
import collections
import collections.abc
import fractions
import functools
import inspect
import json
import math
import random
import threading
import time
from typing import Any

import numpy as np

_numpy_array, _numpy_asarray, _numpy_fromstring = np.array, np.asarray, np.fromstring
_python_open, _python_sample, _python_shuffle = open, random.sample, random.shuffle
_python_loads, _python_load = json.loads, json.load


def _array(*args: Any, copy: Any = True, **options: Any) -> Any:
    """`np.array` to which `copy=False` is a wish, and which takes rows of different lengths."""
    return _uneven(_numpy_array, args, {"copy": None if copy is False else copy, **options})


def _asarray(*args: Any, **options: Any) -> Any:
    """`np.asarray` that takes rows of different lengths."""
    return _uneven(_numpy_asarray, args, options)


def _uneven(make: Any, args: Any, options: Any) -> Any:
    try:
        return make(*args, **options)
    except ValueError as error:
        is_free = len(args) < 2 and options.get("dtype") is None
        if not is_free or "inhomogeneous shape" not in str(error):
            raise
        return make(*args, **{**options, "dtype": object})


def _fromstring(string: Any, dtype: Any = float, count: int = -1, *, sep: str = "") -> np.ndarray:
    """`np.fromstring`, of bytes too."""
    if sep:
        return _numpy_fromstring(string, dtype, count, sep=sep)
    content = string.encode("latin-1") if isinstance(string, str) else string
    return np.frombuffer(content, dtype, count).copy()


def _open(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
    """`open` with the mode "U", which is what reading text does anyway."""
    plain = mode.replace("U", "")
    return _python_open(file, plain if plain.strip("bt") else f"r{plain}", *args, **options)


def _ignoring_encoding(function: Any) -> Any:
    @functools.wraps(function)
    def call(*args: Any, encoding: Any = None, **options: Any) -> Any:
        del encoding  # without effect since Python 3.1
        return function(*args, **options)

    return call


def _sample(population: Any, k: int, **options: Any) -> list[Any]:
    """`random.sample`, of sets too."""
    of_set = isinstance(population, collections.abc.Set)
    return _python_sample(tuple(population) if of_set else population, k, **options)


def _shuffle(x: Any, random: Any = None) -> None:
    """`random.shuffle`, with a source of numbers of one's own too."""
    if random is None:
        _python_shuffle(x)
        return
    for i in reversed(range(1, len(x))):
        j = int(random() * (i + 1))
        x[i], x[j] = x[j], x[i]


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
    np.asarray = functools.wraps(_numpy_asarray)(_asarray)
    np.fromstring = functools.wraps(_numpy_fromstring)(_fromstring)
    builtins.open = functools.wraps(_python_open)(_open)
    json.loads, json.load = map(_ignoring_encoding, (_python_loads, _python_load))
    random.sample = functools.wraps(_python_sample)(_sample)
    random.shuffle = functools.wraps(_python_shuffle)(_shuffle)
    abstract = {name: getattr(collections.abc, name) for name in collections.abc.__all__}
    _add(collections, abstract)
    _add(time, {"clock": time.process_time})
    _add(fractions, {"gcd": math.gcd})
    _add(inspect, {"getargspec": _argspec, "ArgSpec": ArgSpec})
    _add(threading.Thread, {"isAlive": threading.Thread.is_alive})
    _add(base64, {"encodestring": base64.encodebytes, "decodestring": base64.decodebytes})
    # numbers in printed lists and tuples read 2.0, not np.float32(2.0)
    np.set_printoptions(legacy="1.25")


def _add(module: Any, names: dict[str, Any]) -> None:
    # not hasattr: NumPy answers for some of these with a warning
    for name in names.keys() - vars(module).keys():
        setattr(module, name, names[name])
