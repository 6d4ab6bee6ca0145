"""`tf.summary`."""

from typing import Any as _Any

from tailrace.formats import protos as _protos
from tailrace.library.summary import (
    audio,
    get_summary_description,
    histogram,
    image,
    merge,
    merge_all,
    scalar,
    tensor_summary,
    text,
)
from tailrace.library.summary_writer import FileWriter, FileWriterCache

__all__ = [
    "FileWriter",
    "FileWriterCache",
    "audio",
    "get_summary_description",
    "histogram",
    "image",
    "merge",
    "merge_all",
    "scalar",
    "tensor_summary",
    "text",
]

_MESSAGES = frozenset({"Event", "SessionLog", "Summary", "SummaryDescription", "TaggedRunMetadata"})


def __getattr__(name: str) -> _Any:
    """Protobuf messages are loaded on first use."""
    if name in _MESSAGES:
        return getattr(_protos, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
