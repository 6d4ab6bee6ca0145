"""Input and summaries of `tf.contrib.slim`: data sets, their readers and decoders."""
