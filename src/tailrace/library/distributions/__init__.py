"""Probability distributions: samples, densities and moments as graphs."""
