"""Tensors of the recorded checkpoints: name, shape-and-slice, values (lists: strings)."""

import numpy as np

CASES = {
    "mixed": [
        ("w", "", np.arange(6, dtype=np.float32).reshape(2, 3)),
        ("s", "", [b"a", b"hello" * 30, b""]),
        ("step", "", np.int64(3)),
        ("w/Adam", "", np.full((2, 3), -0.5)),
        ("none", "", np.zeros((0, 3), np.float64)),
        ("flag", "", np.array([True, False])),
        ("half", "", np.float16(1.5)),
        ("complex", "", np.array([1j, 2], np.complex64)),
        ("small/uint8", "", np.arange(5, dtype=np.uint8)),
        ("small/int16", "", np.array([-300, 300], np.int16)),
        ("small/uint16", "", np.array([40000], np.uint16)),
    ],
    "sliced": [
        ("p", "4 3 0,2:-", np.ones((2, 3), np.float32)),
        ("p", "4 3 2,2:-", np.arange(6, dtype=np.float32).reshape(2, 3)),
        ("q", "300 200 100,150:60,70", np.full((150, 70), 7, np.int8)),
        ("whole", "", np.array(2.5)),
    ],
    "strings": [
        ("empty", "", []),
        ("long", "", [b"x" * 300, b"\0\xff"]),
    ],
}


def array(values):
    """The values as an array; strings as objects."""
    if isinstance(values, list):
        objects = np.empty(len(values), dtype=object)
        objects[:] = values
        return objects
    return np.asarray(values)


def many():
    """Names and scalars enough for an index of several blocks."""
    names = [f"layer_{i:04d}/cell/kernel/Adam_{j}" for i in range(2600) for j in range(3)]
    return [(name, np.float32(i)) for i, name in enumerate(names)]
