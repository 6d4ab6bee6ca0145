"""`tf.contrib.tensorboard`."""

from tailrace.tf.contrib.tensorboard import plugins
