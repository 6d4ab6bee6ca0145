"""TensorFlow's element types and how they stand to NumPy's.

A `DType` has TensorFlow's name and number (types.proto). Numbers above 100 are reference types:
what a `VariableV2` gives and an `Assign` takes.

Source: TF 1.15 core/framework/types.proto, python/framework/dtypes.py.
"""

from __future__ import annotations

import builtins
import functools
import importlib
from typing import Any, cast

import numpy as np

_REF_OFFSET = 100


class DType:
    """An element type. Instances are unique, so `is` and `==` agree."""

    __slots__ = ("_name", "_number", "_numpy")

    def __init__(self, name: str, number: int, numpy_type: Any) -> None:
        self._name = name
        self._number = number
        self._numpy = numpy_type

    @property
    def name(self) -> str:
        return self._name

    @property
    def as_datatype_enum(self) -> int:
        return self._number

    @property
    def as_numpy_dtype(self) -> Any:
        """The NumPy scalar type; `numpy.object_` for strings and handles."""
        if self._numpy is None:
            return _extension_type(self.base_dtype.name)
        return self._numpy

    @property
    def is_numpy_compatible(self) -> builtins.bool:
        return self.base_dtype not in (resource, variant)

    @property
    def _is_ref_dtype(self) -> builtins.bool:
        return self._number > _REF_OFFSET

    @property
    def _as_ref(self) -> DType:
        return self if self._is_ref_dtype else _BY_NUMBER[self._number + _REF_OFFSET]

    @property
    def base_dtype(self) -> DType:
        return _BY_NUMBER[self._number - _REF_OFFSET] if self._is_ref_dtype else self

    @property
    def real_dtype(self) -> DType:
        """The type of the parts of a complex number; other types are their own."""
        return {complex64: float32, complex128: float64}.get(self.base_dtype, self.base_dtype)

    @property
    def is_bool(self) -> builtins.bool:
        return self.base_dtype is bool

    @property
    def is_integer(self) -> builtins.bool:
        return self.base_dtype in _INTEGERS and not self.is_quantized

    @property
    def is_unsigned(self) -> builtins.bool:
        return self.base_dtype in (uint8, uint16, uint32, uint64)

    @property
    def is_floating(self) -> builtins.bool:
        return self.base_dtype in (float16, float32, float64, bfloat16)

    @property
    def is_complex(self) -> builtins.bool:
        return self.base_dtype in (complex64, complex128)

    @property
    def is_quantized(self) -> builtins.bool:
        return self.base_dtype in (qint8, quint8, qint16, quint16, qint32)

    @property
    def min(self) -> Any:
        return self._limit("min")

    @property
    def max(self) -> Any:
        return self._limit("max")

    @property
    def limits(self) -> tuple[Any, Any]:
        return self.min, self.max

    def _limit(self, which: str) -> Any:
        if self.is_floating:
            finfo = importlib.import_module("ml_dtypes").finfo
            return getattr(finfo(self.as_numpy_dtype), which)
        if self.is_integer:
            return getattr(np.iinfo(self.as_numpy_dtype), which)
        raise TypeError(f"Cannot find {which}imum value of {self}.")

    @property
    def size(self) -> int:
        """Bytes an element takes; 1 for types that have no fixed size, as in TensorFlow."""
        if self.base_dtype in (string, resource, variant):
            return 1
        return np.dtype(self.as_numpy_dtype).itemsize

    def is_compatible_with(self, other: Any) -> builtins.bool:
        """Whether a tensor of type `other` may be given where this type is wanted."""
        other = as_dtype(other)
        return self is other or self is other.base_dtype

    def __eq__(self, other: object) -> builtins.bool:
        if other is None:
            return False
        try:
            return self is as_dtype(other)
        except TypeError:
            return False

    def __ne__(self, other: object) -> builtins.bool:
        return not self == other

    def __hash__(self) -> int:
        return self._number

    def __int__(self) -> int:
        return self._number

    def __str__(self) -> str:
        return f"<dtype: {self._name!r}>"

    def __repr__(self) -> str:
        return f"tf.{self._name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return as_dtype, (self._name,)


@functools.cache
def _extension_type(name: str) -> Any:
    return getattr(importlib.import_module("ml_dtypes"), name)


_BY_NUMBER: dict[int, DType] = {}
_BY_NAME: dict[str, DType] = {}


def _define(name: str, number: int, numpy_type: Any) -> DType:
    dtype = DType(name, number, numpy_type)
    reference = DType(name + "_ref", number + _REF_OFFSET, numpy_type)
    for each in (dtype, reference):
        _BY_NUMBER[each.as_datatype_enum] = each
        _BY_NAME[each.name] = each
    return dtype


float32 = _define("float32", 1, np.float32)
float64 = _define("float64", 2, np.float64)
int32 = _define("int32", 3, np.int32)
uint8 = _define("uint8", 4, np.uint8)
int16 = _define("int16", 5, np.int16)
int8 = _define("int8", 6, np.int8)
string = _define("string", 7, np.object_)
complex64 = _define("complex64", 8, np.complex64)
int64 = _define("int64", 9, np.int64)
bool = _define("bool", 10, np.bool_)  # TensorFlow's name
qint8 = _define("qint8", 11, np.int8)
quint8 = _define("quint8", 12, np.uint8)
qint32 = _define("qint32", 13, np.int32)
bfloat16 = _define("bfloat16", 14, None)
qint16 = _define("qint16", 15, np.int16)
quint16 = _define("quint16", 16, np.uint16)
uint16 = _define("uint16", 17, np.uint16)
complex128 = _define("complex128", 18, np.complex128)
float16 = _define("float16", 19, np.float16)
resource = _define("resource", 20, np.object_)
variant = _define("variant", 21, np.object_)
uint32 = _define("uint32", 22, np.uint32)
uint64 = _define("uint64", 23, np.uint64)
half = float16
double = float64
_BY_NAME.update(half=half, float=float32, double=double)
_BY_NAME.update(half_ref=half._as_ref, float_ref=float32._as_ref, double_ref=double._as_ref)

_INTEGERS = (uint8, uint16, uint32, uint64, int8, int16, int32, int64)

# Sets used in the signatures of operations.
FLOATS = (bfloat16, float16, float32, float64)
COMPLEX = (complex64, complex128)
INEXACT = FLOATS + COMPLEX
INTEGERS = _INTEGERS
INDEX = (int32, int64)
# TensorFlow's `realnumbertype` and `numbertype`, in the order of its messages.
REAL = (
    *(float32, float64, int32, uint8, int16, int8),
    *(int64, bfloat16, uint16, float16, uint32, uint64),
)
NUMERIC = (
    *(float32, float64, int32, uint8, int16, int8, complex64, int64, qint8, quint8, qint32),
    *(bfloat16, uint16, complex128, float16, uint32, uint64),
)
QUANTIZED = (qint8, quint8, qint32, qint16, quint16)
ANY: tuple[DType, ...] = ()

_FROM_NUMPY: dict[np.dtype, DType] = {
    np.dtype(d.as_numpy_dtype): d for d in (*_INTEGERS, float16, float32, float64, *COMPLEX, bool)
}
_FROM_PYTHON: dict[type, DType] = {float: float32, builtins.bool: bool}
_STRINGS = (str, bytes, object)


def as_dtype(type_value: Any) -> DType:
    """The `DType` of a DType, name, number, NumPy or Python type.

    Raises: TypeError when nothing matches.
    """
    if isinstance(type_value, DType):
        return type_value
    if isinstance(type_value, (str, int)) and not isinstance(type_value, np.generic):
        known: dict[Any, DType] = _BY_NAME if isinstance(type_value, str) else _BY_NUMBER
        found = known.get(type_value)
        if found is not None:
            return found
    if isinstance(type_value, type) and type_value in _STRINGS:
        return string
    try:
        if type_value in _FROM_PYTHON:
            return _FROM_PYTHON[type_value]
        numpy_dtype = np.dtype(cast(Any, type_value))
    except TypeError:
        numpy_dtype = None
    if numpy_dtype is not None:
        if numpy_dtype.kind in "SUO":
            return string
        if numpy_dtype in _FROM_NUMPY:
            return _FROM_NUMPY[numpy_dtype]
        if numpy_dtype.name == "bfloat16":
            return bfloat16
    raise TypeError(f"Cannot convert value {type_value!r} to a TensorFlow DType.")
