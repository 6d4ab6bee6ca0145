"""Element-wise functions: nodes, values, first and second gradients."""

import numpy as np

X = np.array([[0.3, -0.7, 0.9], [-0.2, 0.5, -0.95]])
POSITIVE = np.array([[0.3, 1.7, 4.0], [0.05, 2.5, 9.5]])


def _derivatives(tf, functions, x):
    """Values, first and second derivatives, in one graph."""
    ys = [function(x) for function in functions]
    firsts = [tf.gradients(y, x)[0] for y in ys]
    seconds = [tf.gradients(d, x)[0] for d in firsts if d is not None]
    return {"y": ys, "first": firsts, "second": seconds}


def of_any_number(tf):
    functions = [
        tf.exp,
        tf.expm1,
        tf.square,
        tf.abs,
        tf.negative,
        tf.sin,
        tf.cos,
        tf.tan,
        tf.sinh,
        tf.cosh,
        tf.tanh,
        tf.asinh,
        tf.atan,
        tf.sigmoid,
        tf.erf,
        tf.erfc,
        tf.sign,
        tf.reciprocal,
        tf.log_sigmoid,
    ]
    return _derivatives(tf, functions, tf.constant(X, "float32"))


def of_any_number_float64(tf):
    functions = [tf.exp, tf.square, tf.tanh, tf.sigmoid, tf.erf, tf.reciprocal, tf.asinh, tf.tan]
    return _derivatives(tf, functions, tf.placeholder_with_default(X, [None, 3]))


def of_small_numbers(tf):
    functions = [tf.asin, tf.acos, tf.atanh]
    return _derivatives(tf, functions, tf.constant(X, "float32"))


def of_positive_numbers(tf):
    functions = [tf.sqrt, tf.rsqrt, tf.log, tf.log1p, lambda x: tf.acosh(x + 1.5)]
    return _derivatives(tf, functions, tf.constant(POSITIVE, "float32"))


def special_functions(tf):
    functions = [
        tf.lgamma,
        tf.digamma,
        tf.math.bessel_i0e,
        tf.math.bessel_i1e,
        tf.math.bessel_i0,
        tf.math.bessel_i1,
    ]
    return _derivatives(tf, functions, tf.constant(POSITIVE, "float64"))


def special_functions_of_two(tf):
    a = tf.constant([0.5, 2.0, 5.0, 20.0], "float64")
    x = tf.constant([0.2, 3.0, 4.0, 25.0], "float64")
    order = tf.constant([1.0, 2.0, 3.0, 4.0], "float64")
    unit = tf.constant([0.2, 0.5, 0.9, 0.05], "float64")
    ys = [
        tf.igamma(a, x),
        tf.igammac(a, x),
        tf.polygamma(order, x),
        tf.zeta(a + 1.5, x),
        tf.betainc(a, x, unit),
        tf.math.xlogy(a, x),
        tf.math.xdivy(a, x),
        tf.math.nextafter(a, x),
    ]
    return {"y": ys, "grads": [tf.gradients(y, [a, x, unit]) for y in ys]}


def special_functions_that_broadcast(tf):
    a = tf.constant([[0.5], [2.0]])
    x = tf.placeholder(tf.float32, [3])
    ys = [tf.igamma(a, x), tf.math.xlogy(a, x), tf.math.xdivy(a, x), tf.zeta(a + 1.0, x)]
    return {
        "y": ys,
        "grads": [tf.gradients(y, [a, x]) for y in ys],
        "feed": {x: [0.5, 1.5, 4.0]},
    }


def zeros_of_special_functions(tf):
    return {
        "xlogy": tf.math.xlogy([0.0, 0.0, 1.0], [np.nan, 0.0, 2.0]),
        "xdivy": tf.math.xdivy([0.0, 0.0, 1.0], [np.nan, 0.0, 2.0]),
        "div_no_nan": tf.div_no_nan([1.0, 0.0, 3.0], [0.0, 0.0, 2.0]),
        "multiply_no_nan": tf.math.multiply_no_nan([np.nan, np.inf, 3.0], [0.0, 0.0, 2.0]),
        "lgamma": tf.lgamma([0.0, -1.0, -1.5, 2.0]),
        "digamma": tf.digamma([0.0, -1.0, -1.5, 2.0]),
        "igamma": tf.igamma([1.0, 2.0, 0.0, -1.0], [1.0, 0.0, 1.0, 1.0]),
        "betainc": tf.betainc([3.0, 0.0, 2.0], [1.0, 1.0, 3.0], [0.0, 0.5, 1.0]),
    }


def rounding(tf):
    x = tf.constant([-2.5, -1.5, -0.4, 0.5, 1.5, 2.5, 2.6])
    return {
        "y": [tf.floor(x), tf.ceil(x), tf.round(x), tf.rint(x), tf.sign(x)],
        "ints": tf.round(tf.constant([1, 2])),
        "grad": tf.gradients(tf.floor(x) + x, x),
    }


def truth_tests(tf):
    x = tf.constant([1.0, np.inf, -np.inf, np.nan])
    return {
        "y": [tf.is_finite(x), tf.is_inf(x), tf.is_nan(x), tf.math.is_nan(x, name="nan")],
    }


def names(tf):
    x = tf.constant([0.5, 1.0])
    with tf.name_scope("s"):
        y = tf.sqrt(tf.exp(x, name="e"))
    z = tf.tanh(tf.sigmoid(y), name="t")
    return {"z": z, "again": tf.sigmoid(z, "Sigmoid"), "power": tf.pow(z, 2.0, name="p")}


def integers(tf):
    x = tf.constant([-3, 0, 4])
    return {"y": [tf.abs(x), tf.sign(x), tf.square(x), tf.negative(x)]}


def float16_functions(tf):
    x = tf.constant(X, tf.float16)
    return {"y": [tf.exp(x), tf.tanh(x), x * x, tf.sigmoid(x), tf.reduce_sum(x)]}


def complex_numbers(tf):
    re = tf.constant([1.0, -2.0, 0.5])
    im = tf.constant([0.5, 1.5, -2.0])
    z = tf.complex(re, im)
    results = [
        tf.real(z * z),
        tf.imag(tf.exp(z)),
        tf.abs(z),
        tf.angle(z),
        tf.real(tf.conj(z) * z / (z + 1.0)),
        tf.real(tf.sin(z)),
        tf.real(tf.sqrt(z)),
        tf.imag(tf.log(z)),
        tf.real(tf.tanh(z)),
        tf.real(tf.square(z)),
        tf.real(tf.reciprocal(z)),
    ]
    return {
        "z": z,
        "y": results,
        "grads": [tf.gradients(y, [re, im]) for y in results],
        "sign": tf.sign(z),
        "of_real": [tf.real(re), tf.imag(re), tf.conj(re), tf.angle(re)],
    }


def complex_of_ints_error(tf):
    return {"y": tf.complex(tf.constant(1), tf.constant(2))}


def conj_of_bool_error(tf):
    return {"y": tf.conj(tf.constant(True))}


def exp_of_ints_error(tf):
    return {"y": tf.exp(tf.constant([1, 2]))}


def bits(tf):
    x = tf.constant([-8, 8, 5, 255])
    y = tf.constant([1, 40, 3, 15])
    small = tf.constant(np.array([1, 7, 200], np.uint8))
    wide = tf.constant(np.array([1, 7], np.uint16))
    return {
        "y": [
            tf.bitwise.bitwise_and(x, y),
            tf.bitwise.bitwise_or(x, y),
            tf.bitwise.bitwise_xor(x, 3),
            tf.bitwise.left_shift(x, y),
            tf.bitwise.right_shift(x, y),
            tf.bitwise.invert(x),
            tf.bitwise.invert(small),
            tf.bitwise.bitwise_and(wide, wide),
        ],
    }


def lbeta_and_polyval(tf):
    x = tf.constant([[1.0, 2.0, 3.0], [0.5, 1.5, 2.5]])
    y = tf.lbeta(x)
    p = tf.math.polyval([1.0, -2.0, 3.0], x)
    return {
        "y": y,
        "p": p,
        "empty": tf.math.polyval([], x),
        "grads": [tf.gradients(y, x), tf.gradients(p, x)],
    }


def cross_products(tf):
    a = tf.constant([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]])
    b = tf.constant([[-1.0, 0.5, 2.0], [1.0, 0.0, 0.0]])
    y = tf.cross(a, b)
    return {"y": y, "grads": tf.gradients(y * y, [a, b])}


def ranges(tf):
    n = tf.placeholder(tf.int32, [])
    return {
        "y": [
            tf.range(5),
            tf.range(2, 10, 3),
            tf.range(10, 2, -3),
            tf.range(0.0, 1.0, 0.1),
            tf.range(3, 0.5, -0.5),
            tf.range(n),
            tf.range(2, dtype=tf.float32),
            tf.range(tf.constant(3, tf.int64)),
            tf.range(5, name="r"),
        ],
        "lines": [
            tf.linspace(0.0, 1.0, 7),
            tf.lin_space(1.0, 3.0, 1),
            tf.linspace(tf.constant(5.0, tf.float64), 0.0, n),
        ],
        "feed": {n: 4},
    }


def range_backwards_error(tf):
    return {"y": tf.range(5, 0, 1)}


def range_without_step_error(tf):
    return {"y": tf.range(0, 5, 0)}


def empty_linspace_error(tf):
    return {"y": tf.linspace(0.0, 1.0, 0)}


def sparse_tensors(tf):
    x = tf.SparseTensor([[0, 1], [1, 0], [1, 2]], [1.0, -2.0, 0.25], [2, 3])
    whole = tf.SparseTensor([[0, 1], [1, 2]], [4, -6], [2, 3])
    dense = tf.constant([[1.0, 2.0, 4.0]])
    results = [
        tf.abs(x),
        tf.negative(x),
        tf.sign(x),
        tf.square(x),
        tf.sqrt(tf.abs(x), name="root"),
        tf.erf(x),
        tf.tanh(x),
        tf.cast(x, tf.float64),
        tf.cast(whole, tf.float32, name="c"),
        x * dense,
        dense * x,
        x / dense,
        whole / 4,
    ]
    return {
        "y": results,
        "after": tf.abs(dense),
        "grads": tf.gradients([results[9].values, results[11].values], [x.values, dense]),
    }


def slices(tf):
    x = tf.IndexedSlices(tf.constant([[1.0, -2.0]]), tf.constant([2]), tf.constant([4, 2]))
    return {
        "scaled": tf.scalar_mul(3.0, x),
        "cast": tf.cast(x, tf.float64),
        "dense": tf.constant(2.0) * x,
        "sum": tf.add_n([x, x]),
        "alone": tf.add_n([x]),
    }


def python_numbers(tf):
    x = tf.constant([7, -3])
    b = tf.constant([True, False])
    return {
        "int": [x + True, x * np.int32(2), 10 // x, 10 % x, x // np.int64(2)],
        "logic": [b & [True, True], b | True, [False, True] ^ b],
        "shape": x + tf.constant([1.0, 2.0]).shape[0],
        "compare": [x > 2, x <= np.array([7, 8])],
    }


def operations_without_a_function(tf):
    """What only graphs of other programs, or `tf.raw_ops`, hold."""
    x = tf.constant(X, "float32")
    y = tf.constant(POSITIVE, "float32")
    whole = tf.constant([[7, -7, 8]])
    batch = tf.constant(np.stack([X, POSITIVE]))
    raw = tf.raw_ops
    results = [
        raw.Inv(x=y),
        raw.InvGrad(y=x, dy=y),
        raw.Div(x=x, y=y),
        raw.BatchMatMul(x=batch, y=batch, adj_y=True),
    ]
    return {
        "y": results,
        "grads": [tf.gradients(r, [x, y, batch]) for r in results],
        "whole": [raw.Div(x=whole, y=[[2, 2, -3]]), raw.Mod(x=whole, y=[[2, 2, -3]])],
        "clipped": [
            raw.ClipByValue(t=x, clip_value_min=-0.5, clip_value_max=0.5),
            raw.ClipByValue(t=x, clip_value_min=-0.5, clip_value_max=y),
        ],
        "near": raw.ApproximateEqual(x=x, y=x + 0.05, tolerance=0.1),
        "bins": raw.Bucketize(input=[-5.0, 10.0, 150.0, 5.0, 100.0], boundaries=[0.0, 10.0, 100.0]),
        "int_bins": raw.Bucketize(input=[-5, 10, 11], boundaries=[0.0, 10.0]),
        "packed": raw.CompareAndBitpack(input=[[1.0, 2, 3, 4, 5, 6, 7, 8]], threshold=4.5),
        "bits": raw.PopulationCount(x=np.array([-1, 7, 0], np.int16)),
    }
