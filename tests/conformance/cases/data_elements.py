"""tf.data: which elements come, in which order. Each dataset is built in a graph of its own."""

import gzip
import os
import shutil
import tempfile

import numpy as np


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(value[key]) for key in value}
    if isinstance(value, (tuple, list)):
        return [_plain(part) for part in value]
    return np.asarray(value) if not isinstance(value, bytes) else value


def _walk(tf, build, initialized=1, limit=60):
    """All elements; with an iterator started `initialized` times, or for 0 a one-shot one."""
    with tf.Graph().as_default():
        tf.set_random_seed(11)
        dataset = build()
        if initialized:
            iterator = dataset.make_initializable_iterator()
        else:
            iterator = dataset.make_one_shot_iterator()
        element = iterator.get_next()
        found = []
        with tf.Session() as session:
            for _ in range(initialized or 1):
                if initialized:
                    session.run(iterator.initializer)
                try:
                    while len(found) < limit:
                        found.append(_plain(session.run(element)))
                except tf.errors.OutOfRangeError:
                    found.append("end")
        return found


def shuffles(tf):
    numbers = tf.data.Dataset.range
    builds = {
        "plain": lambda: numbers(10).shuffle(4, seed=5),
        "repeated": lambda: numbers(10).shuffle(4, seed=5).repeat(2),
        "after": lambda: numbers(10).repeat(2).shuffle(4, seed=5),
        "fixed": lambda: numbers(6).shuffle(4, 5, reshuffle_each_iteration=False).repeat(2),
        "apart": lambda: numbers(10).shuffle(4, seed=5).batch(3).repeat(2),
        "graph_seed": lambda: numbers(10).shuffle(100).repeat(3),
        "twice": lambda: numbers(8).shuffle(8).shuffle(3, seed=1),
        "endless": lambda: numbers(5).shuffle(3, seed=2).repeat().batch(2).take(9),
    }
    result = {name: _walk(tf, build, 2) for name, build in builds.items()}
    result["one_shot"] = _walk(tf, builds["repeated"], 0)
    return result


def functions(tf):
    x = np.arange(6, dtype=np.float32).reshape(3, 2)

    def maps():
        factor = tf.constant(3.0)
        pairs = tf.data.Dataset.from_tensor_slices((x, ["a", "b", "c"]))
        named = pairs.map(lambda row, word: {"row": row * factor, "word": word + "!"})
        return named.map(lambda e: (e["word"], tf.reduce_sum(e["row"]), [1, 2]), 2)

    def filters():
        return tf.data.Dataset.range(10).filter(lambda i: tf.equal(i % 3, 1)).map(lambda i: i * i)

    def flat():
        return tf.data.Dataset.range(4).flat_map(lambda i: tf.data.Dataset.range(i, 2 * i))

    def interleaved():
        return tf.data.Dataset.range(1, 6).interleave(
            lambda i: tf.data.Dataset.from_tensors(i).repeat(i), cycle_length=2, block_length=2
        )

    def looped():
        def countdown(i):
            return tf.while_loop(lambda n, s: n > 0, lambda n, s: (n - 1, s + n), [i, i * 0])[1]

        return tf.data.Dataset.range(5).map(countdown)

    def python():
        return tf.data.Dataset.range(3).map(lambda i: tf.py_func(lambda n: n * 10, [i], tf.int64))

    def conditional():
        return tf.data.Dataset.range(4).map(lambda i: tf.cond(i > 1, lambda: i, lambda: -i))

    builds = [maps, filters, flat, interleaved, looped, python, conditional]
    result = {build.__name__: _walk(tf, build) for build in builds}
    result["one_shot"] = _walk(tf, maps, 0)
    return result


def batches(tf):
    def padded():
        return tf.data.Dataset.range(1, 6).map(lambda i: tf.fill([i], i)).padded_batch(2, [None])

    def padded_words():
        words = tf.data.Dataset.from_tensor_slices(["a b", "c d e", "f"])
        return words.map(lambda w: (tf.string_split([w]).values, w)).padded_batch(
            2, ([4], []), ("-", "")
        )

    def remainder():
        return tf.data.Dataset.range(5).batch(2, drop_remainder=True)

    def strings():
        return tf.data.Dataset.from_tensor_slices(["a", "b", "c"]).batch(2)

    def zipped():
        numbers = tf.data.Dataset.range(5)
        return tf.data.Dataset.zip({"a": numbers, "b": (numbers.skip(1), numbers.take(2))})

    def cached():
        return tf.data.Dataset.range(3).cache().repeat(2).concatenate(tf.data.Dataset.range(1))

    builds = [padded, padded_words, remainder, strings, zipped, cached]
    return {build.__name__: _walk(tf, build) for build in builds}


def unequal_shapes_error(tf):
    numbers = tf.data.Dataset.range
    return {"x": _walk(tf, lambda: numbers(1, 4).map(lambda i: tf.fill([i], i)).batch(2))}


def failing_function_error(tf):
    def checked(i):
        return tf.check_numerics(tf.log(tf.to_float(i)), "not a number")

    return {"x": _walk(tf, lambda: tf.data.Dataset.range(1).map(checked))}


def generators(tf):
    def plain():
        return tf.data.Dataset.from_generator(lambda: iter([1, 2, 3]), tf.int32, [])

    def nested():
        def yields():
            for i in range(3):
                yield {"i": i, "pair": ([i] * i, "n%d" % i)}

        types = {"i": tf.int64, "pair": (tf.float32, tf.string)}
        shapes = {"i": [], "pair": ([None], [])}
        return tf.data.Dataset.from_generator(yields, types, shapes).repeat(2)

    def with_arguments():
        return tf.data.Dataset.from_generator(
            lambda stop: iter(range(stop)), tf.int64, args=(tf.constant(4),)
        ).batch(3)

    return {build.__name__: _walk(tf, build) for build in (plain, nested, with_arguments)}


def generator_shape_error(tf):
    generated = tf.data.Dataset.from_generator
    return {"x": _walk(tf, lambda: generated(lambda: iter([[1, 2]]), tf.int32, [3]), 0)}


def generator_type_error(tf):
    generated = tf.data.Dataset.from_generator
    return {"x": _walk(tf, lambda: generated(lambda: iter(["text"]), tf.int32), 0)}


def files(tf):
    folder = tempfile.mkdtemp()
    lines, packed, records = (os.path.join(folder, name) for name in ("a.txt", "b.gz", "c.rec"))
    try:
        with open(lines, "wb") as file:
            file.write(b"first\r\nsecond\n\nlast")
        with gzip.open(packed, "wb") as file:
            file.write(b"one\ntwo\n")
        with tf.python_io.TFRecordWriter(records) as writer:
            for record in (b"r1", b"", b"r3"):
                writer.write(record)
        return {
            "text": _walk(tf, lambda: tf.data.TextLineDataset([lines, lines]).skip(1)),
            "gzip": _walk(tf, lambda: tf.data.TextLineDataset(packed, "GZIP"), 0),
            "records": _walk(tf, lambda: tf.data.TFRecordDataset(records).repeat(2)),
            "fixed": _walk(tf, lambda: tf.data.FixedLengthRecordDataset(lines, 4, 4, 3)),
        }
    finally:
        shutil.rmtree(folder)


def missing_file_error(tf):
    return {"x": _walk(tf, lambda: tf.data.TextLineDataset("/no/such/file"))}


def switching(tf):
    with tf.Graph().as_default():
        train, test = tf.data.Dataset.range(2), tf.data.Dataset.range(10, 12)
        shared = tf.data.Iterator.from_structure(train.output_types, train.output_shapes)
        starts = [shared.make_initializer(train), shared.make_initializer(test)]
        value = shared.get_next()
        handle = tf.placeholder(tf.string, [])
        fed = tf.data.Iterator.from_string_handle(handle, train.output_types, []).get_next()
        first = train.make_one_shot_iterator()
        found = []
        with tf.Session() as session:
            for start in starts:
                session.run(start)
                found += [int(session.run(value)) for _ in range(2)]
            name = session.run(first.string_handle())
            found += [int(session.run(fed, {handle: name})) for _ in range(2)]
            session.run(starts[0])
            name = session.run(shared.string_handle())
            found.append(int(session.run(fed, {handle: name})))
    return {"found": found}


def not_started_error(tf):
    value = tf.data.Dataset.range(2).make_initializable_iterator().get_next()
    return {"value": value}


def ended_error(tf):
    value = tf.data.Dataset.range(2).make_initializable_iterator()
    element = value.get_next()
    with tf.Session() as session:
        session.run(value.initializer)
        return {"elements": [session.run(element) for _ in range(3)]}


def functions_applied(tf):
    experimental = tf.data.experimental
    base = tf.data.Dataset.range
    builds = {
        "shuffled": lambda: base(6).apply(experimental.shuffle_and_repeat(4, 2, seed=3)),
        "mapped": lambda: base(7).apply(experimental.map_and_batch(lambda i: i * 2, 3)),
        "full": lambda: base(7).apply(
            experimental.map_and_batch(lambda i: i * 2, 3, drop_remainder=True)
        ),
        "interleaved": lambda: base(5).apply(
            experimental.parallel_interleave(
                lambda i: tf.data.Dataset.from_tensors(i).repeat(i), 2, 2
            )
        ),
    }
    return {name: _walk(tf, build) for name, build in builds.items()}


def reduced(tf):
    rows = tf.data.Dataset.from_tensor_slices(np.arange(6, dtype=np.float32).reshape(3, 2))
    start = {"sum": np.zeros(2, np.float32), "count": 0}
    last = rows.reduce(start, lambda s, x: {"sum": s["sum"] + x, "count": s["count"] + 1})
    wider = tf.data.Dataset.range(3).reduce(
        tf.zeros([0], tf.int64), lambda s, i: tf.concat([s, [i]], 0)
    )
    return {"last": last, "wider": wider}


def pieces_of_packed_files(tf):
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "pieces.gz")
    with gzip.open(path, "wb") as file:
        file.write(b"h" + b"abcdefgh" + b"tt")
    pieces = tf.data.FixedLengthRecordDataset(path, 4, 1, 2, compression_type="GZIP")
    element = pieces.make_one_shot_iterator().get_next()
    with tf.Session() as sess:
        found = [sess.run(element) for _ in range(2)]
    tf.reset_default_graph()
    shutil.rmtree(folder)
    return {"found": found}


def groups(tf):
    experimental = tf.data.experimental

    def windows(size):
        return experimental.group_by_window(
            lambda i: i % 3, lambda key, group: group.batch(4).map(lambda b: (key, b)), size
        )

    def by_size(key):
        return key + 1

    def buckets(**options):
        lengths = [3, 1, 5, 2, 2, 8, 4, 1, 3, 6, 2]
        texts = tf.data.Dataset.from_tensor_slices(lengths).map(lambda n: (tf.range(n), n))
        return texts.apply(
            experimental.bucket_by_sequence_length(lambda text, n: n, [3, 6], [2, 3, 2], **options)
        )

    builds = {
        "windows": lambda: tf.data.Dataset.range(11).apply(windows(3)),
        "sizes": lambda: tf.data.Dataset.range(12).apply(
            experimental.group_by_window(
                lambda i: i % 3, lambda key, group: group.batch(9), window_size_func=by_size
            )
        ),
        "buckets": buckets,
        "filled": lambda: buckets(padding_values=(-1, 0), padded_shapes=([9], [])),
        "no_remainder": lambda: buckets(drop_remainder=True),
        "boundary": lambda: (
            tf.data.Dataset.from_tensor_slices([1, 4, 2, 3])
            .map(lambda n: tf.range(n))
            .apply(
                experimental.bucket_by_sequence_length(
                    lambda text: tf.shape(text)[0], [3, 6], [2, 2, 2], pad_to_bucket_boundary=True
                )
            )
        ),
    }
    return {name: _walk(tf, build) for name, build in builds.items()}


def both_window_sizes_error(tf):
    tf.data.experimental.group_by_window(lambda i: i, lambda k, d: d, 3, lambda k: 3)


def empty_window_error(tf):
    dataset = tf.data.Dataset.range(3).apply(
        tf.contrib.data.group_by_window(lambda i: i, lambda k, d: d, 0)
    )
    with tf.Session() as session:
        session.run(dataset.make_one_shot_iterator().get_next())


def groups_that_are_no_datasets_error(tf):
    tf.data.Dataset.range(3).apply(tf.contrib.data.group_by_window(lambda i: i, lambda k, d: k, 2))


def too_few_batch_sizes_error(tf):
    tf.contrib.data.bucket_by_sequence_length(tf.shape, [1, 2], [3, 4])
