"""tf.contrib.seq2seq: attention mechanisms and AttentionWrapper, with gradients."""

import numpy as np

X = np.random.RandomState(9).uniform(-1.0, 1.0, (2, 3, 4)).astype(np.float32)
MEMORY = np.random.RandomState(4).uniform(-1.0, 1.0, (2, 4, 5)).astype(np.float32)


def _init(tf):
    return tf.random_uniform_initializer(-0.5, 0.5, seed=7)


def _memory(tf):
    return tf.placeholder(tf.float32, [None, None, 5], name="memory")


def _decoded(tf, make, units=5, history=False, cell=None, **arguments):
    """A decoder that attends, over given inputs."""
    memory = _memory(tf)
    x = tf.placeholder(tf.float32, [2, None, 4], name="x")
    with tf.variable_scope("net", initializer=_init(tf)):
        cell = tf.contrib.seq2seq.AttentionWrapper(
            cell or tf.nn.rnn_cell.GRUCell(units),
            make(memory),
            alignment_history=history,
            **arguments,
        )
        helper = tf.contrib.seq2seq.TrainingHelper(x, [2, 3])
        state = cell.zero_state(2, tf.float32)
        decoder = tf.contrib.seq2seq.BasicDecoder(cell, helper, state)
        outputs, final, lengths = tf.contrib.seq2seq.dynamic_decode(decoder, parallel_iterations=1)
    kept = final.alignment_history.stack() if history else final.alignments
    return {
        "outputs": outputs,
        "state": [final.cell_state, final.attention, final.time, final.alignments, kept],
        "lengths": lengths,
        "grads": tf.gradients(outputs.rnn_output, [x, memory, *tf.trainable_variables()]),
        "names": np.array([v.name.encode() for v in tf.global_variables()]),
        "feed": {x: X, memory: MEMORY},
    }


def luong(tf):
    return _decoded(tf, lambda memory: tf.contrib.seq2seq.LuongAttention(5, memory))


def luong_scaled_layer(tf):
    def make(memory):
        return tf.contrib.seq2seq.LuongAttention(5, memory, [2, 4], scale=True)

    return _decoded(tf, make, attention_layer_size=3, history=True)


def bahdanau(tf):
    return _decoded(tf, lambda memory: tf.contrib.seq2seq.BahdanauAttention(6, memory))


def bahdanau_normalized(tf):
    def make(memory):
        return tf.contrib.seq2seq.BahdanauAttention(
            6,
            memory,
            memory_sequence_length=tf.constant([3, 1]),
            normalize=True,
            score_mask_value=-50.0,
        )

    return _decoded(tf, make, output_attention=False, cell=tf.nn.rnn_cell.BasicLSTMCell(4))


def hard_probabilities(tf):
    def make(memory):
        return tf.contrib.seq2seq.BahdanauAttention(
            6, memory, probability_fn=tf.contrib.seq2seq.hardmax
        )

    return _decoded(tf, make)


def own_keys(tf):
    def make(memory):
        return tf.contrib.seq2seq.BahdanauAttention(
            6, memory, custom_key_value_fn=lambda keys, values: (keys * 2.0, values + 1.0)
        )

    return _decoded(tf, make)


def two_memories(tf):
    def make(memory):
        return [
            tf.contrib.seq2seq.BahdanauAttention(6, memory),
            tf.contrib.seq2seq.LuongAttention(5, memory * 0.5, name="second"),
        ]

    return _decoded(tf, make, attention_layer_size=[3, 2])


def own_functions(tf):
    def attend(mechanism, output, state, layer):
        alignments, state = mechanism(output, state=state)
        return tf.reduce_sum(tf.expand_dims(alignments, 2) * mechanism.values, 1), alignments, state

    return _decoded(
        tf,
        lambda memory: tf.contrib.seq2seq.LuongAttention(5, memory),
        cell_input_fn=lambda x, attention: tf.concat([attention, x], 1),
        attention_fn=attend,
        name="own",
    )


def layer_given(tf):
    return _decoded(
        tf,
        lambda memory: tf.contrib.seq2seq.LuongAttention(5, memory),
        attention_layer=tf.layers.Dense(3, name="given"),
    )


def bahdanau_monotonic(tf):
    def make(memory):
        return tf.contrib.seq2seq.BahdanauMonotonicAttention(
            6, memory, normalize=True, score_bias_init=0.3, sigmoid_noise=0.5, sigmoid_noise_seed=3
        )

    return _decoded(tf, make)


def luong_monotonic_hard(tf):
    def make(memory):
        return tf.contrib.seq2seq.LuongMonotonicAttention(5, memory, scale=True, mode="hard")

    return _decoded(tf, make)


def monotonic_modes(tf):
    p = tf.constant([[0.3, 0.6, 0.1], [0.9, 0.2, 0.5]])
    previous = tf.constant([[0.2, 0.5, 0.3], [1.0, 0.0, 0.0]])
    attend = tf.contrib.seq2seq.monotonic_attention
    results = [attend(p, previous, mode) for mode in ("parallel", "recursive", "hard")]
    products = tf.contrib.seq2seq.safe_cumprod([0.5, 0.0, 0.25], exclusive=True)
    return {
        "attention": results,
        "grads": [tf.gradients(r, p) for r in results],
        "products": products,
    }


def monotonic_mode_error(tf):
    tf.contrib.seq2seq.monotonic_attention(tf.zeros([1, 2]), tf.zeros([1, 2]), "other")


def initial_state_and_clone(tf):
    memory = tf.constant(MEMORY)
    given = tf.placeholder(tf.float32, [None, 5], name="given")
    with tf.variable_scope("net", initializer=_init(tf)):
        mechanism = tf.contrib.seq2seq.LuongAttention(5, memory)
        cell = tf.contrib.seq2seq.AttentionWrapper(
            tf.nn.rnn_cell.GRUCell(5), mechanism, initial_cell_state=given
        )
        state = cell.zero_state(2, tf.float32)
        cloned = state.clone(cell_state=tf.constant(X[:, 0, :1]) + tf.ones([2, 5]))
        free = tf.placeholder_with_default(MEMORY[:, 0], [None, 5], name="free")
        other = cloned.clone(cell_state=free)
        output, final = cell(tf.constant(X[:, 0]), other)
    return {
        "states": [state.cell_state, cloned.cell_state, other.cell_state],
        "output": output,
        "final": final.cell_state,
        "feed": {given: X[:, 0, :1].repeat(5, 1)},
    }


def hardmax(tf):
    x = tf.placeholder(tf.float32, [None, None], name="x")
    make = tf.contrib.seq2seq.hardmax
    return {"hard": [make(x), make([[1.0, 3.0], [2.0, 0.0]], name="own")], "feed": {x: X[0]}}


def clone_shape_error(tf):
    mechanism = tf.contrib.seq2seq.LuongAttention(5, tf.constant(MEMORY))
    cell = tf.contrib.seq2seq.AttentionWrapper(tf.nn.rnn_cell.GRUCell(5), mechanism)
    cell.zero_state(2, tf.float32).clone(cell_state=tf.zeros([2, 6]))


def depths_error(tf):
    mechanism = tf.contrib.seq2seq.LuongAttention(6, tf.constant(MEMORY))
    cell = tf.contrib.seq2seq.AttentionWrapper(tf.nn.rnn_cell.GRUCell(5), mechanism)
    cell(tf.constant(X[:, 0]), cell.zero_state(2, tf.float32))


def lengths_not_positive_error(tf):
    mechanism = tf.contrib.seq2seq.LuongAttention(
        5, tf.constant(MEMORY), tf.placeholder_with_default([0, 2], [2])
    )
    cell = tf.contrib.seq2seq.AttentionWrapper(tf.nn.rnn_cell.GRUCell(5), mechanism)
    return {"out": cell(tf.constant(X[:, 0]), cell.zero_state(2, tf.float32))[0]}


def batch_sizes_error(tf):
    mechanism = tf.contrib.seq2seq.LuongAttention(5, tf.constant(MEMORY))
    cell = tf.contrib.seq2seq.AttentionWrapper(tf.nn.rnn_cell.GRUCell(5), mechanism)
    cell.zero_state(3, tf.float32)


def no_mechanism_error(tf):
    tf.contrib.seq2seq.AttentionWrapper(tf.nn.rnn_cell.GRUCell(5), "luong")


def layer_count_error(tf):
    mechanism = tf.contrib.seq2seq.LuongAttention(5, tf.constant(MEMORY))
    tf.contrib.seq2seq.AttentionWrapper(
        tf.nn.rnn_cell.GRUCell(5), [mechanism, mechanism], attention_layer_size=3
    )


def wrong_state_error(tf):
    mechanism = tf.contrib.seq2seq.LuongAttention(5, tf.constant(MEMORY))
    cell = tf.contrib.seq2seq.AttentionWrapper(tf.nn.rnn_cell.GRUCell(5), mechanism)
    cell(tf.constant(X[:, 0]), tf.zeros([2, 5]))


def memory_depth_error(tf):
    tf.contrib.seq2seq.LuongAttention(5, tf.placeholder(tf.float32, [2, 3, None]))
