"""`tf.estimator`: models as functions of inputs, trained, evaluated, exported."""
