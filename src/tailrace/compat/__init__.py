"""Runs programs that were written for TensorFlow 1: import hook, old names, checker.

`from tailrace.compat import install; install()` makes `import tensorflow` mean Tailrace for the
rest of the process.
"""

from tailrace.compat.hook import install, uninstall

__all__ = ["install", "uninstall"]
