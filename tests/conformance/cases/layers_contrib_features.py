"""tf.contrib.layers: separable convolutions, volumes, norms of groups, encoders, feature maps."""

import numpy as np


def _images(*shape):
    return np.linspace(-1.0, 1.0, int(np.prod(shape))).reshape(shape).astype(np.float32)


def _scattered(*shape):
    return ((np.arange(np.prod(shape)) * 37 % 41 - 20) / 20).reshape(shape).astype(np.float32)


def _weighted(tf, *outputs):
    """A sum of outputs in which none cancels, as the plain sum of normalized numbers does."""
    weights = [_images(*[n or 2 for n in y.shape.as_list()]) for y in outputs]
    return tf.add_n([tf.reduce_sum(y * (w * w * w)) for y, w in zip(outputs, weights)])


def separable(tf):
    tf.set_random_seed(3)
    layers = tf.contrib.layers
    x = tf.placeholder(tf.float32, [None, 6, 5, 3], name="x")
    y = layers.separable_conv2d(
        x,
        4,
        [3, 3],
        depth_multiplier=2,
        normalizer_fn=layers.batch_norm,
        normalizer_params={"is_training": False},
        weights_regularizer=layers.l2_regularizer(0.1),
        variables_collections=["kept"],
    )
    z = layers.separable_conv2d(y, 2, 3, stride=2, scope="second", activation_fn=None)
    return {
        "y": y,
        "z": z,
        "dx": tf.gradients(z, x),
        "losses": tf.losses.get_regularization_losses(),
        "kept": [v.op.name for v in tf.get_collection("kept")],
        "feed": {x: _images(2, 6, 5, 3)},
    }


def separable_without_mixing(tf):
    tf.set_random_seed(3)
    layers = tf.contrib.layers
    x = tf.placeholder(tf.float32, [2, 6, 5, 3], name="x")
    y = layers.separable_convolution2d(x, None, [3, 3], 2, [1, 1], rate=2, scope="plain")
    z = layers.separable_conv2d(y, None, 3, normalizer_fn=layers.layer_norm, activation_fn=None)
    return {
        "y": y,
        "z": z,
        "dx": tf.gradients(_weighted(tf, z), x),
        "feed": {x: _images(2, 6, 5, 3)},
    }


def in_plane(tf):
    tf.set_random_seed(3)
    x = tf.placeholder(tf.float32, [2, 6, 5, 3], name="x")
    y = tf.contrib.layers.conv2d_in_plane(x, [2, 3], stride=2)
    return {"y": y, "dx": tf.gradients(y, x), "feed": {x: _images(2, 6, 5, 3)}}


def volumes(tf):
    tf.set_random_seed(3)
    layers = tf.contrib.layers
    x = tf.constant(_images(1, 4, 4, 4, 2))
    y = layers.conv3d_transpose(x, 3, [2, 2, 2], 2)
    top = layers.max_pool3d(y, [2, 2, 2])
    mean = layers.avg_pool3d(y, 2, 1, padding="SAME", scope="mean")
    return {"y": y, "top": top, "mean": mean, "dx": tf.gradients([y, top, mean], x)}


def volumes_in_no_format_error(tf):
    return tf.contrib.layers.max_pool3d(tf.zeros([1, 4, 4, 4, 2]), 2, data_format="NHWC")


def pools(tf):
    layers = tf.contrib.slim
    x = tf.constant(_images(1, 7, 8, 2))
    return {
        "top": layers.pool(x, 3, "MAX", stride=2),
        "gaps": layers.pool(x, [2, 2], "AVG", dilation_rate=2, scope="gaps"),
        "sequence": layers.pool(x[0], 2, "MAX"),
    }


def pool_of_a_vector_error(tf):
    return tf.contrib.slim.pool(tf.zeros([3]), 2, "MAX")


def instances(tf):
    layers = tf.contrib.layers
    x = tf.placeholder(tf.float32, [None, 4, 3, 2], name="x")
    y = layers.instance_norm(x, activation_fn=tf.nn.relu, variables_collections=["kept"])
    first = layers.instance_norm(x, data_format="NCHW", center=False, scope="first")
    plain = layers.instance_norm(x, scale=False, epsilon=0.1)
    given = layers.instance_norm(x, param_initializers={"gamma": tf.constant_initializer(2.0)})
    return {
        "y": y,
        "first": first,
        "plain": plain,
        "given": given,
        "dx": tf.gradients(_weighted(tf, y, first, plain), x),
        "kept": [v.op.name for v in tf.get_collection("kept")],
        "feed": {x: _scattered(2, 4, 3, 2)},
    }


def instances_of_unknown_rank_error(tf):
    return tf.contrib.layers.instance_norm(tf.placeholder(tf.float32))


def groups(tf):
    layers = tf.contrib.layers
    x = tf.placeholder(tf.float32, [None, 4, 3, 6], name="x")
    y = layers.group_norm(x, 3)
    first = layers.group_norm(x, 2, channels_axis=1, reduction_axes=[2, 3], scope="first")
    near = layers.group_norm(x, 2, mean_close_to_zero=True, center=False, scale=False)
    return {
        "y": y,
        "first": first,
        "near": near,
        "dx": tf.gradients(_weighted(tf, y, first, near), x),
        "feed": {x: _scattered(2, 4, 3, 6)},
    }


def groups_that_do_not_fit_error(tf):
    return tf.contrib.layers.group_norm(tf.zeros([2, 4, 4, 6]), 4)


def groups_reduced_along_channels_error(tf):
    return tf.contrib.layers.group_norm(tf.zeros([2, 4, 4, 6]), 3, reduction_axes=[-1])


def images_and_sequences(tf):
    layers = tf.contrib.layers
    x = tf.constant(_images(2, 3, 4, 2))
    y = layers.images_to_sequence(x)
    first = layers.images_to_sequence(x, data_format="NCHW", scope="first")
    return {
        "y": y,
        "first": first,
        "back": layers.sequence_to_images(y, 3),
        "back_first": layers.sequence_to_images(y, 3, output_data_format="channels_first"),
    }


def places(tf):
    layers = tf.contrib.layers
    x = tf.placeholder(tf.float32, [None, 4, 3, 2], name="x")
    y = layers.spatial_softmax(x)
    first = layers.spatial_softmax(x, temperature=0.5, data_format="NCHW", trainable=False)
    return {
        "y": y,
        "first": first,
        "dx": tf.gradients([y, first], x),
        "trained": [v.op.name for v in tf.trainable_variables()],
        "feed": {x: _images(2, 4, 3, 2)},
    }


def unit_lengths(tf):
    layers = tf.contrib.layers
    x = tf.constant(_images(2, 3, 4))
    return {"first": layers.unit_norm(x, 0), "mid": layers.unit_norm(x, 1, epsilon=0.1)}


def unit_lengths_along_no_dimension_error(tf):
    return tf.contrib.layers.unit_norm(tf.zeros([2, 3]), 2)


def maxima_of_features(tf):
    x = tf.placeholder(tf.float32, [None, 3, 6], name="x")
    layers = tf.contrib.layers
    feed = {x: _images(2, 3, 6) ** 2}
    return {"y": layers.maxout(x, 2), "other": layers.maxout(x, 1, axis=1), "feed": feed}


def maxima_of_no_groups_error(tf):
    return tf.contrib.layers.maxout(tf.zeros([2, 5]), 3)


def sparse_rows(tf):
    rows = tf.contrib.layers.dense_to_sparse([[1, 0, 3], [0, 0, 2]])
    ended = tf.contrib.layers.dense_to_sparse([[1, 9], [9, 9]], eos_token=9)
    return {"rows": rows, "ended": ended}


def bags_of_words(tf):
    layers = tf.contrib.layers
    tf.set_random_seed(3)
    ids = tf.constant([[1, 2, 0], [0, 0, 0], [3, 3, 1]])
    y = layers.bow_encoder(ids, 5, 4)
    dense = layers.bow_encoder(ids, 5, 4, sparse_lookup=False, scope="dense")
    return {"y": y, "dense": dense}


def bag_without_a_size_error(tf):
    return tf.contrib.layers.bow_encoder(tf.constant([[1]]), 0, 4)


def lookups(tf):
    layers = tf.contrib.layers
    table = tf.Variable(_images(5, 3))
    unique = layers.embedding_lookup_unique(table, [[1, 2], [2, 2]])
    ids = tf.SparseTensor([[0, 0], [0, 1], [2, 0]], tf.constant([1, -1, 4], tf.int64), [3, 2])
    safe = layers.safe_embedding_lookup_sparse(table, ids)
    weights = tf.SparseTensor(ids.indices, [0.5, 1.0, 2.0], ids.dense_shape)
    weighted = layers.safe_embedding_lookup_sparse([table], ids, weights, "sqrtn", default_id=2)
    return {
        "unique": unique,
        "safe": safe,
        "weighted": weighted,
        "grad": tf.gradients(unique, table),
    }
