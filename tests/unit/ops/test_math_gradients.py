"""Gradients of mathematical operations against central differences in float64, to second order."""

from typing import Any

import numpy as np
import pytest
from tests.unit.ops.math_cases import CASES, SINGLE, Case

import tailrace as tf
from tailrace.registry import OPS

STEP = 1e-5
# modules whose operations this file has to cover
FAMILIES = {
    f"tailrace.ops.{name}"
    for name in (
        *("math", "math_binary", "math_grads", "math_special", "compare", "reduce", "matmul"),
        *("segment", "sparse_segment", "scan", "complex", "linalg", "linalg_solve"),
        *("linalg_spectrum", "spectral", "roll", "tridiagonal"),
    )
}


def _weights(shape: tuple[int, ...]) -> np.ndarray:
    return np.cos(np.arange(np.prod(shape, dtype=int)) * 1.7 + 0.4).reshape(shape)


def _as_scalar(y: Any) -> Any:
    """A sum with uneven weights, so that no error cancels."""
    y = tf.cast(y, tf.float64)
    return tf.reduce_sum(y * _weights(tuple(y.shape.as_list())))


def _total(values: list[Any]) -> Any:
    return tf.add_n([_as_scalar(v) for v in values if v is not None])


class Checked:
    """A scalar function of placeholders, its gradients, and both as NumPy functions."""

    def __init__(self, case: Case, order: int) -> None:
        self.places = [tf.placeholder(tf.float64, x.shape) for x in case.inputs]
        y = _as_scalar(case.build(*self.places))
        for _ in range(order - 1):
            y = _total(tf.gradients(y, self.places))
        self.y = y
        self.grads = tf.gradients(y, self.places)
        self.session = tf.Session()

    def value(self, inputs: list[np.ndarray]) -> float:
        return float(self.session.run(self.y, dict(zip(self.places, inputs, strict=True))))

    def gradients(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        pairs = zip(self.grads, self.places, strict=True)
        present = [tf.zeros_like(x) if d is None else d for d, x in pairs]
        return self.session.run(present, dict(zip(self.places, inputs, strict=True)))

    def differences(self, inputs: list[np.ndarray], step: float) -> list[np.ndarray]:
        """Central differences by each element of each input."""
        found = []
        for i, x in enumerate(inputs):
            slope = np.zeros_like(x)
            for place in np.ndindex(x.shape):
                moved = [[*inputs], [*inputs]]
                for sign, values in zip((1, -1), moved, strict=True):
                    values[i] = x.copy()
                    values[i][place] += sign * step
                rise = self.value(moved[0]) - self.value(moved[1])
                slope[place] = rise / (2 * step)
            found.append(slope)
        return found


@pytest.fixture(autouse=True)
def _fresh_graph() -> None:
    tf.reset_default_graph()


def _check(case: Case, order: int, step: float, rtol: float, atol: float) -> None:
    checked = Checked(case, order)
    inputs = [x.astype(np.float64) for x in case.inputs]
    expected = checked.differences(inputs, step)
    for ours, theirs in zip(checked.gradients(inputs), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)


@pytest.mark.parametrize("name", CASES)
def test_first_order(name: str) -> None:
    _check(CASES[name], 1, STEP, 1e-6, 1e-8)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.order > 1])
def test_second_order(name: str) -> None:
    case = CASES[name]
    checked_first = Checked(case, 1)
    if all(d is None for d in checked_first.grads):
        pytest.fail("no gradient to differentiate")
    tf.reset_default_graph()
    places = [tf.placeholder(tf.float64, x.shape) for x in case.inputs]
    first = _total(tf.gradients(_as_scalar(case.build(*places)), places))
    if all(d is None for d in tf.gradients(first, places)):
        return  # linear: the second derivative is nothing
    tf.reset_default_graph()
    _check(case, 2, STEP, 1e-5, 1e-7)


@pytest.mark.parametrize("name", SINGLE)
def test_single_precision(name: str) -> None:
    _check(SINGLE[name], 1, 1e-2, 1e-3, 1e-3)


def test_every_operation_is_covered() -> None:
    differentiable = {
        name
        for name, definition in OPS.items()
        if definition.gradient_rule is not None and definition.gradient_rule.__module__ in FAMILIES
    }
    assert differentiable - set(CASES) - set(SINGLE) == set()
