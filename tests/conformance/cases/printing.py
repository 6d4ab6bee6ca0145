"""tf.Print and tf.Assert."""


def prints(tf):
    x = tf.constant([1.0, 2.0])
    y = tf.Print(x, [x, tf.constant("text")], "message: ", first_n=1, summarize=2)
    return {"y": y, "grad": tf.gradients(y * y, x), "runs": 2}


def asserts_hold(tf):
    x = tf.constant([1, 2])
    check = tf.Assert(tf.reduce_all(x > 0), [x, "positive"], summarize=5, name="check")
    with tf.control_dependencies([check]):
        y = tf.identity(x)
    return {"y": y}


def asserts_fail_error(tf):
    x = tf.placeholder(tf.int32, [2])
    check = tf.Assert(tf.reduce_all(x > 0), [x])
    with tf.control_dependencies([check]):
        return {"y": tf.identity(x), "feed": {x: [0, 1]}}
