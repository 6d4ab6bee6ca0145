"""`tf.flags`: absl's flags with the argument names and the implicit parsing of TensorFlow 1.

Source: TF 1.15 python/platform/flags.py.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any

from absl import flags as absl_flags

# messages about flags should name the program's module, not this one
absl_flags.disclaim_key_flags()

_OLD_KEYWORDS = {"flag_name": "name", "default_value": "default", "docstring": "help"}


def _with_old_keywords(define: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(define)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        renamed = {_OLD_KEYWORDS.get(key, key): value for key, value in kwargs.items()}
        return define(*args, **renamed)

    return wrapper


DEFINE_string = _with_old_keywords(absl_flags.DEFINE_string)
DEFINE_boolean = _with_old_keywords(absl_flags.DEFINE_boolean)
DEFINE_bool = DEFINE_boolean
DEFINE_float = _with_old_keywords(absl_flags.DEFINE_float)
DEFINE_integer = _with_old_keywords(absl_flags.DEFINE_integer)


class _Flags:
    """absl's FLAGS, parsed from the command line when the first value is read."""

    __slots__ = ("_absl",)

    def __init__(self, absl: absl_flags.FlagValues) -> None:
        object.__setattr__(self, "_absl", absl)

    def __getattr__(self, name: str) -> Any:
        absl: absl_flags.FlagValues = object.__getattribute__(self, "_absl")
        if name in absl and not absl.is_parsed():
            absl(sys.argv)
        return getattr(absl, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._absl, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._absl, name)

    def __getitem__(self, name: str) -> Any:
        return self._absl[name]

    def __setitem__(self, name: str, flag: Any) -> None:
        self._absl[name] = flag

    def __contains__(self, name: str) -> bool:
        return name in self._absl

    def __len__(self) -> int:
        return len(self._absl)

    def __iter__(self) -> Iterator[str]:
        return iter(self._absl)

    def __dir__(self) -> list[str]:
        return dir(self._absl)

    def __str__(self) -> str:
        return str(self._absl)

    def __call__(self, *args: Any, **kwargs: Any) -> list[str]:
        return self._absl(*args, **kwargs)

    def _parse_flags(self, args: list[str] | None = None) -> list[str]:
        """Parses the command line; programs written before TensorFlow 1.5 call it."""
        return self._absl([sys.argv[0], *(sys.argv[1:] if args is None else args)])


FLAGS = _Flags(absl_flags.FLAGS)
