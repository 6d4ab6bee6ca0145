"""tf.contrib.seq2seq: beam search."""

import numpy as np

TABLE = np.random.RandomState(1).uniform(-1.0, 1.0, (5, 4)).astype(np.float32)
MEMORY = np.random.RandomState(4).uniform(-1.0, 1.0, (2, 4, 5)).astype(np.float32)


def _init(tf):
    return tf.random_uniform_initializer(-1.5, 1.5, seed=7)


def _searched(tf, cell, state, starts=(1, 2), beams=3, steps=5, **arguments):
    decoder = tf.contrib.seq2seq.BeamSearchDecoder(
        cell,
        tf.constant(TABLE),
        tf.constant(starts),
        0,
        state,
        beams,
        output_layer=tf.layers.Dense(5, name="projection"),
        **arguments,
    )
    outputs, final, lengths = tf.contrib.seq2seq.dynamic_decode(decoder, maximum_iterations=steps)
    return {
        "ids": outputs.predicted_ids,
        "steps": outputs.beam_search_decoder_output,
        "log_probs": final.log_probs,
        "finished": final.finished,
        "beam_lengths": final.lengths,
        "lengths": lengths,
    }, final


def gru(tf):
    with tf.variable_scope("net", initializer=_init(tf)):
        cell = tf.nn.rnn_cell.GRUCell(4)
        return _searched(tf, cell, cell.zero_state(6, tf.float32))[0]


def lstm_length_penalty(tf):
    state = tf.placeholder(tf.float32, [None, 4], name="state")
    with tf.variable_scope("net", initializer=_init(tf)):
        cell = tf.nn.rnn_cell.BasicLSTMCell(4)
        tiled = tf.contrib.seq2seq.tile_batch(tf.nn.rnn_cell.LSTMStateTuple(state, state * 0.5), 3)
        results, final = _searched(tf, cell, tiled, length_penalty_weight=0.8)
    return dict(results, state=final.cell_state, feed={state: MEMORY[:, 0, :4]})


def _attending(tf, mechanism=None, history=False, multi=False, **arguments):
    memory = tf.contrib.seq2seq.tile_batch(tf.constant(MEMORY), 3)
    with tf.variable_scope("net", initializer=_init(tf)):
        make = mechanism or tf.contrib.seq2seq.BahdanauAttention
        made = [make(5, memory), make(5, memory * 2.0)] if multi else make(5, memory)
        cell = tf.contrib.seq2seq.AttentionWrapper(
            tf.nn.rnn_cell.GRUCell(5), made, alignment_history=history
        )
        state = cell.zero_state(6, tf.float32)
        results, final = _searched(tf, cell, state, **arguments)
    results["alignments"] = final.cell_state.alignments
    if history:
        results["history"] = final.cell_state.alignment_history
    return results


def attending(tf):
    return _attending(tf)


def attending_coverage(tf):
    return _attending(tf, coverage_penalty_weight=0.3, length_penalty_weight=0.5)


def attending_two_memories_coverage(tf):
    return _attending(tf, multi=True, coverage_penalty_weight=0.2)


def attending_history(tf):
    """The history of an unknown batch is put in the order of the beams."""
    memory = tf.placeholder(tf.float32, [None, None, 5], name="memory")
    starts = tf.placeholder(tf.int32, [None], name="starts")
    with tf.variable_scope("net", initializer=_init(tf)):
        tiled = tf.contrib.seq2seq.tile_batch(memory, 2, name="tiled")
        mechanism = tf.contrib.seq2seq.LuongAttention(5, tiled)
        cell = tf.contrib.seq2seq.AttentionWrapper(
            tf.nn.rnn_cell.GRUCell(5), mechanism, alignment_history=True
        )
        state = cell.zero_state(tf.size(starts) * 2, tf.float32)
        decoder = tf.contrib.seq2seq.BeamSearchDecoder(
            cell,
            lambda ids: tf.nn.embedding_lookup(tf.constant(TABLE), ids),
            starts,
            tf.constant(0),
            state,
            beam_width=2,
        )
        outputs, final, lengths = tf.contrib.seq2seq.dynamic_decode(
            decoder, maximum_iterations=4, output_time_major=True
        )
    return {
        "ids": outputs.predicted_ids,
        "history": final.cell_state.alignment_history,
        "lengths": lengths,
        "feed": {memory: MEMORY, starts: [1, 3]},
    }


def history_kept(tf):
    results = _attending(tf, history=True, reorder_tensor_arrays=False)
    results["history"] = results["history"].stack()
    return results


def tiled(tf):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    tile = tf.contrib.seq2seq.tile_batch
    parts = tile({"a": x, "b": (tf.constant([1, 2]), tf.constant([[1.0], [2.0]]))}, 3)
    return {"parts": [parts["a"], parts["b"]], "feed": {x: MEMORY[0, :2, :3]}}


def tiled_scalar_error(tf):
    tf.contrib.seq2seq.tile_batch(tf.placeholder(tf.float32), 2)


def tree(tf):
    steps = np.array([[[1, 2, 3]], [[4, 5, 6]], [[7, 8, 9]], [[-1, -1, -1]]], np.int32)
    parents = np.array([[[0, 0, 0]], [[0, 1, 1]], [[2, 1, 2]], [[-1, -1, -1]]], np.int32)
    gather = tf.contrib.seq2seq.gather_tree
    unknown = tf.placeholder(tf.int32, name="unknown")
    return {
        "trees": [gather(steps, parents, [n], end) for n, end in ((3, 10), (2, 5), (0, 5), (3, 6))],
        "shapes": [
            gather(tf.placeholder(tf.int32, [None, 2, 3]), unknown, unknown, 1).shape,
            gather(unknown, tf.placeholder(tf.int32, [5, None, None]), [1, 2], 1).shape,
        ],
    }


def tree_parents_error(tf):
    steps = tf.constant([[[1, 2]], [[3, 4]]])
    return {"tree": tf.contrib.seq2seq.gather_tree(steps, steps, [2], 0)}


def tree_shapes_error(tf):
    tf.contrib.seq2seq.gather_tree(
        tf.zeros([2, 1, 3], tf.int32), tf.zeros([2, 1, 4], tf.int32), [2], 0
    )


def state_not_tiled_error(tf):
    cell = tf.nn.rnn_cell.GRUCell(4)
    _searched(tf, cell, cell.zero_state(2, tf.float32))


def coverage_without_attention_error(tf):
    cell = tf.nn.rnn_cell.GRUCell(4)
    _searched(tf, cell, cell.zero_state(6, tf.float32), coverage_penalty_weight=0.1)


def no_layer_error(tf):
    cell = tf.nn.rnn_cell.GRUCell(4)
    tf.contrib.seq2seq.BeamSearchDecoder(
        cell, tf.constant(TABLE), [1], 0, cell.zero_state(2, tf.float32), 2, output_layer="layer"
    )
