"""Groups of elements with one key: `group_by_window` and `bucket_by_sequence_length`.

Source: TF 1.15 python/data/experimental/ops/grouping.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import Tensor, constant, convert_to_tensor, g
from tailrace.library.arithmetic import less, less_equal, logical_and
from tailrace.library.checks import assert_less
from tailrace.library.data.dataset import Dataset, types_of_captures
from tailrace.library.data.extras import Transformation
from tailrace.library.data.functions import Structure, element_function, leaves_of, with_leaves
from tailrace.library.indexing import where
from tailrace.library.reductions import reduce_min
from tailrace.library.scopes import control_dependencies, name_scope
from tailrace.shapes import TensorShape, as_tensor_shape, dimension_value

_WHAT = "tf_data_experimental_group_by_window"
_KEY = Structure(dtypes.int64, TensorShape([]))


def group_by_window(
    key_func: Callable[..., Any],
    reduce_func: Callable[[Tensor, Dataset], Dataset],
    window_size: Any = None,
    window_size_func: Callable[[Tensor], Any] | None = None,
) -> Transformation:
    """What `reduce_func` makes of a key and the dataset of up to `window_size` elements with it.

    Args: `key_func(element)`, an int64 scalar; either `window_size` or a function of the key.
    Raises: ValueError unless exactly one of the sizes is given, or when a function's result is no
    int64 scalar; TypeError when `reduce_func` gives no dataset.
    """
    if (window_size is None) == (window_size_func is None):
        raise ValueError("Must pass either window_size or window_size_func, but not both.")
    size_of = window_size_func or (lambda _: constant(window_size, dtypes.int64))

    def apply(dataset: Dataset) -> Dataset:
        key, result = element_function(_WHAT, _as_int64(key_func, "key_func"), dataset._structure)
        _check_scalar(result, "key_func")
        reduced, groups = _reduce_function(reduce_func, dataset._structure)
        size, result = element_function(_WHAT, _as_int64(size_of, "window_size_func"), _KEY)
        _check_scalar(result, "window_size_func")
        variant = g.GroupByWindowDataset(
            dataset._variant_tensor,
            key.captured,
            reduced.captured,
            size.captured,
            key_func=key,
            reduce_func=reduced,
            window_size_func=size,
            Tkey_func_other_arguments=types_of_captures(key),
            Treduce_func_other_arguments=types_of_captures(reduced),
            Twindow_size_func_other_arguments=types_of_captures(size),
            **groups.attrs(),
        )
        return Dataset(variant, groups)

    return apply


def _as_int64(function: Callable[..., Any], what: str) -> Callable[..., Tensor]:
    def wrapper(*args: Any) -> Tensor:
        return convert_to_tensor(function(*args), dtypes.int64)

    wrapper.__name__ = f"{what}_wrapper"  # the name of the graph's function
    return wrapper


def _check_scalar(result: Tensor, what: str) -> None:
    if not result.get_shape().is_compatible_with([]):
        raise ValueError(f"`{what}` must return a single tf.int64 scalar tensor.")


def _reduce_function(
    reduce_func: Callable[[Tensor, Dataset], Dataset], inner: Structure
) -> tuple[Any, Structure]:
    def of_group(key: Tensor, group: Tensor) -> Any:
        return reduce_func(key, Dataset(group, inner))

    of_group.__name__ = getattr(reduce_func, "__name__", "function")
    given = Structure((dtypes.int64, dtypes.variant), (TensorShape([]), TensorShape([])))
    function, result = element_function(_WHAT, of_group, given)
    if not isinstance(result, Dataset):
        raise TypeError("`reduce_func` must return a `Dataset` object.")
    return function, result._structure


def bucket_by_sequence_length(
    element_length_func: Callable[..., Any],
    bucket_boundaries: Sequence[int],
    bucket_batch_sizes: Sequence[int],
    padded_shapes: Any = None,
    padding_values: Any = None,
    pad_to_bucket_boundary: bool = False,
    no_padding: bool = False,
    drop_remainder: bool = False,
) -> Transformation:
    """Padded batches of elements of similar length.

    Args: `element_length_func(element)`, its length; the boundaries between the buckets, each the
    least length of the next; a batch size for each bucket, so one more than boundaries. Unknown
    sizes are padded to the batch's longest or, if asked, to the bucket's longest.
    Raises: ValueError for another number of batch sizes.
    """
    with name_scope(None, "bucket_by_seq_length"):
        if len(bucket_batch_sizes) != len(bucket_boundaries) + 1:
            raise ValueError(
                "len(bucket_batch_sizes) must equal len(bucket_boundaries) + 1, but they are "
                f"{len(bucket_batch_sizes)} and {len(bucket_boundaries)}"
            )
        sizes = constant(bucket_batch_sizes, dtype=dtypes.int64)

        def size_of(bucket: Tensor) -> Tensor:
            return sizes[bucket]

        def bucket_of(*element: Any) -> Tensor:
            length = element_length_func(*element)
            limits = np.iinfo(np.int32)
            lower = [limits.min, *bucket_boundaries]
            upper = [*bucket_boundaries, limits.max]
            fits = logical_and(less_equal(lower, length), less(length, upper))
            return reduce_min(where(fits))

        def batching_fn(bucket: Tensor, group: Dataset) -> Dataset:
            size = size_of(bucket)
            if no_padding:
                return group.batch(size, drop_remainder=drop_remainder)
            longest = _longest(bucket, bucket_boundaries) if pad_to_bucket_boundary else None
            shapes = _filled(padded_shapes or group.output_shapes, longest)
            return group.padded_batch(size, shapes, padding_values, drop_remainder)

        return group_by_window(bucket_of, batching_fn, window_size_func=size_of)


def _longest(bucket: Tensor, boundaries: Sequence[int]) -> Tensor:
    """The greatest length in a bucket; the last one has none."""
    check = assert_less(
        bucket,
        constant(len(boundaries), dtype=dtypes.int64),
        message="When pad_to_bucket_boundary=True, elements must have "
        "length < max(bucket_boundaries).",
    )
    with control_dependencies([check]):
        return constant(boundaries, dtype=dtypes.int64)[bucket] - 1


def _filled(shapes: Any, filler: Any) -> Any:
    """Shapes as lists, with `filler` for unknown sizes."""
    filled = (
        [filler if dimension_value(size) is None else size for size in as_tensor_shape(shape)]
        for shape in leaves_of(shapes)
    )
    return with_leaves(shapes, filled)
