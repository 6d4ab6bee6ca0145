"""`tf.data.Options`."""

import pytest

import tailrace as tf


def test_options_are_kept_and_checked():
    options = tf.data.Options()
    options.experimental_deterministic = False
    options.experimental_optimization.map_vectorization = True
    assert options.experimental_deterministic is False
    assert options.merge(tf.data.Options()) == options
    with pytest.raises(AttributeError, match="Cannot set the property experimental_speed"):
        options.experimental_speed = True
