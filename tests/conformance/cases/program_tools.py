"""What programs use around their graphs: files, records, text, flags, versions, tf.test."""

import os
import tempfile

import numpy as np


def _raised(action):
    """The exception's class name, or what the action returned."""
    try:
        return action()
    except Exception as error:
        return type(error).__name__


def gfile_reads_and_writes(tf):
    path = os.path.join(tempfile.mkdtemp(), "a.txt")
    with tf.gfile.GFile(path, "w") as file:
        file.write("first\nsecond \u00e9\n")
        file.write("third")
        written = file.tell()
    with tf.gfile.Open(path, "a") as file:
        file.write("!")
    with tf.gfile.GFile(path) as file:
        parts = [file.read(3), file.readline(), file.tell(), list(file), file.read()]
        file.seek(6)
        again = file.read()
        file.seek(-2, 2)
        end = file.read()
    with tf.gfile.FastGFile(path, "rb") as file:
        raw = file.read(9)
        lines = file.readlines()
        size = file.size()
    return {
        "written": written,
        "parts": parts,
        "again": again,
        "end": end,
        "raw": raw,
        "lines": lines,
        "size": size,
        "name": os.path.basename(file.name),
        "mode": file.mode,
    }


def gfile_folders(tf):
    top = tempfile.mkdtemp()
    inner = os.path.join(top, "x", "y")
    tf.gfile.MakeDirs(inner)
    tf.gfile.MakeDirs(inner)
    for name in ("b.txt", "a.txt", ".hidden.txt", "c.dat"):
        with tf.gfile.GFile(os.path.join(inner, name), "w") as file:
            file.write(name)
    tf.gfile.Copy(os.path.join(inner, "a.txt"), os.path.join(top, "copy"))
    tf.gfile.Rename(os.path.join(inner, "b.txt"), os.path.join(top, "moved"))
    found = tf.gfile.Glob(os.path.join(inner, "*.txt"))
    several = tf.gfile.Glob([os.path.join(top, "m*"), os.path.join(top, "c*")])
    walked = sorted(
        [os.path.relpath(folder, top), sorted(folders), sorted(files)]
        for folder, folders, files in tf.gfile.Walk(top)
    )
    facts = [
        tf.gfile.Exists(inner),
        tf.gfile.IsDirectory(inner),
        tf.gfile.IsDirectory(os.path.join(top, "copy")),
        tf.gfile.Exists(os.path.join(top, "nothing")),
        tf.gfile.Stat(os.path.join(top, "copy")).length,
    ]
    tf.gfile.Remove(os.path.join(top, "copy"))
    tf.gfile.DeleteRecursively(os.path.join(top, "x"))
    return {
        "found": sorted(os.path.relpath(path, top) for path in found),
        "several": [os.path.relpath(path, top) for path in several],
        "walked": walked,
        "facts": facts,
        "left": sorted(tf.gfile.ListDirectory(top)),
    }


def gfile_errors(tf):
    top = tempfile.mkdtemp()
    missing = os.path.join(top, "missing")
    there = os.path.join(top, "there")
    with tf.gfile.GFile(there, "w") as file:
        file.write("x")
    os.mkdir(os.path.join(top, "full"))
    open(os.path.join(top, "full", "file"), "w").close()
    return {
        "unread": _raised(lambda: tf.gfile.GFile(missing).name and "no error yet"),
        "read": _raised(lambda: tf.gfile.GFile(missing).read()),
        "mode": _raised(lambda: tf.gfile.GFile(missing, "q")),
        "write_to_reader": _raised(lambda: tf.gfile.GFile(there, "r").write("x")),
        "read_from_writer": _raised(lambda: tf.gfile.GFile(there, "w").read()),
        "remove": _raised(lambda: tf.gfile.Remove(missing)),
        "stat": _raised(lambda: tf.gfile.Stat(missing)),
        "list": _raised(lambda: tf.gfile.ListDirectory(missing)),
        "list_file": _raised(lambda: tf.gfile.ListDirectory(there)),
        "mkdir": _raised(lambda: tf.gfile.MkDir(top)),
        "mkdir_deep": _raised(lambda: tf.gfile.MkDir(os.path.join(missing, "a"))),
        "copy_missing": _raised(lambda: tf.gfile.Copy(missing, there, overwrite=True)),
        "copy_over": _raised(lambda: tf.gfile.Copy(there, there + "", overwrite=False)),
        "delete_missing": _raised(lambda: tf.gfile.DeleteRecursively(missing)),
        "glob_nothing": _raised(lambda: tf.gfile.Glob(missing + "*")),
        "walk_missing": _raised(lambda: list(tf.gfile.Walk(missing))),
        "scheme": _raised(lambda: tf.gfile.Exists("nowhere://a/b")),
    }


def records(tf):
    path = os.path.join(tempfile.mkdtemp(), "a.tfrecord")
    with tf.python_io.TFRecordWriter(path) as writer:
        for content in (b"first", b"", b"\x00\xff" * 3):
            writer.write(content)
    with open(path, "rb") as file:
        content = file.read()
    with open(path, "wb") as file:
        file.write(content[:-1])
    short = path + ".short"
    with open(short, "wb") as file:
        file.write(content[:20] + b"X" + content[21:])
    truncated = []
    error = _raised(lambda: truncated.extend(tf.python_io.tf_record_iterator(path)))
    return {
        "content": content,
        "truncated": _read_until_error(tf, path),
        "damaged": _read_until_error(tf, short),
        "error": error,
        "missing": _raised(lambda: list(tf.python_io.tf_record_iterator(path + "x"))),
    }


def _read_until_error(tf, path):
    found = []
    try:
        for record in tf.python_io.tf_record_iterator(path):
            found.append(record)
    except tf.errors.OpError as error:
        found.append(type(error).__name__)
    return found


def compressed_records(tf):
    folder = tempfile.mkdtemp()
    read = {}
    for kind in ("NONE", "ZLIB", "GZIP"):
        options = tf.python_io.TFRecordOptions(getattr(tf.python_io.TFRecordCompressionType, kind))
        path = os.path.join(folder, kind)
        with tf.python_io.TFRecordWriter(path, options) as writer:
            for i in range(100):
                writer.write(b"record %d" % i)
        read[kind] = list(tf.python_io.tf_record_iterator(path, options))[::33]
        read[kind + "_smaller"] = os.path.getsize(path) < 2000
    read["bad"] = _raised(lambda: tf.python_io.TFRecordOptions("LZ4"))
    return read


def text_and_bytes(tf):
    return {
        "bytes": [
            tf.compat.as_bytes("\u00e9"),
            tf.compat.as_bytes(b"x"),
            tf.compat.as_bytes("a", "utf-16"),
        ],
        "text": [tf.compat.as_text(b"\xc3\xa9"), tf.compat.as_str("x"), tf.compat.as_str_any(3)],
        "errors": [
            _raised(lambda: tf.compat.as_bytes(3)),
            _raised(lambda: tf.compat.as_text(None)),
        ],
        "path": tf.compat.path_to_str("a/b"),
        "types": [
            isinstance(np.int32(3), tf.compat.integral_types),
            isinstance(np.float32(3), tf.compat.real_types),
            isinstance(np.float32(3), tf.compat.integral_types),
            isinstance(1j, tf.compat.complex_types),
        ],
        "compatible": [
            tf.compat.forward_compatible(2019, 8, 20),
            tf.compat.forward_compatible(2019, 8, 21),
        ],
    }


def versions(tf):
    return {
        "version": tf.__version__,
        "same": [tf.VERSION, tf.version.VERSION],
        "graph_def": [tf.version.GRAPH_DEF_VERSION, tf.GRAPH_DEF_VERSION_MIN_CONSUMER],
        "dimension": tf.compat.dimension_value(tf.TensorShape([3, None])[0]),
        "at": str(tf.compat.dimension_at_index(tf.TensorShape([3, None]), 1)),
    }


def verbosity(tf):
    before = tf.logging.get_verbosity()
    tf.logging.set_verbosity(tf.logging.INFO)
    after = tf.logging.get_verbosity()
    tf.logging.set_verbosity(before)
    return {"after": after, "levels": [tf.logging.DEBUG, tf.logging.WARN, tf.logging.FATAL]}


def gradient_checker(tf):
    x = tf.placeholder(tf.float64, [2, 3])
    y = tf.reduce_sum(x * x, axis=1)
    start = np.arange(6.0).reshape(2, 3)
    with tf.Session():
        symbolic, numeric = tf.test.compute_gradient(x, [2, 3], y, [2], x_init_value=start)
        error = tf.test.compute_gradient_error(x, [2, 3], y, [2], x_init_value=start)
    return {
        "symbolic": symbolic,
        "numeric": numeric,
        "small": bool(error < 1e-8),
        "tolerance": {"rtol": 1e-7, "atol": 1e-8, "reason": "finite differences amplify rounding"},
    }


def gradient_checker_sparse(tf):
    x = tf.placeholder(tf.float64, [4, 2])
    y = tf.gather(x, [1, 1, 3])
    start = np.arange(8.0).reshape(4, 2)
    with tf.Session():
        symbolic, _ = tf.test.compute_gradient(x, [4, 2], y, [3, 2], x_init_value=start)
    return {"symbolic": symbolic}


def test_case_session(tf):
    """A test of the program's own, run by hand."""

    class Test(tf.test.TestCase):
        def runTest(self):
            self.seed = tf.get_default_graph().seed
            with self.session() as session:
                self.assertAllClose(tf.constant([1.0, 2.0]).eval(), [1.0, 2.0])
                self.assertAllEqual(session.run(tf.constant([1, 2])), np.array([1, 2]))
                self.assertIs(tf.get_default_session(), session)
            with self.test_session() as first:
                self.x = self.evaluate(tf.constant(3) + 4)
            with self.cached_session() as second:
                self.same = first is second
            self.assertShapeEqual(np.ones((2, 3)), tf.ones([2, 3]))
            self.assertNear(1.0, 1.05, 0.1)
            with self.assertRaisesOpError("fail"):
                self.evaluate(tf.Assert(False, ["fail"]))

    test = Test()
    test.debug()
    return {"x": test.x, "same": test.same, "seed": test.seed}


def test_case_failures(tf):
    test = tf.test.TestCase()
    a = np.array([1.0, 2.0])
    return {
        "close": _raised(lambda: test.assertAllClose(a, a + 1e-3)),
        "close_enough": _raised(lambda: test.assertAllClose(a, a + 1e-3, atol=1e-2)),
        "shapes": _raised(lambda: test.assertAllClose(a, a[:1])),
        "nested": _raised(lambda: test.assertAllClose({"x": [1, 2]}, {"x": [1, 3]})),
        "structures": _raised(lambda: test.assertAllClose({"x": 1}, [1])),
        "equal": _raised(lambda: test.assertAllEqual([1, 2], [1, 3])),
        "nan": _raised(lambda: test.assertAllEqual([np.nan], [np.nan])),
        "range": _raised(lambda: test.assertAllInRange(a, 1, 2, open_upper_bound=True)),
        "set": _raised(lambda: test.assertAllInSet([1, 2], {1, 2, 3})),
        "greater": _raised(lambda: test.assertAllGreater(a, 1)),
        "not_close": _raised(lambda: test.assertNotAllClose(a, a)),
        "half": _raised(
            lambda: test.assertAllCloseAccordingToType(np.float16(a), np.float16(a + 5e-4))
        ),
        "dtype": _raised(lambda: test.assertDTypeEqual(a, np.float32)),
        "device": _raised(lambda: test.assertDeviceEqual("/cpu:0", "/device:CPU:0")),
    }


def attributes_in_single_precision(tf):
    x = tf.constant([-1.0, 2.0], tf.float64)
    leaky = tf.nn.leaky_relu(x, 0.1)
    box = tf.raw_ops.SampleDistortedBoundingBox(
        image_size=[4, 4, 3], bounding_boxes=[[[0.0, 0.0, 1.0, 1.0]]], seed=1, area_range=[0.1, 0.3]
    )
    default = tf.raw_ops.LeakyRelu(features=x)
    return {
        "leaky": leaky,
        "given": leaky.op.get_attr("alpha"),
        "default": default.op.get_attr("alpha"),
        "list": np.array(box.begin.op.get_attr("area_range")),
        "grad": tf.gradients(leaky, x),
    }
