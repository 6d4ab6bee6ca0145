"""The Kullback-Leibler divergence of two distributions, from a table of pairs of classes.

Source: TF 1.15 python/ops/distributions/kullback_leibler.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.graph import Tensor, g
from tailrace.library import arithmetic, array, control_flow, math
from tailrace.library.reductions import reduce_any

_DIVERGENCES: dict[tuple[type, type], Callable[..., Tensor]] = {}


class RegisterKL:
    """`@RegisterKL(A, B)` before `f(a, b, name=None)`: it gives KL(a || b) for an A and a B.

    Raises: TypeError unless f can be called, ValueError when the pair has a function already.
    """

    def __init__(self, dist_cls_a: type, dist_cls_b: type) -> None:
        self._key = (dist_cls_a, dist_cls_b)

    def __call__(self, kl_fn: Callable[..., Tensor]) -> Callable[..., Tensor]:
        if not callable(kl_fn):
            raise TypeError(f"kl_fn must be callable, received: {kl_fn}")
        if self._key in _DIVERGENCES:
            a, b = (kind.__name__ for kind in self._key)
            raise ValueError(
                f"KL({a} || {b}) has already been registered to: {_DIVERGENCES[self._key]}"
            )
        _DIVERGENCES[self._key] = kl_fn
        return kl_fn


def _registered(a: type, b: type) -> Callable[..., Tensor] | None:
    """The function of the nearest pair of base classes."""
    pairs = [
        (up_a + up_b, up_a, _DIVERGENCES[parent_a, parent_b])
        for up_a, parent_a in enumerate(a.__mro__)
        for up_b, parent_b in enumerate(b.__mro__)
        if (parent_a, parent_b) in _DIVERGENCES
    ]
    return min(pairs, key=lambda pair: pair[:2])[2] if pairs else None


def kl_divergence(
    distribution_a: Any, distribution_b: Any, allow_nan_stats: bool = True, name: str | None = None
) -> Tensor:
    """KL(a || b). Without `allow_nan_stats`, NaN is an error of the run.

    Raises: NotImplementedError when no function is registered for the two classes.
    """
    kl_fn = _registered(type(distribution_a), type(distribution_b))
    if kl_fn is None:
        raise NotImplementedError(
            "No KL(distribution_a || distribution_b) registered for distribution_a type "
            f"{type(distribution_a).__name__} and distribution_b type "
            f"{type(distribution_b).__name__}"
        )
    with g.name_scope("KullbackLeibler"):
        kl = kl_fn(distribution_a, distribution_b, name=name)
        if allow_nan_stats:
            return kl
        kl = array.identity(kl, name="kl")
        good = arithmetic.logical_not(reduce_any(math.is_nan(kl)))
        message = (
            f"KL calculation between {distribution_a.name} and {distribution_b.name} returned NaN "
            "values (and was called with allow_nan_stats=False). Values:"
        )
        with g.control_dependencies([control_flow.Assert(good, [message, kl])]):
            return array.identity(kl, name="checked_kl")


def cross_entropy(
    ref: Any, other: Any, allow_nan_stats: bool = True, name: str | None = None
) -> Tensor:
    """The entropy of `ref` and its divergence from `other` together."""
    with g.name_scope(name, "cross_entropy"):
        return ref.entropy() + kl_divergence(ref, other, allow_nan_stats=allow_nan_stats)
