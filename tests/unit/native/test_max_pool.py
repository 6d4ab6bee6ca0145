"""Maximum pooling against PyTorch's, and what TensorFlow does with NaN and infinity."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import tailrace as tf
from tailrace.native import max_pool as native
from tailrace.native.loader import library

pytestmark = pytest.mark.skipif(library() is None, reason="there is no native library")

# batch, height, width, channels; window, stride, padding
CASES = [
    ((3, 8, 8, 16), 2, 2, 0),
    ((2, 7, 9, 3), 3, 2, 1),
    ((1, 9, 5, 70), 3, 1, 1),
    ((2, 5, 5, 130), 5, 5, 0),
    ((50, 28, 28, 32), 2, 2, 0),
]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("sizes", "window", "stride", "pad"), CASES)
def test_values_and_gradients_are_those_of_torch(sizes, window, stride, pad, dtype):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(sizes, dtype=dtype, generator=generator).round(decimals=1)  # with equal ones
    first = x.permute(0, 3, 1, 2).contiguous()
    y, places = F.max_pool2d(first, window, stride, pad, return_indices=True)
    count = (y.shape[2], y.shape[3])
    windows = native.Windows((window, window), (stride, stride), (pad, pad), count)
    found = native.max_pool(x, windows)
    assert found is not None
    assert torch.equal(found, y.permute(0, 2, 3, 1))
    dy = torch.randn(found.shape, dtype=dtype, generator=generator)
    flat = torch.zeros(first.flatten(2).shape, dtype=dtype)
    flat.scatter_add_(2, places.flatten(2), dy.permute(0, 3, 1, 2).flatten(2))
    dx = native.max_pool_gradient(x, dy, windows)
    assert dx is not None
    torch.testing.assert_close(dx.permute(0, 3, 1, 2), flat.reshape(first.shape))


def test_nan_and_infinity_as_in_tensorflow():
    # values of TensorFlow 1.15.5
    values = np.full((1, 2, 2, 2), -np.inf, np.float32)
    values[0, 0, 0, 1], values[0, 1, 1, 1] = np.nan, 3
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [1, 2, 2, 2])
        y = tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
        found, slope = session.run([y, tf.gradients(y, x)[0]], {x: values})
    np.testing.assert_array_equal(found.ravel(), [np.finfo(np.float32).min, 3])
    np.testing.assert_array_equal(slope[0].reshape(4, 2), [[1, 1], [0, 0], [0, 0], [0, 0]])


def test_what_the_library_does_not_take_is_refused():
    windows = native.Windows((2, 2), (2, 2), (0, 0), (2, 2))
    assert native.max_pool(torch.zeros(1, 4, 4, 3, dtype=torch.float16), windows) is None
    assert native.max_pool(torch.zeros(1, 3, 4, 4).permute(0, 2, 3, 1), windows) is None
