"""`tf.contrib.learn.preprocessing`: texts as rows of numbers, outside of the graph."""
