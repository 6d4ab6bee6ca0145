"""Arithmetic, casts and comparisons, and what Python's operators do to tensors.

Source: TF 1.15 python/ops/math_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace import dtypes
from tailrace.dtypes import DType, as_dtype
from tailrace.graph import IndexedSlices, SparseTensor, Tensor, convert_to_tensor, g
from tailrace.library import logging
from tailrace.library.math_wrappers import binary, sparse_too, unary

# -- one operation each ----------------------------------------------------------------------------

add = binary("Add", "add", "x + y, element by element, with broadcasting.")
subtract = binary("Sub", "subtract", "x - y, element by element, with broadcasting.")
multiply = binary("Mul", "multiply", "x * y, element by element, with broadcasting.")
negative = unary("Neg", "negative", "-x.", of_sparse=True)
realdiv = binary("RealDiv", "realdiv", "x / y for real types, element by element.")
truncatediv = binary("TruncateDiv", "truncatediv", "x / y cut off towards 0.")
truncatemod = binary("TruncateMod", "truncatemod", "The remainder of x / y with the sign of x.")
floor_div = binary("FloorDiv", "floor_div", "x / y rounded down.")
floormod = binary("FloorMod", "floormod", "The remainder of x / y with the sign of y.")
mod = floormod
squared_difference = binary("SquaredDifference", "squared_difference", "(x - y)(x - y).")
maximum = binary("Maximum", "maximum", "The larger of x and y, element by element.")
minimum = binary("Minimum", "minimum", "The smaller of x and y, element by element.")

less = binary("Less", "less", "Whether x < y, element by element.")
less_equal = binary("LessEqual", "less_equal", "Whether x <= y, element by element.")
greater = binary("Greater", "greater", "Whether x > y, element by element.")
greater_equal = binary("GreaterEqual", "greater_equal", "Whether x >= y, element by element.")
equal = binary("Equal", "equal", "Whether x = y, element by element.")
not_equal = binary("NotEqual", "not_equal", "Whether x and y differ, element by element.")
logical_and = binary("LogicalAnd", "logical_and", "Whether x and y hold, element by element.")
logical_or = binary("LogicalOr", "logical_or", "Whether x or y holds, element by element.")
logical_not = unary("LogicalNot", "logical_not", "Whether x does not hold, element by element.")


def logical_xor(x: Any, y: Any, name: str | None = "LogicalXor") -> Tensor:
    """Whether exactly one of x and y holds, element by element."""
    either = g.LogicalOr(x, y)
    return g.LogicalAnd(either, g.LogicalNot(g.LogicalAnd(x, y)), name=name)


def approximate_equal(x: Any, y: Any, tolerance: float = 1e-05, name: str | None = None) -> Tensor:
    """Whether |x - y| < tolerance, element by element."""
    return g.ApproximateEqual(x, y, tolerance=tolerance, name=name)


def _abs(x: Any, name: str | None = None) -> Tensor:
    """The absolute value; of complex numbers, their distance from 0."""
    with g.name_scope(name, "Abs") as scope:
        x = convert_to_tensor(x, name="x")
        if x.dtype.is_complex:
            return g.ComplexAbs(x, Tout=x.dtype.real_dtype, name=scope)
        return g.Abs(x, name=scope)


abs = sparse_too(_abs, "Abs")


def pow(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x to the power of y, element by element."""
    with g.name_scope(name, "Pow") as scope:
        return g.Pow(x, y, name=scope)


def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Any:
    """A scalar times a tensor or IndexedSlices. Raises: ValueError when `scalar` is none."""
    scalar = convert_to_tensor(scalar, dtype=x.dtype.base_dtype, name="scalar")
    if scalar.shape.ndims != 0:
        raise ValueError(f"Only scalar multiply works, got shape {scalar.shape}")
    if isinstance(x, IndexedSlices):
        return IndexedSlices(g.Mul(scalar, x.values, name=name), x.indices, x.dense_shape)
    return g.Mul(scalar, x, name=name)


# -- division --------------------------------------------------------------------------------------

# what integers become before they are divided as Python 3 divides
_QUOTIENT_TYPE: dict[DType, DType | None] = {
    dtypes.uint8: dtypes.float32,
    dtypes.int8: dtypes.float32,
    dtypes.uint16: dtypes.float32,
    dtypes.int16: dtypes.float32,
    dtypes.int32: dtypes.float64,
    dtypes.int64: dtypes.float64,
    **dict.fromkeys(dtypes.INEXACT),
}


def _check_same_dtype(x: Tensor, y: Tensor) -> DType:
    base = x.dtype.base_dtype
    if base is not y.dtype.base_dtype:
        raise TypeError(
            f"x and y must have the same dtype, got {base!r} != {y.dtype.base_dtype!r}: "
            "cast one of them with tf.cast"
        )
    return base


def _quotient_type(base: DType) -> DType | None:
    if base not in _QUOTIENT_TYPE:
        raise TypeError(f"Invalid dtype {base!r} in __truediv__")
    return _QUOTIENT_TYPE[base]


def truediv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y as Python 3 divides: integers are cast to floating point first.

    Raises: TypeError when the types differ or cannot be divided.
    """
    with g.name_scope(name, "truediv") as scope:
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, name="y")
        wanted = _quotient_type(_check_same_dtype(x, y))
        if wanted is not None:
            x = cast(x, wanted)
            y = cast(y, wanted)
        return g.RealDiv(x, y, name=scope)


def div(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y as Python 2 divides: integers are rounded down.

    Raises: TypeError when the types differ.
    """
    with g.name_scope(name, "div") as scope:
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, name="y", dtype=x.dtype.base_dtype)
        base = _check_same_dtype(x, y)
        divide_op = g.RealDiv if base.is_floating or base.is_complex else g.FloorDiv
        return divide_op(x, y, name=scope)


def divide(x: Any, y: Any, name: str | None = None) -> Any:
    """x / y, as the operator divides."""
    return x / y if name is None else truediv(x, y, name)


def floordiv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y rounded down."""
    with g.name_scope(name, "floordiv") as scope:
        return g.FloorDiv(x, y, name=scope)


def div_no_nan(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y, and 0 where y is 0. Raises: TypeError when the types differ."""
    with g.name_scope(name, "div_no_nan") as scope:
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, name="y", dtype=x.dtype.base_dtype)
        return g.DivNoNan(x, y, name=scope)


def multiply_no_nan(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x y, and 0 where y is 0 whatever x is. Raises: TypeError when the types differ."""
    with g.name_scope(name, "multiply_no_nan") as scope:
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, name="y", dtype=x.dtype.base_dtype)
        return g.MulNoNan(x, y, name=scope)


def reciprocal_no_nan(x: Any, name: str | None = None) -> Tensor:
    """1 / x, and 0 where x is 0."""
    with g.name_scope(name, "reciprocal_no_nan") as scope:
        x = convert_to_tensor(x, name="x")
        one = g.constant(1, x.dtype.base_dtype, name="one")
        return g.DivNoNan(one, x, name=scope)


# -- casts -----------------------------------------------------------------------------------------


def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """A tensor, SparseTensor or IndexedSlices as another type; itself when it has that type."""
    base = as_dtype(dtype).base_dtype
    # TF: a resource variable comes back as it is, to be read by what it is given to
    is_value = isinstance(x, Tensor) or isinstance(getattr(x, "handle", None), Tensor)
    if is_value and x.dtype is base:
        return x
    with g.name_scope(name, "Cast") as scope:
        if isinstance(x, SparseTensor):
            x = SparseTensor(x.indices, cast(x.values, base, name=scope), x.dense_shape)
        elif isinstance(x, IndexedSlices):
            x = IndexedSlices(cast(x.values, base, name=scope), x.indices, x.dense_shape)
        else:
            x = convert_to_tensor(x, name="x")
            if x.dtype.base_dtype is not base:
                x = g.Cast(x, DstT=base, name=scope)
        if x.dtype.is_complex and base.is_floating:
            logging.warn("Casting complex to real discards imaginary part.")
        return x


def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Tensor:
    """A cast that takes values outside the range of `dtype` to its limits."""
    with g.name_scope(name, "saturate_cast") as scope:
        value = convert_to_tensor(value, name="value")
        base = as_dtype(dtype).base_dtype
        if value.dtype.min < base.min:
            value = g.Maximum(value, convert_to_tensor(base.min, value.dtype, name="min"))
        if value.dtype.max > base.max:
            value = g.Minimum(value, convert_to_tensor(base.max, value.dtype, name="max"))
        return cast(value, base, name=scope)


def _cast_to(dtype: DType, name: str, default: str) -> Callable[..., Any]:
    def function(x: Any, name: str | None = default) -> Any:
        return cast(x, dtype, name=name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"`x` cast to {dtype.name}."
    return function


to_float = _cast_to(dtypes.float32, "to_float", "ToFloat")
to_double = _cast_to(dtypes.float64, "to_double", "ToDouble")
to_int32 = _cast_to(dtypes.int32, "to_int32", "ToInt32")
to_int64 = _cast_to(dtypes.int64, "to_int64", "ToInt64")
to_bfloat16 = _cast_to(dtypes.bfloat16, "to_bfloat16", "ToBFloat16")
to_complex64 = _cast_to(dtypes.complex64, "to_complex64", "ToComplex64")
to_complex128 = _cast_to(dtypes.complex128, "to_complex128", "ToComplex128")


# -- operators -------------------------------------------------------------------------------------


def _override(operator: str, function: Callable[..., Any]) -> None:
    """Let `x <operator> y` build `function` in a scope of the operator's name, from either side."""

    def left(x: Tensor, y: Any) -> Any:
        with g.name_scope(operator) as scope:
            if not isinstance(y, (Tensor, SparseTensor)):
                try:
                    y = convert_to_tensor(y, preferred_dtype=x.dtype.base_dtype, name="y")
                except TypeError:
                    # the other operand may know what to do with a tensor
                    if hasattr(type(y), f"__r{operator}__"):
                        return NotImplemented
                    raise
            return function(x, y, name=scope)

    def right(y: Tensor, x: Any) -> Any:
        with g.name_scope(operator) as scope:
            x = convert_to_tensor(x, dtype=y.dtype.base_dtype, name="x")
            return function(x, y, name=scope)

    Tensor._override_operator(f"__{operator}__", left)
    Tensor._override_operator(f"__r{operator}__", right)


def _add(x: Tensor, y: Any, name: str) -> Tensor:
    return (g.Add if x.dtype.base_dtype is dtypes.string else g.AddV2)(x, y, name=name)


def _multiply(x: Tensor, y: Any, name: str) -> Any:
    if not isinstance(y, SparseTensor):
        return g.Mul(x, y, name=name)
    values = g.SparseDenseCwiseMul(y.indices, y.values, y.dense_shape, x, name=name)
    return SparseTensor(y.indices, values, y.dense_shape)


def _matrix_product(x: Any, y: Any, name: str) -> Tensor:
    x = convert_to_tensor(x, name="a")
    return g.matmul(x, convert_to_tensor(y, name="b"), name=name)


for _operator, _function in {
    "add": _add,
    "sub": subtract,
    "mul": _multiply,
    "div": div,
    "truediv": truediv,
    "floordiv": floordiv,
    "mod": floormod,
    "pow": pow,
    "and": logical_and,
    "or": logical_or,
    "xor": logical_xor,
    "matmul": _matrix_product,
}.items():
    _override(_operator, _function)


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """A comparison as a method; the operators have no scope of their own."""
    return lambda x, y: function(x, y)


for _operator, _function in {
    "lt": less,
    "le": less_equal,
    "gt": greater,
    "ge": greater_equal,
}.items():
    Tensor._override_operator(f"__{_operator}__", _plain(_function))
Tensor._override_operator("__neg__", lambda x: negative(x))
Tensor._override_operator("__abs__", lambda x: abs(x))
Tensor._override_operator("__invert__", lambda x: logical_not(x))


# -- operators of sparse tensors -------------------------------------------------------------------


def _sparse_operator(function: Callable[..., Any], operator: str) -> Callable[..., SparseTensor]:
    def combine(x: SparseTensor, y: Any) -> SparseTensor:
        with g.name_scope(operator) as scope:
            y = convert_to_tensor(y, dtype=x.dtype.base_dtype, name="y")
            values = function(x.indices, x.values, x.dense_shape, y, name=scope)
            return SparseTensor(x.indices, values, x.dense_shape)

    return combine


def _sparse_div(indices: Tensor, values: Tensor, shape: Tensor, y: Tensor, name: str) -> Tensor:
    return g.SparseDenseCwiseDiv(indices, values, shape, y, name=name)


def _sparse_mul(indices: Tensor, values: Tensor, shape: Tensor, y: Tensor, name: str) -> Tensor:
    return g.SparseDenseCwiseMul(indices, values, shape, y, name=name)


def _sparse_truediv(indices: Tensor, values: Tensor, shape: Tensor, y: Tensor, name: str) -> Tensor:
    with g.name_scope(name) as scope:
        wanted = _quotient_type(_check_same_dtype(values, y))
        if wanted is not None:
            values = cast(values, wanted)
            y = cast(y, wanted)
        return g.SparseDenseCwiseDiv(indices, values, shape, y, name=scope)


SparseTensor.__div__ = _sparse_operator(_sparse_div, "div")  # type: ignore[attr-defined]
SparseTensor.__truediv__ = _sparse_operator(_sparse_truediv, "truediv")  # type: ignore[attr-defined]
SparseTensor.__mul__ = _sparse_operator(_sparse_mul, "mul")  # type: ignore[attr-defined]
