"""Records what TensorFlow 1.15 writes into `data/`; the tests compare with it.

Run it with TensorFlow 1.15's interpreter: `python tests/unit/formats/record_files.py`.
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
sys.path.insert(0, str(Path(__file__).parent))

import bundle_cases
import tensor_cases
import tensorflow as tf

DATA = Path(__file__).resolve().parent / "data"


def constant(values):
    if isinstance(values, list):
        return tf.constant(values, tf.string, shape=[len(values)])
    return tf.constant(values)


def save(path, rows, version=2):
    names, specs, values = ([row[i] for row in rows] for i in range(3))
    with tf.Graph().as_default(), tf.Session() as session:
        tensors = [constant(v) for v in values]
        if version == 1:
            op = tf.raw_ops.SaveSlices(
                filename=str(path),
                tensor_names=names,
                shapes_and_slices=specs,
                data=tensors,
            )
        else:
            op = tf.raw_ops.SaveV2(
                prefix=str(path),
                tensor_names=names,
                shape_and_slices=specs,
                tensors=tensors,
            )
        session.run(op)


def record_special_types(path):
    """Types NumPy 1.18 has not."""
    with tf.Graph().as_default(), tf.Session() as session:
        quantized = tf.quantize(tf.constant([1.0, 2.0]), 0.0, 3.0, tf.quint8)[0]
        tensors = [tf.constant([1.0, -2.5], tf.bfloat16), quantized]
        session.run(
            tf.raw_ops.SaveV2(
                prefix=str(path),
                tensor_names=["brain", "quantized"],
                shape_and_slices=["", ""],
                tensors=tensors,
            )
        )


def record_merged(folder):
    """A checkpoint of two shards, one variable in parts on both."""
    parts = [folder / "parts" / f"part-{i}" for i in range(2)]
    rows = bundle_cases.CASES["sliced"]
    save(parts[0], [rows[0], rows[3]])
    save(parts[1], [rows[1], rows[2]])
    for part in parts:
        for suffix in ("index", "data-00000-of-00001"):
            shutil.copy(f"{part}.{suffix}", f"{folder}/unmerged-{part.name}.{suffix}")
    with tf.Graph().as_default(), tf.Session() as session:
        merge = tf.raw_ops.MergeV2Checkpoints(
            checkpoint_prefixes=[str(p) for p in parts],
            destination_prefix=str(folder / "merged"),
            delete_old_dirs=True,
        )
        session.run(merge)


def record_hashes():
    """Checksums of files too big to keep."""
    folder = Path(tempfile.mkdtemp())
    save(folder / "many", [(name, "", value) for name, value in bundle_cases.many()])
    found = {
        path.suffix: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()
    }
    shutil.rmtree(folder)
    return found


def record_tensor_protos():
    found = {}
    for label, arguments in tensor_cases.CASES.items():
        try:
            found[label] = tf.make_tensor_proto(*arguments).SerializeToString().hex()
        except (TypeError, ValueError) as error:
            found[label] = {"error": type(error).__name__, "message": str(error)}
    return found


def record_records(folder):
    for kind in ("", "ZLIB", "GZIP"):
        with tf.io.TFRecordWriter(str(folder / (kind or "plain")), kind) as writer:
            for record in (b"", b"a", b"some text " * 50, bytes(range(256))):
                writer.write(record)


def record_example():
    example = tf.train.Example()
    example.features.feature["ints"].int64_list.value.extend([1, -2])
    sequence = tf.train.SequenceExample()
    sequence.context.feature["length"].int64_list.value.append(2)
    for step in ([0.5, 1.5], [2.5]):
        row = sequence.feature_lists.feature_list["frames"].feature.add()
        row.float_list.value.extend(step)
    return {
        "example": example.SerializeToString().hex(),
        "sequence": sequence.SerializeToString().hex(),
    }


def record_states(folder):
    """State files of TensorFlow's four ways to name paths, written in a scratch folder."""
    scratch, here = tempfile.mkdtemp(), Path.cwd()
    os.chdir(scratch)
    update = tf.train.update_checkpoint_state
    try:
        Path("logs").mkdir()
        update("logs", "logs/model-2", ["logs/model-1", "logs/model-2"])
        shutil.copy("logs/checkpoint", folder / "relative")
        update("logs", "/full/model-2", ["/full/model-1"], None, [1.25, 1574332.12345678], 0.5)
        shutil.copy("logs/checkpoint", folder / "absolute")
        update(".", 'odd "name"', None, "latest")
        shutil.copy("latest", folder / "here")
    finally:
        os.chdir(str(here))
        shutil.rmtree(scratch)


def main():
    shutil.rmtree(str(DATA), ignore_errors=True)
    for folder in ("bundle", "v1", "merged", "records", "states"):
        (DATA / folder).mkdir(parents=True)
    for name, rows in bundle_cases.CASES.items():
        save(DATA / "bundle" / name, rows)
        save(DATA / "v1" / name, rows, version=1)
    record_special_types(DATA / "bundle" / "special")
    record_merged(DATA / "merged")
    record_records(DATA / "records")
    record_states(DATA / "states")
    recorded = {
        "tensor_protos": record_tensor_protos(),
        "hashes": record_hashes(),
        "examples": record_example(),
    }
    (DATA / "recorded.json").write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
