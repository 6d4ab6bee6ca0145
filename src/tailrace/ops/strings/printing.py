"""Strings made of tensors for people to read, and written out; times.

Source: TF 1.15 core/ops/logging_ops.cc, core/kernels/{logging_ops,string_format_op}.cc.
"""

from __future__ import annotations

import logging
import sys
import time

import numpy as np
import torch

from tailrace import arrays, errors
from tailrace.dtypes import FLOATS
from tailrace.formats import tensor_text
from tailrace.ops.strings.elements import NOT_SMOOTH
from tailrace.registry import Attr, op

_LEVELS = {
    b"log(info)": logging.INFO,
    b"log(warning)": logging.WARNING,
    b"log(error)": logging.ERROR,
}


@op(
    "StringFormat",
    "inputs: list(T) -> output: string",
    T=Attr("list(type)"),
    template="%s",
    placeholder="%s",
    summarize=3,
)
def string_format(inputs, *, template, placeholder, summarize):
    """The template with each placeholder replaced by a tensor's text."""
    texts = [
        tensor_text.printed(
            arrays.to_numpy(x.cpu() if isinstance(x, torch.Tensor) else x), summarize
        )
        for x in inputs
    ]
    parts = template.split(placeholder)
    if len(parts) != len(texts) + 1:
        raise errors.invalid(
            f"num placeholders in template and num inputs must match: {len(parts) - 1} vs. "
            f"{len(texts)}"
        )
    result = np.empty((), dtype=object)
    result[()] = b"".join(
        part + text.encode("latin-1") for part, text in zip(parts, [*texts, ""], strict=True)
    )
    return result


@string_format.shape
def string_format_shape(inputs):
    return [[]]


string_format.no_gradient(NOT_SMOOTH)


@op("PrintV2", "input: string ->", output_stream="stderr", end="\n", _stateful=True)
def print_v2(input, *, output_stream, end):
    """Writes a string to the standard output or error, a log, or the end of a file."""
    text = (input[()] + end).decode("utf-8", "replace")
    if output_stream in (b"stdout", b"stderr"):
        stream = sys.stdout if output_stream == b"stdout" else sys.stderr
        stream.write(text)
        stream.flush()
    elif output_stream.startswith(b"file://"):
        with open(output_stream[len(b"file://") :], "ab") as file:
            file.write(input[()] + end)
    elif output_stream in _LEVELS:
        logging.getLogger("tensorflow").log(_LEVELS[output_stream], "%s", input[()].decode())
    else:
        raise errors.invalid(f"Unknown output stream: {output_stream.decode()}")


@print_v2.shape
def print_v2_shape(input):
    return []


print_v2.no_gradient("it has no output")


@op(
    "CheckNumerics",
    "tensor: T -> output: T",
    T=FLOATS,
    message=Attr("string"),
    _checks=True,
    _alias=True,
    _stateful=True,
)
def check_numerics(tensor, *, message):
    """The tensor. Raises: InvalidArgumentError when it has elements that are no finite numbers."""
    if not torch.isfinite(tensor).all():
        found = [
            name
            for name, wrong in (("Inf", torch.isinf(tensor)), ("NaN", torch.isnan(tensor)))
            if wrong.any()
        ]
        raise errors.invalid(f"{message.decode()} : Tensor had {' and '.join(found)} values")
    return tensor


@check_numerics.shape
def check_numerics_shape(tensor):
    return [tensor]


@check_numerics.gradient
def check_numerics_grad(g, op, dy):
    # TF: the message is bytes, and written as Python shows them
    warning = "Not a number (NaN) or infinity (Inf) values detected in gradient."
    return g.CheckNumerics(dy, message=f"{warning} {op.message!r}")


@op("Timestamp", "-> ts: float64", _stateful=True)
def timestamp():
    """Seconds since 1970-01-01 00:00 UTC."""
    return torch.tensor(time.time(), dtype=torch.float64)


@timestamp.shape
def timestamp_shape():
    return [[]]


timestamp.no_gradient("time passes by itself")
