"""Symbolic differentiation: `gradients` adds the nodes that compute derivatives."""

from tailrace.gradients.aggregate import AggregationMethod
from tailrace.gradients.registered import RegisterGradient, gradient_function, no_gradient
from tailrace.gradients.walk import UnconnectedGradients, gradients

__all__ = [
    "AggregationMethod",
    "RegisterGradient",
    "UnconnectedGradients",
    "gradient_function",
    "gradients",
    "no_gradient",
]
