"""What the Inception networks share: blocks of parallel branches, written as tables.

Source: Szegedy, 2014 and 2015; Ioffe and Szegedy, 2015; TF 1.15 contrib/slim/python/slim/nets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from tailrace.graph import Tensor
from tailrace.library import array
from tailrace.library.contrib.layers import conv2d, dropout
from tailrace.library.contrib.nets.parts import trunc_normal
from tailrace.library.contrib.pooling import avg_pool2d, max_pool2d
from tailrace.library.variable_scope import variable_scope

Depth = Callable[[int], int]
Step = Callable[[Tensor, Depth], Tensor]
Stage = tuple[str, Step]
"""An end point's name and what leads there."""


def depth_of(depth_multiplier: float, min_depth: int) -> Depth:
    """The number of filters instead of another. Raises: ValueError for no positive multiplier."""
    if depth_multiplier <= 0:
        raise ValueError("depth_multiplier is not greater than zero.")
    return lambda depth: max(int(depth * depth_multiplier), min_depth)


def conv(scope: str, size: int, stddev: float | None = None, **arguments: Any) -> Step:
    """A convolution with `size` filters; its scope ends in their height and width."""
    shape = re.search(r"(\d+)x(\d+)$", scope)
    assert shape is not None, scope
    kernel = arguments.pop("kernel", [int(n) for n in shape.groups()])
    if stddev is not None:
        arguments["weights_initializer"] = trunc_normal(stddev)
    return lambda net, depth: conv2d(net, depth(size), kernel, scope=scope, **arguments)


def pool(scope: str, **arguments: Any) -> Step:
    """Pooling, of maxima if the scope says so, over windows of 3 x 3 or as the scope says."""
    function = max_pool2d if scope.startswith("Max") else avg_pool2d
    window = [2, 2] if scope.endswith("2x2") else [3, 3]
    return lambda net, _: function(net, window, scope=scope, **arguments)


def fork(*steps: Step) -> Step:
    """The steps side by side, their outputs one after another."""
    return lambda net, depth: array.concat([step(net, depth) for step in steps], 3)


def mixed(name: str, *branches: Iterable[Step]) -> Stage:
    """Branches from the same features, their outputs one after another."""

    def block(net: Tensor, depth: Depth) -> Tensor:
        with variable_scope(name):
            outputs = []
            for i, steps in enumerate(branches):
                with variable_scope(f"Branch_{i}"):
                    output = net
                    for step in steps:
                        output = step(output, depth)
                    outputs.append(output)
            return array.concat(outputs, 3)

    return name, block


def through(
    net: Tensor,
    stages: Iterable[Stage],
    end_points: dict[str, Tensor],
    depth: Depth,
    final_endpoint: str,
) -> Tensor:
    """The output of the last stage, or of the final one; all are kept in end_points."""
    for name, step in stages:
        net = end_points[name] = step(net, depth)
        if name == final_endpoint:
            break
    return net


def check_end_point(end_points: dict[str, Tensor], final_endpoint: str) -> None:
    """Raises: ValueError when the network has no such stage."""
    if final_endpoint not in end_points:
        raise ValueError(f"Unknown final endpoint {final_endpoint}")


def reduced_window(net: Tensor, window: list[int]) -> list[int]:
    """The window, as far as the features go, where their size is known."""
    _, height, width, _ = net.get_shape().as_list()
    if height is None or width is None:
        return window
    return [min(height, window[0]), min(width, window[1])]


def classified(
    net: Tensor, num_classes: int, keep_prob: float, step: int, squeeze: bool
) -> tuple[Tensor, Tensor]:
    """Features after dropout, and logits; their scopes have the number of the step."""
    features = dropout(net, keep_prob=keep_prob, scope=f"Dropout_{step}b")
    off = {"activation_fn": None, "normalizer_fn": None}
    logits = conv2d(features, num_classes, [1, 1], scope=f"Conv2d_{step}c_1x1", **off)
    if squeeze:
        logits = array.squeeze(logits, [1, 2], name="SpatialSqueeze")
    return features, logits
