"""`tf.strings`."""

from tailrace.library.strings import (
    as_string,
    lower,
    reduce_join,
    regex_full_match,
    regex_replace,
    substr,
    unsorted_segment_join,
    upper,
)
from tailrace.library.strings import string_format as format
from tailrace.library.strings import string_join as join
from tailrace.library.strings import string_length as length
from tailrace.library.strings import string_strip as strip
from tailrace.library.strings import string_to_hash_bucket as to_hash_bucket
from tailrace.library.strings import string_to_hash_bucket_fast as to_hash_bucket_fast
from tailrace.library.strings import string_to_hash_bucket_strong as to_hash_bucket_strong
from tailrace.library.strings import string_to_number as to_number
from tailrace.library.strings import strings_split as split

__all__ = [
    "as_string",
    "format",
    "join",
    "length",
    "lower",
    "reduce_join",
    "regex_full_match",
    "regex_replace",
    "split",
    "strip",
    "substr",
    "to_hash_bucket",
    "to_hash_bucket_fast",
    "to_hash_bucket_strong",
    "to_number",
    "unsorted_segment_join",
    "upper",
]
