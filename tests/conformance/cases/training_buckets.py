"""tf.contrib.training.bucket: examples of a kind batched together through queues."""


def _first_batches(tf, made, count):
    """What the first runs give, with the queues filled by threads."""
    with tf.Session() as session:
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        coordinator = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(session, coordinator)
        batches = [session.run(made) for _ in range(count)]
        coordinator.request_stop()
        coordinator.join(threads)
    return batches


def by_number(tf):
    numbers = tf.train.range_input_producer(6, shuffle=False, num_epochs=4).dequeue()
    which, batch = tf.contrib.training.bucket(
        [numbers, tf.stack([numbers, -numbers])], numbers % 2, 2, 2, capacity=8
    )
    # all twelve: which bucket a batch comes from first is left to the threads
    found = _first_batches(tf, {"which": which, "batch": batch}, 12)
    even = [b["batch"][0] for b in found if b["which"] == 0]
    odd = [b["batch"][0] for b in found if b["which"] == 1]
    return {"which": which, "batch": batch, "even": even[:2], "odd": odd[:2], "runs": 0}


def by_length(tf):
    number = tf.train.range_input_producer(5, shuffle=False).dequeue() + 1
    length, batch = tf.contrib.training.bucket_by_sequence_length(
        number,
        {"a": tf.range(number), "b": number * 2},
        [2, 3],
        [4],
        dynamic_pad=True,
        allow_smaller_final_batch=True,
    )
    return {"length": length, "a": batch["a"], "b": batch["b"], "runs": 0}


def of_lengths_that_do_not_increase_error(tf):
    return tf.contrib.training.bucket_by_sequence_length(3, [tf.zeros([3])], 2, [4, 4])


def of_too_few_capacities_error(tf):
    bucket = tf.contrib.training.bucket
    return bucket([tf.zeros([3])], 0, 2, 2, bucket_capacities=[3])
