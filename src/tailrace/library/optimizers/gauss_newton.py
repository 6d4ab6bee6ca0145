"""Products with the Gauss-Newton matrix of a loss, in the graph.

With outputs z(x), a loss L(z) and the Jacobian J = dz/dx, the matrix is G = J' H J, H the Hessian
of L with respect to z; it is positive semi-definite where L is convex in z. G v is J v (forward),
then H (J v), then J' (H J v) (reverse). Reverse mode alone gives J v too: J' w is linear in w, and
its derivative with respect to w, weighted by v, is J v, whatever w is.

With hidden activations h, structural damping adds s J_h' J_h / B: it holds back changes of x that
change h much, which matters for recurrent networks, where a small change of x may.

Source: Schraudolph, "Fast curvature matrix-vector products for second-order gradient descent",
2002; Pearlmutter, "Fast exact multiplication by the Hessian", 1994; Martens, Sutskever, "Learning
recurrent neural networks with Hessian-free optimization", 2011.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tailrace.gradients import gradients
from tailrace.graph import Tensor, g
from tailrace.library.array import placeholder, stop_gradient
from tailrace.library.random import random_uniform
from tailrace.library.state import assign

Vector = NDArray[np.float64]
Feeds = Mapping[Any, Any]


class GaussNewton:
    """The nodes, and all variables as one vector [N] when they are run."""

    def __init__(
        self, loss: Tensor, outputs: Sequence[Tensor], hidden: Sequence[Tensor], variables: Any
    ) -> None:
        self._variables = list(variables)
        self._shapes = [_static(variable) for variable in self._variables]
        self._ends = np.cumsum([int(np.prod(shape)) for shape in self._shapes])
        self.size = int(self._ends[-1])
        self.loss = loss
        self._structural = placeholder(loss.dtype, [], "structural")
        self._fed = [
            placeholder(variable.dtype.base_dtype, shape, "vector")
            for variable, shape in zip(self._variables, self._shapes, strict=True)
        ]
        self._product = self._build_product(loss, list(outputs), list(hidden))
        self._gradient = self._reverse([loss], [None], "gradient")
        self._squares = self._build_probe(loss, list(outputs))
        self._assigned = g.group(
            *(assign(var, fed) for var, fed in zip(self._variables, self._fed, strict=True))
        )

    def _reverse(self, ys: list[Tensor], weights: list[Any], name: str) -> list[Tensor]:
        """J' w for the variables."""
        found = gradients(ys, self._variables, weights, name=name)
        for one, variable in zip(found, self._variables, strict=True):
            if one is None:
                raise ValueError(
                    f"HessianFreeOptimizer: {variable.name} has no influence on "
                    f"{', '.join(y.name for y in ys[:3])}; leave it out of var_list"
                )
        return [g.convert(one) for one in found]

    def _build_product(
        self, loss: Tensor, outputs: list[Tensor], hidden: list[Tensor]
    ) -> list[Tensor]:
        every = [*outputs, *hidden]
        weights = [g.zeros_like(y) for y in every]
        moved = gradients(self._reverse(every, weights, "adjoint"), weights, self._fed)
        moved = [stop_gradient(one) for one in moved]
        slopes = _slopes(loss, outputs)
        curved = gradients(slopes, outputs, moved[: len(outputs)])
        if any(one is None for one in curved):
            raise ValueError("HessianFreeOptimizer: the loss has no curvature in the outputs")
        held = [
            g.Mul(one, g.RealDiv(self._structural, g.cast(_rows(one), loss.dtype)))
            for one in moved[len(outputs) :]
        ]
        back = [stop_gradient(g.convert(one)) for one in [*curved, *held]]
        return self._reverse(every, back, "product")

    def _build_probe(self, loss: Tensor, outputs: list[Tensor]) -> list[Tensor]:
        """J' (sign * slope): its squares are on average the sum of the outputs' own squares."""
        signed = []
        for slope, output in zip(_slopes(loss, outputs), outputs, strict=True):
            drawn = random_uniform(g.shape(output), -1.0, 1.0, output.dtype.base_dtype)
            signed.append(stop_gradient(g.Mul(slope, g.Sign(drawn))))
        scale = g.Sqrt(g.cast(_rows(outputs[0]), loss.dtype))
        return [g.Mul(one, scale) for one in self._reverse(outputs, signed, "probe")]

    def product(self, session: Any, vector: Vector, feeds: Feeds, structural: float) -> Vector:
        """(G + structural damping) v."""
        feed = {**feeds, **self._split(vector), self._structural: structural}
        return _flat(session.run(self._product, feed))

    def gradient(self, session: Any, feeds: Feeds) -> tuple[float, Vector]:
        """The loss and its gradient."""
        loss, found = session.run([self.loss, self._gradient], feeds)
        return float(loss), _flat(found)

    def value(self, session: Any, feeds: Feeds) -> float:
        """The loss."""
        return float(session.run(self.loss, feeds))

    def squares(self, session: Any, feeds: Feeds) -> Vector:
        """An unbiased estimate of the mean square of the outputs' gradients, one by one.

        That is the diagonal Martens takes for his preconditioner, with random signs in place of a
        second pass with squared weights (Chapelle, Erhan, 2011).
        """
        return _flat(session.run(self._squares, feeds)) ** 2

    def read(self, session: Any) -> Vector:
        """The variables."""
        return _flat(session.run(self._variables))

    def write(self, session: Any, vector: Vector) -> None:
        """Sets the variables."""
        session.run(self._assigned, self._split(vector))

    def _split(self, vector: Vector) -> dict[Any, Any]:
        parts = np.split(vector, self._ends[:-1])
        return {
            fed: part.reshape(shape)
            for fed, part, shape in zip(self._fed, parts, self._shapes, strict=True)
        }


def _slopes(loss: Tensor, outputs: list[Tensor]) -> list[Tensor]:
    slopes = gradients(loss, outputs)
    for slope, output in zip(slopes, outputs, strict=True):
        if slope is None:
            raise ValueError(f"HessianFreeOptimizer: the loss does not depend on {output.name}")
    return slopes


def _rows(tensor: Tensor) -> Tensor:
    """How many vectors a tensor holds: all its sizes but the last, multiplied."""
    size = g.size(tensor)
    return g.FloorDiv(size, g.shape(tensor)[-1]) if tensor.shape.ndims else size


def _static(variable: Any) -> list[int]:
    if not variable.shape.is_fully_defined():
        raise ValueError(f"HessianFreeOptimizer: the shape of {variable.name} is not known")
    return variable.shape.as_list()


def _flat(parts: Sequence[Any]) -> Vector:
    return np.concatenate([np.asarray(part, np.float64).ravel() for part in parts])
