"""Decorators that remember what they decorate, so that it can be found again.

Third-party code that copied TensorFlow's own decorators builds on these.

Source: TF 1.15 python/util/tf_decorator.py.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

_MARK = "_tf_decorator"


class _Decoration:
    """What was decorated, with what."""

    def __init__(self, name: str, target: Any, doc: str) -> None:
        self.decorator_name = name
        self.decorated_target = target
        self.decorator_doc = doc


def make_decorator(
    target: Any,
    decorator_func: Callable[..., Any],
    decorator_name: str | None = None,
    decorator_doc: str = "",
    decorator_argspec: Any = None,
) -> Callable[..., Any]:
    """`decorator_func` under the name and documentation of `target`, which it remembers.

    The signature that `inspect` shows is the target's; `decorator_argspec` is not needed for it.
    """
    name = decorator_name or decorator_func.__name__
    functools.update_wrapper(decorator_func, target)
    setattr(decorator_func, _MARK, _Decoration(name, target, decorator_doc))
    return decorator_func


def unwrap(maybe_decorated: Any) -> tuple[list[_Decoration], Any]:
    """The decorations from the outside in, and what is inside them all."""
    decorations: list[_Decoration] = []
    while hasattr(maybe_decorated, _MARK):
        decorations.append(getattr(maybe_decorated, _MARK))
        maybe_decorated = decorations[-1].decorated_target
    return decorations, maybe_decorated


def rewrap(decorator_func: Any, previous_target: Any, new_target: Any) -> Any:
    """Puts `new_target` where the decorations end in `previous_target`; returns the outermost."""
    decorations, _ = unwrap(decorator_func)
    for decoration in decorations:
        if decoration.decorated_target is previous_target:
            decoration.decorated_target = new_target
            return decorator_func
    return new_target
