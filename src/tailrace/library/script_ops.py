"""`tf.py_func`: functions of Python in the graph.

Source: TF 1.15 python/ops/script_ops.py.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from tailrace.graph import g, get_default_graph
from tailrace.library.array import as_list

_numbers = itertools.count()


def py_func(
    func: Callable[..., Any],
    inp: Any,
    Tout: Any,
    stateful: bool = True,
    name: str | None = None,
) -> Any:
    """What `func` returns for the values of `inp` as NumPy arrays: tensors of the types `Tout`.

    Returns: a list, or one tensor when Tout is no list; without types, the operation.
    Raises: ValueError when func is not callable.
    """
    if not callable(func):
        raise ValueError(f"Expected func to be callable, got func of type {type(func)}")
    several = isinstance(Tout, (list, tuple))
    types = list(Tout) if several else [Tout]
    token = f"pyfunc_{next(_numbers)}"
    get_default_graph()._py_functions[token] = func
    script = g.PyFunc if stateful else g.PyFuncStateless
    result = script(list(inp), token=token, Tout=types, name=name)
    if not types:
        return result
    return as_list(result) if several else as_list(result)[0]


def numpy_function(func: Callable[..., Any], inp: Any, Tout: Any, name: str | None = None) -> Any:
    """`py_func` of a function that may have state."""
    return py_func(func, inp, Tout, name=name)
