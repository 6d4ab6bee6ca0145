"""tf.metrics: values and updates over several batches."""

import numpy as np

LABELS = [np.array([1, 0, 1, 1], np.int64), np.array([0, 0, 1, 0], np.int64)]
SCORES = [np.array([0.9, 0.2, 0.4, 0.7], np.float32), np.array([0.6, 0.1, 0.8, 0.3], np.float32)]
WEIGHTS = np.array([1.0, 0.5, 2.0, 0.0], np.float32)


def _streamed(tf, metric, label_type=None, score=None, **arguments):
    """Two batches: the updates' results, and the value after each."""
    labels = tf.placeholder(label_type or tf.float32, [None], name="labels")
    scores = tf.placeholder(tf.float32, [None], name="scores")
    predictions = scores if score is None else score(scores)
    value, update = metric(labels, predictions, updates_collections="updates", **arguments)
    result = {
        "names": [value.name, update.name],
        "variables": [v.name for v in tf.local_variables()],
        "collected": [t.name for t in tf.get_collection("updates")],
    }
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        result["before"] = session.run(value)
        for i in range(2):
            feed = {labels: LABELS[i], scores: SCORES[i]}
            result["update%d" % i] = session.run(update, feed)
            result["value%d" % i] = session.run(value)
    return result


def accuracy(tf):
    return _streamed(tf, tf.metrics.accuracy, tf.int64, lambda s: tf.cast(s > 0.5, tf.int64))


def accuracy_weighted(tf):
    return _streamed(tf, tf.metrics.accuracy, tf.int32, tf.round, weights=WEIGHTS, name="acc")


def mean(tf):
    return _streamed(tf, lambda labels, scores, **more: tf.metrics.mean(scores, **more))


def mean_weighted(tf):
    return _streamed(tf, lambda labels, scores, **more: tf.metrics.mean(scores, labels, **more))


def mean_tensor(tf):
    values = tf.placeholder(tf.float32, [2])
    value, update = tf.metrics.mean_tensor(values)
    return {"update": update, "feed": {values: [1.0, 3.0]}, "name": value.name}


def percentage_below(tf):
    return _streamed(
        tf, lambda labels, scores, **more: tf.metrics.percentage_below(scores, 0.5, **more)
    )


def mean_squares(tf):
    return _streamed(tf, tf.metrics.mean_squared_error)


def root_mean_squares(tf):
    return _streamed(tf, tf.metrics.root_mean_squared_error, weights=2.0)


def mean_differences(tf):
    return _streamed(tf, tf.metrics.mean_absolute_error)


def mean_relative_differences(tf):
    return _streamed(
        tf, tf.metrics.mean_relative_error, normalizer=tf.constant([1.0, 2.0, 0.0, 4.0])
    )


def mean_cosine_distance(tf):
    return _streamed(tf, tf.metrics.mean_cosine_distance, dim=0)


def mean_per_class_accuracy(tf):
    return _streamed(tf, tf.metrics.mean_per_class_accuracy, tf.int64, tf.round, num_classes=2)


def mean_iou(tf):
    return _streamed(tf, tf.metrics.mean_iou, tf.int64, tf.round, num_classes=2)


def precision(tf):
    return _streamed(tf, tf.metrics.precision, tf.int64, tf.round)


def precision_weighted(tf):
    return _streamed(tf, tf.metrics.precision, tf.int64, tf.round, weights=WEIGHTS)


def recall(tf):
    return _streamed(tf, tf.metrics.recall, tf.int64, tf.round, name="r")


def true_positives(tf):
    return _streamed(tf, tf.metrics.true_positives, tf.bool, tf.round)


def true_negatives(tf):
    return _streamed(tf, tf.metrics.true_negatives, tf.bool, tf.round)


def false_positives(tf):
    return _streamed(tf, tf.metrics.false_positives, tf.bool, tf.round)


def false_negatives(tf):
    return _streamed(tf, tf.metrics.false_negatives, tf.bool, tf.round, weights=WEIGHTS)


def true_positives_at_thresholds(tf):
    return _streamed(tf, tf.metrics.true_positives_at_thresholds, tf.bool, thresholds=[0.3, 0.5])


def false_negatives_at_thresholds(tf):
    return _streamed(tf, tf.metrics.false_negatives_at_thresholds, tf.bool, thresholds=[0.3, 0.5])


def precision_at_thresholds(tf):
    return _streamed(tf, tf.metrics.precision_at_thresholds, tf.bool, thresholds=[0.3, 0.5])


def recall_at_thresholds(tf):
    return _streamed(tf, tf.metrics.recall_at_thresholds, tf.bool, thresholds=[0.3, 0.5])


def auc(tf):
    return _streamed(tf, tf.metrics.auc, tf.bool)


def auc_weighted(tf):
    return _streamed(tf, tf.metrics.auc, tf.bool, weights=WEIGHTS, num_thresholds=20, name="area")


def auc_of_precision_and_recall(tf):
    return _streamed(
        tf,
        tf.metrics.auc,
        tf.bool,
        curve="PR",
        summation_method="careful_interpolation",
        num_thresholds=9,
    )


def auc_majoring(tf):
    return _streamed(
        tf, tf.metrics.auc, tf.bool, summation_method="majoring", thresholds=[0.7, 0.3]
    )


def sensitivity_at_specificity(tf):
    return _streamed(
        tf, tf.metrics.sensitivity_at_specificity, tf.bool, specificity=0.6, num_thresholds=10
    )


def specificity_at_sensitivity(tf):
    return _streamed(
        tf, tf.metrics.specificity_at_sensitivity, tf.bool, sensitivity=0.6, num_thresholds=10
    )


def auc_range_error(tf):
    scores = tf.placeholder(tf.float32, [2])
    _, update = tf.metrics.auc([True, False], scores)
    return {"update": update, "feed": {scores: [0.5, 1.5]}}


def auc_curve_error(tf):
    return {"update": tf.metrics.auc([True], tf.constant([0.5]), curve="X")[1]}


def accuracy_shapes_error(tf):
    return {"update": tf.metrics.accuracy([1, 2], [1, 2, 3])[1]}
