"""Default arguments of functions for a part of a program: `with arg_scope([conv2d], stride=2)`.

Source: TF 1.15 contrib/framework/python/ops/arg_scope.py.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_Scope = dict[str, dict[str, Any]]

_stack: list[_Scope] = [{}]
_decorated: dict[str, tuple[str, ...]] = {}


def current_arg_scope() -> _Scope:
    """The arguments in force, by the functions' keys."""
    return _stack[-1]


def arg_scope_func_key(op: Any) -> str:
    """What scopes know a function by."""
    return getattr(op, "_key_op", str(op))


def has_arg_scope(func: Any) -> bool:
    """Whether `add_arg_scope` decorates the function."""
    return arg_scope_func_key(func) in _decorated


def arg_scoped_arguments(func: Any) -> tuple[str, ...]:
    """The names of the arguments a scope may set. Raises: ValueError for other functions."""
    if not has_arg_scope(func):
        raise ValueError(f"{_name(func)} is not decorated with @add_arg_scope")
    return _decorated[arg_scope_func_key(func)]


def _name(op: Any) -> tuple[Any, Any]:
    return getattr(op, "__module__", None), getattr(op, "__name__", None)


def add_arg_scope(func: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: arguments that are not given come from the scope."""
    key = arg_scope_func_key(func)

    @functools.wraps(func)
    def scoped(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **{**current_arg_scope().get(key, {}), **kwargs})

    code = func.__code__
    count = len(func.__defaults__ or ())
    _decorated[key] = code.co_varnames[code.co_argcount - count : code.co_argcount]
    scoped._key_op = key  # type: ignore[attr-defined]
    return scoped


@contextmanager
def arg_scope(list_ops_or_scope: Any, **kwargs: Any) -> Iterator[_Scope]:
    """A context in which the functions have these arguments; or in which a scope kept holds again.

    Raises: ValueError for a function that is not decorated, TypeError for neither list nor scope.
    """
    if isinstance(list_ops_or_scope, dict):
        if kwargs:
            raise ValueError("arguments cannot be given along with a scope that is used again")
        scope = dict(list_ops_or_scope)
    elif isinstance(list_ops_or_scope, (list, tuple)):
        scope = dict(current_arg_scope())
        for op in list_ops_or_scope:
            if not has_arg_scope(op):
                raise ValueError(f"{_name(op)} is not decorated with @add_arg_scope")
            key = arg_scope_func_key(op)
            scope[key] = {**scope.get(key, {}), **kwargs}
    else:
        raise TypeError("list_ops_or_scope must either be a list/tuple or reused scope (i.e. dict)")
    _stack.append(scope)
    try:
        yield scope
    finally:
        _stack.pop()
