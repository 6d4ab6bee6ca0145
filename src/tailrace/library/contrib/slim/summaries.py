"""`tf.contrib.slim.summaries`: summaries named after what they show.

Source: TF 1.15 contrib/slim/python/slim/summaries.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import Tensor, get_default_graph
from tailrace.library import summary
from tailrace.library.collections import GraphKeys
from tailrace.library.nn.normalization import zero_fraction
from tailrace.library.printing import Print


def _name(tensor: Any, name: str | None, prefix: str | None, postfix: str | None = None) -> str:
    parts = [prefix, name or tensor.op.name, postfix]
    return "/".join(part for part in parts if part)


def add_histogram_summary(
    tensor: Any, name: str | None = None, prefix: str | None = None
) -> Tensor:
    """A histogram of a tensor."""
    return summary.histogram(_name(tensor, name, prefix), tensor)


def _printed(made: Tensor, tensor: Any, name: str) -> Tensor:
    """The summary, which prints the tensor when it is computed, in the summaries' collection."""
    printing = Print(made, [tensor], name)
    get_default_graph().add_to_collection(GraphKeys.SUMMARIES, printing)
    return printing


def add_image_summary(
    tensor: Any, name: str | None = None, prefix: str | None = None, print_summary: bool = False
) -> Tensor:
    """Pictures [B, height, width, channels]."""
    tag = _name(tensor, name, prefix)
    made = summary.image(tag, tensor, collections=[] if print_summary else None)
    return _printed(made, tensor, tag) if print_summary else made


def add_scalar_summary(
    tensor: Any, name: str | None = None, prefix: str | None = None, print_summary: bool = False
) -> Tensor:
    """A number."""
    tag = _name(tensor, name, prefix)
    made = summary.scalar(tag, tensor, collections=[] if print_summary else None)
    return _printed(made, tensor, tag) if print_summary else made


def add_zero_fraction_summary(
    tensor: Any, name: str | None = None, prefix: str | None = None, print_summary: bool = False
) -> Tensor:
    """The share of zeros in a tensor."""
    tag = _name(tensor, name, prefix, "Fraction_of_Zero_Values")
    return add_scalar_summary(zero_fraction(tensor), tag, print_summary=print_summary)


def add_histogram_summaries(tensors: Any, prefix: str | None = None) -> list[Tensor]:
    """`add_histogram_summary` of each tensor."""
    return [add_histogram_summary(tensor, prefix=prefix) for tensor in tensors]


def add_image_summaries(tensors: Any, prefix: str | None = None) -> list[Tensor]:
    """`add_image_summary` of each tensor."""
    return [add_image_summary(tensor, prefix=prefix) for tensor in tensors]


def add_scalar_summaries(
    tensors: Any, prefix: str | None = None, print_summary: bool = False
) -> list[Tensor]:
    """`add_scalar_summary` of each tensor."""
    return [add_scalar_summary(t, prefix=prefix, print_summary=print_summary) for t in tensors]


def add_zero_fraction_summaries(tensors: Any, prefix: str | None = None) -> list[Tensor]:
    """`add_zero_fraction_summary` of each tensor."""
    return [add_zero_fraction_summary(tensor, prefix=prefix) for tensor in tensors]
