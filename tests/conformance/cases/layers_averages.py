"""Moving averages as batch normalization uses them."""


def moving_average(tf):
    from_ones = tf.get_variable("v", initializer=[1.0, 2.0])
    average = tf.train.ExponentialMovingAverage(0.5, zero_debias=True)
    plain = tf.train.ExponentialMovingAverage(0.9, name="Plain")
    tensor = from_ones * 3.0
    ops = [average.apply([tensor]), plain.apply([from_ones])]
    result = {"names": [op.name for op in ops]}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for i in range(3):
            session.run(ops)
        result["values"] = session.run([average.average(tensor), plain.average(from_ones)])
    return result
