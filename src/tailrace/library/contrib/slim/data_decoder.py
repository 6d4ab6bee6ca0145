"""`tf.contrib.slim.data_decoder`: what turns a record into tensors.

Source: TF 1.15 contrib/slim/python/slim/data/data_decoder.py.
"""

from __future__ import annotations

import abc
from typing import Any


class DataDecoder(abc.ABC):
    """Turns a record into the tensors of its items, which have names."""

    @abc.abstractmethod
    def decode(self, data: Any, items: Any) -> list[Any]:
        """The tensors of the items named, in that order."""

    @abc.abstractmethod
    def list_items(self) -> list[str]:
        """The names of the items there are."""
