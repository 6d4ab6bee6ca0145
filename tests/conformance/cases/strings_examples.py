"""Records of features parsed: Example and SequenceExample messages."""


def _feature(tf, values):
    if isinstance(values[0], float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    if isinstance(values[0], int):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))


def _record(tf, **values):
    features = {key: _feature(tf, value) for key, value in values.items()}
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return example.SerializeToString(deterministic=True)


def _records(tf):
    return [
        _record(tf, label=[3], pixels=[0.5, 1.5], words=[b"a", b"b"], steps=[1, 2, 3, 4]),
        _record(tf, label=[4], pixels=[2.5, 3.5], words=[b"c"], extra=[7]),
    ]


def batch(tf):
    records = tf.placeholder(tf.string, [None], name="records")
    features = {
        "label": tf.FixedLenFeature([], tf.int64),
        "pixels": tf.FixedLenFeature([2], tf.float32),
        "words": tf.VarLenFeature(tf.string),
        "steps": tf.FixedLenSequenceFeature([2], tf.int64, allow_missing=True),
        "extra": tf.FixedLenFeature([1], tf.int64, default_value=-1),
    }
    return {"parsed": tf.parse_example(records, features), "feed": {records: _records(tf)}}


def batch_padding(tf):
    features = {
        "steps": tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True, default_value=9),
        "none": tf.VarLenFeature(tf.float32),
    }
    return {"parsed": tf.io.parse_example(_records(tf), features, name="parse")}


def single(tf):
    record = tf.placeholder(tf.string, [], name="record")
    features = {
        "label": tf.FixedLenFeature([], tf.int64),
        "pixels": tf.FixedLenFeature([1, 2], tf.float32),
        "words": tf.VarLenFeature(tf.string),
        "steps": tf.FixedLenSequenceFeature([2], tf.int64, allow_missing=True),
        "a/b c": tf.FixedLenFeature([2], tf.float32, default_value=[1.0, 2.0]),
        "name": tf.FixedLenFeature((), tf.string, default_value=""),
    }
    parsed = tf.parse_single_example(record, features)
    return {"parsed": parsed, "feed": {record: _records(tf)[0]}}


def single_named(tf):
    features = {
        "label": tf.FixedLenFeature([], tf.int64),
        "words": tf.VarLenFeature(tf.string),
    }
    record = tf.placeholder(tf.string, [], name="record")
    parsed = tf.parse_single_example(record, features, example_names="first")
    return {"parsed": parsed, "feed": {record: _records(tf)[0]}}


def sparse_features(tf):
    record = _record(tf, places=[5, 2], weights=[1.0, 2.0])
    feature = tf.SparseFeature("places", "weights", tf.float32, 10)
    return {"parsed": tf.parse_example([record], {"x": feature})}


def missing_feature_error(tf):
    record = tf.placeholder(tf.string, [], name="record")
    parsed = tf.parse_single_example(record, {"nothing": tf.FixedLenFeature([], tf.int64)})
    return {"parsed": parsed, "feed": {record: _records(tf)[0]}}


def wrong_type_error(tf):
    record = tf.placeholder(tf.string, [], name="record")
    parsed = tf.parse_single_example(record, {"label": tf.FixedLenFeature([], tf.float32)})
    return {"parsed": parsed, "feed": {record: _records(tf)[0]}}


def wrong_size_error(tf):
    records = tf.placeholder(tf.string, [None], name="records")
    parsed = tf.parse_example(records, {"pixels": tf.FixedLenFeature([3], tf.float32)})
    return {"parsed": parsed, "feed": {records: _records(tf)}}


def missing_shape_error(tf):
    return {"parsed": tf.parse_example([""], {"x": tf.FixedLenFeature([None], tf.int64)})}


def sequence(tf):
    lists = {
        "frames": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]],
        "tokens": [[1], [2, 3], [4]],
    }
    listed = {
        key: tf.train.FeatureList(feature=[_feature(tf, step) for step in steps])
        for key, steps in lists.items()
    }
    message = tf.train.SequenceExample(
        context=tf.train.Features(feature={"length": _feature(tf, [3])}),
        feature_lists=tf.train.FeatureLists(feature_list=listed),
    )
    record = tf.placeholder(tf.string, [], name="record")
    context, features = tf.parse_single_sequence_example(
        record,
        context_features={
            "length": tf.FixedLenFeature([], tf.int64),
            "weight": tf.FixedLenFeature([], tf.float32, default_value=1.0),
            "tags": tf.VarLenFeature(tf.string),
        },
        sequence_features={
            "frames": tf.FixedLenSequenceFeature([2], tf.float32),
            "tokens": tf.VarLenFeature(tf.int64),
            "missing": tf.FixedLenSequenceFeature([], tf.int64, allow_missing=True),
        },
    )
    feed = {record: message.SerializeToString()}
    return {"context": context, "features": features, "feed": feed}
