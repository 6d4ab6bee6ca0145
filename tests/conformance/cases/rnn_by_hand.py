"""Recurrent networks without cells, as programs write them by hand."""

import numpy as np

STEPS, BATCH, INPUTS, UNITS = 5, 3, 2, 4
X = np.sin(np.arange(STEPS * BATCH * INPUTS, dtype=np.float32)).reshape(STEPS, BATCH, INPUTS)
LENGTHS = [5, 2, 0]


def _weights(tf, name, rows, cols):
    values = np.cos(np.arange(rows * cols) + len(name)).reshape(rows, cols) * 0.4
    return tf.get_variable(name, initializer=tf.constant(values, tf.float32))


def _ended(tf, masked_outputs):
    """An LSTM in a loop whose state stays where a row has ended."""
    x = tf.placeholder(tf.float32, [STEPS, None, INPUTS], "x")
    lengths = tf.placeholder(tf.int32, [None], "lengths")
    kernel = _weights(tf, "kernel", INPUTS + UNITS, 4 * UNITS)
    start = tf.zeros([tf.shape(x)[1], UNITS])
    inputs = tf.TensorArray(tf.float32, STEPS).unstack(x)
    outputs = tf.TensorArray(tf.float32, STEPS)

    def step(time, c, h, outputs):
        z = tf.matmul(tf.concat([inputs.read(time), h], 1), kernel)
        i, j, f, o = tf.split(z, 4, 1)
        new_c = c * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * tf.tanh(j)
        new_h = tf.tanh(new_c) * tf.sigmoid(o)
        goes_on = tf.less(time, lengths)
        kept_h = tf.where(goes_on, new_h, h)
        outputs = outputs.write(time, kept_h if masked_outputs else new_h)
        return time + 1, tf.where(goes_on, new_c, c), kept_h, outputs

    _, c, h, outputs = tf.while_loop(
        lambda time, *_: time < STEPS, step, (0, start, start, outputs)
    )
    outputs = outputs.stack()
    grads = tf.gradients(tf.reduce_sum(outputs**2) + tf.reduce_sum(c * h), [x, kernel])
    feed = {x: X, lengths: LENGTHS}
    return {"outputs": outputs, "c": c, "h": h, "grads": grads, "feed": feed}


def loop_with_ended_rows(tf):
    return _ended(tf, masked_outputs=True)


def loop_whose_outputs_go_on(tf):
    return _ended(tf, masked_outputs=False)


def scan_gru(tf):
    x = tf.placeholder(tf.float32, [None, BATCH, INPUTS], "x")
    wz, wr, wh = (_weights(tf, name, INPUTS, UNITS) for name in ("wz", "wr_", "wh__"))
    uz, ur, uh = (_weights(tf, name, UNITS, UNITS) for name in ("uz", "ur_", "uh__"))

    def step(h, now):
        z = tf.sigmoid(tf.matmul(now, wz) + tf.matmul(h, uz))
        r = tf.sigmoid(tf.matmul(now, wr) + tf.matmul(h, ur))
        candidate = tf.tanh(tf.matmul(now, wh) + tf.matmul(r * h, uh))
        return (1.0 - z) * h + z * candidate

    states = tf.scan(step, x, initializer=tf.zeros([BATCH, UNITS]))
    grads = tf.gradients(tf.reduce_sum(states**2), [x, wz, ur, uh])
    return {"states": states, "grads": grads, "feed": {x: X}}


def unrolled_with_a_weight_for_each_gate(tf):
    x = tf.placeholder(tf.float32, [STEPS, BATCH, INPUTS], "x")
    names = ("i", "fo", "out", "cand")
    w = {name: _weights(tf, "w" + name, INPUTS, UNITS) for name in names}
    u = {name: _weights(tf, "u" + name, UNITS, UNITS) for name in names}
    b = {
        name: tf.get_variable("b" + name, [UNITS], initializer=tf.zeros_initializer())
        for name in names
    }
    c = h = tf.zeros([BATCH, UNITS])
    outputs = []
    for now in tf.unstack(x):
        z = {name: tf.matmul(now, w[name]) + tf.matmul(h, u[name]) + b[name] for name in names}
        c = tf.sigmoid(z["fo"]) * c + tf.sigmoid(z["i"]) * tf.tanh(z["cand"])
        h = tf.sigmoid(z["out"]) * tf.tanh(c)
        outputs.append(h)
    loss = tf.add_n([tf.reduce_sum(output**2) for output in outputs])
    grads = tf.gradients(loss, [x, w["fo"], u["cand"], b["i"]])
    return {"outputs": outputs, "loss": loss, "grads": grads, "feed": {x: X}}
