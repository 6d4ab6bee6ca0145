"""Checks and messages in the course of a run.

Source: TF 1.15 core/ops/logging_ops.cc, core/kernels/logging_ops.cc, core/framework/tensor.cc
(SummarizeValue).
"""

from __future__ import annotations

import sys

import numpy as np
import torch

from tailrace import errors
from tailrace.dtypes import ANY
from tailrace.registry import Attr, op

_ESCAPES = {10: "\\n", 13: "\\r", 9: "\\t", 34: '\\"', 39: "\\'", 92: "\\\\"}


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
    """A tensor as TF writes it, `[1 2][3...]...`: `limit` elements, all if it is negative."""
    elements = value.reshape(-1)
    count = elements.numel() if isinstance(elements, torch.Tensor) else elements.size
    limit = count if limit < 0 else min(limit, count)
    texts = [_text(element, value.dtype) for element in elements[:limit].tolist()]
    body = _nested(texts, list(value.shape), 0)[0] if value.ndim else "".join(texts)
    return body + ("..." if count > limit else "")


def _nested(texts, shape, depth):
    """The text of one row of dimension `depth`, and how many elements went into it."""
    if depth == len(shape) - 1:
        cut = depth and len(texts) < shape[depth]
        return " ".join(texts[: shape[depth]]) + ("..." if cut else ""), shape[depth]
    body, used = "", 0
    for _ in range(shape[depth]):
        if used >= len(texts):
            break
        inner, taken = _nested(texts[used:], shape, depth + 1)
        body, used = f"{body}[{inner}]", used + taken
    return body, used


def _text(element, dtype):
    if isinstance(element, bytes):
        return "".join(map(_escaped, element))
    if isinstance(element, float):
        wide = dtype in (torch.float64, np.float64)
        short = f"{element:.{15 if wide else 6}g}"
        exact = float(short) if wide else float(np.float32(short))
        return (
            short if exact == element or element != element else f"{element:.{17 if wide else 8}g}"
        )
    return "?" if isinstance(element, complex) else str(int(element))


def _escaped(byte):
    if byte in _ESCAPES:
        return _ESCAPES[byte]
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"
