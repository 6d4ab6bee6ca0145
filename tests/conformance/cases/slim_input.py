"""tf.contrib.slim: data sets of TFRecord files, their decoders, prefetching, summaries."""

import os
import shutil
import tempfile


def _example(tf, **features):
    """A serialized example of lists of numbers or strings."""
    made = {}
    for name, values in features.items():
        if isinstance(values[0], bytes):
            feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
        elif isinstance(values[0], float):
            feature = tf.train.Feature(float_list=tf.train.FloatList(value=values))
        else:
            feature = tf.train.Feature(int64_list=tf.train.Int64List(value=values))
        made[name.replace("__", "/")] = feature
    return tf.train.Example(features=tf.train.Features(feature=made)).SerializeToString()


def _decoded(tf, handlers, features, *examples):
    """What a decoder makes of each example."""
    decoder = tf.contrib.slim.tfexample_decoder.TFExampleDecoder(features, handlers)
    record = tf.placeholder(tf.string, [])
    items = sorted(handlers)
    tensors = decoder.decode(record, items)
    with tf.Session() as session:
        session.run(tf.tables_initializer())
        values = [session.run(tensors, {record: example}) for example in examples]
    return {
        "values": [[list(v) if hasattr(v, "indices") else v for v in row] for row in values],
        "names": [t.op.name for t in tensors],
        "items": sorted(decoder.list_items()),
    }


def images(tf):
    slim = tf.contrib.slim.tfexample_decoder
    with tf.Graph().as_default(), tf.Session() as session:
        picture = [[[i * 20 + j, 7 * i, 9 * j] for j in range(4)] for i in range(3)]
        png = session.run(tf.image.encode_png(tf.constant(picture, tf.uint8)))
    raw = bytes(bytearray(range(36)))
    features = {
        "image/encoded": tf.FixedLenFeature((), tf.string, default_value=""),
        "image/format": tf.FixedLenFeature((), tf.string, default_value="png"),
        "image/class/label": tf.FixedLenFeature([1], tf.int64, default_value=-1),
    }
    handlers = {"image": slim.Image(shape=[3, 4, 3]), "label": slim.Tensor("image/class/label")}
    encoded = _example(tf, image__encoded=[png], image__format=[b"png"], image__class__label=[3])
    plain = _example(tf, image__encoded=[raw], image__format=[b"raw"])
    return _decoded(tf, handlers, features, encoded, plain)


def boxes_and_words(tf):
    slim = tf.contrib.slim.tfexample_decoder
    features = {"box/" + side: tf.VarLenFeature(tf.float32) for side in "abcd"}
    features["word"] = tf.VarLenFeature(tf.string)
    features["sizes"] = tf.FixedLenFeature([2], tf.int64)
    features["grid"] = tf.VarLenFeature(tf.int64)
    table = tf.contrib.lookup.index_table_from_tensor(["cat", "dog"], default_value=9)
    handlers = {
        "boxes": slim.BoundingBox(list("abcd"), prefix="box/"),
        "words": slim.LookupTensor("word", table),
        "grid": slim.Tensor("grid", shape_keys="sizes"),
        "twice": slim.ItemHandlerCallback(["grid"], lambda found: found["grid"].values * 2),
    }
    one = _example(
        tf,
        box__a=[0.0, 0.5],
        box__b=[0.25, 0.5],
        box__c=[1.0, 0.75],
        box__d=[0.5, 1.0],
        word=[b"dog", b"emu"],
        sizes=[2, 3],
        grid=[1, 2, 3, 4, 5, 6],
    )
    return _decoded(tf, handlers, features, one)


def sparse_and_backup(tf):
    slim = tf.contrib.slim.tfexample_decoder
    features = {
        "indices": tf.VarLenFeature(tf.int64),
        "values": tf.VarLenFeature(tf.float32),
        "other": tf.VarLenFeature(tf.float32),
    }
    handlers = {
        "dense": slim.SparseTensor(shape=[6], densify=True, default_value=-1),
        "sparse": slim.SparseTensor(),
        "either": slim.BackupHandler(slim.Tensor("other"), slim.Tensor("values")),
    }
    one = _example(tf, indices=[0, 2, 5], values=[1.5, 2.5, 3.5])
    two = _example(tf, indices=[1], values=[4.0], other=[8.0, 9.0])
    return _decoded(tf, handlers, features, one, two)


def provider(tf):
    slim = tf.contrib.slim
    folder = tempfile.mkdtemp()
    try:
        for part in range(2):
            path = os.path.join(folder, "part%d.tfrecord" % part)
            with tf.python_io.TFRecordWriter(path) as writer:
                for i in range(3):
                    writer.write(_example(tf, x=[float(i), float(part)], y=[10 * part + i]))
        decoder = slim.tfexample_decoder.TFExampleDecoder(
            {"x": tf.FixedLenFeature([2], tf.float32), "y": tf.FixedLenFeature([], tf.int64)},
            {
                "x": slim.tfexample_decoder.Tensor("x"),
                "y": slim.tfexample_decoder.Tensor("y", shape=[]),
            },
        )
        files = slim.parallel_reader.get_data_files(os.path.join(folder, "part*"))
        data = slim.dataset.Dataset(
            sorted(files), tf.TFRecordReader, decoder, 6, {"x": "two numbers"}, classes=4
        )
        with tf.Graph().as_default() as graph:
            given = slim.dataset_data_provider.DatasetDataProvider(
                data, shuffle=False, num_epochs=1
            )
            x, y = given.get(["x", "y"])
            x, y = tf.train.batch([x, y], 2)
            queue = slim.prefetch_queue.prefetch_queue([x, y], capacity=3)
            taken = queue.dequeue()
            nodes = ["%s %s" % (op.type, op.name) for op in graph.get_operations()]
            values = []
            with tf.Session() as session:
                session.run(tf.local_variables_initializer())
                with slim.queues.QueueRunners(session):
                    values.extend(session.run(taken) for _ in range(3))
        return {
            "values": values,
            "nodes": nodes,
            "samples": given.num_samples(),
            "items": sorted(given.list_items()),
            "classes": data.classes,
        }
    finally:
        shutil.rmtree(folder)


def prefetched_names(tf):
    slim = tf.contrib.slim
    given = {"b": tf.constant([1.0, 2.0]), "a": tf.constant([3])}
    taken = slim.prefetch_queue.prefetch_queue(given, 2, num_threads=2, name="ahead").dequeue()
    return {"a": str(taken["a"].shape), "b": taken["b"].op.name}


def shuffling_readers(tf):
    reader = tf.contrib.slim.parallel_reader
    key, value = reader.parallel_read(["one", "two"], tf.TextLineReader, num_readers=2, seed=3)
    once = reader.single_pass_read("one", tf.TextLineReader, {"skip_header_lines": 1})
    queue = tf.FIFOQueue(4, [tf.string, tf.string])
    many = reader.ParallelReader(tf.TFRecordReader, queue, num_readers=2)
    counts = [many.num_records_produced(), many.num_work_units_completed()]
    return {
        "names": [t.op.name for t in [key, value, counts[0], counts[1]] + list(once)],
        "readers": many.num_readers,
    }


def summaries(tf):
    made = tf.contrib.slim.summaries
    x = tf.constant([0.0, 1.0, 0.0, 3.0], name="x")
    total = tf.reduce_sum(x, name="total")
    ops = [
        made.add_histogram_summary(x, prefix="p"),
        made.add_scalar_summary(total, name="n", prefix="q"),
        made.add_zero_fraction_summary(x),
        made.add_image_summary(tf.reshape(x, [1, 2, 2, 1], name="picture")),
        made.add_scalar_summary(total, print_summary=True),
    ]
    ops += made.add_histogram_summaries([x]) + made.add_scalar_summaries([total], prefix="r")
    ops += made.add_zero_fraction_summaries([x])
    kept = tf.get_collection(tf.GraphKeys.SUMMARIES)
    return {"names": [op.name for op in ops], "kept": [op.name for op in kept]}


def wrong_items_error(tf):
    decoder = tf.contrib.slim.tfexample_decoder
    return {"x": decoder.BoundingBox(["a", "b"])}


def unknown_item_error(tf):
    provider = tf.contrib.slim.data_provider.DataProvider({"x": tf.constant(1)}, 1)
    return {"x": provider.get(["y"])}
