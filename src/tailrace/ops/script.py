"""Functions of Python as operations.

Source: TF 1.15 core/ops/script_ops.cc, python/lib/core/py_func.cc, python/ops/script_ops.py.
"""

from __future__ import annotations

import traceback

import numpy as np

from tailrace import arrays, dtypes, errors
from tailrace.registry import Attr, op

_TYPES = Attr("list(type)")
_CODES = (
    (StopIteration, errors.OutOfRangeError),
    (MemoryError, errors.ResourceExhaustedError),
    (NotImplementedError, errors.UnimplementedError),
    ((TypeError, ValueError), errors.InvalidArgumentError),
)


def _argument(value):
    """A value as the function sees it: its own array, or a NumPy scalar."""
    array = arrays.to_numpy(value)
    return array.copy() if array.ndim else array[()]


def _result(value):
    array = np.asarray(value, order="C")
    if array.dtype.kind in "SUO":
        return _strings(array, value)
    return array.copy() if array is value else array


def _strings(array, value):
    for item in array.reshape(-1).tolist():
        if not isinstance(item, (str, bytes)):
            raise errors.KernelError(
                errors.UnimplementedError, f"Unsupported object type {type(item).__name__}"
            )
    return arrays.as_bytes_array(np.array(value, dtype=object))


def _outputs(token, returned, types):
    """What the function gave as values of the operation's output types."""
    if returned is None and not types:
        return []
    values = returned if isinstance(returned, (list, tuple)) else [returned]
    if len(values) != len(types):
        raise errors.invalid(
            f"{token} returns {len(values)} values, but expects to see {len(types)} values."
        )
    outputs = []
    for i, (value, dtype) in enumerate(zip(values, types, strict=True)):
        array = _result(value)
        found = dtypes.as_dtype(array.dtype)
        if found is not dtype:
            raise errors.invalid(
                f"{i}-th value returned by {token} is {found.name}, but expects {dtype.name}"
            )
        outputs.append(arrays.to_torch(array))
    return outputs


def _call(ctx, input, token, types):
    name = token.decode()
    function = ctx.op.graph._py_functions.get(name)
    if function is None:
        raise errors.KernelError(
            errors.UnknownError,
            f"callback {name} is not found: functions of Python are no part of a GraphDef",
        )
    try:
        returned = function(*(_argument(value) for value in input))
    except Exception as error:
        code = next((c for kind, c in _CODES if isinstance(error, kind)), errors.UnknownError)
        raise errors.KernelError(code, _message(error)) from error
    return _outputs(name, returned, types)


def _message(error):
    lines = traceback.format_exception(error)
    return f"{type(error).__name__}: {error}\n{''.join(lines)}"


def _script(name, doc, **flags):
    @op(
        name,
        "input: list(Tin) -> output: list(Tout)",
        token=Attr("string"),
        Tin=_TYPES,
        Tout=_TYPES,
        _context=True,
        **flags,
    )
    def script(ctx, input, *, token, Tout):
        return _call(ctx, input, token, Tout)

    @script.shape
    def script_shape(input, *, Tout):
        return [None] * len(Tout)

    script.__doc__ = doc
    script.no_gradient("TensorFlow does not know what the function does")
    return script


py_func = _script("PyFunc", "What a function of Python gives for the inputs.", _stateful=True)
py_func_stateless = _script(
    "PyFuncStateless", "What a function of Python without state gives for the inputs."
)
