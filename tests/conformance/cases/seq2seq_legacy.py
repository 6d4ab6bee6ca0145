"""tf.contrib.legacy_seq2seq: encoders and decoders over lists of steps, with gradients."""

import numpy as np

X = np.random.RandomState(9).uniform(-1.0, 1.0, (3, 2, 4)).astype(np.float32)
SYMBOLS = np.random.RandomState(2).randint(0, 5, (3, 2)).astype(np.int32)


def _init(tf):
    return tf.random_uniform_initializer(-0.5, 0.5, seed=7)


def _out(tf, outputs, state, **more):
    loss = tf.add_n([tf.reduce_sum(tf.square(o)) for o in outputs])
    return dict(
        outputs=outputs,
        state=state,
        grads=tf.gradients(loss, tf.trainable_variables()),
        names=np.array([v.name.encode() for v in tf.global_variables()]),
        **more,
    )


def _steps(tf):
    return [tf.constant(x) for x in X]


def _symbols(tf):
    x = tf.placeholder(tf.int32, [3, None], name="symbols")
    return tf.unstack(x), {x: SYMBOLS}


def decoder(tf):
    with tf.variable_scope("net", initializer=_init(tf)):
        cell = tf.nn.rnn_cell.BasicLSTMCell(4)
        outputs, state = tf.contrib.legacy_seq2seq.rnn_decoder(
            _steps(tf), cell.zero_state(2, tf.float32), cell
        )
    return _out(tf, outputs, state)


def decoder_loop(tf):
    """As char-RNN programs sample: each input made from the output before."""

    def loop(prev, i):
        w = tf.get_variable("softmax_w", [4, 5])
        prev = tf.matmul(prev, w) + i
        symbol = tf.stop_gradient(tf.argmax(prev, 1))
        return tf.nn.embedding_lookup(tf.constant(X.reshape([-1, 4])), symbol)

    with tf.variable_scope("net", initializer=_init(tf)):
        with tf.variable_scope("rnn/loop_function"):
            tf.get_variable("softmax_w", [4, 5])
        cell = tf.nn.rnn_cell.GRUCell(4)
        state = cell.zero_state(2, tf.float32)
        outputs, state = tf.contrib.legacy_seq2seq.rnn_decoder(
            _steps(tf), state, cell, loop_function=loop, scope="rnn"
        )
    return _out(tf, outputs, state)


def basic(tf):
    with tf.variable_scope("net", initializer=_init(tf)):
        outputs, state = tf.contrib.legacy_seq2seq.basic_rnn_seq2seq(
            _steps(tf), _steps(tf)[:2], tf.nn.rnn_cell.BasicLSTMCell(3)
        )
    return _out(tf, outputs, state)


def basic_stacked(tf):
    with tf.variable_scope("net", initializer=_init(tf)):
        cells = [tf.nn.rnn_cell.GRUCell(3), tf.nn.rnn_cell.BasicRNNCell(2)]
        cell = tf.nn.rnn_cell.MultiRNNCell(cells)
        outputs, state = tf.contrib.legacy_seq2seq.basic_rnn_seq2seq(
            _steps(tf), _steps(tf)[:2], cell
        )
    return _out(tf, outputs, state)


def tied(tf):
    with tf.variable_scope("net", initializer=_init(tf)):
        outputs, state = tf.contrib.legacy_seq2seq.tied_rnn_seq2seq(
            _steps(tf), _steps(tf)[:2], tf.nn.rnn_cell.GRUCell(3)
        )
    return _out(tf, outputs, state)


def tied_loop(tf):
    with tf.variable_scope("net", initializer=_init(tf)):
        outputs, state = tf.contrib.legacy_seq2seq.tied_rnn_seq2seq(
            _steps(tf),
            _steps(tf)[:2],
            tf.nn.rnn_cell.GRUCell(4),
            loop_function=lambda prev, i: prev * i,
        )
    return _out(tf, outputs, state)


def embedding_decoder_projected(tf):
    symbols, feed = _symbols(tf)
    with tf.variable_scope("net", initializer=_init(tf)):
        cell = tf.nn.rnn_cell.GRUCell(3)
        projection = (tf.get_variable("w", [3, 5]), tf.get_variable("b", [5]))
        outputs, state = tf.contrib.legacy_seq2seq.embedding_rnn_decoder(
            symbols,
            cell.zero_state(2, tf.float32),
            cell,
            num_symbols=5,
            embedding_size=2,
            output_projection=projection,
            feed_previous=True,
            update_embedding_for_previous=False,
        )
    return _out(tf, outputs, state, feed=feed)


def embedding_decoder_wrong_projection_error(tf):
    cell = tf.nn.rnn_cell.GRUCell(3)
    tf.contrib.legacy_seq2seq.embedding_rnn_decoder(
        [tf.zeros([2], tf.int32)],
        cell.zero_state(2, tf.float32),
        cell,
        num_symbols=5,
        embedding_size=2,
        output_projection=(tf.zeros([3, 4]), tf.zeros([4])),
    )


def _embedding(tf, feed_previous=False, feeds=None, **arguments):
    symbols, feed = _symbols(tf)
    with tf.variable_scope("net", initializer=_init(tf)):
        outputs, state = tf.contrib.legacy_seq2seq.embedding_rnn_seq2seq(
            symbols,
            symbols[:2],
            tf.nn.rnn_cell.BasicLSTMCell(3),
            num_encoder_symbols=5,
            num_decoder_symbols=6,
            embedding_size=2,
            feed_previous=feed_previous,
            **arguments,
        )
    feed.update(feeds or {})
    return _out(tf, outputs, state, feed=feed)


def embedding(tf):
    return _embedding(tf)


def embedding_feed_previous(tf):
    return _embedding(tf, feed_previous=True, dtype=tf.float32, scope="own")


def embedding_feed_tensor(tf):
    previous = tf.placeholder(tf.bool, [], name="previous")
    return _embedding(tf, previous, {previous: True})


def embedding_feed_tensor_false(tf):
    previous = tf.placeholder(tf.bool, [], name="previous")
    return _embedding(tf, previous, {previous: False})


def _embedding_tied(tf, feed_previous=False, feeds=None, **arguments):
    symbols, feed = _symbols(tf)
    with tf.variable_scope("net", initializer=_init(tf)):
        outputs, state = tf.contrib.legacy_seq2seq.embedding_tied_rnn_seq2seq(
            symbols,
            symbols[:2],
            tf.nn.rnn_cell.BasicLSTMCell(3),
            num_symbols=5,
            embedding_size=2,
            feed_previous=feed_previous,
            **arguments,
        )
    feed.update(feeds or {})
    return _out(tf, outputs, state, feed=feed)


def embedding_tied(tf):
    return _embedding_tied(tf)


def embedding_tied_symbols(tf):
    return _embedding_tied(tf, num_decoder_symbols=4)


def embedding_tied_feed_previous(tf):
    return _embedding_tied(tf, feed_previous=True)


def embedding_tied_feed_tensor(tf):
    previous = tf.placeholder(tf.bool, [], name="previous")
    return _embedding_tied(tf, previous, {previous: True})


def _attention(tf, cell, length=2, **arguments):
    states = tf.placeholder(tf.float32, [2, length, 4], name="states")
    with tf.variable_scope("net", initializer=_init(tf)):
        outputs, state = tf.contrib.legacy_seq2seq.attention_decoder(
            _steps(tf), cell.zero_state(2, tf.float32), states, cell, **arguments
        )
    return _out(tf, outputs, state, feed={states: X[:2].transpose(1, 0, 2)})


def attention(tf):
    return _attention(tf, tf.nn.rnn_cell.GRUCell(3))


def attention_heads(tf):
    cell = tf.nn.rnn_cell.BasicLSTMCell(4)
    return _attention(
        tf,
        cell,
        length=None,
        num_heads=2,
        output_size=4,
        loop_function=lambda prev, i: prev + i,
        initial_state_attention=True,
    )


def attention_no_inputs_error(tf):
    cell = tf.nn.rnn_cell.GRUCell(3)
    state = cell.zero_state(2, tf.float32)
    tf.contrib.legacy_seq2seq.attention_decoder([], state, tf.zeros([2, 3, 4]), cell)


def attention_no_heads_error(tf):
    cell = tf.nn.rnn_cell.GRUCell(3)
    state = cell.zero_state(2, tf.float32)
    tf.contrib.legacy_seq2seq.attention_decoder(
        [tf.zeros([2, 4])], state, tf.zeros([2, 3, 4]), cell, num_heads=0
    )


def _embedding_attention(tf, feed_previous=False, feeds=None, cell=None, **arguments):
    symbols, feed = _symbols(tf)
    with tf.variable_scope("net", initializer=_init(tf)):
        outputs, state = tf.contrib.legacy_seq2seq.embedding_attention_seq2seq(
            symbols,
            symbols[:2],
            cell or tf.nn.rnn_cell.GRUCell(3),
            num_encoder_symbols=5,
            num_decoder_symbols=6,
            embedding_size=2,
            feed_previous=feed_previous,
            **arguments,
        )
    feed.update(feeds or {})
    return _out(tf, outputs, state, feed=feed)


def embedding_attention(tf):
    return _embedding_attention(tf, num_heads=2)


def embedding_attention_lstm_projected(tf):
    projection = (tf.constant(X[:1, :, :1].reshape([2, 1]).repeat(6, 1)), tf.zeros([6]))
    return _embedding_attention(
        tf, cell=tf.nn.rnn_cell.BasicLSTMCell(2), output_projection=projection, feed_previous=True
    )


def embedding_attention_feed_tensor(tf):
    previous = tf.placeholder(tf.bool, [], name="previous")
    return _embedding_attention(tf, previous, {previous: True}, initial_state_attention=True)


def _one_to_many(tf, feed_previous=False, feeds=None):
    symbols, feed = _symbols(tf)
    with tf.variable_scope("net", initializer=_init(tf)):
        outputs, states = tf.contrib.legacy_seq2seq.one2many_rnn_seq2seq(
            symbols,
            {"a": symbols[:2]},
            tf.nn.rnn_cell.GRUCell(3),
            {"a": tf.nn.rnn_cell.GRUCell(3)},
            num_encoder_symbols=5,
            num_decoder_symbols_dict={"a": 6},
            embedding_size=2,
            feed_previous=feed_previous,
        )
    feed.update(feeds or {})
    return _out(tf, outputs["a"], states["a"], feed=feed)


def one_to_many(tf):
    return _one_to_many(tf)


def one_to_many_feed_tensor(tf):
    previous = tf.placeholder(tf.bool, [], name="previous")
    return _one_to_many(tf, previous, {previous: True})


def one_to_many_no_cell_error(tf):
    tf.contrib.legacy_seq2seq.one2many_rnn_seq2seq([], {}, "cell", {}, 5, {}, 2)


def one_to_many_keys_error(tf):
    cell = tf.nn.rnn_cell.GRUCell(3)
    tf.contrib.legacy_seq2seq.one2many_rnn_seq2seq([], {"a": []}, cell, {"b": cell}, 5, {}, 2)


def _loss_inputs(tf):
    logits = tf.placeholder(tf.float32, [3, None, 4], name="logits")
    targets = [tf.constant(s % 4) for s in SYMBOLS]
    weights = [tf.constant([1.0, 0.5]), tf.constant([0.0, 1.0]), tf.constant([0.25, 0.0])]
    return logits, tf.unstack(logits), targets, weights


def losses(tf):
    x, logits, targets, weights = _loss_inputs(tf)
    by_example = tf.contrib.legacy_seq2seq.sequence_loss_by_example
    loss = tf.contrib.legacy_seq2seq.sequence_loss
    results = [
        by_example(logits, targets, weights),
        by_example(logits, targets, weights, average_across_timesteps=False, name="sums"),
        loss(logits, targets, weights),
        loss(logits, targets, weights, average_across_batch=False, average_across_timesteps=False),
    ]
    return {"losses": results, "grads": [tf.gradients(r, x) for r in results], "feed": {x: X}}


def losses_own_function(tf):
    x, logits, targets, weights = _loss_inputs(tf)

    def own(labels, logits):
        return tf.reduce_sum(logits, 1) * tf.cast(labels, tf.float32)

    loss = tf.contrib.legacy_seq2seq.sequence_loss(
        logits, targets, weights, softmax_loss_function=own
    )
    return {"loss": loss, "feed": {x: X}}


def losses_lengths_error(tf):
    logits = [tf.zeros([2, 3])]
    tf.contrib.legacy_seq2seq.sequence_loss_by_example(logits, [], [tf.ones([2])])


def _buckets(tf, **arguments):
    symbols, feed = _symbols(tf)
    weights = [tf.ones_like(s, dtype=tf.float32) for s in symbols]

    def model(encoder_inputs, decoder_inputs):
        return tf.contrib.legacy_seq2seq.embedding_rnn_seq2seq(
            encoder_inputs, decoder_inputs, tf.nn.rnn_cell.GRUCell(3), 5, 5, embedding_size=2
        )

    with tf.variable_scope("net", initializer=_init(tf)):
        outputs, losses = tf.contrib.legacy_seq2seq.model_with_buckets(
            symbols, symbols, symbols, weights, [(1, 2), (2, 3)], model, **arguments
        )
    grads = [tf.gradients(loss, tf.trainable_variables()) for loss in losses]
    return {"outputs": outputs, "losses": losses, "grads": grads, "feed": feed}


def buckets(tf):
    return _buckets(tf)


def buckets_per_example(tf):
    return _buckets(tf, per_example_loss=True, name="own")


def buckets_too_long_error(tf):
    tf.contrib.legacy_seq2seq.model_with_buckets([], [], [], [], [(1, 2)], None)
