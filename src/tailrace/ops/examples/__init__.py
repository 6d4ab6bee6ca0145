"""Records of features: Example and SequenceExample messages taken apart."""

from tailrace.ops.examples import records, sequences

__all__ = ["records", "sequences"]
