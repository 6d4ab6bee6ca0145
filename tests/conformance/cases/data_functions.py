"""tf.data: the nodes of datasets that call functions, read files or share iterators."""

import numpy as np


def _next(dataset, name=None):
    return dataset.make_initializable_iterator().get_next(name)


def mapped(tf):
    scale = tf.constant(2.0, name="scale")
    rows = tf.data.Dataset.from_tensor_slices(np.ones((4, 2), np.float32))

    def twice(x):
        return {"sum": tf.reduce_sum(x) * scale, "row": x}

    one, several = rows.map(twice), rows.map(twice, num_parallel_calls=3)
    shapes = [str(d.output_shapes) for d in (one, several)]
    return {"shapes": shapes, "static": str(_next(several)["row"].shape)}


def filtered(tf):
    limit = tf.constant(3, tf.int64)
    few = tf.data.Dataset.range(6).filter(lambda i: i < limit)
    return {"shape": str(_next(few).shape)}


def filter_of_numbers_error(tf):
    return {"x": _next(tf.data.Dataset.range(6).filter(lambda i: i))}


def flattened(tf):
    def upto(i):
        return tf.data.Dataset.range(i)

    base = tf.data.Dataset.range(4)
    flat, mixed = base.flat_map(upto), base.interleave(upto, 2, 3)
    parallel = base.interleave(upto, cycle_length=2, num_parallel_calls=2)
    return {"types": [d.output_types.name for d in (flat, mixed, parallel)]}


def interleave_of_default_cycle(tf):
    base = tf.data.Dataset.range(4).interleave(tf.data.Dataset.range)
    return {"types": base.output_types.name}


def flat_map_of_tensors_error(tf):
    return {"x": tf.data.Dataset.range(4).flat_map(lambda i: i)}


def windows(tf):
    window = tf.data.Dataset.range(7).window(3, shift=2, stride=1, drop_remainder=True)
    flat = window.flat_map(lambda w: w.batch(3))
    return {"shapes": str(flat.output_shapes)}


def applied(tf):
    experimental = tf.data.experimental
    base = tf.data.Dataset.range(10)
    shuffled = base.apply(experimental.shuffle_and_repeat(5, 2, seed=4))
    endless = base.apply(experimental.shuffle_and_repeat(5))
    both = base.apply(experimental.map_and_batch(lambda i: i * 2, 4, drop_remainder=True))
    calls = base.apply(experimental.map_and_batch(lambda i: i * 2, 4, num_parallel_calls=3))
    batches = base.apply(experimental.map_and_batch(lambda i: i, 4, num_parallel_batches=2))
    found = (shuffled, endless, both, calls, batches)
    return {"shapes": [str(d.output_shapes) for d in found]}


def unbatched(tf):
    base = tf.data.Dataset.from_tensor_slices(np.ones((4, 2), np.float32)).batch(2)
    base.apply(tf.data.experimental.unbatch())
    iterator = tf.data.make_initializable_iterator(base.unbatch())
    return {"static": str(iterator.get_next().shape)}


def files(tf):
    names = ["a.txt", "b.txt"]
    data = tf.data
    lines = data.TextLineDataset(names)
    records = data.TFRecordDataset(data.Dataset.from_tensor_slices(names), "GZIP", 100)
    pieces = data.FixedLengthRecordDataset(names, 4, 1)
    parallel = data.TFRecordDataset("c", num_parallel_reads=2)
    return {"shapes": [str(d.output_shapes) for d in (lines, records, pieces, parallel)]}


def generated(tf):
    def numbers(stop):
        yield from range(stop)

    few = tf.data.Dataset.from_generator(numbers, tf.int32, [], (4,))
    return {"shapes": str(few.output_shapes)}


def one_shot(tf):
    iterator = tf.data.Dataset.range(3).map(lambda i: i + 1).make_one_shot_iterator()
    return {"i": iterator.get_next(), "runs": 2}


def one_shot_of_variable_error(tf):
    v = tf.Variable(1, dtype=tf.int64)
    iterator = tf.data.Dataset.range(3).map(lambda i: i + v).make_one_shot_iterator()
    return {"i": iterator.get_next()}


def shared_by_handle(tf):
    handle = tf.placeholder(tf.string, [])
    base = tf.data.Dataset.range(3)
    iterator = tf.data.Iterator.from_string_handle(handle, base.output_types, base.output_shapes)
    element = iterator.get_next()
    start = base.make_initializable_iterator()
    with tf.Session() as sess:
        sess.run(start.initializer)
        text = sess.run(start.string_handle())
        found = [sess.run(element, {handle: text}) for _ in range(3)]
    return {"found": found}


def next_in_step(tf):
    iterator = tf.data.Dataset.range(3).make_one_shot_iterator()
    (element,) = tf.raw_ops.IteratorGetNextSync(
        iterator=iterator._iterator_resource, output_types=[tf.int64], output_shapes=[[]]
    )
    return {"element": element, "runs": 3}


def reduced(tf):
    total = tf.data.Dataset.range(5).reduce(np.int64(1), lambda state, i: state + i)
    return {"total": total}


def grouped(tf):
    lengths = tf.data.Dataset.from_tensor_slices([3, 1, 5])
    texts = lengths.map(lambda n: (tf.range(n), n))
    buckets = texts.apply(
        tf.data.experimental.bucket_by_sequence_length(lambda text, n: n, [3, 6], [2, 3, 2])
    )
    windows = lengths.apply(
        tf.data.experimental.group_by_window(lambda n: tf.cast(n, tf.int64), _batched, 2)
    )
    return {"static": [str(part.shape) for part in (*_next(buckets), _next(windows))]}


def _batched(key, group):
    return group.batch(2)


def errors_ignored(tf):
    numbers = tf.data.Dataset.from_tensor_slices([1.0, 2.0, 0.0, 4.0, 5.0])
    inverse = numbers.map(lambda x: tf.check_numerics(1 / x, "zero"))
    found = inverse.apply(tf.data.experimental.ignore_errors())
    pairs = inverse.batch(2).apply(tf.data.experimental.ignore_errors())
    elements = [d.make_one_shot_iterator().get_next() for d in (found, pairs)]
    with tf.Session() as session:
        return {
            "found": [session.run(elements[0]) for _ in range(4)],
            "pairs": [session.run(elements[1]) for _ in range(2)],
        }


def the_walk_goes_on_behind_a_failure(tf):
    numbers = tf.data.Dataset.from_tensor_slices([1.0, 0.0, 4.0])
    inverse = numbers.map(lambda x: tf.check_numerics(1 / x, "zero"))
    element = inverse.make_one_shot_iterator().get_next()
    found = []
    with tf.Session() as session:
        for _ in range(4):
            try:
                found.append(session.run(element))
            except (tf.errors.InvalidArgumentError, tf.errors.OutOfRangeError) as error:
                found.append(type(error).__name__)
    return {"found": [str(each) for each in found]}


def options_of_a_dataset(tf):
    options = tf.data.Options()
    options.experimental_threading.max_intra_op_parallelism = 1
    more = tf.data.Options()
    more.experimental_slack = False
    both = options.merge(more)
    return {
        "threads": both.experimental_threading.max_intra_op_parallelism,
        "slack": both.experimental_slack,
        "equal": [options == more, options == options.merge(tf.data.Options())],
    }
