"""Operations that read, write and list files."""

import shutil
import tempfile


def write_and_read(tf):
    folder = tempfile.mkdtemp()
    try:
        with tf.Graph().as_default(), tf.Session() as session:
            path = tf.placeholder(tf.string, [])
            write = tf.write_file(path, "some\0bytes")
            content = tf.read_file(path)
            names = tf.matching_files([folder + "/new/*", folder + "/*.none"])
            session.run(write, {path: folder + "/new/b"})
            session.run(write, {path: folder + "/new/a"})
            found = session.run(names)
            return {
                "content": session.run(content, {path: folder + "/new/a"}),
                "names": [name.decode()[len(folder) :] for name in found],
                "static": [content.get_shape().as_list(), names.get_shape().as_list()],
            }
    finally:
        shutil.rmtree(folder)


def nodes(tf):
    content = tf.read_file("somewhere", name="content")
    write = tf.io.write_file("somewhere", content)
    names = tf.io.matching_files("*.txt")
    once = tf.io.match_filenames_once("*.none")
    return {"content": content.name, "write": write.name, "names": names.name, "once": once}


def low_level(tf):
    folder = tempfile.mkdtemp()
    try:
        with tf.Graph().as_default(), tf.Session() as session:
            prefix = tf.constant(folder + "/p")
            x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
            save = tf.raw_ops.SaveV2(
                prefix=prefix,
                tensor_names=["x", "part", "part"],
                shape_and_slices=["", "4 2 0,2:-", "4 2 2,2:-"],
                tensors=[x, x, -x],
            )
            session.run(save)
            read = tf.raw_ops.RestoreV2(
                prefix=prefix,
                tensor_names=["x", "part", "part"],
                shape_and_slices=["", "", "4 2 1,2:1,1"],
                dtypes=[tf.float32] * 3,
            )
            name = tf.raw_ops.ShardedFilename(basename="b", shard=3, num_shards=10)
            spec = tf.raw_ops.ShardedFilespec(basename="b", num_shards=10)
            return {
                "values": session.run(read),
                "static": [str(t.get_shape()) for t in read],
                "names": session.run([name, spec]),
            }
    finally:
        shutil.rmtree(folder)


def missing_folder(tf):
    return {"names": tf.matching_files("/nowhere/*.none")}


def missing_file_error(tf):
    return {"content": tf.read_file("/nowhere/at/all")}


def bad_slice_error(tf):
    tf.raw_ops.RestoreV2(
        prefix="p", tensor_names=["x"], shape_and_slices=["2 2 x"], dtypes=[tf.float32]
    )


def slice_of_other_shape_error(tf):
    save = tf.raw_ops.SaveV2(
        prefix="/nowhere/p",
        tensor_names=["x"],
        shape_and_slices=["4 2 0,2:-"],
        tensors=[tf.ones([3, 2])],
    )
    return {"save": save}
