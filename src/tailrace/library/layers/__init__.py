"""Layers: objects that own variables and are called on tensors (`tf.layers`)."""
