"""Queues, queue runners, and input through them."""


def _run(tf, fetch, steps):
    """What a few runs give while queue runners fill the queues."""
    values = []
    with tf.Session() as session:
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        coordinator = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(session, coordinator)
        try:
            for _ in range(steps):
                values.append(session.run(fetch))
        except tf.errors.OutOfRangeError:
            values.append("end")
        coordinator.request_stop()
        coordinator.join(threads)
    return values


def fifo(tf):
    queue = tf.FIFOQueue(3, tf.float32)
    put = [queue.enqueue(value) for value in (1.0, 2.0)]
    taken, size = queue.dequeue(), queue.size()
    with tf.Session() as session:
        for op in put:
            session.run(op)
        values = [session.run(size), session.run(taken), session.run(taken), session.run(size)]
    return {"values": values, "name": queue.name, "shape": str(taken.shape)}


def several_components(tf):
    queue = tf.FIFOQueue(10, [tf.int32, tf.string], shapes=[[2], []], name="pairs")
    put = queue.enqueue_many([[[1, 2], [3, 4], [5, 6]], ["a", "b", "c"]])
    one, two = queue.dequeue(), queue.dequeue_many(2)
    with tf.Session() as session:
        session.run(put)
        values = [session.run(one), session.run(two)]
    return {
        "values": values,
        "one": [str(t.shape) for t in one],
        "two": [str(t.shape) for t in two],
    }


def named_components(tf):
    queue = tf.FIFOQueue(4, [tf.int32, tf.float32], shapes=[[], []], names=["i", "f"])
    put = queue.enqueue({"i": 3, "f": 0.5})
    taken = queue.dequeue()
    with tf.Session() as session:
        session.run(put)
        return {"values": session.run(taken)}


def closing(tf):
    queue = tf.FIFOQueue(4, tf.int32, shapes=[[]])
    put, close = queue.enqueue_many([[1, 2, 3]]), queue.close()
    rest = queue.dequeue_up_to(2)
    with tf.Session() as session:
        session.run(put)
        before = session.run(queue.is_closed())
        session.run(close)
        return {
            "values": [before, session.run(rest), session.run(rest), session.run(queue.is_closed())]
        }


def dequeue_from_closed_error(tf):
    queue = tf.FIFOQueue(4, tf.int32, shapes=[[]])
    with tf.Session() as session:
        session.run(queue.enqueue_many([[1, 2, 3]]))
        session.run(queue.close())
        return {"x": session.run(queue.dequeue_many(4))}


def enqueue_to_closed_error(tf):
    queue = tf.FIFOQueue(4, tf.int32)
    with tf.Session() as session:
        session.run(queue.close())
        return {"x": session.run(queue.enqueue(1))}


def wrong_shape_error(tf):
    queue = tf.FIFOQueue(4, tf.int32, shapes=[[2]])
    x = tf.placeholder(tf.int32)
    with tf.Session() as session:
        return {"x": session.run(queue.enqueue(x), {x: [1, 2, 3]})}


def padding(tf):
    queue = tf.PaddingFIFOQueue(5, [tf.int32, tf.string], [[None], [None, 1]])
    x, s = tf.placeholder(tf.int32, [None]), tf.placeholder(tf.string, [None, 1])
    put, many = queue.enqueue([x, s]), queue.dequeue_many(2)
    with tf.Session() as session:
        session.run(put, {x: [1, 2, 3], s: [["a"]]})
        session.run(put, {x: [4], s: [["b"], ["c"]]})
        return {"values": session.run(many), "shapes": [str(t.shape) for t in many]}


def shuffling(tf):
    tf.set_random_seed(5)
    queue = tf.RandomShuffleQueue(20, 2, tf.int32, shapes=[[]], seed=3)
    put, one, many = queue.enqueue_many([list(range(12))]), queue.dequeue(), queue.dequeue_many(6)
    with tf.Session() as session:
        session.run(put)
        values = [session.run(one), session.run(one), session.run(many)]
        session.run(queue.close())
        values.append(session.run(queue.dequeue_up_to(9)))
    return {"values": values}


def string_producer(tf):
    queue = tf.train.string_input_producer(["a", "b", "c"], num_epochs=2, shuffle=False)
    return {"values": _run(tf, queue.dequeue(), 10)}


def slice_producer(tf):
    pair = tf.train.slice_input_producer(
        [tf.constant([[1, 2], [3, 4]]), ["x", "y"]], num_epochs=1, shuffle=False
    )
    return {"values": _run(tf, pair, 5)}


def shuffled_producer(tf):
    tf.set_random_seed(1)
    queue = tf.train.range_input_producer(6, num_epochs=2, seed=4)
    return {"values": _run(tf, queue.dequeue(), 15)}


def batches(tf):
    x = tf.train.range_input_producer(7, num_epochs=1, shuffle=False).dequeue()
    both = tf.train.batch({"x": x, "y": tf.cast(x, tf.float32) * 0.5}, 3)
    return {"values": _run(tf, both, 4)}


def smaller_final_batch(tf):
    x = tf.train.range_input_producer(7, num_epochs=1, shuffle=False).dequeue()
    return {"values": _run(tf, tf.train.batch([x], 3, allow_smaller_final_batch=True), 4)}


def batches_of_rows(tf):
    x = tf.train.range_input_producer(4, num_epochs=1, shuffle=False).dequeue()
    rows = tf.stack([x, x * 10])
    return {"values": _run(tf, tf.train.batch([rows], 4, enqueue_many=True), 4)}


def padded_batches(tf):
    x = tf.train.range_input_producer(4, num_epochs=1, shuffle=False).dequeue()
    return {"values": _run(tf, tf.train.batch([tf.range(x)], 2, dynamic_pad=True), 4)}


def shuffled_batches(tf):
    x = tf.train.range_input_producer(40, num_epochs=1, shuffle=False).dequeue()
    taken = tf.train.shuffle_batch([x], 8, capacity=30, min_after_dequeue=10, seed=2)
    values = _run(tf, taken, 6)
    seen = sorted(int(v) for batch in values[:-1] for v in batch)
    return {"seen": seen, "end": values[-1]}


def kept_batches(tf):
    x = tf.train.range_input_producer(10, num_epochs=1, shuffle=False).dequeue()
    return {"values": _run(tf, tf.train.maybe_batch([x], tf.equal(x % 2, 0), 2), 4)}


def coordinator_raises_error(tf):
    coordinator = tf.train.Coordinator()
    with coordinator.stop_on_exception():
        raise KeyError("lost")
    coordinator.join()
    return {}
