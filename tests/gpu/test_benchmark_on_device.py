"""What `python -m benchmarks --device gpu` has its workers do, on the device that is none."""

import benchmark_on_device
import pytest
from fake_device import present


@pytest.mark.parametrize("case", benchmark_on_device.CASES)
def test_programs(case: str):
    with present() as counts:
        benchmark_on_device.compare(case, peer="cpu")
        assert counts.replays
