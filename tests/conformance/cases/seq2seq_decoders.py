"""tf.contrib.seq2seq: losses, decoders and helpers, with gradients."""

import numpy as np

X = np.random.RandomState(9).uniform(-1.0, 1.0, (2, 3, 4)).astype(np.float32)
LENGTHS = np.array([2, 3], np.int32)
TABLE = np.random.RandomState(1).uniform(-1.0, 1.0, (5, 4)).astype(np.float32)


def _init(tf):
    return tf.random_uniform_initializer(-0.5, 0.5, seed=7)


# with more parallel iterations the draws of the steps come in no fixed order, in TensorFlow
def _decoded(tf, helper, units=5, cell=None, layer=None, x=None, **arguments):
    with tf.variable_scope("net", initializer=_init(tf)):
        cell = cell or tf.nn.rnn_cell.GRUCell(units)
        state = cell.zero_state(helper.batch_size, tf.float32)
        decoder = tf.contrib.seq2seq.BasicDecoder(cell, helper, state, output_layer=layer)
        outputs, final, lengths = tf.contrib.seq2seq.dynamic_decode(decoder, **arguments)
    xs = list(tf.trainable_variables()) + ([] if x is None else [x])
    return {
        "outputs": outputs,
        "state": final,
        "lengths": lengths,
        "grads": tf.gradients(outputs.rnn_output, xs),
        "names": np.array([v.name.encode() for v in tf.global_variables()]),
        "feed": {} if x is None else {x: X},
    }


def loss(tf):
    logits = tf.placeholder(tf.float32, [None, None, 4], name="logits")
    targets, weights = (
        tf.constant([[1, 0, 3], [2, 2, 0]]),
        tf.constant([[1.0, 0.5, 0.0], [0.0, 1.0, 1.0]]),
    )
    results = []
    for across_time in (True, False):
        for across_batch in (True, False):
            results.append(
                tf.contrib.seq2seq.sequence_loss(
                    logits,
                    targets,
                    weights,
                    average_across_timesteps=across_time,
                    average_across_batch=across_batch,
                )
            )
    grads = [tf.gradients(r, logits) for r in results]
    return {"losses": results, "grads": grads, "feed": {logits: X}}


def loss_sums(tf):
    logits = tf.constant(X)
    targets, weights = (
        tf.constant([[1, 0, 3], [2, 2, 0]]),
        tf.constant([[1.0, 0.5, 0.0], [0.0, 1.0, 1.0]]),
    )
    results = []
    for over_time, over_batch in ((True, True), (True, False), (False, True)):
        results.append(
            tf.contrib.seq2seq.sequence_loss(
                logits,
                targets,
                weights,
                average_across_timesteps=False,
                average_across_batch=False,
                sum_over_timesteps=over_time,
                sum_over_batch=over_batch,
            )
        )
    return {"losses": results}


def loss_own_function(tf):
    def own(labels, logits):
        return tf.reduce_sum(logits, 1) * tf.cast(labels, tf.float32)

    loss = tf.contrib.seq2seq.sequence_loss(
        tf.constant(X),
        tf.ones([2, 3], tf.int32),
        tf.ones([2, 3]),
        softmax_loss_function=own,
        name="own",
    )
    return {"loss": loss}


def loss_rank_error(tf):
    tf.contrib.seq2seq.sequence_loss(tf.zeros([2, 3]), tf.ones([2, 3], tf.int32), tf.ones([2, 3]))


def loss_both_error(tf):
    tf.contrib.seq2seq.sequence_loss(
        tf.zeros([2, 3, 4]), tf.ones([2, 3], tf.int32), tf.ones([2, 3]), sum_over_batch=True
    )


def training(tf):
    x = tf.placeholder(tf.float32, [2, None, 4], name="x")
    return _decoded(tf, tf.contrib.seq2seq.TrainingHelper(x, LENGTHS), x=x)


def training_time_major_layer(tf):
    x = tf.placeholder(tf.float32, [None, None, 4], name="x")
    helper = tf.contrib.seq2seq.TrainingHelper(x, tf.constant([2, 0, 1]), time_major=True)
    layer = tf.layers.Dense(6, name="projection")
    cell = tf.nn.rnn_cell.BasicLSTMCell(5)
    return _decoded(
        tf, helper, cell=cell, layer=layer, x=x, output_time_major=True, impute_finished=True
    )


def training_maximum(tf):
    x = tf.placeholder(tf.float32, [2, None, 4], name="x")
    helper = tf.contrib.seq2seq.TrainingHelper(x, LENGTHS)
    return _decoded(tf, helper, x=x, maximum_iterations=2, swap_memory=True, scope="own")


def training_lengths_error(tf):
    tf.contrib.seq2seq.TrainingHelper(tf.zeros([2, 3, 4]), tf.constant(3))


def greedy(tf):
    helper = tf.contrib.seq2seq.GreedyEmbeddingHelper(tf.constant(TABLE), tf.constant([1, 3, 2]), 0)
    return _decoded(tf, helper, maximum_iterations=tf.constant(4))


def greedy_function(tf):
    helper = tf.contrib.seq2seq.GreedyEmbeddingHelper(lambda ids: tf.one_hot(ids, 4), [1, 3], 2)
    return _decoded(tf, helper, units=4, maximum_iterations=5, impute_finished=True)


def greedy_tokens_error(tf):
    tf.contrib.seq2seq.GreedyEmbeddingHelper(tf.constant(TABLE), 1, 0)


def sample(tf):
    helper = tf.contrib.seq2seq.SampleEmbeddingHelper(
        tf.constant(TABLE), tf.constant([1, 3]), 0, seed=5
    )
    return _decoded(tf, helper, maximum_iterations=4)


def sample_temperature(tf):
    tf.set_random_seed(3)
    helper = tf.contrib.seq2seq.SampleEmbeddingHelper(
        tf.constant(TABLE), tf.constant([1, 3]), 0, softmax_temperature=0.5
    )
    return _decoded(tf, helper, maximum_iterations=4)


def scheduled_embedding(tf):
    x = tf.placeholder(tf.float32, [2, None, 4], name="x")
    helper = tf.contrib.seq2seq.ScheduledEmbeddingTrainingHelper(
        x, LENGTHS, tf.constant(TABLE), 0.6, seed=2, scheduling_seed=4
    )
    return _decoded(tf, helper, x=x, parallel_iterations=1)


def scheduled_embedding_probability_error(tf):
    tf.contrib.seq2seq.ScheduledEmbeddingTrainingHelper(
        tf.zeros([2, 3, 4]), LENGTHS, tf.constant(TABLE), tf.zeros([2, 2])
    )


def scheduled_output(tf):
    x = tf.placeholder(tf.float32, [2, None, 4], name="x")
    helper = tf.contrib.seq2seq.ScheduledOutputTrainingHelper(x, LENGTHS, 0.5, seed=3)
    return _decoded(tf, helper, units=4, x=x, parallel_iterations=1)


def scheduled_output_auxiliary(tf):
    x = tf.placeholder(tf.float32, [2, None, 4], name="x")
    helper = tf.contrib.seq2seq.ScheduledOutputTrainingHelper(
        x,
        LENGTHS,
        0.5,
        seed=3,
        next_inputs_fn=lambda outputs: outputs * 2.0,
        auxiliary_inputs=tf.constant(X[:, :, :2]),
    )
    return _decoded(tf, helper, units=4, x=x, parallel_iterations=1)


def custom(tf):
    x = tf.constant(X[:, 0])
    helper = tf.contrib.seq2seq.CustomHelper(
        initialize_fn=lambda: (tf.zeros([2], tf.bool), x),
        sample_fn=lambda time, outputs, state: tf.argmax(outputs, 1, output_type=tf.int32) + time,
        next_inputs_fn=lambda time, outputs, state, sample_ids: (
            tf.fill([2], time >= 2),
            outputs[:, :4],
            state,
        ),
    )
    with tf.variable_scope("net", initializer=_init(tf)):
        cell = tf.nn.rnn_cell.GRUCell(5)
        state = cell.zero_state(2, tf.float32)
        decoder = tf.contrib.seq2seq.BasicDecoder(cell, helper, state)
        outputs, final, lengths = tf.contrib.seq2seq.dynamic_decode(decoder)
    return {"outputs": outputs, "final": final, "lengths": lengths}


def inference(tf):
    helper = tf.contrib.seq2seq.InferenceHelper(
        sample_fn=tf.sigmoid,
        sample_shape=[4],
        sample_dtype=tf.float32,
        start_inputs=tf.constant(X[:, 0]),
        end_fn=lambda ids: tf.reduce_sum(ids, 1) > 100.0,
        next_inputs_fn=lambda ids: ids * 0.5,
    )
    return _decoded(tf, helper, units=4, maximum_iterations=3)


def no_decoder_error(tf):
    tf.contrib.seq2seq.dynamic_decode("decoder")


def no_helper_error(tf):
    cell = tf.nn.rnn_cell.GRUCell(5)
    tf.contrib.seq2seq.BasicDecoder(cell, "helper", cell.zero_state(2, tf.float32))


def maximum_error(tf):
    helper = tf.contrib.seq2seq.TrainingHelper(tf.constant(X), LENGTHS)
    _decoded(tf, helper, maximum_iterations=[2, 3])
