"""`tf.sparse`."""

from tailrace.graph import SparseTensor
from tailrace.library.array import sparse_placeholder as placeholder
from tailrace.library.array_more import sparse_mask as mask
from tailrace.library.crosses import cross, cross_hashed
from tailrace.library.segments import sparse_segment_mean as segment_mean
from tailrace.library.segments import sparse_segment_sqrt_n as segment_sqrt_n
from tailrace.library.segments import sparse_segment_sum as segment_sum
from tailrace.library.sparse import (
    eye,
    fill_empty_rows,
    from_dense,
    matmul,
    merge,
    reorder,
    reset_shape,
    retain,
    to_dense,
    to_indicator,
)
from tailrace.library.sparse import matmul as sparse_dense_matmul
from tailrace.library.sparse import sparse_add as add
from tailrace.library.sparse import sparse_concat as concat
from tailrace.library.sparse import sparse_expand_dims as expand_dims
from tailrace.library.sparse import sparse_maximum as maximum
from tailrace.library.sparse import sparse_minimum as minimum
from tailrace.library.sparse import sparse_reduce_max as reduce_max
from tailrace.library.sparse import sparse_reduce_max_sparse as reduce_max_sparse
from tailrace.library.sparse import sparse_reduce_sum as reduce_sum
from tailrace.library.sparse import sparse_reduce_sum_sparse as reduce_sum_sparse
from tailrace.library.sparse import sparse_reshape as reshape
from tailrace.library.sparse import sparse_slice as slice
from tailrace.library.sparse import sparse_softmax as softmax
from tailrace.library.sparse import sparse_split as split
from tailrace.library.sparse import sparse_transpose as transpose

__all__ = [
    "SparseTensor",
    "add",
    "concat",
    "cross",
    "cross_hashed",
    "expand_dims",
    "eye",
    "fill_empty_rows",
    "from_dense",
    "mask",
    "matmul",
    "maximum",
    "merge",
    "minimum",
    "placeholder",
    "reduce_max",
    "reduce_max_sparse",
    "reduce_sum",
    "reduce_sum_sparse",
    "reorder",
    "reset_shape",
    "reshape",
    "retain",
    "segment_mean",
    "segment_sqrt_n",
    "segment_sum",
    "slice",
    "softmax",
    "sparse_dense_matmul",
    "split",
    "to_dense",
    "to_indicator",
    "transpose",
]
