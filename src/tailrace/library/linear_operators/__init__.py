"""Matrices known by their structure, which products and solutions make use of."""
