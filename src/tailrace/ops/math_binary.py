"""Arithmetic of two tensors that broadcast against each other, and sums of several.

Source: TF 1.15 core/ops/math_ops.cc, core/kernels/cwise_ops.h, python/ops/math_grad.py.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import torch

from tailrace import dtypes, errors, ordering
from tailrace.dtypes import (
    COMPLEX,
    FLOATS,
    INDEX,
    NUMERIC,
    REAL,
    float16,
    float32,
    float64,
)
from tailrace.native import bundles
from tailrace.registry import Attr, after_gradient, elementwise_binary, op
from tailrace.shapes import agree, as_shape, at_least_rank, broadcast, merge

_SUMMABLE = (*FLOATS, dtypes.uint8, dtypes.int8, dtypes.int16, *INDEX, *COMPLEX)
_ARITHMETIC = (*FLOATS, dtypes.uint8, dtypes.int8, dtypes.uint16, dtypes.int16, *INDEX, *COMPLEX)
_SIGNED = (*FLOATS, *INDEX, *COMPLEX)
_NO_NAN = (float16, float32, float64, *COMPLEX)
_STEPS = "a step function: its derivative is 0 wherever it has one"


# -- sum, difference, product ----------------------------------------------------------------------


def add_kernel(x, y):
    """x + y; strings are put one after the other."""
    if isinstance(x, np.ndarray):
        return np.asarray(x + y, dtype=object)
    return torch.add(x, y)


def add_grad(g, op, dz):
    if g.same_known_shape(op.x, op.y, dz):
        return dz, dz
    to_x, to_y = g.operands(op.x, op.y, dz)
    dx = g.sum_to(dz, to_x) if to_x.reduced else dz
    dy = g.sum_to(dz, to_y) if to_y.reduced else dz
    return dx, dy


def sub_grad(g, op, dz):
    if g.same_known_shape(op.x, op.y, dz):
        return dz, -dz
    to_x, to_y = g.operands(op.x, op.y, dz)
    dx = g.sum_to(dz, to_x) if to_x.reduced else dz
    dy = g.sum_to(-dz, to_y) if to_y.reduced else -dz
    return dx, dy


def mul_grad(g, op, dz):
    x, y = op.x, op.y
    # TF: only for these two types
    if g.same_known_shape(x, y, dz) and dz.dtype in (dtypes.int32, float32):
        return g.Mul(dz, y), g.Mul(dz, x)
    to_x, to_y = g.operands(x, y, dz)
    x, y = g.conj(x), g.conj(y)
    dx = g.Mul(dz, y)
    dx = g.sum_to(dx, to_x) if to_x.reduced else dx
    dy = g.Mul(x, dz)
    dy = g.sum_to(dy, to_y) if to_y.reduced else dy
    return dx, dy


def mul_no_nan_kernel(x, y):
    """x y, and 0 where y is 0, even if x is infinite or not a number."""
    return torch.where(y == 0, 0, x * y)


def mul_no_nan_grad(g, op, dz):
    x, y = op.x, op.y
    if g.same_known_shape(x, y, dz):
        return g.MulNoNan(dz, y), g.MulNoNan(x, dz)
    return g.unbroadcast(x, y, lambda: g.MulNoNan(dz, y), lambda: g.MulNoNan(x, dz))


def squared_difference_kernel(x, y):
    """(x - y)^2; of complex numbers |x - y|^2."""
    difference = x - y
    return difference * difference.conj() if x.is_complex() else torch.square(difference)


def squared_difference_grad(g, op, dz):
    x, y = op.x, op.y
    with g.control_dependencies([dz]):
        two = g.convert(2.0, dz.dtype.base_dtype, name="scalar")
        slope = g.Mul(two, dz) * (x - y)
    if g.same_known_shape(x, y, dz):
        return slope, -slope
    to_x, to_y = g.operands(x, y, dz)
    dx = g.sum_to(slope, to_x) if to_x.reduced else slope
    dy = -g.sum_to(slope, to_y) if to_y.reduced else -slope
    return dx, dy


elementwise_binary(
    "Add", add_kernel, (*_SUMMABLE, dtypes.string), add_grad, _adds=True, _vector="add"
)
elementwise_binary("AddV2", torch.add, _SUMMABLE, add_grad, _adds=True, _vector="add")
elementwise_binary("Sub", torch.sub, _ARITHMETIC, sub_grad, _vector="sub")
elementwise_binary(
    "Mul",
    torch.mul,
    _ARITHMETIC,
    mul_grad,
    _multiplies=True,
    _vector="mul",
    _vanishes=("x", "y"),
)
elementwise_binary("MulNoNan", mul_no_nan_kernel, _NO_NAN, mul_no_nan_grad, _vector="mul_no_nan")
elementwise_binary(
    "SquaredDifference",
    squared_difference_kernel,
    _SIGNED,
    squared_difference_grad,
    _vector="squared_difference",
)


# -- quotients and remainders ----------------------------------------------------------------------


def _is_exact(x):
    return not (x.is_floating_point() or x.is_complex())


def _whole_division(x, y, rounding_mode):
    try:
        return torch.div(x, y, rounding_mode=rounding_mode)
    except RuntimeError as error:
        raise _by_zero(error) from None


def _by_zero(error):
    """What to raise for a failed division: TensorFlow's error when it was by zero."""
    if "ZeroDivisionError" in str(error):
        return errors.invalid("Integer division by zero")
    return error


def div_kernel(x, y):
    """x / y; the quotient of integers is cut off towards 0."""
    return _whole_division(x, y, "trunc") if _is_exact(x) else torch.div(x, y)


def real_div_kernel(x, y):
    """x / y."""
    return _whole_division(x, y, "trunc") if _is_exact(x) else torch.div(x, y)


def floor_div_kernel(x, y):
    """The largest whole number that is not above x / y."""
    return _whole_division(x, y, "floor") if _is_exact(x) else torch.floor(torch.div(x, y))


def truncate_div_kernel(x, y):
    """x / y; the quotient of integers is cut off towards 0, that of other numbers is not."""
    return _whole_division(x, y, "trunc") if _is_exact(x) else torch.div(x, y)


def div_no_nan_kernel(x, y):
    """x / y, and 0 where y is 0."""
    return torch.where(y == 0, 0, x / y)


def floor_mod_kernel(x, y):
    """x - y floor(x / y): the remainder with the sign of y."""
    if _is_exact(x):
        try:
            return torch.remainder(x, y)
        except RuntimeError as error:
            raise _by_zero(error) from None
    remainder = torch.fmod(x, y)
    return torch.where((x < 0) == (y < 0), remainder, torch.fmod(remainder + y, y))


def truncate_mod_kernel(x, y):
    """The remainder with the sign of x."""
    try:
        return torch.fmod(x, y)
    except RuntimeError as error:
        raise _by_zero(error) from None


def _quotient_grad(divide):
    """d(x / y) = dz / y, -dz x / y^2, with the divisions `divide(g, a, b)` makes."""

    def rule(g, op, dz):
        shape_x, shape_y = g.shape(op.x), g.shape(op.y)
        axes_x, axes_y = g.BroadcastGradientArgs(shape_x, shape_y)
        x, y = g.conj(op.x), g.conj(op.y)
        dx = g.Reshape(g.Sum(divide(g, dz, y), axes_x), shape_x)
        slope = divide(g, divide(g, -x, y), y)
        return dx, g.Reshape(g.Sum(dz * slope, axes_y), shape_y)

    return rule


def floor_mod_grad(g, op, dz):
    x, y = g.conj(op.x), g.conj(op.y)
    shape_x, shape_y = g.shape(x), g.shape(y)
    axes_x, axes_y = g.BroadcastGradientArgs(shape_x, shape_y)
    quotient = g.FloorDiv(x, y)
    dx = g.Reshape(g.Sum(dz, axes_x), shape_x)
    return dx, g.Reshape(g.Sum(dz * g.Neg(quotient), axes_y), shape_y)


def _div_no_nan(g, x, y):
    """`tf.div_no_nan`, whose default name is its Python name."""
    return g.DivNoNan(x, y, name="div_no_nan")


_REMAINDERS = (*INDEX, dtypes.bfloat16, float16, float32, float64)

elementwise_binary(
    "Div",
    div_kernel,
    _ARITHMETIC,
    _quotient_grad(lambda g, x, y: x / y),
    _divides=True,
    _vector="div",
    _vanishes="x",
)
elementwise_binary(
    "RealDiv",
    real_div_kernel,
    _ARITHMETIC,
    _quotient_grad(lambda g, x, y: g.RealDiv(x, y)),
    _divides=True,
    _vector="div",
    _vanishes="x",
)
elementwise_binary(
    "DivNoNan", div_no_nan_kernel, _NO_NAN, _quotient_grad(_div_no_nan), _vector="div_no_nan"
)


def _divided(remainder):
    """The instruction for whole numbers, one of the operands perhaps a single one."""

    def rule(x, y):
        dims: Any = broadcast(x, y)
        if x.dtype not in INDEX or any(v != dims and prod(v) > 1 for v in (x, y)):
            return None
        strides = (int(prod(v) > 1) for v in (x, y))
        return bundles.Instruction("divide", (0, 1), (remainder, prod(dims), *strides))

    return rule


elementwise_binary("FloorDiv", floor_div_kernel, _ARITHMETIC, _STEPS).small(_divided(False))
elementwise_binary("TruncateDiv", truncate_div_kernel, _ARITHMETIC, _STEPS)
elementwise_binary("FloorMod", floor_mod_kernel, _REMAINDERS, floor_mod_grad).small(_divided(True))
elementwise_binary("TruncateMod", truncate_mod_kernel, _REMAINDERS)
elementwise_binary("Mod", truncate_mod_kernel, _REMAINDERS)


# -- powers, extrema -------------------------------------------------------------------------------


def pow_kernel(x, y):
    """x to the power of y. Raises: InvalidArgumentError for integers to negative powers."""
    if _is_exact(y) and bool((y < 0).any()):
        raise errors.invalid("Integers to negative integer powers are not allowed")
    return torch.pow(x, y)


def pow_grad(g, op, dz):
    to_x, to_y = g.operands(op.x, op.y, dz)
    x, y = g.conj(op.x), g.conj(op.y)
    dx = dz * y * g.Pow(x, y - 1)
    dx = g.sum_to(dx, to_x) if to_x.reduced else dx
    z = g.conj(op.z)
    # the logarithm of a number that has none counts as 0
    mask = g.NotEqual(x, 0) if x.dtype.is_complex else x > 0
    safe_x = g.Select(mask, x, g.ones_like(x))
    log_x = g.Select(mask, g.Log(safe_x), g.zeros_like(x))
    dy = dz * z * log_x
    return dx, g.sum_to(dy, to_y) if to_y.reduced else dy


def _extremum_grad(comparison):
    """The gradient goes to the operand chosen; to `x` when both are the same."""

    def rule(g, op, dz):
        shape_x, shape_y = g.shape(op.x), g.shape(op.y)
        zeros = g.zeros(g.shape(dz), dz.dtype)
        chosen = getattr(g, comparison)(op.x, op.y)
        axes_x, axes_y = g.BroadcastGradientArgs(shape_x, shape_y)
        dx = g.Reshape(g.Sum(g.Select(chosen, dz, zeros), axes_x), shape_x)
        return dx, g.Reshape(g.Sum(g.Select(chosen, zeros, dz), axes_y), shape_y)

    return rule


_ORDERED = (*FLOATS, *INDEX)

elementwise_binary(
    "Pow", pow_kernel, (dtypes.bfloat16, float32, float16, float64, *INDEX, *COMPLEX), pow_grad
)
elementwise_binary(
    "Maximum", ordering.larger, _ORDERED, _extremum_grad("GreaterEqual"), _vector="max"
)
elementwise_binary(
    "Minimum", ordering.smaller, _ORDERED, _extremum_grad("LessEqual"), _vector="min"
)


@op("Atan2", "y: T, x: T -> z: T", T=FLOATS, _elementwise=True)
def atan2(y, x):
    """The angle of the point (x, y), from -pi to pi."""
    return torch.atan2(y, x)


@atan2.shape
def atan2_shape(y, x):
    return [broadcast(y, x)]


@atan2.gradient
@after_gradient
def atan2_grad(g, op, dz):
    x, y = op.x, op.y
    scaled = dz / (g.Square(x) + g.Square(y))
    return x * scaled, -y * scaled


# -- sums of several -------------------------------------------------------------------------------


@op(
    "AddN",
    "inputs: N*T -> sum: T",
    T=(*NUMERIC, dtypes.variant),
    _elementwise=True,
    _adds=True,
    _vector="add",
)
def add_n(inputs):
    """The sum of tensors of one shape."""
    first, *rest = inputs
    if not rest:
        return first.clone()
    total = torch.add(first, rest[0])
    for tensor in rest[1:]:
        total.add_(tensor)
    return total


@op(
    "AccumulateNV2",
    "inputs: N*T -> sum: T",
    T=NUMERIC,
    shape=Attr("shape"),
    _elementwise=True,
)
def accumulate_n(inputs):
    """The sum of tensors of one shape, which is known."""
    return add_n(inputs)


@add_n.shape
def add_n_shape(inputs):
    shape = inputs[0]
    for other in inputs[1:]:
        shape = merge(shape, other, "shapes of terms")
    return [shape]


@accumulate_n.shape
def accumulate_n_shape(inputs, *, shape):
    return [as_shape(shape)]


@add_n.gradient
@accumulate_n.gradient
def add_n_grad(g, op, dy):
    return [dy] * len(op.inputs)


# -- vectors of three ------------------------------------------------------------------------------


@op("Cross", "a: T, b: T -> product: T", T=REAL)
def cross(a, b):
    """The cross product of the vectors along the last axis.

    Shapes: a, b [..., 3] -> product [..., 3].
    """
    if a.shape != b.shape or a.dim() < 1 or a.shape[-1] != 3:
        raise errors.invalid(
            f"Cross-products are only defined for 3-element vectors of one shape, not "
            f"{list(a.shape)} and {list(b.shape)}"
        )
    return torch.linalg.cross(a, b)


@cross.shape
def cross_shape(a, b):
    a, b = at_least_rank(a, 1), at_least_rank(b, 1)
    if a.dims is not None:
        agree(a[-1], 3, "size of the vectors and 3")
    return [merge(a, b)]


@cross.gradient
def cross_grad(g, op, dz):
    return g.Cross(op.b, dz), g.Cross(dz, op.a)
