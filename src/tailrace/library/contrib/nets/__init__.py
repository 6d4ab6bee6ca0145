"""The networks of `tf.contrib.slim.nets`, written on the layers of `tf.contrib.layers`."""
