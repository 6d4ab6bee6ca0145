"""What TensorBoard's embedding projector is told: `projector_config.pbtxt`.

Source: TF 1.15 contrib/tensorboard/plugins/projector/__init__.py.
"""

from __future__ import annotations

import os
from typing import Any

from tailrace.formats.files import atomic_write

_FILE_NAME = "projector_config.pbtxt"
_MESSAGES = ("EmbeddingInfo", "ProjectorConfig", "SpriteMetadata")


def __getattr__(name: str) -> Any:
    """The protobuf messages, loaded when first used."""
    if name not in _MESSAGES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tensorboard.plugins.projector import projector_config_pb2

    return getattr(projector_config_pb2, name)


def visualize_embeddings(summary_writer: Any, config: Any) -> None:
    """Write a ProjectorConfig to the folder of a summary writer.

    Raises: ValueError when the writer has no folder.
    """
    from google.protobuf import text_format

    folder = summary_writer.get_logdir()
    if folder is None:
        raise ValueError("Summary writer must have a logdir")
    text = text_format.MessageToString(config)
    with atomic_write(os.path.join(folder, _FILE_NAME)) as file:
        file.write(text.encode())
