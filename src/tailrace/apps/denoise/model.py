"""The autoencoder as a TensorFlow graph: the public `tf` API alone.

Vincent, Larochelle, Bengio, Manzagol, "Extracting and composing robust features with denoising
autoencoders", 2008. A clean picture x is spoilt to x~ anew each time it is seen; then

    h = s(x~ W + b)      y = g(h W' + c)      with W' = W^T where weights are tied

and the loss compares y with the clean x: cross-entropy, summed over the pixels, where g is the
logistic function, half the squared error where g is the identity. There may be more hidden units
than pixels: what keeps the network from copying is that x~ is not x.

Arrays: B pictures, P pixels, H hidden units.
"""

from __future__ import annotations

from typing import NamedTuple

import tailrace as tf


class Network(NamedTuple):
    """Tensors of an autoencoder."""

    spoilt: tf.Tensor  # [B, P]
    clean: tf.Tensor  # [B, P]
    code: tf.Tensor  # [B, H]
    output: tf.Tensor  # [B, P]
    weights: tf.Tensor  # [P, H], the encoder's
    loss: tf.Tensor
    learning_rate: tf.Tensor
    update: tf.Operation


def build(
    pixels: int,
    hidden: int,
    *,
    tied: bool,
    activation: str,
    output: str,
    mean: float,
    weight_decay: float = 0.0,
) -> Network:
    """The autoencoder in the default graph; its output starts at the pixels' `mean`."""
    spoilt = tf.placeholder(tf.float32, [None, pixels], name="spoilt")
    clean = tf.placeholder(tf.float32, [None, pixels], name="clean")
    squash = {"sigmoid": tf.sigmoid, "tanh": tf.tanh, "relu": tf.nn.relu}[activation]
    with tf.variable_scope("encoder"):
        weights = tf.get_variable("weights", [pixels, hidden])
        bias = tf.get_variable("bias", [hidden], initializer=tf.zeros_initializer())
        code = squash(tf.matmul(spoilt, weights) + bias)
    with tf.variable_scope("decoder"):
        back = None if tied else tf.get_variable("weights", [hidden, pixels])
        start = tf.log(mean / (1 - mean)) if output == "sigmoid" else mean
        bias = tf.get_variable("bias", initializer=tf.fill([pixels], start))
        product = tf.matmul(code, weights, transpose_b=True) if tied else tf.matmul(code, back)
        raw = product + bias
    if output == "sigmoid":
        result = tf.sigmoid(raw)
        errors = tf.nn.sigmoid_cross_entropy_with_logits(labels=clean, logits=raw)
    else:
        result = raw
        errors = 0.5 * tf.squared_difference(raw, clean)
    loss = tf.reduce_mean(tf.reduce_sum(errors, axis=1))
    learning_rate = tf.placeholder(tf.float32, [], name="learning_rate")
    kernels = [weights] if tied else [weights, back]
    cost = loss + weight_decay * tf.add_n([tf.nn.l2_loss(kernel) for kernel in kernels])
    update = tf.train.AdamOptimizer(learning_rate).minimize(cost)
    return Network(spoilt, clean, code, result, weights, loss, learning_rate, update)
