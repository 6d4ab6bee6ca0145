"""The numbers of a device are those of the host's streams."""

import numpy as np
import pytest
import torch

from tailrace.native import device_random, random
from tailrace.native.philox import Position

CPU = torch.device("cpu")
# seeds of either sign and size; where the lower and the upper half of the counter run over
STARTS = [
    Position.from_seeds(1, 2),
    Position.from_seeds(-5, 1 << 62),
    Position.from_seeds(0xFEDCBA9876543210, -1),
    Position.stateless(3, -4),
    Position(7, (1 << 64) - 3),
    Position(7, (5 << 64) | (1 << 32) - 2),
    Position(1 << 63, (1 << 128) - 4),
]


@pytest.mark.parametrize("start", STARTS, ids=range(len(STARTS)))
@pytest.mark.parametrize("count", [0, 1, 4, 7, 61])
def test_words(start: Position, count: int):
    found = device_random.words(start, count, CPU)
    np.testing.assert_array_equal(found.numpy(), start.words(count))


@pytest.mark.parametrize("start", STARTS, ids=range(len(STARTS)))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count", [0, 1, 5, 1000])
def test_uniforms_are_the_same_bit_for_bit(start: Position, dtype, count: int):
    wanted = torch.from_numpy(np.empty(0, dtype)).dtype
    found = device_random.uniform(start, count, wanted, CPU)
    assert found.dtype is wanted
    np.testing.assert_array_equal(found.numpy(), random.uniform(start, count, dtype))


@pytest.mark.parametrize(("dtype", "bits"), [(torch.float16, 10), (torch.bfloat16, 7)])
def test_uniforms_of_few_bits(dtype: torch.dtype, bits: int):
    found = device_random.uniform(STARTS[2], 999, dtype, CPU)
    expected = torch.from_numpy(random.uniform_short(STARTS[2], 999, bits)).to(dtype)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


@pytest.mark.parametrize("start", STARTS, ids=range(len(STARTS)))
@pytest.mark.parametrize("count", [0, 1, 6, 1001])
def test_normal_numbers(start: Position, count: int):
    for dtype, wanted, tolerance in (
        (np.float32, torch.float32, 2e-6),
        (np.float64, torch.float64, 1e-14),
        (np.float32, torch.float16, 2e-3),
    ):
        found = device_random.normal(start, count, wanted, CPU)
        assert found.dtype is wanted
        expected = random.normal(start, count, dtype)
        np.testing.assert_allclose(found.double().numpy(), expected, rtol=tolerance, atol=tolerance)
