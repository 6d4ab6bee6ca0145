"""Names that programs of every year use for what has a newer name, and constants that they read."""


def older_initializers(tf):
    weights = tf.Variable([1.0, 2.0], name="weights")
    counted = tf.Variable(3, name="counted", trainable=False)
    of_run = tf.Variable(4.0, collections=[tf.GraphKeys.LOCAL_VARIABLES], name="of_run")
    with tf.Session() as session:
        session.run(tf.initialize_variables([counted]))
        before = session.run([tf.is_variable_initialized(v) for v in (weights, counted)])
        session.run(tf.initialize_all_variables())
        session.run(tf.initialize_local_variables())
        values = session.run([weights, counted, of_run])
    names = [variable.name for variable in tf.all_variables()]
    return {"before": before, "values": values, "names": names}


def collections_by_name(tf):
    tf.Variable(1.0, name="a")
    tf.Variable(2.0, name="b", trainable=False)
    keys = [tf.GraphKeys.TRAINABLE_VARIABLES, tf.GraphKeys.GLOBAL_VARIABLES]
    framework = tf.contrib.framework.get_variables
    return {
        "keys": keys,
        "of_key": [[variable.name for variable in tf.get_collection(key)] for key in keys],
        "of_framework": [variable.name for variable in framework("a")],
    }


def polynomial_decay(tf):
    step = tf.placeholder(tf.int32, [], "step")
    rates = [
        tf.train.polynomial_decay(0.1, step, 10),
        tf.train.polynomial_decay(0.1, step, 10, 0.01, power=0.5),
        tf.train.polynomial_decay(0.1, step, 10, 0.01, power=2.0, cycle=True),
    ]
    return {"rates": rates, "feed": [{step: count} for count in (0, 4, 10, 17)]}


def static_assertions(tf):
    x = tf.placeholder(tf.float32, [2, 3], "x")
    checks = [
        tf.assert_rank(x, 2),
        tf.assert_less_equal(x, 5.0),
        tf.assert_greater_equal(tf.shape(x), 2),
    ]
    with tf.control_dependencies(checks):
        same = tf.identity(x)
    return {"same": same, "feed": {x: [[1, 2, 3], [4, 5, 5]]}}


def too_large_error(tf):
    x = tf.placeholder(tf.float32, [None], "x")
    with tf.control_dependencies([tf.assert_less_equal(x, 5.0)]):
        same = tf.identity(x)
    return {"same": same, "feed": {x: [6.0]}}


def wrong_rank_error(tf):
    return {"check": tf.assert_rank(tf.zeros([2, 3]), 1)}


def containers(tf):
    with tf.container("shelf"):
        held = tf.Variable([1.0], name="held", use_resource=True)
        queue = tf.FIFOQueue(3, tf.float32, name="queue")
        plain = tf.Variable(2.0, name="plain")
    kept = [queue.queue_ref.op, held.op, plain.op, tf.Variable(3.0).op]
    return {"held": held, "kept": [op.get_attr("container").decode() for op in kept]}


def serving_signature(tf):
    constants = tf.saved_model.signature_constants
    utils = tf.saved_model.signature_def_utils
    x = tf.placeholder(tf.float32, [None, 2], "x")
    tensor = tf.saved_model.utils.build_tensor_info(x)
    made = utils.build_signature_def(
        inputs={constants.CLASSIFY_INPUTS: tensor},
        outputs={constants.CLASSIFY_OUTPUT_CLASSES: tensor},
        method_name=constants.CLASSIFY_METHOD_NAME,
    )
    return {
        "made": made.SerializeToString(deterministic=True).hex(),
        "valid": utils.is_valid_signature(made),
        "constants": [
            constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY,
            constants.PREDICT_METHOD_NAME,
            constants.PREDICT_INPUTS,
            constants.PREDICT_OUTPUTS,
        ],
    }


def protos_and_errors(tf):
    node = tf.NodeDef(name="n", op="NoOp")
    return {
        "node": node.SerializeToString(deterministic=True).hex(),
        "deadline": [
            tf.errors.DeadlineExceededError.__name__,
            tf.errors.DeadlineExceededError(None, None, "late").error_code,
            issubclass(tf.errors.DeadlineExceededError, tf.OpError),
        ],
    }


def hints_of_a_dtype(tf):
    return {
        "hinted": tf.convert_to_tensor([1, 2], dtype_hint=tf.float32),
        "preferred": tf.convert_to_tensor([1, 2], None, "named", tf.int64),
        "not_taken": tf.convert_to_tensor("text", dtype_hint=tf.float32),
    }


def functions_of_structures(tf):
    x = tf.constant([1.0, 2.0])

    def both(a, pair, scale):
        return {"sum": a + pair[0], "rest": (pair[1] * scale, a.sum())}

    types = {"sum": tf.float32, "rest": (tf.float32, tf.float32)}
    shapes = {"sum": [2], "rest": ([2], [])}
    call = tf.contrib.framework.py_func
    first = call(both, [x, (x + 1, x)], {"scale": tf.constant(3.0)}, types, shapes, name="both")
    second = call(lambda a: a * 2, (x,), output_types=lambda a: a.dtype, stateful=False)
    return {"first": first, "second": second, "static": [first["sum"].shape.as_list()]}


def structures_up_to(tf):
    nest = tf.contrib.framework.nest
    sparse = tf.SparseTensor([[0]], [1.0], [2])
    shorter = nest.flatten_up_to(["a", "b"], ["c", ["d"], "f"], check_subtrees_length=False)
    opened = nest.flatten_up_to([sparse], [sparse], expand_composites=True)
    paths = nest.flatten_with_tuple_paths_up_to([0, [0, 0]], [1, [2, [3]]])
    wanted = nest.get_traverse_shallow_structure(lambda part: True, [1, (2, 3)])
    return {"shorter": str(shorter), "opened": opened, "paths": str(paths), "wanted": str(wanted)}
