"""Looking into a run: `tf.print`, checks for numbers that are not finite.

Source: TF 1.15 python/ops/logging_ops.py, numerics.py.
"""

from __future__ import annotations

import os
import pprint
import random
import sys
from typing import Any

from tailrace import dtypes
from tailrace.graph import (
    Operation,
    SparseTensor,
    Tensor,
    convert_to_tensor,
    g,
    get_default_graph,
    nest,
)
from tailrace.library import logging
from tailrace.library.arguments import either
from tailrace.library.strings import string_format

_CHECKED = (dtypes.float16, dtypes.float32, dtypes.float64)


def _streams() -> dict[Any, str]:
    """What may be given as a stream of `tf.print`, and what the operation calls it."""
    names: dict[Any, str] = {sys.stdout: "stdout", sys.stderr: "stderr"}
    for level, functions in (
        ("info", (logging.info, logging.INFO)),
        ("warning", (logging.warning, logging.warn, logging.WARN)),
        ("error", (logging.error, logging.ERROR)),
    ):
        names.update(dict.fromkeys(functions, f"log({level})"))
    return names


def _stream_name(stream: Any) -> str:
    if isinstance(stream, str) and stream.startswith("file://"):
        return stream
    name = _streams().get(stream)
    if name is None:
        raise ValueError(
            f"Unsupported output stream, logging level, or file.{stream}. Supported streams are "
            "sys.stdout, sys.stderr, tf.logging.info, tf.logging.warning, tf.logging.error. File "
            "needs to be in the form of 'file://<filepath>'."
        )
    return name


def print_v2(*inputs: Any, **kwargs: Any) -> Operation:
    """An operation that writes values, tensors among them, as Python's print does.

    Args: output_stream (sys.stderr), summarize (3 elements at both ends of each dimension), sep,
    end, name. Raises: ValueError for another argument or stream.
    """
    stream = kwargs.pop("output_stream", sys.stderr)
    name = kwargs.pop("name", None)
    summarize = kwargs.pop("summarize", 3)
    sep = kwargs.pop("sep", " ")
    end = kwargs.pop("end", os.linesep)
    if kwargs:
        raise ValueError(f"Unrecognized keyword arguments for tf.print: {kwargs}")
    stream_name = _stream_name(stream)
    if len(inputs) == 1 and _is_text(inputs[0]):
        text = inputs[0]
    else:
        template, placeholder, tensors = _template(inputs, sep)
        format_name = f"{name}_format" if name else None
        text = string_format(template, tensors, placeholder, summarize, format_name)
    return g.PrintV2(text, output_stream=stream_name, end=end, name=name)


def _is_text(value: Any) -> bool:
    return isinstance(value, Tensor) and value._dims == () and value.dtype is dtypes.string


def _is_tensor(value: Any) -> bool:
    return isinstance(value, (Tensor, SparseTensor)) or hasattr(value, "_as_graph_element")


def _template(inputs: tuple[Any, ...], sep: str) -> tuple[str, str, list[Any]]:
    """The text with a placeholder for each tensor, the placeholder, and the tensors."""
    plain = nest.map_structure(lambda x: "" if _is_tensor(x) else x, inputs)
    placeholder = _free_placeholder(" ".join(pprint.pformat(x) for x in plain))
    tensors: list[Any] = []
    parts = []
    for value in inputs:
        leaves = [_leaf(x, placeholder, tensors) for x in nest.flatten(value)]
        if isinstance(value, str):
            parts.append(value)
        else:
            parts.append(pprint.pformat(nest.pack_sequence_as(value, leaves)))
    template = sep.join(parts).replace(f"'{placeholder}'", placeholder)
    return template, placeholder, tensors


def _leaf(value: Any, placeholder: str, tensors: list[Any]) -> Any:
    if isinstance(value, SparseTensor):
        tensors.extend([value.indices, value.values, value.dense_shape])
        return f"SparseTensor(indices={placeholder}, values={placeholder}, shape={placeholder})"
    if not _is_tensor(value):
        return value
    tensors.append(value)
    return placeholder


def _free_placeholder(text: str) -> str:
    """A placeholder that does not occur in the text."""
    placeholder = "{}"
    digits = random.Random(5)
    while placeholder in text:
        placeholder += str(digits.randint(0, 9))
    return placeholder


def check_numerics(tensor: Any, message: str, name: str | None = None) -> Tensor:
    """`tensor`; a run fails, with the message, when it has elements that are no finite numbers."""
    return g.CheckNumerics(tensor, message=message, name=name)


def verify_tensor_all_finite(
    t: Any = None,
    msg: str | None = None,
    name: str | None = None,
    x: Any = None,
    message: str | None = None,
) -> Tensor:
    """`x`, given only after a check that all its elements are finite numbers."""
    x = either("x", x, "t", t)
    message = either("message", message, "msg", msg)
    with g.name_scope(name, "VerifyFinite"):
        x = convert_to_tensor(x, name="x")
        with g.colocate_with(x):
            return g.with_dependencies([check_numerics(x, message or "")], x)


def add_check_numerics_ops() -> Operation:
    """An operation that checks every floating-point tensor of the graph built so far.

    Raises: ValueError when a loop or conditional is in it.
    """
    checks: list[Any] = []
    for op in get_default_graph().get_operations():
        for output in op.outputs:
            if output.dtype not in _CHECKED:
                continue
            if op._get_control_flow_context() is not None:
                raise ValueError(
                    "`tf.add_check_numerics_ops() is not compatible with TensorFlow control flow "
                    "operations such as `tf.cond()` or `tf.while_loop()`."
                )
            with g.control_dependencies(checks):
                checks = [check_numerics(output, f"{op.name}:{output.value_index}")]
    return g.group(*checks)


def timestamp(name: str | None = None) -> Tensor:
    """Seconds since 1970-01-01 00:00 UTC, when it runs."""
    return g.Timestamp(name=name)
