"""Estimators: inputs, settings, summaries and exports beyond what the conformance cases compare."""

import numpy as np
import pandas as pd
import pytest

import tailrace as tf
from tailrace.library.summary_writer import FileWriterCache

ROWS = np.arange(10, dtype=np.float32).reshape(10, 1)


def _line(features, labels, mode):
    slope = tf.get_variable("slope", [1, 1], initializer=tf.zeros_initializer())
    found = tf.matmul(features, slope)
    if mode == tf.estimator.ModeKeys.PREDICT:
        return tf.estimator.EstimatorSpec(mode, predictions=found)
    loss = tf.reduce_mean(tf.square(found - labels))
    train = tf.train.GradientDescentOptimizer(0.01).minimize(loss, tf.train.get_global_step())
    metrics = {"error": tf.metrics.mean_absolute_error(labels, found)}
    return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=train, eval_metric_ops=metrics)


def _input(epochs=None, shuffle=False):
    return tf.estimator.inputs.numpy_input_fn(
        ROWS, 3 * ROWS, batch_size=5, num_epochs=epochs, shuffle=shuffle
    )


@pytest.fixture
def line(tmp_path):
    yield tf.estimator.Estimator(_line, tmp_path / "model")
    FileWriterCache.clear()


def _rows(input_fn):
    with tf.Graph().as_default():
        batch = input_fn()
        found = []
        with tf.train.MonitoredSession() as session:
            while not session.should_stop():
                found.append(session.run(batch))
    return found


def test_a_line_is_found(line):
    line.train(_input(), steps=60)
    np.testing.assert_allclose(line.get_variable_value("slope"), [[3]], atol=1e-3)
    predicted = np.stack(list(line.predict(_input(epochs=1))))
    np.testing.assert_allclose(predicted, 3 * ROWS, atol=1e-2)


def test_metrics_go_to_event_files(line):
    line.train(_input(), steps=5)
    line.evaluate(_input(epochs=1), name="held_out")
    (path,) = tf.gfile.Glob(f"{line.eval_dir('held_out')}/*tfevents*")
    events = [event for event in tf.train.summary_iterator(path) if event.step]
    tags = [value.tag for event in events for value in event.summary.value]
    assert tags == ["error", "loss", "checkpoint_path"]
    assert {event.step for event in events} == {5}


def test_shuffled_rows_all_come_once():
    found = _rows(_input(epochs=2, shuffle=True))
    rows = np.concatenate([features for features, _ in found]).ravel()
    assert sorted(rows.tolist()) == sorted(2 * ROWS.ravel().tolist())
    assert rows.tolist() != ROWS.ravel().tolist() * 2
    for features, labels in found:
        np.testing.assert_array_equal(labels, 3 * features)


def test_tables():
    table = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [4, 5, 6]}, index=[7, 8, 9])
    target = pd.Series([0, 1, 0], index=table.index)
    make = tf.estimator.inputs.pandas_input_fn
    found = _rows(make(table, target, batch_size=2, shuffle=False))
    assert [features["a"].tolist() for features, _ in found] == [[1, 2], [3]]
    assert [features["b"].tolist() for features, _ in found] == [[4, 5], [6]]
    assert [labels.tolist() for _, labels in found] == [[0, 1], [0]]
    two = pd.DataFrame({"a": [5, 6, 7], "c": [8, 9, 10]}, index=table.index)
    ((features, labels),) = _rows(make(table, two, batch_size=3, shuffle=False))
    assert sorted(features) == ["a", "b"]
    assert {name: values.tolist() for name, values in labels.items()} == {
        "a": [5, 6, 7],
        "c": [8, 9, 10],
    }


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (ROWS[:0], None, ValueError, "empty array"),
        ({}, None, ValueError, "empty dict"),
        ([1.0], None, TypeError, "dict or array; got list"),
        (ROWS, ROWS[:4], ValueError, "mismatched"),
        ({"a": ROWS}, {"a": ROWS}, ValueError, "duplicate keys"),
        (ROWS, {}, ValueError, "use None instead"),
    ],
)
def test_arrays_that_do_not_fit(x, y, error, message):
    with tf.Graph().as_default(), pytest.raises(error, match=message):
        tf.estimator.inputs.numpy_input_fn(x, y, shuffle=False)()


@pytest.mark.parametrize(
    ("index", "column", "error"),
    [([1, 2, 4], "target", "Index for x and y"), ([1, 2, 3], "a", "already has a column")],
)
def test_tables_that_do_not_fit(index, column, error):
    table = pd.DataFrame({"a": [1.0, 2.0, 3.0]}, index=[1, 2, 3])
    target = pd.Series([0, 1, 0], index=index)
    with pytest.raises(ValueError, match=error):
        tf.estimator.inputs.pandas_input_fn(table, target, shuffle=False, target_column=column)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model_dir": ""}, "non-empty"),
        ({"save_checkpoints_steps": 1, "save_checkpoints_secs": 1}, "cannot be both set"),
        ({"save_summary_steps": -1}, "save_summary_steps should be >= 0"),
        ({"log_step_count_steps": 0}, "should be > 0"),
        ({"tf_random_seed": 1.5}, "must be integer"),
        ({"session_config": 3}, "ConfigProto"),
    ],
)
def test_settings_that_cannot_be(settings, message):
    with pytest.raises(ValueError, match=message):
        tf.estimator.RunConfig(**settings)


def test_settings_change_in_copies():
    config = tf.estimator.RunConfig(save_checkpoints_steps=5)
    other = config.replace(tf_random_seed=3)
    assert (config.tf_random_seed, other.tf_random_seed) == (None, 3)
    assert (other.save_checkpoints_steps, other.save_checkpoints_secs) == (5, None)
    with pytest.raises(ValueError, match="Replacing master"):
        config.replace(master="elsewhere")


def test_a_cluster_is_refused(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", '{"cluster": {"worker": ["host:1"]}}')
    with pytest.raises(NotImplementedError, match="one machine"):
        tf.estimator.RunConfig()


def test_the_best_is_exported(line, tmp_path):
    def receiver():
        x = tf.placeholder(tf.float32, [None, 1])
        return tf.estimator.export.TensorServingInputReceiver(x, {"x": x})

    make = tf.estimator.BestExporter
    exporter = make("best", receiver, event_file_pattern=None, exports_to_keep=1)
    base = str(tmp_path / "export")
    line.train(_input(), steps=2)
    first = exporter.export(line, base, line.latest_checkpoint(), {"loss": 3.0}, False)
    assert exporter.export(line, base, line.latest_checkpoint(), {"loss": 4.0}, False) is None
    second = exporter.export(line, base, line.latest_checkpoint(), {"loss": 2.0}, False)
    assert first != second
    assert [path.name for path in (tmp_path / "export").iterdir()] == [
        second.decode().rpartition("/")[2]
    ]
    with tf.Graph().as_default(), tf.Session() as session:
        loaded = tf.saved_model.loader.load(session, ["serve"], second.decode())
        signature = loaded.signature_def["serving_default"]
        y = session.run(signature.outputs["output"].name, {signature.inputs["x"].name: [[1.0]]})
    np.testing.assert_allclose(y, line.get_variable_value("slope"))


def test_export_before_training(line, tmp_path):
    with pytest.raises(ValueError, match="Couldn't find trained model"):
        line.export_saved_model(tmp_path, lambda: None)
