"""`tf.contrib.slim.dataset_data_provider`: examples read by queues from the files of a `Dataset`.

Source: TF 1.15 contrib/slim/python/slim/data/dataset_data_provider.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.library.contrib.slim.data_provider import DataProvider
from tailrace.library.contrib.slim.parallel_reader import parallel_read


class DatasetDataProvider(DataProvider):
    """The items of one example of a `Dataset`, and `record_key`, where it was read."""

    def __init__(
        self,
        dataset: Any,
        num_readers: int = 1,
        reader_kwargs: dict[str, Any] | None = None,
        shuffle: bool = True,
        num_epochs: int | None = None,
        common_queue_capacity: int = 256,
        common_queue_min: int = 128,
        record_key: str = "record_key",
        seed: int | None = None,
        scope: str | None = None,
    ) -> None:
        """Read by `num_readers`, in random order if `shuffle`.

        Raises: ValueError when the data set has an item of the name `record_key`.
        """
        key, record = parallel_read(
            dataset.data_sources,
            dataset.reader,
            num_epochs,
            num_readers,
            reader_kwargs,
            shuffle,
            capacity=common_queue_capacity,
            min_after_dequeue=common_queue_min,
            seed=seed,
            scope=scope,
        )
        items = dataset.decoder.list_items()
        tensors = dict(zip(items, dataset.decoder.decode(record, items), strict=True))
        if record_key in tensors:
            raise ValueError(
                "The item name used for `record_key` cannot also be used for a dataset item: "
                f"{record_key}"
            )
        super().__init__({**tensors, record_key: key}, dataset.num_samples)
