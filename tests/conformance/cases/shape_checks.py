"""`assert_shapes`: sizes that agree across tensors; `TensorSpec`."""


def _placeholders(tf):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    y = tf.placeholder(tf.float32, [None, None], name="y")
    z = tf.placeholder(tf.float32, name="z")
    return x, y, z


def known_sizes(tf):
    x, y = tf.ones([2, 3], name="a"), tf.ones([3], name="b")
    tf.debugging.assert_shapes([(x, ("N", "Q")), (y, ("Q",)), (tf.constant(1.0), ())])
    return {"x": x}


def unknown_sizes(tf):
    x, y, z = _placeholders(tf)
    checked = tf.debugging.assert_shapes([(x, ("N", "Q")), (y, ("N", 4)), (z, ("Q",))])
    with tf.control_dependencies([checked]):
        total = tf.reduce_sum(x) + tf.reduce_sum(y) + tf.reduce_sum(z)
    feed = {x: [[1.0, 2.0, 3.0]], y: [[1.0, 1.0, 1.0, 1.0]], z: [1.0, 2.0, 3.0]}
    return {"total": total, "feed": feed}


def innermost_sizes(tf):
    x, y, z = _placeholders(tf)
    shapes = [(x, (Ellipsis, "D")), (z, ("*", None, "D")), (y, (".", "M"))]
    checked = tf.debugging.assert_shapes(shapes, message="sizes", name="own")
    with tf.control_dependencies([checked]):
        total = tf.reduce_sum(x) + tf.reduce_sum(z)
    return {"total": total, "feed": {x: [[1.0, 2.0, 3.0]], y: [[1.0]], z: [[1.0, 2.0, 3.0]]}}


def disagreeing_known_error(tf):
    tf.debugging.assert_shapes([(tf.ones([2, 3]), ("N", "Q")), (tf.ones([4]), ("Q",))])


def disagreeing_when_run_error(tf):
    x, y, _ = _placeholders(tf)
    checked = tf.debugging.assert_shapes([(x, ("N", "Q")), (y, ("Q", None))])
    return {"checked": checked, "feed": {x: [[1.0, 2.0, 3.0]], y: [[1.0]]}}


def ellipsis_inside_error(tf):
    tf.debugging.assert_shapes([(tf.ones([2, 3]), ("N", Ellipsis))])


def no_shape_error(tf):
    tf.debugging.assert_shapes([(tf.ones([2, 3]), 7)])


def specs(tf):
    spec = tf.TensorSpec([None, 3], tf.float32, "x")
    same = tf.TensorSpec([None, 3], tf.float32, "x")
    x = tf.placeholder(tf.float32, [2, 3], name="given")
    taken = tf.TensorSpec.from_tensor(x)
    return {
        "equal": [spec == same, hash(spec) == hash(same), spec == tf.TensorSpec([None, 3])],
        "compatible": [
            spec.is_compatible_with(x),
            spec.is_compatible_with(tf.TensorSpec([3, 2])),
            spec.is_compatible_with(tf.TensorSpec([2, 3], tf.int32)),
        ],
        "texts": [repr(spec), repr(taken), repr(tf.TensorSpec(None))],
        "named": tf.TensorSpec.from_spec(spec, "other").name,
        "common": repr(spec.most_specific_compatible_type(tf.TensorSpec([None, 4], name="x"))),
    }


def spec_of_no_tensor_error(tf):
    tf.TensorSpec.from_tensor(3.0)


def log_device_placement(tf):
    tf.debugging.set_log_device_placement(True)
    on = tf.debugging.get_log_device_placement()
    tf.debugging.set_log_device_placement(False)
    return {"on": on, "off": tf.debugging.get_log_device_placement()}
