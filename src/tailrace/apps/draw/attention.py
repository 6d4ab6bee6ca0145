"""The window through which DRAW reads and writes: a grid of Gaussian filters, with gradients.

Gregor, Danihelka, Graves, Rezende, Wierstra, "DRAW: a recurrent neural network for image
generation", 2015, equations 19 to 29, for pictures of width A and height B and a grid of N x N:

    (g~_X, g~_Y, log s2, log d~, log gamma) = W h
    g_X = (A + 1)/2 (g~_X + 1)     g_Y = (B + 1)/2 (g~_Y + 1)     d = (max(A, B) - 1)/(N - 1) d~
    mu_X^i = g_X + (i - N/2 - 1/2) d        mu_Y^j = g_Y + (j - N/2 - 1/2) d
    F_X[i, a] = exp(-(a - mu_X^i)^2 / (2 s2)) / Z_X     F_Y[j, b] likewise

where a, b, i, j count from 1 and Z makes each filter sum to 1 over the picture.
"""

from __future__ import annotations

from typing import NamedTuple

import tailrace as tf

# what W h has: two places of the centre, logarithms of variance, distance, strength
PARAMETERS = 5
# where a filter lies so far outside that all of it is 0
LEAST_SUM = 1e-8


class Window(NamedTuple):
    """A window for each picture of a batch."""

    centre_x: tf.Tensor  # [B], from 1
    centre_y: tf.Tensor  # [B]
    distance: tf.Tensor  # [B], between filters
    variance: tf.Tensor  # [B]
    strength: tf.Tensor  # [B]
    filters_x: tf.Tensor  # [B, N, width]
    filters_y: tf.Tensor  # [B, N, height]


def window(parameters: tf.Tensor, height: int, width: int, side: int) -> Window:
    """The window of parameters W h [B, 5] with side x side filters."""
    x, y, log_variance, log_distance, log_strength = tf.unstack(parameters, axis=1)
    centre_x = (width + 1) / 2 * (x + 1)
    centre_y = (height + 1) / 2 * (y + 1)
    # a single filter has no neighbour to be away from
    distance = (max(width, height) - 1) / max(1, side - 1) * tf.exp(log_distance)
    variance, strength = tf.exp(log_variance), tf.exp(log_strength)
    filters_x = _filters(centre_x, distance, variance, width, side)
    filters_y = _filters(centre_y, distance, variance, height, side)
    return Window(centre_x, centre_y, distance, variance, strength, filters_x, filters_y)


def _filters(
    centre: tf.Tensor, distance: tf.Tensor, variance: tf.Tensor, pixels: int, side: int
) -> tf.Tensor:
    """A filter for each row or column of the grid [B, N, pixels]."""
    offsets = tf.constant([i - side / 2 - 0.5 for i in range(1, side + 1)])
    means = tf.expand_dims(centre, 1) + offsets * tf.expand_dims(distance, 1)
    places = tf.constant([float(a) for a in range(1, pixels + 1)])
    away = tf.square(places - tf.expand_dims(means, 2))
    values = tf.exp(-away / (2 * tf.reshape(variance, [-1, 1, 1])))
    sums = tf.reduce_sum(values, axis=2, keepdims=True)
    return values / tf.maximum(sums, LEAST_SUM)


def read(seen: Window, pictures: tf.Tensor) -> tf.Tensor:
    """What is seen of pictures [B, height, width]: gamma F_Y x F_X^T, [B, N, N]."""
    glimpse = tf.matmul(tf.matmul(seen.filters_y, pictures), seen.filters_x, transpose_b=True)
    return tf.reshape(seen.strength, [-1, 1, 1]) * glimpse


def write(painted: Window, patch: tf.Tensor) -> tf.Tensor:
    """What a patch [B, N, N] adds to the canvas: F_Y^T w F_X / gamma, [B, height, width]."""
    spread = tf.matmul(tf.matmul(painted.filters_y, patch, transpose_a=True), painted.filters_x)
    return spread / tf.reshape(painted.strength, [-1, 1, 1])
