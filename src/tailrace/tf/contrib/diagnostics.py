"""`tailrace.contrib.diagnostics`: what TensorFlow has no counterpart of."""

from tailrace.library.diagnostics import gradient_flow

__all__ = ["gradient_flow"]
