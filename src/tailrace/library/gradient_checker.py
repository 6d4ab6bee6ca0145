"""Gradients against finite differences: `tf.test.compute_gradient` and its error.

Source: TF 1.15 python/ops/gradient_checker.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tailrace.gradients import gradients
from tailrace.graph import IndexedSlices, Tensor, constant, g, get_default_session

Jacobians = tuple[np.ndarray, np.ndarray]


def compute_gradient(
    x: Any,
    x_shape: Any,
    y: Tensor,
    y_shape: Sequence[int],
    x_init_value: Any = None,
    delta: float = 1e-3,
    init_targets: Any = None,
    extra_feed_dict: dict[Any, Any] | None = None,
) -> Any:
    """The Jacobian dy/dx by the graph's gradient and by central differences with step `delta`.

    For a list of x: a list of such pairs. Complex numbers count as two reals each.

    Shapes: both [size of x, size of y].
    """
    xs = x if isinstance(x, list) else [x]
    shapes = x_shape if isinstance(x, list) else [x_shape]
    starts = x_init_value if isinstance(x, list) and x_init_value else [x_init_value] * len(xs)
    built = [_gradient_of(one, y, y_shape) for one in xs]
    for target in init_targets or ():
        target.run()
    feeds = extra_feed_dict or {}
    pairs = []
    for one, shape, start, (dx, dy) in zip(xs, shapes, starts, built, strict=True):
        data = _start(one, shape, start)
        numeric = _numeric(one, data, y, y_shape, delta, feeds)
        pairs.append((_symbolic(one, data, dx, dy, y_shape, feeds), numeric))
    return pairs if isinstance(x, list) else pairs[0]


def compute_gradient_error(
    x: Any,
    x_shape: Any,
    y: Tensor,
    y_shape: Sequence[int],
    x_init_value: Any = None,
    delta: float = 1e-3,
    init_targets: Any = None,
    extra_feed_dict: dict[Any, Any] | None = None,
) -> float:
    """The largest difference between the two Jacobians of `compute_gradient`."""
    found = compute_gradient(
        x, x_shape, y, y_shape, x_init_value, delta, init_targets, extra_feed_dict
    )
    pairs: list[Jacobians] = found if isinstance(found, list) else [found]
    return max((float(np.abs(a - b).max()) for a, b in pairs if a.size), default=0.0)


def _gradient_of(x: Tensor, y: Tensor, y_shape: Sequence[int]) -> tuple[Any, Tensor]:
    """(dx, dy): the gradient by x and the tensor to feed dy through."""
    with x.graph.as_default():
        dy = constant(1.0, shape=y_shape, dtype=y.dtype)
        # a tensor that is fed cannot be fetched as well, and dx may be dy itself
        passed_on = g.Identity(dy)
    (dx,) = gradients(y, x, passed_on)
    return dx, dy


def _start(x: Tensor, shape: Sequence[int], start: Any) -> np.ndarray:
    if start is None:
        data = np.random.random_sample(shape).astype(x.dtype.as_numpy_dtype)
        if x.dtype.is_complex:
            data.imag = np.random.random_sample(shape)
        return data
    if list(np.shape(start)) != list(shape):
        raise ValueError(f"x_init_value has shape {np.shape(start)}, x_shape is {shape}")
    return np.asarray(start, x.dtype.as_numpy_dtype)


def _reals(array: np.ndarray, real: Any) -> np.ndarray:
    """The elements in a row, real and imaginary parts one after the other."""
    return np.ascontiguousarray(array).reshape(-1).view(real)


def _symbolic(
    x: Tensor, data: np.ndarray, dx: Any, dy: Tensor, y_shape: Sequence[int], feeds: Any
) -> np.ndarray:
    """A column for each element of dy that is set to 1, the others being 0."""
    real = x.dtype.real_dtype.as_numpy_dtype
    unit = np.zeros(y_shape, dy.dtype.as_numpy_dtype)
    unit_reals = unit.reshape(-1).view(dy.dtype.real_dtype.as_numpy_dtype)
    session = get_default_session()
    columns = []
    for i in range(unit_reals.size):
        unit_reals[i] = 1
        value = session.run(dx, feed_dict={**feeds, x: data, dy: unit})
        columns.append(
            _reals(_dense(value, data) if isinstance(dx, IndexedSlices) else value, real)
        )
        unit_reals[i] = 0
    size = data.size * (2 if x.dtype.is_complex else 1)
    return np.stack(columns, axis=1) if columns else np.zeros((size, 0), real)


def _dense(slices: Any, like: np.ndarray) -> np.ndarray:
    dense = np.zeros_like(like)
    np.add.at(dense, slices.indices, slices.values)
    return dense


def _numeric(
    x: Tensor, data: np.ndarray, y: Tensor, y_shape: Sequence[int], delta: float, feeds: Any
) -> np.ndarray:
    """A row for each element of x that is moved by ±delta."""
    real = x.dtype.real_dtype.as_numpy_dtype
    y_real = y.dtype.real_dtype.as_numpy_dtype
    scale = np.asarray(2 * delta, y_real)[()]
    rows = []
    for i in range(_reals(data, real).size):
        moved = []
        for step in (delta, -delta):
            changed = data.copy()
            changed.reshape(-1).view(real)[i] += step
            moved.append(y.eval(feed_dict={**feeds, x: changed}))
        rows.append(_reals((moved[0] - moved[1]) / scale, y_real))
    size = math.prod(y_shape) * (2 if y.dtype.is_complex else 1)
    return np.array(rows, real) if rows else np.zeros((0, size), real)
