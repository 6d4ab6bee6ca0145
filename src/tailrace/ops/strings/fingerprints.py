"""Hash functions of byte strings, as TensorFlow computes them: Murmur-like, FarmHash, SipHash.

Source: TF 1.15 core/lib/hash/hash.cc (Hash64); FarmHash 1.1 farmhashna.cc; Aumasson and Bernstein,
"SipHash: a fast short-input PRF" (2012).
"""

from __future__ import annotations

import struct

_MASK = (1 << 64) - 1
_MURMUR_SEED = 0xDECAFCAFFE
_MURMUR_FACTOR = 0xC6A4A7935BD1E995
_K0 = 0xC3A5C85C97CB3127
_K1 = 0xB492B66FBE98F273
_K2 = 0x9AE16A3B2F90404F

_State = tuple[int, int, int, tuple[int, int], tuple[int, int]]


def murmur(data: bytes) -> int:
    """Hash64 of TensorFlow."""
    m = _MURMUR_FACTOR
    h = _MURMUR_SEED ^ (len(data) * m & _MASK)
    whole = len(data) // 8 * 8
    for (k,) in struct.iter_unpack("<Q", data[:whole]):
        k = k * m & _MASK
        k = (k ^ k >> 47) * m & _MASK
        h = (h ^ k) * m & _MASK
    rest = data[whole:]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * m & _MASK
    h = (h ^ h >> 47) * m & _MASK
    return h ^ h >> 47


def siphash(data: bytes, key: tuple[int, int]) -> int:
    """SipHash-2-4."""
    k0, k1 = (k & _MASK for k in key)
    state = [
        k0 ^ 0x736F6D6570736575,
        k1 ^ 0x646F72616E646F6D,
        k0 ^ 0x6C7967656E657261,
        k1 ^ 0x7465646279746573,
    ]
    padded = data + bytes(-(len(data) + 1) % 8) + bytes([len(data) & 0xFF])
    for (word,) in struct.iter_unpack("<Q", padded):
        state[3] ^= word
        _sip_rounds(state, 2)
        state[0] ^= word
    state[2] ^= 0xFF
    _sip_rounds(state, 4)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _left(x: int, bits: int) -> int:
    return (x << bits | x >> 64 - bits) & _MASK


def _sip_rounds(state: list[int], count: int) -> None:
    a, b, c, d = state
    for _ in range(count):
        a, c = a + b & _MASK, c + d & _MASK
        b, d = _left(b, 13) ^ a, _left(d, 16) ^ c
        a = _left(a, 32)
        c, a = c + b & _MASK, a + d & _MASK
        b, d = _left(b, 17) ^ c, _left(d, 21) ^ a
        c = _left(c, 32)
    state[:] = a, b, c, d


def farm(data: bytes) -> int:
    """Fingerprint64 of FarmHash."""
    size = len(data)
    if size <= 16:
        return _farm_to_16(data, size)
    if size <= 32:
        return _farm_to_32(data, size)
    if size <= 64:
        return _farm_to_64(data, size)
    return _farm_long(data, size)


def _word(data: bytes, place: int) -> int:
    return int.from_bytes(data[place : place + 8], "little")


def _right(x: int, bits: int) -> int:
    x &= _MASK
    return (x >> bits | x << 64 - bits) & _MASK


def _mixed(x: int) -> int:
    x &= _MASK
    return x ^ x >> 47


def _pair(u: int, v: int, mul: int) -> int:
    a = _mixed(((u ^ v) & _MASK) * mul)
    return _mixed(((v ^ a) & _MASK) * mul) * mul & _MASK


def _farm_to_16(data: bytes, size: int) -> int:
    mul = _K2 + size * 2
    if size >= 8:
        a, b = _word(data, 0) + _K2, _word(data, size - 8)
        return _pair(_right(b, 37) * mul + a, (_right(a, 25) + b) * mul, mul)
    if size >= 4:
        first = int.from_bytes(data[:4], "little")
        return _pair(size + (first << 3), int.from_bytes(data[-4:], "little"), mul)
    if size:
        y, z = data[0] + (data[size >> 1] << 8), size + (data[-1] << 2)
        return _mixed(y * _K2 ^ z * _K0) * _K2 & _MASK
    return _K2


def _farm_to_32(data: bytes, size: int) -> int:
    mul = _K2 + size * 2
    a, b = _word(data, 0) * _K1, _word(data, 8)
    c, d = _word(data, size - 8) * mul, _word(data, size - 16) * _K2
    return _pair(_right(a + b, 43) + _right(c, 30) + d, a + _right(b + _K2, 18) + c, mul)


def _farm_to_64(data: bytes, size: int) -> int:
    mul = _K2 + size * 2
    a, b = _word(data, 0) * _K2, _word(data, 8)
    c, d = _word(data, size - 8) * mul, _word(data, size - 16) * _K2
    y = _right(a + b, 43) + _right(c, 30) + d
    z = _pair(y, a + _right(b + _K2, 18) + c, mul)
    e, f = _word(data, 16) * mul, _word(data, 24)
    g, h = (y + _word(data, size - 32)) * mul, (z + _word(data, size - 24)) * mul
    return _pair(_right(e + f, 43) + _right(g, 30) + h, e + _right(f + a, 18) + g, mul)


def _weak(data: bytes, place: int, a: int, b: int) -> tuple[int, int]:
    """A quick hash of 32 bytes with two seeds."""
    w, x, y, z = struct.unpack_from("<4Q", data, place)
    a += w
    b = _right(a + b + z, 21)
    c = a
    a += x + y
    b += _right(a, 44)
    return a + z & _MASK, b + c & _MASK


def _farm_long(data: bytes, size: int) -> int:
    x, y = 81, 81 * _K1 + 113
    z = _mixed(y * _K2 + 113) * _K2
    v, w = (0, 0), (0, 0)
    x = x * _K2 + _word(data, 0)
    end = (size - 1) // 64 * 64
    for place in range(0, end, 64):
        x, y, z, v, w = _farm_block(data, place, _K1, (x, y, z, v, w), 1)
    mul = _K1 + ((z & 0xFF) << 1)
    w = (w[0] + (size - 1 & 63), w[1])
    v = (v[0] + w[0], v[1])
    w = (w[0] + v[0], w[1])
    x, y, z, v, w = _farm_block(data, size - 64, mul, (x, y, z, v, w), 9)
    low = _pair(v[0] & _MASK, w[0] & _MASK, mul) + _mixed(y) * _K0 + z
    return _pair(low & _MASK, _pair(v[1], w[1], mul) + x & _MASK, mul)


def _farm_block(data: bytes, place: int, mul: int, state: _State, weight: int) -> _State:
    """64 bytes mixed into the state x, y, z, v, w."""
    x, y, z, v, w = state
    x = _right(x + y + v[0] + _word(data, place + 8), 37) * mul
    y = _right(y + v[1] + _word(data, place + 48), 42) * mul
    x = (x ^ w[1] * weight) & _MASK
    y = y + v[0] * weight + _word(data, place + 40) & _MASK
    z = _right(z + w[0], 33) * mul & _MASK
    v = _weak(data, place, v[1] * mul, x + w[0])
    w = _weak(data, place + 32, z + w[1], y + _word(data, place + 16))
    return z, y, x, v, w
