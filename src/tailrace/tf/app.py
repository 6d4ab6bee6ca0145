"""`tf.app`."""

from tailrace.library.app import run
from tailrace.tf import flags

__all__ = ["flags", "run"]
