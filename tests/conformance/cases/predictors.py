"""tf.contrib.predictor: saved models and estimators as functions."""

import importlib
import os
import shutil
import tempfile


def _predictor(tf):
    """TensorFlow has the module once somebody imports it."""
    if tf.__name__ == "tensorflow":
        return importlib.import_module("tensorflow.contrib.predictor")
    return tf.contrib.predictor


def _said(call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except Exception as error:
        return type(error).__name__
    return "nothing"


def saved_model(tf):
    make = _predictor(tf).from_saved_model
    folder = os.path.join(tempfile.mkdtemp(), "model")
    try:
        with tf.Graph().as_default(), tf.Session() as session:
            x = tf.placeholder(tf.float32, [None], name="x")
            b = tf.placeholder_with_default(0.5, [], name="b")
            w = tf.get_variable("w", [], initializer=tf.constant_initializer(3.0))
            y = tf.add(w * x, b, name="y")
            session.run(w.initializer)
            tf.saved_model.simple_save(session, folder, {"x": x, "b": b}, {"y": y, "twice": y * 2})
        predict = make(folder)
        named = make(folder.encode(), input_names={"in": "x:0"}, output_names={"out": "mul:0"})
        return {
            "by_signature": predict({"x": [1.0, 2.0]}),
            "fed": predict({"x": [1.0], "b": 1.0}),
            "left_out": predict({"x": [1.0], "b": None}),
            "named": named({"in": [2.0]}),
            "feeds": sorted((key, t.name) for key, t in predict.feed_tensors.items()),
            "fetches": sorted(predict.fetch_tensors),
            "variables": [v.name for v in predict.graph.get_collection("variables")],
            "again": predict.session.run("w:0"),
            "unexpected": _said(predict, {"z": 1}),
            "half": _said(make, folder, input_names={}),
            "twice": _said(make, folder, "a", input_names={}, output_names={}),
            "tags": _said(make, folder, tags="gpu"),
        }
    finally:
        shutil.rmtree(os.path.dirname(folder))


def estimator(tf):
    folder = tempfile.mkdtemp()

    def model(features, labels, mode):
        w = tf.get_variable("w", [], initializer=tf.constant_initializer(3.0))
        step = tf.train.get_or_create_global_step()
        outputs = {"y": w * features["x"]}
        export = tf.estimator.export.PredictOutput(outputs)
        return tf.estimator.EstimatorSpec(
            mode,
            predictions=outputs,
            loss=w,
            train_op=tf.group(w.assign_add(1.0), step.assign_add(1)),
            export_outputs={"serving_default": export, "other": export},
        )

    def received():
        x = tf.placeholder(tf.float32, [None], name="x")
        return tf.estimator.export.ServingInputReceiver({"x": x}, {"in": x})

    try:
        made = tf.estimator.Estimator(model, folder)
        made.train(lambda: {"x": tf.constant([1.0])}, steps=2)
        make = _predictor(tf).from_estimator
        return {
            "y": make(made, received)({"in": [1.0, 2.0]}),
            "other": make(made, received, "other")({"in": [4.0]}),
            "no_output": _said(make, made, received, "nothing"),
        }
    finally:
        shutil.rmtree(folder)
