"""`tf.contrib.opt.ExternalOptimizerInterface`: algorithms outside the graph."""

import numpy as np


def _descent(tf, **settings):
    class Descent(tf.contrib.opt.ExternalOptimizerInterface):
        def _minimize(self, initial_val, loss_grad_func, **others):
            self.others = others
            values = initial_val
            for _ in range(others["optimizer_kwargs"]["steps"]):
                values = values - 0.1 * loss_grad_func(values)[1]
                others["step_callback"](values)
            return values

    return Descent(**settings)


def steered_from_outside(tf):
    a = tf.Variable([[1.0, 2.0, 3.0]], name="a")
    b = tf.Variable(5.0, name="b")
    unused = tf.Variable([1.0], name="unused")
    scale = tf.placeholder(tf.float32, [], "scale")
    loss = scale * tf.reduce_sum(tf.square(a - b))
    optimizer = _descent(tf, loss=loss, equalities=[b - 1.0], inequalities=[a[0, 0]], steps=3)
    losses, steps = [], []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        optimizer.minimize(
            session,
            {scale: 0.5},
            fetches=[loss],
            loss_callback=losses.append,
            step_callback=lambda values: steps.append(values.copy()),
        )
        values = session.run([a, b, unused])
        at = np.arange(5, dtype=np.float32)
        held = [f(at) for f in optimizer.others["equality_funcs"]]
        held_slopes = [f(at) for f in optimizer.others["equality_grad_funcs"]]
        kept = [f(at) for f in optimizer.others["inequality_funcs"]]
    return {
        "losses": losses,
        "steps": steps,
        "values": values,
        "held": [held, held_slopes, kept],
        "bounds": optimizer.others["packed_bounds"] is None,
    }


def bounds_of_variables(tf):
    a, b = tf.Variable([[1.0, 2.0], [3.0, 4.0]], name="a"), tf.Variable(5.0, name="b")
    limits = {a: ([1, -np.inf], [[3, 4], [5, 6]])}
    optimizer = _descent(tf, loss=tf.reduce_sum(a) * b, var_to_bounds=limits, steps=0)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        optimizer.minimize(session)
    return {"bounds": np.array(optimizer.others["packed_bounds"])}


def no_algorithm_error(tf):
    a = tf.Variable([1.0])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        tf.contrib.opt.ExternalOptimizerInterface(tf.reduce_sum(a)).minimize(session)
