"""Readers: records of the files in a queue."""

import os
import shutil
import tempfile


class _Files(object):
    """Files in a folder that is there for as long as the case runs."""

    def __init__(self, *contents):
        self.folder = tempfile.mkdtemp()
        self.names = []
        for i, content in enumerate(contents):
            self.names.append(os.path.join(self.folder, "file%d" % i))
            with open(self.names[-1], "wb") as file:
                file.write(content)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        shutil.rmtree(self.folder)

    def plain(self, values):
        """Keys and values without the folder, whose name changes from run to run."""
        folder = self.folder.encode() + b"/"
        if isinstance(values, bytes):
            return values.replace(folder, b"")
        return [self.plain(value) for value in values]


def _queue(tf, names, close=True):
    """A queue of names that was filled; what fills it is fed, so that the graph has no paths."""
    queue = tf.FIFOQueue(10, tf.string, shapes=[[]])
    fed = tf.placeholder(tf.string, [None])
    return queue, [queue.enqueue_many([fed]), queue.close()], {fed: names}


def _all(tf, reader, files, most=20):
    """All records, and the counts at the end."""
    queue, fill, feed = _queue(tf, files.names)
    record = reader.read(queue)
    counts = [reader.num_records_produced(), reader.num_work_units_completed()]
    found = []
    with tf.Session() as session:
        for op in fill:
            session.run(op, feed if op is fill[0] else None)
        try:
            for _ in range(most):
                found.append(files.plain(list(session.run(record))))
        except tf.errors.OutOfRangeError:
            found.append(["end", "end"])
        numbers = [int(n) for n in session.run(counts)]
    return {"records": found, "counts": numbers, "shapes": [str(t.shape) for t in record]}


def text_lines(tf):
    with _Files(b"one\ntwo\r\n\nfo\rur\nlast", b"", b"\n\nx\r\r\n", b"\ry\r") as files:
        return _all(tf, tf.TextLineReader(), files)


def text_lines_without_head(tf):
    with _Files(b"head\na\nb\n", b"head", b"head\nc") as files:
        return _all(tf, tf.TextLineReader(skip_header_lines=1, name="lines"), files)


def whole_files(tf):
    with _Files(b"a\n\x00\xffb", b"", b"c") as files:
        return _all(tf, tf.WholeFileReader(), files)


def identities(tf):
    with _Files(b"x", b"y") as files:
        return _all(tf, tf.IdentityReader(name="same"), files)


def fixed_length(tf):
    with _Files(b"HHabcdefgTT", b"HHabcTT", b"HHT", b"HHabcdefghiTT") as files:
        reader = tf.FixedLengthRecordReader(3, header_bytes=2, footer_bytes=2)
        return _all(tf, reader, files)


def fixed_length_hops(tf):
    with _Files(b"0123456789", b"01234567890") as files:
        first = _all(tf, tf.FixedLengthRecordReader(4, hop_bytes=2), files)
        second = _all(tf, tf.FixedLengthRecordReader(2, hop_bytes=5, footer_bytes=1), files)
        return {"near": first, "far": second}


def fixed_length_packed(tf):
    import zlib

    with _Files(zlib.compress(b"H" + b"abcdef" * 3)) as files:
        reader = tf.FixedLengthRecordReader(5, header_bytes=1, encoding="ZLIB")
        return _all(tf, reader, files)


def tf_records(tf):
    with _Files(b"") as files:
        options = tf.python_io.TFRecordOptions(tf.python_io.TFRecordCompressionType.GZIP)
        with tf.python_io.TFRecordWriter(files.names[0], options) as writer:
            for record in (b"a", b"", b"long" * 10):
                writer.write(record)
        return _all(tf, tf.TFRecordReader(options=options), files)


def several_at_once(tf):
    with _Files(b"1\n2\n3\n4\n5\n", b"", b"6\n7\n") as files:
        reader = tf.TextLineReader()
        queue, fill, feed = _queue(tf, files.names)
        keys, values = reader.read_up_to(queue, 2)
        found = []
        with tf.Session() as session:
            session.run(fill[0], feed)
            session.run(fill[1])
            try:
                for _ in range(10):
                    found.append(files.plain(session.run([keys, values])[1].tolist()))
            except tf.errors.OutOfRangeError:
                found.append(["end"])
        return {"found": found, "shape": str(keys.shape)}


def several_files_at_once(tf):
    with _Files(b"1", b"2", b"3") as files:
        reader = tf.WholeFileReader()
        queue, fill, feed = _queue(tf, files.names)
        values = reader.read_up_to(queue, tf.constant(2, tf.int64), name="two")[1]
        with tf.Session() as session:
            session.run(fill[0], feed)
            found = session.run(values).tolist()
        return {"found": found}


def reset(tf):
    with _Files(b"1\n2\n3\n", b"4\n") as files:
        reader = tf.TextLineReader()
        queue, fill, feed = _queue(tf, files.names)
        value, again, count = reader.read(queue)[1], reader.reset(), reader.num_records_produced()
        with tf.Session() as session:
            session.run(fill[0], feed)
            found = [session.run(value), int(session.run(count))]
            session.run(again)
            found += [session.run(value), int(session.run(count))]
        return {"found": found}


def states(tf):
    reader, other = tf.IdentityReader(), tf.IdentityReader()
    queue, fill, feed = _queue(tf, ["a", "b", "c"])
    value, state = reader.read(queue)[1], reader.serialize_state()
    restored = tf.placeholder(tf.string, [])
    put, count = other.restore_state(restored), other.num_records_produced()
    with tf.Session() as session:
        session.run(fill[0], feed)
        session.run(value)
        message = session.run(state)
        session.run(put, {restored: message})
        found = [message, int(session.run(count)), session.run(other.read(queue)[1])]
    return {"found": found, "serializes": [reader.supports_serialize]}


def lines_have_no_state_error(tf):
    return {"state": tf.TextLineReader().serialize_state()}


def missing_file_error(tf):
    queue = tf.FIFOQueue(1, tf.string, shapes=[[]])
    value = tf.TextLineReader().read(queue)[1]
    with tf.Session() as session:
        session.run(queue.enqueue("there/is/no/such/file"))
        return {"value": session.run(value)}


def csv_pipeline(tf):
    """What the tutorials do: names, lines, columns, batches."""
    with _Files(b"1,2.5,a\n2,,b\n3,0.5,c\n4,1.5,d\n") as files:
        names = tf.placeholder_with_default(files.names, [1])
        queue = tf.train.string_input_producer(names, num_epochs=2, shuffle=False)
        _, line = tf.TextLineReader().read(queue)
        columns = tf.decode_csv(line, record_defaults=[[0], [9.0], [""]])
        batch = tf.train.batch(columns, batch_size=3, allow_smaller_final_batch=True)
        found = []
        with tf.Session() as session:
            session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
            coordinator = tf.train.Coordinator()
            threads = tf.train.start_queue_runners(session, coordinator)
            try:
                while not coordinator.should_stop():
                    found.append([column.tolist() for column in session.run(batch)])
            except tf.errors.OutOfRangeError:
                found.append(["end"])
            coordinator.request_stop()
            coordinator.join(threads)
    tf.reset_default_graph()
    return {"found": found}
