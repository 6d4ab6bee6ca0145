"""Hessian-free optimization: Newton steps whose equations conjugate gradients solve.

A step minimises the quadratic model

    q(d) = f(x) + f'(x) d + d' (G + damping I) d / 2

by preconditioned conjugate gradients from the last step's solution, goes back along its iterates
while that lowers the loss, searches along what is left, and adapts the damping to how well the
model foretold the loss (Levenberg, Marquardt).

Source: Martens, "Deep learning via Hessian-free optimization", 2010; Martens, Sutskever, 2011;
"Training deep and recurrent networks with Hessian-free optimization", 2012.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tailrace.graph import Tensor, get_default_graph
from tailrace.library.optimizers.gauss_newton import Feeds, GaussNewton, Vector
from tailrace.library.scopes import name_scope
from tailrace.library.variable_lists import trainable_variables

# iterates of conjugate gradients kept for going back: each so many times later than the one before
_SPREAD = 1.3
# the damping grows or shrinks by this where the model foretells less or more than these parts
_CHANGE, _POOR, _GOOD = 1.5, 0.25, 0.75
# of the last solution, where the next search begins
_KEPT = 0.95
# a step is shortened by this, so often, before it is given up
_SHORTER, _TRIES = 0.8, 60
# of the decrease that the gradient promises, what has to come
_PROMISED = 1e-2


@dataclass(frozen=True)
class HessianFreeStep:
    """What a step came to."""

    loss: float  # before it
    new_loss: float  # behind it
    damping: float  # for the next one
    ratio: float  # of the decrease to what the model foretold
    cg_iterations: int
    length: float  # part of the direction that was taken; 0: the step was given up


class HessianFreeOptimizer:
    """Minimises a loss by Hessian-free optimization; works between the runs of a session.

    Args:
        loss: a scalar, convex in `outputs`, that depends on the variables through them alone.
        outputs: tensors before the loss, such as logits; a tensor or a list.
        var_list: the variables; all trainable ones by default.
        hidden: activations [B, H] for structural damping.
        damping: the first value of what is added to the diagonal; `damping` is where it stands.
        structural: structural damping in parts of the damping.
        cg_iterations, cg_tolerance: at most so many products a step; fewer where the model gains
            less than the tolerance per iteration, relatively.
        preconditioner: the power of the preconditioner's diagonal; 0 is none.
        probes: how often the diagonal is drawn.

    All of it needs second derivatives, which TensorFlow 1 refuses to dynamic loops and to
    `sparse_softmax_cross_entropy_with_logits`: unroll the network (`tf.nn.static_rnn`), and give
    labels as one-hot vectors.
    """

    def __init__(
        self,
        loss: Tensor,
        outputs: Any,
        var_list: Any = None,
        *,
        hidden: Any = (),
        damping: float = 1.0,
        structural: float = 0.0,
        cg_iterations: int = 100,
        cg_tolerance: float = 5e-4,
        preconditioner: float = 0.75,
        probes: int = 4,
        name: str = "HessianFree",
    ) -> None:
        variables = trainable_variables() if var_list is None else list(var_list)
        if not variables:
            raise ValueError("HessianFreeOptimizer: no variables to optimize")
        outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        with get_default_graph().as_default(), name_scope(name):
            self._model = GaussNewton(loss, outputs, list(hidden), variables)
        self.damping = damping
        self._structural = structural
        self._cg_iterations, self._cg_tolerance = cg_iterations, cg_tolerance
        self._preconditioner, self._probes = preconditioner, probes
        self._start = np.zeros(self._model.size)

    def minimize(
        self,
        session: Any,
        feed_dict: Feeds | None = None,
        steps: int = 1,
        step_callback: Callable[[HessianFreeStep], Any] | None = None,
    ) -> HessianFreeStep:
        """Some steps on the same data; returns the last one."""
        done = self.step(session, feed_dict)
        for _ in range(steps - 1):
            if step_callback is not None:
                step_callback(done)
            done = self.step(session, feed_dict)
        if step_callback is not None:
            step_callback(done)
        return done

    def step(
        self, session: Any, feed_dict: Feeds | None = None, curvature_feed: Feeds | None = None
    ) -> HessianFreeStep:
        """One step. The curvature may be that of less data than the gradient.

        Raises: FloatingPointError where the loss is not a finite number.
        """
        feeds = dict(feed_dict or {})
        curvature = feeds if curvature_feed is None else dict(curvature_feed)
        model = self._model
        loss, slope = model.gradient(session, feeds)
        if not (math.isfinite(loss) and np.isfinite(slope).all()):
            raise FloatingPointError(f"HessianFreeOptimizer: the loss is {loss}, or its gradient")
        here = model.read(session)
        iterates = list(self._solve(session, slope, curvature))
        number, last = iterates[-1]
        curved = last @ model.product(session, last, curvature, 0.0)

        def value(direction: Vector) -> float:
            model.write(session, here + direction)
            return _finite(model.value(session, feeds))

        direction, found, at_last = _gone_back([one for _, one in iterates], value)
        length, new_loss = _searched(direction, found, loss, float(slope @ direction), value)
        model.write(session, here + length * direction)
        ratio = self._adapt(at_last - loss, float(slope @ last + curved / 2))
        self._start = _KEPT * last if length else np.zeros_like(here)
        return HessianFreeStep(loss, new_loss, self.damping, ratio, number, length)

    def _adapt(self, change: float, foretold: float) -> float:
        """Levenberg and Marquardt's rule; returns the ratio it goes by."""
        ratio = change / foretold if foretold < 0 and math.isfinite(change) else -math.inf
        if ratio < _POOR:
            self.damping *= _CHANGE
        elif ratio > _GOOD:
            self.damping /= _CHANGE
        return ratio

    def _solve(self, session: Any, slope: Vector, feeds: Feeds) -> Iterator[tuple[int, Vector]]:
        """Iterates of conjugate gradients, spread out, the last one last, with their numbers."""
        model, structural = self._model, self.damping * self._structural

        def product(vector: Vector) -> Vector:
            return model.product(session, vector, feeds, structural) + self.damping * vector

        scale = self._diagonal(session, feeds)
        return conjugate_gradients(
            product, -slope, self._start, scale, self._cg_iterations, self._cg_tolerance
        )

    def _diagonal(self, session: Any, feeds: Feeds) -> Vector:
        if not self._preconditioner:
            return np.ones(self._model.size)
        squares = [self._model.squares(session, feeds) for _ in range(self._probes)]
        return (np.mean(squares, axis=0) + self.damping) ** self._preconditioner


def conjugate_gradients(
    product: Callable[[Vector], Vector],
    wanted: Vector,
    start: Vector,
    scale: Vector,
    iterations: int,
    tolerance: float,
) -> Iterator[tuple[int, Vector]]:
    """Solves A x = b; yields iterates ever further apart, and the last one, with their numbers.

    `scale` is the diagonal of the preconditioner. It ends after `iterations`, or where over the
    last k = max(10, i / 10) of i iterations the model x' A x / 2 - b' x fell by less than k times
    the tolerance, relatively.
    """
    x = start.copy()
    residual = product(x) - wanted
    scaled = residual / scale
    direction, size = -scaled, float(residual @ scaled)
    models: list[float] = []
    following = 1.0
    for number in range(1, iterations + 1):
        along = product(direction)
        curvature = float(direction @ along)
        if curvature <= 0 or size <= 0:
            # rounding has eaten what is left to gain, or A is not positive
            yield number, x
            return
        length = size / curvature
        x = x + length * direction
        residual = residual + length * along
        scaled = residual / scale
        size, before = float(residual @ scaled), size
        direction = size / before * direction - scaled
        models.append(float(x @ (residual - wanted)) / 2)
        if number == iterations or _is_done(models, tolerance):
            yield number, x
            return
        if number >= following:
            following = math.ceil(following * _SPREAD)
            yield number, x


def _is_done(models: list[float], tolerance: float) -> bool:
    number = len(models)
    back = max(10, number // 10)
    if number <= back or models[-1] >= 0:
        return False
    return (models[-1] - models[-1 - back]) / models[-1] < back * tolerance


def _gone_back(
    iterates: list[Vector], value: Callable[[Vector], float]
) -> tuple[Vector, float, float]:
    """The iterate, from the last back, before which the loss is higher; its loss, the last's."""
    best = iterates[-1]
    found = last = value(best)
    for one in reversed(iterates[:-1]):
        before = value(one)
        if before > found:
            break
        best, found = one, before
    return best, found, last


def _searched(
    direction: Vector,
    found: float,
    loss: float,
    slope: float,
    value: Callable[[Vector], float],
) -> tuple[float, float]:
    """How far to go for a decrease that is worth it, and the loss there; 0 where there is none."""
    length = 1.0
    for _ in range(_TRIES):
        if found <= loss + _PROMISED * length * min(slope, 0.0):
            return length, found
        length *= _SHORTER
        found = value(length * direction)
    return 0.0, loss


def _finite(loss: float) -> float:
    return loss if math.isfinite(loss) else math.inf
