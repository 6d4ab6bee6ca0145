"""`tf.train.Checkpoint` and `CheckpointManager`: objects saved by their names in one another."""

import os
import shutil
import tempfile

import numpy as np


class _Folder:
    """A folder that is gone afterwards."""

    def __enter__(self):
        self.path = tempfile.mkdtemp()
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path)


def _nodes(tf, first=0):
    """Types, names, inputs and devices of the nodes from number `first` on."""
    return [
        [op.type, op.name, [x.name for x in op.inputs], [c.name for c in op.control_inputs]]
        + [op.device]
        for op in tf.get_default_graph().get_operations()[first:]
    ]


def _contents(tf, path):
    """Shapes of what a checkpoint holds, by key, but for the graph of objects."""
    shapes = dict(tf.train.list_variables(path))
    shapes.pop("_CHECKPOINTABLE_OBJECT_GRAPH")
    return sorted(shapes.items())


def _objects(tf, path):
    """The graph of objects, as written."""
    return tf.train.load_variable(path, "_CHECKPOINTABLE_OBJECT_GRAPH")


def _in_own_graph(tf, program):
    """What a program gives in a graph of its own: the names of its folder are not compared."""
    with tf.Graph().as_default(), _Folder() as folder:
        return program(folder)


def checkpoint_nodes(tf):
    def program(folder):
        dense = tf.layers.Dense(2, name="dense")
        optimizer = tf.train.AdamOptimizer()
        optimizer.minimize(tf.reduce_sum(dense(tf.ones([1, 3]))))
        first = len(tf.get_default_graph().get_operations())
        step = tf.train.get_or_create_global_step()
        checkpoint = tf.train.Checkpoint(dense=dense, optimizer=optimizer, step=step)
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            paths = [checkpoint.save(folder + "/model", session=sess) for _ in range(2)]
            state = tf.train.get_checkpoint_state(folder)
            contents, objects = _contents(tf, paths[-1]), _objects(tf, paths[-1])
            latest = os.path.basename(tf.train.latest_checkpoint(folder))
            checkpoint.restore(paths[0])
            listed = [os.path.basename(p) for p in state.all_model_checkpoint_paths]
        names = [os.path.basename(p) for p in paths]
        return {
            "nodes": [n for n in _nodes(tf, first) if n[1] != "init"],
            "names": names,
            "contents": contents,
            "objects": objects,
            "latest": latest,
            "listed": listed,
        }

    return _in_own_graph(tf, program)


def checkpoint_restores_values(tf):
    def program(folder):
        v = tf.Variable([1.0, 2.0], name="v")
        r = tf.Variable(3.0, name="r", use_resource=True)
        checkpoint = tf.train.Checkpoint(v=v, r=r)
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            path = checkpoint.save(folder + "/model", sess)
            sess.run([v.assign([5.0, 6.0]), r.assign(7.0)])
            status = checkpoint.restore(path).assert_consumed().assert_nontrivial_match()
            status.run_restore_ops(sess)
            again = sess.run([v, r, checkpoint.save_counter])
        return {"again": again}

    return _in_own_graph(tf, program)


def checkpoint_other_names(tf):
    """Other variable names in the program that restores; the objects' names count."""

    def program(folder):
        with tf.Graph().as_default(), tf.Session() as sess:
            checkpoint = tf.train.Checkpoint(a=tf.Variable([1.0, 2.0], name="old"))
            sess.run(tf.global_variables_initializer())
            path = checkpoint.save(folder + "/model", sess)
        with tf.Graph().as_default(), tf.Session() as sess:
            variable = tf.Variable([0.0, 0.0], name="new")
            status = tf.train.Checkpoint(a=variable).restore(path)
            status.initialize_or_restore(sess)
            return {"value": sess.run(variable)}

    return _in_own_graph(tf, program)


def _train(tf, folder, restore):
    """Three steps of momentum on a cell's weights, from a checkpoint or not; the loss and keys."""
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.set_random_seed(4)
        cell = tf.nn.rnn_cell.MultiRNNCell(
            [
                tf.nn.rnn_cell.LSTMCell(2),
                tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.GRUCell(2), input_keep_prob=1.0),
            ]
        )
        optimizer = tf.train.MomentumOptimizer(0.1, 0.9)
        checkpoint = tf.train.Checkpoint(cell=cell, optimizer=optimizer)
        # restored before there are any variables: they are when they come
        status = checkpoint.restore(tf.train.latest_checkpoint(folder) if restore else None)
        inputs = tf.constant(np.linspace(-1, 1, 12).reshape(2, 3, 2), tf.float32)
        outputs, _ = tf.nn.dynamic_rnn(cell, inputs, dtype=tf.float32)
        loss = tf.reduce_sum(tf.square(outputs))
        train = optimizer.minimize(loss)
        if restore:
            status.assert_consumed()
        status.initialize_or_restore(sess)
        for _ in range(3):
            sess.run(train)
        result = sess.run(loss)
        path = checkpoint.save(folder + "/model", sess)
        return result, _contents(tf, path), _objects(tf, path)


def checkpoint_resumed_training(tf):
    def program(folder):
        first, keys, objects = _train(tf, folder, False)
        second = _train(tf, folder, True)[0]
        return {"first": first, "second": second, "keys": keys, "objects": objects}

    return _in_own_graph(tf, program)


def checkpoint_of_a_saver(tf):
    """A checkpoint by names, restored into objects."""

    def program(folder):
        v = tf.Variable([1.0, 2.0], name="v")
        checkpoint = tf.train.Checkpoint(any=v)
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            path = tf.train.Saver([v]).save(sess, folder + "/model")
            sess.run(v.assign([0.0, 0.0]))
            status = checkpoint.restore(path)
            return {"kind": type(status).__name__, "value": sess.run(v)}

    return _in_own_graph(tf, program)


def saver_of_a_checkpoint(tf):
    """A checkpoint by objects, read by a Saver."""

    def program(folder):
        v = tf.Variable([1.0, 2.0], name="v")
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            path = tf.train.Checkpoint(any=v).save(folder + "/model", sess)
            sess.run(v.assign([0.0, 0.0]))
            tf.train.Saver([v]).restore(sess, path)
            return {"value": sess.run(v)}

    return _in_own_graph(tf, program)


def checkpoint_nested(tf):
    """Checkpoints, lists and dicts in one another."""

    def program(folder):
        inner = tf.train.Checkpoint(w=tf.Variable(1.0, name="w"))
        root = tf.train.Checkpoint(inner=inner)
        root.layers = [tf.Variable(2.0), tf.Variable([3.0])]
        root.named = {"x": tf.Variable(4.0), "y": {"z/a": tf.Variable(5.0)}}
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            path = root.save(folder + "/model", sess)
        return {"contents": _contents(tf, path), "objects": _objects(tf, path)}

    return _in_own_graph(tf, program)


def checkpoint_table(tf):
    def program(folder):
        table = tf.contrib.lookup.MutableHashTable(tf.string, tf.int64, -1)
        insert = table.insert(["a", "b"], tf.constant([1, 2], tf.int64))
        checkpoint = tf.train.Checkpoint(table=table)
        with tf.Session() as sess:
            sess.run(insert)
            path = checkpoint.save(folder + "/model", sess)
            sess.run(table.insert(["a", "c"], tf.constant([7, 8], tf.int64)))
            checkpoint.restore(path).assert_consumed().run_restore_ops(sess)
            found = sess.run(table.lookup(tf.constant(["a", "b", "c"])))
        return {"found": found, "contents": [name for name, _ in _contents(tf, path)]}

    return _in_own_graph(tf, program)


def _statuses(tf, folder):
    v = tf.Variable(1.0, name="v")
    checkpoint = tf.train.Checkpoint(v=v)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return checkpoint.save(folder + "/model", sess)


def _outcome(call):
    try:
        call()
    except Exception as error:
        return type(error).__name__
    return "fine"


def checkpoint_assertions(tf):
    def program(folder):
        path = _statuses(tf, folder)
        other = tf.train.Checkpoint(w=tf.Variable(2.0)).restore(path).expect_partial()
        more = tf.train.Checkpoint(v=tf.Variable(2.0), w=tf.Variable(2.0)).restore(path)
        none = tf.train.Checkpoint(w=tf.Variable(2.0)).restore(None)
        names = ["assert_consumed", "assert_existing_objects_matched", "assert_nontrivial_match"]
        return {
            "other": [_outcome(getattr(other, name)) for name in names],
            "more": [_outcome(getattr(more, name)) for name in names],
            "none": [_outcome(getattr(none, name)) for name in names + ["run_restore_ops"]],
        }

    return _in_own_graph(tf, program)


def checkpoint_untrackable_error(tf):
    tf.train.Checkpoint(number=3)


def checkpoint_missing_file_error(tf):
    with _Folder() as folder:
        tf.train.Checkpoint(v=tf.Variable(1.0)).restore(folder + "/model-1")


def checkpoint_wrong_shape_error(tf):
    with _Folder() as folder:
        path = _statuses(tf, folder)
        tf.train.Checkpoint(v=tf.Variable([1.0, 2.0], use_resource=True)).restore(path)
        status = tf.train.Checkpoint(v=tf.Variable([1.0, 2.0])).restore(path)
        with tf.Session() as sess:
            status.run_restore_ops(sess)


def manager_keeps_the_newest(tf):
    def program(folder):
        checkpoint = tf.train.Checkpoint(v=tf.Variable(1.0))
        manager = tf.train.CheckpointManager(checkpoint, folder, max_to_keep=2)
        before = manager.latest_checkpoint
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            paths = [os.path.basename(manager.save()) for _ in range(3)]
            paths.append(os.path.basename(manager.save(checkpoint_number=17)))
        later = tf.train.CheckpointManager(checkpoint, folder, 3, checkpoint_name="other")
        return {
            "before": before is None,
            "paths": paths,
            "kept": [os.path.basename(p) for p in manager.checkpoints],
            "later": [os.path.basename(p) for p in later.checkpoints],
            "latest": os.path.basename(later.latest_checkpoint),
            "files": sorted(name.split(".")[0] for name in os.listdir(folder)),
        }

    return _in_own_graph(tf, program)


def manager_number_error(tf):
    tf.train.CheckpointManager(tf.train.Checkpoint(), "unused", max_to_keep=0)
