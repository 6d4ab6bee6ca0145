"""tf.contrib.metrics: predictions first, over several batches."""

import numpy as np


def _batches(*placeholders):
    """Feeds of three batches of numbers in (0, 1), and of whole numbers 0 and 1."""
    feeds = []
    for step in range(3):
        feed = {}
        for i, x in enumerate(placeholders):
            n = np.arange(4) + 7 * step + 3 * i
            values = n * 5 % 11 / 11.0
            feed[x] = values if x.dtype.is_floating else (n * 7 % 5 > 2).astype(np.int64)
        feeds.append(feed)
    return feeds


def _pair(tf, dtype=None):
    predictions = tf.placeholder(dtype or tf.float32, [4], name="predictions")
    return predictions, tf.placeholder(dtype or tf.float32, [4], name="labels")


def _updates(feed, **metrics):
    """What the updates give; a value fetched beside its update may be old or new."""
    return {**{name: pair[1] for name, pair in metrics.items()}, "feed": feed}


def streams_of_classes(tf):
    metrics = tf.contrib.metrics
    predictions, labels = _pair(tf, tf.int64)
    made = {}
    for name in (
        "accuracy precision recall true_positives true_negatives false_positives "
        "false_negatives mean_absolute_error mean_squared_error root_mean_squared_error "
        "false_positive_rate false_negative_rate"
    ).split():
        a, b = predictions, labels
        if "error" in name:
            a, b = 0.5 * tf.to_float(a), tf.to_float(b)
        made[name] = getattr(metrics, "streaming_" + name)(a, b)
    made["iou"] = metrics.streaming_mean_iou(
        predictions, labels, 2, tf.constant([1.0, 2.0, 0.5, 1.0])
    )
    return _updates(_batches(predictions, labels), **made)


def streams_of_numbers(tf):
    metrics = tf.contrib.metrics
    x, y = _pair(tf)
    labels = tf.greater(y, 0.5)
    made = {
        "mean": metrics.streaming_mean(x, weights=y),
        "tensor": metrics.streaming_mean_tensor(x),
        "less": metrics.streaming_percentage_less(x, 0.5),
        "relative": metrics.streaming_mean_relative_error(x, y, y + 1.0),
        "auc": metrics.streaming_auc(x, labels, None, 10),
        "precision": metrics.streaming_precision_at_thresholds(x, labels, [0.2, 0.6]),
        "recall": metrics.streaming_recall_at_thresholds(x, labels, thresholds=[0.2, 0.6]),
        "sensitivity": metrics.streaming_sensitivity_at_specificity(x, labels, 0.5, None, 9),
        "specificity": metrics.streaming_specificity_at_sensitivity(x, labels, 0.5),
    }
    return _updates(_batches(x, y), **made)


def counted(tf):
    metrics = tf.contrib.metrics
    x, y = _pair(tf)
    made = {
        "plain": metrics.count(x),
        "weighted": metrics.count(x, y, ["kept"], ["updated"], name="weighted"),
    }
    kept = [t.name for name in ("kept", "updated") for t in tf.get_collection(name)]
    return {"kept": kept, **_updates(_batches(x, y), **made)}


def varying_together(tf):
    metrics = tf.contrib.metrics
    x, y = _pair(tf)
    made = {
        "plain": metrics.streaming_covariance(x, y),
        "weighted": metrics.streaming_covariance(x, y, weights=x),
        "pearson": metrics.streaming_pearson_correlation(x, y),
        "weighted_pearson": metrics.streaming_pearson_correlation(x, y, weights=y, name="w"),
    }
    return _updates(_batches(x, y), **made)


def best_f1(tf):
    x, y = _pair(tf)
    value = tf.contrib.metrics.f1_score(tf.greater(y, 0.4), x, num_thresholds=8)
    return _updates(_batches(x, y), value=value)


def among_the_best(tf):
    labels = tf.constant([0, 2, 1])
    logits = tf.constant([[0.5, 0.2, 0.1], [0.3, 0.2, 0.1], [0.1, 0.5, 0.6]])
    return {"update": tf.contrib.metrics.streaming_recall_at_k(logits, labels, 2)[1]}


def cosines(tf):
    x = tf.nn.l2_normalize(tf.constant([[1.0, 2.0], [3.0, 1.0]]), 1)
    y = tf.nn.l2_normalize(tf.constant([[2.0, 2.0], [1.0, 5.0]]), 1)
    return {"update": tf.contrib.metrics.streaming_mean_cosine_distance(x, y, 1)[1]}


def concatenated(tf):
    metrics = tf.contrib.metrics
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    feeds = [{x: np.arange(2 * n).reshape(n, 2)} for n in (2, 3, 1)]
    _, update = metrics.streaming_concat(x)
    _, short_update = metrics.streaming_concat(x, max_size=3, name="short")
    return {"update": update, "short_update": short_update, "feed": feeds}


def concatenated_along_no_axis_error(tf):
    return tf.contrib.metrics.streaming_concat(tf.zeros([2, 3]), axis=2)


def of_one_batch(tf):
    accuracy = tf.contrib.metrics.accuracy
    a, b = tf.constant([1, 2, 3]), tf.constant([1, 0, 3])
    return {"plain": accuracy(a, b), "weighted": accuracy(a, b, [1.0, 2.0, 4.0])}


def of_one_batch_of_floats_error(tf):
    return tf.contrib.metrics.accuracy(tf.constant([1.0]), tf.constant([1.0]))


def aggregated(tf):
    metrics = tf.contrib.slim.metrics
    x, y = _pair(tf)
    pair = metrics.streaming_mean(x), metrics.streaming_mean(y, name="other")
    values, updates = metrics.aggregate_metrics(*pair)
    by_name = metrics.aggregate_metric_map({"a": pair[0], "b": pair[1]})
    names = [value.name for value in [*values, *by_name[0].values()]]
    return {"names": names, "updates": updates, "by_name": by_name[1], "feed": _batches(x, y)}


def aggregated_of_none_error(tf):
    return tf.contrib.metrics.aggregate_metrics()
