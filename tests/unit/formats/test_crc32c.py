import numpy as np
import pytest

from tailrace.formats import crc32c as module
from tailrace.formats.crc32c import crc32c, masked, numpy_crc32c, unmasked

# RFC 3720 appendix B.4
KNOWN = [
    (bytes(32), 0x8A9136AA),
    (b"\xff" * 32, 0x62A8AB43),
    (bytes(range(32)), 0x46DD794E),
    (b"123456789", 0xE3069283),
    (b"", 0),
]


@pytest.mark.parametrize("function", [crc32c, numpy_crc32c])
@pytest.mark.parametrize(("data", "expected"), KNOWN)
def test_known_values(function, data, expected):
    assert function(data) == expected


@pytest.mark.parametrize("size", [1, 4095, 4096, 4097, 100_003, 1 << 20])
def test_all_ways_agree(size):
    data = np.random.default_rng(size).integers(0, 256, size, dtype=np.uint8)
    expected = module._bytewise(data.tobytes(), 0)
    assert crc32c(data) == expected
    assert numpy_crc32c(data) == expected
    cut = size // 3
    assert numpy_crc32c(data[cut:], numpy_crc32c(data[:cut])) == expected
    assert crc32c(data[cut:], crc32c(data[:cut])) == expected


def test_mask():
    # crc 0 of an empty tensor is stored as the mask's delta
    assert masked(0) == 0xA282EAD8
    assert unmasked(masked(0x12345678)) == 0x12345678
