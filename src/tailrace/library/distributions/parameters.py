"""Parameters of distributions: logits from probabilities, checks, seeds of second draws.

Source: TF 1.15 python/ops/distributions/util.py.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import array, checks, indexing, math, special_math
from tailrace.library.nn import activations
from tailrace.library.reductions import reduce_sum
from tailrace.shapes import dimension_value


def new_seed(seed: int | None, salt: str) -> int | None:
    """A second seed made of a first one; None stays None."""
    if seed is None:
        return None
    digest = hashlib.md5((str(seed) + salt).encode()).hexdigest()
    return int(digest[:8], 16) & 0x7FFFFFFF


def logits_and_probs(
    logits: Any, probs: Any, name: str, validate_args: bool, classes: bool = False
) -> tuple[Tensor, Tensor]:
    """The one of the two that was given and the other made from it.

    `classes`: probabilities along the last axis sum to 1; otherwise each stands for itself.
    Raises: ValueError unless exactly one is given, TypeError for types without fractions.
    """
    with g.name_scope(name):
        if (probs is None) == (logits is None):
            raise ValueError("Must pass probs or logits, but not both.")
        if probs is None:
            logits = convert_to_tensor(logits, name="logits")
            if not logits.dtype.is_floating:
                raise TypeError("logits must having floating type.")
            if not classes:
                return logits, math.sigmoid(logits, name="probs")
            if validate_args:
                logits = check_class_count(logits)
            return logits, activations.softmax(logits, name="probs")
        probs = convert_to_tensor(probs, name="probs")
        if not probs.dtype.is_floating:
            raise TypeError("probs must having floating type.")
        if validate_args:
            probs = _checked_probs(probs, classes)
        with g.name_scope("logits"):
            if classes:
                return math.log(probs), probs
            return math.log(probs) - math.log1p(-1.0 * probs), probs


def _checked_probs(probs: Tensor, classes: bool) -> Tensor:
    with g.name_scope("validate_probs"):
        one = g.constant(1.0, probs.dtype)
        conditions = [checks.assert_non_negative(probs)]
        if classes:
            probs = check_class_count(probs)
            total = reduce_sum(probs, -1)
            message = "probs does not sum to 1."
            conditions.append(checks.assert_near(total, one, message=message))
        else:
            message = "probs has components greater than 1."
            conditions.append(checks.assert_less_equal(probs, one, message=message))
        return g.with_dependencies(conditions, probs)


# -- checks ----------------------------------------------------------------------------------------


def check_class_count(param: Any) -> Tensor:
    """`param` [..., k], checked that k is at least 2 and that its type can count so far."""
    with g.name_scope("embed_check_categorical_event_shape"):
        x = convert_to_tensor(param, name="categorical_param")
        kind = x.dtype.base_dtype
        if not kind.is_floating:
            raise TypeError(f"Unable to validate size of unrecognized dtype ({kind.name}).")
        largest = largest_integer(kind)
        if x.shape.ndims == 0:
            raise ValueError("A categorical-distribution parameter must have at least 1 dimension.")
        size = None if x.shape.ndims is None else dimension_value(x.shape[-1])
        if size is None:
            return _with_class_checks(x, largest)
        if size < 2:
            raise ValueError("A categorical-distribution parameter must have at least 2 events.")
        if size > largest:
            raise ValueError(
                f"Number of classes exceeds `dtype` precision, i.e., {kind.name} implies shape "
                f"({size}) cannot exceed {largest}."
            )
        return x


def _with_class_checks(x: Tensor, largest: int) -> Tensor:
    size = array.shape(x, name="x_shape")[-1]
    what = "A categorical-distribution parameter must have at least"
    too_many = (
        f"Number of classes exceeds `dtype` precision, i.e., {x.dtype.base_dtype.name} dtype "
        f"cannot exceed {largest} shape."
    )
    conditions = [
        checks.assert_rank_at_least(x, 1, message=f"{what} 1 dimension."),
        checks.assert_greater_equal(array.shape(x)[-1], 2, message=f"{what} 2 events."),
        checks.assert_less_equal(size, largest, message=too_many),
    ]
    return g.with_dependencies(conditions, x)


def largest_integer(dtype: dtypes.DType) -> int:
    """The largest number up to which a type holds every integer."""
    if dtype.is_floating:
        return int(2 ** (np.finfo(dtype.as_numpy_dtype).nmant + 1))
    return 1 if dtype is dtypes.bool else int(np.iinfo(dtype.as_numpy_dtype).max)


def check_integers_fit(x: Any, target: dtypes.DType) -> Tensor:
    """`x`, checked that it is whole, not negative and fits the integers of `target`."""
    with g.name_scope("embed_check_casting_closed"):
        x = convert_to_tensor(x, name="x")
        message = "Elements must be non-negative."
        conditions = [checks.assert_non_negative(x, message=message)]
        if x.dtype.is_floating:
            message = f"Elements must be {target.name}-equivalent."
            conditions.append(_assert_whole(x, message, target))
        elif largest_integer(x.dtype.base_dtype) > largest_integer(target):
            limit = largest_integer(target)
            message = f"Elements cannot exceed {limit}."
            conditions.append(checks.assert_less_equal(x, limit, message=message))
        return g.with_dependencies(conditions, x)


def check_counts(x: Any) -> Tensor:
    """`x`, checked that it is whole and not negative."""
    with g.name_scope("embed_check_nonnegative_integer_form"):
        x = convert_to_tensor(x, name="x")
        message = f"'{x}' must be non-negative."
        conditions = [checks.assert_non_negative(x, message=message)]
        if not x.dtype.is_integer:
            wide = {dtypes.float16: dtypes.int16, dtypes.float32: dtypes.int32}
            target = wide.get(x.dtype.base_dtype, dtypes.int64)
            message = f"'{x}' cannot contain fractional components."
            conditions.append(_assert_whole(x, message, target))
        return g.with_dependencies(conditions, x)


def _assert_whole(x: Tensor, message: str, target: dtypes.DType) -> Any:
    with g.name_scope("assert_integer_form"):
        x = convert_to_tensor(x, name="x")
        whole = g.cast(g.cast(x, target), x.dtype)
        return checks.assert_equal(x, whole, message=message, name="assert_integer_form")


# -- combinations and choices ----------------------------------------------------------------------


def log_combinations(n: Any, counts: Any) -> Tensor:
    """log(n! / (counts_1! ... counts_k!)). Shapes: counts [..., k] -> [...]."""
    with g.name_scope("log_combinations"):
        n = convert_to_tensor(n, name="n")
        counts = convert_to_tensor(counts, name="counts")
        orders = special_math.lgamma(n + 1)
        return orders - reduce_sum(special_math.lgamma(counts + 1), axis=[-1])


def pick_vector(cond: Any, true_vector: Any, false_vector: Any) -> Any:
    """One of two vectors of any length, by a scalar condition."""
    with g.name_scope("pick_vector"):
        cond = convert_to_tensor(cond, name="cond")
        known = g.known(cond)
        if known is not None:
            return true_vector if known else false_vector
        first = convert_to_tensor(true_vector, name="true_vector")
        second = convert_to_tensor(false_vector, name="false_vector")
        n = array.shape(first)[0]
        both = array.concat([first, second], 0)
        begin = [indexing.where_v2(cond, 0, n)]
        return indexing.slice(both, begin, [indexing.where(cond, n, -1)])
