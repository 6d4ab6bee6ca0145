"""Where elements lie: transpose, tile, pad, reverse, diagonals, blocks, patches."""

import numpy as np


def _numbers(*shape):
    return np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape) + 1


def _x(tf, *shape):
    return tf.placeholder(tf.float32, shape or (None, 3), name="x")


def transposes(tf):
    x = _x(tf)
    unknown = tf.placeholder(tf.float32, name="unknown")
    perm = tf.placeholder(tf.int32, [2], name="perm")
    cube = tf.constant(_numbers(2, 3, 4))
    c = tf.constant([[1 + 2j, 3 - 1j]])
    return {
        "default": tf.transpose(x),
        "perm": tf.transpose(x, [1, 0]),
        "cube": tf.transpose(cube),
        "cube_perm": tf.transpose(cube, perm=[1, 0, 2], name="swapped"),
        "unknown": tf.transpose(unknown),
        "unknown_perm": tf.transpose(unknown, [1, 0]),
        "varying": tf.transpose(x, perm),
        "conjugate": tf.transpose(c, conjugate=True),
        "matrix": tf.matrix_transpose(cube),
        "matrix_unknown": tf.matrix_transpose(unknown),
        "strings": tf.transpose(tf.constant([["a", "b"]])),
        "feed": {x: _numbers(2, 3), unknown: _numbers(2, 2), perm: [1, 0]},
    }


def transpose_gradients(tf):
    x = _x(tf)
    dx = tf.gradients(tf.transpose(x) ** 3, x)[0]
    y = tf.constant(_numbers(2, 3, 1))
    return {
        "dx": dx,
        "ddx": tf.gradients(dx, x)[0],
        "cube": tf.gradients(tf.transpose(y, [2, 0, 1]) ** 2, y)[0],
        "feed": {x: _numbers(2, 3)},
    }


def transpose_perm_error(tf):
    return {"y": tf.transpose(tf.zeros([2, 3]), [0, 1, 2])}


def tiles(tf):
    x = _x(tf)
    n = tf.placeholder(tf.int32, [], name="n")
    unknown = tf.placeholder(tf.float32, name="unknown")
    y = tf.tile(x, [2, 1])
    z = tf.tile(x, tf.stack([1, n]))
    dx = tf.gradients(y**2, x)[0]
    return {
        "y": y,
        "z": z,
        "unknown": tf.tile(unknown, [2, 2]),
        "static": tf.tile(tf.constant([[1, 2]]), [2, 3]),
        "strings": tf.tile(tf.constant(["a", "b"]), [2]),
        "dx": dx,
        "dz": tf.gradients(z**2, x)[0],
        "ddx": tf.gradients(dx**2, x)[0],
        "feed": {x: _numbers(2, 3), n: 2, unknown: _numbers(1, 2)},
    }


def tile_error(tf):
    return {"y": tf.tile(tf.zeros([2, 3]), [2])}


def pads(tf):
    x = _x(tf)
    widths = tf.placeholder(tf.int32, [2, 2], name="widths")
    y = tf.pad(x, [[1, 0], [2, 1]])
    z = tf.pad(x, [[0, 1], [1, 1]], constant_values=7.0)
    return {
        "y": y,
        "z": z,
        "varying": tf.pad(x, widths),
        "mode": tf.pad(x, [[0, 0], [1, 1]], mode="constant", name="edged"),
        "ints": tf.pad([1, 2], [[1, 1]]),
        "tensor": tf.pad(tf.constant([1, 2]), [[1, 1]], constant_values=tf.constant(9)),
        "dx": tf.gradients(y**2, x)[0],
        "dz": tf.gradients(z**2, x)[0],
        "feed": {x: _numbers(2, 3), widths: [[1, 1], [0, 1]]},
    }


def mirror_pads(tf):
    x = _x(tf)
    y = tf.pad(x, [[1, 1], [2, 0]], "REFLECT")
    z = tf.pad(x, [[2, 0], [1, 3]], mode="symmetric")
    dx = tf.gradients(y**2, x)[0]
    return {
        "y": y,
        "z": z,
        "dx": dx,
        "ddx": tf.gradients(dx**2, x)[0],
        "dz": tf.gradients(z**2, x)[0],
        "feed": {x: _numbers(2, 3)},
    }


def pad_mode_error(tf):
    return {"y": tf.pad([1], [[1, 1]], mode="WRAP")}


def mirror_pad_too_wide_error(tf):
    x = _x(tf)
    return {"y": tf.pad(x, [[0, 0], [3, 0]], "REFLECT"), "feed": {x: _numbers(2, 3)}}


def reverses(tf):
    x = _x(tf)
    y = tf.reverse(x, [1])
    return {
        "y": y,
        "both": tf.reverse(x, axis=[0, -1]),
        "strings": tf.reverse(tf.constant(["a", "b"]), [0]),
        "dx": tf.gradients(y**2, x)[0],
        "feed": {x: _numbers(2, 3)},
    }


def reverse_axis_error(tf):
    return {"y": tf.reverse(tf.zeros([2, 3]), [2])}


def reversed_sequences(tf):
    x = _x(tf, None, 4, 2)
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    y = tf.reverse_sequence(x, lengths, seq_axis=1, batch_axis=0)
    return {
        "y": y,
        "time_major": tf.reverse_sequence(tf.transpose(x, [1, 0, 2]), lengths, 0, 1),
        "old_names": tf.reverse_sequence(x, lengths, seq_dim=1, batch_dim=0),
        "dx": tf.gradients(y**2, x)[0],
        "feed": {x: _numbers(2, 4, 2), lengths: [3, 1]},
    }


def reversed_sequence_length_error(tf):
    x = _x(tf, None, 2)
    return {"y": tf.reverse_sequence(x, [3], 1, 0), "feed": {x: _numbers(1, 2)}}


def matrix_diagonals(tf):
    d = tf.placeholder(tf.float32, [None, 2], name="d")
    m = tf.placeholder(tf.float32, [None, 2, 3], name="m")
    square = tf.placeholder(tf.float32, [1, 2, 2], name="square")
    y, z = tf.matrix_diag(d), tf.matrix_diag_part(m)
    w = tf.matrix_set_diag(m, d)
    return {
        "y": y,
        "z": z,
        "w": w,
        "dy": tf.gradients(y**2, d)[0],
        "dz": tf.gradients(z**2, m)[0],
        "square": tf.gradients(tf.matrix_diag_part(square) ** 2, square)[0],
        "dw": tf.gradients(w**2, [m, d]),
        "feed": {d: _numbers(1, 2), m: _numbers(1, 2, 3), square: _numbers(1, 2, 2)},
    }


def matrix_diagonals_static(tf):
    m, d = tf.constant(_numbers(2, 3)), tf.constant([10.0, 20.0])
    return {"dw": tf.gradients(tf.matrix_set_diag(m, d) ** 2, [m, d])}


def bands(tf):
    x = _x(tf, None, 3, 3)
    y = tf.matrix_band_part(x, 1, 0)
    return {
        "y": y,
        "upper": tf.matrix_band_part(x, 0, -1),
        "lower": tf.linalg.band_part(x, -1, 0),
        "all": tf.matrix_band_part(x, -1, -1),
        "dx": tf.gradients(y**2, x)[0],
        "feed": {x: _numbers(2, 3, 3)},
    }


def tensor_diagonals(tf):
    d = tf.placeholder(tf.float32, [2], name="d")
    y = tf.diag(d)
    z = tf.diag_part(y * 2.0)
    cube = tf.diag(tf.constant([[1, 2], [3, 4]]))
    return {
        "y": y,
        "z": z,
        "cube": cube,
        "part": tf.diag_part(cube),
        "dd": tf.gradients(z**2, d)[0],
        "feed": {d: [1.0, 2.0]},
    }


def batch_blocks(tf):
    x = _x(tf, None, 4, 4, 1)
    y = tf.space_to_batch(x, [[0, 0], [0, 0]], 2)
    z = tf.batch_to_space(y, [[0, 1], [1, 0]], block_size=2)
    nd = tf.space_to_batch_nd(x, [2, 3], [[0, 0], [1, 1]])
    back = tf.batch_to_space_nd(nd, [2, 3], [[0, 0], [1, 1]])
    return {
        "y": y,
        "z": z,
        "nd": nd,
        "back": back,
        "dx": tf.gradients(nd**2, x)[0],
        "dz": tf.gradients(z**2, x)[0],
        "feed": {x: _numbers(1, 4, 4, 1)},
    }


def block_paddings(tf):
    paddings, crops = tf.required_space_to_batch_paddings([5, 6], [2, 4])
    n = tf.placeholder(tf.int32, [2], name="n")
    varying, _ = tf.required_space_to_batch_paddings(n, [2, 4], base_paddings=[[0, 1], [1, 0]])
    return {"paddings": paddings, "crops": crops, "varying": varying, "feed": {n: [5, 7]}}


def depth_blocks(tf):
    x = _x(tf, None, 4, 4, 2)
    y = tf.space_to_depth(x, 2)
    z = tf.depth_to_space(tf.constant(_numbers(1, 1, 2, 8)), 2)
    return {
        "y": y,
        "z": z,
        "back": tf.depth_to_space(y, 2),
        "dx": tf.gradients(y**2, x)[0],
        "feed": {x: _numbers(1, 4, 4, 2)},
    }


def depth_blocks_error(tf):
    return {"y": tf.space_to_depth(tf.zeros([1, 3, 4, 1]), 2)}


def image_patches(tf):
    x = _x(tf, None, 5, 4, 2)
    arguments = {"strides": [1, 2, 1, 1], "rates": [1, 1, 2, 1]}
    valid = tf.extract_image_patches(x, [1, 2, 2, 1], padding="VALID", **arguments)
    same = tf.extract_image_patches(x, ksizes=[1, 3, 2, 1], padding="SAME", **arguments)
    return {"valid": valid, "same": same, "feed": {x: _numbers(2, 5, 4, 2)}}


def image_patch_gradients(tf):
    x = _x(tf, None, 4, 4, 2)
    y = tf.extract_image_patches(x, [1, 3, 3, 1], [1, 2, 2, 1], [1, 1, 1, 1], "SAME")
    return {"dx": tf.gradients(y**2, x)[0], "feed": {x: _numbers(2, 4, 4, 2)}}


def volume_patches(tf):
    x = tf.constant(_numbers(1, 3, 3, 3, 1))
    y = tf.extract_volume_patches(x, [1, 2, 2, 2, 1], [1, 1, 2, 1, 1], "SAME")
    return {"y": y}
