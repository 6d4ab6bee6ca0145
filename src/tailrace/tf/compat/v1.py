"""`tf.compat.v1`: the whole API under the name that programs for TensorFlow 2 use."""

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    """TensorFlow 1's `name`."""
    if name.startswith("__") and name != "__version__":
        raise AttributeError(f"module 'tf.compat.v1' has no attribute '{name}'")
    return getattr(import_module("tailrace.tf"), name)


def __dir__() -> list[str]:
    """TensorFlow 1's names."""
    return dir(import_module("tailrace.tf"))
