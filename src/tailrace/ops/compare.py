"""Comparisons, logic, selection by a condition, and the shapes that broadcasting leads to.

Source: TF 1.15 core/ops/math_ops.cc, core/ops/array_ops.cc, python/ops/math_grad.py.
"""

from __future__ import annotations

import functools
import itertools

import numpy as np
import torch

from tailrace import arrays, dtypes, errors
from tailrace.dtypes import ANY, FLOATS, INDEX, NUMERIC, REAL
from tailrace.registry import comparison, fused, op, type_attr
from tailrace.shapes import broadcast, merge, with_rank

_EQUATABLE = (
    *FLOATS,
    *(dtypes.uint8, dtypes.int8, dtypes.int16, dtypes.int32, dtypes.int64, dtypes.complex64),
    *(dtypes.quint8, dtypes.qint8, dtypes.qint32, dtypes.string, dtypes.bool, dtypes.complex128),
)
_SMOOTH = "a truth value does not vary smoothly"


# -- comparisons -----------------------------------------------------------------------------------


def equal_kernel(x, y):
    """Whether x = y."""
    if isinstance(x, np.ndarray):
        return torch.from_numpy(np.asarray(x == y, dtype=bool))
    return torch.eq(x, y)


def not_equal_kernel(x, y):
    """Whether x and y differ."""
    if isinstance(x, np.ndarray):
        return torch.from_numpy(np.asarray(x != y, dtype=bool))
    return torch.ne(x, y)


comparison(
    "Equal", equal_kernel, _EQUATABLE, incompatible_shape_error=True, _static=True, _vector="equal"
)
comparison(
    "NotEqual",
    not_equal_kernel,
    _EQUATABLE,
    incompatible_shape_error=True,
    _static=True,
    _vector="not_equal",
)
comparison("Less", torch.lt, REAL, _compares="<", _vector="less")
comparison("LessEqual", torch.le, REAL, _compares="<=", _vector="less_equal")
comparison("Greater", torch.gt, REAL, _compares=">", _vector="greater")
comparison("GreaterEqual", torch.ge, REAL, _compares=">=", _vector="greater_equal")


@op("ApproximateEqual", "x: T, y: T -> z: bool", T=NUMERIC, tolerance=1e-05, _elementwise=True)
def approximate_equal(x, y, *, tolerance):
    """Whether |x - y| < tolerance."""
    return torch.abs(x - y) < tolerance


@approximate_equal.shape
def approximate_equal_shape(x, y):
    return [merge(x, y)]


approximate_equal.no_gradient(_SMOOTH)


# -- logic -----------------------------------------------------------------------------------------


def _logic(name, kernel, **facts):
    definition = op(name, "x: bool, y: bool -> z: bool", _elementwise=True, **facts)(kernel)
    definition.shape(lambda x, y: [broadcast(x, y)])
    definition.no_gradient(_SMOOTH)


_logic("LogicalAnd", torch.logical_and, _both=True, _vector="and")
_logic("LogicalOr", torch.logical_or, _vector="or")


@op("LogicalNot", "x: bool -> y: bool", _elementwise=True, _vector="not")
def logical_not(x):
    """The opposite of each truth value."""
    return torch.logical_not(x)


@logical_not.shape
def logical_not_shape(x):
    return [x]


logical_not.no_gradient(_SMOOTH)


# -- selection -------------------------------------------------------------------------------------


@op("Select", "condition: bool, t: T, e: T -> output: T", T=ANY, _chooses=True)
def select(condition, t, e):
    """Elements of `t` where the condition holds, of `e` elsewhere.

    Shapes: t and e alike; condition the same, or a scalar, or a vector that selects whole rows.
    """
    if condition.dim() != t.ndim:
        if condition.dim() > 1 or (condition.dim() == 1 and len(condition) != len(t)):
            shapes = f"condition {list(condition.shape)}, then {list(t.shape)}"
            raise errors.invalid(
                f"The condition must be a scalar, a vector or of the values' shape: {shapes}"
            )
        condition = condition.reshape(list(condition.shape) + [1] * (t.ndim - condition.dim()))
    return _where(condition, t, e)


def _where(condition, t, e):
    if isinstance(t, np.ndarray):
        return np.asarray(np.where(condition.numpy(), t, e), dtype=object)
    return torch.where(condition, t, e)


@select.over_steps
def select_over_steps(b, condition, t, e):
    if t.dims is None or condition.dims is None or None in t.dims:
        return None
    count = next(v.value.dims[0] for v in (condition, t, e) if v.each)
    where, yes, no = (
        v.value if v.each else b.RepeatOverSteps(v.value, count=count) for v in (condition, t, e)
    )
    return [b.SelectSteps(where, yes, no)]


@fused("SelectSteps", "condition: bool, t: T, e: T -> output: T", T=ANY)
def select_steps(condition, t, e):
    """`Select` in each iteration: the condition's axes are the first of the values'."""
    condition = condition.reshape(list(condition.shape) + [1] * (t.ndim - condition.dim()))
    return _where(condition, t, e)


select_steps.shape(lambda condition, t, e: [t])


@select.shape
def select_shape(condition, t, e):
    data = merge(t, e, "shapes of the values")
    if condition.dims is None or data.dims is None or condition.rank == 0:
        return [data]
    if condition.rank != 1 or data.rank == 0:
        return [merge(data, condition, "shapes of values and condition")]
    merge(condition, [data[0]], "length of the condition and number of rows")
    return [data]


@select.vectorized
def select_vector(condition, t, e):
    # a vector would select rows
    return "select" if condition.dims is not None and condition.dims in ((), t.dims) else None


@select.gradient
def select_grad(g, op, dy):
    zeros = g.zeros_like(op.t)
    return None, g.Select(op.condition, dy, zeros), g.Select(op.condition, zeros, dy)


@op(
    "SelectV2",
    "condition: bool, t: T, e: T -> output: T",
    T=ANY,
    _elementwise=True,
    _vector="select",
)
def select_v2(condition, t, e):
    """Elements of `t` where the condition holds, of `e` elsewhere; all three broadcast."""
    return _where(condition, t, e)


@select_v2.shape
def select_v2_shape(condition, t, e):
    return [broadcast(condition, broadcast(t, e))]


@select_v2.gradient
def select_v2_grad(g, op, dy):
    zeros = g.zeros([], dy.dtype.base_dtype)
    dt = g.SelectV2(op.condition, dy, zeros)
    shape_t = g.shape(op.t)
    shape = g.shape(op.output)
    axes, _ = g.BroadcastGradientArgs(shape_t, shape)
    dt = g.Reshape(g.reduce_sum(dt, axes, keepdims=True), shape_t)
    de = g.SelectV2(op.condition, zeros, dy)
    shape_e = g.shape(op.e)
    axes, _ = g.BroadcastGradientArgs(shape_e, shape)
    return None, dt, g.Reshape(g.reduce_sum(de, axes, keepdims=True), shape_e)


# -- shapes that broadcast -------------------------------------------------------------------------


@functools.lru_cache(4096)
def _summed_axes(s0, s1):
    """Of two shapes that broadcast, the axes each has to be summed over to get back to it."""
    if s0 == s1:
        return [], []
    rank = max(len(s0), len(s1))
    wide0, wide1 = ((1,) * (rank - len(s)) + s for s in (s0, s1))
    axes0, axes1 = [], []
    for i, (m, n) in enumerate(zip(wide0, wide1, strict=True)):
        if m == n == 1:
            axes0.append(i)
            axes1.append(i)
        elif m == n:
            continue
        elif m == 1:
            axes0.append(i)
        elif n == 1:
            axes1.append(i)
        else:
            raise errors.invalid(f"Incompatible shapes: {list(s0)} vs. {list(s1)}")
    return axes0, axes1


@op(
    "BroadcastGradientArgs",
    "s0: T, s1: T -> r0: T, r1: T",
    T=type_attr(INDEX, dtypes.int32),
    _host=("s0", "s1"),
)
def broadcast_gradient_args(s0, s1, *, T):
    """The axes over which the gradient of a broadcast result is summed for each operand.

    Shapes: s0, s1 [rank] -> r0, r1 [n]. Axes that have size 1 in both belong to both.
    """
    dtype = arrays.torch_dtype(T)
    return [torch.tensor(axes, dtype=dtype) for axes in _summed_axes(tuple(s0), tuple(s1))]


@broadcast_gradient_args.shape
def broadcast_gradient_args_shape(s0, s1):
    with_rank(s0, 1)
    with_rank(s1, 1)
    return [[None], [None]]


broadcast_gradient_args.no_gradient("shapes have no gradient")


@op("BroadcastArgs", "s0: T, s1: T -> r0: T", T=type_attr(INDEX, dtypes.int32), _host=("s0", "s1"))
def broadcast_args(s0, s1, *, T):
    """The shape that two shapes broadcast to.

    Shapes: s0, s1 [rank] -> r0 [n].
    """
    sizes = []
    for m, n in itertools.zip_longest(reversed(s0), reversed(s1), fillvalue=1):
        if m != n and 1 not in (m, n):
            raise errors.invalid(f"Incompatible shapes: {s0} vs. {s1}")
        sizes.append(n if m == 1 else m)
    return torch.tensor(sizes[::-1], dtype=arrays.torch_dtype(T))


@broadcast_args.shape
def broadcast_args_shape(s0, s1):
    with_rank(s0, 1)
    with_rank(s1, 1)
    if s0.dims is not None and s1.dims is not None and None not in (s0[0], s1[0]):
        return [[max(s0[0], s1[0])]]
    return [[None]]


@broadcast_args.known_sizes
def broadcast_args_known_sizes(s0, s1):
    return broadcast(s0.as_shape(), s1.as_shape())


broadcast_args.no_gradient("shapes have no gradient")
