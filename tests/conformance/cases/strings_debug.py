"""Looking into runs: prints, checks of numbers, functions of Python."""

import numpy as np


def prints(tf):
    x = tf.placeholder(tf.float32, [None], name="x")
    y = tf.Print(x * 2.0, [x, tf.shape(x)], message="x is ", first_n=1, summarize=2)
    return {"y": y, "dx": tf.gradients(y, x)[0], "feed": {x: [1.0, 2.0]}}


def print_operations(tf):
    x = tf.placeholder(tf.float32, [None], name="x")
    first = tf.print("x:", x, {"a": [x, 1]}, output_stream="file:///dev/null", name="shown")
    second = tf.print(tf.constant("text"))
    sparse = tf.SparseTensor([[0]], [1], [2])
    third = tf.print("{}", sparse, x, sep=",", end="", summarize=5)
    with tf.control_dependencies([first, second, third]):
        y = tf.identity(x)
    return {"y": y, "feed": {x: [1.0, 2.0]}}


def print_stream_error(tf):
    return {"y": tf.print("a", output_stream="nowhere")}


def checked_numbers(tf):
    x = tf.placeholder(tf.float32, [None], name="x")
    y = tf.check_numerics(x * 2.0, "not good")
    z = tf.verify_tensor_all_finite(x, "not finite")
    return {
        "y": y,
        "z": z,
        "dx": tf.gradients(y, x)[0],
        "dz": tf.gradients(z, x)[0],
        "feed": {x: [1.0, 2.0]},
    }


def checked_numbers_error(tf):
    x = tf.placeholder(tf.float32, [None], name="x")
    return {"y": tf.check_numerics(x, "not good"), "feed": {x: [1.0, np.nan]}}


def checks_of_all_numbers(tf):
    x = tf.placeholder(tf.float32, [None], name="x")
    y = tf.sqrt(x) + tf.to_float(tf.size(x))
    check = tf.add_check_numerics_ops()
    return {"y": y, "check": check, "feed": {x: [1.0, 4.0]}}


def python_functions(tf):
    x = tf.placeholder(tf.float32, [None], name="x")
    y = tf.py_func(lambda a: a * 2, [x], tf.float32)
    z, n = tf.py_func(lambda a, b: (a + b, np.int64(len(a))), [x, 1.0], [tf.float32, tf.int64])
    w = tf.py_func(lambda a: a, [x], [tf.float32], stateful=False, name="pure")[0]
    words = tf.py_func(lambda a: a.upper(), [tf.constant("abc")], tf.string)
    v = tf.numpy_function(np.sum, [x], tf.float32)
    return {"y": y, "z": z, "n": n, "w": w, "words": words, "v": v, "feed": {x: [1.0, 2.0]}}


def python_function_shapes(tf):
    x = tf.py_func(lambda: np.ones((2, 3), np.float32), [], tf.float32)
    x.set_shape([None, 3])
    return {"y": tf.reduce_sum(x, 1), "x": x}


def python_function_without_output(tf):
    op = tf.py_func(lambda a: None, [tf.constant(1)], [])
    return {"op": op}


def python_function_type_error(tf):
    return {"y": tf.py_func(lambda: np.float64(1.0), [], tf.float32)}


def python_function_raises_error(tf):
    def fail():
        raise ValueError("no")

    return {"y": tf.py_func(fail, [], tf.float32)}
