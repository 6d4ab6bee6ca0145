"""`tf.estimator`: the same model function trained, evaluated, asked and exported."""

import os
import tempfile

import numpy as np

X = np.linspace(-1, 1, 40).reshape(20, 2).astype(np.float32)
Y = (X @ [[2.0], [-1.0]] + 0.5).astype(np.float32)


class _Nodes:
    """Notes what a graph holds when its session is made."""

    def __init__(self, tf):
        class Hook(tf.train.SessionRunHook):
            def after_create_session(hook, session, coord):
                kept = [op for op in session.graph.get_operations() if not _varies(op)]
                self.found = "\n".join("%s %s" % (op.name, op.type) for op in kept)

        self.found = None
        self.hook = Hook()


def _varies(op):
    # how many restores there are depends on the folder, and their names on the order of summaries
    return op.name.startswith(("save", "report_uninitialized"))


def _model(tf, seed=7):
    def model_fn(features, labels, mode, params):
        hidden = tf.layers.dense(features["x"], params["size"], tf.nn.tanh)
        found = tf.layers.dense(hidden, 1)
        if mode == tf.estimator.ModeKeys.PREDICT:
            outputs = {
                "serving_default": tf.estimator.export.PredictOutput({"y": found}),
                "regression": tf.estimator.export.RegressionOutput(found),
            }
            return tf.estimator.EstimatorSpec(
                mode, predictions={"y": found, "twice": 2 * found}, export_outputs=outputs
            )
        loss = tf.losses.mean_squared_error(labels, found)
        metrics = {"error": tf.metrics.mean_absolute_error(labels, found)}
        train = tf.train.AdamOptimizer(0.05).minimize(loss, tf.train.get_global_step())
        return tf.estimator.EstimatorSpec(
            mode, loss=loss, train_op=train, eval_metric_ops=metrics, predictions={"y": found}
        )

    folder = tempfile.mkdtemp()
    config = tf.estimator.RunConfig(
        model_dir=folder, tf_random_seed=seed, save_checkpoints_steps=4, log_step_count_steps=2
    )
    return tf.estimator.Estimator(model_fn, config=config, params={"size": 4})


def _inputs(tf, epochs=None, batch_size=8):
    return tf.estimator.inputs.numpy_input_fn(
        {"x": X}, Y, batch_size=batch_size, num_epochs=epochs, shuffle=False
    )


def trained_and_evaluated(tf):
    model = _model(tf)
    training, evaluation = _Nodes(tf), _Nodes(tf)
    model.train(_inputs(tf), hooks=[training.hook], steps=6)
    model.train(_inputs(tf), max_steps=10)
    model.train(_inputs(tf), max_steps=10)
    results = model.evaluate(_inputs(tf, epochs=1), hooks=[evaluation.hook])
    first = model.evaluate(_inputs(tf, epochs=1, batch_size=5), steps=2, name="few")
    found = list(model.predict(_inputs(tf, epochs=1)))
    batches = model.predict(_inputs(tf, epochs=1), predict_keys=["y"], yield_single_examples=False)
    return {
        "results": [results[key] for key in sorted(results)],
        "names": sorted(results),
        "few": [first[key] for key in sorted(first)],
        "found": [sorted(found[0]), [each["twice"] for each in found]],
        "batches": [[sorted(batch), batch["y"]] for batch in batches],
        "variables": model.get_variable_names(),
        "kernel": model.get_variable_value("dense/kernel"),
        "kept": sorted(name for name in os.listdir(model.model_dir) if name.endswith(".index")),
        "folders": [os.path.isdir(model.eval_dir()), os.path.basename(model.eval_dir("few"))],
        "training": training.found,
        "evaluation": evaluation.found,
    }


def of_a_dataset(tf):
    model = _model(tf)

    def dataset(params):
        both = tf.data.Dataset.from_tensor_slices(({"x": X}, Y))
        return both.repeat(2).batch(params["size"])

    nodes = _Nodes(tf)
    model.train(dataset, hooks=[nodes.hook])
    results = model.evaluate(dataset)
    found = [each["y"] for each in model.predict(dataset)]
    return {
        "results": [results[key] for key in sorted(results)],
        "found": found[:5],
        "count": len(found),
        "nodes": nodes.found,
    }


def trained_with_evaluations(tf):
    model = _model(tf)
    seen = []

    class Seen(tf.estimator.Exporter):
        name = "seen"

        def export(self, estimator, export_path, checkpoint_path, eval_result, is_the_final_export):
            seen.append(
                [
                    os.path.relpath(export_path, estimator.model_dir),
                    os.path.basename(checkpoint_path),
                    int(eval_result["global_step"]),
                    is_the_final_export,
                ]
            )
            return len(seen)

    results = tf.estimator.train_and_evaluate(
        model,
        tf.estimator.TrainSpec(_inputs(tf), max_steps=10),
        tf.estimator.EvalSpec(_inputs(tf, epochs=1), exporters=[Seen()], throttle_secs=0),
    )
    metrics, exported = results
    return {
        "metrics": [metrics[key] for key in sorted(metrics)],
        "exported": exported,
        "seen": seen,
    }


def exported(tf):
    model = _model(tf)
    model.train(_inputs(tf), steps=3)

    def receiver():
        examples = tf.placeholder(tf.string, [None], "examples")
        spec = {"x": tf.FixedLenFeature([2], tf.float32)}
        features = tf.parse_example(examples, spec)
        return tf.estimator.export.ServingInputReceiver(features, examples, {"raw": features})

    folder = model.export_savedmodel(tempfile.mkdtemp(), receiver)
    with tf.Graph().as_default(), tf.Session() as session:
        meta = tf.saved_model.loader.load(session, ["serve"], folder.decode())
        found = sorted(meta.signature_def)
        raw = meta.signature_def["raw:serving_default"]
        y = session.run(raw.outputs["y"].name, {raw.inputs["x"].name: X[:3]})
    return {"signatures": found, "y": y}


def warm_started(tf):
    model = _model(tf)
    model.train(_inputs(tf), steps=3)
    other = tf.estimator.Estimator(
        model.model_fn and model._model_fn,
        model_dir=tempfile.mkdtemp(),
        params=model.params,
        warm_start_from=tf.estimator.WarmStartSettings(model.model_dir, ".*kernel.*"),
    )
    other.train(_inputs(tf), steps=1)
    return {
        "moved": np.abs(
            other.get_variable_value("dense/kernel") - model.get_variable_value("dense/kernel")
        ).max()
        < 0.06
    }


def no_shuffle_said_error(tf):
    tf.estimator.inputs.numpy_input_fn(X)


def no_train_op_error(tf):
    tf.estimator.EstimatorSpec("train", loss=tf.constant(1.0))


def other_arguments_error(tf):
    tf.estimator.Estimator(lambda features, extra: None, tempfile.mkdtemp())


def untrained_error(tf):
    _model(tf).get_variable_names()
