"""Tensors in words, as TensorFlow 1.15.5 prints them."""

import numpy as np
import pytest

from tailrace.formats.tensor_text import element_text, printed, summary


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"),
        (1 / 3, "0.333333343"),
        (1e10, "1e+10"),
        (1234567.0, "1234567"),
        (float("nan"), "nan"),
    ],
)
def test_floats_are_as_short_as_they_can_be(value, text):
    assert element_text(float(np.float32(value)), np.dtype(np.float32)) == text


def test_summaries_count_elements():
    x = np.arange(6).reshape(2, 3)
    assert summary(x, 4) == "[0 1 2][3...]..."
    assert summary(x, -1) == "[0 1 2][3 4 5]"
    assert summary(np.array(7), 3) == "7"


def test_prints_show_both_ends():
    assert printed(np.arange(9), 3) == "[0 1 2 ... 6 7 8]"
    assert printed(np.arange(4).reshape(2, 2), 3) == "[[0 1]\n [2 3]]"
    assert printed(np.array([b"a", b"b\n"], dtype=object), 3) == '["a" "b\\n"]'
    assert printed(np.array([1, 2, 3]), -1) == "[1 2 3]"
