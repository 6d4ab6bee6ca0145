"""Event files are what TensorBoard's own reader takes them for."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tailrace as tf

# nothing of a folder is left out
EVERYTHING = {"histograms": 0, "images": 0, "audio": 0, "tensors": 0, "scalars": 0}


@pytest.fixture
def read(tmp_path: Path) -> Any:
    """What the reader finds behind three steps with summaries of every kind and traces."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None], name="x")
        tf.summary.scalar("average", tf.reduce_mean(x))
        tf.summary.histogram("values", x)
        pixels = tf.reshape(tf.range(120, dtype=tf.float32), [2, 4, 5, 3])
        tf.summary.image("pictures", pixels)
        tf.summary.audio("sound", tf.zeros([1, 800, 1]), 8000.0)
        tf.summary.text("words", tf.constant(["hello", "world"]))
        merged = tf.summary.merge_all()
        options = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
        with tf.Session() as session, tf.summary.FileWriter(str(tmp_path), graph) as writer:
            for step in range(3):
                metadata = tf.RunMetadata()
                feed = {x: np.arange(step + 5.0)}
                found = session.run(merged, feed, options=options, run_metadata=metadata)
                writer.add_summary(found, step)
                writer.add_run_metadata(metadata, f"step {step}", step)
            writer.add_session_log(tf.SessionLog(status=tf.SessionLog.START), 3)
    # seconds to load, wanted here only
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    accumulator = EventAccumulator(str(tmp_path), size_guidance=EVERYTHING)
    accumulator.Reload()
    return accumulator


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_kind_is_read(read: Any):
    assert read.Tags() == {
        "images": ["pictures/image/0", "pictures/image/1"],
        "audio": ["sound/audio/0"],
        "histograms": ["values"],
        "scalars": ["average"],
        "distributions": ["values"],
        "tensors": ["words"],
        "graph": True,
        "meta_graph": True,
        "run_metadata": ["step 0", "step 1", "step 2"],
    }
    assert [(one.step, one.value) for one in read.Scalars("average")] == [
        (0, 2.0),
        (1, 2.5),
        (2, 3.0),
    ]
    last = read.Histograms("values")[-1].histogram_value
    assert (last.min, last.max, last.num, last.sum, last.sum_squares) == (0, 6, 7, 21, 91)
    assert sum(last.bucket) == 7
    picture = read.Images("pictures/image/1")[0]
    assert (picture.width, picture.height) == (5, 4)
    assert picture.encoded_image_string.startswith(b"\x89PNG")
    sound = read.Audio("sound/audio/0")[0]
    assert (sound.sample_rate, sound.length_frames) == (8000, 800)
    assert list(read.Tensors("words")[0].tensor_proto.string_val) == [b"hello", b"world"]
    assert "x" in {node.name for node in read.Graph().node}
    devices = read.RunMetadata("step 1").step_stats.dev_stats
    assert any(node.node_name.startswith("average") for one in devices for node in one.node_stats)
