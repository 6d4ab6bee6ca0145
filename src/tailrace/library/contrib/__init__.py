"""What TensorFlow kept in `tf.contrib`: layers with arguments from scopes, model variables."""
