"""`tf.saved_model.main_op`."""

from tailrace.library.saved_model.builder import (
    main_op,
    main_op_with_restore,
)

__all__ = [
    "main_op",
    "main_op_with_restore",
]
