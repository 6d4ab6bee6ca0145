"""`tf.contrib.tensorboard.plugins`."""

from tailrace.tf.contrib.tensorboard.plugins import projector
