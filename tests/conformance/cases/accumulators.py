"""Accumulators of gradients, and the optimizer that aggregates replicas by them."""


def means_and_steps(tf):
    accumulator = tf.ConditionalAccumulator(tf.float32, shape=[2], name="sums")
    step = tf.placeholder(tf.int64, [], name="step")
    put = accumulator.apply_grad([1.0, 3.0], local_step=step)
    taken, count = accumulator.take_grad(2), accumulator.num_accumulated()
    later = accumulator.set_global_step(tf.constant(5))
    values = []
    with tf.Session() as session:
        for given in (0, 7):
            session.run(put, {step: given})
        values += [session.run(count), session.run(taken), session.run(count)]
        session.run(put, {step: 0})  # past, after the first was taken
        values.append(session.run(count))
        session.run(later)
        session.run(put, {step: 4})
        session.run(put, {step: 5})
        values.append(session.run(count))
    return {"values": values, "shape": str(taken.shape), "name": accumulator.name}


def sums(tf):
    accumulator = tf.ConditionalAccumulator(tf.float64, reduction_type="SUM", shared_name="shared")
    put, taken = (
        accumulator.apply_grad(tf.constant([[2.0, 4.0]], tf.float64)),
        accumulator.take_grad(3),
    )
    with tf.Session() as session:
        for _ in range(3):
            session.run(put)
        return {"taken": session.run(taken), "type": accumulator.dtype}


def gradient_of_another_shape_error(tf):
    return {"x": tf.ConditionalAccumulator(tf.float32, shape=[2]).apply_grad([1.0])}


def gradients_of_two_shapes_error(tf):
    accumulator = tf.ConditionalAccumulator(tf.float32)
    with tf.Session() as session:
        session.run(accumulator.apply_grad([1.0]))
        return {"x": session.run(accumulator.apply_grad([1.0, 2.0]))}


def one_replica(tf):
    step = tf.train.get_or_create_global_step()
    w = tf.get_variable("w", [2], initializer=tf.zeros_initializer())
    b = tf.get_variable("b", [], initializer=tf.ones_initializer())
    loss = tf.reduce_sum(tf.square(w - [3.0, 1.0])) + tf.square(b)
    optimizer = tf.train.SyncReplicasOptimizer(tf.train.MomentumOptimizer(0.1, 0.5), 1)
    train = optimizer.minimize(loss, global_step=step)
    hook = optimizer.make_session_run_hook(is_chief=True, num_tokens=0)
    values = []
    with tf.train.MonitoredTrainingSession(hooks=[hook], stop_grace_period_secs=0.1) as session:
        for _ in range(3):
            session.run(train)
            values.append(session.run([w, b, step]))
    return {
        "values": values,
        "slots": optimizer.get_slot_names(),
        "variables": [v.name for v in optimizer.variables()],
    }


def replicas_without_step_error(tf):
    v = tf.Variable(1.0)
    optimizer = tf.train.SyncReplicasOptimizer(tf.train.GradientDescentOptimizer(0.1), 1)
    return {"x": optimizer.minimize(v * v)}


def tokens_before_gradients_error(tf):
    optimizer = tf.train.SyncReplicasOptimizer(tf.train.GradientDescentOptimizer(0.1), 1)
    return {"x": optimizer.get_init_tokens_op()}
