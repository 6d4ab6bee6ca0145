"""`tf.estimator.inputs`."""

from tailrace.library.estimator.inputs import numpy_input_fn, pandas_input_fn

__all__ = ["numpy_input_fn", "pandas_input_fn"]
