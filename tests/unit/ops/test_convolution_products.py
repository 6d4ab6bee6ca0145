"""Gradients of convolutions as products of matrices, and by PyTorch's kernels."""

import pytest
import torch

from tailrace.ops.windows import conv

# sizes [B, H, W, C], filter [h, w, in, out], strides, dilations
CASES = [
    ([2, 9, 10, 1], [5, 5, 1, 6], (1, 1), (1, 1)),
    ([2, 9, 10, 3], [2, 3, 3, 6], (2, 3), (1, 1)),
    ([2, 9, 11, 2], [3, 3, 2, 4], (1, 1), (2, 3)),
    ([3, 12, 8, 1], [3, 8, 1, 7], (1, 1), (1, 1)),
    ([3, 12, 8, 16], [4, 8, 16, 7], (2, 1), (1, 1)),
    ([3, 12, 8, 4], [5, 8, 4, 7], (3, 2), (1, 1)),
    ([2, 6, 1, 5], [1, 1, 5, 3], (1, 1), (1, 1)),
    ([0, 9, 10, 1], [5, 5, 1, 6], (1, 1), (1, 1)),
]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("padding", [b"SAME", b"VALID"])
@pytest.mark.parametrize("data_format", [b"NHWC", b"NCHW"])
@pytest.mark.parametrize(("sizes", "window", "strides", "dilations"), CASES)
def test_both_ways(monkeypatch, sizes, window, strides, dilations, data_format, padding, dtype):
    torch.manual_seed(0)
    first = data_format == b"NCHW"

    def in_order(batch, space, channels):
        return [batch, channels, *space] if first else [batch, *space, channels]

    sizes = in_order(sizes[0], sizes[1:3], sizes[3])
    windows = conv.Windows.of(
        in_order(1, strides, 1), in_order(1, dilations, 1), padding, data_format
    )
    filter = torch.randn(window, dtype=dtype)
    dy = torch.randn(conv.output_shape(sizes, window, windows), dtype=dtype)
    x = torch.randn(sizes, dtype=dtype)

    def gradients():
        dx = conv.backprop_input(sizes, filter, dy, windows)
        return dx, conv.backprop_filter(x, window, dy, windows)

    products = gradients()
    monkeypatch.setattr(conv, "_is_quicker_as_product", lambda *_: False)
    monkeypatch.setattr(conv, "_covers_lines", lambda *_: False)
    for product, kernel in zip(products, gradients(), strict=True):
        assert product.is_contiguous()
        torch.testing.assert_close(product, kernel, rtol=1e-4, atol=1e-5)


def test_which_windows_are_whole_lines():
    def covers(sizes, window, padding=b"VALID", data_format=b"NHWC", dilations=(1, 1, 1, 1)):
        windows = conv.Windows.of([1, 1, 1, 1], dilations, padding, data_format)
        dy = torch.zeros(conv.output_shape(sizes, window, windows))
        return conv._covers_lines(sizes, window, dy, windows)

    assert covers([2, 9, 8, 3], [4, 8, 3, 5])
    assert not covers([2, 9, 8, 3], [4, 7, 3, 5])
    assert not covers([2, 9, 8, 3], [4, 8, 3, 5], b"SAME")
    assert not covers([2, 9, 8, 4], [4, 8, 2, 6])  # groups
    assert not covers([2, 3, 9, 8], [4, 8, 3, 5], data_format=b"NCHW")
    assert not covers([2, 9, 8, 3], [4, 8, 3, 5], dilations=(1, 2, 1, 1))


def test_large_products_are_made_of_some_examples_at_a_time(monkeypatch):
    torch.manual_seed(0)
    windows = conv.Windows.of([1, 1, 1, 1], [1, 1, 1, 1], b"SAME", b"NHWC")
    filter, dy = torch.randn(3, 3, 1, 4), torch.randn(5, 8, 8, 4)
    whole = conv.backprop_input([5, 8, 8, 1], filter, dy, windows)
    monkeypatch.setattr(conv, "_PRODUCT_BYTES", 2 * 8 * 8 * 9 * 4)
    torch.testing.assert_close(conv.backprop_input([5, 8, 8, 1], filter, dy, windows), whole)
