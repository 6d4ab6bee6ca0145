"""Tables of what two kinds of operators make: products, solutions, adjoints, inverses, roots.

Source: TF 1.15 python/ops/linalg/linear_operator_algebra.py, registrations_util.py.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from tailrace.graph import g

_Make = Callable[..., Any]
_TABLES: dict[str, dict[tuple[type, ...], _Make]] = {
    what: {} for what in ("Adjoint", "Cholesky", "Matmul", "Solve", "Inverse")
}


def register(what: str, *kinds: type) -> Callable[[_Make], _Make]:
    """`@register("Matmul", A, B)` before the function that makes the product of an A and a B."""

    def kept(make: _Make) -> _Make:
        _TABLES[what][kinds] = make
        return make

    return kept


def combine(what: str, *operators: Any) -> Any:
    """What the nearest registered classes say. Raises: ValueError when there are none."""
    table = _TABLES[what]
    orders = [list(enumerate(type(operator).__mro__)) for operator in operators]
    found = [
        (sum(place for place, _ in each), make)
        for each in itertools.product(*orders)
        if (make := table.get(tuple(kind for _, kind in each))) is not None
    ]
    if not found:
        kinds = ", ".join(type(operator).__name__ for operator in operators)
        raise ValueError(f"No {what.lower()} registered for {kinds}")
    with g.name_scope(what):
        return min(found, key=lambda pair: pair[0])[1](*operators)


# -- hints of a product of two that commute --------------------------------------------------------


def hints(a: Any, b: Any) -> dict[str, Any]:
    """What is known of the product of two diagonal operators."""
    known = a.is_self_adjoint, b.is_self_adjoint
    definite = a.is_positive_definite is True and b.is_positive_definite is True
    self_adjoint = None
    if all(known):
        self_adjoint = True
    elif set(known) == {True, False}:
        self_adjoint = False
    return {
        "is_non_singular": non_singular(a, b),
        "is_self_adjoint": self_adjoint,
        "is_positive_definite": True if definite and known == (True, True) else None,
        "is_square": True,
    }


def non_singular(a: Any, b: Any) -> bool | None:
    """Whether the product of two can be inverted."""
    if a.is_non_singular is False or b.is_non_singular is False:
        return False
    return a.is_non_singular and b.is_non_singular


def square(a: Any, b: Any) -> bool | None:
    """Whether the product of two is square."""
    if a.is_square and b.is_square:
        return True
    if a.is_square is False and b.is_square is False:
        return a.range_dimension == b.domain_dimension
    if a.is_square != b.is_square and a.is_square is not None:
        return False
    return None


def product_hints(a: Any, b: Any) -> dict[str, Any]:
    """What is known of the product of any two."""
    is_square = square(a, b)
    other = False if is_square is False else None
    return {
        "is_non_singular": non_singular(a, b) if is_square else other,
        "is_self_adjoint": other,
        "is_positive_definite": other,
        "is_square": is_square,
    }


def agreed(operator: Any, hint: str, given: bool | None, what: str) -> bool | None:
    """A hint that an operator and one made from it share. Raises: ValueError where they differ."""
    own = getattr(operator, hint)
    if (own is False and given) or (own and given is False):
        name = hint.removeprefix("is_").replace("_", "-")
        raise ValueError(f"An operator is {name} if and only if its {what} is {name}.")
    if own or given:
        return True
    return False if own is False or given is False else None


def all_agreed(operator: Any, given: dict[str, bool | None], what: str) -> dict[str, Any]:
    """The four hints by `agreed`."""
    return {hint: agreed(operator, hint, value, what) for hint, value in given.items()}
