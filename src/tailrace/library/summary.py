"""`tf.summary`: nodes that put what a run saw into `Summary` messages.

Source: TF 1.15 python/summary/summary.py, python/ops/summary_op_util.py.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from tailrace import dtypes
from tailrace.formats import protos
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import logging
from tailrace.library.collections import GraphKeys, add_to_collection, get_collection
from tailrace.library.compat_names import as_str_any

_ILLEGAL = re.compile(r"[^-/\w\.]")


def _clean(name: str | None) -> str | None:
    """A name with what no node's name may hold replaced."""
    if name is None:
        return None
    cleaned = _ILLEGAL.sub("_", name).lstrip("/")
    if cleaned != name:
        logging.info(f"Summary name {name} is illegal; using {cleaned} instead.")
    return cleaned


def _collected(
    summary: Tensor, collections: Any, default: tuple[str, ...] = (GraphKeys.SUMMARIES,)
) -> Tensor:
    for key in default if collections is None else collections:
        add_to_collection(key, summary)
    return summary


@contextlib.contextmanager
def _scope(name: str, family: str | None, default: str | None = None) -> Iterator[tuple[str, str]]:
    """The scope of a summary, whose unique name is its tag too: (tag, name of the node)."""
    name, family = _clean(name) or "", _clean(family)
    base = name if family is None else f"{family}/{name}"
    with g.name_scope(base or None, default) as scope:
        tag = scope.rstrip("/")
        yield (tag if family is None else f"{family}/{tag}"), scope


def scalar(name: str, tensor: Any, collections: Any = None, family: str | None = None) -> Tensor:
    """A curve: one number a run, tagged with the node's name, or `family/name`."""
    with _scope(name, family) as (tag, scope):
        return _collected(g.ScalarSummary(tag, tensor, name=scope), collections)


def histogram(name: str, values: Any, collections: Any = None, family: str | None = None) -> Tensor:
    """How the values of a tensor of any shape are distributed."""
    with _scope(name, family, "HistogramSummary") as (tag, scope):
        return _collected(g.HistogramSummary(tag, values, name=scope), collections)


def image(
    name: str, tensor: Any, max_outputs: int = 3, collections: Any = None, family: str | None = None
) -> Tensor:
    """The first pictures of a batch.

    Values of uint8 are shown as they are; others are stretched, picture by picture, so that the
    largest becomes 255 or, where some are negative, so that 0 lies in the middle.

    Shapes: tensor [batch, height, width, channels], 1 (grey), 3 or 4 channels.
    """
    with _scope(name, family) as (tag, scope):
        summary = g.ImageSummary(tag, tensor, max_images=max_outputs, name=scope)
        return _collected(summary, collections)


def audio(
    name: str,
    tensor: Any,
    sample_rate: Any,
    max_outputs: int = 3,
    collections: Any = None,
    family: str | None = None,
) -> Tensor:
    """The first sounds of a batch.

    Shapes: tensor [batch, frames] or [batch, frames, channels], values in -1 … 1.
    Units: sample_rate in Hz.
    """
    with _scope(name, family) as (tag, scope):
        rate = convert_to_tensor(sample_rate, dtypes.float32, name="sample_rate")
        summary = g.AudioSummaryV2(tag, tensor, rate, max_outputs=max_outputs, name=scope)
        return _collected(summary, collections)


def text(name: str, tensor: Any, collections: Any = None) -> Tensor:
    """Strings, shown as Markdown. Raises: ValueError for a tensor of another type."""
    if tensor.dtype is not dtypes.string:
        raise ValueError(f"Expected tensor {tensor.name} to have dtype string, got {tensor.dtype}")
    metadata = protos.SummaryMetadata()
    metadata.plugin_data.plugin_name = "text"
    return tensor_summary(name, tensor, collections=collections, summary_metadata=metadata)


def tensor_summary(
    name: str,
    tensor: Any,
    summary_description: str | None = None,
    collections: Any = None,
    summary_metadata: Any = None,
    family: str | None = None,
    display_name: str | None = None,
) -> Tensor:
    """A tensor of any type and shape as it is, with `SummaryMetadata` for TensorBoard's plugins."""
    metadata = protos.SummaryMetadata() if summary_metadata is None else summary_metadata
    if summary_description is not None:
        metadata.summary_description = summary_description
    if display_name is not None:
        metadata.display_name = display_name
    serialized = metadata.SerializeToString()
    with _scope(name, family) as (tag, scope):
        return _collected(g.TensorSummaryV2(tag, tensor, serialized, name=scope), collections)


def merge(inputs: Any, collections: Any = None, name: str | None = None) -> Tensor:
    """One summary with the values of several; a run fails when two have the same tag."""
    name = _clean(name)
    with g.name_scope(name, "Merge"):
        return _collected(g.MergeSummary(list(inputs), name=name), collections, ())


def merge_all(
    key: str = GraphKeys.SUMMARIES, scope: str | None = None, name: str | None = None
) -> Tensor | None:
    """All summaries of a collection of the default graph in one; None when there are none."""
    collected = get_collection(key, scope)
    return merge(collected, name=name) if collected else None


def get_summary_description(node_def: Any) -> Any:
    """The `SummaryDescription` in a `TensorSummary` node. Raises: ValueError for another node."""
    from google.protobuf import json_format

    if node_def.op != "TensorSummary":
        raise ValueError(f"Can't get_summary_description on {node_def.op}")
    description = protos.SummaryDescription()
    json_format.Parse(as_str_any(node_def.attr["description"].s), description)
    return description
