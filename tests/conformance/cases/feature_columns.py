"""Feature columns: `input_layer`, `linear_model`, and what they are made of."""

import os
import tempfile

import numpy as np


def _features(tf):
    return {
        "age": tf.constant([[23.0], [45.0], [67.0]]),
        "two": tf.constant([[1, 2], [3, 4], [5, 6]]),
        "word": tf.constant(["a", "b", "zz"]),
        "words": tf.SparseTensor([[0, 0], [0, 1], [2, 0]], tf.constant(["b", "a", "c"]), [3, 2]),
        "number": tf.constant([[3], [-1], [1]], tf.int64),
        "weights": tf.SparseTensor([[0, 0], [0, 1], [2, 0]], [0.5, 2.0, 3.0], [3, 2]),
    }


def _categorical(tf):
    fc = tf.feature_column
    return {
        "listed": fc.categorical_column_with_vocabulary_list("words", ["a", "b", "c"]),
        "oov": fc.categorical_column_with_vocabulary_list("word", ["a", "b"], num_oov_buckets=2),
        "hashed": fc.categorical_column_with_hash_bucket("words", 5),
        "hashed_int": fc.categorical_column_with_hash_bucket("number", 5, tf.int64),
        "identity": fc.categorical_column_with_identity("number", 4),
        "default": fc.categorical_column_with_identity("number", 2, default_value=0),
        "ints": fc.categorical_column_with_vocabulary_list("number", [1, 3, 7], default_value=2),
    }


def numeric(tf):
    fc = tf.feature_column
    columns = [
        fc.numeric_column("two", shape=2, dtype=tf.int32),
        fc.numeric_column("age", normalizer_fn=lambda x: (x - 40.0) / 10.0),
    ]
    parts, variables = {}, {}
    layer = fc.input_layer(
        _features(tf), columns, cols_to_output_tensors=parts, cols_to_vars=variables
    )
    return {
        "layer": layer,
        "part": parts[columns[0]],
        "variables": [len(v) for v in variables.values()],
    }


def bucketized(tf):
    fc = tf.feature_column
    age = fc.bucketized_column(fc.numeric_column("age"), [30.0, 45.0, 60.0])
    two = fc.bucketized_column(fc.numeric_column("two", 2), (2, 5))
    return {"layer": fc.input_layer(_features(tf), [age, two])}


def _indicators(tf, name):
    fc = tf.feature_column
    return {"layer": fc.input_layer(_features(tf), fc.indicator_column(_categorical(tf)[name]))}


def indicator_listed(tf):
    return _indicators(tf, "listed")


def indicator_oov(tf):
    return _indicators(tf, "oov")


def indicator_hashed(tf):
    return _indicators(tf, "hashed")


def indicator_hashed_int(tf):
    return _indicators(tf, "hashed_int")


def indicator_identity(tf):
    return _indicators(tf, "identity")


def indicator_default(tf):
    return _indicators(tf, "default")


def indicator_ints(tf):
    return _indicators(tf, "ints")


def indicator_weighted(tf):
    fc = tf.feature_column
    weighted = fc.weighted_categorical_column(_categorical(tf)["listed"], "weights")
    return {"layer": fc.input_layer(_features(tf), [fc.indicator_column(weighted)])}


def embedding(tf):
    fc = tf.feature_column
    tf.set_random_seed(3)
    columns = _categorical(tf)
    variables = {}
    wanted = [
        fc.embedding_column(columns["listed"], 3),
        fc.embedding_column(columns["hashed_int"], 2, combiner="sum", trainable=False),
        fc.numeric_column("age"),
    ]
    layer = fc.input_layer(_features(tf), wanted, cols_to_vars=variables)
    loss = tf.reduce_sum(layer)
    return {
        "layer": layer,
        "variables": [variables[column] for column in wanted],
        "grads": tf.gradients(loss, tf.trainable_variables()),
        "collected": [
            len(tf.get_collection(k)) for k in ("model_variables", "trainable_variables")
        ],
    }


def embedding_weighted(tf):
    fc = tf.feature_column
    weighted = fc.weighted_categorical_column(_categorical(tf)["listed"], "weights")
    start = tf.constant_initializer(np.arange(6, dtype=np.float32).reshape(3, 2))
    column = fc.embedding_column(weighted, 2, initializer=start, max_norm=3.0)
    return {"layer": fc.input_layer(_features(tf), [column])}


def embedding_shared(tf):
    fc = tf.feature_column
    tf.set_random_seed(3)
    columns = [
        fc.categorical_column_with_vocabulary_list("words", ["a", "b", "c"]),
        fc.categorical_column_with_vocabulary_list("word", ["a", "b", "zz"]),
    ]
    shared = fc.shared_embedding_columns(columns, 2)
    return {"layer": fc.input_layer(_features(tf), shared), "names": [c.name for c in shared]}


def crossed(tf):
    fc = tf.feature_column
    age = fc.bucketized_column(fc.numeric_column("age"), [30.0, 60.0])
    column = fc.crossed_column([age, "words"], 50)
    nested = fc.crossed_column([column, "word"], 20, hash_key=5)
    layer = fc.input_layer(
        _features(tf), [fc.indicator_column(column), fc.indicator_column(nested)]
    )
    return {"layer": layer, "names": [column.name, nested.name]}


def vocabulary_file(tf):
    fc = tf.feature_column
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "words.txt")
    with open(path, "w") as file:
        file.write("a\nb\nc\n")
    with tf.Graph().as_default(), tf.Session() as sess:
        column = fc.categorical_column_with_vocabulary_file("words", path)
        more = fc.categorical_column_with_vocabulary_file("word", path, 2, num_oov_buckets=1)
        columns = [fc.indicator_column(column), fc.indicator_column(more)]
        layer = fc.input_layer(_features(tf), columns)
        sess.run(tf.tables_initializer())
        names = [op.name for op in tf.get_default_graph().get_operations()]
        return {"value": sess.run(layer), "size": column.vocabulary_size, "names": names}


def linear(tf):
    fc = tf.feature_column
    columns = _categorical(tf)
    variables = {}
    wanted = [
        fc.numeric_column("age"),
        fc.bucketized_column(fc.numeric_column("two", 2), [2.0, 5.0]),
        columns["listed"],
        fc.embedding_column(columns["identity"], 2, initializer=tf.ones_initializer()),
    ]
    model = fc.linear_model(_features(tf), wanted, units=2, cols_to_vars=variables)
    loss = tf.reduce_sum(tf.square(model - 1.0))
    train = tf.train.GradientDescentOptimizer(1e-4).minimize(loss)
    return {
        "model": model,
        "variables": [variables[column] for column in wanted] + [variables["bias"]],
        "train": train,
        "runs": 1,
    }


def linear_twice(tf):
    fc = tf.feature_column
    columns = _categorical(tf)
    wanted = [
        fc.weighted_categorical_column(columns["listed"], "weights"),
        fc.crossed_column(["word", "words"], 10),
    ]
    with tf.variable_scope("outer"):
        first = fc.linear_model(_features(tf), wanted, sparse_combiner="mean")
        second = fc.linear_model(_features(tf), wanted, trainable=False)
    names = [v.name for v in tf.global_variables()]
    return {"first": first, "second": second, "names": names}


def example_spec(tf):
    fc = tf.feature_column
    columns = [
        fc.numeric_column("age", default_value=3.0),
        fc.numeric_column("two", shape=(2, 1), default_value=[[1], [2]], dtype=tf.int64),
        fc.indicator_column(_categorical(tf)["listed"]),
        fc.crossed_column(["word", fc.categorical_column_with_identity("number", 3)], 10),
        fc.weighted_categorical_column(
            fc.categorical_column_with_hash_bucket("more", 5), "weights"
        ),
    ]
    spec = fc.make_parse_example_spec(columns)
    kinds = sorted((key, type(value).__name__, str(value.dtype)) for key, value in spec.items())
    defaults = [spec["age"].default_value, spec["two"].default_value]
    return {"kinds": kinds, "defaults": defaults, "names": [column.name for column in columns]}


def unknown_rank(tf):
    fc = tf.feature_column
    x = tf.placeholder(tf.float32, name="x")
    layer = fc.input_layer({"x": x}, [fc.numeric_column("x")])
    return {"layer": layer, "feed": [{x: [1.0, 2.0]}, {x: [[3.0]]}]}


def placeholders(tf):
    fc = tf.feature_column
    word = tf.placeholder(tf.string, [None], name="word")
    column = fc.categorical_column_with_vocabulary_list("word", ["a", "b"])
    layer = fc.input_layer({"word": word}, [fc.indicator_column(column)])
    return {"layer": layer, "feed": [{word: ["b", "", "q"]}, {word: ["a"]}]}


def missing_feature_error(tf):
    tf.feature_column.input_layer({}, [tf.feature_column.numeric_column("age")])


def categorical_in_input_layer_error(tf):
    tf.feature_column.input_layer(_features(tf), [_categorical(tf)["listed"]])


def two_of_a_name_error(tf):
    fc = tf.feature_column
    fc.input_layer(_features(tf), [fc.numeric_column("age"), fc.numeric_column("age", 2)])


def batch_sizes_error(tf):
    fc = tf.feature_column
    features = {"a": tf.ones([2, 1]), "b": tf.ones([3, 1])}
    fc.input_layer(features, [fc.numeric_column("a"), fc.numeric_column("b")])


def sparse_numbers_error(tf):
    fc = tf.feature_column
    fc.input_layer(_features(tf), [fc.numeric_column("weights")])


def identity_outside_error(tf):
    fc = tf.feature_column
    x = tf.placeholder(tf.int64, [None, 1], name="x")
    column = fc.indicator_column(fc.categorical_column_with_identity("x", 2))
    return {"layer": fc.input_layer({"x": x}, [column]), "feed": {x: [[5]]}}


def hashed_cross_error(tf):
    tf.feature_column.crossed_column([_categorical(tf)["hashed"], "word"], 10)


def boundaries_error(tf):
    fc = tf.feature_column
    fc.bucketized_column(fc.numeric_column("age"), [2.0, 1.0])


def default_of_other_shape_error(tf):
    tf.feature_column.numeric_column("age", shape=2, default_value=[1.0])


def default_of_other_type_error(tf):
    tf.feature_column.numeric_column("age", default_value="no")


def vocabulary_twice_error(tf):
    tf.feature_column.categorical_column_with_vocabulary_list("word", ["a", "a"])


def missing_vocabulary_error(tf):
    tf.feature_column.categorical_column_with_vocabulary_file("word", "/nowhere/words.txt")


def embedding_dimension_error(tf):
    tf.feature_column.embedding_column(_categorical(tf)["listed"], 0)


def no_column_error(tf):
    tf.feature_column.make_parse_example_spec(["age"])
