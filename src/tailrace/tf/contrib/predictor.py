"""`tf.contrib.predictor`."""

from tailrace.library.contrib.predictor import from_estimator, from_saved_model
