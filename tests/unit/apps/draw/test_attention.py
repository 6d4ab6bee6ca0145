"""The windows are those of the paper's equations."""

import numpy as np
import pytest

import tailrace as tf
from tailrace.apps.draw.attention import read, window, write


def plain_filters(centre, distance, variance, pixels, side):
    """Equations 19, 20, 25 and 26, one number after the other."""
    found = np.zeros((side, pixels))
    for i in range(1, side + 1):
        mean = centre + (i - side / 2 - 0.5) * distance
        for a in range(1, pixels + 1):
            found[i - 1, a - 1] = np.exp(-((a - mean) ** 2) / (2 * variance))
    return found / found.sum(1, keepdims=True)


@pytest.mark.parametrize(("high", "wide", "side"), [(8, 8, 3), (9, 5, 4), (6, 7, 1)])
def test_windows_are_those_of_the_equations(high, wide, side):
    parameters = np.random.default_rng(0).normal(0, 0.4, (3, 5)).astype(np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        found = session.run(window(tf.constant(parameters), high, wide, side))
    for number, (x, y, log_variance, log_distance, log_strength) in enumerate(parameters):
        g_x, g_y = (wide + 1) / 2 * (x + 1), (high + 1) / 2 * (y + 1)
        distance = (max(high, wide) - 1) / max(1, side - 1) * np.exp(log_distance)
        variance = np.exp(log_variance)
        wanted = [g_x, g_y, distance, variance, np.exp(log_strength)]
        np.testing.assert_allclose([part[number] for part in found[:5]], wanted, rtol=1e-5)
        for filters, centre, pixels in ((found.filters_x, g_x, wide), (found.filters_y, g_y, high)):
            plain = plain_filters(centre, distance, variance, pixels, side)
            np.testing.assert_allclose(filters[number], plain, rtol=1e-3, atol=1e-6)


def test_filters_sum_to_one_unless_they_are_far_outside():
    parameters = np.zeros((3, 5), np.float32)
    # at the edge; so far outside that nothing is seen
    parameters[1, 0], parameters[2, :2] = 1.0, 50.0
    with tf.Graph().as_default(), tf.Session() as session:
        found = session.run(window(tf.constant(parameters), 8, 8, 4))
    for filters in (found.filters_x, found.filters_y):
        np.testing.assert_allclose(filters[:2].sum(2), 1, rtol=1e-5)
        np.testing.assert_allclose(filters[2].sum(1), 0, atol=1e-6)


def test_a_narrow_window_as_large_as_the_picture_shows_and_paints_it():
    pictures = np.random.default_rng(0).random((2, 5, 5)).astype(np.float32)
    # centre in the middle, filters a pixel apart and very narrow, strength 2
    parameters = np.tile(np.array([0, 0, -6, 0, np.log(2)], np.float32), (2, 1))
    with tf.Graph().as_default(), tf.Session() as session:
        seen = window(tf.constant(parameters), 5, 5, 5)
        glimpse, painted = session.run([read(seen, pictures), write(seen, pictures)])
    np.testing.assert_allclose(glimpse, 2 * pictures, rtol=1e-4)
    np.testing.assert_allclose(painted, pictures / 2, rtol=1e-4)


def test_the_window_reads_where_it_is():
    pictures = np.zeros((1, 9, 9), np.float32)
    pictures[0, 1, 7] = 1
    # the picture's corner at the upper right: x = 8, y = 2 of 9
    parameters = np.array([[8 / 5 - 1, 2 / 5 - 1, -4, np.log(1 / 4), 0]], np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        glimpse = session.run(read(window(tf.constant(parameters), 9, 9, 3), pictures))
    wanted = np.zeros((3, 3))
    wanted[1, 1] = 1
    np.testing.assert_allclose(glimpse[0], wanted, atol=1e-4)
