"""Metrics over many batches: variables, what updates them, and the value so far."""
