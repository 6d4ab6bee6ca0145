"""Training with dropout in recurrent networks whose sequences end: what is drawn, run for run."""

import numpy as np

# the longest sequence ends before the last step in some runs: nothing is drawn for what is skipped
LENGTHS = [[4, 2, 3], [2, 0, 1], [0, 0, 0], [4, 4, 4]]

KEEP = {"input_keep_prob": 0.9, "output_keep_prob": 0.8, "state_keep_prob": 0.7}


def _wrapped(tf, cell, **arguments):
    return tf.nn.rnn_cell.DropoutWrapper(cell, dtype=tf.float64, seed=5, **arguments)


def _trained(tf, cell, unroll, ends=True):
    """Values over several runs, each after a step of training."""
    tf.set_random_seed(3)
    x = tf.constant(np.random.RandomState(1).randn(3, 4, 2))
    step = tf.train.get_or_create_global_step()
    lengths = tf.gather(tf.constant(LENGTHS, tf.int32), step) if ends else None
    initializer = tf.random_uniform_initializer(-0.7, 0.7, seed=2)
    with tf.variable_scope("net", initializer=initializer):
        if unroll:
            outputs, state = tf.nn.static_rnn(
                cell, tf.unstack(x, axis=1), dtype=tf.float64, sequence_length=lengths
            )
            outputs = tf.stack(outputs, 1)
        else:
            outputs, state = tf.nn.dynamic_rnn(cell, x, lengths, dtype=tf.float64)
    states = tf.contrib.framework.nest.flatten(state)
    loss = tf.reduce_sum(tf.sin(outputs)) + tf.add_n([tf.reduce_sum(s * s) for s in states])
    train = tf.train.GradientDescentOptimizer(0.1).minimize(loss, step)
    found = {"outputs": outputs, "loss": loss, "train": train, "runs": len(LENGTHS)}
    found.update(("state %d" % k, s) for k, s in enumerate(states))
    return found


def dropout_of_inputs_unrolled(tf):
    cell = _wrapped(tf, tf.nn.rnn_cell.LSTMCell(3), input_keep_prob=0.6)
    return _trained(tf, cell, unroll=True)


def dropout_of_outputs_unrolled(tf):
    cell = _wrapped(tf, tf.nn.rnn_cell.GRUCell(3), output_keep_prob=0.6)
    return _trained(tf, cell, unroll=True)


def dropout_of_states_unrolled(tf):
    cell = _wrapped(tf, tf.nn.rnn_cell.BasicLSTMCell(3), state_keep_prob=0.6)
    return _trained(tf, cell, unroll=True)


def dropout_everywhere_unrolled(tf):
    cell = _wrapped(tf, tf.nn.rnn_cell.GRUCell(3), **KEEP)
    return _trained(tf, cell, unroll=True)


def dropout_everywhere_without_ends(tf):
    cell = _wrapped(tf, tf.nn.rnn_cell.BasicRNNCell(3), **KEEP)
    return _trained(tf, cell, unroll=True, ends=False)


def dropout_of_states_in_a_loop(tf):
    cell = _wrapped(tf, tf.nn.rnn_cell.GRUCell(3), state_keep_prob=0.6)
    return _trained(tf, cell, unroll=False, ends=False)


def variational_dropout_unrolled(tf):
    cell = tf.nn.rnn_cell.LSTMCell(3, use_peepholes=True)
    cell = _wrapped(tf, cell, variational_recurrent=True, input_size=2, **KEEP)
    return _trained(tf, cell, unroll=True)


def variational_dropout_in_a_loop(tf):
    cell = tf.nn.rnn_cell.BasicRNNCell(3)
    cell = _wrapped(tf, cell, variational_recurrent=True, input_size=2, **KEEP)
    return _trained(tf, cell, unroll=False)


def variational_dropout_of_stacked_cells(tf):
    def one(cell, size):
        return _wrapped(tf, cell, variational_recurrent=True, input_size=size, **KEEP)

    cells = [one(tf.nn.rnn_cell.GRUCell(3), 2), one(tf.nn.rnn_cell.LSTMCell(4), 3)]
    return _trained(tf, tf.nn.rnn_cell.MultiRNNCell(cells), unroll=True)


def outputs_alone_of_sequences_that_end(tf):
    """Nothing needs the last step's state."""
    cell = tf.contrib.rnn.OutputProjectionWrapper(tf.nn.rnn_cell.LSTMCell(3), 2)
    found = _trained(tf, cell, unroll=True)
    return {name: found[name] for name in ("outputs", "runs")}
