"""`tf.feature_column`: what becomes of the columns of a table before a network sees them.

base: what a column is, and the features being transformed; categorical: columns of ids; dense:
columns of numbers; layers: `input_layer` and `linear_model`.
"""
