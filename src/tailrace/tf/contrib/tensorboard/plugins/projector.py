"""`tf.contrib.tensorboard.plugins.projector`."""

from typing import Any as _Any

from tailrace.library import projector as _projector
from tailrace.library.projector import visualize_embeddings


def __getattr__(name: str) -> _Any:
    """Protobuf messages are loaded on first use."""
    return getattr(_projector, name)
