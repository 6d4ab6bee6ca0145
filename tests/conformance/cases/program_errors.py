"""Mistakes of programs: which errors they raise, so that programs can catch them."""


def _raised(tf, *functions):
    names = []
    for function in functions:
        try:
            function()
        except (ValueError, TypeError, KeyError, RuntimeError, tf.errors.OpError) as error:
            names.append(type(error).__name__)
        else:
            names.append("nothing")
    return {"raised": names}


def variables_without_values(tf):
    v = tf.Variable(1.0, name="v")
    w = tf.get_variable("w", [2], use_resource=True)
    table = tf.get_variable("table", [2, 2])
    row = tf.nn.embedding_lookup(table, [0])
    with tf.Session() as session:
        fetches = [v, [v, tf.constant(1)], v.value(), v + 1.0, w, row, v.assign_add(1.0)]
        raised = _raised(tf, *(lambda fetch=fetch: session.run(fetch) for fetch in fetches))
        message = ""
        try:
            session.run(v)
        except tf.errors.FailedPreconditionError as error:
            message = error.message.split("\n")[0]
    return {**raised, "message": message}


def names_of_nothing(tf):
    graph = tf.get_default_graph()
    tf.constant(1, name="c")
    names = ["x", "c", "x:0", "c:0", "c:1", "c:a", "^c", "c:0:0", ""]
    finders = [graph.get_tensor_by_name, graph.get_operation_by_name, graph.as_graph_element]
    return _raised(tf, *(lambda n=n, f=f: f(n) for n in names for f in finders))


def objects_that_are_no_tensors(tf):
    values = [object(), [object()], {"a": 1}, {1}, [1, None], [None], lambda: 1, [b"a", "b"]]
    values += [b"a", "a", [1.5, 2], [True, 1], (x for x in [1])]
    return _raised(tf, *(lambda v=v: tf.constant(v) for v in values))


def folders_that_are_not_there(tf):
    with tf.Session() as session:
        folder = tf.test.get_temp_dir()
        tf.Variable(1.0)
        saver = tf.train.Saver()
        return _raised(
            tf,
            lambda: tf.gfile.Glob(folder + "/none/*"),
            lambda: tf.gfile.Glob(folder + "/none/a"),
            lambda: tf.gfile.Glob(folder + "/no*/a"),
            lambda: tf.gfile.Glob(folder + "/none*"),
            lambda: tf.train.checkpoint_exists(folder + "/none/model"),
            lambda: tf.train.checkpoint_exists(folder + "/none"),
            lambda: saver.restore(session, folder + "/none/model"),
            lambda: saver.restore(session, folder + "/none"),
            lambda: saver.restore(session, None),
        )
