"""Strings put into buckets by their hash.

Source: TF 1.15 core/ops/string_ops.cc, core/kernels/string_to_hash_bucket_op.cc.
"""

from __future__ import annotations

import numpy as np
import torch

from tailrace import errors
from tailrace.ops.strings.elements import NOT_SMOOTH, each, same_shape
from tailrace.ops.strings.fingerprints import farm, murmur, siphash
from tailrace.registry import Attr, op

_BUCKETS = Attr("int", minimum=1)


def _buckets(strings, hash_of, count):
    return torch.from_numpy(each(lambda s: hash_of(s) % count, strings).astype(np.int64))


@op("StringToHashBucket", "string_tensor: string -> output: int64", num_buckets=_BUCKETS)
def string_to_hash_bucket(string_tensor, *, num_buckets):
    """The bucket of each string; the hash may change between versions of TensorFlow."""
    return _buckets(string_tensor, murmur, num_buckets)


@op("StringToHashBucketFast", "input: string -> output: int64", num_buckets=_BUCKETS)
def string_to_hash_bucket_fast(input, *, num_buckets):
    """The bucket of each string by a hash that stays and is quick."""
    return _buckets(input, farm, num_buckets)


@op(
    "StringToHashBucketStrong",
    "input: string -> output: int64",
    num_buckets=_BUCKETS,
    key=Attr("list(int)"),
)
def string_to_hash_bucket_strong(input, *, num_buckets, key):
    """The bucket of each string by a keyed hash, for which collisions cannot be made up."""
    if len(key) != 2:
        raise errors.invalid(f"Key must have 2 elements, but is {key}")
    return _buckets(input, lambda s: siphash(s, tuple(key)), num_buckets)


@string_to_hash_bucket.shape
def string_to_hash_bucket_shape(string_tensor):
    return [string_tensor]


string_to_hash_bucket_fast.shape(same_shape)
string_to_hash_bucket_strong.shape(same_shape)
for _each in (string_to_hash_bucket, string_to_hash_bucket_fast, string_to_hash_bucket_strong):
    _each.no_gradient(NOT_SMOOTH)
