"""Arguments that have had several names, or have another one in another namespace.

Source: TF 1.15 python/util/deprecation.py.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any


def either(new_name: str, new: Any, old_name: str, old: Any) -> Any:
    """The value given under the new or the old name. Raises: ValueError when it is both."""
    if old is None:
        return new
    if new is not None:
        raise ValueError(f"Cannot specify both '{old_name}' and '{new_name}'")
    return old


def renamed(function: Callable[..., Any], name: str, **names: str) -> Callable[..., Any]:
    """`function` called `name`, with parameters called otherwise: `names` from new to old."""
    olds = {old: new for new, old in names.items()}
    signature = inspect.signature(function)
    parameters = [p.replace(name=olds.get(p.name, p.name)) for p in signature.parameters.values()]
    own = signature.replace(parameters=parameters)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        bound = own.bind(*args, **kwargs)
        return function(*bound.args, **{names.get(k, k): v for k, v in bound.kwargs.items()})

    call.__signature__ = own  # type: ignore[attr-defined]
    call.__name__ = call.__qualname__ = name
    return call
