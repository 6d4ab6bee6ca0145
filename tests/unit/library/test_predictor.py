"""Predictors: what TensorFlow answers with an error of its own making, or not at all."""

from pathlib import Path

import pytest

import tailrace as tf


def test_a_signature_that_is_not_there(tmp_path: Path):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [], name="x")
        w = tf.get_variable("w", [], initializer=tf.ones_initializer())
        session.run(w.initializer)
        tf.saved_model.simple_save(session, str(tmp_path / "m"), {"x": x}, {"y": w * x})
    make = tf.contrib.predictor.from_saved_model
    with pytest.raises(ValueError, match=r"'?nothing\"?\. Available signatures are \['serving_def"):
        make(tmp_path / "m", "nothing")
    assert make(bytes(tmp_path / "m"))({"x": 2.0}) == {"y": 2.0}


def test_what_is_no_estimator():
    with pytest.raises(TypeError, match=r"tf\.estimator\.Estimator, but got <class 'int'>"):
        tf.contrib.predictor.from_estimator(1, dict)
