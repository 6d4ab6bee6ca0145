"""The equations that say what steps look like, as written (see `plan.match`) and as read."""

from __future__ import annotations

import dataclasses
import functools
import re


@dataclasses.dataclass(frozen=True)
class Word:
    """Any value, or what an equation says of it."""

    name: str


@dataclasses.dataclass(frozen=True)
class Call:
    """An output, one of `outputs`, of a step of a type or group of types.

    `rest` is the word for all other inputs.
    """

    type: str
    args: tuple[Word | Call, ...]
    rest: str | None = None
    output: int = 0
    outputs: int = 1


Expression = Word | Call
Equations = dict[str, tuple[Expression, ...]]

_TOKEN = re.compile(r"\s*(\*?\w+|[(),])")


@functools.cache
def equations(text: str) -> Equations:
    """Read equations, one a line."""
    found: Equations = {}
    for line in filter(str.strip, text.splitlines()):
        left, _, right = line.partition("=")
        names = [name.strip() for name in left.split(",")]
        choices = [read_expression(part) for part in right.split("|")]
        for position, name in enumerate(names):
            outputs = [
                dataclasses.replace(c, output=position, outputs=len(names))
                if isinstance(c, Call)
                else c
                for c in choices
            ]
            found[name] = (*found.get(name, ()), *outputs)
    return found


def read_expression(text: str) -> Expression:
    """Read the right side of an equation."""
    tokens = _TOKEN.findall(text)
    expression = _read(tokens)
    assert not tokens, f"cannot read {text!r}"
    return expression


def _read(tokens: list[str]) -> Expression:
    name = tokens.pop(0)
    if not tokens or tokens[0] != "(":
        return Word(name)
    args: list[Expression] = []
    rest = None
    while tokens.pop(0) != ")":
        if tokens[0] == ")":
            continue
        if tokens[0].startswith("*"):
            rest = tokens.pop(0)[1:]
        else:
            args.append(_read(tokens))
    return Call(name, tuple(args), rest)
