"""`tf.saved_model.tag_constants`."""

from tailrace.library.saved_model.constants import (
    GPU,
    SERVING,
    TPU,
    TRAINING,
)

__all__ = [
    "GPU",
    "SERVING",
    "TPU",
    "TRAINING",
]
