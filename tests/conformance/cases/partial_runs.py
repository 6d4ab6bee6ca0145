"""`Session.partial_run`: one run in several calls."""


def _feeds(tf):
    return [tf.placeholder(tf.float32, [], name=name) for name in "abc"]


def parts_of_a_run(tf):
    a, b, c = _feeds(tf)
    first = a + b
    second = first * c
    with tf.Session() as session:
        handle = session.partial_run_setup([first, second], [a, b, c])
        values = [
            session.partial_run(handle, first, feed_dict={a: 1, b: 2}),
            session.partial_run(handle, {"second": [second]}, feed_dict={c: 10}),
        ]
        handle = session.partial_run_setup([second], [first, c])
        values.append(session.partial_run(handle, second, {first: 4, c: 3}))
        handle = session.partial_run_setup([first, second], [a, b, c])
        values.append(session.partial_run(handle, [], {a: 3}))
        values.append(session.partial_run(handle, [second, first], {b: 5, c: -1}))
    return {"values": values}


def numbers_drawn_once(tf):
    a, b, _ = _feeds(tf)
    drawn = tf.random_uniform([3], seed=4)
    first, second = drawn + a, drawn * b
    with tf.Session() as session:
        handle = session.partial_run_setup([first, second], [a, b])
        values = [
            session.partial_run(handle, first, {a: 1.0}),
            session.partial_run(handle, second, {b: 2.0}),
        ]
    return {"values": values}


def with_loops_and_conditionals(tf):
    a, b, c = _feeds(tf)
    total = tf.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * a), (0, 1.0))[1]
    chosen = tf.cond(b > 0, lambda: total + c, lambda: total - c)
    with tf.Session() as session:
        handle = session.partial_run_setup([total, chosen], [a, b, c])
        values = [session.partial_run(handle, total, {a: 2.0})]
        values.append(session.partial_run(handle, chosen, {b: -1.0, c: 3.0}))
    return {"values": values}


def operations_of_a_run(tf):
    a, b, _ = _feeds(tf)
    variable = tf.Variable(1.0)
    update = tf.assign_add(variable, a * b)
    double = 2 * a
    with tf.Session() as session:
        session.run(variable.initializer)
        handle = session.partial_run_setup([double, update.op], [a, b])
        values = [session.partial_run(handle, double, {a: 3.0})]
        session.partial_run(handle, [], {b: 2.0})
        handle = session.partial_run_setup([update], [a, b])
        values.append(session.partial_run(handle, update, {a: 1.0, b: 1.0}))
        values.append(session.run(variable))
    return {"values": values}


def finished_run_error(tf):
    a, b, _ = _feeds(tf)
    with tf.Session() as session:
        handle = session.partial_run_setup([a + b], [a, b])
        total = tf.get_default_graph().get_tensor_by_name("add:0")
        session.partial_run(handle, total, {a: 1, b: 2})
        session.partial_run(handle, total)


def feed_still_to_come_error(tf):
    a, b, _ = _feeds(tf)
    total = a + b
    with tf.Session() as session:
        handle = session.partial_run_setup([total], [a, b])
        session.partial_run(handle, total, {a: 1})


def fed_twice_error(tf):
    a, b, _ = _feeds(tf)
    total = a + b
    with tf.Session() as session:
        handle = session.partial_run_setup([total], [a, b])
        session.partial_run(handle, [], {a: 1})
        session.partial_run(handle, [], {a: 1})


def fetch_not_set_up_error(tf):
    a, b, c = _feeds(tf)
    total, other = a + b, a * c
    with tf.Session() as session:
        handle = session.partial_run_setup([total], [a, b])
        session.partial_run(handle, other, {a: 1})


def operation_fetched_error(tf):
    a, b, _ = _feeds(tf)
    total = a + b
    with tf.Session() as session:
        handle = session.partial_run_setup([total, total.op], [a, b])
        session.partial_run(handle, total.op, {a: 1, b: 2})


def nothing_to_run_error(tf):
    a, _, _ = _feeds(tf)
    with tf.Session() as session:
        session.partial_run_setup([], [a])
