"""Where values come from, and how they pass unchanged: constants, placeholders, fills, identities.

Source: TF 1.15 core/ops/array_ops.cc, python/ops/array_grad.py.
"""

from __future__ import annotations

import numpy as np
import torch

from tailrace import arrays, dtypes, errors
from tailrace.dtypes import ANY, COMPLEX, FLOATS, INDEX
from tailrace.errors import ShapeError
from tailrace.registry import Attr, elementwise, op, type_attr
from tailrace.shapes import TensorShape, as_shape, describe, merge

_INDEX = type_attr(INDEX, dtypes.int32)


@op("Const", "-> output: dtype", value=Attr("tensor"), dtype=ANY, _static=True, _constant=True)
def const(*, value):
    """A value that is part of the graph."""
    return arrays.to_torch(value)


@const.shape
def const_shape(*, value):
    return [value.shape]


@const.known_value
def const_value(*, value):
    return [value]


const.no_gradient("a constant has no inputs")


def _unfed(*, dtype, shape):
    dims = as_shape(shape).dims
    what = "" if dims is None else f" and shape {describe(dims)}"
    raise errors.invalid(
        f"You must feed a value for placeholder tensor with dtype {dtype.name}{what}"
    )


def _attr_shape(*, shape):
    return [as_shape(shape)]


placeholder = op(
    "Placeholder",
    "-> output: dtype",
    dtype=ANY,
    shape=Attr("shape", TensorShape(None)),
    _varies=True,
)(_unfed)
placeholder.__doc__ = "A tensor whose value every run must be given."
placeholder.shape(_attr_shape)
placeholder.no_gradient("a placeholder has no inputs")

placeholder_v2 = op(
    "PlaceholderV2", "-> output: dtype", dtype=ANY, shape=Attr("shape"), _varies=True
)(_unfed)
placeholder_v2.__doc__ = (
    "A tensor whose value every run must be given; an older form of Placeholder."
)
placeholder_v2.shape(_attr_shape)
placeholder_v2.no_gradient("a placeholder has no inputs")


def _same(x):
    return x


def _pass_gradient(g, op, dy):
    return dy


@op(
    "PlaceholderWithDefault",
    "input: dtype -> output: dtype",
    dtype=ANY,
    shape=Attr("shape"),
    _varies=True,
    _alias=True,
)
def placeholder_with_default(input):
    """The input, unless the run is given another value."""
    return input


@placeholder_with_default.shape
def placeholder_with_default_shape(input, *, shape):
    merge(input, shape, "shapes of the default and the placeholder")
    return [as_shape(shape)]


placeholder_with_default.gradient(_pass_gradient)


@op("Identity", "input: T -> output: T", T=ANY, _alias=True, _passes=True)
def identity(input):
    """The input."""
    return input


identity.shape(lambda input: [input])
identity.repeats(lambda input: 0)
identity.gradient(_pass_gradient)


@op("RefIdentity", "input: Ref(T) -> output: Ref(T)", T=ANY, _alias=True, _passes=True)
def ref_identity(input):
    """The reference itself."""
    return input


ref_identity.shape(lambda input: [input])
ref_identity.gradient(_pass_gradient)


@op("IdentityN", "input: list(T) -> output: list(T)", _alias=True)
def identity_n(input):
    """All the inputs, none before every one of them is computed."""
    return list(input)


identity_n.shape(lambda input: list(input))


@identity_n.over_steps
def identity_n_over_steps(b, input):
    count = next(v.value.dims[0] for v in input if v.each)
    return [v.value if v.each else b.RepeatOverSteps(v.value, count=count) for v in input]


identity_n.gradient(lambda g, op, *dys: list(dys))


@op("Snapshot", "input: T -> output: T", T=ANY, _alias=True)
def snapshot(input):
    """The input, as it is at that moment."""
    return input


snapshot.shape(lambda input: [input])


@op("StopGradient", "input: T -> output: T", T=ANY, _alias=True)
def stop_gradient(input):
    """The input, taken as a constant by gradients."""
    return input


stop_gradient.shape(lambda input: [input])
stop_gradient.repeats(lambda input: 0)
stop_gradient.no_gradient("its purpose is to stop gradients")


@op("PreventGradient", "input: T -> output: T", T=ANY, message="", _alias=True)
def prevent_gradient(input):
    """The input; asking for a gradient through it is an error."""
    return input


prevent_gradient.shape(lambda input: [input])
prevent_gradient.repeats(lambda input: 0)


@prevent_gradient.gradient
def prevent_gradient_grad(g, op, dy):
    raise LookupError(f"Gradient explicitly disabled. Reason: {op.message!r}")


@op("GuaranteeConst", "input: T -> output: T", T=ANY, _alias=True, _stateful=True)
def guarantee_const(input):
    """The input, promised to be the same in every run."""
    return input


guarantee_const.shape(lambda input: [input])
guarantee_const.missing_gradient("it stands for a constant")


@op(
    "EnsureShape",
    "input: T -> output: T",
    shape=Attr("shape"),
    T=ANY,
    _alias=True,
    _checks=True,
)
def ensure_shape(input, *, shape):
    """The input, after checking its shape."""
    if not shape.is_compatible_with(tuple(input.shape)):
        raise errors.invalid(
            f"Shape of tensor {list(input.shape)} is not compatible with expected shape {shape}."
        )
    return input


@ensure_shape.shape
def ensure_shape_shape(input, *, shape):
    return [merge(input, shape)]


ensure_shape.gradient(_pass_gradient)


@op(
    "Fill",
    "dims: index_type, value: T -> output: T",
    T=ANY,
    index_type=_INDEX,
    _host="dims",
    _static=True,
)
def fill(dims, value):
    """A tensor of one value."""
    if any(d < 0 for d in dims):
        raise errors.invalid(f"dims must not be negative, but are {dims}")
    if isinstance(value, np.ndarray):
        return np.full(dims, value[()], dtype=object)
    return value.expand(dims).clone()


@fill.shape
def fill_shape(dims, value):
    sizes = dims.value
    if sizes is not None and (sizes < 0).any():
        raise ShapeError(f"Fill dimensions must be >= 0, but are {sizes.tolist()}")
    return [dims.as_shape()]


@fill.gradient
def fill_grad(g, op, dy):
    return None, g.reduce_sum(dy)


@op("ZerosLike", "x: T -> y: T", T=ANY, _vector="zero", _zeros=True)
def zeros_like(x):
    """Zeros (False, empty strings) in the shape of the input."""
    if isinstance(x, np.ndarray):
        return np.full(x.shape, b"", dtype=object)
    return torch.zeros_like(x)


zeros_like.shape(lambda x: [x])
zeros_like.no_gradient("the output does not depend on the input's values")
_NUMBERS = (
    *(*FLOATS, dtypes.int8, dtypes.uint8, dtypes.int16, dtypes.uint16),
    *(*INDEX, *COMPLEX, dtypes.bool),
)
elementwise(
    "OnesLike", torch.ones_like, _NUMBERS, "the output does not depend on the input's values"
)
