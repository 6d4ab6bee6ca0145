"""tf.summary.FileWriter: the event files."""

import os
import shutil
import tempfile


def _events(tf, folder):
    """What lies in the event files of a folder, without times."""
    found = []
    for name in sorted(os.listdir(folder)):
        for record in tf.python_io.tf_record_iterator(os.path.join(folder, name)):
            event = tf.Event.FromString(record)
            event.wall_time = 0
            found.append(event)
    return found


def written(tf):
    x = tf.placeholder(tf.float32, [], name="x")
    merged = tf.summary.merge([tf.summary.scalar("x", x), tf.summary.text("t", tf.constant("a"))])
    folder = tempfile.mkdtemp()
    try:
        with tf.Session() as session, tf.summary.FileWriter(folder, session.graph) as writer:
            for step in range(3):
                writer.add_summary(session.run(merged, {x: step * 0.5}), step)
            own = tf.Summary(value=[tf.Summary.Value(tag="own", simple_value=2.0)])
            writer.add_summary(own, 7)
            writer.add_session_log(tf.SessionLog(status=tf.SessionLog.START), 8)
            writer.add_run_metadata(tf.RunMetadata(), "run", 9)
            writer.flush()
        events = _events(tf, folder)
    finally:
        shutil.rmtree(folder)
    return {
        "kinds": [str(event.WhichOneof("what")) for event in events],
        "steps": [event.step for event in events],
        "messages": [event.SerializeToString() for event in events if event.HasField("summary")],
        "nodes": [node.name for node in tf.GraphDef.FromString(events[1].graph_def).node],
        "version": events[0].file_version,
    }


def same_writer(tf):
    tf.constant(1, name="c")
    folder = tempfile.mkdtemp()
    try:
        first = tf.summary.FileWriterCache.get(folder)
        same = tf.summary.FileWriterCache.get(folder) is first
        where = first.get_logdir() == folder
        tf.summary.FileWriterCache.clear()
        count = len(_events(tf, folder))
    finally:
        shutil.rmtree(folder)
    return {"same": same, "where": where, "count": count}


def run_tag_error(tf):
    folder = tempfile.mkdtemp()
    try:
        with tf.summary.FileWriter(folder) as writer:
            writer.add_run_metadata(tf.RunMetadata(), "run")
            writer.add_run_metadata(tf.RunMetadata(), "run")
    finally:
        shutil.rmtree(folder)
    return {}


def graph_error(tf):
    folder = tempfile.mkdtemp()
    try:
        with tf.summary.FileWriter(folder) as writer:
            writer.add_graph("no graph")
    finally:
        shutil.rmtree(folder)
    return {}
