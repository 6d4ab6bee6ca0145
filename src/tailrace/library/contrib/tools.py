"""What the layers of `tf.contrib.layers` share: collections, aliases, variables' names.

Source: TF 1.15 contrib/layers/python/layers/layers.py, utils.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.graph import Tensor
from tailrace.library.collections import (
    add_to_collection,
    add_to_collections,
    get_collection,
)
from tailrace.library.contrib.variables import model_variable

WEIGHTS_AND_BIASES = {"bias": "biases", "kernel": "weights"}


def collected(collections: Any, alias: str, outputs: Tensor) -> Tensor:
    """The outputs, in the collections under an alias."""
    if collections:
        alias = alias[:-1] if alias.endswith("/") else alias
        outputs.aliases = [*getattr(outputs, "aliases", []), alias]  # type: ignore[attr-defined]
        add_to_collections(collections, outputs)
    return outputs


def collections_of(collections: Any, name: str) -> Any:
    """The collections of the variable `name`: a dict has them by name, a list for all."""
    return collections.get(name) if isinstance(collections, dict) else collections


def add_variable(variable: Any, collections: Any, name: str) -> None:
    """Add a variable to its collections once."""
    parts = list(variable) if hasattr(variable, "_variable_list") else [variable]
    for collection in collections_of(collections, name) or []:
        for part in parts:
            if all(part is not v for v in get_collection(collection)):
                add_to_collection(collection, part)


def model_variable_getter(rename: dict[str, str] | None = None) -> Callable[..., Any]:
    """A custom getter that makes model variables and calls `kernel` by another name."""

    def renaming(getter: Callable[..., Any], name: str, *_: Any, **kwargs: Any) -> Any:
        head, slash, last = name.rpartition("/")
        name = head + slash + (rename or {}).get(last, last)
        names = (
            "shape dtype initializer regularizer collections trainable caching_device partitioner "
            "use_resource synchronization aggregation"
        )
        known = {key: kwargs[key] for key in names.split() if key in kwargs}
        return model_variable(name, custom_getter=getter, **known)

    return renaming


def keras_format(data_format: str | None) -> str:
    """The layers' name of a data format."""
    first = data_format is not None and data_format.startswith("NC")
    return "channels_first" if first else "channels_last"


def check_image_format(data_format: str | None) -> None:
    """Raises: ValueError for a format that is not of images."""
    if data_format not in ("NCHW", "NHWC"):
        raise ValueError("data_format has to be either NCHW or NHWC.")
