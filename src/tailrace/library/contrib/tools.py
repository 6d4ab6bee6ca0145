"""What the layers of `tf.contrib.layers` share: collections, aliases, variables' names.

Source: TF 1.15 contrib/layers/python/layers/layers.py, utils.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from tailrace.graph import SparseTensor, Tensor
from tailrace.library.collections import (
    add_to_collection,
    add_to_collections,
    get_collection,
)
from tailrace.library.contrib.variables import model_variable
from tailrace.shapes import TensorShape

_Outputs = TypeVar("_Outputs", Tensor, SparseTensor)

WEIGHTS_AND_BIASES = {"bias": "biases", "kernel": "weights"}


def collected(collections: Any, alias: str, outputs: _Outputs) -> _Outputs:
    """The outputs, in the collections under an alias."""
    if collections:
        alias = alias[:-1] if alias.endswith("/") else alias
        aliases = [*getattr(outputs, "aliases", []), alias]
        setattr(outputs, "aliases", aliases)  # noqa: B010 - of these layers alone
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


def finished(
    layer: Any,
    inputs: Tensor,
    scope: Any,
    normalizer_fn: Callable[..., Tensor] | None,
    normalizer_params: Any,
    activation_fn: Callable[[Tensor], Tensor] | None,
    variables_collections: Any,
    outputs_collections: Any,
) -> Tensor:
    """A layer of weights and biases applied, normalized and activated."""
    outputs = layer.apply(inputs)
    add_variable(layer.kernel, variables_collections, "weights")
    if layer.bias is not None:
        add_variable(layer.bias, variables_collections, "biases")
    if normalizer_fn is not None:
        outputs = normalizer_fn(outputs, **(normalizer_params or {}))
    if activation_fn is not None:
        outputs = activation_fn(outputs)
    return collected(outputs_collections, scope.name, outputs)


def keras_format(data_format: str | None) -> str:
    """The layers' name of a data format."""
    first = data_format is not None and data_format.startswith("NC")
    return "channels_first" if first else "channels_last"


def check_volume_format(data_format: str | None) -> None:
    """Raises: ValueError for a format that is not of volumes."""
    if data_format not in ("NCDHW", "NDHWC"):
        raise ValueError("data_format has to be either NCDHW or NDHWC.")


def positive_numbers(n: int, value: Any) -> tuple[int, ...]:
    """n numbers from one or from n of them. Raises: ValueError for others, or any below 1."""
    try:
        values = (int(value),) * n
    except (TypeError, ValueError):
        values = tuple(int(x) for x in value)
    if len(values) != n:
        raise ValueError(f"Expected sequence of {n} positive integers, but received {value!r}")
    for number in values:
        if number < 1:
            raise ValueError(f"expected positive integer, but received {number}")
    return values


def pair(value: Any) -> tuple[int, int]:
    """Two numbers from one or from two. Raises: ValueError for anything else."""
    if isinstance(value, int):
        return value, value
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise ValueError(f"Must be an int or a list with 2 elements: {value}")
    return int(value[0]), int(value[1])


def channels(shape: TensorShape, axis: int, min_rank: int) -> int:
    """The size of an axis. Raises: ValueError where it is unknown, or the rank too small."""
    if shape.ndims is None:
        raise ValueError(f"dims of shape must be known but is None: {shape}")
    if shape.ndims < min_rank:
        raise ValueError(f"rank of shape must be at least {min_rank} not: {shape.ndims}")
    size = shape[axis].value
    if size is None:
        raise ValueError(f"dimension {axis} of shape must be known but is None: {shape}")
    return size


def tensors_by_alias(collection: str) -> dict[str, Tensor]:
    """The outputs that `collected` has put there, by what they were called."""
    return {
        alias: tensor
        for tensor in get_collection(collection)
        for alias in getattr(tensor, "aliases", None) or [tensor.op.name]
    }


def check_image_format(data_format: str | None) -> None:
    """Raises: ValueError for a format that is not of images."""
    if data_format not in ("NCHW", "NHWC"):
        raise ValueError("data_format has to be either NCHW or NHWC.")
