"""`tf.feature_column`."""

from tailrace.library.feature_columns.base import make_parse_example_spec
from tailrace.library.feature_columns.categorical import (
    categorical_column_with_hash_bucket,
    categorical_column_with_identity,
    categorical_column_with_vocabulary_file,
    categorical_column_with_vocabulary_list,
    crossed_column,
    weighted_categorical_column,
)
from tailrace.library.feature_columns.dense import (
    bucketized_column,
    embedding_column,
    indicator_column,
    numeric_column,
    shared_embedding_columns,
)
from tailrace.library.feature_columns.layers import input_layer, linear_model
