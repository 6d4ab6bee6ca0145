"""Tensors in words: what TensorFlow writes of them in messages and prints.

Values are NumPy arrays, strings object arrays of bytes.

Source: TF 1.15 core/framework/tensor.cc (SummarizeValue), core/lib/strings/numbers.cc.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_ESCAPES = {10: "\\n", 13: "\\r", 9: "\\t", 34: '\\"', 39: "\\'", 92: "\\\\"}


def summary(array: np.ndarray, limit: int) -> str:
    """`[1 2][3...]...`: at most `limit` elements, all when it is negative."""
    flat = array.reshape(-1)
    limit = flat.size if limit < 0 else min(limit, flat.size)
    texts = [element_text(x, array.dtype) for x in flat[:limit].tolist()]
    body = _nested(texts, array.shape, 0)[0] if array.ndim else "".join(texts)
    return body + ("..." if flat.size > limit else "")


def _nested(texts: list[str], shape: tuple[int, ...], depth: int) -> tuple[str, int]:
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


def printed(array: np.ndarray, ends: int) -> str:
    """`[1 2 3 ... 7 8 9]`: `ends` elements at both ends of each dimension, all when negative."""
    if array.dtype.kind == "c":
        return "[?]"
    ends = max(array.size, 1) if ends < 0 else ends
    return _printed(array, 0, (), ends)


def _printed(array: np.ndarray, depth: int, place: tuple[int, ...], ends: int) -> str:
    rank = array.ndim
    if depth == rank:
        element = array[place]
        text = element_text(element, array.dtype)
        return f'"{text}"' if isinstance(element, bytes) else text
    count = array.shape[depth]
    first = [_printed(array, depth + 1, (*place, i), ends) for i in range(min(ends, count))]
    start = max(ends, count - ends)
    last = [_printed(array, depth + 1, (*place, i), ends) for i in range(start, count)]
    middle = ["..."] if count > 2 * ends else []
    gap = " " if depth == rank - 1 else "\n" * (rank - depth - 1) + " " * (depth + 1)
    return f"[{gap.join([*first, *middle, *last])}]"


def element_text(element: Any, dtype: np.dtype) -> str:
    """One element: floats as short as they can be, bytes escaped as in C."""
    if isinstance(element, bytes):
        return "".join(map(_escaped, element))
    if isinstance(element, (float, np.floating)):
        wide = dtype == np.float64
        short = f"{element:.{15 if wide else 6}g}"
        exact = float(short) if wide else float(np.float32(short))
        if exact == element or element != element:
            return short
        return f"{element:.{17 if wide else 9}g}"
    return "?" if isinstance(element, (complex, np.complexfloating)) else str(int(element))


def _escaped(byte: int) -> str:
    if byte in _ESCAPES:
        return _ESCAPES[byte]
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"
