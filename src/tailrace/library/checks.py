"""Assertions in the graph: `tf.assert_equal`, `tf.assert_rank` and their kind.

What is known while the graph is built is checked then; the operation given back checks the rest
when it runs.

Source: TF 1.15 python/ops/check_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.errors import InvalidArgumentError
from tailrace.graph import Operation, SparseTensor, Tensor, convert_to_tensor, g
from tailrace.library import arithmetic, array, control_flow, indexing, reductions
from tailrace.library.compat_names import bytes_or_text_types

_Comparison = Callable[[Any, Any], Any]


def _shown(item: Any) -> str:
    known = g.known(item) if isinstance(item, Tensor) else None
    return str(item if known is None else known)


def _binary(
    symbol: str,
    default: str,
    compare: tuple[_Comparison, _Comparison],
    x: Any,
    y: Any,
    data: Any,
    summarize: int | None,
    message: str | None,
    name: str | None,
) -> Operation:
    with g.name_scope(name, default):
        x, y = convert_to_tensor(x, name="x"), convert_to_tensor(y, name="y")
        if data is None:
            what = f"Condition x {symbol} y did not hold element-wise:"
            data = [what, f"x ({x.name}) = ", x, f"y ({y.name}) = ", y]
        data = data if message is None else [message, *data]
        in_graph, in_numpy = compare
        condition = reductions.reduce_all(in_graph(x, y))
        known = g.known(x), g.known(y)
        if known[0] is not None and known[1] is not None:
            _check_now(bool(np.all(in_numpy(*known))), data)
        return control_flow.Assert(condition, data, summarize=summarize)


def _check_now(holds: bool, data: Any) -> None:
    if not holds:
        raise InvalidArgumentError(None, None, "\n".join(_shown(item) for item in data))


def _binary_assertion(symbol: str, name: str, compare: tuple[_Comparison, _Comparison]) -> Any:
    default = name

    def assertion(
        x: Any,
        y: Any,
        data: Any = None,
        summarize: int | None = None,
        message: str | None = None,
        name: str | None = None,
    ) -> Operation:
        return _binary(symbol, default, compare, x, y, data, summarize, message, name)

    assertion.__name__ = default
    assertion.__doc__ = f"""Assert that x {symbol} y holds element by element.

    Raises: InvalidArgumentError, at once when both are known, else when the operation runs.
    """
    return assertion


def assert_equal(
    x: Any,
    y: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Assert that x == y holds element by element.

    Raises: InvalidArgumentError, at once when both are known, else when the operation runs.
    """
    # TF: the scope is entered twice, so that the assertion's own gets a number
    with g.name_scope(name, "assert_equal"):
        if x is y:
            return control_flow.no_op()
    compare = (arithmetic.equal, np.equal)
    return _binary("==", "assert_equal", compare, x, y, data, summarize, message, name)


assert_none_equal = _binary_assertion(
    "!=", "assert_none_equal", (arithmetic.not_equal, np.not_equal)
)
assert_less = _binary_assertion("<", "assert_less", (arithmetic.less, np.less))
assert_less_equal = _binary_assertion(
    "<=", "assert_less_equal", (arithmetic.less_equal, np.less_equal)
)
assert_greater = _binary_assertion(">", "assert_greater", (arithmetic.greater, np.greater))
assert_greater_equal = _binary_assertion(
    ">=", "assert_greater_equal", (arithmetic.greater_equal, np.greater_equal)
)


def assert_near(
    x: Any,
    y: Any,
    rtol: Any = None,
    atol: Any = None,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Assert that |x - y| < atol + rtol |y|; both tolerances are 10 units in the last place."""
    with g.name_scope(name, "assert_near"):
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, x.dtype, name="y")
        epsilon = 10 * np.finfo(x.dtype.as_numpy_dtype).eps
        rtol = convert_to_tensor(epsilon if rtol is None else rtol, x.dtype, name="rtol")
        atol = convert_to_tensor(epsilon if atol is None else atol, x.dtype, name="atol")
        if data is None:
            what = f"x and y not equal to tolerance rtol = {rtol}, atol = {atol}"
            data = [message or "", what, f"x ({x.name}) = ", x, f"y ({y.name}) = ", y]
        tolerance = atol + rtol * arithmetic.abs(y)
        near = arithmetic.less(arithmetic.abs(x - y), tolerance)
        return control_flow.Assert(reductions.reduce_all(near), data, summarize=summarize)


# -- signs -----------------------------------------------------------------------------------------


def _sign_assertion(name: str, symbol: str, compare: Any, zero_first: bool) -> Any:
    default = name

    def assertion(
        x: Any,
        data: Any = None,
        summarize: int | None = None,
        message: str | None = None,
        name: str | None = None,
    ) -> Operation:
        with g.name_scope(name, default):
            x = convert_to_tensor(x, name="x")
            if data is None:
                what = f"Condition x {symbol} 0 did not hold element-wise:"
                data = [message or "", what, f"x ({x.name}) = ", x]
            zero = convert_to_tensor(0, x.dtype)
            pair = (zero, x) if zero_first else (x, zero)
            return compare(*pair, data=data, summarize=summarize)

    assertion.__name__ = default
    assertion.__doc__ = f"""Assert that x {symbol} 0 holds element by element.

    Raises: InvalidArgumentError, at once when x is known, else when the operation runs.
    """
    return assertion


assert_negative = _sign_assertion("assert_negative", "<", assert_less, False)
assert_positive = _sign_assertion("assert_positive", ">", assert_less, True)
assert_non_negative = _sign_assertion("assert_non_negative", ">=", assert_less_equal, True)
assert_non_positive = _sign_assertion("assert_non_positive", "<=", assert_less_equal, False)


# -- ranks and types -------------------------------------------------------------------------------


def _rank_assertion(
    default: str,
    words: str,
    compare: tuple[Callable[[int, int], bool], _Comparison],
    x: Any,
    rank: Any,
    data: Any,
    summarize: int | None,
    message: str | None,
    name: str | None,
) -> Operation:
    with g.name_scope(name, default):
        x, rank = convert_to_tensor(x, name="x"), convert_to_tensor(rank, name="rank")
        message = message or ""
        if data is None:
            what = f"Tensor {x.name} must have {words}"
            data = [message, what, rank, "Received shape: ", array.shape(x)]
        assert_type(rank, dtypes.int32)
        known, actual = g.known(rank), x.shape.ndims
        if known is not None and known.ndim:
            raise ValueError("Rank must be a scalar.")
        if known is not None and actual is not None:
            if not compare[0](actual, int(known)):
                raise ValueError(
                    f"{message}.  Tensor {x.name} must have {words} {int(known)}.  Received rank "
                    f"{actual}, shape {x.shape}"
                )
            return control_flow.no_op(name="static_checks_determined_all_ok")
        condition = compare[1](array.rank(x), rank)
        if known is None:
            scalar = assert_rank(rank, 0, data=["Rank must be a scalar. Received rank: ", rank])
            condition = control_flow.with_dependencies([scalar], condition)
        return control_flow.Assert(condition, data, summarize=summarize)


def assert_rank(
    x: Any,
    rank: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Assert that x has `rank` dimensions. Raises: ValueError at once when that is known."""
    compare = (lambda a, b: a == b, arithmetic.equal)
    return _rank_assertion("assert_rank", "rank", compare, x, rank, data, summarize, message, name)


def assert_rank_at_least(
    x: Any,
    rank: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Assert that x has at least `rank` dimensions. Raises: ValueError at once when known."""
    compare = (lambda a, b: a >= b, arithmetic.greater_equal)
    return _rank_assertion(
        "assert_rank_at_least", "rank at least", compare, x, rank, data, summarize, message, name
    )


def assert_rank_in(
    x: Any,
    ranks: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Assert that x has one of `ranks` as its rank. Raises: ValueError at once when known."""
    with g.name_scope(name, "assert_rank_in"):
        x = convert_to_tensor(x, name="x")
        tensors = [convert_to_tensor(rank, name="rank") for rank in ranks]
        if data is None:
            what = f"Tensor {x.name} must have rank in"
            data = [message or "", what, *tensors, "Received shape: ", array.shape(x)]
        for rank in tensors:
            assert_type(rank, dtypes.int32)
        known, actual = [g.known(rank) for rank in tensors], x.shape.ndims
        if actual is not None and all(k is not None for k in known):
            allowed = [int(k) for k in known]  # type: ignore[arg-type]
            if actual not in allowed:
                raise ValueError(
                    f"{message or ''}.  Tensor {x.name} must have rank in {tuple(allowed)}.  "
                    f"Received rank {actual}, shape {x.shape}"
                )
            return control_flow.no_op(name="static_checks_determined_all_ok")
        rank = array.rank(x)
        condition = arithmetic.equal(tensors[0], rank)
        for other in tensors[1:]:
            condition = arithmetic.logical_or(condition, arithmetic.equal(other, rank))
        return control_flow.Assert(condition, data, summarize=summarize)


def assert_type(
    tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None
) -> Operation:
    """Check the element type at once. Raises: TypeError when it is another."""
    with g.name_scope(name, "assert_type"):
        tensor = convert_to_tensor(tensor, name="tensor")
        if tensor.dtype != tf_type:
            raise TypeError(f"{message or ''}  {tensor.name} must be of type {tf_type}")
        return control_flow.no_op("statically_determined_correct_type")


def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> Operation:
    """Check at once that x has integers. Raises: TypeError when it does not."""
    with g.name_scope(name, "assert_integer"):
        x = convert_to_tensor(x, name="x")
        if not x.dtype.is_integer:
            raise TypeError(
                f'{message or ""}  Expected "x" to be integer type.  Found: {x.name} of dtype '
                f"{x.dtype}"
            )
        return control_flow.no_op("statically_determined_was_integer")


def assert_scalar(tensor: Any, name: str | None = None, message: str | None = None) -> Tensor:
    """The tensor itself, which must have no dimensions. Raises: ValueError when it has."""
    with g.name_scope(name, "assert_scalar") as scope:
        tensor = convert_to_tensor(tensor, name=scope)
        if tensor.shape.ndims != 0:
            raise ValueError(
                f"{message or ''}Expected scalar shape for {tensor.name}, saw shape: "
                f"{tensor.shape}."
            )
        return tensor


def assert_same_float_dtype(tensors: Any = None, dtype: Any = None) -> dtypes.DType:
    """The floating-point type that all tensors and `dtype` have, float32 when nothing is given.

    Raises: ValueError when types differ or are not floating-point.
    """
    expected = dtypes.as_dtype(dtype).base_dtype if dtype is not None else None
    for tensor in tensors or []:
        if tensor is None:
            continue
        found = tensor.dtype.base_dtype
        if expected is not None and found is not expected:
            raise ValueError(f"Tensor type {found.name} does not match {expected.name}: {tensor}")
        expected = found
    expected = expected or dtypes.float32
    if not expected.is_floating:
        raise ValueError(f"Expected floating point type, got {expected}.")
    return expected


def assert_proper_iterable(values: Any) -> None:
    """Raises: TypeError for what only looks like a list of values: tensors, arrays and text."""
    only_similar = (Tensor, SparseTensor, np.ndarray, *bytes_or_text_types)
    if isinstance(values, only_similar):
        raise TypeError(
            f'Expected argument "values" to be a "proper" iterable.  Found: {type(values)}'
        )
    if not hasattr(values, "__iter__"):
        raise TypeError(f'Expected argument "values" to be iterable.  Found: {type(values)}')


def is_numeric_tensor(tensor: Any) -> bool:
    """Whether it is a tensor of numbers."""
    return isinstance(tensor, Tensor) and tensor.dtype.base_dtype in dtypes.NUMERIC


def is_non_decreasing(x: Any, name: str | None = None) -> Tensor:
    """Whether no element is smaller than the one before it."""
    with g.name_scope(name, "is_non_decreasing"):
        steps = _steps(x)
        zero = convert_to_tensor(0, steps.dtype)
        return reductions.reduce_all(arithmetic.less_equal(zero, steps))


def is_strictly_increasing(x: Any, name: str | None = None) -> Tensor:
    """Whether every element is larger than the one before it."""
    with g.name_scope(name, "is_strictly_increasing"):
        steps = _steps(x)
        zero = convert_to_tensor(0, steps.dtype)
        return reductions.reduce_all(arithmetic.less(zero, steps))


def _steps(x: Any) -> Tensor:
    """The differences between neighbours, of the elements in order."""
    x = array.reshape(x, [-1])
    if not is_numeric_tensor(x):
        raise TypeError(f"Expected x to be numeric, instead found: {x}")
    short = arithmetic.less(array.size(x), 2)
    last = array.shape(x) - 1

    def differences() -> Tensor:
        end = 1 + last
        return indexing.strided_slice(x, [1], end) - indexing.strided_slice(x, [0], last)

    return control_flow.cond(short, lambda: convert_to_tensor([], x.dtype), differences)
