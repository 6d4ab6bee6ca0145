"""Settings as one flat record, checked when made, kept as JSON."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar, Self

from tailrace.apps.errors import UserError


@dataclass(frozen=True)
class Record:
    """Base of an application's settings: a frozen dataclass whose fields all have defaults.

    Its `__post_init__` checks the values with the functions below. The options of the command line
    have the fields' names, with "-" for "_", and None as default.
    """

    # what its fields are called in messages
    _what: ClassVar[str] = "setting"

    @classmethod
    def of(cls, **given: Any) -> Self:
        """The settings given, the others by default.

        Raises: UserError for a setting that is unknown or cannot be.
        """
        unknown = sorted(set(given) - set(cls.names()))
        if unknown:
            raise UserError(f"no such {cls._what}: {', '.join(unknown)}")
        return cls(**given)

    @classmethod
    def names(cls) -> list[str]:
        """The names of all settings."""
        return [field.name for field in fields(cls)]

    @classmethod
    def given(cls, args: argparse.Namespace) -> dict[str, Any]:
        """The settings that a command line says."""
        found = {name: getattr(args, name, None) for name in cls.names()}
        return {name: value for name, value in found.items() if value is not None}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The settings that `to_json` wrote.

        Raises: UserError where a setting is missing, unknown or impossible.
        """
        if set(data) != set(cls.names()):
            odd = ", ".join(sorted(set(data) ^ set(cls.names())))
            raise UserError(f"settings missing or unknown: {odd}")
        return cls(**data)

    def to_json(self) -> dict[str, Any]:
        """The settings as JSON has them."""
        return asdict(self)

    def with_(self, **changes: Any) -> Self:
        """These settings with some of them changed."""
        return replace(self, **changes)


def option(name: str) -> str:
    """A setting's name as an option of the command line."""
    return "--" + name.replace("_", "-")


def choice(name: str, value: Any, allowed: Sequence[str]) -> None:
    """Raises UserError unless a value is one of those allowed."""
    if value not in allowed:
        raise UserError(f"{option(name)} {value}: must be one of {', '.join(allowed)}")


def number(name: str, value: Any, *, whole: bool = False) -> None:
    """Raises UserError unless a value is a finite number, a whole one if so wanted."""
    kind = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kind) or not math.isfinite(value):
        raise UserError(f"{option(name)} {value}: must be a {'whole ' if whole else ''}number")


def at_least(name: str, value: Any, least: float, *, whole: bool = True) -> None:
    """Raises UserError unless a value is a number, whole by default, not below `least`."""
    number(name, value, whole=whole)
    if value < least:
        raise UserError(f"{option(name)} {value}: must be at least {least:g}")


def above_zero(name: str, value: Any) -> None:
    """Raises UserError unless a value is a number above 0."""
    number(name, value)
    if value <= 0:
        raise UserError(f"{option(name)} {value}: must be above 0")


def within(name: str, value: Any, low: float, high: float) -> None:
    """Raises UserError unless low <= value < high."""
    number(name, value)
    if not low <= value < high:
        raise UserError(f"{option(name)} {value}: must be from {low:g} to below {high:g}")
