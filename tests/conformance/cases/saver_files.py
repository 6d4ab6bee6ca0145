"""Checkpoints written and read by sessions, and what lies in the folder afterwards."""

import os
import shutil
import tempfile

import numpy as np


def _in_folder(run):
    """Runs with a folder of its own; gives what `run` gives."""
    folder = tempfile.mkdtemp()
    try:
        return run(folder)
    finally:
        shutil.rmtree(folder)


def _variables(tf):
    w = tf.Variable(np.arange(6, dtype=np.float32).reshape(2, 3), name="w")
    step = tf.Variable(np.int64(3), name="step", trainable=False)
    text = tf.Variable([b"a", b"bc"], name="text")
    return w, step, text


def _listing(folder):
    return sorted(os.listdir(folder))


def round_trip(tf):
    def run(folder):
        with tf.Graph().as_default(), tf.Session() as session:
            w, step, text = _variables(tf)
            change = tf.assign_add(w, tf.ones_like(w))
            saver = tf.train.Saver()
            session.run(tf.global_variables_initializer())
            path = saver.save(session, os.path.join(folder, "model"))
            session.run(change)
            saver.restore(session, path)
            restored = session.run([w, step, text])
            return {"path": path[len(folder) :], "files": _listing(folder), "restored": restored}

    return _in_folder(run)


def restore_initializes(tf):
    def run(folder):
        with tf.Graph().as_default():
            w, step, text = _variables(tf)
            r = tf.get_variable("r", initializer=[1.5, 2.5], use_resource=True)
            saver = tf.train.Saver()
            with tf.Session() as session:
                session.run(tf.global_variables_initializer())
                path = saver.save(session, folder + "/model", global_step=step)
            with tf.Session() as session:
                missing = session.run(tf.report_uninitialized_variables())
                saver.restore(session, path)
                left = session.run(tf.report_uninitialized_variables())
                values = session.run([w, step, text, r])
        return {"missing": sorted(missing.tolist()), "left": left, "values": values}

    return _in_folder(run)


def numbered(tf):
    def run(folder):
        with tf.Graph().as_default(), tf.Session() as session:
            _, step, _ = _variables(tf)
            saver = tf.train.Saver(max_to_keep=2)
            session.run(tf.global_variables_initializer())
            paths = [saver.save(session, folder + "/m", global_step=i) for i in range(4)]
            paths.append(saver.save(session, folder + "/m", global_step=step))
            with open(folder + "/checkpoint") as file:
                state = file.read().replace(folder, "FOLDER")
            return {
                "paths": [p[len(folder) :] for p in paths],
                "files": _listing(folder),
                "state": state,
                "latest": tf.train.latest_checkpoint(folder)[len(folder) :],
                "last": [p[len(folder) :] for p in saver.last_checkpoints],
                "times": len(tf.train.get_checkpoint_mtimes(paths)),
                "exists": [tf.train.checkpoint_exists(p) for p in paths],
            }

    return _in_folder(run)


def options_of_save(tf):
    def run(folder):
        with tf.Graph().as_default(), tf.Session() as session:
            _variables(tf)
            saver = tf.train.Saver(pad_step_number=True, save_relative_paths=True)
            session.run(tf.global_variables_initializer())
            saver.save(session, folder + "/a", global_step=7, latest_filename="newest")
            saver.save(session, folder + "/b", write_meta_graph=False, write_state=False)
            saver.save(session, folder + "/c", meta_graph_suffix="mg")
            with open(folder + "/newest") as file:
                state = file.read()
            with open(folder + "/checkpoint") as file:
                later = file.read()
            return {"files": _listing(folder), "state": state, "later": later}

    return _in_folder(run)


def keeps_hourly(tf):
    def run(folder):
        with tf.Graph().as_default(), tf.Session() as session:
            _variables(tf)
            saver = tf.train.Saver(max_to_keep=1, keep_checkpoint_every_n_hours=1e-9)
            session.run(tf.global_variables_initializer())
            for i in range(4):
                saver.save(session, folder + "/m", global_step=i, write_meta_graph=False)
            return {"files": _listing(folder)}

    return _in_folder(run)


def sharded(tf):
    def run(folder):
        with tf.Graph().as_default(), tf.Session() as session:
            with tf.device("/cpu:0"):
                a = tf.Variable([1.0, 2.0], name="a")
            b = tf.Variable(3, name="b")
            saver = tf.train.Saver(sharded=True)
            session.run(tf.global_variables_initializer())
            path = saver.save(session, folder + "/m", write_meta_graph=False)
            session.run([tf.assign(a, [0.0, 0.0]), tf.assign(b, 0)])
            saver.restore(session, path)
            return {"files": _listing(folder), "values": session.run([a, b])}

    return _in_folder(run)


def version_1(tf):
    def run(folder):
        with tf.Graph().as_default(), tf.Session() as session:
            w, step, text = _variables(tf)
            saver = tf.train.Saver(write_version=tf.train.SaverDef.V1)
            session.run(tf.global_variables_initializer())
            path = saver.save(session, folder + "/m", write_meta_graph=False)
            session.run(tf.assign(w, tf.zeros([2, 3])))
            tf.train.Saver().restore(session, path)
            variables = sorted(tf.train.list_variables(path))
            return {
                "files": _listing(folder),
                "values": session.run([w, step, text]),
                "variables": variables,
            }

    return _in_folder(run)


def renamed_and_reshaped(tf):
    def run(folder):
        with tf.Graph().as_default(), tf.Session() as session:
            _variables(tf)
            saver = tf.train.Saver()
            session.run(tf.global_variables_initializer())
            path = saver.save(session, folder + "/m")
        with tf.Graph().as_default(), tf.Session() as session:
            flat = tf.get_variable("flat", [6])
            tf.train.Saver({"w": flat}, reshape=True).restore(session, path)
            return {"flat": session.run(flat)}

    return _in_folder(run)


def looking_into(tf):
    def run(folder):
        with tf.Graph().as_default(), tf.Session() as session:
            _variables(tf)
            session.run(tf.global_variables_initializer())
            path = tf.train.Saver().save(session, folder + "/m", global_step=5)
        reader = tf.train.NewCheckpointReader(path)
        types = reader.get_variable_to_dtype_map()
        return {
            "listed": tf.train.list_variables(folder),
            "step": tf.train.load_variable(folder, "step"),
            "w": tf.train.load_checkpoint(folder).get_tensor("w"),
            "text": reader.get_tensor("text"),
            "has": [reader.has_tensor("w"), reader.has_tensor("nope")],
            "shapes": sorted(reader.get_variable_to_shape_map().items()),
            "types": sorted((name, dtype.name) for name, dtype in types.items()),
            "text_form": reader.debug_string(),
        }

    return _in_folder(run)


def start_from_checkpoint(tf):
    def run(folder):
        with tf.Graph().as_default(), tf.Session() as session:
            with tf.variable_scope("old"):
                tf.get_variable("a", initializer=[1.0, 2.0])
                tf.get_variable("b", initializer=[3.0])
            session.run(tf.global_variables_initializer())
            path = tf.train.Saver().save(session, folder + "/m")
        with tf.Graph().as_default() as graph, tf.Session() as session:
            with tf.variable_scope("new"):
                a = tf.get_variable("a", [2])
                b = tf.get_variable("b", [1], use_resource=True)
            c = tf.get_variable("c", [2])
            tf.train.init_from_checkpoint(path, {"old/": "new/"})
            tf.train.init_from_checkpoint(folder, {"old/a": c})
            session.run(tf.global_variables_initializer())
            names = [op.name for op in graph.get_operations() if "checkpoint" in op.name]
            return {"values": session.run([a, b, c]), "names": names}

    return _in_folder(run)


def _restore_into(tf, build):
    def run(folder):
        with tf.Graph().as_default(), tf.Session() as session:
            _variables(tf)
            session.run(tf.global_variables_initializer())
            path = tf.train.Saver().save(session, folder + "/m")
        with tf.Graph().as_default(), tf.Session() as session:
            build()
            tf.train.Saver().restore(session, path)

    return _in_folder(run)


def missing_variable_error(tf):
    return _restore_into(tf, lambda: tf.Variable(1.0, name="other"))


def other_shape_error(tf):
    return _restore_into(tf, lambda: tf.Variable([1.0], name="w"))


def other_type_error(tf):
    return _restore_into(tf, lambda: tf.Variable(np.zeros((2, 3)), name="w"))


def no_checkpoint_error(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.Variable(1.0)
        tf.train.Saver().restore(session, "/nowhere/model")


def no_path_error(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.Variable(1.0)
        tf.train.Saver().restore(session, None)


def no_folder_error(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.Variable(1.0)
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, "/nowhere/at/all/model")


def uninitialized_error(tf):
    def run(folder):
        with tf.Graph().as_default(), tf.Session() as session:
            tf.Variable(1.0)
            tf.train.Saver().save(session, folder + "/model")

    return _in_folder(run)


def colliding_name_error(tf):
    def run(folder):
        with tf.Graph().as_default(), tf.Session() as session:
            tf.Variable(1.0)
            session.run(tf.global_variables_initializer())
            tf.train.Saver().save(session, folder + "/checkpoint")

    return _in_folder(run)


def no_session_error(tf):
    with tf.Graph().as_default():
        tf.Variable(1.0)
        tf.train.Saver().save(None, "model")


def missing_reader_error(tf):
    tf.train.NewCheckpointReader("/nowhere/model")


def missing_tensor_error(tf):
    def run(folder):
        with tf.Graph().as_default(), tf.Session() as session:
            _variables(tf)
            session.run(tf.global_variables_initializer())
            path = tf.train.Saver().save(session, folder + "/m")
        tf.train.NewCheckpointReader(path).get_tensor("nope")

    return _in_folder(run)
