"""`tf.contrib.slim.model_analyzer`."""

from tailrace.library.contrib.model_analyzer import analyze_ops, analyze_vars, tensor_description
