"""What failing assertions print, as TensorFlow 1.15.5 printed it for the same tensors."""

import numpy as np
import pytest
import torch

import tailrace.ops  # noqa: F401 - registers the operations
from tailrace.registry import OPS

SHOWN = [
    (torch.tensor([[1, 2], [3, 4]]), 2, "[1 2]..."),
    (torch.tensor([[1, 2], [3, 4]]), 3, "[1 2][3...]..."),
    (torch.tensor([[1, 2], [3, 4]]), -1, "[1 2][3 4]"),
    (torch.arange(5), 2, "0 1..."),
    (torch.arange(5), 100, "0 1 2 3 4"),
    (torch.tensor(1.5), 3, "1.5"),
    (torch.tensor([1.5, 2.25e-8, 1e10, 3, 1e5, 1234567]), 3, "1.5 2.25e-08 1e+10..."),
    (
        torch.tensor([1.5, 2.25e-8, 1e10, 3, 1e5, 1234567]),
        -1,
        "1.5 2.25e-08 1e+10 3 100000 1234567",
    ),
    (torch.tensor([0.1, 1 / 3], dtype=torch.float64), 3, "0.1 0.33333333333333331"),
    (np.array([b"a", b'b\n"c'], object), 3, 'a b\\n\\"c'),
    (torch.tensor([True, False]), 3, "1 0"),
    (torch.zeros(2, 2, 2, dtype=torch.int32), 3, "[[0 0][0...]]..."),
    (torch.zeros(2, 2, 2, dtype=torch.int32), -1, "[[0 0][0 0]][[0 0][0 0]]"),
    (torch.zeros(0, 2), 3, ""),
    (torch.tensor(1 + 2j), 3, "?"),
    (torch.tensor([200], dtype=torch.uint8), 3, "200"),
]


@pytest.mark.parametrize(("value", "summarize", "shown"), SHOWN)
def test_summary(value, summarize: int, shown: str):
    with pytest.raises(Exception, match="assertion failed") as failure:
        OPS["Assert"](torch.tensor(False), [value], summarize=summarize)
    assert str(failure.value) == f"assertion failed: [{shown}]"
