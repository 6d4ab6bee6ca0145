"""`tf.contrib.slim.dataset`: what a set of files holds and how it is read.

Source: TF 1.15 contrib/slim/python/slim/data/dataset.py.
"""

from __future__ import annotations

from typing import Any


class Dataset:
    """Files, the reader and the decoder of their records; further keywords become attributes."""

    def __init__(
        self,
        data_sources: Any,
        reader: Any,
        decoder: Any,
        num_samples: Any,
        items_to_descriptions: Any,
        **kwargs: Any,
    ) -> None:
        self.data_sources = data_sources
        self.reader = reader
        self.decoder = decoder
        self.num_samples = num_samples
        self.items_to_descriptions = items_to_descriptions
        vars(self).update(kwargs)
