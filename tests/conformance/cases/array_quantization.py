"""Numbers rounded to a few bits while they stay floating point."""


def _x(tf):
    return tf.placeholder(tf.float32, [None, 2], name="x")


_FED = [[-7.0, 0.3], [1.26, -0.01], [5.99, 6.5]]


def between_numbers(tf):
    x = _x(tf)
    y = tf.fake_quant_with_min_max_args(x)
    z = tf.quantization.fake_quant_with_min_max_args(x, -1, 3, num_bits=4, narrow_range=True)
    return {
        "y": y,
        "z": z,
        "dy": tf.gradients(y**2, x)[0],
        "dz": tf.gradients(z, x)[0],
        "feed": {x: _FED},
    }


def between_scalars(tf):
    x, low, high = _x(tf), tf.constant(-2.0), tf.constant(5.5)
    y = tf.fake_quant_with_min_max_vars(x, low, high, num_bits=5)
    zero = tf.fake_quant_with_min_max_vars(x, 0.0, 0.0)
    return {
        "y": y,
        "zero": zero,
        "grads": tf.gradients(y**2, [x, low, high]),
        "feed": {x: _FED},
    }


def per_channel(tf):
    x, low, high = _x(tf), tf.constant([-2.0, -0.5]), tf.constant([5.5, 1.0])
    y = tf.fake_quant_with_min_max_vars_per_channel(x, low, high, num_bits=3)
    return {"y": y, "grads": tf.gradients(y**2, [x, low, high]), "feed": {x: _FED}}


def there_and_back(tf):
    x = _x(tf)
    own = tf.quantization.quantize_and_dequantize(x, 0.0, 0.0, num_bits=4)
    given = tf.quantization.quantize_and_dequantize(
        x, -2.0, 3.0, num_bits=3, range_given=True, round_mode="HALF_UP", narrow_range=True
    )
    unsigned = tf.quantization.quantize_and_dequantize(
        x, 0.0, 4.0, signed_input=False, range_given=True
    )
    return {
        "own": own,
        "given": given,
        "unsigned": unsigned,
        "dx": tf.gradients(own**2, x)[0],
        "feed": {x: _FED},
    }


def empty_range_error(tf):
    x = _x(tf)
    return {"y": tf.fake_quant_with_min_max_args(x, 3.0, 1.0), "feed": {x: _FED}}
