"""`tf.switch_case`."""


def chosen(tf):
    index = tf.placeholder(tf.int32, [], name="index")
    x = tf.constant([1.0, 2.0], name="x")
    y = tf.constant([3.0, 4.0], name="y")
    result = tf.switch_case(index, [lambda: x + 1.0, lambda: x * y, lambda: y])
    return {"result": result, "feed": [{index: 0}, {index: 1}, {index: 2}, {index: 7}, {index: -1}]}


def default(tf):
    index = tf.placeholder(tf.int32, [], name="index")
    x = tf.constant(5.0, name="x")
    result = tf.switch_case(
        index, {1: lambda: x, 0: lambda: -x}, default=lambda: tf.zeros([]), name="own"
    )
    return {"result": result, "feed": [{index: 0}, {index: 1}, {index: 2}]}


def structures(tf):
    index = tf.placeholder(tf.int32, [], name="index")
    x = tf.constant([1.0, 2.0], name="x")
    result = tf.switch_case(
        index,
        [lambda: {"a": x, "b": (tf.constant(1), x[:1])}, lambda: {"a": -x, "b": (tf.size(x), x)}],
    )
    return {"result": result, "feed": [{index: 0}, {index: 1}]}


def variables(tf):
    index = tf.placeholder(tf.int32, [], name="index")
    v = tf.get_variable("v", initializer=tf.constant(2.0))
    r = tf.get_variable("r", initializer=tf.constant(3.0), use_resource=True)
    result = tf.switch_case(index, [lambda: v * 2.0, lambda: r * v])
    return {"result": result, "feed": [{index: 0}, {index: 1}]}


def gradient_values(tf):
    """The nodes of the gradient differ: TensorFlow's takes over what the branch computed."""
    with tf.Graph().as_default(), tf.Session() as sess:
        index = tf.placeholder(tf.int32, [])
        x, y = tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])
        result = tf.switch_case(index, [lambda: tf.exp(x) * y, lambda: tf.tanh(y), lambda: x])
        grads = tf.gradients(result * 2.0, [x, y])
        return {"grads": [sess.run(grads, {index: i}) for i in range(3)]}


def gap_error(tf):
    tf.switch_case(tf.constant(0), [(0, lambda: 1), (2, lambda: 2)])


def no_integer_error(tf):
    tf.switch_case(tf.constant(0.0), [lambda: 1])


def no_tensor_error(tf):
    tf.switch_case(0, [lambda: 1])


def no_function_error(tf):
    tf.switch_case(tf.constant(0), [1, 2])


def types_differ_error(tf):
    tf.switch_case(tf.constant(0), [lambda: tf.constant(1), lambda: tf.constant(1.0)])


def none_error(tf):
    tf.switch_case(tf.constant(0), [])
