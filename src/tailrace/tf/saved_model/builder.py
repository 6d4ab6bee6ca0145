"""`tf.saved_model.builder`."""

from tailrace.library.saved_model.builder import (
    SavedModelBuilder,
)

__all__ = [
    "SavedModelBuilder",
]
