"""Functions of strings, `tf.strings`.

Source: TF 1.15 python/ops/string_ops.py, gen_string_ops.py, ragged/ragged_string_ops.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import SparseTensor, Tensor, convert_to_tensor, g
from tailrace.library.arguments import either


def as_string(
    input: Any,
    precision: int = -1,
    scientific: bool = False,
    shortest: bool = False,
    width: int = -1,
    fill: str = "",
    name: str | None = None,
) -> Tensor:
    """Each number as text."""
    return g.AsString(
        input,
        precision=precision,
        scientific=scientific,
        shortest=shortest,
        width=width,
        fill=fill,
        name=name,
    )


def string_join(inputs: Any, separator: str = "", name: str | None = None) -> Tensor:
    """The strings at the same place of each input, joined."""
    return g.StringJoin(inputs, separator=separator, name=name)


def reduce_join(
    inputs: Any,
    axis: Any = None,
    keep_dims: bool | None = None,
    separator: str = "",
    name: str | None = None,
    reduction_indices: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """The strings along some axes joined, along all by default."""
    keepdims = either("keepdims", keepdims, "keep_dims", keep_dims)
    axis = either("axis", axis, "reduction_indices", reduction_indices)
    with g.name_scope(None, "ReduceJoin"):
        inputs = convert_to_tensor(inputs)
        if axis is None:
            axis = _all_axes_from_last(inputs)
        return g.ReduceJoin(inputs, axis, keep_dims=bool(keepdims), separator=separator, name=name)


def _all_axes_from_last(inputs: Tensor) -> Tensor:
    ndims = inputs.get_shape().ndims
    if ndims is None:
        return g.range(g.rank(inputs) - 1, -1, -1)
    return g.constant(np.arange(ndims)[::-1].copy(), dtypes.int32)


def unsorted_segment_join(
    inputs: Any,
    segment_ids: Any,
    num_segments: Any,
    separator: str = "",
    name: str | None = None,
) -> Tensor:
    """The strings of each segment joined."""
    return g.UnsortedSegmentJoin(inputs, segment_ids, num_segments, separator=separator, name=name)


def _sparse(parts: list[Tensor]) -> SparseTensor:
    indices, values, shape = parts
    indices.set_shape([None, 2])
    values.set_shape([None])
    shape.set_shape([2])
    return SparseTensor(indices, values, shape)


def _check_result_type(result_type: str) -> None:
    if result_type != "SparseTensor":
        raise ValueError(
            f"result_type must be 'SparseTensor', not {result_type!r}: ragged tensors are not "
            "supported"
        )


def string_split(
    source: Any,
    sep: Any = None,
    skip_empty: bool = True,
    delimiter: Any = None,
    result_type: str = "SparseTensor",
    name: str | None = None,
) -> SparseTensor:
    """The parts of each string between any of the delimiter's bytes (a space by default)."""
    with g.name_scope(name, "StringSplit"):
        delimiter = either("sep", sep, "delimiter", delimiter)
        delimiter = convert_to_tensor(" " if delimiter is None else delimiter, dtypes.string)
        source = convert_to_tensor(source, dtypes.string)
        _check_result_type(result_type)
        return _sparse(g.StringSplit(source, delimiter, skip_empty=skip_empty))


def strings_split(
    input: Any = None,
    sep: Any = None,
    maxsplit: int = -1,
    result_type: str = "SparseTensor",
    source: Any = None,
    name: str | None = None,
) -> SparseTensor:
    """The parts of each string of a vector between separators, white space by default."""
    input = either("input", input, "source", source)
    with g.name_scope(name, "StringSplit"):
        input = convert_to_tensor(input, dtypes.string, name="input")
        _check_result_type(result_type)
        separator = convert_to_tensor("" if sep is None else sep, dtypes.string)
        return _sparse(g.StringSplitV2(input, separator, maxsplit=maxsplit))


def string_length(input: Any, name: str | None = None, unit: str = "BYTE") -> Tensor:
    """How many bytes (or with unit UTF8_CHAR, characters) each string has."""
    return g.StringLength(input, unit=unit, name=name)


def substr(input: Any, pos: Any, len: Any, name: str | None = None, unit: str = "BYTE") -> Tensor:
    """`len` bytes or characters of each string from `pos` on."""
    return g.Substr(input, pos, len, unit=unit, name=name)


def string_strip(input: Any, name: str | None = None) -> Tensor:
    """Each string without white space at its ends."""
    return g.StringStrip(input, name=name)


def lower(input: Any, encoding: str = "", name: str | None = None) -> Tensor:
    """Each string in lower case; of letters beyond ASCII only with encoding "utf-8"."""
    return g.StringLower(input, encoding=encoding, name=name)


def upper(input: Any, encoding: str = "", name: str | None = None) -> Tensor:
    """Each string in upper case; of letters beyond ASCII only with encoding "utf-8"."""
    return g.StringUpper(input, encoding=encoding, name=name)


def regex_full_match(input: Any, pattern: Any, name: str | None = None) -> Tensor:
    """Whether the pattern matches the whole of each string."""
    if isinstance(pattern, (str, bytes)):
        return g.StaticRegexFullMatch(input, pattern=pattern, name=name)
    return g.RegexFullMatch(input, pattern, name=name)


def regex_replace(
    input: Any,
    pattern: Any,
    rewrite: Any,
    replace_global: bool = True,
    name: str | None = None,
) -> Tensor:
    r"""Each string with the matches of a pattern rewritten; `\1` in the rewrite is a group."""
    if isinstance(pattern, (str, bytes)) and isinstance(rewrite, (str, bytes)):
        return g.StaticRegexReplace(
            input, pattern=pattern, rewrite=rewrite, replace_global=replace_global, name=name
        )
    return g.RegexReplace(input, pattern, rewrite, replace_global=replace_global, name=name)


def string_to_hash_bucket(
    string_tensor: Any = None,
    num_buckets: int | None = None,
    name: str | None = None,
    input: Any = None,
) -> Tensor:
    """The bucket of each string. Better `string_to_hash_bucket_fast`, whose hash will stay."""
    strings = either("input", input, "string_tensor", string_tensor)
    return g.StringToHashBucket(strings, num_buckets=num_buckets, name=name)


def string_to_hash_bucket_fast(input: Any, num_buckets: int, name: str | None = None) -> Tensor:
    """The bucket of each string by a quick hash."""
    return g.StringToHashBucketFast(input, num_buckets=num_buckets, name=name)


def string_to_hash_bucket_strong(
    input: Any, num_buckets: int, key: Any, name: str | None = None
) -> Tensor:
    """The bucket of each string by a hash with a key of two numbers."""
    return g.StringToHashBucketStrong(input, num_buckets=num_buckets, key=list(key), name=name)


def string_to_number(
    string_tensor: Any = None,
    out_type: Any = dtypes.float32,
    name: str | None = None,
    input: Any = None,
) -> Tensor:
    """The number each string is."""
    strings = either("input", input, "string_tensor", string_tensor)
    return g.StringToNumber(strings, out_type=out_type, name=name)


def string_format(
    template: str,
    inputs: Any,
    placeholder: str = "{}",
    summarize: int = 3,
    name: str | None = None,
) -> Tensor:
    """The template with each placeholder replaced by a tensor's text.

    Raises: ValueError when their numbers differ.
    """
    inputs = [inputs] if isinstance(inputs, Tensor) else inputs
    count = template.count(placeholder)
    if count != len(inputs):
        raise ValueError(
            f"{count} placeholder(s) in template does not match {len(inputs)} tensor(s) provided "
            "as input"
        )
    return g.StringFormat(
        inputs, template=template, placeholder=placeholder, summarize=summarize, name=name
    )


def encode_base64(input: Any, pad: bool = False, name: str | None = None) -> Tensor:
    """Each string in web-safe base64."""
    return g.EncodeBase64(input, pad=pad, name=name)


def decode_base64(input: Any, name: str | None = None) -> Tensor:
    """What each string of web-safe base64 stands for."""
    return g.DecodeBase64(input, name=name)
