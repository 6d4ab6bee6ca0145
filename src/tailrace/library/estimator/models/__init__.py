"""Estimators that bring their own models: linear, deep, and both together."""
