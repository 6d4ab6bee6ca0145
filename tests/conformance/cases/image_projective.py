"""tf.contrib.image: pictures turned, moved, and seen through projective transforms."""

import numpy as np


def _images(*shape):
    return np.linspace(0.0, 1.0, int(np.prod(shape))).reshape(shape).astype(np.float32)


def rotated(tf):
    image = tf.contrib.image
    x = tf.placeholder(tf.float32, [2, 5, 4, 2], name="x")
    near = image.rotate(x, 0.3)
    smooth = image.rotate(x, [0.4, -1.1], interpolation="BILINEAR")
    return {
        "near": near,
        "smooth": smooth,
        "grad": tf.gradients([near, smooth], x),
        "feed": {x: _images(2, 5, 4, 2)},
    }


def rotated_of_other_ranks(tf):
    image = tf.contrib.image
    flat = tf.constant((_images(5, 4) * 255).astype(np.uint8))
    return {
        "flat": image.rotate(flat, 0.8),
        "smooth": image.rotate(flat, 0.8, "BILINEAR"),
        "one": image.rotate(tf.constant(_images(5, 5, 3)), np.pi / 2, name="quarter"),
    }


def moved(tf):
    image = tf.contrib.image
    x = tf.constant(_images(2, 4, 5, 1))
    return {
        "both": image.translate(x, [1.0, -2.0]),
        "each": image.translate(x, [[1.5, 0.0], [0.0, 0.25]], "BILINEAR"),
        "whole": image.translate(tf.constant(np.arange(12).reshape(3, 4)), [-1, 1]),
    }


def transformed(tf):
    image = tf.contrib.image
    x = tf.placeholder(tf.float32, [None, None, None, 1], name="x")
    to = [0.9, 0.1, 0.5, -0.1, 1.1, 0.2, 0.05, 0.02]
    plain = image.transform(x, to, "BILINEAR")
    wide = image.transform(x, [to], output_shape=[3, 7])
    return {
        "plain": plain,
        "wide": wide,
        "grad": tf.gradients(plain, x),
        "feed": {x: _images(2, 4, 5, 1)},
    }


def transforms(tf):
    image = tf.contrib.image
    turn = image.angles_to_projective_transforms([0.2, 0.5], 4.0, 5.0)
    move = image.translations_to_projective_transforms([1.0, 2.0])
    both = image.compose_transforms(turn[0], move)
    matrices = image.flat_transforms_to_matrices(turn)
    return {
        "turn": turn,
        "move": move,
        "both": both,
        "matrices": matrices,
        "flat": image.matrices_to_flat_transforms(2.0 * matrices),
    }


def transformed_of_rank_five_error(tf):
    return tf.contrib.image.transform(tf.zeros([1, 2, 3, 4, 5]), [1.0] * 8)


def transformed_to_another_shape_error(tf):
    return tf.contrib.image.transform(tf.zeros([4, 5]), [1.0] * 8, output_shape=[1, 2, 3])


def transformed_of_texts_error(tf):
    return tf.contrib.image.rotate(tf.constant([["a"]]), 0.5)


def transforms_of_another_number_error(tf):
    x = tf.placeholder(tf.float32, [2, 3, 3, 1])
    y = tf.contrib.image.transform(x, tf.ones([3, 8]))
    return {"y": y, "feed": {x: _images(2, 3, 3, 1)}}
