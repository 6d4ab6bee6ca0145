"""Checks and messages in the course of a run.

Source: TF 1.15 core/ops/logging_ops.cc, core/kernels/logging_ops.cc, core/framework/tensor.cc
(SummarizeValue).
"""

from __future__ import annotations

import sys

from tailrace import arrays, errors
from tailrace.dtypes import ANY
from tailrace.formats import tensor_text
from tailrace.registry import Attr, op


@op(
    "Assert",
    "condition: bool, data: list(T) ->",
    T=Attr("list(type)", minimum=1),
    summarize=3,
    _stateful=True,
)
def assert_(condition, data, *, summarize):
    """Fails with the data in its message, `summarize` elements of each, unless the condition holds.

    Raises: InvalidArgumentError.
    """
    if condition.ndim:
        raise errors.invalid(f"condition must be a scalar, got shape {list(condition.shape)}")
    if not condition.item():
        shown = " ".join(f"[{_summary(value, summarize)}]" for value in data)
        raise errors.invalid(f"assertion failed: {shown}")


@assert_.shape
def assert_shape(condition, data):
    return []


assert_.no_gradient("it has no output")


@op(
    "Print",
    "input: T, data: list(U) -> output: T",
    T=ANY,
    U=Attr("list(type)"),
    message="",
    first_n=-1,
    summarize=3,
    _stateful=True,
    _context=True,
    _alias=True,
)
def print_(ctx, input, data, *, message, first_n, summarize):
    """The input; writes a message and data to the standard error, in the first `first_n` runs."""
    seen = ctx.state.get("seen", 0)
    if first_n < 0 or seen < first_n:
        ctx.state["seen"] = seen + 1
        shown = "".join(f"[{_summary(value, summarize)}]" for value in data)
        sys.stderr.write(f"{message.decode()}{shown}\n")
    return input


@print_.shape
def print_shape(input, data):
    return [input]


@print_.gradient
def print_gradient(g, op, dy, *_):
    return dy, *[None] * len(op.data)


def _summary(value, limit):
    """A tensor's first elements in words."""
    return tensor_text.summary(arrays.to_numpy(value), limit)
