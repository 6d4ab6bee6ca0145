"""Reductions, scans, segments, histograms: nodes, shapes, values, gradients."""

import numpy as np

X = np.array([[1.5, -2.0, 0.5], [3.0, 0.25, -1.0]])
CUBE = np.arange(24).reshape(2, 3, 4) / 7.0 - 1.5


def _reductions(tf):
    return [
        tf.reduce_sum,
        tf.reduce_mean,
        tf.reduce_max,
        tf.reduce_min,
        tf.reduce_prod,
    ]


def all_axes(tf):
    x = tf.constant(X, "float32")
    ys = [reduce(x) for reduce in _reductions(tf)]
    return {"y": ys, "grads": [tf.gradients(y, x) for y in ys]}


def some_axes(tf):
    x = tf.constant(CUBE, "float32")
    ys = [reduce(x, axis) for reduce in _reductions(tf) for axis in (1, [0, 2], -1)]
    return {"y": ys, "grads": [tf.gradients(tf.square(y), x) for y in ys]}


def kept_dimensions(tf):
    x = tf.constant(CUBE, "float32")
    ys = [reduce(x, [1], keepdims=True) for reduce in _reductions(tf)]
    ys += [tf.reduce_sum(x, keepdims=True), tf.reduce_sum(x, [])]
    return {"y": ys, "grads": [tf.gradients(y * y, x) for y in ys]}


def old_argument_names(tf):
    x = tf.constant(X, "float32")
    return {
        "y": [
            tf.reduce_sum(x, reduction_indices=[1], keep_dims=True),
            tf.reduce_mean(x, reduction_indices=0),
            tf.reduce_max(x, 1, keep_dims=True, name="m"),
            tf.argmax(x, dimension=1),
            tf.arg_max(x, 0),
            tf.arg_min(x, dimension=1),
        ],
    }


def second_gradients(tf):
    x = tf.constant(X, "float32")
    ys = [reduce(x * x, 1) for reduce in _reductions(tf)]
    first = [tf.gradients(y, x)[0] for y in ys]
    return {"first": first, "second": [tf.gradients(d, x)[0] for d in first]}


def unknown_sizes(tf):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    ys = [reduce(x, axis) for reduce in _reductions(tf) for axis in (None, 0, 1)]
    return {"y": ys, "grads": [tf.gradients(y, x) for y in ys], "feed": {x: X}}


def unknown_rank(tf):
    x = tf.placeholder(tf.float32, name="x")
    ys = [reduce(x) for reduce in _reductions(tf)] + [tf.reduce_sum(x, 1), tf.reduce_mean(x, [0])]
    return {"y": ys, "grads": [tf.gradients(y, x) for y in ys], "feed": {x: X}}


def unknown_axes(tf):
    x = tf.constant(X, "float32")
    axes = tf.placeholder(tf.int32, [1])
    scalar = tf.placeholder(tf.int32, [])
    ys = [tf.reduce_sum(x, axes), tf.reduce_mean(x, axes, keepdims=True), tf.reduce_max(x, scalar)]
    return {
        "y": ys,
        "grads": [tf.gradients(y, x) for y in ys],
        "argmax": tf.argmax(x, scalar),
        "feed": {axes: [1], scalar: 0},
    }


def equal_extrema_share(tf):
    x = tf.constant([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
    ys = [tf.reduce_max(x, 1), tf.reduce_min(x, 1), tf.reduce_max(x)]
    return {"y": ys, "grads": [tf.gradients(y, x) for y in ys]}


def products_with_zeros(tf):
    x = tf.constant([[1.0, 0.0, 3.0], [0.0, 2.0, 0.0], [1.0, 2.0, 3.0]])
    y = tf.reduce_prod(x, 1)
    return {"y": y, "grad": tf.gradients(y, x)}


def integers(tf):
    x = tf.constant([[-1, -2, -4], [3, 5, 6]])
    return {
        "y": [reduce(x, 1) for reduce in _reductions(tf)],
        "all": [reduce(x) for reduce in _reductions(tf)],
    }


def truth_values(tf):
    x = tf.constant([[True, False, True], [True, True, True]])
    return {
        "y": [
            tf.reduce_all(x),
            tf.reduce_any(x),
            tf.reduce_all(x, 1),
            tf.reduce_any(x, 0, keepdims=True),
            tf.reduce_all(x, [0, 1]),
        ],
    }


def positions(tf):
    x = tf.constant(CUBE * np.array([1, -1, 1, -1]), "float32")
    return {
        "y": [
            tf.argmax(x),
            tf.argmax(x, 1),
            tf.argmax(x, -1, output_type=tf.int32),
            tf.argmin(x, axis=2, name="low"),
            tf.argmax([3, 1, 3]),
        ],
        "shape": tf.argmax(tf.placeholder_with_default(np.float32(X), [None, 3]), 1),
    }


def nothing_to_reduce(tf):
    x = tf.placeholder(tf.float32, [0, 3])
    return {
        "y": [
            tf.reduce_sum(x, 0),
            tf.reduce_max(x, 0),
            tf.reduce_min(x, 0),
            tf.reduce_prod(x, 0),
            tf.reduce_mean(x, 0),
            tf.reduce_sum(x, 1),
        ],
        "feed": {x: np.zeros((0, 3))},
    }


def logsumexp_and_friends(tf):
    x = tf.constant(X, "float32")
    ys = [
        tf.reduce_logsumexp(x),
        tf.reduce_logsumexp(x, 1),
        tf.reduce_logsumexp(x, [0], keepdims=True),
        tf.math.reduce_variance(x, 1),
        tf.math.reduce_std(x),
        tf.reduce_sum(tf.cast(tf.count_nonzero(x, 0), tf.float32)) + tf.reduce_sum(x),
    ]
    return {
        "y": ys,
        "grads": [tf.gradients(y, x) for y in ys],
        "norm": tf.math.reduce_euclidean_norm(x, 1),
        "counts": [tf.count_nonzero(x), tf.count_nonzero(["a", ""], dtype=tf.int32)],
        "far": tf.reduce_logsumexp([1000.0, 1001.0]),
        "lowest": tf.reduce_logsumexp([-np.inf, -np.inf]),
    }


def logsumexp_of_unknown_rank(tf):
    x = tf.placeholder(tf.float32)
    y = tf.reduce_logsumexp(x)
    return {"y": y, "grad": tf.gradients(y, x), "feed": {x: X}}


def axis_out_of_range_error(tf):
    return {"y": tf.reduce_sum(tf.constant(X), 2)}


def axis_fed_out_of_range_error(tf):
    axis = tf.placeholder(tf.int32, [])
    return {"y": tf.reduce_sum(tf.constant(X), axis), "feed": {axis: 2}}


def two_names_of_an_axis_error(tf):
    return {"y": tf.reduce_sum(tf.constant(X), axis=1, reduction_indices=1)}


def argmax_of_nothing_error(tf):
    x = tf.placeholder(tf.float32, [None])
    return {"y": tf.argmax(x), "feed": {x: []}}


def argmax_axis_error(tf):
    return {"y": tf.argmax(tf.constant(X), 2)}


def scans(tf):
    x = tf.constant(X, "float32")
    ys = []
    for exclusive in (False, True):
        for reverse in (False, True):
            flags = {"exclusive": exclusive, "reverse": reverse}
            ys.append(tf.cumsum(x, 1, **flags))
            ys.append(tf.cumprod(x, -2, **flags))
    ys.append(tf.cumsum(x))
    ys.append(tf.math.cumulative_logsumexp(x, 1))
    return {"y": ys, "grads": [tf.gradients(tf.square(y), x) for y in ys]}


def logsumexp_scans(tf):
    x = tf.constant(X[0], "float32")
    return {
        "y": [
            tf.math.cumulative_logsumexp(x, exclusive=e, reverse=r)
            for e in (False, True)
            for r in (False, True)
        ],
    }


def scan_axis_error(tf):
    return {"y": tf.cumsum(tf.constant(X), 2)}


def sorted_segments(tf):
    data = tf.constant([[1.0, 2.0], [3.0, 4.0], [-5.0, 6.0], [7.0, 6.0]])
    ids = tf.constant([0, 0, 2, 2])
    ys = [
        tf.segment_sum(data, ids),
        tf.segment_mean(data, ids),
        tf.segment_max(data, ids),
        tf.segment_min(data, ids),
    ]
    return {
        "y": ys,
        "grads": [tf.gradients(tf.square(y), data) for y in ys],
        "prod": tf.segment_prod(data, ids),
        "ints": tf.segment_mean(tf.constant([1, 2, 5]), [0, 0, 0]),
    }


def unsorted_segments(tf):
    data = tf.constant([[1.0, 2.0], [3.0, 4.0], [-5.0, 6.0], [7.0, 6.0], [0.0, 1.0]])
    ids = tf.constant([3, 0, 3, -1, 0])
    ys = [
        tf.unsorted_segment_sum(data, ids, 4),
        tf.unsorted_segment_mean(data, ids, 4),
        tf.unsorted_segment_sqrt_n(data, ids, 4),
        tf.unsorted_segment_prod(data, ids, 4),
        tf.unsorted_segment_max(data, ids, 4),
        tf.unsorted_segment_min(data, ids, 4),
    ]
    return {"y": ys, "grads": [tf.gradients(y, data) for y in ys]}


def segments_of_a_matrix_of_ids(tf):
    data = tf.constant(CUBE, "float32")
    ids = tf.constant([[0, 1, 0], [2, 2, 1]])
    count = tf.placeholder(tf.int32, [])
    y = tf.unsorted_segment_sum(data, ids, count)
    return {"y": y, "grad": tf.gradients(y * y, data), "feed": {count: 3}}


def sparse_segments(tf):
    data = tf.constant([[1.0, 2.0], [3.0, 4.0], [-5.0, 6.0]])
    rows = tf.constant([0, 2, 1, 1])
    ids = tf.constant([0, 0, 1, 3])
    ys = [
        tf.sparse_segment_sum(data, rows, ids),
        tf.sparse_segment_mean(data, rows, ids),
        tf.sparse_segment_sqrt_n(data, rows, ids),
        tf.sparse_segment_sum(data, rows, ids, num_segments=5),
        tf.sparse_segment_mean(data, rows, ids, num_segments=5, name="m"),
        tf.sparse_segment_sqrt_n(data, rows, ids, num_segments=5),
    ]
    return {"y": ys, "grads": [tf.gradients(tf.square(y), data) for y in ys]}


def unsorted_ids_error(tf):
    return {"y": tf.segment_sum([1.0, 2.0], [1, 0])}


def segment_out_of_range_error(tf):
    return {"y": tf.unsorted_segment_sum([1.0, 2.0], [0, 5], 3)}


def row_out_of_range_error(tf):
    return {"y": tf.sparse_segment_sum([[1.0], [2.0]], [0, 7], [0, 0])}


def counts(tf):
    values = tf.constant([1, 1, 2, 3, 2, 4, 4, 5])
    weights = tf.constant([1.0, 5, 0, 1, 0, 5, 4, 5])
    return {
        "y": [
            tf.bincount(values),
            tf.bincount(values, weights),
            tf.bincount(values, minlength=8),
            tf.bincount(values, maxlength=3, dtype=tf.float32),
            tf.bincount(tf.constant([], tf.int32)),
        ],
        "grad": tf.gradients(tf.bincount(values, weights), weights),
    }


def negative_counts_error(tf):
    return {"y": tf.bincount([-1, 2])}


def histograms(tf):
    values = [-1.0, 0.0, 1.5, 2.0, 5.0, 15.0]
    return {
        "y": [
            tf.histogram_fixed_width(values, [0.0, 5.0], nbins=5),
            tf.histogram_fixed_width(values, [0.0, 5.0], nbins=3, dtype=tf.int64),
            tf.histogram_fixed_width_bins(values, [0.0, 5.0], nbins=5),
        ],
    }


def clipping(tf):
    x = tf.constant(X, "float32")
    ys = [
        tf.clip_by_value(x, -0.5, 1.0),
        tf.clip_by_value(x, [[-1.0, 0.0, 0.5]], 2.0, name="c"),
        tf.clip_by_norm(x, 1.5),
        tf.clip_by_norm(x, 1.5, axes=[1]),
        tf.clip_by_norm(x, 100.0),
        tf.clip_by_average_norm(x, 0.1),
        tf.clip_by_norm(tf.zeros([2]), 1.0),
    ]
    return {"y": ys, "grads": [tf.gradients(y, x) for y in ys[:-1]]}


def clipping_by_the_global_norm(tf):
    x = tf.constant(X, "float32")
    y = tf.constant([1.0, 2.0])
    slices = tf.IndexedSlices(tf.constant([[1.0, 2.0]]), tf.constant([3]), tf.constant([5, 2]))
    clipped, norm = tf.clip_by_global_norm([x, None, y, slices], 1.0)
    same, _ = tf.clip_by_global_norm([x, y], 100.0, name="g")
    used, _ = tf.clip_by_global_norm([x], 1.0, use_norm=tf.constant(2.0))
    return {
        "clipped": [c for c in clipped if c is not None],
        "none": clipped[1] is None,
        "norm": norm,
        "same": same,
        "used": used,
        "alone": tf.global_norm([x, y]),
        "infinite": tf.clip_by_global_norm([x / 0.0], 1.0)[0],
    }


def clipping_in_training(tf):
    w = tf.Variable([3.0, 4.0], name="w")
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    grads, variables = zip(*optimizer.compute_gradients(tf.reduce_sum(w * w)))
    clipped, _ = tf.clip_by_global_norm(grads, 1.0)
    step = optimizer.apply_gradients(zip(clipped, variables))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(step)
        return {"w": session.run(w)}


def clip_bounds_too_large_error(tf):
    return {"y": tf.clip_by_value(tf.constant([1.0, 2.0]), tf.zeros([2, 2]), 1.0)}


def clip_of_a_tensor_error(tf):
    return {"y": tf.clip_by_global_norm(tf.constant([1.0]), 1.0)}


def confusion(tf):
    labels = tf.constant([1, 2, 4, 2])
    predictions = tf.constant([2, 2, 4, 0])
    fed = tf.placeholder(tf.int32, [None])
    return {
        "y": [
            tf.confusion_matrix(labels, predictions),
            tf.confusion_matrix(labels, predictions, num_classes=6, dtype=tf.float32),
            tf.confusion_matrix(labels, predictions, weights=[0.5, 1.0, 2.0, 3.0], dtype=tf.double),
            tf.confusion_matrix([[1], [0]], [1, 1], name="c"),
            tf.math.confusion_matrix(fed, predictions),
        ],
        "feed": {fed: [0, 1, 2, 3]},
    }


def confusion_out_of_range_error(tf):
    fed = tf.placeholder(tf.int32, [None])
    return {"y": tf.confusion_matrix(fed, [1, 2], num_classes=3), "feed": {fed: [0, 3]}}


def sorting(tf):
    x = tf.constant(CUBE * np.array([1.0, -1.0, 2.0, -0.5]), "float32")
    fed = tf.placeholder(tf.float32)
    return {
        "y": [
            tf.sort(x),
            tf.sort(x, axis=1, direction="DESCENDING"),
            tf.sort(x, axis=-3, name="s"),
            tf.argsort(x),
            tf.argsort(x, axis=0, direction="DESCENDING"),
            tf.sort(fed, axis=0),
        ],
        "grad": tf.gradients(tf.square(tf.sort(x, 1)), x),
        "feed": {fed: X},
    }


def sort_direction_error(tf):
    return {"y": tf.sort([1.0, 2.0], direction="UP")}


def rolling(tf):
    x = tf.constant(X, "float32")
    y = tf.roll(x, [1, -1], [0, 1])
    return {"y": [y, tf.manip.roll(x, 2, 1, name="r")], "grad": tf.gradients(y * y, x)}
