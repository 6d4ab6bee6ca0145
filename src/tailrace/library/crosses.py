"""`tf.sparse.cross`, `tf.sparse.cross_hashed`: combinations of the values of several columns.

Source: TF 1.15 python/ops/sparse_ops.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import SparseTensor, Tensor, g

_HASH_KEY = 0xDECAFCAFFE


def cross(inputs: Any, name: str | None = None) -> SparseTensor:
    """Every combination of one value from each input, of each row, joined by `_X_`.

    Shapes: inputs, sparse or dense, [B, any] -> [B, most combinations].
    Raises: TypeError for what is no list of tensors.
    """
    return _crossed(inputs, False, 0, None, name)


def cross_hashed(
    inputs: Any, num_buckets: int = 0, hash_key: int | None = None, name: str | None = None
) -> SparseTensor:
    """The same, each combination as the number of its bucket; 0 buckets for any number."""
    return _crossed(inputs, True, num_buckets, hash_key, name)


def _crossed(
    inputs: Any, hashed: bool, num_buckets: int, hash_key: int | None, name: str | None
) -> SparseTensor:
    if not isinstance(inputs, list):
        raise TypeError("Inputs must be a list")
    if not all(isinstance(each, (SparseTensor, Tensor)) for each in inputs):
        raise TypeError("All inputs must be SparseTensors")
    sparse = [each for each in inputs if isinstance(each, SparseTensor)]
    values = [each.values for each in sparse]
    dense = [each for each in inputs if isinstance(each, Tensor)]
    texts_only = all(each.dtype is dtypes.string for each in values + dense)
    indices, crossed, shape = g.SparseCross(
        [each.indices for each in sparse],
        [_text_or_int64(each) for each in values],
        [each.dense_shape for each in sparse],
        [_text_or_int64(each) for each in dense],
        hashed_output=hashed,
        num_buckets=num_buckets,
        hash_key=hash_key or _HASH_KEY,
        out_type=dtypes.int64 if hashed else dtypes.string,
        internal_type=dtypes.string if texts_only else dtypes.int64,
        name=name,
    )
    return SparseTensor(indices, crossed, shape)


def _text_or_int64(values: Tensor) -> Tensor:
    return values if values.dtype is dtypes.string else g.cast(values, dtypes.int64)
