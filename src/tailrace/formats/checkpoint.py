"""A checkpoint of either format, by its prefix."""

from __future__ import annotations

from pathlib import Path

from tailrace.formats.bundle_reader import BundleReader, index_name
from tailrace.formats.checkpoint_v1 import V1Reader


def open_checkpoint(prefix: str) -> BundleReader | V1Reader:
    """The reader of what lies under `prefix`: format V2 where there is an index, else V1.

    Raises: NotFoundError, DataLossError.
    """
    return BundleReader(prefix) if Path(index_name(prefix)).exists() else V1Reader(prefix)
