"""DRAW and a plain variational autoencoder as TensorFlow graphs: the public `tf` API alone.

Gregor and others, 2015, equations 3 to 8; for t = 1 ... T

    x^_t = x - sigmoid(c_{t-1})
    r_t = read(x, x^_t, h_dec_{t-1})
    h_enc_t = LSTM_enc(h_enc_{t-1}, [r_t, h_dec_{t-1}])
    z_t ~ N(mu_t, sigma_t^2)      mu_t = W h_enc_t + b      log sigma_t = V h_enc_t + d
    h_dec_t = LSTM_dec(h_dec_{t-1}, z_t)
    c_t = c_{t-1} + write(h_dec_t)

c_0 and the first states are learnt. The loss is the variational bound on -log p(x), in nats,

    L = -log D(x | sigmoid(c_T)) + sum_t KL(N(mu_t, sigma_t^2) || N(0, 1))

and a sample is what the decoder paints when every z_t is drawn from N(0, 1).

Arrays: B pictures, P = height x width pixels, T glimpses, Z latent, H units.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import tailrace as tf
from tailrace.apps.draw.attention import PARAMETERS, Window, read, window, write
from tailrace.apps.draw.settings import Settings

CLIP_NORM = 5.0
# units of the plain autoencoder's hidden layers, and of its z
VAE_HIDDEN, VAE_LATENT = 200, 16

State = tuple[tf.Tensor, tf.Tensor]


class Painting(NamedTuple):
    """What is painted, glimpse after glimpse."""

    canvases: tf.Tensor  # [T, B, P], probabilities that a pixel is white
    reads: tf.Tensor  # [T, B, 5] where it looked: x, y, distance, variance, strength; T 0 without
    writes: tf.Tensor  # [T, B, 5] where it painted


class Network(NamedTuple):
    """Tensors of a network; DRAW's have T glimpses, the plain autoencoder's one."""

    pictures: tf.Tensor  # [B, P]
    noise: tf.Tensor  # [T, B, Z], standard normal
    bounds: tf.Tensor  # [B] nats
    divergences: tf.Tensor  # [T, B] nats
    loss: tf.Tensor
    learning_rate: tf.Tensor
    update: tf.Operation
    painting: Painting  # of `pictures`
    sampling: Painting  # of the decoder alone, z_t being `noise`


def build_draw(height: int, width: int, settings: Settings, mean: float) -> Network:
    """DRAW in the default graph; its canvas starts at the pixels' `mean`."""
    pixels, shape = height * width, [settings.glimpses, None, settings.latent]
    pictures = tf.placeholder(tf.float32, [None, pixels], name="pictures")
    noise = tf.placeholder(tf.float32, shape, name="noise")
    painter = _Painter(height, width, settings, mean)
    with tf.variable_scope("draw", reuse=tf.AUTO_REUSE):
        painting, divergences, logits = painter.paint(noise, pictures)
        sampling, _, _ = painter.paint(noise, None)
    return _network(pictures, noise, logits, divergences, painting, sampling)


class _Painter:
    """Unrolls DRAW; called twice, it shares the variables."""

    def __init__(self, height: int, width: int, settings: Settings, mean: float) -> None:
        self.height, self.width, self.settings = height, width, settings
        self.start = _logit(mean)
        self.encoder = tf.nn.rnn_cell.LSTMCell(settings.size, name="encoder")
        self.decoder = tf.nn.rnn_cell.LSTMCell(settings.size, name="decoder")

    def paint(
        self, noise: tf.Tensor, pictures: tf.Tensor | None
    ) -> tuple[Painting, tf.Tensor | None, tf.Tensor]:
        """Paints given pictures, or what comes to mind: the painting, divergences, last canvas."""
        settings, count = self.settings, tf.shape(noise)[1]
        start = tf.constant_initializer(self.start)
        canvas = _learnt("canvas", self.height * self.width, count, start)
        state_e, state_d = (self._first(name, count) for name in ("encoder", "decoder"))
        canvases, reads, writes, divergences = [], [], [], []
        for step in tf.unstack(noise, axis=0):
            z = step
            if pictures is not None:
                glimpse, seen = self._read(pictures, canvas, state_d[1])
                h_e, state_e = self.encoder(tf.concat([glimpse, state_d[1]], 1), state_e)
                z, divergence = _latent(h_e, step, settings.latent)
                divergences.append(divergence)
                reads += seen
            h_d, state_d = self.decoder(z, state_d)
            change, painted = self._write(h_d)
            canvas += change
            canvases.append(tf.sigmoid(canvas))
            writes += painted
        painting = Painting(tf.stack(canvases), _stacked(reads), _stacked(writes))
        return painting, tf.stack(divergences) if divergences else None, canvas

    def _first(self, name: str, count: tf.Tensor) -> tf.nn.rnn_cell.LSTMStateTuple:
        parts = (_learnt(f"{name}_{part}", self.settings.size, count) for part in ("c", "h"))
        return tf.nn.rnn_cell.LSTMStateTuple(*parts)

    def _read(
        self, pictures: tf.Tensor, canvas: tf.Tensor, h: tf.Tensor
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """What is seen of the pictures and of what the canvas lacks [B, ...], and where."""
        lacking = pictures - tf.sigmoid(canvas)
        if not self.settings.attention:
            return tf.concat([pictures, lacking], 1), []
        side = self.settings.read_side
        seen = window(_linear(h, PARAMETERS, "read"), self.height, self.width, side)
        shape = [-1, self.height, self.width]
        glimpses = [read(seen, tf.reshape(what, shape)) for what in (pictures, lacking)]
        return tf.reshape(tf.stack(glimpses, 1), [-1, 2 * side * side]), [_place(seen)]

    def _write(self, h: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """What is added to the canvas [B, P], and where."""
        pixels = self.height * self.width
        if not self.settings.attention:
            return _linear(h, pixels, "paint"), []
        side = self.settings.write_side
        painted = window(_linear(h, PARAMETERS, "write"), self.height, self.width, side)
        patch = tf.reshape(_linear(h, side * side, "paint"), [-1, side, side])
        return tf.reshape(write(painted, patch), [-1, pixels]), [_place(painted)]


def build_vae(height: int, width: int, mean: float) -> Network:
    """A plain variational autoencoder (Kingma and Welling, 2014) in the default graph."""
    pixels = height * width
    pictures = tf.placeholder(tf.float32, [None, pixels], name="pictures")
    noise = tf.placeholder(tf.float32, [1, None, VAE_LATENT], name="noise")
    with tf.variable_scope("vae", reuse=tf.AUTO_REUSE):
        hidden = tf.nn.relu(_linear(pictures, VAE_HIDDEN, "encoder"))
        z, divergence = _latent(hidden, noise[0], VAE_LATENT)

        def decode(code: tf.Tensor) -> tf.Tensor:
            inner = tf.nn.relu(_linear(code, VAE_HIDDEN, "decoder"))
            return _logit(mean) + _linear(inner, pixels, "paint")

        logits = decode(z)
        painting, sampling = (
            Painting(tf.expand_dims(tf.sigmoid(canvas), 0), _stacked([]), _stacked([]))
            for canvas in (logits, decode(noise[0]))
        )
    divergences = tf.expand_dims(divergence, 0)
    return _network(pictures, noise, logits, divergences, painting, sampling)


def _network(
    pictures: tf.Tensor,
    noise: tf.Tensor,
    logits: tf.Tensor,
    divergences: tf.Tensor,
    painting: Painting,
    sampling: Painting,
) -> Network:
    """The bound, and Adam on its gradients, clipped together."""
    errors = tf.nn.sigmoid_cross_entropy_with_logits(labels=pictures, logits=logits)
    bounds = tf.reduce_sum(errors, axis=1) + tf.reduce_sum(divergences, axis=0)
    loss = tf.reduce_mean(bounds)
    learning_rate = tf.placeholder(tf.float32, [], name="learning_rate")
    variables = tf.trainable_variables()
    gradients, _ = tf.clip_by_global_norm(tf.gradients(loss, variables), CLIP_NORM)
    optimizer = tf.train.AdamOptimizer(learning_rate)
    update = optimizer.apply_gradients(list(zip(gradients, variables, strict=True)))
    return Network(
        pictures, noise, bounds, divergences, loss, learning_rate, update, painting, sampling
    )


def _latent(h: tf.Tensor, noise: tf.Tensor, size: int) -> tuple[tf.Tensor, tf.Tensor]:
    """z [B, Z] of a hidden state, and its divergence [B] from the standard normal, in nats."""
    mean, log_deviation = _linear(h, size, "mean"), _linear(h, size, "log_deviation")
    z = mean + tf.exp(log_deviation) * noise
    parts = tf.square(mean) + tf.exp(2 * log_deviation) - 2 * log_deviation - 1
    return z, 0.5 * tf.reduce_sum(parts, axis=1)


def _linear(inputs: tf.Tensor, size: int, name: str) -> tf.Tensor:
    return tf.layers.dense(inputs, size, name=name)


def _learnt(
    name: str, size: int, count: tf.Tensor, start: Callable[..., tf.Tensor] | None = None
) -> tf.Tensor:
    """A learnt vector, the same for all of a batch [B, size]."""
    vector = tf.get_variable(f"first_{name}", [size], initializer=start or tf.zeros_initializer())
    return tf.tile(tf.expand_dims(vector, 0), [count, 1])


def _place(seen: Window) -> tf.Tensor:
    """Where a window is [B, 5]."""
    parts = [seen.centre_x, seen.centre_y, seen.distance, seen.variance, seen.strength]
    return tf.stack(parts, axis=1)


def _stacked(places: list[tf.Tensor]) -> tf.Tensor:
    return tf.stack(places) if places else tf.zeros([0, 0, PARAMETERS])


def _logit(mean: float) -> float:
    # a Python number, wanted before there is a session
    import math

    return math.log(mean / (1 - mean))
