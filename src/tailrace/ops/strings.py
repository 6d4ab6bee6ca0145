"""Strings: arrays of bytes, one object an element.

Source: TF 1.15 core/ops/string_ops.cc.
"""

from __future__ import annotations

import functools

import numpy as np

from tailrace.registry import op
from tailrace.shapes import Shape, merge


@op("StringJoin", "inputs: N*string -> output: string", separator="")
def string_join(inputs, *, separator):
    """The strings at the same place of each input, joined; scalars go with every element.

    Shapes: every input [...] or []; output [...].
    """
    join = np.frompyfunc(lambda *parts: separator.join(parts), len(inputs), 1)
    joined = join(*inputs)
    if isinstance(joined, np.ndarray):
        return joined
    result = np.empty((), dtype=object)
    result[()] = joined
    return result


@string_join.shape
def string_join_shape(inputs):
    whole = [shape for shape in inputs if shape.dims is None or len(shape)]
    if not whole:
        return [[]]
    if any(shape.dims is None for shape in whole):
        return [Shape(None)]
    return [functools.reduce(lambda a, b: merge(a, b, "shapes of the inputs"), whole)]


string_join.no_gradient("strings do not vary smoothly")
