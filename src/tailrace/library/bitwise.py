"""Operations on the bits of integers.

Source: TF 1.15 python/ops/bitwise_ops.py.
"""

from __future__ import annotations

from tailrace.library.math_wrappers import binary, unary

bitwise_and = binary("BitwiseAnd", "bitwise_and", "The bits that are set in both.")
bitwise_or = binary("BitwiseOr", "bitwise_or", "The bits that are set in either.")
bitwise_xor = binary("BitwiseXor", "bitwise_xor", "The bits that are set in one of the two.")
left_shift = binary("LeftShift", "left_shift", "The bits of x moved up by y.")
right_shift = binary("RightShift", "right_shift", "The bits of x moved down by y.")
invert = unary("Invert", "invert", "The bits that are not set.")
