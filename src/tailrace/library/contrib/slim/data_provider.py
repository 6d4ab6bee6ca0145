"""`tf.contrib.slim.data_provider`: tensors of examples, by name.

Source: TF 1.15 contrib/slim/python/slim/data/data_provider.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class DataProvider:
    """Gives the tensors of a source's items."""

    def __init__(self, items_to_tensors: dict[str, Any], num_samples: Any) -> None:
        self._items_to_tensors = items_to_tensors
        self._num_samples = num_samples

    def get(self, items: Any) -> list[Any]:
        """The tensors of `items`. Raises: ValueError for a name there is not."""
        if not isinstance(items, (list, tuple)):
            raise ValueError("items must be a list or tuple")
        for item in items:
            if item not in self._items_to_tensors:
                known = list(self._items_to_tensors)
                raise ValueError(f"Item [{item}] is invalid. Valid entries include: {known}")
        return [self._items_to_tensors[item] for item in items]

    def list_items(self) -> Iterable[str]:
        """The names of the items."""
        return self._items_to_tensors.keys()

    def num_samples(self) -> Any:
        """How many examples the source has."""
        return self._num_samples
