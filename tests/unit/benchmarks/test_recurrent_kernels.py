"""The benchmark of the recurrent kernels at toy size."""

import pytest
import torch

from benchmarks import recurrent_kernels

SIZE = (3, 2, 4, 5)


@pytest.mark.parametrize("cell", recurrent_kernels.LAYERS)
def test_a_row_is_measured(cell, capsys):
    recurrent_kernels.measure(cell, SIZE, 0.0)
    words = capsys.readouterr().out.split()
    assert words[:7] == [cell, "H", "3", "B", "4", "T", "5"]
    assert float(words[words.index("ours") + 1]) > 0
    assert float(words[words.index("ratio") + 1]) > 0


@pytest.mark.parametrize("cell", recurrent_kernels.LAYERS)
def test_our_layer_gives_the_gradient_of_its_outputs(cell):
    torch.manual_seed(0)
    hidden, batch, steps = 3, 2, 4
    layer = recurrent_kernels.LAYERS[cell](hidden, batch)
    x, dout = torch.randn(steps, batch, hidden), torch.randn(steps, batch, hidden)

    def total(value):
        outputs = layer.forward(value, recurrent_kernels.Clock())
        return float((outputs.double() * dout).sum())

    total(x)
    found = layer.backward(dout, recurrent_kernels.Clock())
    nudge = torch.zeros_like(x)
    nudge[1, 1, 2] = 1e-2
    slope = (total(x + nudge) - total(x - nudge)) / 2e-2
    assert float(found[1, 1, 2]) == pytest.approx(slope, rel=2e-3, abs=1e-4)


def test_the_tenth_smallest_of_a_hundred_counts():
    assert recurrent_kernels.low([float(i) for i in range(100)]) == 10.0


def test_the_rate_of_a_product():
    assert recurrent_kernels.matrix_rate() > 0
