"""Parts of the string operations that are functions of bytes."""

import pytest

from tailrace import errors
from tailrace.ops.strings.fingerprints import farm, murmur, siphash
from tailrace.ops.strings.parsing import csv_fields
from tailrace.ops.strings.patterns import _replaced


def test_siphash_of_the_paper():
    """Appendix A: key 00 … 0f, input 00 … 0e."""
    low, high = (int.from_bytes(bytes(range(i, i + 8)), "little") for i in (0, 8))
    assert siphash(bytes(range(15)), (low, high)) == 0xA129CA6149BE45E5


def test_the_hash_of_nothing():
    assert farm(b"") == 0x9AE16A3B2F90404F
    assert murmur(b"") != siphash(b"", (0, 0))


@pytest.mark.parametrize("size", [1, 3, 4, 7, 8, 15, 16, 17, 32, 33, 64, 65, 128, 129, 500])
def test_hashes_are_64_bits_and_see_every_byte(size):
    data = bytes(i % 251 for i in range(size))
    hashes = set()
    for place in range(size):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        for function in (farm, murmur):
            assert 0 <= function(changed) < 1 << 64
            hashes.add((function.__name__, function(changed)))
    assert len(hashes) == 2 * size


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        (b"", [b""]),
        (b"a,b", [b"a", b"b"]),
        (b"a,,", [b"a", b"", b""]),
        (b'"a,b",c', [b"a,b", b"c"]),
        (b'"a""b"', [b'a"b']),
        (b'"two\nlines",x', [b"two\nlines", b"x"]),
    ],
)
def test_fields_of_a_record(line, fields):
    assert csv_fields(line, b",", quotes=True) == fields


@pytest.mark.parametrize("line", [b'a"b', b'"a', b'"a"b', b"a\nb"])
def test_malformed_records_are_refused(line):
    with pytest.raises(errors.KernelError):
        csv_fields(line, b",", quotes=True)


@pytest.mark.parametrize(
    ("text", "pattern", "rewrite", "expected"),
    [
        (b"abxd", b"x*", b"-", b"-a-b-d-"),
        (b"a.b", rb"\.", rb"\\", rb"a\b"),
        (b"end", rb"d\z", b"!", b"en!"),
        (b"x1y22", rb"(\d)(\d)?", rb"<\1\2>", b"x<1>y<22>"),
    ],
)
def test_rewriting(text, pattern, rewrite, expected):
    assert _replaced(text, pattern, rewrite, everywhere=True) == expected
