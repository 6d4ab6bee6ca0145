"""`tf.flags`: absl's, with some functions and FLAGS replaced by TensorFlow's."""

from typing import Any

from absl import flags as _absl_flags

from tailrace.library.flags import (
    FLAGS,
    DEFINE_bool,
    DEFINE_boolean,
    DEFINE_float,
    DEFINE_integer,
    DEFINE_string,
)

__all__ = [
    "FLAGS",
    "DEFINE_bool",
    "DEFINE_boolean",
    "DEFINE_float",
    "DEFINE_integer",
    "DEFINE_string",
]


def __getattr__(name: str) -> Any:
    """Everything that is absl's own."""
    return getattr(_absl_flags, name)


def __dir__() -> list[str]:
    """TensorFlow's names and absl's."""
    return sorted({*__all__, *dir(_absl_flags)})
