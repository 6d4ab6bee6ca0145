"""Batches of sparse tensors through queues."""


def _taken(tf, batch, runs, feeds=None):
    """A few batches, one after another, as lists."""
    found = []
    with tf.Session() as session:
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        coordinator = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(session, coordinator)
        for _ in range(runs):
            values = session.run(batch, feeds)
            found.append([list(v) if hasattr(v, "indices") else v for v in values])
        coordinator.request_stop()
        coordinator.join(threads, stop_grace_period_secs=5)
    return found


def _examples(tf, count=6):
    """One example after another: a number, and a sparse vector that grows with it."""
    i = tf.cast(tf.train.range_input_producer(count, shuffle=False).dequeue(), tf.int64)
    places = tf.range(i)
    words = tf.as_string(places * 10)
    return i, tf.SparseTensor(tf.expand_dims(places, 1), words, tf.expand_dims(i + 2, 0))


def dense_beside_sparse(tf):
    i, sparse = _examples(tf)
    number, batch = tf.train.batch([i, sparse], 3, capacity=8)
    full = tf.sparse_tensor_to_dense(batch, default_value="-")
    return {
        "batches": _taken(tf, [number, batch, full], 2),
        "shape": str(batch.get_shape()),
        "indices": str(batch.indices.shape),
    }


def alone(tf):
    _, sparse = _examples(tf)
    batch = tf.train.batch([sparse], 2)
    return {"batches": _taken(tf, [batch], 2)}


def alone_by_name(tf):
    _, sparse = _examples(tf)
    batch = tf.train.batch({"s": sparse}, 2, name="named")["s"]
    return {"batches": _taken(tf, [batch], 2)}


def several_by_name(tf):
    i, sparse = _examples(tf)
    length = tf.SparseTensor([[0]], tf.expand_dims(i, 0), [1])
    given = {"b": sparse, "a": i, "c": length}
    made = tf.train.batch(given, 2, dynamic_pad=True, allow_smaller_final_batch=True)
    return {"batches": _taken(tf, [made[key] for key in "abc"], 2)}


def many_at_once(tf):
    rows = tf.SparseTensor([[0, 1], [2, 0], [2, 3]], [1.0, 2.0, 3.0], [3, 5])
    numbers = tf.constant([7, 8, 9])
    batch = tf.train.batch([numbers, rows], 2, enqueue_many=True, capacity=3)
    return {"batches": _taken(tf, batch, 1), "shape": str(batch[1].get_shape())}


def chosen(tf):
    i, sparse = _examples(tf)
    odd = tf.equal(i % 2, 1)
    batch = tf.train.maybe_batch([i, sparse], odd, 2)
    return {"batches": _taken(tf, batch, 2)}


def chosen_rows(tf):
    rows = tf.SparseTensor([[0, 1], [1, 4], [2, 0], [2, 3]], [1.0, 4.0, 2.0, 3.0], [3, 5])
    keep = tf.constant([True, False, True])
    batch = tf.train.maybe_batch(
        [tf.constant([7, 8, 9]), rows], keep, 2, enqueue_many=True, capacity=3
    )
    return {"names": [t.op.name for t in [batch[0], batch[1].indices]]}


def chosen_many(tf):
    rows = tf.SparseTensor([[0, 1], [2, 0]], [1.0, 2.0], [3, 5])
    keep = tf.placeholder_with_default(True, [])
    batch = tf.train.maybe_batch([tf.constant([7, 8, 9]), rows], keep, 3, enqueue_many=True)
    return {"batches": _taken(tf, batch, 1)}


def joined(tf):
    lists = []
    for value in (1.0, 1.0):
        sparse = tf.SparseTensor([[0, 1]], [value], [2, 2])
        lists.append([tf.constant(5), sparse])
    batch = tf.train.batch_join(lists, 2)
    return {"batches": _taken(tf, batch, 1), "shape": str(batch[1].get_shape())}


def joined_otherwise_error(tf):
    sparse = tf.SparseTensor([[0]], [1.0], [2])
    return {"x": tf.train.batch_join([[sparse], [tf.constant([1.0])]], 2)}


def shuffled(tf):
    _, sparse = _examples(tf)
    batch = tf.train.shuffle_batch([sparse], 2, 10, 4, seed=3)
    joint = tf.train.shuffle_batch_join([[sparse], [sparse]], 2, 10, 4, seed=3)
    return {"names": [t.op.name for t in [batch.values, joint.dense_shape]]}


def by_length(tf):
    i, sparse = _examples(tf)
    length = tf.cast(i, tf.int32) + 1
    number, (other, batch) = tf.contrib.training.bucket_by_sequence_length(
        length, [i, sparse], 2, [4], dynamic_pad=True
    )
    return {"names": [number.op.name, other.op.name, batch.values.op.name]}


def kept_and_taken(tf):
    raw = tf.raw_ops
    one = raw.AddSparseToTensorsMap(
        sparse_indices=[[0, 1], [2, 3]], sparse_values=[1.0, 2.0], sparse_shape=[4, 5]
    )
    two = raw.AddSparseToTensorsMap(
        sparse_indices=[[1, 6]], sparse_values=[9.0], sparse_shape=[2, 7], shared_name=one.op.name
    )
    handles = tf.placeholder(tf.int64, [None])
    taken = raw.TakeManySparseFromTensorsMap(
        sparse_handles=handles, dtype=tf.float32, shared_name=one.op.name
    )
    with tf.Session() as session:
        first = session.run(one)
        second = session.run(two)
        values = session.run(taken, {handles: [second, first]})
        missing = _refused(tf, session, taken, {handles: [first]})
        none = _refused(tf, session, taken, {handles: []})
    return {"values": list(values), "missing": missing, "none": none, "numbers": [first, second]}


def _refused(tf, session, fetch, feed):
    try:
        session.run(fetch, feed)
    except tf.errors.InvalidArgumentError as error:
        return type(error).__name__
    return "nothing"


def rows_out_of_order(tf):
    add = tf.raw_ops.AddManySparseToTensorsMap
    indices = tf.placeholder(tf.int64, [None, None])
    shape = tf.placeholder(tf.int64, [None])
    made = add(sparse_indices=indices, sparse_values=[1.0, 2.0], sparse_shape=shape)
    with tf.Session() as session:
        good = session.run(made, {indices: [[1, 0], [3, 1]], shape: [4, 2]})
        said = []
        for places, sizes in (
            ([[2, 0], [1, 1]], [4, 2]),
            ([[2, 0], [4, 1]], [4, 2]),
            ([[0], [1]], [2]),
        ):
            try:
                session.run(made, {indices: places, shape: sizes})
            except tf.errors.InvalidArgumentError:
                said.append("refused")
    return {"numbers": good, "said": said}
