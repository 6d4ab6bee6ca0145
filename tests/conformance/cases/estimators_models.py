"""`tf.estimator`'s own models: linear, deep, both together; classes and numbers."""

import os
import tempfile

import numpy as np

X = np.linspace(-1, 1, 40).reshape(20, 2).astype(np.float32)
WORDS = np.array([["a"], ["b"], ["c"], ["b"], ["z"]] * 4)
CLASSES = np.arange(20) % 3
COMBINED = "DNNLinearCombined"


def _columns(tf):
    fc = tf.feature_column
    word = fc.categorical_column_with_vocabulary_list("word", ["a", "b", "c"])
    number = fc.numeric_column("x", shape=[2])
    return word, number, [number, fc.embedding_column(word, 2)]


def _made(tf, kind, **options):
    word, number, dense = _columns(tf)
    if kind.startswith(COMBINED):
        options.update(
            linear_feature_columns=[word, number], dnn_feature_columns=dense, dnn_hidden_units=[3]
        )
    elif kind.startswith("DNN"):
        options.update(feature_columns=dense, hidden_units=[4, 3])
    else:
        options.update(feature_columns=[word, number])
    options.setdefault("model_dir", tempfile.mkdtemp())
    return getattr(tf.estimator, kind)(**options)


def _built(tf, kind, mode, labels, **options):
    """The graph of a model function, in the graph of the case."""
    tf.set_random_seed(3)
    tf.train.get_or_create_global_step()
    features = {
        "x": tf.constant(X),
        "word": tf.constant(WORDS),
        "weight": tf.constant(np.linspace(0.5, 2, 20).astype(np.float32)),
    }
    model = _made(tf, kind, **options)
    labels = None if labels is None else tf.constant(labels)
    return model.model_fn(features, labels, mode, model.config)


def _evaluated(spec):
    updates = {key: spec.eval_metric_ops[key][1] for key in sorted(spec.eval_metric_ops)}
    return {"loss": spec.loss, "updates": updates, "found": _found(spec)}


def _found(spec):
    return {key: spec.predictions[key] for key in sorted(spec.predictions)}


def deep_classes_trained(tf):
    spec = _built(tf, "DNNClassifier", "train", CLASSES, n_classes=3, dropout=0.2, optimizer="Adam")
    return {"loss": spec.loss}


def deep_classes_evaluated(tf):
    return _evaluated(_built(tf, "DNNClassifier", "eval", CLASSES, n_classes=3, batch_norm=True))


def deep_words_evaluated(tf):
    words = np.array(["no", "yes", "maybe"])[CLASSES]
    spec = _built(
        tf,
        "DNNClassifier",
        "eval",
        words,
        n_classes=3,
        label_vocabulary=["no", "yes", "maybe"],
        weight_column="weight",
    )
    return _evaluated(spec)


def deep_numbers_trained(tf):
    spec = _built(tf, "DNNRegressor", "train", X, label_dimension=2, optimizer="SGD")
    return {"loss": spec.loss}


def deep_numbers_asked(tf):
    return _found(_built(tf, "DNNRegressor", "infer", None))


def linear_classes_trained(tf):
    spec = _built(tf, "LinearClassifier", "train", CLASSES, n_classes=3)
    return {"loss": spec.loss}


def linear_two_classes_evaluated(tf):
    spec = _built(tf, "LinearClassifier", "eval", CLASSES % 2, weight_column="weight")
    return _evaluated(spec)


def linear_numbers_evaluated(tf):
    spec = _built(tf, "LinearRegressor", "eval", X, label_dimension=2, weight_column="weight")
    return _evaluated(spec)


def combined_two_classes_trained(tf):
    spec = _built(tf, "DNNLinearCombinedClassifier", "train", CLASSES % 2, dnn_dropout=0.5)
    return {"loss": spec.loss}


def combined_numbers_asked(tf):
    return _found(_built(tf, "DNNLinearCombinedRegressor", "infer", None, label_dimension=2))


def trained_from_arrays(tf):
    found = {}
    for kind in ["DNNClassifier", "LinearClassifier", "DNNLinearCombinedClassifier"]:
        config = tf.estimator.RunConfig(model_dir=tempfile.mkdtemp(), tf_random_seed=5)
        model = _made(tf, kind, config=config, model_dir=None, n_classes=3)

        def inputs(epochs):
            return tf.estimator.inputs.numpy_input_fn(
                {"x": X, "word": WORDS}, CLASSES, batch_size=5, num_epochs=epochs, shuffle=False
            )

        model.train(inputs(None), steps=12)
        results = model.evaluate(inputs(1))
        asked = list(model.predict(inputs(1)))
        found[kind] = {
            "names": model.get_variable_names(),
            "results": [results[key] for key in sorted(results)],
            "chosen": [each["classes"] for each in asked],
            "probabilities": [each["probabilities"] for each in asked],
            "kept": sorted(name for name in os.listdir(model.model_dir) if "index" in name),
        }
    return found


def labels_of_another_width_error(tf):
    _built(tf, "DNNClassifier", "train", X, n_classes=3)


def a_class_too_many_error(tf):
    spec = _built(tf, "LinearClassifier", "eval", CLASSES, n_classes=2)
    return {"loss": spec.loss}


def no_such_optimizer_error(tf):
    _built(tf, "DNNClassifier", "train", CLASSES, n_classes=3, optimizer="Nesterov")


def no_columns_error(tf):
    tf.estimator.DNNLinearCombinedRegressor()
