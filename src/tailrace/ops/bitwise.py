"""Operations on the bits of integers.

Source: TF 1.15 core/ops/bitwise_ops.cc, core/kernels/cwise_ops.h.
"""

from __future__ import annotations

import numpy as np
import torch

from tailrace import arrays
from tailrace.dtypes import int8, int16, int32, int64, uint8, uint16, uint32, uint64
from tailrace.registry import elementwise, elementwise_binary, op

_INTEGERS = (int8, int16, int32, int64, uint8, uint16, uint32, uint64)
_BITS = "bits do not vary smoothly"
# torch has no arithmetic for these
_WIDE_UNSIGNED = (torch.uint16, torch.uint32, torch.uint64)


def _through_numpy(torch_function, numpy_function, doc):
    def kernel(*inputs):
        if inputs[0].dtype in _WIDE_UNSIGNED:
            return arrays.to_torch(np.asarray(numpy_function(*map(arrays.to_numpy, inputs))))
        return torch_function(*inputs)

    kernel.__doc__ = doc
    return kernel


def _shift(torch_function):
    """TF: a count beyond the width of the type shifts by all bits but one."""

    def shift(x, y):
        return torch_function(x, y.clamp(0, torch.iinfo(x.dtype).bits - 1))

    return shift


def _numpy_shift(numpy_function):
    def shift(x, y):
        return numpy_function(x, np.minimum(y, x.dtype.type(x.dtype.itemsize * 8 - 1)))

    return shift


elementwise_binary(
    "BitwiseAnd",
    _through_numpy(torch.bitwise_and, np.bitwise_and, "The bits that are set in both."),
    _INTEGERS,
    _BITS,
)
elementwise_binary(
    "BitwiseOr",
    _through_numpy(torch.bitwise_or, np.bitwise_or, "The bits that are set in either."),
    _INTEGERS,
    _BITS,
)
elementwise_binary(
    "BitwiseXor",
    _through_numpy(torch.bitwise_xor, np.bitwise_xor, "The bits that are set in one of the two."),
    _INTEGERS,
    _BITS,
)
elementwise_binary(
    "LeftShift",
    _through_numpy(
        _shift(torch.bitwise_left_shift), _numpy_shift(np.left_shift), "The bits moved up by y."
    ),
    _INTEGERS,
    _BITS,
)
elementwise_binary(
    "RightShift",
    _through_numpy(
        _shift(torch.bitwise_right_shift), _numpy_shift(np.right_shift), "The bits moved down by y."
    ),
    _INTEGERS,
    _BITS,
)
elementwise(
    "Invert",
    _through_numpy(torch.bitwise_not, np.bitwise_not, "The other bits."),
    _INTEGERS,
    _BITS,
)


@op("PopulationCount", "x: T -> y: uint8", T=_INTEGERS, _elementwise=True, _host_only=True)
def population_count(x):
    """How many bits are set."""
    array = arrays.to_numpy(x.cpu())
    unsigned = array.view(f"u{array.dtype.itemsize}")
    return torch.from_numpy(np.asarray(np.bitwise_count(unsigned))).to(x.device)


@population_count.shape
def population_count_shape(x):
    return [x]


population_count.no_gradient(_BITS)
