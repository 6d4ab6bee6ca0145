"""Sums of products over named axes.

Source: TF 1.15 python/ops/special_math_ops.py (einsum).
"""

from __future__ import annotations

import re
import string
from typing import Any

from tailrace.graph import Tensor, g
from tailrace.library import logging
from tailrace.library.linalg import matmul, trace
from tailrace.library.reductions import reduce_sum

_EQUATION = re.compile(r"^([a-zA-Z,.]+)(->[a-zA-Z.]*)?$")


def einsum(equation: str, *inputs: Any, **kwargs: Any) -> Tensor:
    """The tensor whose axes `equation` names: `einsum("ij,jk->ik", a, b)` is the matrix product.

    Axes that the output does not name are summed over; without `->` those that occur once remain.
    Raises: ValueError when equation and shapes do not fit, or an input has an axis twice.
    """
    name = kwargs.pop("name", None)
    if kwargs:
        raise TypeError(f"invalid keyword arguments for this function: {', '.join(sorted(kwargs))}")
    with g.name_scope(name, "einsum"):
        tensors = list(inputs)
        labels, output = _parsed(equation, tensors)
        if _is_trace(equation, labels):
            return trace(tensors[0])
        _check_no_axis_twice(labels)
        for axis in set("".join(labels) + output):
            if sum(axis in each for each in labels) > 2 and axis not in output:
                logging.warn(
                    "Falling back to exponential-space implementation of einsum() because index "
                    '"%s" is summed over more than two inputs.',
                    axis,
                )
                return _of_all_at_once(tensors, labels, output)
        return _one_by_one(equation, tensors, labels, output)


def _is_trace(equation: str, labels: list[str]) -> bool:
    if len(labels) != 1 or "->" in equation:
        return False
    (only,) = labels
    return only == only[::-1] and any(only.count(axis) == 2 for axis in only)


def _check_no_axis_twice(labels: list[str]) -> None:
    for each in labels:
        if len(set(each)) != len(each):
            raise ValueError(f"Subscript not supported: an axis appears more than once: {each}")


# -- the equation ----------------------------------------------------------------------------------


def _parsed(equation: str, tensors: list[Any]) -> tuple[list[str], str]:
    """The axes of each input and of the output, one letter each."""
    equation = equation.replace(" ", "")
    match = _EQUATION.match(equation)
    if not match:
        raise ValueError(f"Indices have incorrect format: {equation}")
    labels = match.group(1).split(",")
    output = match.group(2)[2:] if match.group(2) else None
    if len(tensors) != len(labels):
        raise ValueError(
            f'Got {len(tensors)} arguments for equation "{equation}", expecting {len(labels)}'
        )
    ellipsis = ""
    if "..." in equation:
        labels, ellipsis = _without_ellipses(labels, tensors)
        if output is not None:
            output = output.replace("...", ellipsis)
        if any("." in each for each in [*labels, output or ""]):
            raise ValueError('period "." found outside of ellipsis')
    if output is None:
        counts = "".join(labels)
        once = sorted(a for a in set(counts) - set(ellipsis) if counts.count(a) == 1)
        output = ellipsis + "".join(once)
    return labels, output


def _without_ellipses(labels: list[str], tensors: list[Any]) -> tuple[list[str], str]:
    """Letters that are not used yet in place of `...`, the same ones counted from the right."""
    used = "".join(labels)
    unused = "".join(letter for letter in string.ascii_letters if letter not in used)
    longest = ""
    resolved = []
    for each, tensor in zip(labels, tensors, strict=True):
        parts = each.split("...")
        if len(parts) > 2:
            raise ValueError("Unable to resolve ellipsis. Excess number found.")
        if len(parts) == 1:
            resolved.append(each)
            continue
        rank = tensor.get_shape().ndims
        if rank is None:
            raise ValueError("Unable to statically infer ellipsis axes.")
        count = rank - len("".join(parts))
        if count < 0:
            raise ValueError("Ellipses lengths do not match.")
        if len(unused) < count:
            raise ValueError("Unable to resolve ellipsis, too many distinct labels.")
        letters = unused[-count:] if count else ""
        resolved.append(each.replace("...", letters))
        longest = max(longest, letters, key=len)
    return resolved, longest


# -- pairs of inputs, one after the other ----------------------------------------------------------


def _one_by_one(equation: str, tensors: list[Any], labels: list[str], output: str) -> Tensor:
    result, axes = tensors[0], labels[0]
    for other, other_axes in zip(tensors[1:], labels[1:], strict=True):
        summed = set(axes) & set(other_axes) - set(output)
        result, axes = _contracted(result, axes, other, other_axes, summed)
    missing = [i for i, axis in enumerate(axes) if axis not in output]
    if missing:
        result = reduce_sum(result, axis=missing)
        axes = "".join(axis for axis in axes if axis in output)
    if sorted(axes) != sorted(output):
        raise ValueError(f"Invalid equation: {equation}")
    return _transposed(result, [axes.index(axis) for axis in output])


def _contracted(
    a: Tensor, axes_a: str, b: Tensor, axes_b: str, summed: set[str]
) -> tuple[Tensor, str]:
    """The product of two inputs, summed over axes that both have and nothing else needs."""
    for which, tensor, axes in (("t0", a, axes_a), ("t1", b, axes_b)):
        if len(axes) != len(tensor.get_shape()):
            raise ValueError(
                f"Tensor {which} of rank {len(tensor.get_shape())} does not match einsum "
                f"reduction of length {len(axes)}"
            )
    kept = (set(axes_a) & set(axes_b)) - summed
    free_a, free_b = set(axes_a) - kept - summed, set(axes_b) - kept - summed

    # common axes first, then as a matrix product needs them: free and summed, summed and free
    def place_a(axis: str) -> tuple[int, str]:
        return (-1 if axis in kept else 0 if axis in free_a else 1), axis

    def place_b(axis: str) -> tuple[int, str]:
        return (-1 if axis in kept else 0 if axis in summed else 1), axis

    order_a, order_b = sorted(axes_a, key=place_a), sorted(axes_b, key=place_b)
    a = _transposed(a, [axes_a.find(axis) for axis in order_a])
    b = _transposed(b, [axes_b.find(axis) for axis in order_b])
    if not summed:
        for _ in free_b:
            a = g.ExpandDims(a, -1)
        for _ in free_a:
            b = g.ExpandDims(b, len(kept))
        return g.Mul(a, b), "".join(order_a + order_b[len(kept) :])
    product = _matrix_product(a, b, len(kept), len(summed), len(free_b))
    axes = order_a[: len(kept) + len(free_a)] + order_b[len(order_b) - len(free_b) :]
    return product, "".join(axes)


def _matrix_product(a: Tensor, b: Tensor, kept: int, summed: int, free_b: int) -> Tensor:
    """A batched matrix product over `kept` leading axes, the others made one each before it."""
    shape_a = _sizes(a)
    free_size = _product(shape_a[kept:-summed])
    summed_size = _product(shape_a[-summed:])
    a = _reshaped(a, [*shape_a[:kept], free_size, summed_size])
    shape_b = _sizes(b)
    free_size = _product(shape_b[kept + summed :])
    b = _reshaped(b, [*shape_b[:kept], summed_size, free_size])
    product = matmul(a, b)
    return _reshaped(product, shape_a[:-summed] + shape_b[len(shape_b) - free_b :])


def _transposed(tensor: Tensor, perm: list[int]) -> Tensor:
    return tensor if perm == sorted(perm) else g.transpose(tensor, perm)


def _reshaped(tensor: Tensor, shape: list[Any]) -> Tensor:
    wanted = [-1 if size is None else size for size in shape]
    present = tensor.get_shape().as_list()
    same = len(wanted) == len(present) and all(
        not isinstance(new, Tensor) and (old == new or new == -1)
        for old, new in zip(present, wanted, strict=True)
    )
    return tensor if same else g.Reshape(tensor, wanted)


def _sizes(tensor: Tensor) -> list[Any]:
    """The sizes of the dimensions, tensors where they are not known."""
    sizes: list[Any] = tensor.get_shape().as_list()
    if None in sizes:
        dynamic: Any = g.shape(tensor)
        sizes = [dynamic[i] if size is None else size for i, size in enumerate(sizes)]
    return sizes


def _product(sizes: list[Any]) -> Any:
    result: Any = 1
    for size in sizes:
        result = result * size
    return result


# -- all inputs at once ----------------------------------------------------------------------------


def _of_all_at_once(tensors: list[Any], labels: list[str], output: str) -> Tensor:
    """All inputs broadcast against each other, multiplied, then summed."""
    summed = [axis for axis in sorted(set("".join(labels))) if axis not in output]
    order = summed + list(output)
    expanded = []
    for tensor, axes in zip(tensors, labels, strict=True):
        if tensor.get_shape().ndims != len(axes):
            raise ValueError(
                f"An input with axes {axes} has incorrect number of dimensions "
                f"(expected {len(axes)}, got {tensor.get_shape().ndims})"
            )
        in_order = sorted(axes, key=order.index)
        if list(axes) != in_order:
            tensor = g.transpose(tensor, [axes.find(axis) for axis in in_order])
        expanded.append(_with_all_axes(tensor, in_order, order))
    _check_sizes(expanded, order)
    reshaped = [g.Reshape(tensor, shape) for tensor, shape in expanded]
    total: Any = 1
    for tensor in reshaped:
        total = total * tensor
    return reduce_sum(total, list(range(len(summed))))


def _with_all_axes(tensor: Tensor, axes: list[str], order: list[str]) -> tuple[Tensor, list[int]]:
    sizes = dict(zip(axes, tensor.get_shape().as_list(), strict=True))
    return tensor, [(sizes[axis] or -1) if axis in sizes else 1 for axis in order]


def _check_sizes(expanded: list[tuple[Tensor, list[int]]], order: list[str]) -> None:
    for i, axis in enumerate(order):
        sizes = {shape[i] for _, shape in expanded if shape[i] > 1}
        if len(sizes) > 1:
            raise ValueError(f"Dimension mismatch on axis: {axis}")
