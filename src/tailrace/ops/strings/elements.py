"""Functions of each string by itself, and the way every such function is applied to an array.

Source: TF 1.15 core/ops/string_ops.cc, core/kernels/{as_string,base64,string_length,substr}_op*.cc.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from tailrace import arrays, dtypes, errors
from tailrace.dtypes import COMPLEX, INDEX
from tailrace.registry import Attr, op
from tailrace.shapes import broadcast

NOT_SMOOTH = "strings do not vary smoothly"


def each(function: Callable[..., Any], *inputs: Any) -> np.ndarray:
    """An object array of `function` of the inputs' elements, broadcast against each other."""
    result = np.frompyfunc(function, len(inputs), 1)(*inputs)
    if isinstance(result, np.ndarray):
        return result
    array = np.empty((), dtype=object)
    array[()] = result
    return array


def same_shape(input: Any) -> list[Any]:
    """The shape rule of a function of each string."""
    return [input]


def _format_of(dtype, precision, scientific, shortest, width, fill):
    """The C format of one number."""
    floating = not (dtype.is_integer or dtype.is_bool)
    if not floating and (scientific or shortest or precision >= 0):
        raise errors.invalid(f"{dtype.name} has no precision, scientific or shortest format")
    if scientific and shortest:
        raise errors.invalid("Cannot select both scientific and shortest notation")
    if fill not in (b"", b" ", b"0", b"+", b"-"):
        raise errors.invalid(f"Fill argument not supported: {fill.decode()!r}")
    kind = "d" if not floating else "e" if scientific else "g" if shortest else "f"
    digits = f".{precision}" if precision >= 0 else ""
    return f"%{fill.decode()}{width if width >= 0 else ''}{digits}{kind}"


_PRINTABLE = (
    dtypes.int8,
    dtypes.int16,
    dtypes.int32,
    dtypes.int64,
    *COMPLEX,
    dtypes.float32,
    dtypes.float64,
    dtypes.bool,
)


@op(
    "AsString",
    "input: T -> output: string",
    T=_PRINTABLE,
    precision=-1,
    scientific=False,
    shortest=False,
    width=-1,
    fill="",
)
def as_string(input, *, T, precision, scientific, shortest, width, fill):
    """Each number as text, as C's printf writes it."""
    array = arrays.to_numpy(input).astype(object)
    if T.is_bool:
        return each(lambda x: b"true" if x else b"false", array)
    form = _format_of(T, precision, scientific, shortest, width, fill)
    if T.is_complex:
        return each(lambda z: f"({form % z.real},{form % z.imag})".encode(), array)
    return each(lambda x: (form % x).encode(), array)


as_string.shape(same_shape)
as_string.no_gradient(NOT_SMOOTH)


def _lowered(text, encoding):
    return text.decode().lower().encode() if encoding == b"utf-8" else text.lower()


def _raised(text, encoding):
    return text.decode().upper().encode() if encoding == b"utf-8" else text.upper()


@op("StringLower", "input: string -> output: string", encoding="")
def string_lower(input, *, encoding):
    """Each string in lower case; of letters beyond ASCII only with encoding utf-8."""
    return each(lambda s: _lowered(s, encoding), input)


@op("StringUpper", "input: string -> output: string", encoding="")
def string_upper(input, *, encoding):
    """Each string in upper case; of letters beyond ASCII only with encoding utf-8."""
    return each(lambda s: _raised(s, encoding), input)


@op("StringStrip", "input: string -> output: string")
def string_strip(input):
    """Each string without white space at its ends."""
    return each(bytes.strip, input)


for _each in (string_lower, string_upper, string_strip):
    _each.shape(same_shape)
    _each.no_gradient(NOT_SMOOTH)

_UNIT = Attr("string", b"BYTE", allowed=(b"BYTE", b"UTF8_CHAR"))


def _starts(text):
    """The positions of bytes that begin a character of UTF-8, and the end."""
    return [i for i, byte in enumerate(text) if byte & 0xC0 != 0x80] + [len(text)]


@op("StringLength", "input: string -> output: int32", unit=_UNIT)
def string_length(input, *, unit):
    """How many bytes or characters each string has."""
    count = len if unit == b"BYTE" else lambda s: len(_starts(s)) - 1
    return torch.from_numpy(each(count, input).astype(np.int32))


string_length.shape(same_shape)
string_length.no_gradient(NOT_SMOOTH)


def _part(text, pos, length, places):
    size = len(places) - 1 if places is not None else len(text)
    if not -size <= pos <= size:
        raise errors.invalid(f"pos {pos} out of range for string b'{text.decode()}'")
    start = pos + size if pos < 0 else pos
    end = min(size, start + max(0, length))
    return text[places[start] : places[end]] if places is not None else text[start:end]


@op("Substr", "input: string, pos: T, len: T -> output: string", T=INDEX, unit=_UNIT)
def substr(input, pos, len, *, unit):
    """`len` bytes or characters of each string from `pos` on, counted from the end if negative."""
    split = _starts if unit == b"UTF8_CHAR" else lambda s: None
    starts, lengths = arrays.to_numpy(pos).astype(object), arrays.to_numpy(len).astype(object)
    return each(lambda s, p, n: _part(s, p, n, split(s)), input, starts, lengths)


@substr.shape
def substr_shape(input, pos, len):
    return [broadcast(input, pos)]


substr.no_gradient(NOT_SMOOTH)


def _encoded(text, pad):
    code = base64.urlsafe_b64encode(text)
    return code if pad else code.rstrip(b"=")


def _decoded(code):
    body = code.rstrip(b"=") if len(code) % 4 == 0 else code
    if len(body) % 4 == 1:
        raise errors.invalid("Base64 string length cannot be 1 modulo 4.")
    if not re.fullmatch(rb"[A-Za-z0-9_-]*", body):
        raise errors.invalid("Invalid character found in base64.")
    try:
        return base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4))
    except binascii.Error as error:
        raise errors.invalid(f"Invalid base64: {error}") from None


@op("EncodeBase64", "input: string -> output: string", pad=False)
def encode_base64(input, *, pad):
    """Each string in web-safe base64."""
    return each(lambda s: _encoded(s, pad), input)


@op("DecodeBase64", "input: string -> output: string")
def decode_base64(input):
    """What each string of web-safe base64 stands for."""
    return each(_decoded, input)


for _each in (encode_base64, decode_base64):
    _each.shape(same_shape)
    _each.no_gradient(NOT_SMOOTH)
